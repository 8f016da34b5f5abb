"""Beam search: exhaustive where it can be, whole legal trees always, and the same answers in any batch."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import dropped_examples, kept_examples
from test_network import STATE_ENCODERS, SYSTEMS, CallCounter, network_for

from data_conversion.example import Example
from data_conversion.tree import Leaf, Node
from parser.decoding import beam, greedy
from parser.decoding.greedy import Derivation
from parser.decoding.stepper import Choice, LogProbs, Stepper
from parser.inputs import Indexer
from parser.network import ParserNetwork
from parser.transitions.actions import Action, Close, Copy, Finish, Generate, Kind, Nullary, Open, Reduce, kind_of
from parser.transitions.state import State
from parser.transitions.system import TransitionSystem, initial, is_legal, replay

some_examples = st.lists(dropped_examples(), min_size=1, max_size=4) | st.lists(kept_examples(), min_size=1, max_size=4)


def undecided(network: ParserNetwork) -> ParserNetwork:
    """With weights so large that it prefers some actions, as a trained parser does."""
    with torch.no_grad():
        for weights in network.heads.parameters():
            weights.mul_(5)
    return network


def searched(network: ParserNetwork, tokens: list[tuple[str, ...]], width: int, nbest: int) -> list[list[Derivation]]:
    return beam.parse_batch(network, Indexer(network.vocabulary).inputs(tokens), width, nbest)


def printed(network: ParserNetwork, actions: tuple[Action, ...], words: tuple[str, ...]) -> str:
    """The tree without the positions of its leaves, which no formalism prints."""
    tree = replay(network.system, actions, words, network.vocabulary.grammar)
    return str(tree.map_leaves(lambda leaf: Leaf(leaf.text)))


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("state_encoder", STATE_ENCODERS)
@settings(max_examples=8, deadline=None)
@given(examples=some_examples, seed=st.integers(0, 1000), width=st.integers(1, 12), nbest=st.integers(1, 4))
def test_every_hypothesis_is_a_legal_tree_and_a_batch_changes_nothing(
    system: TransitionSystem, state_encoder, examples: list[Example], seed: int, width: int, nbest: int
) -> None:
    network = undecided(network_for(examples, system, state_encoder, seed=seed))
    tokens, nbest = [example.tokens for example in examples], min(width, nbest)
    together = searched(network, tokens, width, nbest)
    for words, best in zip(tokens, together, strict=True):
        assert 1 <= len(best) <= nbest
        trees = [printed(network, derivation.actions, words) for derivation in best]
        assert len(set(trees)) == len(trees)
        logs = [derivation.log_prob for derivation in best]
        assert logs == sorted(logs, reverse=True) and math.fsum(map(math.exp, logs)) <= 1 + 1e-4
        for derivation in best:
            assert derivation.attention.shape == (len(derivation.actions), len(words))
            assert derivation.attention.sum(-1).tolist() == pytest.approx([1.0] * len(derivation.actions), abs=1e-4)
        alone = searched(network, [words], width, nbest)[0]
        assert [derivation.actions for derivation in alone] == [derivation.actions for derivation in best]
        assert [derivation.log_prob for derivation in alone] == pytest.approx(logs, abs=1e-3)


@pytest.mark.parametrize("kept", [True, False])
def test_a_search_makes_the_same_torch_calls_at_batch_1_and_64(kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beam, "_traced", lambda *found: [])  # symbols are made one by one
    network, calls = small_network(SYSTEMS[0], kept), []
    for size in (1, 64):
        with CallCounter() as counter:
            searched(network, [WORDS] * size, 4, 2)
        calls.append(counter.calls)
    assert calls[0] == calls[1] > 0


# -- against exhaustive search -----------------------------------------------------------------------------------------

WORDS = ("play", "music")


def small_network(system: TransitionSystem, kept: bool) -> ParserNetwork:
    """Two labels, one of them childless, and so few actions a derivation that all can be listed.

    With words dropped "music" can be copied and generated: two derivations of one tree.
    """
    last = Node("Slot", (Leaf("music", 1 if kept else None),))
    tree = Node("Intent", (Leaf("play", 0), last) if kept else (last, Node("Intent")))
    network = network_for([Example("x", "d", "play music", WORDS, tree)], system)
    network.vocabulary = replace(network.vocabulary, bound_base=(8 if kept else 5) - 4 * len(WORDS))
    return undecided(network)


def every_derivation(network: ParserNetwork) -> list[tuple[Action, ...]]:
    """All that the symbolic system allows."""
    vocabulary, system = network.vocabulary, network.system
    arities = range(1, vocabulary.max_arity + 1)
    actions: list[Action] = [Close(), Finish(), Copy(0), Copy(1), *map(Generate, vocabulary.lexicon)]
    for label in vocabulary.labels:
        actions += [Open(label), Nullary(label), *(Reduce(label, arity) for arity in arities)]

    def grown(state: State, taken: tuple[Action, ...]) -> Iterator[tuple[Action, ...]]:
        if state.finished:
            yield taken
        for action in actions if not state.finished else ():
            if is_legal(system, state, action, vocabulary.grammar):
                yield from grown(system.apply(state, action, WORDS), (*taken, action))

    return list(grown(initial(len(WORDS), vocabulary.grammar), ()))


def forced(network: ParserNetwork, derivations: list[tuple[Action, ...]]) -> list[float]:
    """The log-probability of each derivation, taken step by step."""
    stepper = Stepper(network, Indexer(network.vocabulary).inputs([WORDS] * len(derivations)))
    totals = [0.0] * len(derivations)
    with torch.inference_mode():
        for step in range(max(map(len, derivations))):
            logs, rows = stepper.log_probs(stepper.scores()), []
            for index, actions in enumerate(derivations):
                row = (-1, -1, 0, -1)
                if step < len(actions):
                    row = chosen(network, actions[step])
                    totals[index] += log_prob(logs, index, *row)
                rows.append(row)
            kinds, labels, arities, tokens = np.array(rows).T[..., None]
            stepper.take(Choice(kinds, labels, arities, tokens, np.zeros((len(rows), 1))))
    assert stepper.state.finished.all()
    return totals


def chosen(network: ParserNetwork, action: Action) -> tuple[int, int, int, int]:
    """The kind, label, arity and token of an action."""
    vocabulary = network.vocabulary
    label = vocabulary.label_ids[action.label] if isinstance(action, (Open, Nullary, Reduce)) else -1
    token = vocabulary.lexicon_ids[action.token] if isinstance(action, Generate) else -1
    token = len(vocabulary.lexicon) + action.position if isinstance(action, Copy) else token
    return kind_of(action), label, action.arity if isinstance(action, Reduce) else 0, token


def log_prob(logs: LogProbs, index: int, kind: int, label: int, arity: int, token: int) -> float:
    total = logs.kinds[index, 0, kind]
    if label >= 0:
        total = total + (logs.nullary if kind == Kind.NULLARY else logs.labels)[index, 0, label]
    if arity:
        total = total + logs.arities[index, 0, label, arity - 1]
    if token >= 0:
        total = total + logs.tokens[index, 0, token - logs.first_token[index, 0]]
    return total.item()


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("constraints", [True, False])
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_wide_beam_finds_what_exhaustive_search_finds(
    system: TransitionSystem, constraints: bool, kept: bool
) -> None:
    network = small_network(system, kept)
    if not constraints:
        network.may_stand = None
    legal, trees = every_derivation(network), defaultdict(float)
    for actions, log in zip(legal, forced(network, legal), strict=True):
        if log > -math.inf:  # it fits the constraints
            trees[printed(network, actions, WORDS)] += math.exp(log)
    assert sum(trees.values()) == pytest.approx(1, abs=1e-4)  # no dead end
    assert kept or len(trees) < len(legal)  # some build the same tree
    (found,) = searched(network, [WORDS], 2 * len(legal), len(trees))
    assert {printed(network, d.actions, WORDS): math.exp(d.log_prob) for d in found} == pytest.approx(trees, abs=1e-4)
    (best, _) = searched(network, [WORDS], 2 * len(legal), 2)[0]  # a search that ends as soon as it can
    assert best.actions == found[0].actions
    (taken,) = greedy.parse_batch(network, Indexer(network.vocabulary).inputs([WORDS]))
    assert best.log_prob >= taken.log_prob - 1e-4
    assert forced(network, [taken.actions]) == pytest.approx([taken.log_prob], abs=1e-4)
