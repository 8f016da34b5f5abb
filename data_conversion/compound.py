"""Composition: compound requests made of simple ones, for people whose data has one request an utterance.

*add apples to shopping list*, *add oranges to my list* and *play music* make

    add apples and oranges to shopping list and play music
    (and(addToListIntent(add(ItemName(apples))(ItemName(oranges))))(PlayMusicIntent(Mediatype(music))))

How often people join requests in which way is in `mixture.yaml`; the modules that put words together are `composer`
(the whole), `coordination` (several values of a slot), `ellipsis` (what need not be said twice) and `politeness`;
`exchange` makes simple requests with other values.
What is decided here:

- Clauses come from one split and never leave it. The simple requests stay in the data beside the compounds, since a
  parser must know both; rows that are compound already stay too, but are not taken apart for clauses.
- A compound of requests of one domain is of that domain; of several, it is of the domain `mixed`, whose labels are
  those of all domains.
- Dev and test show nothing that train does not: which slots take several values is learnt from train.
- Trees are written in the bracket formalism: the others have no operator for clauses.

How it was composed, mixture and all, stands in `compound.json` beside the data, so that a later run can tell.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from random import Random

from data_conversion.composer import MIXED, Composer
from data_conversion.coordination import Coordination
from data_conversion.errors import DataError
from data_conversion.example import Example, read_examples
from data_conversion.exchange import exchanged
from data_conversion.files import atomic_folder, check_destination, require_data_folder
from data_conversion.frames import CLAUSE_OPERATOR
from data_conversion.mixture import SHIPPED, Mixture
from data_conversion.ontology import Ontology
from data_conversion.releases import SPLITS
from data_conversion.transforms import per_value
from data_conversion.unseen_values import without_values_of

FORMALISM = "bracket"
RECORD = "compound.json"
"""How the data was composed, in the folder that holds it."""

_OUTPUTS = frozenset({*(f"{split}.jsonl" for split in SPLITS), "ontology.json", RECORD})


@dataclass
class Summary:
    """What a composition did, as `compound.json` says it.

    Attributes:
        source: the folder of the simple requests.
        size: the number of compounds that train was to have.
        max_clauses: the most clauses of a compound.
        seed: of all choices.
        unseen_values: whether the values of dev and test were kept out of train.
        mixture: how requests were put together.
        counts: examples written, by split.
        compounds: how many of them are new compounds, by split.
        exchanged: how many of train are simple requests once more, with other values.
        replaced: values of train that gave way to others because dev or test has them.
        notes: what else the user should know.
    """

    source: str
    size: int
    max_clauses: int
    seed: int
    unseen_values: bool
    mixture: Mixture
    counts: dict[str, int] = field(default_factory=dict)
    compounds: dict[str, int] = field(default_factory=dict)
    exchanged: int = 0
    replaced: int = 0
    notes: list[str] = field(default_factory=list)


def compose(
    source: str | Path,
    destination: str | Path,
    *,
    size: int,
    max_clauses: int = 3,
    seed: int = 0,
    unseen_values: bool = False,
    mixture: str | Path = SHIPPED,
    progress: Callable[[int], object] | None = None,
) -> Summary:
    """Make compound requests of the simple ones of a data folder, and write them together, shuffled, to another.

    The same source and arguments give the same bytes.

    Args:
        source: a folder as `convert` writes it.
        destination: the folder to write; what an earlier composition left there is replaced.
        size: the number of compounds in train; dev and test get as many for each of their simple requests.
        max_clauses: a compound has two to so many clauses.
        seed: of all choices.
        unseen_values: keep the values of dev and test out of train, as `without_values_of` does.
        mixture: the YAML file that says how requests are put together.
        progress: called with 1 for each example written.

    Raises:
        DataError: the source is no data folder or has nothing to compose, the destination holds other things, or an
            argument is out of range.
    """
    source, destination = Path(source), Path(destination)
    if size < 1:
        raise DataError(f"the size is {size}: compose at least 1 compound")
    if max_clauses < 2:
        raise DataError(f"a compound of at most {max_clauses} clauses is none: 2 is the least")
    check_destination(source, destination, _OUTPUTS)
    how = Mixture.load(mixture)
    ontology, splits = _load(source)
    summary = Summary(str(source), size, max_clauses, seed, unseen_values, how)
    if unseen_values:
        splits["train"] = _with_unseen_values(splits, ontology, Random(seed), summary)
    simple = {split: [each for each in examples if _is_simple(each, ontology)] for split, examples in splits.items()}
    if not simple["train"]:
        raise DataError("train has no simple request: there is nothing to compose")
    _require_whole_values(simple["train"])
    coordination = Coordination.learn(simple["train"], ontology, how)
    words_kept = all(example.words_kept for examples in splits.values() for example in examples)
    composed: dict[str, _Composed] = {}
    for split, examples in splits.items():  # train is the first
        composer = Composer(simple[split], coordination, how, words_kept=words_kept, max_clauses=max_clauses)
        if split == "train":
            more = list(exchanged(simple[split], how.exchanged, Random(f"{seed} exchanged")))
            examples, summary.exchanged = [*examples, *more], len(more)
        number = max(1, round(size * len(simple[split]) / len(simple["train"]))) if simple[split] else 0
        composed[split] = _Composed(split, examples, composer, number, seed)
        if split == "train":
            ontology = _learn(composed[split], ontology, {CLAUSE_OPERATOR, *coordination.operators.values()})
            coordination = coordination.within(ontology)
    with atomic_folder(destination) as folder:
        for split, rows in composed.items():
            summary.counts[split] = 0
            summary.compounds[split] = rows.size
            with open(folder / f"{split}.jsonl", "w", encoding="utf-8") as lines:
                for example in rows:
                    lines.write(example.to_json(ontology) + "\n")
                    summary.counts[split] += 1
                    if progress:
                        progress(1)
        ontology.save(folder / "ontology.json")
        record = json.dumps(asdict(summary), indent=1, ensure_ascii=False)
        (folder / RECORD).write_text(record + "\n", encoding="utf-8")
    return summary


def _load(source: Path) -> tuple[Ontology, dict[str, list[Example]]]:
    """The ontology of a data folder, and the examples of train and of what other splits there are."""
    ontology = Ontology.load(require_data_folder(source) / "ontology.json")
    operator = ontology.labels.get(CLAUSE_OPERATOR)
    if operator is not None and operator.kind != "operator":
        raise DataError(
            f"{CLAUSE_OPERATOR!r} is of the kind {operator.kind!r} here, but clauses stand under it: rename the label",
            file=source / "ontology.json",
        )
    splits = {}
    for split in SPLITS:
        path = source / f"{split}.jsonl"
        if split == "train" or path.exists():
            splits[split] = list(read_examples(path, ontology))
            for line, example in enumerate(splits[split], start=1):
                try:
                    _check_formalism(example)
                    if split == "train":
                        ontology.check(example.tree)
                except DataError as error:
                    raise error.at(file=path, line=line) from None
    return ontology, splits


def _require_whole_values(examples: Sequence[Example]) -> None:
    apart = sum(per_value(example) != example for example in examples)
    if apart > len(examples) / 5:
        raise DataError("train has a slot a word: compose whole values, then `convert --transform per-token`")


def _check_formalism(example: Example) -> None:
    if example.formalism != FORMALISM:
        remedy = f"requests convert with --formalism {FORMALISM}, logical forms have no clauses to compose"
        raise DataError(f"trees in {example.formalism} cannot be composed: {remedy}")


def _with_unseen_values(
    splits: Mapping[str, Sequence[Example]], ontology: Ontology, random: Random, summary: Summary
) -> list[Example]:
    """Train without the values of the other splits; what was done goes into the summary."""
    others = [example for split, examples in splits.items() if split != "train" for example in examples]
    result = without_values_of(others, splits["train"], ontology, random)
    summary.replaced = result.replaced
    if result.closed:
        slots = ", ".join(result.closed)
        summary.notes.append(f"dev and test have every value that train has of {slots}: these slots keep their values")
    return result.examples


@dataclass(frozen=True)
class _Composed:
    """The given examples of a split and the compounds made of them in a seeded order, the same each time it is read."""

    split: str
    examples: Sequence[Example]
    composer: Composer
    size: int
    seed: int

    def __iter__(self) -> Iterator[Example]:
        random = Random(f"{self.seed} {self.split}")  # a string seeds alike in every process
        taken = {example.id for example in self.examples}
        names = (name for number in count(1) if (name := f"{self.split}-compound-{number}") not in taken)
        order: list[Example | None] = [*self.examples, *[None] * self.size]
        random.shuffle(order)
        for example in order:
            yield self.composer.compound(next(names), random) if example is None else example


def _is_simple(example: Example, ontology: Ontology) -> bool:
    return bool(example.tokens) and example.tree.label in ontology.intents


def _learn(examples: Iterable[Example], source: Ontology, operators: Iterable[str]) -> Ontology:
    """The ontology of composed data; a label is of the kind that it is in the source, or an operator of ours."""
    kinds = dict.fromkeys(operators, "operator") | source.kinds
    ontology = Ontology.learn((example.domain, example.tree, kinds) for example in examples)
    if MIXED in ontology.domains:
        return Ontology({**ontology.domains, MIXED: ontology.labels})
    return ontology
