"""The top-down transition system: open a node, build its children, close it.

*play music* is `Open(PlayMusicIntent) Open(Mediatype) Copy(1) Close Close`.

    >>> from data_conversion.tree import Leaf, Node
    >>> tree = Node("PlayMusicIntent", (Node("Mediatype", (Leaf("music", 1),)),))
    >>> print(*TopDown().oracle(tree))
    Open(PlayMusicIntent) Open(Mediatype) Copy(1) Close Close

Cheng et al. (ACL 2017) and Damonte et al. (NAACL 2019) forbid `Close` right after `Open`; here a label that training
has seen without children may be closed at once, or slotless intents would have no derivation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from data_conversion.tree import MAX_DEPTH, Leaf, Node
from parser.transitions.actions import Action, Close, Copy, Open
from parser.transitions.state import Counts, Item, State
from parser.transitions.system import leaf_for, terminal_for


class TopDown:
    """Open, Copy or Generate, Close."""

    def oracle(self, tree: Node) -> list[Action]:
        """The one derivation of `tree`, depth first."""
        actions: list[Action] = [Open(tree.label)]
        for child in tree.children:
            actions += [terminal_for(child)] if isinstance(child, Leaf) else self.oracle(child)
        return [*actions, Close()]

    def apply(self, state: State, action: Action, tokens: Sequence[str]) -> State:
        """Push an open node or a leaf, or replace the nearest open node and what is above it by a finished node."""
        state = replace(state, steps=state.steps + 1)
        match action:
            case Open(label):
                item = Item(state.steps, Node(label), state.top, _depth(state.top) + 1, opener=None, siblings=0)
                return replace(state, top=item, open_nodes=state.open_nodes + 1)
            case Close():
                return replace(state, top=_closed(state), open_nodes=state.open_nodes - 1)
        item = _child(state.steps, leaf_for(action, tokens), state.top)
        return replace(state, top=item, focus=action.position + 1 if isinstance(action, Copy) else state.focus)

    def legal(self, counts: Counts, words_kept: bool) -> tuple[Any, Any, Any]:
        """Whether Open, a terminal and Close may come next; written with `&` and `|` so that tensors do too.

        What is open must be closable within the length bound: with words kept, every word left and every open node
        costs one more action; with words dropped, every open node, and a child where the nearest needs one.
        """
        growing = counts.open_nodes > 0
        may_open = (growing | (counts.started == 0)) & (counts.open_nodes < MAX_DEPTH)
        fed = (counts.children > 0) | counts.childless
        if words_kept:
            needed = counts.open_nodes + counts.words_left
            may_open = may_open & (counts.words_left > 0) & (needed + 2 <= counts.steps_left)
            may_copy = growing & (counts.words_left > 0)
            may_close = growing & fed & ((counts.open_nodes > 1) | (counts.words_left == 0))
            return may_open, may_copy, may_close
        may_open = may_open & (counts.open_nodes + 3 <= counts.steps_left)
        may_add = growing & (counts.open_nodes + 1 <= counts.steps_left)
        return may_open, may_add, growing & fed


def _depth(top: Item | None) -> int:
    return top.depth if top is not None else 0


def _child(row: int, content: Node | Leaf, below: Item | None, children: tuple[Item, ...] = ()) -> Item:
    if below is None:  # the finished root
        return Item(row, content, None, 1, None, 0, children)
    return Item(row, content, below, below.depth + 1, below.nearest_open, below.siblings + 1, children)


def _closed(state: State) -> Item:
    """The finished node that takes the place of the nearest open one."""
    assert state.top is not None
    opened, children, item = state.top.nearest_open, [], state.top
    while item is not opened:
        children.append(item)
        assert item.below is not None
        item = item.below
    assert isinstance(opened.content, Node)
    children.reverse()
    node = Node(opened.content.label, tuple(child.content for child in children))
    return _child(state.steps, node, opened.below, tuple(children))
