"""What is measured of a model, as records."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_conversion.example import Example, read_examples
from data_conversion.ontology import Ontology
from data_conversion.tree import Node
from parser.evaluation import metrics
from parser.evaluation.by_cutting import parse_by_cutting
from parser.evaluation.paired import packed
from parser.evaluation.recording import hardware, record
from parser.evaluation.results import Record
from parser.experiments.training import Training

if TYPE_CHECKING:
    from parser.artifact import Artifact

METRICS = (
    "exact_match",
    "exact_match_seen_values",
    "exact_match_unseen_values",
    "frame_accuracy",
    "intent_accuracy",
    "slot_f1",
    "bracket_f1",
    "tree_validity",
    "semer",
    "domain_accuracy",
)
BY_PARTS = ("exact_match", "frame_accuracy")
FOUND = ", domain found"
"""What is added to the name of a way in which the parser has to find out the domain of each utterance."""
DETAILS = ("details",)
"""Where figures go that stand in no table of the README."""

BEAM = 4
"""What the figures of tables of tests are searched with: on TOP dev a wider beam adds nothing."""


@dataclass(frozen=True)
class TestSet:
    """Annotated data that a model is measured on.

    Attributes:
        file: converted data, with its `ontology.json` beside it.
        dataset: its name in the records.
        split: its split in the records.
        headline: the metrics whose figures stand in tables; all others go to `details`.
        tables: those tables.
        domain: its domain in the records, where a figure is of one of several.
        by_id: measure the examples apart, too, by what their ids hold before a last `-` and a number.
        paired: keep which examples each model reads right, to compare models: see `parser.evaluation.paired`.
    """

    __test__ = False  # pytest: this is no test

    file: Path
    dataset: str
    split: str
    headline: tuple[str, ...] = ("exact_match",)
    tables: tuple[str, ...] = DETAILS
    domain: str | None = None
    by_id: bool = False
    paired: bool = False

    @property
    def ontology(self) -> Ontology:
        """The labels of the data that it is of."""
        return Ontology.load(self.file.parent / "ontology.json")

    def examples(self) -> list[Example]:
        """Those with words: there is nothing to parse in others."""
        return [example for example in read_examples(self.file, self.ontology) if example.tokens]


@dataclass(frozen=True)
class Experiment:
    """A model, how it is used, and what it is measured on.

    Attributes:
        training: the model.
        tests: what it is measured on.
        train: what the records say that it was trained on.
        seeds: how many seeds it is trained with, unless somebody wants another number.
        beam: how many hypotheses of an utterance the search keeps; 1 is greedy search.
        by_cutting: cut utterances at connectives and parse each piece.
        named_domains: tell a multitask model the domain of each utterance, which it has to find out otherwise.
    """

    training: Training
    tests: tuple[TestSet, ...]
    train: str
    seeds: int = 1
    beam: int = 1
    by_cutting: bool = False
    named_domains: bool = False

    def done(self, test: TestSet, seeds: Sequence[int], records: Sequence[Record]) -> bool:
        """Whether every headline figure of a test set is among the records, for these seeds and maybe more."""
        wanted = {(metric, table) for metric in test.headline for table in test.tables}
        ours = {**self._said(test), "split": test.split}
        found = [each for each in records if ours.items() <= each.items() and set(seeds) <= set(each["seeds"])]
        return wanted <= {(each["metric"], each["table"]) for each in found}

    @property
    def transfer(self) -> str:
        """What records call the way in which one domain helps another."""
        return self.training.transfer + (FOUND if self.training.multitask and not self.named_domains else "")

    def _said(self, test: TestSet) -> dict[str, Any]:
        """What all records of a test set say before anything is trained."""
        return {
            "dataset": test.dataset,
            "train": self.train,
            "domain": test.domain,
            "config": self.training.config,
            "transfer": self.transfer,
            "beam": self.beam,
        }

    def measure(self, test: TestSet, seeds: Sequence[int], command: str) -> list[Record]:
        """The records of a test set."""
        measured = partial(
            evaluate, test=test, beam=self.beam, by_cutting=self.by_cutting, named_domains=self.named_domains
        )
        told = [measured(self.training.model(seed)) for seed in seeds]
        facts = self.training.facts(seeds)
        shared = {
            **self._said(test),
            "seeds": list(seeds),
            **told[0]["model"],
            **facts,
            "hardware": _machines(facts["hardware"], hardware()),
            "parse_utt_s": statistics.fmean(each["parse_utt_s"] for each in told),
            "command": command,
        }
        right = {"outcomes": [packed(each["right"]) for each in told]} if test.paired else {}
        return [
            record(
                table=table,
                split=test.split + part,
                metric=metric,
                values=values,
                **shared,
                **(right if metric == "exact_match" and not part else {}),
            )
            for metric, part, values in _figures(told)
            for table in (test.tables if metric in test.headline and not part else DETAILS)
        ]


def _machines(trained: str | None, parsed: str) -> str:
    """What a record says of the hardware.

    >>> _machines("one", "one"), _machines("one", "other")
    ('one', 'trained on one; parsed on other')
    """
    return parsed if trained in (None, parsed) else f"trained on {trained}; parsed on {parsed}"


def _figures(told: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str, list[float]]]:
    """Each figure that applies: the metric, the part of the test set, and its values by seed."""
    for metric in METRICS:
        if told[0][metric] is not None:
            yield metric, "", [each[metric] for each in told]
    for metric in BY_PARTS:
        parts = told[0][f"{metric}_by_clauses"]
        for number in parts if len(parts) > 1 else ():
            if parts[number] is not None:
                name = f", {number} clause{'s' if number != '1' else ''}"
                yield metric, name, [each[f"{metric}_by_clauses"][number] for each in told]
        for name, figures in told[0]["by_id"].items():
            if figures[metric] is not None:
                yield metric, f", {name}", [each["by_id"][name][metric] for each in told]


def evaluate(
    model: Path, test: TestSet, *, beam: int = 1, by_cutting: bool = False, named_domains: bool = False
) -> dict[str, Any]:
    """All metrics of a model on a test set, and utterances parsed per second of CPU time at batch 64 on one thread."""
    import torch

    from parser import SemanticParser

    torch.set_num_threads(1)
    nlu = SemanticParser.from_pretrained(model)
    examples = test.examples()
    words_kept = all(example.words_kept for example in examples)
    domains = [example.domain for example in examples] if named_domains else None

    told: list[str | None] = []

    def parse(rows: Sequence[tuple[str, tuple[str, ...]]]) -> list[Node | None]:
        parses = list(nlu.parse_tokenized(rows, beam=beam, domain=domains))
        told.extend(parse.domain for parse in parses)
        return [parse.tree for parse in parses]

    begin = time.process_time()
    if by_cutting:
        trees = parse_by_cutting(examples, parse, words_kept=words_kept)
    else:
        trees = parse([(example.utterance, example.tokens) for example in examples])
    seconds = time.process_time() - begin
    ontology = test.ontology if by_cutting else nlu.ontology  # a model of simple requests knows no clause operator
    figures = metrics.evaluate(examples, trees, ontology=ontology, train_values=nlu.model.values)
    groups: dict[str, list[tuple[Example, Node | None]]] = {}
    for example, tree in zip(examples, trees) if test.by_id else ():
        groups.setdefault(example.id.rpartition("-")[0], []).append((example, tree))
    by_id = {name: metrics.evaluate(*zip(*group), ontology=ontology) for name, group in groups.items()}
    found = [name == example.domain for name, example in zip(told, examples)] if nlu.domains and not domains else None
    figures["domain_accuracy"] = 100 * statistics.fmean(found) if found else None
    right = [metrics.exact_match(example.tree, tree) for example, tree in zip(examples, trees)]
    said = {"words": "keep" if words_kept else "drop", **blocks(nlu.model)}
    return {**figures, "right": right, "by_id": by_id, "parse_utt_s": len(examples) / seconds, "model": said}


def blocks(model: Artifact) -> dict[str, Any]:
    """What a record says of the blocks of a model, as its folder describes them."""
    config = model.model_config
    pretrained = _name(config["encoder"]) == "pretrained"
    return {
        "system": _name(config["system"]),
        "state_encoder": _name(config["state_encoder"]),
        "copy": model.vocabulary["copy"],
        "pretrained": config["encoder"]["init_args"]["name"] if pretrained else None,
    }


def _name(block: Mapping[str, Any]) -> str:
    """A block's name, which is its module's.

    >>> _name({"class_path": "parser.transitions.top_down.TopDown"})
    'top-down'
    """
    return str(block["class_path"]).split(".")[-2].replace("_", "-")
