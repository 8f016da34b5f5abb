"""Rasa's NLU training data in YAML: examples in a list under their intent, each value in square brackets.

    nlu:
    - intent: play_music
      examples: |
        - play [folk music](genre)
        - play [bop]{"entity": "genre", "value": "jazz"} from the [attic]{"entity": "room", "role": "source"}

A value is the words that were said: a synonym (`value`) is what Rasa makes of them afterwards. A role and a group are
part of the label, joined as Rasa joins them: `room#source`. A retrieval intent (`faq/ask_hours`) or a multi-intent
(`pause+play`) is one intent. Synonyms, lookups and regexes are no requests and are passed over.

Format: https://rasa.com/docs/reference/primitives/training-data-format
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.files import check_utf8, read_lines
from data_conversion.json_text import read_fields
from data_conversion.readers import Row
from data_conversion.releases import SPLITS, Release, split_of
from data_conversion.text_runs import Run, cut_runs, runs_example
from data_conversion.yaml_text import compose_yaml, fields, items, lines, text

FORMALISM = "bracket"
WORDS = "drop"

_VALUE = re.compile(r"\[([^\]]+)\](?:\(([^:)]+)(?::[^)]+)?\)|(\{[^}]+\})|(\[.*?\]))")  # as in Rasa's own reader


def recognises(path: Path) -> str | None:
    """YAML with `nlu:` on the outermost level."""
    return "YAML with a list under nlu:" if files(path).splits else None


def files(path: Path) -> Release:
    """The YAML files with `nlu:`, in the folder or below it: it or a folder around it has the name of its split."""
    found = [path] if path.is_file() else sorted([*path.rglob("*.yml"), *path.rglob("*.yaml")])
    chosen = [file for file in found if any(line.startswith("nlu:") for _, line in read_lines(file))]
    folder = path.parent if path.is_file() else path
    splits = {split: [file for file in chosen if _split(file.relative_to(folder)) == split] for split in SPLITS}
    notes = ["values are the words that were said, not their synonyms"]
    if others := ", ".join(file.name for file in found if file not in chosen):
        notes.append(f"YAML without nlu: is not read: {others}")
    return Release(splits, notes)


def _split(file: Path) -> str:
    """The split that the last part of a path with the name of one speaks of, else train.

    >>> _split(Path("test/data/nlu.yml")), _split(Path("data/nlu.yml"))
    ('test', 'train')
    """
    return next(filter(None, map(split_of, reversed(file.parts))), "train")


def read(path: Path) -> Iterator[Row]:
    """The examples of one file."""
    for item in items(fields(compose_yaml(path)).get("nlu")):
        described = fields(item)
        given = described.get("examples") if "intent" in described else None  # one text, or a list with metadata
        texts = [(entry.start_mark.line + 1, f"- {text(fields(entry).get('text'))}") for entry in items(given)]
        examples = [*lines(given), *texts]
        for number, line in examples:
            yield Row(path, number, line, partial(_example, text(described["intent"]), line))
        if not examples and not described.keys() & {"synonym", "lookup", "regex"}:
            yield Row(path, item.start_mark.line + 1, ", ".join(described), partial(_example, "", ""))


def _example(intent: str, line: str) -> Example:
    if not intent or not line.startswith("-"):
        raise DataError("an intent with its examples, each after a -, is expected")
    check_utf8(intent)  # YAML has escapes for what is no text
    return runs_example(intent, cut_runs(line[1:].strip(), _VALUE, _run, marks="[]"))


def _run(match: re.Match[str]) -> Run:
    value, slot, written, several = match.groups()
    if several:
        raise DataError("several entities on the same words", column=match.start() + 1, text=match.string)
    if slot and set(slot) & set("[("):  # a bracket was left open: the rest of the line would be a name
        raise DataError("a bracket in the name of an entity", column=match.start() + 1, text=match.string)
    entity = {"entity": slot} if slot else read_fields(written, "entity")
    return value, "#".join(str(entity[key]) for key in ("entity", "role", "group") if entity.get(key))
