"""Excerpts of the sample corpus in six input formats, so that a newcomer sees what their own data should look like."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from data_conversion.convert import convert
from data_conversion.files import atomic_folder
from data_conversion.sample.row import Row, attach_clitics

ROWS = 20
SNIPS_INTENTS = ("PlayMusicIntent", "GetWeatherIntent")
README = """# The same requests in six input formats

Twenty training requests of the sample corpus in the most common formats that `semparse convert` reads. Write your own
data like one of these folders, and `semparse convert FOLDER DESTINATION` finds out which it is. (`../corpus` is in the
first format.)

| folder | what a row looks like |
|---|---|
| `bio` | `train/seq.in`, `train/seq.out` and `train/label` side by side: the words, a BIO tag a word, the intent |
| `conll` | a word and its tag a line, a blank line between requests, the intent in a comment above |
| `snips` | JSON, a folder an intent: a list of text runs, some of them with an `entity` |
| `mix` | compound requests: a word and its tag a line, then the intents of the clauses in order |
| `top` | utterance, tokens and tree, tab-separated |
| `jsonl` | our own: what `convert` writes |
"""


def write_formats(rows: Sequence[Row], destination: Path) -> None:
    """Write twenty of the rows in each format under `destination`, and a README that tells the formats apart."""
    excerpt = rows[:ROWS]
    snips = {intent: [row for row in rows if row.intent == intent][: ROWS // 2] for intent in SNIPS_INTENTS}
    texts = {
        "README.md": [README.rstrip("\n")],
        **{f"bio/train/{name}": lines for name, lines in bio_columns(excerpt).items()},
        "conll/train.txt": [line for row in excerpt for line in _conll(row)],
        **{f"snips/{intent}/train_{intent}_full.json": [_snips(intent, chosen)] for intent, chosen in snips.items()},
        "mix/train.txt": [line for first, second in pairwise(excerpt) for line in _mix(first, second)],
        "top/train.tsv": [f"{row.utterance}\t{' '.join(row.tokens)}\t{_top(row)}" for row in excerpt],
    }
    with atomic_folder(destination) as folder:
        for name, lines in texts.items():
            write_lines(folder / name, lines)
        convert(folder / "bio", folder / "jsonl")


def write_lines(path: Path, lines: Sequence[str]) -> None:
    """Write lines that read alike on every system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def bio_columns(rows: Sequence[Row]) -> dict[str, list[str]]:
    """The three files of the `bio` folders."""
    return {
        "seq.in": [" ".join(row.tokens) for row in rows],
        "seq.out": [" ".join(row.tags) for row in rows],
        "label": [row.intent for row in rows],
    }


def _conll(row: Row) -> Iterator[str]:
    yield f"# intent = {row.intent}"
    yield from (f"{token}\t{tag}" for token, tag in zip(row.tokens, row.tags))
    yield ""


def _mix(first: Row, second: Row) -> Iterator[str]:
    tokens, tags = first.tokens + ("and",) + second.tokens, first.tags + ("O",) + second.tags
    yield from (f"{token} {tag}" for token, tag in zip(tokens, tags))
    yield f"{first.intent}#{second.intent}"
    yield ""


def _snips(intent: str, rows: Sequence[Row]) -> str:
    return json.dumps({intent: [{"data": list(_text_runs(row))} for row in rows]}, indent=1)


def _text_runs(row: Row) -> Iterator[dict[str, str]]:
    between = ""  # what is said since the last slot value
    for index, (text, slot) in enumerate(row.runs()):
        between += " " if index else ""
        if slot is None:
            between += text
        else:
            if between:
                yield {"text": attach_clitics(between)}
            yield {"text": attach_clitics(text), "entity": slot}
            between = ""
    if between:
        yield {"text": attach_clitics(between)}


def _top(row: Row) -> str:
    runs = (text if slot is None else f"[SL:{slot} {text} ]" for text, slot in row.runs())
    return f"[IN:{row.intent} {' '.join(runs)} ]"
