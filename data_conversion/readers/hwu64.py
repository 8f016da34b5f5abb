"""HWU64 (NLU-Evaluation-Data): CSV with semicolons, the slot values in square brackets, the intent in two halves.

    answerid;scenario;intent;status;answer_annotation;...
    7;music;query;null;"who plays [song_name : night train]";...

The columns are found by their names: the annotated release and the files of its cross-validation have different ones.
The intent is `SCENARIO_INTENT`, as in the paper, and the domain the scenario. A row with a status of `IRR_...` is
marked as irrelevant by the annotators and is rejected. Read are the file itself, or of a folder the `.csv` files that
are named for a part, else all as train, or those of its `trainset` and `testset` (a fold of the cross-validation).

    >>> _example("music;query;play [s : jazz]", ["scenario", "intent", "answer_annotation"]).tree.label
    'music_query'

Paper: Liu et al. (2019), Benchmarking Natural Language Understanding Services for building Conversational Agents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from data_conversion.columns import csv_cells
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.files import filled_lines, first_line
from data_conversion.readers import Row
from data_conversion.releases import Release, by_name
from data_conversion.text_runs import inline_runs, runs_example

FORMALISM = "bracket"
WORDS = "drop"

_NEEDED = {"scenario", "intent", "answer_annotation"}


def recognises(path: Path) -> str | None:
    """A header with the columns scenario, intent and answer_annotation."""
    is_ours = files(path).holds_only(lambda file: set(first_line(file).split(";")) >= _NEEDED)
    return "a header with scenario, intent and answer_annotation between semicolons" if is_ours else None


def files(path: Path) -> Release:
    """One file, those of a folder, or those of its trainset and testset."""
    train, test = sorted(path.glob("trainset/*.csv")), sorted(path.glob("testset/**/*.csv"))
    if not train and not test:
        named = by_name(path, lambda entry: entry.suffix == ".csv")
        return named if named.splits else Release({"train": sorted(path.glob("*.csv"))})
    return Release({"train": train, "test": test})


def read(path: Path) -> Iterator[Row]:
    """The rows of one file."""
    header = first_line(path).split(";")
    if missing := _NEEDED - set(header):
        raise DataError(f"the header has no column {' or '.join(sorted(missing))}", file=path, line=1)
    for number, line in islice(filled_lines(path), 1, None):
        yield Row(path, number, line, partial(_example, line, header))


def _example(line: str, header: Sequence[str]) -> Example:
    columns = csv_cells(line, ";")
    if len(columns) != len(header):
        raise DataError(f"{len(header)} columns are expected, not {len(columns)}")
    row = dict(zip(header, columns, strict=True))
    if row.get("status", "").startswith("IRR"):
        raise DataError(f"marked as irrelevant (status {row['status']})")
    domain = row["scenario"]
    return runs_example(f"{domain}_{row['intent']}", inline_runs(row["answer_annotation"]), domain=domain)
