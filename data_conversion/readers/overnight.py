"""Overnight: questions with their logical forms, a file for each domain and split, named by both.

    (example
      (utterance "which films are shown in the new hall")
      (original "film that is shown in new hall")
      (targetFormula
        (call SW.listValue (call SW.filter (call SW.domain (string film)) (string hall) (string =) en.hall.new_hall))
      )
    )

The train and test parts are the official ones; there is no dev part. Words of a constant that the question has are
copied from it. The transform `shorten-simpleworld` shortens the long name of the class in the release's calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from data_conversion.alignment import aligned_example
from data_conversion.blocks import Block, blocks
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.files import first_line
from data_conversion.formalisms import load
from data_conversion.grammar import unescaped
from data_conversion.readers import Row
from data_conversion.releases import Release, by_name, split_of

FORMALISM = "lambda-dcs"
WORDS = "drop"

_START = "(example"
_EXAMPLE = re.compile(
    r'\(example\s+\(utterance\s+"((?:[^"\\]|\\.)*)"\)\s+\(original\s+"(?:[^"\\]|\\.)*"\)'
    r"\s+\(targetFormula\s+(\S.*)\)\s*\)\s*",
    re.DOTALL,
)


def recognises(path: Path) -> str | None:
    """The first line of every file opens an example."""
    return "s-expressions that open with (example" if files(path).holds_only(_holds_examples) else None


def _holds_examples(file: Path) -> bool:
    return first_line(file).startswith(_START)


def files(path: Path) -> Release:
    """The `.examples` files of each split, one for each domain."""
    return by_name(path, lambda entry: entry.suffix == ".examples" and entry.is_file(), _holds_examples)


def read(path: Path) -> Iterator[Row]:
    """The examples of one file; the domain is the first part of its name."""
    first = path.name.partition(".")[0]
    domain = "" if split_of(first) else first
    for block in blocks(path, _START):
        yield Row(path, block.line, block.text, partial(_example, block, domain))


def _example(block: Block, domain: str) -> Example:
    parts = _EXAMPLE.fullmatch("\n".join(block.lines))
    if not parts:
        raise DataError('not of the form (example (utterance "...") (original "...") (targetFormula ...))')
    tree = load(FORMALISM).read(" ".join(parts[2].split()))
    return aligned_example(unescaped(parts[1]), tree, FORMALISM, domain)
