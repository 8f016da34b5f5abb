"""The symbolic parser state: the readable specification of the batched state.

Every action pushes exactly one row; the stack is a persistent linked list, so states share their tails and nothing is
copied. The numbers that decide what is legal (`Counts`) are kept apart: one rule over them serves symbols and arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
        is_open: it is an open node.
        opener: the nearest open node under it; None where there is none.
        siblings: how many children the nearest open node has up to this entry, itself included; where none is open, how
            many entries the stack has. An open node itself counts the children that it starts with.
        children: the entries that a finished node was composed of.
    """

    row: int
    content: Node | Leaf
    below: Item | None
    depth: int
    is_open: bool
    opener: Item | None
    siblings: int
    children: tuple[Item, ...] = ()

    @property
    def nearest_open(self) -> Item | None:
        """The open node that this entry is or belongs to."""
        return self if self.is_open else self.opener


@dataclass(frozen=True, slots=True)
class Counts:
    """What legality depends on: scalars, or arrays of one shape.

    Attributes:
        depth: the number of entries on the stack.
        top_open: the top of the stack is an open node.
        top_leaf: it is a leaf.
        open_nodes: the number of open nodes.
        nodes: the number of nodes so far, open and finished.
        children: the number of children of the nearest open node.
        childless: the nearest open node may be closed without children.
        words_left: the words not yet taken (words kept).
        steps_left: the actions left under the length bound.
    """

    depth: Any
    top_open: Any
    top_leaf: Any
    open_nodes: Any
    nodes: Any
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
        nodes: the number of nodes so far, open and finished.
        focus: the word after the one copied last; with words kept, the next word.
        finished: the stack holds one whole tree and nothing can follow.
    """

    length: int
    bound: int
    top: Item | None = None
    steps: int = 0
    open_nodes: int = 0
    nodes: int = 0
    focus: int = 0
    finished: bool = False

    @property
    def depth(self) -> int:
        """The number of entries on the stack."""
        return self.top.depth if self.top is not None else 0


def push(
    state: State, content: Node | Leaf, below: Item | None, children: tuple[Item, ...] = (), **changes: Any
) -> State:
    """The state after a finished entry was pushed on `below`, whatever stood above it."""
    depth, siblings = (below.depth, below.siblings) if below is not None else (0, 0)
    opener = below.nearest_open if below is not None else None
    item = Item(state.steps + 1, content, below, depth + 1, False, opener, siblings + 1, children)
    return replace(state, top=item, steps=state.steps + 1, **changes)


def push_open(state: State, label: str, first_children: int) -> State:
    """The state after an open node was pushed that starts with so many children under it."""
    item = Item(state.steps + 1, Node(label), state.top, state.depth + 1, True, None, first_children)
    return replace(state, top=item, steps=item.row, open_nodes=state.open_nodes + 1, nodes=state.nodes + 1)


def above(top: Item | None, below: Item | None) -> tuple[Item, ...]:
    """The entries from the one above `below` up to the top."""
    items = []
    while top is not below:
        assert top is not None
        items.append(top)
        top = top.below
    return tuple(reversed(items))


def close(state: State, adopted: int) -> State:
    """The state after the nearest open node and its children became one entry; `adopted` of them lie under it."""
    assert state.top is not None and state.top.nearest_open is not None
    opened = state.top.nearest_open
    children, below = above(state.top, opened), opened.below
    for _ in range(adopted):
        assert below is not None
        children, below = (below, *children), below.below
    assert isinstance(opened.content, Node)
    return composed(state, opened.content.label, children, below, open_nodes=state.open_nodes - 1)


def composed(state: State, label: str, children: tuple[Item, ...], below: Item | None, **changes: Any) -> State:
    """The state after a node over these entries was pushed on `below`."""
    return push(state, Node(label, tuple(child.content for child in children)), below, children, **changes)
