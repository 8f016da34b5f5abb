"""What a transition system is, and what they share: the oracle's replay and the words on what is legal.

A system has `kinds`, the kinds of action in the order of the parser's softmax; `legal` gives for each whether it may
come next, from `Counts` alone, so that the same rule masks symbols, arrays and batches of tensors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from data_conversion.errors import DataError
from data_conversion.tree import Leaf, Node
from parser.transitions.actions import Action, Close, Copy, Generate, Open
from parser.transitions.state import Counts, State

KIND_OPEN, KIND_TERMINAL, KIND_CLOSE = range(3)
KIND_NAMES = ("open", "terminal", "close")


@dataclass(frozen=True, slots=True)
class Grammar:
    """What the trees of a data set are like, as far as legality depends on it.

    Attributes:
        words_kept: every word of the utterance is a leaf, in order; else only copied or generated words are leaves.
        childless: the labels that may stand without children (slotless intents).
        bound_base: actions that a derivation may have, whatever the length of the utterance.
        bound_per_word: and per word.
    """

    words_kept: bool
    childless: frozenset[str] = frozenset()
    bound_base: int = 20
    bound_per_word: int = 4

    def bound(self, length: int) -> int:
        """The most actions for an utterance of that many words."""
        return self.bound_base + self.bound_per_word * length


class TransitionSystem(Protocol):
    """A way to build trees by actions."""

    def oracle(self, tree: Node) -> list[Action]:
        """The actions that build `tree`."""

    def apply(self, state: State, action: Action, tokens: Sequence[str]) -> State:
        """The state after an action, which must be legal."""

    def legal(self, counts: Counts, words_kept: bool) -> tuple[Any, Any, Any]:
        """Whether an action of each kind may come next."""


def kind_of(action: Action) -> int:
    """The kind of an action: its place in the parser's softmax."""
    match action:
        case Open():
            return KIND_OPEN
        case Copy() | Generate():
            return KIND_TERMINAL
        case Close():
            return KIND_CLOSE


def initial(length: int, grammar: Grammar) -> State:
    """The state before the first action for an utterance of that many words."""
    return State(length, grammar.bound(length))


def counts_of(state: State, grammar: Grammar) -> Counts:
    """The numbers of a symbolic state that legality depends on."""
    nearest = state.top.nearest_open if state.top is not None and state.open_nodes else None
    label = nearest.content.label if nearest is not None and isinstance(nearest.content, Node) else None
    return Counts(
        started=state.steps > 0,
        open_nodes=state.open_nodes,
        children=state.top.siblings if nearest is not None and state.top is not None else 0,
        childless=label in grammar.childless,
        words_left=state.length - state.focus if grammar.words_kept else 0,
        steps_left=state.bound - state.steps,
    )


def is_legal(system: TransitionSystem, state: State, action: Action, grammar: Grammar) -> bool:
    """Whether `action` may come next."""
    if not system.legal(counts_of(state, grammar), grammar.words_kept)[kind_of(action)]:
        return False
    match action:
        case Copy(position):
            return position == state.focus if grammar.words_kept else 0 <= position < state.length
        case Generate():
            return not grammar.words_kept
    return True


def replay(system: TransitionSystem, actions: Iterable[Action], tokens: Sequence[str], grammar: Grammar) -> Node:
    """The tree that a derivation builds.

        replay(TopDown(), [Open("PlayMusicIntent"), Open("Mediatype"), Copy(1), Close(), Close()],
               ["play", "music"], Grammar(words_kept=False))
        gives Node("PlayMusicIntent", (Node("Mediatype", (Leaf("music", 1),)),))

    Raises:
        DataError: an action is not legal, or the derivation ends too early.
    """
    state = initial(len(tokens), grammar)
    for action in actions:
        if not is_legal(system, state, action, grammar):
            raise DataError(f"action {state.steps + 1}, {action}, is not legal here")
        state = system.apply(state, action, tokens)
    if not state.finished or state.top is None:
        raise DataError(f"the derivation ends with {state.open_nodes} nodes open")
    return tree_of(state)


def tree_of(state: State) -> Node:
    """The tree of a finished state."""
    assert state.top is not None and isinstance(state.top.content, Node)
    return state.top.content


def leaf_for(action: Copy | Generate, tokens: Sequence[str]) -> Leaf:
    """The leaf that a terminal action pushes."""
    if isinstance(action, Copy):
        return Leaf(tokens[action.position], action.position)
    return Leaf(action.token)


def terminal_for(leaf: Leaf) -> Copy | Generate:
    """The action that pushes a leaf."""
    return Generate(leaf.text) if leaf.position is None else Copy(leaf.position)
