"""The LightningDataModule: a folder of `semparse convert` or `compound`, its vocabulary, and its batches."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytorch_lightning as lightning

from data_conversion.errors import DataError
from data_conversion.example import Example, read_examples
from data_conversion.ontology import Ontology
from data_conversion.tokenization import tokenize
from parser import artifact
from parser.artifact import Artifact
from parser.batching import batch_sizes, length_batches
from parser.derivations import Batch, Derivations
from parser.evaluation.metrics import evaluate, slot_values
from parser.inputs import Indexer, Inputs
from parser.network import ParserNetwork
from parser.subwords import learn_pieces
from parser.vocabulary import Vocabulary


class ParserData(lightning.LightningDataModule):
    """Training, dev and test examples.

    Args:
        path: the data folder, with train.jsonl, dev.jsonl, ontology.json and, for `semparse test` and `predict`,
            test.jsonl; `$NAME` is an environment variable.
        batch_size: utterances a training batch; fewer where they are long, see `parser.batching.batch_sizes`.
        copy: terminals may copy words; false is the ablation, where the lexicon is every training leaf.
        pieces: the most sentencepiece pieces to learn; 0 for none.
        tokenizer: the tokenizer that the exported model applies to raw text.
        limit: train on the first so many examples only; the ontology and dev stay those of all.
        source: a model folder to go on from, whose words the vocabulary then has too: see `parser.training.transfer`.
        separate: what each domain of the data has output layers of its own for, of `tokens` and `labels`; the rest of
            the parser is shared (multitask). Dev and test are parsed without naming the domains.
        balanced: every domain gives as many utterances to an epoch; else as many as it has.

    Raises:
        DataError: there is no such tokenizer, or a number is below 1.
    """

    def __init__(
        self,
        path: str,
        batch_size: int = 32,
        copy: bool = True,
        pieces: int = 0,
        tokenizer: str = "words",
        limit: int | None = None,
        source: str | None = None,
        separate: Sequence[Literal["tokens", "labels"]] = (),
        balanced: bool = False,
    ) -> None:
        super().__init__()
        tokenize("", tokenizer)
        for name, number in {"batch_size": batch_size, "limit": limit}.items():
            if number is not None and number < 1:
                raise DataError(f"data.{name} is {number}: it counts utterances, from 1")
        self.folder = Path(os.path.expandvars(path))
        self.batch_size, self.copy, self.pieces, self.tokenizer = batch_size, copy, pieces, tokenizer
        self.limit, self.source, self.separate, self.balanced = limit, source, separate, balanced

    @cached_property
    def ontology(self) -> Ontology:
        """The ontology that was learnt from train."""
        if not self.folder.is_dir():
            raise DataError("no such data folder: `semparse convert` makes one", file=self.folder)
        return Ontology.load(self.folder / "ontology.json")

    @cached_property
    def train(self) -> list[Example]:
        """The training examples."""
        return self._read("train")[: self.limit]

    @cached_property
    def dev(self) -> list[Example]:
        """The examples that choose the model."""
        return self._read("dev")

    @cached_property
    def test(self) -> list[Example]:
        """The examples that measure it."""
        return self._read("test")

    @cached_property
    def values(self) -> list[tuple[str, str]]:
        """The slot values of the training examples, by which an exported model tells what it has never seen."""
        return sorted(slot_values(self.train, self.ontology))

    @cached_property
    def vocab(self) -> dict[str, Any]:
        """The vocabulary as plain data, for the one link to the model."""
        pieces = learn_pieces((" ".join(e.tokens) for e in self.train), self.pieces) if self.pieces else None
        vocabulary = Vocabulary.learn(self.train, self.ontology, copy=self.copy, pieces=pieces, separate=self.separate)
        if self.source_model is not None:
            vocabulary = vocabulary.with_words_of(Vocabulary.from_dict(self.source_model.vocabulary))
        return vocabulary.to_dict()

    @cached_property
    def source_model(self) -> Artifact | None:
        """The model to go on from."""
        return artifact.load(self.source) if self.source else None

    def measures(self) -> set[str]:
        """The metrics that apply to dev, as they are logged: `dev/exact_match` and others.

        Raises:
            DataError: there is no dev set, it is empty or damaged, or its trees drop words and those of train do not.
        """
        if self.vocab["words_kept"] and not all(example.words_kept for example in self.dev):
            reason = "dev drops words in its trees, and train keeps all: convert them alike, or take more of train"
            raise DataError(reason, file=self.folder / "dev.jsonl")
        metrics = evaluate(self.dev, [example.tree for example in self.dev], ontology=self.ontology)
        return {f"dev/{name}" for name, value in metrics.items() if isinstance(value, float)}

    def train_dataloader(self) -> Batches:
        derivations = Derivations(self.train, self._network.vocabulary, self._network.system)
        derivations.require_legal()
        return Batches(derivations, self.batch_size, self, balanced=self.balanced)

    def val_dataloader(self) -> Unparsed:
        return Unparsed(self.dev, self._network.vocabulary)

    def test_dataloader(self) -> Unparsed:
        return Unparsed(self.test, self._network.vocabulary)

    def predict_dataloader(self) -> Unparsed:
        return self.test_dataloader()

    @property
    def _network(self) -> ParserNetwork:
        assert self.trainer is not None
        network = self.trainer.lightning_module.network
        assert isinstance(network, ParserNetwork)
        return network

    def _read(self, split: str) -> list[Example]:
        """The examples of a split that have words."""
        file = self.folder / f"{split}.jsonl"
        examples = [example for example in read_examples(file, self.ontology) if example.tokens]
        if not examples:
            raise DataError("there is no utterance in this file: nothing to learn from or to measure on", file=file)
        return examples


def epoch_seed(trainer: lightning.Trainer) -> int:
    """A seed that follows from the run's seed and the epoch alone."""
    return int(os.environ.get("PL_GLOBAL_SEED", "0")) * 100_003 + trainer.current_epoch


