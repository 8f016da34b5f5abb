"""Facebook's multilingual task-oriented data in one line an utterance: words with BIO tags, and the intent.

    play:O folk:B-music/genre music:I-music/genre <=> music/play_music

A word may hold a colon, its tag does not (`6:30:B-datetime`). What stands before the slash of an intent is its domain;
the intent keeps its whole name.

    >>> example = _example("play:O folk:B-music/genre music:I-music/genre <=> music/play_music")
    >>> example.domain, example.tree.label
    ('music', 'music/play_music')

Paper: Schuster et al. (2019), Cross-Lingual Transfer Learning for Multilingual Task Oriented Dialog.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.files import filled_lines, first_line
from data_conversion.frames import tagged_example
from data_conversion.readers import Row
from data_conversion.releases import Release, by_name

FORMALISM = "bracket"
WORDS = "drop"

_ARROW = " <=> "


def recognises(path: Path) -> str | None:
    """The first line of every file has words with tags, an arrow and an intent."""
    return "lines of word:tag <=> intent" if files(path).holds_only(_holds_arrows) else None


def files(path: Path) -> Release:
    """The files of each split."""
    return by_name(path, Path.is_file, _holds_arrows)


def read(path: Path) -> Iterator[Row]:
    """The utterances of one file."""
    for number, line in filled_lines(path):
        yield Row(path, number, line, partial(_example, line))


def _holds_arrows(file: Path) -> bool:
    words, arrow, _ = first_line(file).rpartition(_ARROW)
    return bool(arrow) and all(":" in word for word in words.split())


def _example(line: str) -> Example:
    annotated, arrow, intent = line.rpartition(_ARROW)
    if not arrow or not intent.strip():
        raise DataError("words with their tags, then `<=>` and the intent are expected")
    pairs = [word.rpartition(":") for word in annotated.split()]
    if untagged := [tag for word, _, tag in pairs if not word]:
        raise DataError(f"{untagged[0]!r} is no word with its tag: word:tag is expected")
    example = tagged_example([word for word, _, _ in pairs], [tag for _, _, tag in pairs], intent.strip())
    domain, slash, _ = intent.strip().partition("/")
    return replace(example, domain=domain if slash else "")
