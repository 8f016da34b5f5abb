"""MASSIVE: JSON lines, a file a language that holds all parts, the slot values in square brackets.

    {"id": "7", "locale": "en-US", "partition": "train", "scenario": "music", "intent": "play_music",
     "annot_utt": "play some [music_genre : folk music]", ...}

`partition` is the part that a row belongs to, train if it names none; the domain is the scenario. The utterance is the
annotation's own. Of a folder all languages are read, or the one named by `language` (`de`, `de-DE`).

Paper: FitzGerald et al. (2022), MASSIVE: A 1M-Example Multilingual Natural Language Understanding Dataset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.files import filled_lines
from data_conversion.json_text import has_fields, read_fields
from data_conversion.readers import Row
from data_conversion.releases import SPLITS, Release, split_of
from data_conversion.text_runs import inline_runs, runs_example

FORMALISM = "bracket"
WORDS = "drop"
OPTIONS = ("language",)

_PARTITION = re.compile(r'"partition"\s*:\s*"(\w+)"')


def recognises(path: Path) -> str | None:
    """The first line of every file is an object with `annot_utt` and `partition`."""
    release = Release({"train": _jsonl_files(path)})
    is_ours = release.holds_only(lambda file: has_fields(file, "annot_utt", "partition"))
    return "JSON lines with annot_utt and partition" if is_ours else None


def files(path: Path, *, language: str | None = None) -> Release:
    """The files of all languages, or of one, under each split that they have rows of.

    Raises:
        DataError: there is no file of that language.
    """
    found = _jsonl_files(path)
    languages = ", ".join(file.stem for file in found)
    chosen = [file for file in found if language is None or re.match(rf"{re.escape(language)}(-|$)", file.stem)]
    if found and not chosen:
        raise DataError(f"no file is of the language {language!r}: choose one of {languages}", file=path)
    parts = [(file, {split for _, _, split in _lines(file)}) for file in chosen]
    splits = {split: [file for file, found in parts if split in found] for split in SPLITS}
    notes = [f"the languages {languages} are read as one: name one with --language"] if len(chosen) > 1 else []
    return Release(splits, notes)


def read(path: Path, *, language: str | None = None) -> Iterator[Row]:
    """The rows of one file, which is of the language already."""
    for number, line, split in _lines(path):
        yield Row(path, number, line, partial(_example, line), split)


def _jsonl_files(path: Path) -> list[Path]:
    return sorted(path.glob("*.jsonl")) if path.is_dir() else [path]


def _lines(path: Path) -> Iterator[tuple[int, str, str]]:
    for number, line in filled_lines(path):
        partition = _PARTITION.search(line)
        yield number, line, (partition and split_of(partition[1])) or "train"


def _example(line: str) -> Example:
    record = read_fields(line, "id", "locale", "scenario", "intent", "annot_utt")
    partition = str(record.get("partition") or "train")
    if split_of(partition) is None:
        raise DataError(f"the partition {partition!r} is none of train, dev and test")
    identity = f"{record['locale']}-{record['id']}"
    return runs_example(record["intent"], inline_runs(record["annot_utt"]), id=identity, domain=record["scenario"])
