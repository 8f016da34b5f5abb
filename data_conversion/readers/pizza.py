"""Amazon's PIZZA (Arkoudas et al. 2021): JSON lines that hold an order and its tree twice.

    {"dev.SRC": "a pizza with ham",
     "dev.TOP": "(ORDER (PIZZAORDER (NUMBER a ) pizza with (TOPPING ham ) ) )",
     "dev.EXR": "(ORDER (PIZZAORDER (NUMBER 1 ) (TOPPING HAM ) ) )", ...}

The trees are those of `TOP`, which hold every word of the utterance, or with `columns` as `pizza=EXR` those of `EXR`,
which hold entries of the menu. `PIZZA_train.10_percent.json` is a part of train and is not read beside the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from data_conversion.alignment import aligned, whole_example
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.files import filled_lines, first_line
from data_conversion.formalisms import load
from data_conversion.json_text import read_fields
from data_conversion.readers import Row
from data_conversion.releases import Release, by_name

FORMALISM = "pizza"
WORDS = None
OPTIONS = ("columns",)

_CHOICES = ("pizza=TOP", "pizza=EXR")


def recognises(path: Path) -> str | None:
    """The first line of every file is an object with `*.SRC`, `*.TOP` and `*.EXR`."""
    return "JSON lines with SRC, TOP and EXR" if _release(path).holds_only(_holds_orders) else None


def _holds_orders(file: Path) -> bool:
    try:
        return {"SRC", "TOP", "EXR"} <= {*_fields(first_line(file))}
    except DataError:
        return False


def _release(path: Path) -> Release:
    release = by_name(path, lambda entry: entry.suffix in (".json", ".jsonl") and entry.is_file(), _holds_orders)
    return release.only(lambda files: [file for file in files if "percent" not in file.name] or files, ", a part of it")


def files(path: Path, *, columns: str = _CHOICES[0]) -> Release:
    """The file of each split; raises a `DataError` where `columns` is neither `pizza=TOP` nor `pizza=EXR`."""
    if columns not in _CHOICES:
        raise DataError(f"{columns!r} names no trees of PIZZA: choose {' or '.join(_CHOICES)}")
    release = _release(path)
    release.notes.append(f"the trees are those of {columns[-3:]}: --columns {' or '.join(_CHOICES)} chooses")
    return release


def read(path: Path, *, columns: str = _CHOICES[0]) -> Iterator[Row]:
    """The orders of one file."""
    for number, line in filled_lines(path):
        yield Row(path, number, line, partial(_example, line, columns[-3:]))


def _fields(line: str) -> dict[str, str]:
    return {name.rpartition(".")[2]: text for name, text in read_fields(line).items() if isinstance(text, str)}


def _example(line: str, kind: str) -> Example:
    fields = _fields(line)
    if not {"SRC", kind} <= {*fields}:
        raise DataError(f"the field SRC or {kind} is missing or is no text")
    tree = load(FORMALISM).read(fields[kind])
    if kind == "TOP":
        return whole_example(fields["SRC"], tree, FORMALISM)
    tokens = tuple(fields["SRC"].split())
    if not tokens:
        raise DataError("the utterance has no words")
    return Example("", "", fields["SRC"], tokens, aligned(tree, tokens), FORMALISM)
