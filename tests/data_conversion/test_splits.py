"""Splits: every row has its place, the choice is seeded, and what was done stands beside the data."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_conversion import split_strategies
from data_conversion.compound import compose
from data_conversion.convert import convert
from data_conversion.errors import DataError
from data_conversion.example import Example, read_examples
from data_conversion.ontology import Ontology
from data_conversion.split_strategies import Row
from data_conversion.splits import split
from data_conversion.statistics import data_card

FOOD = ["figs", "nuts", "milk", "rice", "bread"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Requests of two domains in three splits, their words dropped; `Wait` and `Lights` stand in one split alone."""
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, domain, lines in [
        ("food_train.tsv", "food", [f"[IN:BUY buy [SL:ITEM {food} ] ]" for food in FOOD * 3]),
        ("food_test.tsv", "food", [f"[IN:BUY buy [SL:ITEM {food} ] ]" for food in ["figs", "eggs"]]),
        ("home_train.tsv", "home", ["[IN:STOP stop ]", "[IN:PLAY play [SL:TITLE figs ] ]"] * 4),
        ("home_test.tsv", "home", ["[IN:WAIT wait ]", "[IN:LIGHTS [SL:ROOM hall ] lights ]"]),
    ]:
        rows = [f"{domain}\t{' '.join(w for w in line.split() if w[0] not in '[]')}\t{line}" for line in lines]
        (folder / name).write_text("\n".join(["domain\tutterance\tsemantic_parse", *rows]) + "\n")
    convert(folder, tmp_path / "data", formalism="top", words="drop")
    return tmp_path / "data"


def rows(folder: Path, name: str) -> list[Example]:
    return list(read_examples(folder / f"{name}.jsonl", Ontology.load(folder / "ontology.json")))


def done(source: Path, by: str, seed: int = 0, **options: Any) -> Path:
    """The folder that a split makes, after checking that no row is lost and that the record tells the truth."""
    folder = source.parent / f"{by}-{seed}"
    summary = split(source, folder, by=by, seed=seed, options=options)
    record = json.loads((folder / "split.json").read_text())
    assert record["counts"] == {name: len(rows(folder, name)) for name in record["counts"]}
    assert sum(record["before"].values()) == 23 + 4
    assert sum(record["before"].values()) == sum(record["counts"].values()) + record["left_out"] + record["rejects"]
    assert (record["strategy"], record["seed"], record["source"]) == (by, seed, str(source))
    assert record["rejects"] == summary.rejects == len((folder / "rejects.jsonl").read_text().splitlines())
    return folder


def test_hold_out(source: Path) -> None:
    folder = done(source, "holdout")
    assert Counter(example.domain for example in rows(folder, "train")) == {"food": 12, "home": 6}
    assert Counter(example.domain for example in rows(folder, "dev")) == {"food": 3, "home": 2}
    assert rows(folder, "test") == rows(source, "test")


@pytest.mark.parametrize("size", [837, 1996, 941, 1657, 801, 1080, 4419, 1952, 100, 10])
def test_hold_out_is_exact(size: int) -> None:
    plan = split_strategies.holdout([Row("train", "d", "u", ("L",), ("L",))] * size, Random(0), share=0.29)
    assert plan.count("train") == size * 29 // 100


def test_spis(source: Path) -> None:
    folder = done(source, "spis", spis=3)
    labels = Counter(node.label for example in rows(folder, "train") for node in example.tree.nodes())
    assert labels == {"IN:BUY": 3, "SL:ITEM": 3, "IN:STOP": 3, "IN:PLAY": 3, "SL:TITLE": 3}
    assert rows(folder, "test") == rows(source, "test")


LABELS = st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=4).map(tuple)


@given(labels=st.lists(LABELS, max_size=30), spis=st.integers(1, 4), seed=st.integers(0, 5))
def test_every_label_is_sampled_often_enough(labels: list[tuple[str, ...]], spis: int, seed: int) -> None:
    whole = [Row("train", "d", "u", each, each) for each in labels]
    plan = split_strategies.spis(whole, Random(seed), spis=spis)
    there = Counter(label for each in labels for label in each)
    taken = Counter(label for each, place in zip(labels, plan) if place for label in each)
    assert all(taken[label] >= min(spis, there[label]) for label in there)


def test_leave_domain(source: Path) -> None:
    folder = done(source, "leave-domain", domain="home")
    assert {example.domain for example in rows(folder, "train")} == {"food"}
    assert {example.domain for example in rows(folder, "test")} == {"home"}
    assert list(Ontology.load(folder / "ontology.json").domains) == ["food"]


def test_only_domain(source: Path) -> None:
    folder = done(source, "only-domain", domain="home")
    assert {example.domain for split in ("train", "test") for example in rows(folder, split)} == {"home"}
    assert list(Ontology.load(folder / "ontology.json").domains) == ["home"]
    with pytest.raises(DataError, match="train has no domain 'zoo': its domains are food, home"):
        done(source, "only-domain", domain="zoo")


