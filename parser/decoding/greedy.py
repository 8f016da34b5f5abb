"""Greedy decoding of a whole batch: at every step each utterance takes the best kind, then its best label or token."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from parser.decoding.batched_state import Floats, Ints
from parser.decoding.stepper import FIELDS, Choice, LogProbs, Stepper, action_of, host
from parser.inputs import Inputs
from parser.network import ParserNetwork
from parser.transitions.actions import Action, Kind
from parser.vocabulary import Vocabulary


@dataclass(frozen=True)
class Derivation:
    """What the parser did for one utterance.

    Attributes:
        actions: the derivation.
        log_prob: the sum of the log-probabilities of all choices, after the legality masks; of the domain, too, where
            none was named.
        attention: [actions, words] where it looked at each step; no columns without attention.
        domain: the domain whose symbols it was shown; None where all are shared.
    """

    actions: tuple[Action, ...]
    log_prob: float
    attention: Tensor
    domain: str | None


@torch.inference_mode()
def parse_batch(network: ParserNetwork, inputs: Inputs) -> list[Derivation]:
    """The greedy derivation of each utterance; always a whole, legal tree."""
    stepper, batch = Stepper(network, inputs), len(inputs.lengths)
    domains, found_out = host(stepper.words.domain), host(network.domain_log_probs(stepper.words, inputs.domains))
    steps: list[tuple[Ints, Choice, Tensor]] = []
    moving = np.arange(batch)
    while not (finished := stepper.state.finished[:, 0]).all():
        if finished.sum() * 4 > len(moving):  # a quarter stands still: the others go on without them
            stepper.keep(unfinished := np.flatnonzero(~finished))
            moving = moving[unfinished]
        scores = stepper.scores()
        choice = choose(stepper.log_probs(scores))
        steps.append((moving, choice, scores.attention[:, 0]))
        stepper.take(choice)
    made = Choice(*(np.full((batch, len(steps)), 0.0 if name == "log_probs" else -1) for name in FIELDS))
    attention = steps[0][2].new_zeros(batch, len(steps), steps[0][2].shape[1])
    for step, (places, choice, seen) in enumerate(steps):
        attention[stepper.state.tensor(places), step] = seen
        for name in FIELDS:
            getattr(made, name)[places, step] = getattr(choice, name)[:, 0]
    log_probs = found_out + made.log_probs.sum(1)
    return derivations(network.vocabulary, inputs.lengths.tolist(), domains, made, log_probs, attention)


def choose(logs: LogProbs) -> Choice:
    """The best legal action of each hypothesis; kind -1 where it is finished."""
    log_probs, kinds = _best(logs.kinds)
    active = log_probs > -np.inf
    kinds = np.where(active, kinds, -1)
    (label_log, labels), (token_log, tokens) = _best(logs.labels), _best(logs.tokens)
    names, adds, arities = (kinds == Kind.OPEN) | (kinds == Kind.REDUCE), kinds == Kind.TERMINAL, np.zeros_like(kinds)
    log_probs = np.where(active, log_probs, 0.0) + np.where(names, label_log, 0.0) + np.where(adds, token_log, 0.0)
    if logs.arities.shape[-1]:
        reduces, place = kinds == Kind.REDUCE, labels[..., None]
        arity_log, arity = (np.take_along_axis(each, place, axis=2)[..., 0] for each in _best(logs.arities))
        arities, log_probs = np.where(reduces, arity + 1, 0), log_probs + np.where(reduces, arity_log, 0.0)
    labels = np.where(names, labels, -1)
    if logs.nullary.shape[-1]:
        stands, (nullary_log, nullary) = kinds == Kind.NULLARY, _best(logs.nullary)
        labels, log_probs = np.where(stands, nullary, labels), log_probs + np.where(stands, nullary_log, 0.0)
    return Choice(kinds, labels, arities, np.where(adds, tokens + logs.first_token, -1), log_probs)


def _best(logs: Tensor) -> tuple[Floats, Ints]:
    """The largest and its place."""
    best, place = logs.max(-1)
    return host(best), host(place)


def derivations(
    vocabulary: Vocabulary, lengths: list[int], domains: Ints, choices: Choice, log_probs: Floats, attention: Tensor
) -> list[Derivation]:
    """The symbolic derivations of choices in arrays.

    Args:
        vocabulary: the symbols.
        lengths: number of words of each of n utterances.
        domains: [n] whose symbols they were shown.
        choices: [n, steps] what was chosen; kind -1 after the end.
        log_probs: [n] of the derivations.
        attention: [n, steps, words] where the parser looked.
    """
    columns = (values.tolist() for values in (choices.kinds, choices.labels, choices.arities, choices.tokens))
    result = []
    names = [vocabulary.domains[domain] if vocabulary.domains else None for domain in domains]
    for length, name, log_prob, weights, *chosen in zip(lengths, names, log_probs.tolist(), attention, *columns):
        actions = tuple(action_of(vocabulary, *choice) for choice in zip(*chosen) if choice[0] >= 0)
        result.append(Derivation(actions, log_prob, weights[: len(actions), :length].clone(), name))
    return result
