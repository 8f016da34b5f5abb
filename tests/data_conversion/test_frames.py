"""From spans to trees and back."""

from __future__ import annotations

import pytest

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.frames import Clause, Frame, Span, frame_of, frame_tree, spans_of, tags_of
from data_conversion.tree import Leaf, Node


def draw(node: Node | Leaf) -> str:
    """A tree as nested brackets, operators and intents told by their labels alone."""
    return node.text if isinstance(node, Leaf) else f"[{' '.join([node.label, *map(draw, node.children)])}]"


@pytest.mark.parametrize("between", ["and", "or", "plus", ",", ", and", ""])
def test_values_with_only_connectives_between_them_are_coordinated(between):
    tokens = f"add milk {between} honey".split()
    spans = [Span("Item", 1, 2), Span("Item", len(tokens) - 1, len(tokens))]
    tree = frame_tree(tokens, [Clause("Add", 0, len(tokens))], spans)
    assert draw(tree) == f"[Add add [add [Item milk] {between + ' ' if between else ''}[Item honey]]]"
    assert [leaf.position for leaf in tree.leaves()] == list(range(len(tokens)))


def test_values_with_other_words_between_them_are_siblings():
    tokens = "add milk and also honey".split()
    tree = frame_tree(tokens, [Clause("Add", 0, 5)], [Span("Item", 1, 2), Span("Item", 4, 5)])
    assert draw(tree) == "[Add add [Item milk] and also [Item honey]]"


def test_values_of_two_slots_and_of_two_clauses_are_not_coordinated():
    tokens = "add milk and honey and tea".split()
    spans = [Span("Item", 1, 2), Span("Other", 3, 4), Span("Other", 5, 6)]
    tree = frame_tree(tokens, [Clause("Add", 0, 4), Clause("Say", 5, 6)], spans)
    assert draw(tree) == "[and [Add add [Item milk] and [Other honey]] and [Say [Other tea]]]"


def test_a_value_that_holds_and_stays_one_value():
    tree = frame_tree("play rock and roll".split(), [Clause("Play", 0, 4)], [Span("Genre", 1, 4)])
    assert draw(tree) == "[Play play [Genre rock and roll]]"


def test_a_value_across_two_clauses_is_refused():
    clauses = [Clause("A", 0, 1), Clause("B", 2, 3)]
    with pytest.raises(DataError, match="across two clauses"):
        frame_tree(["a", "b", "c"], clauses, [Span("S", 0, 3)])


def test_an_intent_named_like_the_operator_over_clauses_is_refused():
    with pytest.raises(DataError, match="an intent is named 'and', .*: rename it"):
        frame_tree(["play", "jazz"], [Clause("and", 0, 2)], [Span("Genre", 1, 2)])


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        (["O", "I-Item"], "'I-Item' of word 2 continues no value"),
        (["B-Item", "I-Other"], "'I-Other' of word 2 continues no value"),
        (["B-Item", "O", "I-Item"], "of word 3 continues no value"),
        (["X-Item"], "none of O, B-slot and I-slot"),
        (["B-"], "none of O, B-slot and I-slot"),
    ],
)
def test_tags_that_are_no_bio_sequence_are_refused(tags, reason):
    with pytest.raises(DataError, match=reason):
        spans_of(tags)


def test_slot_names_may_hold_hyphens():
    assert spans_of(["B-from-city", "I-from-city"]) == [Span("from-city", 0, 2)]


def test_tags_come_back_from_positions_not_from_texts():
    tokens = ("add", "add", "to", "add")
    tree = Node("Add", (Node("List", (Leaf("add", 3),)), Node("Item", (Leaf("add", 1),))))
    assert tags_of(Example("1", "d", " ".join(tokens), tokens, tree)) == ["O", "B-Item", "O", "B-List"]


def test_leaves_that_are_no_neighbours_are_several_values_and_overlaps_count_once():
    leaves = (Leaf("a", 0), Leaf("b", 2), Leaf("b", 2), Leaf("made up"))
    tree = Node("Do", (Node("Item", leaves), Node("Other", (Leaf("b", 2),))))
    assert frame_of(tree) == Frame(
        ("Do",), (Span("Item", 0, 1), Span("Item", 2, 3), Span("Item", 2, 3), Span("Other", 2, 3))
    )
    assert tags_of(Example("1", "d", "a x b", ("a", "x", "b"), tree)) == ["B-Item", "O", "B-Item"]


def test_of_nested_labels_the_outermost_slot_counts():
    inner = Node("IN:GET_EVENT", (Leaf("the", 1), Node("SL:NAME", (Leaf("fair", 2),))))
    tree = Node("IN:GO", (Leaf("to", 0), Node("SL:PLACE", (inner,))))
    assert frame_of(tree, "top") == Frame(("IN:GO",), (Span("SL:PLACE", 1, 3),))
