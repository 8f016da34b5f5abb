"""Trees: what their parts are, and that changes leave the rest alone."""

from __future__ import annotations

import dataclasses

import pytest

from data_conversion.errors import DataError
from data_conversion.tree import MAX_DEPTH, Leaf, Node, check_depth

TREE = Node(
    "and",
    (
        Node("PauseMusic"),
        Node("PlayMusic", (Node("Mediatype", (Leaf("folk", 3), Leaf("music", 4))), Leaf("now"))),
    ),
)


def test_leaves_from_left_to_right() -> None:
    assert [leaf.text for leaf in TREE.leaves()] == ["folk", "music", "now"]


def test_nodes_parents_first() -> None:
    assert [node.label for node in TREE.nodes()] == ["and", "PauseMusic", "PlayMusic", "Mediatype"]


def test_depth_counts_nodes() -> None:
    assert (TREE.depth, Node("x").depth, Node("x", (Leaf("word"),)).depth) == (3, 1, 1)


def test_a_childless_node_is_no_leaf() -> None:
    assert Node("PauseMusic") != Leaf("PauseMusic")


def test_trees_are_values() -> None:
    assert len({TREE, TREE.shifted(0), TREE.map_leaves(lambda leaf: leaf)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        TREE.label = "or"  # type: ignore[misc]


def test_shifted_moves_only_copied_leaves() -> None:
    assert [leaf.position for leaf in TREE.shifted(10).leaves()] == [13, 14, None]


def test_without_positions() -> None:
    assert TREE != TREE.without_positions() == TREE.shifted(1).without_positions()


def test_through_nltk_and_back() -> None:
    assert Node.from_nltk(TREE.to_nltk()) == TREE.without_positions()


def test_check_depth() -> None:
    tree = Node("x")
    for _ in range(MAX_DEPTH - 1):
        tree = Node("x", (tree, Leaf("word")))
    check_depth(tree)
    with pytest.raises(DataError, match="deeper than 200 nodes"):
        check_depth(Node("x", (tree,)))
