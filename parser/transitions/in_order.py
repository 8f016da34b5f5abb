"""The in-order transition system: build the first child, open its parent over it, build the rest, close.

*play music* with its words dropped is `Copy(1) Open(Mediatype) Close Open(PlayMusicIntent) Close Finish`.

    >>> from data_conversion.tree import Leaf, Node
    >>> tree = Node("PlayMusicIntent", (Node("Mediatype", (Leaf("music", 1),)),))
    >>> print(*InOrder().oracle(tree))
    Copy(1) Open(Mediatype) Close Open(PlayMusicIntent) Close Finish

After Liu and Zhang (TACL 2017); for task-oriented trees Fernández-González (Cognitive Computation 2024). A label is
chosen with its first child in sight. A node without children, which has no first child, is pushed by `Nullary`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from data_conversion.tree import MAX_DEPTH, Leaf, Node
from parser.transitions.actions import Action, Close, Copy, Finish, Generate, Kind, Nullary, Open
from parser.transitions.state import Counts, State, close, composed, push_open
from parser.transitions.system import Grammar, push_terminal, terminal_for


class InOrder:
    """Open over the first child, Copy or Generate, Close, Nullary, Finish."""

    kinds = frozenset((Kind.TERMINAL, Kind.OPEN, Kind.CLOSE, Kind.NULLARY, Kind.FINISH))
    adopts = True

    def oracle(self, tree: Node) -> list[Action]:
        """The one derivation of `tree`."""
        return [*_derivation(tree), Finish()]

    def apply(self, state: State, action: Action, tokens: Sequence[str]) -> State:
        """Push an open node, a leaf or a childless node, or replace the nearest open node and its children."""
        match action:
            case Open(label):
                return push_open(state, label, 1)
            case Copy() | Generate():
                return push_terminal(state, action, tokens)
            case Nullary(label):
                return composed(state, label, (), state.top, nodes=state.nodes + 1)
            case Close():
                return close(state, 1)
        return replace(state, steps=state.steps + 1, finished=True)

    def legal(self, counts: Counts, grammar: Grammar) -> tuple[Any, Any, Any, Any, Any, Any]:
        """Whether Open, a terminal, Close, Nullary and Finish may come next.

        The tree must be finished within the length bound: every word left and every open node costs one action, Finish
        one, and two more open and close a root where nothing is open and the stack is no whole tree. Trees have at most
        `MAX_DEPTH` nodes, so that none is deeper.
        """
        growing, left, spare = counts.open_nodes > 0, counts.words_left, counts.steps_left - 1
        empty, may_grow = counts.depth == 0, counts.nodes < MAX_DEPTH
        rest = left + counts.open_nodes + 1
        may_open = (counts.depth > 0) & (counts.top_open == 0) & may_grow & (rest + 1 <= spare)
        may_add = (growing | empty) & (left > 0 if grammar.words_kept else rest + 2 * empty <= spare)
        reopens = may_grow & (left + 3 <= spare)
        may_close = growing & ((counts.open_nodes > 1) | (left == 0) | reopens)
        may_stand = (growing | empty) & may_grow & (rest + 2 * empty <= spare) & bool(grammar.childless)
        whole = (counts.depth == 1) & (counts.open_nodes == 0) & (counts.top_leaf == 0) & (left == 0)
        return may_open, may_add, may_close, may_stand, False, whole


def _derivation(tree: Node) -> list[Action]:
    if not tree.children:
        return [Nullary(tree.label)]
    first, *rest = ([terminal_for(child)] if isinstance(child, Leaf) else _derivation(child) for child in tree.children)
    return [*first, Open(tree.label), *(action for actions in rest for action in actions), Close()]
