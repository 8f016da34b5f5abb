"""Examples and the JSON lines that hold them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_conversion.errors import DataError
from data_conversion.example import Example, read_examples, write_examples
from data_conversion.ontology import Label, Ontology
from data_conversion.tree import Leaf, Node

ONTOLOGY = Ontology({"music": {"Play": Label("intent"), "Pause": Label("intent"), "Title": Label("slot")}})

LINE = (
    '{"id": "1", "domain": "music", "utterance": "play music", "tokens": ["play", "music"],'
    ' "tree": "(Play(Title(music)))", "leaves": [1], "formalism": "bracket"}'
)

words = st.sampled_from(["Play", "(", ")", "\\", "שלום", "🎶", "“"]) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6
).filter(lambda text: text.split() == [text])


@st.composite
def examples(draw: st.DrawFn) -> Example:
    """A random request whose values are words of the utterance, or generated."""
    tokens = tuple(draw(st.lists(words, min_size=1, max_size=6)))
    copied = st.integers(0, len(tokens) - 1).map(lambda position: Leaf(tokens[position], position))
    slots = st.lists(copied | words.map(Leaf), min_size=1, max_size=3).map(lambda leaves: Node("Title", tuple(leaves)))
    requests = st.lists(slots, max_size=3).map(lambda children: Node("Play", tuple(children)))
    tree = Node("and", tuple(draw(st.lists(requests, min_size=2, max_size=3))))
    return Example(draw(st.text("ab-1")), "music", " ".join(tokens), tokens, tree)


@given(examples())
def test_a_line_reads_back(example: Example) -> None:
    line = example.to_json(ONTOLOGY)
    assert "\n" not in line
    assert Example.from_json(line, ONTOLOGY) == example


@given(rows=st.lists(examples(), max_size=4))
def test_a_file_reads_back(rows: list[Example], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("data") / "train.jsonl"
    assert write_examples(path, rows, ONTOLOGY) == len(rows)
    assert list(read_examples(path, ONTOLOGY)) == rows


def test_the_fields_of_a_line() -> None:
    example = Example.from_json(LINE, ONTOLOGY)
    assert example.tree == Node("Play", (Node("Title", (Leaf("music", 1),)),))
    assert json.loads(example.to_json(ONTOLOGY)) == json.loads(LINE)
    assert not example.words_kept


def test_words_kept() -> None:
    tree = Node("Play", (Leaf("play", 0), Node("Title", (Leaf("music", 1),))))
    assert Example("1", "music", "play music", ("play", "music"), tree).words_kept


@pytest.mark.parametrize("position", [0, 2, -1])
def test_a_copied_leaf_is_its_token(position: int) -> None:
    with pytest.raises(DataError, match=f"'music' is not token {position}"):
        Example("1", "music", "play music", ("play", "music"), Node("Play", (Leaf("music", position),)))


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("tree", "(Play(Title", "expected"),
        ("tree", "(Play(Title(music)(now)))", "1 entries but the tree .* has 2 leaves"),
        ("tree", None, "the field 'tree' is missing or is no str"),
        ("leaves", [0], "is not token 0"),
        ("leaves", ["1"], "neither an index nor null"),
        ("leaves", [True], "neither an index nor null"),
        ("tokens", ["play", 1], "no string"),
        ("tokens", ["", "music"], "an empty one"),
        ("tokens", "play music", "is no list"),
        ("formalism", "sql", "no formalism is named 'sql'"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(LINE + "\n" + json.dumps({**json.loads(LINE), field: value}) + "\n", encoding="utf-8")
    rows = read_examples(path, ONTOLOGY)
    assert next(rows).id == "1"
    with pytest.raises(DataError, match=reason) as caught:
        next(rows)
    assert str(caught.value).startswith(f"{path}:2:")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "not JSON"),
        (b"play music", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"[" * 100_000, "nested too deep|not JSON"),
        (LINE.encode().replace(b"play", b"pl\xe4y"), "not UTF-8"),
    ],
)
def test_a_line_that_is_no_example(line: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(line + b"\n")
    with pytest.raises(DataError, match=reason) as caught:
        list(read_examples(path, ONTOLOGY))
    assert (caught.value.file, caught.value.line) == (path, 1)


def test_a_tree_that_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    good = Example("1", "music", "pause", ("pause",), Node("Pause"))
    bad = Example("2", "music", "pause", ("pause",), Node("Play", (Node("Title"),)))
    with pytest.raises(DataError, match="'Title' is childless"):
        write_examples(tmp_path / "train.jsonl", [good, bad], ONTOLOGY)
    assert list(tmp_path.iterdir()) == []
