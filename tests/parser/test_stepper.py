"""Hypotheses that are copied, dropped and left behind go on as each would alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_network import STATE_ENCODERS, SYSTEMS, network_for, some_examples
from torch import nn

from data_conversion.example import Example
from data_conversion.tree import Leaf, Node
from parser.decoding import beam, greedy
from parser.decoding.greedy import choose
from parser.decoding.stepper import FIELDS, Choice, LogProbs, Stepper
from parser.inputs import Indexer, to_device
from parser.training.checks import has_bfloat16
from parser.transitions.system import TransitionSystem, replay

WORDS = ("play", "jazz")
PLAY_JAZZ = Example("x", "d", "play jazz", WORDS, Node("Intent", (Leaf("play", 0), Node("Slot", (Leaf("jazz", 1),)))))


def at_random(logs: LogProbs) -> Choice:
    """Any of the legal actions of each hypothesis."""
    choices = ("kinds", "labels", "nullary", "arities", "tokens")
    noisy = {name: getattr(logs, name) + 20 * torch.rand_like(getattr(logs, name)) for name in choices}
    return choose(replace(logs, **noisy))


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("state_encoder", STATE_ENCODERS)
@settings(max_examples=10, deadline=None)
@given(
    examples=some_examples,
    width=st.integers(1, 4),
    steps=st.integers(1, 45),
    seed=st.integers(0, 1000),
    copy=st.booleans(),
    attention=st.booleans(),
)
@torch.inference_mode()
def test_a_hypothesis_goes_on_as_it_would_alone(
    system: TransitionSystem,
    state_encoder: Callable[[int, int], nn.Module],
    examples: list[Example],
    width: int,
    steps: int,
    seed: int,
    copy: bool,
    attention: bool,
) -> None:
    copy = copy or all(example.words_kept for example in examples)
    network = network_for(examples, system, state_encoder, copy=copy, attention=attention, seed=seed)
    tokens, chance = [example.tokens for example in examples], np.random.default_rng(seed)
    stepper = Stepper(network, Indexer(network.vocabulary).inputs(tokens), width)
    moving, taken = np.arange(len(tokens)), np.empty((len(FIELDS), len(tokens), width, 0))
    for _ in range(steps):
        choice = at_random(stepper.log_probs(stepper.scores()))
        finished, top = stepper.state.finished, stepper.state.top
        stepper.take(choice)
        assert (stepper.state.top == top)[finished].all()
        taken = np.concatenate([taken, np.stack([getattr(choice, name) for name in FIELDS])[..., None]], axis=-1)
        parents = chance.integers(width, size=(len(moving), width))
        stepper.select(parents)
        taken = np.take_along_axis(taken, parents[None, ..., None], axis=2)
        if len(moving) > 1 and chance.random() < 0.1:
            kept = np.delete(np.arange(len(moving)), chance.integers(len(moving)))
            stepper.keep(kept)
            moving, taken = moving[kept], taken[:, kept]
    alone = Stepper(network, Indexer(network.vocabulary).inputs([tokens[place] for place in moving.repeat(width)]))
    for *chosen, log_probs in taken.reshape(len(FIELDS), -1, steps, 1).swapaxes(1, 2).swapaxes(0, 1):
        alone.take(Choice(*(values.astype(np.int64) for values in chosen), log_probs))
    assert_same(stepper, alone)


def assert_same(stepper: Stepper, alone: Stepper) -> None:
    """All hypotheses of one are those of the other, each of which is the only one of its utterance."""
    for name in ("finished", "focus", "nodes", "label", "top_label"):
        assert getattr(stepper.state, name).ravel().tolist() == getattr(alone.state, name).ravel().tolist()
    going, scores, expected = torch.from_numpy(~alone.state.finished[:, 0]), stepper.scores(), alone.scores()
    logs, expected_logs = stepper.log_probs(scores), alone.log_probs(expected)
    for name in ("attention", "tokens"):  # the longest utterance may be gone
        wanted = getattr(expected, name)[going, 0]
        made = getattr(scores, name).flatten(0, 1)[going, : wanted.shape[-1]]
        torch.testing.assert_close(made, wanted, rtol=1e-4, atol=1e-4)
    for name in ("kinds", "labels", "nullary", "arities"):
        made, wanted = getattr(logs, name).flatten(0, 1), getattr(expected_logs, name)[:, 0]
        torch.testing.assert_close(made[going], wanted[going], rtol=1e-4, atol=1e-4)
    assert bool((logs.kinds.flatten(0, 1)[~going] == float("-inf")).all())


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("state_encoder", STATE_ENCODERS)
@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.skipif(not has_bfloat16(), reason="the processor computes no LSTM in bfloat16")
def test_a_training_in_bfloat16_can_parse_its_validation_set(
    system: TransitionSystem, state_encoder: Callable[[int, int], nn.Module], weights: bool
) -> None:
    network = network_for([PLAY_JAZZ], system, state_encoder)
    inputs = Indexer(network.vocabulary).inputs([WORDS, WORDS[:1]])
    with torch.autocast("cpu", torch.bfloat16, enabled=not weights):  # Lightning's bf16-mixed, or its bf16-true
        network = network.bfloat16() if weights else network
        parses = [*greedy.parse_batch(network, inputs), *(best for best, *_ in beam.parse_batch(network, inputs, 3))]
    for tokens, derivation in zip([WORDS, WORDS[:1]] * 2, parses, strict=True):
        replay(system, derivation.actions, tokens, network.vocabulary.grammar)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("state_encoder", STATE_ENCODERS)
def test_a_gpu_parses_as_a_cpu_does(system: TransitionSystem, state_encoder: Callable[[int, int], nn.Module]) -> None:
    network = network_for([PLAY_JAZZ], system, state_encoder)
    inputs, found = Indexer(network.vocabulary).inputs([WORDS, WORDS[:1]]), {}
    for device in ("cpu", "cuda"):
        network, inputs = network.to(device), to_device(inputs, torch.device(device))
        derivations = [
            *greedy.parse_batch(network, inputs),
            *(best for best, *_ in beam.parse_batch(network, inputs, 3)),
        ]
        found[device] = [derivation.log_prob for derivation in derivations]
    assert found["cuda"] == pytest.approx(found["cpu"], abs=1e-2)
