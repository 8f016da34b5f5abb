"""Drawn trees hold every label and word, and the SVG is XML whatever the words are."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_conversion.tree import Leaf, Node
from parser.rendering import pretty, svg

SVG = "{http://www.w3.org/2000/svg}"

ITEMS = Node("add", (Node("ItemName", (Leaf("apples", 1),)), Node("ItemName", (Leaf("figs"),))))
COMPOUND = Node("and", (Node("addToListIntent", (ITEMS,)), Node("PauseMusicIntent")))


def test_pretty_draws_the_compound_request() -> None:
    lines = [line.split() for line in pretty(COMPOUND).splitlines()]
    assert lines[0] == ["and"]
    assert lines[2] == ["addToListIntent", "│"]
    assert lines[-3] == ["ItemName", "ItemName", "PauseMusicIntent"]
    assert lines[-1] == ["apples", "figs", "∅"]


@pytest.mark.parametrize("word", ["(Apples)", "...", "a b", "\\(", "🎵", "<b>&amp;"])
def test_pretty_draws_any_word_as_it_is(word: str) -> None:
    assert word in pretty(Node("Search", (Node("Title", (Leaf(word, 0),)),)))


def test_svg_has_a_box_a_label_and_italics_for_a_generated_word() -> None:
    drawing = ElementTree.fromstring(svg(COMPOUND))
    texts = {text.text: text.get("font-style") for text in drawing.iter(f"{SVG}text")}
    assert len(list(drawing.iter(f"{SVG}rect"))) == sum(1 for _ in COMPOUND.nodes())
    assert texts["apples"] is None
    assert texts["figs"] == "italic"


def test_svg_colours_boxes_by_kind() -> None:
    kinds = {"and": "operator", "add": "operator", "addToListIntent": "intent", "PauseMusicIntent": "intent"}
    fills = [box.get("fill") for box in ElementTree.fromstring(svg(COMPOUND, kinds)).iter(f"{SVG}rect")]
    assert len(set(fills)) == 3  # operator, intent, and the plain one of the unknown ItemName


WORDS = st.text(st.characters(exclude_categories=()), min_size=1, max_size=12)
TREES = st.recursive(
    st.builds(Node, WORDS),
    lambda trees: st.builds(Node, WORDS, st.lists(trees | st.builds(Leaf, WORDS), max_size=4).map(tuple)),
    max_leaves=8,
)


@given(TREES)
def test_svg_is_xml_and_no_box_overlaps_another(tree: Node) -> None:
    drawing = ElementTree.fromstring(svg(tree))
    boxes = sorted([float(box.get(side, 0)) for side in ("y", "x", "width")] for box in drawing.iter(f"{SVG}rect"))
    assert len(boxes) == sum(1 for _ in tree.nodes())
    for (row, x, width), (next_row, next_x, _) in pairwise(boxes):
        assert row != next_row or x + width < next_x
    assert all(x > 0 and x + width < float(drawing.get("width", 0)) for _, x, width in boxes)
