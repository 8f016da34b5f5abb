"""The parse tree: a `Node` with a label over `Leaf`s that copy a word or generate one.

*play music* is the tree

    >>> tree = Node("PlayMusicIntent", (Node("Mediatype", (Leaf("music", 1),)),))
    >>> [leaf.position for leaf in tree.leaves()]
    [1]
    >>> tree.label, tree.depth
    ('PlayMusicIntent', 2)

A `Leaf` and a childless `Node` are different things, although the article's brackets write both as `(x)`: *pause the
music* is `Node("PauseMusicIntent")`, a request without a slot.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_conversion.errors import DataError

if TYPE_CHECKING:
    import nltk

MAX_DEPTH = 200
"""Readers refuse deeper trees: no annotation is, and walks over trees may then recurse."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A word of the tree.

    Attributes:
        text: the word.
        position: the index of the token it copies, or None where it is generated from the lexicon.
    """

    text: str
    position: int | None = None

    def __reduce__(self) -> tuple[type[Leaf], tuple[str, int | None]]:
        return Leaf, (self.text, self.position)  # pickled several times as fast as by the dataclass's own way


@dataclass(frozen=True, slots=True)
class Node:
    """A labelled node: an intent, a slot, an operator or a function, and its children in spoken order."""

    label: str
    children: tuple[Node | Leaf, ...] = ()

    def __reduce__(self) -> tuple[type[Node], tuple[str, tuple[Node | Leaf, ...]]]:
        return Node, (self.label, self.children)

    def leaves(self) -> Iterator[Leaf]:
        """The leaves from left to right."""
        for child in self.children:
            if isinstance(child, Leaf):
                yield child
            else:
                yield from child.leaves()

    def nodes(self) -> Iterator[Node]:
        """This node and all nodes below it, parents first."""
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.nodes()

    @property
    def depth(self) -> int:
        """The number of nodes on the longest way down: 1 for a childless node; leaves do not count."""
        return 1 + max((child.depth for child in self.children if isinstance(child, Node)), default=0)

    def map_leaves(self, change: Callable[[Leaf], Leaf]) -> Node:
        """The same tree with every leaf changed, left to right."""
        return Node(
            self.label,
            tuple(change(child) if isinstance(child, Leaf) else child.map_leaves(change) for child in self.children),
        )

    def map_labels(self, change: Callable[[str], str]) -> Node:
        """The same tree with every label changed."""
        return Node(
            change(self.label),
            tuple(child if isinstance(child, Leaf) else child.map_labels(change) for child in self.children),
        )

    def shifted(self, offset: int) -> Node:
        """The tree for the same words `offset` tokens further on in a longer utterance."""
        return self.map_leaves(lambda leaf: leaf if leaf.position is None else Leaf(leaf.text, leaf.position + offset))

    def numbered(self) -> Node:
        """The tree of a whole utterance, whose leaves are all its tokens, in order."""
        positions = itertools.count()
        return self.map_leaves(lambda leaf: Leaf(leaf.text, next(positions)))

    def without_positions(self) -> Node:
        """The tree as `exact_match` sees it: labels, order and leaf texts."""
        return self.map_leaves(lambda leaf: Leaf(leaf.text))

    def to_nltk(self) -> nltk.Tree:
        """As an `nltk.Tree` with strings for leaves (positions are lost)."""
        import nltk  # 2 s: only who asks for nltk trees pays for them

        return nltk.Tree(
            self.label, [child.text if isinstance(child, Leaf) else child.to_nltk() for child in self.children]
        )

    @classmethod
    def from_nltk(cls, tree: nltk.Tree) -> Node:
        """From an `nltk.Tree`; leaves get no position."""
        return cls(
            tree.label(), tuple(Leaf(str(child)) if isinstance(child, str) else cls.from_nltk(child) for child in tree)
        )


def check_depth(tree: Node) -> None:
    """Does nothing for a tree that other functions may walk by recursion.

    Raises:
        DataError: the tree is deeper than `MAX_DEPTH`.
    """
    level = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in node.children if isinstance(child, Node)]
        if not level:
            return
    raise DataError(f"the tree is deeper than {MAX_DEPTH} nodes: no annotation is, look for brackets that do not close")
