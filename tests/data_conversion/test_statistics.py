"""The data card of a small folder, worked out by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from data_conversion.card_page import write_report
from data_conversion.errors import DataError
from data_conversion.example import Example, write_examples
from data_conversion.ontology import Label, Ontology
from data_conversion.splits import split
from data_conversion.statistics import data_card, format_card, write_json
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
    assert card["domains"] == {"music": 3, "mixed": 2}
    assert card["labels"] == {"intent": 2, "slot": 2, "operator": 1}
    shares = {"nested": 0.0, "in_train": None}
    music = {**shares, "rows": 3, "compound": 0.0, "slotless": 2 / 3, "words_kept": 0.0, "our_tokens": 1.0}
    mixed = {**shares, "rows": 1, "compound": 1.0, "slotless": 1.0, "words_kept": 0.0, "our_tokens": 0.0}
    assert card["splits"]["train"] == {
        **shares,
        "rows": 4,
        "domains": {
            "music": {**music, "duplicates": 1 / 3, "copyable_leaves": 1.0, "words_kept": 1 / 3},
            "mixed": {**mixed, "duplicates": 0.0, "copyable_leaves": 1 / 2},
        },
        "formalisms": {"bracket": 4},
        "labels": {"intent": {"Pause": 3, "Play": 2}, "slot": {"Title": 2}, "operator": {"and": 1}},
        "clauses": {"mean": 5 / 4, "max": 2, "rows": {"1": 3, "2": 1}},
        "depth": {"mean": 7 / 4, "max": 3, "rows": {"1": 2, "2": 1, "3": 1}},
        "tokens": {"mean": 9 / 4, "max": 5, "rows": {"1": 2, "2": 1, "5": 1}},
        "compound": 1 / 4,
        "slotless": 3 / 4,
        "words_kept": 1 / 4,
        "our_tokens": 3 / 4,
        "duplicates": 1 / 4,
        "copyable_leaves": 3 / 4,
        "actions": {"top-down": {"mean": 4.0, "max": 8, "rows": {"2": 2, "4": 1, "8": 1}}},
        "most_repeated": {"pause": 2},
    }


def test_the_other_splits_are_compared_with_train(folder: Path) -> None:
    test = data_card(folder)["splits"]["test"]
    assert (test["in_train"], test["duplicates"], test["nested"], test["actions"]) == (1 / 2, 0.0, 1 / 2, {})


def test_the_json_holds_the_card_as_it_is(folder: Path) -> None:
    card = data_card(folder)
    write_json(card, folder / "reports" / "card.json")
    assert json.loads((folder / "reports" / "card.json").read_text(encoding="utf-8")) == card
    assert [entry.name for entry in (folder / "reports").iterdir()] == ["card.json"]


def test_every_label_has_an_example(folder: Path) -> None:
    examples = data_card(folder)["label_examples"]
    assert {label: (entry["kind"], entry["row"]["id"]) for label, entry in examples.items()} == {
        "Pause": ("intent", "1"),
        "Play": ("intent", "2"),
        "Title": ("slot", "2"),
        "and": ("operator", "3"),
        "<b>": ("slot", "4"),
    }
    assert examples["<b>"]["row"]["tree"] == ["Play", ["<b>", ["Pause"]]]


def test_conflicting_annotations_are_found_across_splits(folder: Path) -> None:
    assert data_card(folder)["conflicts"] == []
    other = replace(KEPT, id="5", tree=Node("Play", (Leaf("hits", 1),)))
    moved = replace(KEPT, id="6", tree=KEPT.tree.map_leaves(lambda leaf: Leaf(leaf.text)))  # the same to exact match
    write_examples(folder / "dev.jsonl", [KEPT, other, moved, replace(other, id="7")], ONTOLOGY)
    card = data_card(folder)
    rows = [{"id": "2", "tree": ["Play", "play", ["Title", "hits"]]}, {"id": "5", "tree": ["Play", "hits"]}]
    assert card["conflicts"] == [{"utterance": "play hits", "rows": rows}]
    write_examples(folder / "dev.jsonl", [KEPT, replace(other, id=KEPT.id)], ONTOLOGY)
    assert [len(conflict["rows"]) for conflict in data_card(folder)["conflicts"]] == [2]
    assert "1 utterance with more than one annotation: no parser can get all of them right" in card["warnings"]


def test_the_warnings(folder: Path) -> None:
    assert data_card(folder)["warnings"] == [
        "there is no dev split: training cannot choose its best epoch",
        "50% of test stands in train, letter by letter (music 100%): measure on the rest as well",
        "train lacks 1 label of test: <b>",
        "4 of 4 labels stand in train fewer than 5 times: and, Play, Title, Pause",
        "our tokenizer would make other tokens of 25.0% of train: text that a parser is given is cut so",
    ]


def test_the_table(folder: Path) -> None:
    head, table, warnings = format_card(data_card(folder, {"top-down": lambda tree: 7})).split("\n\n")
    lines = table.splitlines()
    assert head == f"{folder.name}: 2 domains, 2 intent labels, 2 slot labels, 1 operator label"
    cells = {re.split(r"\s{2,}", line)[0]: re.split(r"\s{2,}", line)[1:] for line in lines}
    assert cells[""] == ["train", "test"]
    assert cells["rows"] == ["4", "2"]
    assert cells["2 clauses"] == ["25.0%", "0.0%"]
    assert cells["in train"] == ["50.0%"]
    assert cells["top-down actions"] == ["7.0", "7.0"]
    assert len({len(line) for line in lines}) == 1
    assert warnings.startswith("note: there is no dev split")


class Page(HTMLParser):
    """What a browser would fetch or run, whether tags close, and the text that it would show."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        self.fetched += [tag] if tag in ("script", "link", "img", "iframe") else []
        self.fetched += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href") or name.startswith("on")]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())


