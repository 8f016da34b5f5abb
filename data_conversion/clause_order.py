"""Compound requests with their clauses in another order, to see whether a parser leans on the order of its test set.

>>> from data_conversion.tree import Leaf
>>> tokens = ("play", "jazz", "and", "stop")
>>> play, stop = Node("Play", (Leaf("play", 0), Leaf("jazz", 1))), Node("Stop", (Leaf("stop", 3),))
>>> tree = Node("and", (play, Leaf("and", 2), stop))
>>> turned = with_clauses_in_order(Example("1", "music", " ".join(tokens), tokens, tree), [1, 0])
>>> turned.utterance, [child.label for child in turned.tree.children if isinstance(child, Node)]
('stop and play jazz', ['Stop', 'Play'])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.frames import CLAUSE_OPERATOR
from data_conversion.tree import Node


def shuffled(example: Example, random: Random) -> Example:
    """The request with its clauses in a random order, which may be the one it has; a simple request stays as it is.

    Raises:
        DataError: the tree does not keep the words, so nobody knows which of them belong to which clause.
    """
    order = list(range(len(_clauses(example.tree))))
    random.shuffle(order)
    return with_clauses_in_order(example, order)


def with_clauses_in_order(example: Example, order: Sequence[int]) -> Example:
    """The request with clause `order[0]` first, then `order[1]` and so on; the words between clauses stay in place.

    Raises:
        DataError: the tree does not keep the words, so nobody knows which of them belong to which clause.
    """
    if not example.words_kept:
        raise DataError(f"the words of {example.utterance!r} are not all in the tree: convert with --words keep")
    clauses = _clauses(example.tree)
    if not clauses:
        return example
    moved = iter([clauses[index] for index in order])
    children = tuple(next(moved) if isinstance(child, Node) else child for child in example.tree.children)
    tree = Node(example.tree.label, children).numbered()
    tokens = tuple(leaf.text for leaf in tree.leaves())
    return replace(example, utterance=" ".join(tokens), tokens=tokens, tree=tree)


def _clauses(tree: Node) -> list[Node]:
    """The clauses of a compound; none where the request is simple."""
    return [child for child in tree.children if isinstance(child, Node)] if tree.label == CLAUSE_OPERATOR else []
