"""Our own files: `train.jsonl`, `dev.jsonl` and `test.jsonl` with their `ontology.json` beside them.

The trees come as they were written, words kept or dropped, each in its own formalism.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from data_conversion.example import Example
from data_conversion.files import read_lines
from data_conversion.ontology import Ontology
from data_conversion.readers import Row
from data_conversion.releases import Release, by_name

FORMALISM = None
WORDS = None


def recognises(path: Path) -> str | None:
    """Files named `*.jsonl` beside an `ontology.json`."""
    chosen = [file for split in files(path).splits.values() for file in split]
    return "jsonl files beside an ontology" if chosen and all(map(_beside_ontology, chosen)) else None


def files(path: Path) -> Release:
    """The file of each split."""
    return by_name(path, _beside_ontology)


def _beside_ontology(entry: Path) -> bool:
    return entry.suffix == ".jsonl" and (entry.parent / "ontology.json").is_file()


def read(path: Path) -> Iterator[Row]:
    """The examples of one file."""
    ontology = Ontology.load(path.parent / "ontology.json")
    for number, line in read_lines(path):
        yield Row(path, number, line, partial(Example.from_json, line, ontology))
