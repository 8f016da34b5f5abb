"""Facebook's TOP and TOPv2: trees over all words of the utterance, in brackets with `IN:` and `SL:` labels.

Three layouts of one line, told apart by their columns:

    what 's on	what 's on	[IN:GET_EVENT what 's on ]      utterance, tokens, tree      (TOP, *.tsv)
    event	what's on	[IN:GET_EVENT what 's on ]          domain, utterance, tree      (TOPv2, *.tsv, under a header)
    [IN:GET_EVENT what 's on ]                              tree                         (linearised, *.seq)

The words in the tree are the tokens. Of two copies of a split the one named `clean` is read; of samples, the largest.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from data_conversion import samples
from data_conversion.alignment import whole_example
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.files import filled_lines, first_line
from data_conversion.formalisms import load
from data_conversion.readers import Row
from data_conversion.releases import Release, by_name

FORMALISM = "top"
WORDS = "keep"

_SUFFIXES = (".tsv", ".seq")
_HEADERS = (["domain", "utterance", "semantic_parse"], ["domain", "utterance", "seqlogical"])


def recognises(path: Path) -> str | None:
    """The first line of every file is a header of TOPv2, or one or three columns that end in a tree."""
    return "trees in [IN: and [SL: brackets" if files(path).holds_only(_holds_trees) else None


def _holds_trees(file: Path) -> bool:
    columns = first_line(file).split("\t")
    return columns in _HEADERS or (len(columns) in (1, 3) and columns[-1].startswith("[IN:"))


def files(path: Path) -> Release:
    """The `.tsv` and `.seq` files of each split, of copies and samples the cleaned copies and the largest samples."""
    if samples.is_sample(path):
        return samples.with_dev(path)
    release = by_name(path, lambda entry: entry.suffix in _SUFFIXES and entry.is_file(), _holds_trees)
    return release.only(_cleaned).only(samples.largest, ": a smaller sample is read by the name of its file")


def _cleaned(files: list[Path]) -> list[Path]:
    return [file for file in files if "clean" in file.name.split(".")] or files


def read(path: Path) -> Iterator[Row]:
    """The rows of one file."""
    has_header = first_line(path).split("\t") in _HEADERS
    for number, line in islice(filled_lines(path), int(has_header), None):
        yield Row(path, number, line, partial(_example, line, has_header))


def _example(line: str, has_header: bool) -> Example:
    columns = line.split("\t")
    if len(columns) != 3 and (has_header or len(columns) != 1):
        raise DataError(f"three columns, or the tree alone, are expected, not {len(columns)}")
    tree = load(FORMALISM).read(columns[-1])
    domain, utterance = (columns[0], columns[1]) if has_header else ("", columns[0])
    if len(columns) == 1:
        utterance = " ".join(leaf.text for leaf in tree.leaves())
    return whole_example(utterance, tree, FORMALISM, domain)
