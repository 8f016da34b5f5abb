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
from parser.transitions.actions import Action, Close, Copy, Generate, Kind, Open
from parser.transitions.state import Counts, State, close, push_open
from parser.transitions.system import Grammar, push_terminal, terminal_for


class TopDown:
    """Open, Copy or Generate, Close."""

    kinds = frozenset((Kind.OPEN, Kind.TERMINAL, Kind.CLOSE))
    adopts = False

    def oracle(self, tree: Node) -> list[Action]:
        """The one derivation of `tree`, depth first."""
        actions: list[Action] = [Open(tree.label)]
        for child in tree.children:
            actions += [terminal_for(child)] if isinstance(child, Leaf) else self.oracle(child)
        return [*actions, Close()]

    def apply(self, state: State, action: Action, tokens: Sequence[str]) -> State:
        """Push an open node or a leaf, or replace the nearest open node and what is above it by a finished node."""
        match action:
            case Open(label):
                return push_open(state, label, 0)
            case Copy() | Generate():
                return push_terminal(state, action, tokens)
        state = close(state, 0)
        return replace(state, finished=state.open_nodes == 0)

    def legal(self, counts: Counts, grammar: Grammar) -> tuple[Any, Any, Any, Any, Any, Any]:
        """Whether Open, a terminal and Close may come next.

        What is open must be closable within the length bound: with words kept, every word left and every open node
        costs one more action; with words dropped, every open node, and a child where the nearest needs one.
        """
        growing = counts.open_nodes > 0
        may_open = counts.open_nodes < MAX_DEPTH
        fed = (counts.children > 0) | counts.childless
        if grammar.words_kept:
            needed = counts.open_nodes + counts.words_left
            may_open = may_open & (counts.words_left > 0) & (needed + 2 <= counts.steps_left)
            may_copy = growing & (counts.words_left > 0)
            may_close = growing & fed & ((counts.open_nodes > 1) | (counts.words_left == 0))
            return may_open, may_copy, may_close, False, False, False
        may_open = may_open & (counts.open_nodes + 3 <= counts.steps_left)
        may_add = growing & (counts.open_nodes + 1 <= counts.steps_left)
        return may_open, may_add, growing & fed, False, False, False
