"""The data card of a small folder, worked out by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from data_conversion.errors import DataError
from data_conversion.example import Example, write_examples
from data_conversion.ontology import Label, Ontology
from data_conversion.statistics import data_card, format_card, write_report
from data_conversion.tree import Leaf, Node

ONTOLOGY = Ontology(
    {
        "music": {"Pause": Label("intent"), "Play": Label("intent"), "Title": Label("slot")},
        "mixed": {"and": Label("operator"), "<b>": Label("slot")},
    }
)
PAUSE = Example("1", "music", "pause", ("pause",), Node("Pause"))
KEPT = Example(
    "2", "music", "play hits", ("play", "hits"), Node("Play", (Leaf("play", 0), Node("Title", (Leaf("hits", 1),))))
)
BOTH = Example(
    "3",
    "mixed",
    "pause and play top hits!",
    ("pause", "and", "play", "top", "hits!"),
    Node("and", (Node("Pause"), Node("Play", (Node("Title", (Leaf("top", 3), Leaf("songs"))),)))),
)
NESTED = Example("4", "mixed", "play it", ("play", "it"), Node("Play", (Node("<b>", (Node("Pause"),)),)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ONTOLOGY.save(tmp_path / "ontology.json")
    write_examples(tmp_path / "train.jsonl", [PAUSE, KEPT, BOTH, PAUSE], ONTOLOGY)
    write_examples(tmp_path / "test.jsonl", [PAUSE, NESTED], ONTOLOGY)
    return tmp_path


def test_the_numbers_of_a_split(folder: Path) -> None:
    card = data_card(folder, {"top-down": lambda tree: sum(2 for _ in tree.nodes())})
    assert card["domains"] == ["music", "mixed"]
    assert card["labels"] == {"intent": 2, "slot": 2, "operator": 1}
    assert card["splits"]["train"] == {
        "rows": 4,
        "domains": {"music": 3, "mixed": 1},
        "formalisms": {"bracket": 4},
        "labels": {"intent": {"Pause": 3, "Play": 2}, "slot": {"Title": 2}, "operator": {"and": 1}},
        "clauses": {1: 3, 2: 1},
        "depth": {"mean": 7 / 4, "max": 3},
        "tokens": {"mean": 9 / 4, "max": 5},
        "nested": 0.0,
        "compound": 1 / 4,
        "slotless": 3 / 4,
        "words_kept": 1 / 4,
        "our_tokens": 3 / 4,
        "duplicates": 1 / 4,
        "in_train": None,
        "copyable_leaves": 3 / 4,
        "actions": {"top-down": 4.0},
    }


def test_the_other_splits_are_compared_with_train(folder: Path) -> None:
    test = data_card(folder)["splits"]["test"]
    assert (test["in_train"], test["duplicates"], test["nested"], test["actions"]) == (1 / 2, 0.0, 1 / 2, {})


def test_a_card_is_json(folder: Path) -> None:
    assert json.loads(json.dumps(data_card(folder)))["splits"]["train"]["rows"] == 4


def test_the_table(folder: Path) -> None:
    lines = format_card(data_card(folder, {"top-down": lambda tree: 7})).splitlines()
    assert lines[0] == f"{folder.name}: 2 domains, 2 intent labels, 2 slot labels, 1 operator label"
    cells = {re.split(r"\s{2,}", line)[0]: re.split(r"\s{2,}", line)[1:] for line in lines[2:]}
    assert cells[""] == ["train", "test"]
    assert cells["rows"] == ["4", "2"]
    assert cells["2 clauses"] == ["25.0%", "0.0%"]
    assert cells["in train"] == ["50.0%"]
    assert cells["top-down actions"] == ["7.0", "7.0"]
    assert len({len(line) for line in lines[2:]}) == 1


class Page(HTMLParser):
    """What a browser would fetch, and the cells that it would show."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        self.fetched += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.cells.append(data)


def test_the_page_opens_offline(folder: Path) -> None:
    path = folder / "reports" / "card.html"
    write_report(data_card(folder), path)
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    assert page.fetched == []
    assert {"<b>", "Title", "25.0%", "mixed"} <= set(page.cells)
    assert [entry.name for entry in path.parent.iterdir()] == ["card.html"]


def test_an_empty_split_has_a_card(folder: Path) -> None:
    (folder / "dev.jsonl").touch()
    card = data_card(folder)
    assert card["splits"]["dev"]["rows"] == 0
    assert "dev" in format_card(card)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: (folder / "ontology.json").unlink(), "ontology.json: no such file"),
        (lambda folder: [(folder / f"{split}.jsonl").unlink() for split in ("train", "test")], "none of train.jsonl"),
        (lambda folder: (folder / "test.jsonl").write_text("{"), "test.jsonl:1:2: not JSON"),
    ],
)
def test_a_folder_that_is_no_data(spoil: Callable[[Path], object], reason: str, folder: Path) -> None:
    spoil(folder)
    with pytest.raises(DataError) as caught:
        data_card(folder)
    assert reason in str(caught.value)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        data_card(tmp_path / "missing")