def test_dedup(source: Path) -> None:
    folder = done(source, "dedup")
    assert [example.utterance for example in rows(folder, "test")] == ["buy eggs", "wait", "hall lights"]
    assert rows(folder, "train") == rows(source, "train")


@pytest.mark.parametrize("seed", range(5))
def test_templates_are_disjoint(source: Path, seed: int) -> None:
    folder = done(source, "template", seed)
    train, test = ({example.tree.label for example in rows(folder, name)} for name in ("train", "test"))
    assert train and test and not train & test


@pytest.mark.parametrize(("by", "options"), [("holdout", {}), ("spis", {"spis": 2}), ("template", {})])
def test_the_seed_decides(source: Path, by: str, options: dict[str, Any]) -> None:
    def trains() -> list[bytes]:
        return [(done(source, by, seed, **options) / "train.jsonl").read_bytes() for seed in (0, 1, 2)]

    first = trains()
    assert len(set(first)) > 1
    assert trains() == first


def test_labels_that_train_no_longer_has_are_told(source: Path) -> None:
    summary = split(source, source.parent / "out", by="dedup")
    assert summary.notes == ["test: 2 rows have a label that train does not have"]


def test_a_row_that_cannot_be_written_any_more_is_rejected(source: Path) -> None:
    train, test = ((source / f"{name}.jsonl").read_text() for name in ("train", "test"))
    (source / "train.jsonl").write_text(train.replace("IN:STOP", "IN:WAIT"))
    (source / "test.jsonl").write_text(test.replace("[IN:WAIT ]", "[IN:PLAY [SL:TITLE [IN:WAIT ] ] ]"))
    convert(source, source.parent / "bracket", formalism="bracket")
    summary = split(source.parent / "bracket", source.parent / "out", by="leave-domain", options={"domain": "home"})
    assert (summary.counts, summary.rejects, summary.left_out) == ({"train": 15, "test": 1}, 1, 8 + 2)
    (reject,) = map(json.loads, (source.parent / "out" / "rejects.jsonl").read_text().splitlines())
    assert (reject["text"], reject["line"]) == ("wait", 3)
    assert "'IN:WAIT' is childless and no intent of the ontology" in reject["reason"]


def test_what_reads_data_folders_reads_this(source: Path) -> None:
    folder = done(source, "spis")
    assert set(data_card(folder)["splits"]) == {"train", "test"}
    assert convert(folder, source.parent / "again").reader == "jsonl"
    convert(folder, source.parent / "bracket", formalism="bracket")
    split(source.parent / "bracket", source.parent / "bracket-split", by="dedup")
    compose(source.parent / "bracket-split", source.parent / "composed", size=5)


@pytest.mark.parametrize(
    ("by", "options", "message"),
    [
        ("halves", {}, "no strategy is named 'halves': choose one of dedup, holdout"),
        ("dedup", {"share": 0.5}, "the strategy 'dedup' has no option 'share'"),
        ("leave-domain", {}, "needs the option 'domain'"),
        ("leave-domain", {"domain": "cars"}, "data: the domain 'cars' cannot be left out of .* food, home"),
        ("holdout", {"share": 1.5}, "the share of train that stays is 1.5"),
        ("holdout", {"share": 0.01}, "nothing would be left to train on"),
    ],
)
def test_what_cannot_be_done(source: Path, by: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        split(source, source.parent / "out", by=by, options=options)
    assert not (source.parent / "out").exists()


def test_compounds_of_several_domains_do_not_bring_a_domain_back(source: Path) -> None:
    convert(source, source.parent / "bracket", formalism="bracket")
    compose(source.parent / "bracket", source.parent / "composed", size=20)
    with pytest.raises(DataError, match="compounds of several domains hold what is to be left out"):
        split(source.parent / "composed", source.parent / "out", by="leave-domain", options={"domain": "food"})


def test_a_second_hold_out(source: Path) -> None:
    with pytest.raises(DataError, match="has a dev part already"):
        split(done(source, "holdout"), source.parent / "out", by="holdout")


def test_one_split_alone(source: Path) -> None:
    (source / "test.jsonl").unlink()
    with pytest.raises(DataError, match="one split alone"):
        split(source, source.parent / "out", by="template")


def test_sources_and_destinations(source: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder: convert annotated data first"):
        split(tmp_path / "nothing", tmp_path / "out", by="dedup")
    with pytest.raises(DataError, match="the folder holds other things"):
        split(source, tmp_path / "raw", by="dedup")
    with pytest.raises(DataError, match="the destination holds the source"):
        split(source, source, by="dedup")


def test_a_damaged_source(source: Path) -> None:
    with open(source / "test.jsonl", "a") as lines:
        lines.write('{"id": "x"}\n')
    with pytest.raises(DataError, match="test.jsonl:5: the field 'domain' is missing"):
        split(source, source.parent / "out", by="dedup")


@pytest.mark.parametrize("name", split_strategies.names())
def test_strategies_are_found_by_name(name: str) -> None:
    assert split_strategies.load(name).__name__ == name.replace("-", "_")
