"""The table is aligned, the page opens offline and marks what differs, the predictions read back."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from data_conversion import formalisms
from data_conversion.example import Example
from data_conversion.ontology import Ontology
from data_conversion.tree import Leaf, Node
from parser.evaluation import report
from parser.evaluation.metrics import evaluate
from parser.evaluation.report import confusions, format_table, write_html, write_predictions


def play(slot: str, *words: tuple[str, int]) -> Node:
    return Node("PlayMusic", (Node(slot, tuple(Leaf(*word) for word in words)),))


TOKENS = ("play", "<b>folk</b>", "&", "(jazz)")
FOLK = Example("folk-1", "music", " ".join(TOKENS), TOKENS, play("Genre", ("<b>folk</b>", 1)))
PAUSE = Example("pause-2", "music", "pause", ("pause",), Node("PauseMusic"))
BOTH = Example(
    "both-3", "music", "pause and play jazz", ("pause", "and", "play", "jazz"),
    Node("and", (Node("PauseMusic"), play("Genre", ("jazz", 3)))),
)  # fmt: skip
EXAMPLES = [FOLK, PAUSE, BOTH]
PREDICTIONS = [play("Artist", ("<b>folk</b>", 1)), None, BOTH.tree]
ONTOLOGY = Ontology.learn(
    [(one.domain, one.tree, formalisms.load("bracket").label_kinds(one.tree)) for one in EXAMPLES]
    + [("music", play("Artist", ("x", 1)), {"PlayMusic": "intent", "Artist": "slot"})]
)
METRICS = evaluate(EXAMPLES, PREDICTIONS, ontology=ONTOLOGY)


def test_the_table_is_aligned_and_leaves_out_what_does_not_apply() -> None:
    plain, by_clauses = format_table(METRICS).split("\n\n")
    assert {len(line) for line in plain.splitlines()} == {len(plain.splitlines()[0])}
    assert plain.splitlines()[0].split() == ["utterances", "3"]
    assert "exact match             33.3" in plain
    assert "bracket" not in plain
    assert [line.split() for line in by_clauses.splitlines()[1:]] == [
        ["1", "2", "0.0", "0.0"],
        ["2", "1", "100.0", "100.0"],
    ]


def test_the_table_of_logical_forms_has_no_clauses() -> None:
    assert format_table({"count": 1200, "exact_match": 100.0, "exact_match_by_clauses": {}}).splitlines() == [
        "utterances   1,200",
        "exact match  100.0",
    ]


class Page(HTMLParser):
    """Collects what is marked, what is fetched from elsewhere, and whether the tags close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.marked: list[str] = []
        self.text: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if "mark" in self.open:
            self.marked.append(data.strip())


def test_the_page_marks_what_differs_and_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    write_html(METRICS, EXAMPLES, PREDICTIONS, tmp_path / "report.html", ontology=ONTOLOGY)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert page.fetched == []
    assert page.marked == ["Genre", "<b>folk</b>", "Artist", "<b>folk</b>", "PauseMusic", "", "no tree"]
    text = "".join(page.text)
    assert "2 of 3" in text
    assert "folk-1" in text and "both-3" not in text  # what is right is not listed


def test_the_page_says_when_it_does_not_list_all_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MAX_ERRORS", 1)
    write_html(METRICS, EXAMPLES, PREDICTIONS, tmp_path / "report.html", ontology=ONTOLOGY)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "2 of 3; the first 1 are shown" in text
    assert text.count("<section>") == 1


def test_confusions_pair_what_is_not_shared() -> None:
    swapped = Node("and", (Node("StopMusic"), play("Genre", ("jazz", 3))))
    ontology = Ontology.learn([("music", swapped, formalisms.load("bracket").label_kinds(swapped))])
    assert confusions([BOTH, PAUSE], [swapped, None], ontology) == {
        ("PlayMusic", "PlayMusic"): 1,
        ("PauseMusic", "StopMusic"): 1,
        ("PauseMusic", "—"): 1,
    }


def test_predictions_read_back(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    write_predictions(EXAMPLES, PREDICTIONS, [0.5, None, 1.0], path, ontology=ONTOLOGY, model_ontology=ONTOLOGY)
    first, second, third = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert first == {
        "id": "folk-1",
        "utterance": "play <b>folk</b> & (jazz)",
        "gold": "(PlayMusic(Genre(<b>folk</b>)))",
        "predicted": "(PlayMusic(Artist(<b>folk</b>)))",
        "score": 0.5,
        "exact_match": False,
    }
    assert (second["predicted"], second["score"]) == (None, None)
    assert third["exact_match"] is True


def test_a_prediction_may_be_an_intent_that_the_data_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    stop = Node("and", (Node("StopMusic"), PAUSE.tree))
    model = Ontology.learn([("music", stop, formalisms.load("bracket").label_kinds(stop))])
    write_predictions([PAUSE], [stop], [None], path, ontology=ONTOLOGY, model_ontology=model)
    assert json.loads(path.read_text(encoding="utf-8"))["predicted"].startswith("(and(StopMusic)")


def test_a_failing_write_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    path.write_text("before")
    with pytest.raises(ValueError, match="text"):
        write_predictions(EXAMPLES, _failing(), [None] * 3, path, ontology=ONTOLOGY, model_ontology=ONTOLOGY)
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["predictions.jsonl"]


def _failing():
    yield FOLK.tree
    raise ValueError("text")
