"""Ways to make a folder of data of another, beside those that `semparse` has commands for."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from random import Random

from data_conversion.clause_order import shuffled
from data_conversion.convert import convert
from data_conversion.data_folder import Outcome, write_data
from data_conversion.errors import DataError
from data_conversion.example import Example, read_examples, write_examples
from data_conversion.files import atomic_folder
from data_conversion.ontology import Ontology
from data_conversion.releases import SPLITS

Examples = Mapping[str, Sequence[Example]]
"""The examples of each split."""


def convert_test_alone(file: Path, destination: Path, reader: str) -> None:
    """A test file as if nothing stood beside it: what a reader learns from train and dev is not to be seen."""
    with tempfile.TemporaryDirectory() as alone:
        source = Path(alone) / file.parent.name
        source.mkdir()
        shutil.copy(file, source)
        convert(source, destination, reader=reader, words="keep")


def shuffle_clauses(source: Path, destination: Path, seed: int = 0) -> None:
    """A test set with the clauses of each request in a seeded random order, and the connectives in their places."""
    ontology, random = Ontology.load(source / "ontology.json"), Random(seed)
    examples = (shuffled(example, random) for example in read_examples(source / "test.jsonl", ontology))
    with atomic_folder(destination) as folder:
        write_examples(folder / "test.jsonl", examples, ontology)
        ontology.save(folder / "ontology.json")


def quarter(source: Path, destination: Path) -> None:
    """A random quarter of each domain's train, the same each time and in its order, and all of dev and test."""

    def chosen(examples: Examples) -> Examples:
        return {**examples, "train": _sample(examples["train"], lambda _, number: number // 4)}

    _write_some(source, destination, chosen)


def sampled(source: Path, destination: Path, sizes: Mapping[str, int | None]) -> None:
    """Some domains, a random sample of this size of the train of each (None: all of it), and the same share of its dev.

    Test stays whole, so that what is measured is comparable.
    """

    def chosen(examples: Examples) -> Examples:
        some = _of_domains(examples, sizes)
        shares = {name: _share(size, some["train"], name) for name, size in sizes.items()}
        return {
            split: rows if split == "test" else _sample(rows, lambda name, number: round(shares[name] * number))
            for split, rows in some.items()
        }

    _write_some(source, destination, chosen)


def of_domains(source: Path, destination: Path, domains: Collection[str]) -> None:
    """The examples of some domains of several."""
    _write_some(source, destination, lambda examples: _of_domains(examples, domains))


def _of_domains(examples: Examples, domains: Collection[str]) -> Examples:
    """The examples of some domains.

    Raises:
        DataError: a split has none of one.
    """
    for split, rows in examples.items():
        known = {each.domain for each in rows}
        for domain in domains:
            if domain not in known:
                raise DataError(f"there are no {split} examples of {domain!r}: {split} has {', '.join(sorted(known))}")
    return {split: [each for each in rows if each.domain in domains] for split, rows in examples.items()}


def _share(size: int | None, rows: Sequence[Example], domain: str) -> float:
    if size is None:
        return 1.0
    number = sum(row.domain == domain for row in rows)
    if size > number:
        raise DataError(f"a sample of {size} of {domain!r}: train has {number} examples of it")
    return size / number


def _sample(rows: Sequence[Example], size: Callable[[str, int], int]) -> list[Example]:
    """A random sample, in the order of the rows; the size says how many of the rows of a domain."""
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row.domain, []).append(place)
    kept = {place for domain, some in places.items() for place in Random(0).sample(some, size(domain, len(some)))}
    return [row for place, row in enumerate(rows) if place in kept]


def _write_some(source: Path, destination: Path, chosen: Callable[[Examples], Examples]) -> None:
    """Some of the examples of each split; the ontology is learnt anew from those of train."""
    ontology = Ontology.load(source / "ontology.json")
    files = {name: source / f"{name}.jsonl" for name in SPLITS}
    examples = chosen({name: list(read_examples(file, ontology)) for name, file in files.items()})
    with atomic_folder(destination) as folder:
        outcomes = {
            name: [Outcome(str(files[name]), line, each.utterance, each) for line, each in enumerate(some, start=1)]
            for name, some in examples.items()
        }
        write_data(folder, outcomes)