def test_the_page_is_made_from_the_json_alone_and_opens_offline(folder: Path) -> None:
    path = folder / "reports" / "card.html"
    card = data_card(folder, {"top-down": lambda tree: sum(2 for _ in tree.nodes())})
    write_report(json.loads(json.dumps(card)), path)
    page = Page(path)
    assert page.fetched == page.open == []
    assert "url(" not in path.read_text() and "@import" not in path.read_text()
    assert {"<b>", "Title", "25.0%", "mixed", *card["warnings"]} <= set(page.text)
    assert {"1: train 50.0% (2), test 50.0% (1)", "2: 50.0% (2)"} & set(page.text)
    assert [entry.name for entry in path.parent.iterdir()] == ["card.html"]


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    evil = "'\"><script>alert(1)</script><b onclick='x'>"
    ontology = Ontology({evil: {"I" + evil: Label("intent"), "S" + evil: Label("slot")}, "other": {}})
    tree = Node("I" + evil, (Node("S" + evil, (Leaf("x", 0),)),))
    folder = tmp_path / "<script>"
    ontology.save(folder / "ontology.json")
    rows = [Example(evil + "1", evil, evil, ("x",), tree), Example("2", evil, evil, ("x",), Node("I" + evil))]
    write_examples(folder / "train.jsonl", [*rows, rows[0]], ontology)
    write_report(data_card(folder, {evil: lambda tree: 1}), tmp_path / "card.html")
    page = Page(tmp_path / "card.html")
    assert page.fetched == page.open == []
    assert evil in page.text


def test_a_page_without_rows_splits_or_intents(tmp_path: Path) -> None:
    """Logical forms have functions only; an empty or a single split leaves things out, and nothing breaks."""
    Ontology({"a": {"area": Label("function")}}).save(tmp_path / "ontology.json")
    (tmp_path / "train.jsonl").touch()
    write_report(data_card(tmp_path, {"top-down": lambda tree: 3}), tmp_path / "card.html")
    assert "no labels" in Page(tmp_path / "card.html").text
    row = Example("1", "a", "how large", ("how", "large"), Node("area", (Leaf("large", 1),)), "lambda-dcs")
    write_examples(tmp_path / "train.jsonl", [row], Ontology({}))
    write_report(data_card(tmp_path, {"top-down": lambda tree: 3}), tmp_path / "card.html")
    assert {"1 function label", "function label", "1 in train; 1: how large"} <= set(Page(tmp_path / "card.html").text)


def test_an_empty_split_has_a_card(folder: Path) -> None:
    (folder / "dev.jsonl").touch()
    card = data_card(folder)
    assert card["splits"]["dev"]["rows"] == 0
    assert "dev" in format_card(card)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: (folder / "ontology.json").unlink(), "no ontology.json in it"),
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


@pytest.mark.parametrize("read", [data_card, lambda folder: split(folder, folder.parent / "out", by="template")])
def test_a_label_of_two_kinds_is_named_with_its_line(folder: Path, read: Callable[[Path], object]) -> None:
    twice = replace(KEPT, id="8", tree=Node("Play", (Node("Play", (Leaf("hits", 1),)),)))
    write_examples(folder / "dev.jsonl", [KEPT, twice], ONTOLOGY)
    with pytest.raises(DataError, match=r"dev.jsonl:2: the label 'Play' stands as slot and as intent"):
        read(folder)
