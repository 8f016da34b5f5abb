"""Facebook's TOP and TOPv2: trees over all words of the utterance, in brackets with `IN:` and `SL:` labels.

Three layouts of one line, told apart by their columns:

    what 's on	what 's on	[IN:GET_EVENT what 's on ]      utterance, tokens, tree      (TOP, *.tsv)
    event	what's on	[IN:GET_EVENT what 's on ]          domain, utterance, tree      (TOPv2, *.tsv, under a header)
    [IN:GET_EVENT what 's on ]                              tree                         (linearised, *.seq)

The words inside the tree are the tokens. Where a folder holds a split twice, the one named `clean` is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.files import read_lines
from data_conversion.formalisms import load
from data_conversion.readers import Row
from data_conversion.releases import Release, by_name
from data_conversion.tree import Leaf

FORMALISM = "top"
WORDS = "keep"

_SUFFIXES = (".tsv", ".seq")
_HEADERS = ("domain\tutterance\tsemantic_parse", "domain\tutterance\tseqlogical")


def recognises(path: Path) -> str | None:
    """The first line of every file is a header of TOPv2 or ends in a tree."""
    chosen = [file for split in files(path).splits.values() for file in split]
    return "trees in [IN: and [SL: brackets" if chosen and all(map(_holds_trees, chosen)) else None


def _holds_trees(file: Path) -> bool:
    first = next((line for _, line in read_lines(file) if line.strip()), "")
    return first in _HEADERS or first.split("\t")[-1].startswith("[IN:")


def files(path: Path) -> Release:
    """The `.tsv` and `.seq` files of each split, or only the cleaned ones of a split that has such."""
    release = by_name(path, lambda entry: entry.suffix in _SUFFIXES and entry.is_file())
    notes = []
    for split, found in release.splits.items():
        clean = [file for file in found if "clean" in file.name.split(".")]
        if clean and clean != found:
            others = ", ".join(file.name for file in found if file not in clean)
            notes.append(f"{split}: {', '.join(file.name for file in clean)} is read and {others} is not")
            release.splits[split] = clean
    return Release(release.splits, notes)


def read(path: Path) -> Iterator[Row]:
    """The rows of one file."""
    has_header = False
    for number, line in read_lines(path):
        if number == 1 and line in _HEADERS:
            has_header = True
        elif line.strip():
            yield Row(path, number, line, partial(_example, line, has_header))


def _example(line: str, has_header: bool) -> Example:
    columns = line.split("\t")
    if len(columns) != 3 and (has_header or len(columns) != 1):
        raise DataError(f"three columns, or the tree alone, are expected, not {len(columns)}")
    tree = load(FORMALISM).read(columns[-1])
    tokens = tuple(leaf.text for leaf in tree.leaves())
    if not tokens:
        raise DataError("the utterance has no words")
    positions = iter(range(len(tokens)))
    tree = tree.map_leaves(lambda leaf: Leaf(leaf.text, next(positions)))
    domain, utterance = (columns[0], columns[1]) if has_header else ("", columns[0])
    if len(columns) == 1:
        utterance = " ".join(tokens)
    return Example("", domain, utterance, tokens, tree, FORMALISM)
