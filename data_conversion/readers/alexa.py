"""Alexa's interaction models: sample utterances with the names of slots in braces, and the values of their types.

    {"interactionModel": {"languageModel": {
      "intents": [{"name": "PlayMusic", "slots": [{"name": "song", "type": "SONG"}], "samples": ["play {song}"]}],
      "types": [{"name": "SONG", "values": [{"name": {"value": "night train", "synonyms": ["the train"]}}]}]}}}

The samples are filled with the values and synonyms of their slots' types until all were used: *play night train*,
*play the train*. No value is made up: a sample whose slot has a type without values, as Alexa's own types are, is
rejected until one lists values for that type under `types`. The samples of a slot, answers in a dialog, are not read.

Format: https://developer.amazon.com/docs/smapi/interaction-model-schema.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.json_text import read_json
from data_conversion.readers import Row
from data_conversion.releases import SPLITS, Release, split_of
from data_conversion.templates import SLOT, fillings
from data_conversion.text_runs import cut_runs, runs_example

FORMALISM = "bracket"
WORDS = "drop"


def recognises(path: Path) -> str | None:
    """Every file is JSON with interactionModel.languageModel.intents."""
    return "an interactionModel with a languageModel" if files(path).holds_only(_holds_model) else None


def files(path: Path) -> Release:
    """The models of a folder, or one; what has not the name of another split, such as `en-US.json`, is train."""
    found = [path] if path.is_file() else sorted(path.glob("*.json"))
    notes = ["intents without samples, such as Alexa's own, are passed over: there is nothing said"] if found else []
    splits = {split: [file for file in found if (split_of(file.name) or "train") == split] for split in SPLITS}
    return Release(splits, notes)


def read(path: Path) -> Iterator[Row]:
    """The samples of one file, filled."""
    try:
        requests = list(_requests(read_json(path)["interactionModel"]["languageModel"]))
    except (LookupError, TypeError, AttributeError):
        raise DataError("not an interaction model: intents with samples and slots, and types", file=path) from None
    for number, (intent, sample, said, missing) in enumerate(requests, start=1):
        yield Row(path, number, sample, partial(_example, intent, sample, said, missing))


def _holds_model(path: Path) -> bool:
    try:
        return any(True for _ in read(path))
    except DataError:
        return False


def _requests(model: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str], list[str]]]:
    types: dict[str, list[str]] = {}  # adding nothing, here and below, fails where a text or list is something else
    for type_ in model.get("types", []):
        names = [value["name"] for value in type_.get("values", [])]
        types[type_["name"]] = [text + "" for name in names for text in [name["value"], *name.get("synonyms", [])]]
    for intent in model["intents"]:
        values = {slot["name"]: types.get(slot["type"], []) for slot in intent.get("slots", [])}
        for sample, said in fillings(intent.get("samples", []) + [], values):
            yield intent["name"] + "", sample, said, [slot for slot in SLOT.findall(sample) if not values.get(slot)]


def _example(intent: str, sample: str, said: Sequence[str], missing: Sequence[str]) -> Example:
    if missing:
        raise DataError(f"no values for {' and '.join(missing)}: list some for the type under `types`")
    values = iter(said)
    return runs_example(intent, cut_runs(sample, SLOT, lambda match: (next(values), match[1]), marks="{}"))
