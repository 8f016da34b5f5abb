"""SLURP: JSON lines, the slot values in square brackets, the intent in two halves.

    {"sentence_annotation": "play some [genre : folk music]", "scenario": "play", "action": "music", "intent": ..., ...}

The intent is `SCENARIO_ACTION`, as SLURP's own evaluation has it: the field `intent` differs from that in about one row
of a hundred. The domain is the scenario. `train_synthetic.jsonl` is read with `train.jsonl`.

    >>> _example('{"sentence_annotation": "play [s : jazz]", "scenario": "play", "action": "music"}').tree.label
    'play_music'

Paper: Bastianelli et al. (2020), SLURP: A Spoken Language Understanding Resource Package.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from data_conversion.example import Example
from data_conversion.files import filled_lines
from data_conversion.json_text import has_fields, read_fields
from data_conversion.readers import Row
from data_conversion.releases import Release, by_name
from data_conversion.text_runs import inline_runs, runs_example

FORMALISM = "bracket"
WORDS = "drop"


def recognises(path: Path) -> str | None:
    """The first line of every file is an object with `sentence_annotation` and `action`."""
    return "JSON lines with sentence_annotation and action" if files(path).holds_only(_of_slurp) else None


def files(path: Path) -> Release:
    """The files of each split."""
    release = by_name(path, lambda entry: entry.suffix == ".jsonl", _of_slurp)
    synthetic = [file.name for file in release.splits.get("train", []) if "synthetic" in file.name]
    if synthetic:
        release.notes.append(f"train: {', '.join(synthetic)} is read as well")
    return release


def read(path: Path) -> Iterator[Row]:
    """The rows of one file."""
    for number, line in filled_lines(path):
        yield Row(path, number, line, partial(_example, line))


def _of_slurp(file: Path) -> bool:
    return has_fields(file, "sentence_annotation", "action")


def _example(line: str) -> Example:
    record = read_fields(line, "sentence_annotation", "scenario", "action")
    domain = record["scenario"]
    return runs_example(f"{domain}_{record['action']}", inline_runs(record["sentence_annotation"]), domain=domain)
