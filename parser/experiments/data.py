"""Public data → the folders that experiments train and measure on.

Raw data is read from the folder that SEMPARSE_DATA names (default: data/), a folder a set. Each folder of converted
data is made when it is first needed, of others where it takes others: `MAKERS` says how.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data_conversion.compound import RECORD, compose
from data_conversion.convert import convert
from data_conversion.errors import DataError
from data_conversion.json_text import read_json
from data_conversion.mixture import SHIPPED, Mixture
from data_conversion.splits import split
from parser.experiments.making import convert_test_alone, of_domains, quarter, sampled, shuffle_clauses
from parser.locking import locked

CONVERTED = Path("data/converted")
Settings = dict[str, Any]
"""Arguments of `compose`."""
COMPOUNDS: Settings = {"size": 20_000, "max_clauses": 4, "seed": 0, "mixture": "configs/mixture/exchanged.yaml"}
"""Compound requests composed of SNIPS's simple ones."""
PLAIN: Settings = {"size": 20_000, "max_clauses": 3, "seed": 0, "mixture": "configs/mixture/plain.yaml"}
"""The same, whole requests with a connective between them."""
ATIS_COMPOUNDS: Settings = {**COMPOUNDS, "size": 10_000, "max_clauses": 3}
"""Compound requests composed of ATIS's simple ones."""
OVERNIGHT = (
    "basketball",
    "blocks",
    "calendar",
    "housing",
    "publications",
    "recipes",
    "restaurants",
    "socialnetwork",
)
ASSISTANT: dict[str, int | None] = {"weather": None, "reminder": None, "messaging": None, "event": 1280, "music": 943}
"""Five domains of TOPv2 that stand for the five of an assistant of which Damonte, Goel and Chung (NAACL 2019, table 1)
publish nothing but the sizes. Each is about as large as one of theirs; two are sampled to be."""
TARGETS = ("reminder", "weather")
SOURCES = ("alarm", "event", "messaging", "music", "navigation", "timer")
"""The domains of TOPv2 that its authors transfer to, and those that a parser learns from first."""
SPIS = (10, 25, 50, 100, 500)
"""Samples of the target domains, by the examples for each intent and slot."""


def raw(name: str) -> Path:
    """The folder of a raw data set."""
    return Path(os.environ.get("SEMPARSE_DATA", "data")) / name


def made(name: str) -> Path:
    """A folder of converted data; it is made where it is not there yet, whole or not at all, by one process.

    Raises:
        DataError: the raw data is not there, or the folder was made with other settings than now.
    """
    folder = CONVERTED / name
    with locked(folder):
        if not folder.exists():
            print(f"data: {folder}", flush=True)
            MAKERS[name](folder)
        elif name in COMPOSED:
            require_settings(folder, COMPOSED[name][1])
    return folder


def prepare(folder: Path) -> None:
    """Make a folder that an experiment needs, if it is one of ours."""
    if folder.parent == CONVERTED and folder.name in MAKERS:
        made(folder.name)


def require_settings(folder: Path, settings: Settings) -> None:
    """Does nothing if a folder was composed with these settings, as far as its `compound.json` says.

    Raises:
        DataError: it was composed with others.
    """
    record = folder / RECORD
    told = read_json(record) if record.is_file() else {}
    mixture = asdict(Mixture.load(settings.get("mixture", SHIPPED)))
    for key, value in {**settings, "mixture": json.loads(json.dumps(mixture))}.items():
        if told.get(key, value) != value:
            remedy = "delete it, and the runs, models and records that come of it"
            raise DataError(f"this was composed with another {key} than is wanted now: {remedy}", file=folder)


def _there(path: Path) -> Path:
    """The path, if there is something.

    Raises:
        DataError: there is nothing.
    """
    if not path.exists():
        raise DataError("no such raw data: SEMPARSE_DATA names the folder that holds it", file=path)
    return path


# -- the folders -------------------------------------------------------------------------------------------------------

