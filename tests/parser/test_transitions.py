"""The laws of every transition system: the oracle rebuilds the tree by legal steps; any legal walk ends in a tree."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import CHILDLESS, LABELS, LEXICON, dropped_examples, kept_examples

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.tree import Leaf, Node
from parser.transitions.actions import Action, Close, Copy, Finish, Generate, Nullary, Open, Reduce
from parser.transitions.bottom_up import BottomUp
from parser.transitions.in_order import InOrder
from parser.transitions.state import State
from parser.transitions.system import Grammar, TransitionSystem, built, initial, is_legal, replay, tree_of
from parser.transitions.top_down import TopDown

SYSTEMS = [TopDown(), InOrder(), BottomUp()]
TOKENS = "add apples and oranges to shopping list and play music".split()
ARTICLE = Node(
    "and",
    (
        Node(
            "addToListIntent",
            (Node("add", (Node("ItemName", (Leaf("apples", 1),)), Node("ItemName", (Leaf("oranges", 3),)))),),
        ),
        Node("PlayMusicIntent", (Node("Mediatype", (Leaf("music", 9),)),)),
    ),
)

BESIDE_WORDS = [
    Example("x", "d", "play", ("play",), Node(CHILDLESS, children))
    for children in ((Node(CHILDLESS), Leaf("play", 0)), (Leaf("play", 0), Node(CHILDLESS)))
]
"""A node without words before the words, and one behind them."""


def grammar(words_kept: bool) -> Grammar:
    return Grammar(words_kept, frozenset({CHILDLESS}), max_arity=100, bound_base=1000)  # random trees are large


@pytest.mark.parametrize("system", SYSTEMS)
@given(data=st.tuples(dropped_examples(), st.just(False)) | st.tuples(kept_examples(), st.just(True)))
@example(data=(BESIDE_WORDS[0], True))
@example(data=(BESIDE_WORDS[1], False))  # whole by chance: where words are kept, top-down opens nothing after the last
def test_replay_of_oracle_is_the_tree(system: TransitionSystem, data: tuple[Example, bool]) -> None:
    row, words_kept = data
    rules, actions = grammar(words_kept), system.oracle(row.tree)
    assert replay(system, actions, row.tokens, rules) == row.tree
    assert built(system, actions, row.tokens, rules) == row.tree


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("words_kept", [True, False])
@given(length=st.integers(1, 7), seed=st.integers(0, 10**6), base=st.integers(2, 9), arity=st.integers(2, 4))
def test_a_random_legal_walk_ends_in_a_whole_tree(
    system: TransitionSystem, words_kept: bool, length: int, seed: int, base: int, arity: int
) -> None:
    rules = Grammar(words_kept, frozenset({CHILDLESS}), arity, base)
    tokens, chance = TOKENS[:length], random.Random(seed)
    state = initial(length, rules)
    while not state.finished:
        choices = [action for action in every_action(state) if is_legal(system, state, action, rules)]
        assert choices, "nothing is legal but the tree is not whole"
        state = system.apply(state, chance.choice(choices), tokens)
    assert state.steps <= rules.bound(length)
    tree = tree_of(state)
    assert all(node.children or node.label == CHILDLESS for node in tree.nodes())
    if words_kept:
        assert [leaf.position for leaf in tree.leaves()] == list(range(length))


def every_action(state: State) -> list[Action]:
    copies = [Copy(position) for position in range(state.length)]
    reduces = [Reduce(label, arity) for label in LABELS for arity in range(1, state.depth + 1)]
    return [*map(Open, LABELS), *copies, *map(Generate, LEXICON), Close(), *map(Nullary, LABELS), *reduces, Finish()]


def test_the_articles_request_top_down() -> None:
    derivation = " ".join(map(str, TopDown().oracle(ARTICLE)))
    assert derivation == (
        "Open(and) Open(addToListIntent) Open(add) Open(ItemName) Copy(1) Close Open(ItemName) Copy(3) Close "
        "Close Close "
        "Open(PlayMusicIntent) Open(Mediatype) Copy(9) Close Close Close"
    )
    assert replay(TopDown(), TopDown().oracle(ARTICLE), TOKENS, grammar(False)) == ARTICLE


@pytest.mark.parametrize(
    ("actions", "reason"),
    [
        ([Copy(0)], "action 1, Copy(0), is not legal here"),
        ([Open("Slot"), Close()], "action 2, Close, is not legal here"),
        ([Open("Intent"), Copy(10)], "action 2, Copy(10), is not legal here"),
        ([Open("Intent"), Copy(0)], "the derivation ends too early: nodes open: 1, entries on the stack: 2"),
    ],
)
def test_a_bad_derivation_says_which_action(actions: list[Action], reason: str) -> None:
    with pytest.raises(DataError, match="^" + reason.replace("(", r"\(").replace(")", r"\)") + "$"):
        replay(TopDown(), actions, TOKENS, grammar(False))
