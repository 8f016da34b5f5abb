"""Public data → the folders that experiments train and measure on.

Raw data is read from the folder that SEMPARSE_DATA names (default: data/), a folder a set. Each folder of converted
data is made when it is first needed, of others where it takes others: `MAKERS` says how.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

from data_conversion.clause_order import shuffled
from data_conversion.compound import RECORD, compose
from data_conversion.convert import convert
from data_conversion.data_folder import Outcome, write_data
from data_conversion.errors import DataError
from data_conversion.example import Example, read_examples, write_examples
from data_conversion.files import atomic_folder
from data_conversion.json_text import read_json
from data_conversion.mixture import SHIPPED, Mixture
from data_conversion.ontology import Ontology
from data_conversion.releases import SPLITS
from data_conversion.splits import split
from parser.locking import locked

CONVERTED = Path("data/converted")
Settings = dict[str, Any]
"""Arguments of `compose`."""
COMPOUNDS: Settings = {"size": 20_000, "max_clauses": 4, "seed": 0}
"""Compound requests composed of SNIPS's simple ones."""
PLAIN: Settings = {"size": 20_000, "max_clauses": 3, "seed": 0, "mixture": "configs/mixture/plain.yaml"}
"""The same, whole requests with a connective between them."""
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


# -- ways to make a folder ---------------------------------------------------------------------------------------------


def convert_mixsnips_test(folder: Path) -> None:
    """MixSNIPS test alone: its gold comes from that file, since train and dev are not to be seen.

    The reader learns where clauses end from the train file that it finds beside a test file, so here it finds none.
    """
    with tempfile.TemporaryDirectory() as alone:
        source = Path(alone) / "mixsnips"
        source.mkdir()
        shutil.copy(_there(raw("mixsnips") / "test.txt"), source)
        convert(source, folder, reader="mix", words="keep")


def shuffle_clauses(source: Path, destination: Path, seed: int = 0) -> None:
    """A test set with the clauses of each request in a seeded random order, and the connectives in their places."""
    ontology, random = Ontology.load(source / "ontology.json"), Random(seed)
    examples = (shuffled(example, random) for example in read_examples(source / "test.jsonl", ontology))
    with atomic_folder(destination) as folder:
        write_examples(folder / "test.jsonl", examples, ontology)
        ontology.save(folder / "ontology.json")


def quarter(source: Path, destination: Path, seed: int = 0) -> None:
    """A random quarter of train, the same each time and in its order, and all of dev and test."""

    def chosen(name: str, examples: Sequence[Example]) -> list[Example]:
        if name != "train":
            return list(examples)
        return [examples[index] for index in sorted(Random(seed).sample(range(len(examples)), len(examples) // 4))]

    _write_some(source, destination, chosen)


def of_domain(source: Path, destination: Path, domain: str) -> None:
    """The examples of one domain of several."""
    _write_some(source, destination, lambda _, examples: [each for each in examples if each.domain == domain])


def _write_some(source: Path, destination: Path, chosen: Callable[[str, Sequence[Example]], Sequence[Example]]) -> None:
    """Some of the examples of each split; the ontology is learnt anew from those of train."""
    ontology = Ontology.load(source / "ontology.json")
    files = {name: source / f"{name}.jsonl" for name in SPLITS}
    examples = {name: chosen(name, list(read_examples(file, ontology))) for name, file in files.items()}
    with atomic_folder(destination) as folder:
        outcomes = {
            name: [Outcome(str(files[name]), line, each.utterance, each) for line, each in enumerate(some, start=1)]
            for name, some in examples.items()
        }
        write_data(folder, outcomes)


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


def _held_out(name: str) -> Maker:
    """A release without dev: four fifths of the train part of each domain stay train."""
    return lambda folder: split(made(name), folder, by="holdout")


def _of_domain(domain: str) -> Maker:
    return lambda folder: of_domain(made("overnight"), folder, domain)


COMPOSED: dict[str, tuple[str, Settings]] = {
    "snips-compound": ("snips", COMPOUNDS),
    "snips-joined": ("snips", PLAIN),
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
    "mixsnips-test": convert_mixsnips_test,
    "mixsnips-shuffled": lambda folder: shuffle_clauses(made("mixsnips-test"), folder),
    **{name: _composed(name) for name in COMPOSED},
    "top": _converted("top", reader="top"),
    "top-quarter": lambda folder: quarter(made("top"), folder),
    "nlmaps-whole": _converted("nlmaps_v1", reader="nlmaps", options={"language": "en"}),
    "nlmaps": _held_out("nlmaps-whole"),
    "overnight-whole": _converted("overnight", reader="overnight"),
    "overnight": _held_out("overnight-whole"),
    **{f"overnight-{domain}": _of_domain(domain) for domain in OVERNIGHT},
}
"""How each folder is made. With `-dropped` the words outside slots are dropped, otherwise annotation with slots keeps
them."""
