"""The symbolic parser state: the readable specification of the batched tensor state.

Every action pushes exactly one row; the stack is a persistent linked list, so states share their tails and nothing is
copied. The numbers that decide what is legal (`Counts`) are kept apart: one rule over them serves symbols and tensors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from data_conversion.tree import Leaf, Node


@dataclass(frozen=True, slots=True)
class Item:
    """A stack entry: an open node, a leaf, or a finished subtree.

    Attributes:
        row: the number of the action that pushed it, from 1; 0 stands for the empty stack.
        content: a `Node` (without children while it is open) or a `Leaf`.
        below: the entry under it.
        depth: the number of entries down to the bottom, itself included.
        opener: the nearest open node at or under it; None for itself.
        siblings: how many children the nearest open node has up to this entry, itself included; 0 for an open node.
        children: the entries that a finished node was composed of.
    """

    row: int
    content: Node | Leaf
    below: Item | None
    depth: int
    opener: Item | None
    siblings: int
    children: tuple[Item, ...] = ()

    @property
    def nearest_open(self) -> Item:
        """The open node that this entry is or belongs to."""
        return self.opener or self


@dataclass(frozen=True, slots=True)
class Counts:
    """What legality depends on: scalars, or arrays or tensors of one shape.

    Attributes:
        started: a first action was taken.
        open_nodes: the number of open nodes.
        children: the number of children of the nearest open node.
        childless: the nearest open node may be closed without children.
        words_left: the words not yet taken (words kept).
        steps_left: the actions left under the length bound.
    """

    started: Any
    open_nodes: Any
    children: Any
    childless: Any
    words_left: Any
    steps_left: Any


@dataclass(frozen=True, slots=True)
class State:
    """A parser state over an utterance of `length` words.

    Attributes:
        length: the number of words.
        bound: the most actions a derivation may have.
        top: the top of the stack, None while it is empty.
        steps: the number of actions taken.
        open_nodes: the number of open nodes.
        focus: the word after the one copied last; with words kept, the next word.
    """

    length: int
    bound: int
    top: Item | None = None
    steps: int = 0
    open_nodes: int = 0
    focus: int = 0

    @property
    def finished(self) -> bool:
        """The stack holds one whole tree."""
        return self.steps > 0 and self.open_nodes == 0
