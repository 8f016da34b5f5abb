"""The SNIPS 2017-06 release: a folder for each intent, each utterance a list of text runs, some of them slot values.

    {"PlayMusic": [{"data": [{"text": "play "}, {"text": "folk music", "entity": "genre"}, {"text": " please"}]}]}

`train_PlayMusic_full.json` is read for train where it stands beside the small `train_PlayMusic.json`.
`validate_PlayMusic.json` is test: it is what published figures of this release are measured on, and it has no other.
Files are UTF-8 or, where they are not, Latin-1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.files import require_file
from data_conversion.json_text import parse_json
from data_conversion.readers import Row
from data_conversion.releases import Release
from data_conversion.text_runs import runs_example

FORMALISM = "bracket"
WORDS = "drop"


def recognises(path: Path) -> str | None:
    """Files named as in the release: `train_INTENT.json` and the like, in a folder INTENT or in folders in `path`."""
    return "train_*.json and validate_*.json of SNIPS" if files(path).splits else None


def files(path: Path) -> Release:
    """The files of all intents, the full train files where there are two."""
    found = [path] if path.is_file() else sorted([*path.glob("*.json"), *path.glob("*/*.json")])
    full = [file for file in found if file.match("train_*_full.json")]
    small = [file for file in found if file.match("train_*.json") and file not in full]
    unused = [file for file in small if file.with_name(f"{file.stem}_full.json") in full]
    train = sorted({*full, *small} - {*unused})
    test = [file for file in found if file.match("validate_*.json")]
    notes = []
    if unused:
        notes.append("train: train_*_full.json are read and the smaller train_*.json beside them are not")
    if test:
        notes.append("test: this is what the release calls validate; there is no dev part")
    return Release({"train": train, "test": test}, notes)


def read(path: Path) -> Iterator[Row]:
    """The utterances of one file."""
    try:
        release = parse_json(_text(path))
        requests = [(intent, request) for intent, requests in release.items() for request in requests]
    except DataError as error:
        raise error.at(file=path) from None
    except (AttributeError, TypeError):
        raise DataError('not a JSON object of lists {"INTENT": [...]}', file=path) from None
    for number, (intent, request) in enumerate(requests, start=1):
        yield Row(path, number, json.dumps(request, ensure_ascii=False), partial(_example, intent, request))


def _text(path: Path) -> str:
    data = require_file(path).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _example(intent: str, request: Any) -> Example:
    try:
        runs = [(run["text"], run.get("entity")) for run in request["data"]]
        is_request = all(isinstance(text, str) and isinstance(slot, str | None) for text, slot in runs)
    except (KeyError, TypeError, AttributeError):
        is_request = False
    if not is_request:
        raise DataError('not a request {"data": [{"text": ...}, {"text": ..., "entity": ...}]}')
    return runs_example(intent, runs)
