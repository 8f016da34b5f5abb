"""Tables in CSV or TSV, a row a line, whose columns the user names: `--columns utterance=question,prolog=query`.

A column holds the `utterance`, its `tokens` between spaces, the `domain`, the `id`, and either a tree, named by its
formalism (`prolog`), or an `intent` and, where there are slots, their BIO `tags`. It goes by its name in the first line
or, where that is no header, by its number from 1. Words of a tree that the utterance has are copied from it.

No table is recognised: one looks like another. In a tree in `bracket`, a childless intent under another node is read as
a word: there is no ontology that knows better.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from data_conversion import formalisms
from data_conversion.alignment import aligned
from data_conversion.columns import Columns, named_columns
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.frames import tagged_example
from data_conversion.readers import Row
from data_conversion.releases import Release, by_name
from data_conversion.tokenization import tokenize

FORMALISM = None
WORDS = None
OPTIONS = ("columns",)

_HELD = ("utterance", "tokens", "domain", "id", "intent", "tags")


def recognises(path: Path) -> str | None:
    """Never."""
    return None


def files(path: Path, *, columns: str = "") -> Release:
    """The files of each split; raises a `DataError` where a column is not there or one that is needed is not named."""
    release = by_name(path, lambda entry: entry.suffix in (".csv", ".tsv") and entry.is_file())
    for file in (file for files in release.splits.values() for file in files):
        held = {*named_columns(file, columns).places}
        trees = held & {"intent", *formalisms.names()}
        if len(trees) != 1 or not held & {"utterance", "tokens"} or not held <= {*_HELD, *trees}:
            choices = ", ".join([*_HELD, *formalisms.names()])
            raise DataError(f"{columns!r} is no utterance with one tree or intent: choose of {choices}", file=file)
        if "tags" in held and "intent" not in held:
            raise DataError("tags go with an intent: name its column, or leave out tags", file=file)
    return release


def read(path: Path, *, columns: str = "") -> Iterator[Row]:
    """The rows of one file."""
    named = named_columns(path, columns)
    for number, line in named.lines(path):
        yield Row(path, number, line, partial(_example, line, named))


def _example(line: str, columns: Columns) -> Example:
    row = columns.of(line)
    words = row.get("tokens", row.get("utterance", "") if "tags" in row else None)
    tokens = tuple(words.split() if words is not None else (token.text for token in tokenize(row["utterance"])))
    if not tokens:
        raise DataError("the utterance has no words")
    formalism = next((name for name in row if name in formalisms.names()), "bracket")
    if "intent" in row:
        tags = row["tags"].split() if "tags" in row else ["O"] * len(tokens)
        tree = tagged_example(tokens, tags, row["intent"].strip()).tree
    else:
        tree = formalisms.load(formalism).read(row[formalism])
        holds_all = tuple(leaf.text for leaf in tree.leaves()) == tokens
        tree = tree.numbered() if holds_all else aligned(tree, tokens)
    utterance = row.get("utterance", " ".join(tokens))
    return Example(row.get("id", ""), row.get("domain", ""), utterance, tokens, tree, formalism)
