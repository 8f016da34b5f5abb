"""MTOP (Li et al. 2021): TOP's trees without the words outside slots ("decoupled"), in a folder a language.

The release has eight columns between tabs: id, intent, slots and where they stand (`10:17:SL:DATE_TIME`), utterance,
domain, locale, tree, and tokens and where these stand (`{"tokens": [...], "tokenSpans": [{"start": 0, ...}, ...]}`);
copies in JSON lines have the utterance and the tree alone, `{"question": ..., "logical_form": ...}`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from data_conversion.alignment import aligned_example
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.files import filled_lines, first_line
from data_conversion.formalisms import load
from data_conversion.frames import Span
from data_conversion.grammar import one_word
from data_conversion.json_text import read_fields
from data_conversion.readers import Row
from data_conversion.releases import Release, by_name
from data_conversion.span_alignment import aligned_to_spans

FORMALISM = "top"
WORDS = "drop"
OPTIONS = ("language",)

_LINE = re.compile(r'(?:[^\t]*\t){6}\[IN:[^\t]*\t|\{.*"logical_form"\s*:\s*"\[IN:')


def recognises(path: Path) -> str | None:
    """The first line of every file has a tree in its seventh column of eight, or as its logical form."""
    return "decoupled trees in [IN: and [SL: brackets" if files(path).holds_only(_holds_trees) else None


def _holds_trees(file: Path) -> bool:
    return bool(_LINE.match(first_line(file)))


def files(path: Path, *, language: str | None = None) -> Release:
    """The file of each split of a language, English if none is named; raises a `DataError` where it has no folder."""
    folder = path / (language or "en")
    if language and not folder.is_dir():
        raise DataError(f"there is no folder {language!r} here: name a language that has one", file=path)
    release = by_name(folder if folder.is_dir() else path, Path.is_file, _holds_trees)
    if folder.is_dir():
        release.notes.append(f"read is the folder {folder.name}: --language names another")
    return release


def read(path: Path, *, language: str | None = None) -> Iterator[Row]:
    """The rows of one file, which is of the language already."""
    for number, line in filled_lines(path):
        yield Row(path, number, line, partial(_from_json if line.startswith("{") else _from_columns, line))


def _from_json(line: str) -> Example:
    row = read_fields(line, "question", "logical_form")
    return aligned_example(row["question"], load(FORMALISM).read(row["logical_form"]), FORMALISM)


def _from_columns(line: str) -> Example:
    columns = line.split("\t")
    if len(columns) != 8:
        raise DataError(f"eight columns are expected, not {len(columns)}")
    identity, _, slots, utterance, domain, _, text, words = columns
    try:
        record = read_fields(words)
        tokens, starts = tuple(map(one_word, record["tokens"])), [int(span["start"]) for span in record["tokenSpans"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise DataError(f"the tokens are no object with tokens and tokenSpans: {words}") from None
    if not tokens:
        raise DataError("the utterance has no words")
    at = partial(bisect_left, starts)  # the token at a character
    spans = [Span(slot, at(int(a)), at(int(b))) for a, b, slot in re.findall(r"(\d{1,9}):(\d{1,9}):([^,]+)", slots)]
    tree = aligned_to_spans(load(FORMALISM).read(text), tokens, spans)
    return Example(identity, domain, utterance, tokens, tree, FORMALISM)
