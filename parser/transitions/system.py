"""What a transition system is, and what they share: legality, the replay of a derivation, and leaves.

`legal` says for each kind of action whether it may come next, from `Counts` alone, so that the same rule masks symbols
and whole arrays of states.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from data_conversion.errors import DataError
from data_conversion.tree import MAX_DEPTH, Leaf, Node
from parser.transitions.actions import Action, Copy, Generate, Kind, Nullary, Reduce, kind_of
from parser.transitions.state import Counts, State, push


@dataclass(frozen=True, slots=True)
class Grammar:
    """What the trees of a data set are like, as far as legality depends on it.

    Attributes:
        words_kept: every word of the utterance is a leaf, in order; else only copied or generated words are leaves.
        childless: the labels that may stand without children (slotless intents).
        max_arity: the most children that `Reduce` gives a node; 12 or more, so that some hundred nodes can gather the
            words of any utterance.
        bound_base: actions that a derivation may have, whatever the length of the utterance.
        bound_per_word: and per word.
    """

    words_kept: bool
    childless: frozenset[str] = frozenset()
    max_arity: int = 12
    bound_base: int = 20
    bound_per_word: int = 4

    def bound(self, length: int) -> int:
        """The most actions for an utterance of that many words."""
        return self.bound_base + self.bound_per_word * length


class TransitionSystem(Protocol):
    """A way to build trees by actions."""

    kinds: frozenset[Kind]
    """The kinds of action that it has; without `FINISH` the derivation ends when the root is closed."""
    adopts: bool
    """`Open` takes the top of the stack for the first child."""

    def oracle(self, tree: Node) -> list[Action]:
        """The actions that build `tree`."""

    def apply(self, state: State, action: Action, tokens: Sequence[str]) -> State:
        """The state after an action, which must be legal."""

    def legal(self, counts: Counts, grammar: Grammar) -> tuple[Any, Any, Any, Any, Any, Any]:
        """Whether an action of each `Kind` may come next; written with `&` and `|` so that arrays do too."""


def initial(length: int, grammar: Grammar) -> State:
    """The state before the first action for an utterance of that many words."""
    return State(length, grammar.bound(length))


def counts_of(state: State, grammar: Grammar) -> Counts:
    """The numbers of a symbolic state that legality depends on."""
    top = state.top
    nearest = top.nearest_open if top is not None else None
    return Counts(
        depth=state.depth,
        top_open=top is not None and top.is_open,
        top_leaf=top is not None and isinstance(top.content, Leaf),
        open_nodes=state.open_nodes,
        nodes=state.nodes,
        children=top.siblings if top is not None else 0,
        childless=nearest is not None
        and isinstance(nearest.content, Node)
        and nearest.content.label in grammar.childless,
        words_left=state.length - state.focus if grammar.words_kept else 0,
        steps_left=state.bound - state.steps,
    )


def arities(counts: Counts, grammar: Grammar) -> tuple[Any, Any]:
    """The fewest and the most children that `Reduce` may take, when `Reduce` is legal.

    At most what the stack has and training has seen; at least so many that what then lies on the stack can still be
    gathered under one root with the steps and nodes that are left.
    """
    spare = least_of(counts.steps_left - 2 - counts.words_left, MAX_DEPTH - 1 - counts.nodes)
    fewest = counts.depth + counts.words_left - spare * (grammar.max_arity - 1)
    return -least_of(-1, -fewest), least_of(grammar.max_arity, counts.depth)


def least_of(one: Any, other: Any) -> Any:
    """The smaller of the two, for scalars and arrays."""
    return other + (one < other) * (one - other)


def is_legal(system: TransitionSystem, state: State, action: Action, grammar: Grammar) -> bool:
    """Whether `action` may come next."""
    counts = counts_of(state, grammar)
    if not system.legal(counts, grammar)[kind_of(action)]:
        return False
    match action:
        case Copy(position):
            return position == state.focus if grammar.words_kept else 0 <= position < state.length
        case Generate():
            return not grammar.words_kept
        case Nullary(label):
            return label in grammar.childless
        case Reduce(_, arity):
            fewest, most = arities(counts, grammar)
            return fewest <= arity <= most
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
        if state.finished or not is_legal(system, state, action, grammar):
            raise DataError(f"action {state.steps + 1}, {action}, is not legal here")
        state = system.apply(state, action, tokens)
    if not state.finished:
        raise DataError(
            f"the derivation ends too early: nodes open: {state.open_nodes}, entries on the stack: {state.depth}"
        )
    return tree_of(state)


def built(system: TransitionSystem, actions: Iterable[Action], tokens: Sequence[str], grammar: Grammar) -> Node:
    """The tree of a derivation that is known to be legal, as a decoder's is; otherwise see `replay`."""
    state = initial(len(tokens), grammar)
    for action in actions:
        state = system.apply(state, action, tokens)
    return tree_of(state)


def tree_of(state: State) -> Node:
    """The tree of a finished state."""
    assert state.top is not None and isinstance(state.top.content, Node)
    return state.top.content


def push_terminal(state: State, action: Copy | Generate, tokens: Sequence[str]) -> State:
    """The state after a leaf was pushed."""
    if isinstance(action, Copy):
        leaf = Leaf(tokens[action.position], action.position)
        return push(state, leaf, state.top, focus=action.position + 1)
    return push(state, Leaf(action.token), state.top)


def terminal_for(leaf: Leaf) -> Copy | Generate:
    """The action that pushes a leaf."""
    return Generate(leaf.text) if leaf.position is None else Copy(leaf.position)