Maker = Callable[[Path], object]


def _converted(name: str, **options: Any) -> Maker:
    return lambda folder: convert(_there(raw(name)), folder, **options)


def _composed(name: str) -> Maker:
    def make(folder: Path) -> None:
        source, settings = COMPOSED[name]
        compose(made(source), folder, **settings)

    return make


def _split(name: str, by: str) -> Maker:
    return lambda folder: split(made(name), folder, by=by)


def _quarter(name: str) -> Maker:
    return lambda folder: quarter(made(name), folder)


def _of(name: str, domains: Collection[str]) -> Maker:
    return lambda folder: of_domains(made(name), folder, domains)


def _each(name: str, domains: Collection[str]) -> dict[str, Maker]:
    """A folder of each domain of a folder."""
    return {f"{name}-{domain}": _of(name, [domain]) for domain in domains}


def _but_each(name: str, domains: Collection[str]) -> dict[str, Maker]:
    """For each domain a folder of all others, to learn from first."""
    others = {domain: [each for each in domains if each != domain] for domain in domains}
    return {f"{name}-but-{domain}": _of(name, rest) for domain, rest in others.items()}


COMPOSED: dict[str, tuple[str, Settings]] = {
    "snips-compound": ("snips", COMPOUNDS),
    "snips-joined": ("snips", PLAIN),
    "atis-compound": ("atis", ATIS_COMPOUNDS),
}
"""Folders of composed requests: what they are composed of, and how."""

_RELEASES = {"snips": ("snips_bio", "bio"), "atis": ("atis_bio", "bio")}
_RELEASES |= {"mixsnips": ("mixsnips", "mix"), "mixatis": ("mixatis", "mix")}
_WORDS = {"": "keep", "-dropped": "drop"}

MAKERS: dict[str, Maker] = {
    **{
        f"{name}{suffix}": _converted(source, reader=reader, words=words)
        for name, (source, reader) in _RELEASES.items()
        for suffix, words in _WORDS.items()
    },
    "mixsnips-test": lambda folder: convert_test_alone(_there(raw("mixsnips") / "test.txt"), folder, "mix"),
    "mixsnips-shuffled": lambda folder: shuffle_clauses(made("mixsnips-test"), folder),
    **{name: _composed(name) for name in COMPOSED},
    "top": _converted("top", reader="top"),
    "top-quarter": _quarter("top"),
    "nlmaps-whole": _converted("nlmaps_v1", reader="nlmaps", options={"language": "en"}),
    "nlmaps": _split("nlmaps-whole", "holdout"),
    "overnight-whole": _converted("overnight", reader="overnight"),
    "overnight": _split("overnight-whole", "holdout"),
    "overnight-quarter": _quarter("overnight"),
    **_each("overnight", OVERNIGHT),
    **_each("overnight-quarter", OVERNIGHT),
    **_but_each("overnight", OVERNIGHT),
    "topv2": _converted("topv2", reader="top", words="drop"),
    **_each("topv2", [*SOURCES, *TARGETS]),
    "assistant": lambda folder: sampled(made("topv2"), folder, ASSISTANT),
    "assistant-dedup": _split("assistant", "dedup"),
    **_each("assistant", ASSISTANT),
    **_each("assistant-dedup", ASSISTANT),
    **_but_each("assistant", ASSISTANT),
    "topv2-canonical": _converted("topv2", reader="top", transforms=("canonical",)),
    "topv2-canonical-sources": _of("topv2-canonical", SOURCES),
    **_each("topv2-canonical", TARGETS),
    **{
        f"topv2-canonical-{target}-{spis}spis": _converted(
            f"topv2/low_resource_splits/{target}_train_{spis}spis.tsv", reader="top", transforms=("canonical",)
        )
        for target in TARGETS
        for spis in SPIS
    },
}
"""How each folder is made. With `-dropped` the words outside slots are dropped, otherwise annotation with slots keeps
them; TOPv2's are dropped, as its authors and the article on transfer do."""
