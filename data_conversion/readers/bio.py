"""Intents and BIO slot tags, in the two layouts that are common.

A folder for each split with three files side by side, one utterance a line:

    seq.in      play some folk music
    seq.out     O O B-Mediatype I-Mediatype
    label       PlayMusicIntent

or a file for each split in two columns (CoNLL), the intent in a comment above and a blank line after each utterance:

    # intent = PlayMusicIntent
    play    O
    some    O
    folk    B-Mediatype
    music   I-Mediatype

(`# intent: X` is read as well, other comments are passed over.) A label `a#b`, as ATIS has, is the name of one intent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import takewhile, zip_longest
from pathlib import Path

from data_conversion.blocks import Block, blocks, word_and_tag
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.files import filled_lines, read_lines
from data_conversion.frames import tagged_example
from data_conversion.readers import Row
from data_conversion.releases import Release, by_name, split_of

FORMALISM = "bracket"
WORDS = "drop"

_PARALLEL = ("seq.in", "seq.out", "label")
_COMMENT = re.compile(r"#\s*(\w+)\s*[=:]\s*(.*)")
_TAGGED = re.compile(r"\s(O|[BI]-\S+)\s*$")


def recognises(path: Path) -> str | None:
    """Three files side by side, or two columns under a comment that names the intent."""
    release = files(path)
    if release.holds_only(_is_parallel):
        return f"{', '.join(_PARALLEL)} side by side"
    if release.holds_only(_has_intent_comment):
        return "two columns under a comment that names the intent"
    return None


def files(path: Path) -> Release:
    """The folders that hold the three files, or the two-column files."""
    if _is_parallel(path):
        return Release({split_of(path.name) or "train": [path]})
    return by_name(path, lambda entry: entry.is_file() or _is_parallel(entry), _holds_requests)


def read(path: Path) -> Iterator[Row]:
    """The utterances of one folder with the three files, or of one two-column file."""
    return _read_parallel(path) if path.is_dir() else _read_columns(path)


def _is_parallel(path: Path) -> bool:
    """Whether the three files are there; one that is missing beside the others would lose a whole split unsaid."""
    missing = [name for name in _PARALLEL if not (path / name).is_file()]
    if missing and any((path / name).is_file() for name in ("seq.in", "seq.out")):
        raise DataError(f"{' and '.join(missing)} is missing: {', '.join(_PARALLEL)} go together", file=path)
    return not missing


def _holds_requests(path: Path) -> bool:
    return _is_parallel(path) or _has_intent_comment(path)


def _has_intent_comment(path: Path) -> bool:
    lines = (line for _, line in filled_lines(path)) if path.is_file() else iter(())
    return _intent(takewhile(_COMMENT.fullmatch, lines)) is not None


def _read_parallel(folder: Path) -> Iterator[Row]:
    files = [folder / name for name in _PARALLEL]
    for number, lines in enumerate(zip_longest(*map(read_lines, files)), start=1):
        texts = [line[1] if line else None for line in lines]
        if any(texts):
            yield Row(files[0], number, " | ".join(text or "" for text in texts), partial(_parallel, *texts))


def _parallel(words: str | None, tags: str | None, intent: str | None) -> Example:
    if words is None or tags is None or intent is None:
        raise DataError(f"the files {', '.join(_PARALLEL)} differ in their number of lines")
    return tagged_example(words.split(), tags.split(), intent.strip())


def _read_columns(file: Path) -> Iterator[Row]:
    for block in blocks(file):
        yield Row(file, block.line, block.text, partial(_columns, block))


def _columns(block: Block) -> Example:
    pairs = [word_and_tag(line) for line in block.lines if not _is_comment(line)]
    intent = _intent(filter(_is_comment, block.lines)) or ""
    return tagged_example([word for word, _ in pairs], [tag for _, tag in pairs], intent)


def _is_comment(line: str) -> bool:
    """Whether a line says something of the sentence; `#` or `#music:` may also be a word, with a tag beside it."""
    return line.startswith("#") and not (
        _TAGGED.search(line) and (len(line.split()) == 2 or not _COMMENT.fullmatch(line))
    )


def _intent(lines: Iterable[str]) -> str | None:
    comments = map(_COMMENT.fullmatch, lines)
    return next((comment[2].strip() for comment in comments if comment and comment[1] == "intent"), None)