class Batches:
    """The training batches of one epoch; seed and epoch alone say which, so a resumed run goes on as it would have.

    Args:
        derivations: the data set.
        batch_size: utterances a batch.
        shuffled_by: the datamodule whose seed and epoch shuffle the batches.
        balanced: every domain gives as many utterances.
    """

    def __init__(
        self, derivations: Derivations, batch_size: int, shuffled_by: ParserData, *, balanced: bool = False
    ) -> None:
        self.derivations, self.batch_size, self._data, self.balanced = derivations, batch_size, shuffled_by, balanced
        self._number = len(batch_sizes(derivations.steps[self._indices(0)], batch_size))

    def __len__(self) -> int:
        return self._number

    def __iter__(self) -> Iterator[Batch]:
        assert self._data.trainer is not None
        seed = epoch_seed(self._data.trainer)
        indices = self._indices(seed)
        batches = length_batches(self.derivations.steps[indices], self.batch_size, seed)
        # the draws of balanced epochs fill more or fewer batches; Lightning validates after a fixed number
        for places in islice(cycle(batches), len(self)):
            yield self.derivations.batch(indices[places].tolist())

    def _indices(self, seed: int) -> np.ndarray:
        every = np.arange(len(self.derivations))
        return balanced(self.derivations.domains, seed) if self.balanced else every


@dataclass(frozen=True)
class Utterances:
    """A batch to parse, and where its utterances stand in their data set."""

    inputs: Inputs
    indices: list[int]


class Unparsed:
    """The batches of a data set to parse, by length, as a caller gives them who names no domain; made once."""

    def __init__(self, examples: Sequence[Example], vocabulary: Vocabulary) -> None:
        indexer, groups = Indexer(vocabulary), length_batches([len(example.tokens) for example in examples], 64)
        self._batches = [Utterances(indexer.inputs([examples[i].tokens for i in group]), group) for group in groups]

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Utterances]:
        return iter(self._batches)


def balanced(domains: Sequence[str], seed: int) -> np.ndarray:
    """Indices of examples, equally many of each domain and about as many as there are; those of a small domain recur.

    >>> [["a", "a", "a", "b"][index] for index in balanced(["a", "a", "a", "b"], seed=0)]
    ['a', 'a', 'b', 'b']
    """
    generator, known = np.random.default_rng(seed), np.array(domains)
    groups = [np.flatnonzero(known == domain) for domain in sorted(set(domains))]
    each = len(domains) // len(groups)
    rounds = ([generator.permutation(group) for _ in range(-(-each // len(group)))] for group in groups)
    return np.concatenate([np.concatenate(orders)[:each] for orders in rounds])
