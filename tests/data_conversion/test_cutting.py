"""Cutting at connectives, and joining the trees of the pieces."""

from __future__ import annotations

import pytest

from data_conversion.cutting import CONNECTIVES, cut, join
from data_conversion.tree import Leaf, Node


def _pieces(text: str) -> list[str]:
    tokens = tuple(text.split())
    return [" ".join(tokens[start:end]) for start, end in cut(tokens)]


@pytest.mark.parametrize("connective", CONNECTIVES, ids=" ".join)
def test_every_connective_cuts_and_belongs_to_no_piece(connective: tuple[str, ...]) -> None:
    assert _pieces(f"play jazz {' '.join(connective)} stop it") == ["play jazz", "stop it"]


def test_cut_takes_the_longest_connective_whatever_its_case() -> None:
    assert _pieces("play jazz , AND Then stop it") == ["play jazz", "stop it"]


def test_cut_leaves_no_empty_piece() -> None:
    assert _pieces("and play jazz and and ,") == ["play jazz"]
    assert _pieces("and") == []
    assert cut(()) == []


def test_cut_of_a_simple_request_is_the_whole() -> None:
    assert cut(("play", "jazz")) == [(0, 2)]


def test_join_shifts_each_piece_and_flattens_compounds() -> None:
    stop = Node("Stop")
    play = Node("Play", (Node("Genre", (Leaf("jazz", 1),)),))
    compound = join([(play, 0), (stop, 3)])
    assert compound == Node("and", (play, stop))
    assert join([(stop, 0), (compound, 2)]) == Node("and", (stop, play.shifted(2), stop))


def test_join_of_one_piece_is_that_piece() -> None:
    play = Node("Play", (Node("Genre", (Leaf("jazz", 1),)),))
    assert join([(play, 4)]) == play.shifted(4)


def test_join_puts_the_connectives_between_the_pieces_where_words_are_kept() -> None:
    play, stop = Node("Play", (Leaf("play", 0),)), Node("Stop", (Leaf("stop", 0),))
    joined = join([(play, 0), (stop, 3)], [Leaf("and", 1), Leaf("then", 2)])
    assert [leaf.text for leaf in joined.leaves()] == ["play", "and", "then", "stop"]
    assert [leaf.position for leaf in joined.leaves()] == [0, 1, 2, 3]


def test_join_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no piece"):
        join([])
