"""The bottom-up transition system: build the children, then take them off the stack under their parent.

*play music* with its words dropped is `Copy(1) Reduce(Mediatype, 1) Reduce(PlayMusicIntent, 1) Finish`.

    >>> from data_conversion.tree import Leaf, Node
    >>> tree = Node("PlayMusicIntent", (Node("Mediatype", (Leaf("music", 1),)),))
    >>> print(*BottomUp().oracle(tree))
    Copy(1) Reduce(Mediatype, 1) Reduce(PlayMusicIntent, 1) Finish

Non-binary bottom-up parsing after Fernández-González and Gómez-Rodríguez (Artificial Intelligence 2019): `Reduce` names
the label and the number of children, here by two softmaxes. A node without children is pushed by `Nullary`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from data_conversion.tree import MAX_DEPTH, Leaf, Node
from parser.transitions.actions import Action, Copy, Finish, Generate, Kind, Nullary, Reduce
from parser.transitions.state import Counts, State, above, composed
from parser.transitions.system import Grammar, arities, push_terminal, terminal_for


class BottomUp:
    """Copy or Generate, Nullary, Reduce, Finish."""

    kinds = frozenset((Kind.TERMINAL, Kind.REDUCE, Kind.NULLARY, Kind.FINISH))
    adopts = False

    def oracle(self, tree: Node) -> list[Action]:
        """The one derivation of `tree`, children first."""
        return [*_derivation(tree), Finish()]

    def apply(self, state: State, action: Action, tokens: Sequence[str]) -> State:
        """Push a leaf or a childless node, or replace the topmost entries by a node over them."""
        match action:
            case Copy() | Generate():
                return push_terminal(state, action, tokens)
            case Nullary(label):
                return composed(state, label, (), state.top, nodes=state.nodes + 1)
            case Reduce(label, arity):
                below = state.top
                for _ in range(arity):
                    assert below is not None
                    below = below.below
                return composed(state, label, above(state.top, below), below, nodes=state.nodes + 1)
        return replace(state, steps=state.steps + 1, finished=True)

    def legal(self, counts: Counts, grammar: Grammar) -> tuple[Any, Any, Any, Any, Any, Any]:
        """Whether a terminal, Nullary, Reduce and Finish may come next.

        What is on the stack and what is left of the words must be gathered under one root within the length bound, by
        steps of `max_arity`, and by no more nodes than make `MAX_DEPTH`, so that no tree is deeper.
        """
        left = counts.words_left
        fewest, most = arities(counts, grammar)
        gathered = _reductions(counts.depth + 1 + left, grammar)  # after one more entry
        may_stand = bool(grammar.childless) & (left + gathered + 2 <= counts.steps_left)
        may_stand = may_stand & (counts.nodes + gathered + 1 <= MAX_DEPTH)
        single = (counts.depth == 0) & (left == 0)  # one leaf is no tree yet
        needed = gathered + single
        fits = (needed + 2 <= counts.steps_left) & (counts.nodes + needed <= MAX_DEPTH)
        whole = (counts.depth == 1) & (counts.top_leaf == 0) & (left == 0)
        return False, (left > 0 if grammar.words_kept else fits), False, may_stand, fewest <= most, whole


def _reductions(entries: Any, grammar: Grammar) -> Any:
    """How many nodes it takes at least to gather so many entries."""
    return -((1 - entries) // (grammar.max_arity - 1))


def _derivation(tree: Node) -> list[Action]:
    actions: list[Action] = []
    for child in tree.children:
        actions += [terminal_for(child)] if isinstance(child, Leaf) else _derivation(child)
    return [*actions, Reduce(tree.label, len(tree.children)) if tree.children else Nullary(tree.label)]
