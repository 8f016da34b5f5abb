"""Beam search over a whole batch: at every step each utterance keeps its most probable hypotheses.

A hypothesis is extended by whole actions: a kind with its label, its token, or its label and arity. What counts is the
probability of all its choices, without length normalisation, which did not help on TOP's dev set: every derivation ends
by the parser's own choice, so all trees of an utterance compete as one distribution. A finished derivation stays as it
is and competes.

A beam of one is not greedy search, which takes the best kind first and then its best member: where *Open* has 0.6
spread over many labels and *Close* has 0.4, greedy search opens and a beam of one closes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from parser.decoding.batched_state import Bools, Floats, Ints
from parser.decoding.greedy import Derivation, derivations
from parser.decoding.stepper import FIELDS, Choice, LogProbs, Stepper, host
from parser.domains import name_of
from parser.gathering import at
from parser.inputs import Inputs
from parser.network import ParserNetwork
from parser.transitions.actions import Kind
from parser.vocabulary import Vocabulary

_NEVER = -np.inf
_MULTIPLIER = 6364136223846793005  # of Knuth's 64-bit linear congruential generator


@dataclass(frozen=True)
class Step:
    """One step of a search, [batch, width, …]: what each hypothesis came from, did, and looked at."""

    parents: Ints
    choice: Choice
    attention: Tensor


@torch.inference_mode()
def parse_batch(network: ParserNetwork, inputs: Inputs, width: int, nbest: int = 1) -> list[list[Derivation]]:
    """The best derivations of each utterance, best first; each builds a whole, legal tree, and no two the same.

    All are of one domain, the likeliest where none is named. Derivations that differ only in where a word is taken from
    build the same tree: the best of them stands for all, and its log-probability is that of their sum. The search of an
    utterance ends when its `nbest` best are finished, as the log-probability of the others can only fall.

    Args:
        network: the parser.
        inputs: the utterances.
        width: how many hypotheses an utterance keeps; it may be larger than the number of possible actions.
        nbest: how many derivations to give back, from 1 to `width`; fewer come where there are no more.
    """
    stepper, texts, batch = Stepper(network, inputs, width), _texts(network.vocabulary, inputs), len(inputs.lengths)
    domains = host(stepper.words.domain)
    totals = np.full((batch, width), _NEVER)  # where it is minus infinity there is no hypothesis
    totals[:, 0] = host(network.domain_log_probs(stepper.words, inputs.domains))
    signatures = np.zeros((batch, width), np.int64)
    moving = np.arange(batch)
    steps, results = [], totals.copy()
    while (going := ((totals > _NEVER) & ~stepper.state.finished).any(axis=1)).any():
        if (~going).sum() * 4 > len(moving):  # a quarter stands still: the others go on without them
            stepper.keep(kept := np.flatnonzero(going))
            moving, totals, signatures, texts = (values[kept] for values in (moving, totals, signatures, texts))
        scores = stepper.scores()
        step = _extended(stepper, stepper.log_probs(scores), scores.attention, totals)
        stepper.select(step.parents)
        stepper.take(step.choice)
        signatures = _signed(np.take_along_axis(signatures, step.parents, 1), step.choice, texts)
        finished = stepper.state.finished
        totals = _merged(step.choice.log_probs, signatures, finished)
        settled = np.take_along_axis(finished | (totals == _NEVER), _best(totals, nbest), 1).all(1)
        totals = np.where(settled[:, None] & ~finished, _NEVER, totals)
        results[moving] = totals
        steps.append(step if len(moving) == batch else _among(step, moving, batch))
    best = _best(results, nbest)
    return _traced(network.vocabulary, inputs.lengths, domains, steps, np.take_along_axis(results, best, 1), best)


def _best(values: Floats, count: int) -> Ints:
    """[batch, count] the places of the largest, largest first."""
    return np.argsort(-values, axis=1, kind="stable")[:, :count]


def _extended(stepper: Stepper, logs: LogProbs, attention: Tensor, totals: Floats) -> Step:
    """The best `width` of all hypotheses that are one action longer, and of the finished ones; best first."""
    width = totals.shape[1]
    stays = np.where(stepper.state.finished, 0.0, _NEVER)[..., None]
    groups = [_choice(-1, stays), *(_actions(kind, logs, width) for kind in sorted(stepper.network.system.kinds))]
    joint = {name: np.concatenate([getattr(group, name) for group in groups], axis=-1) for name in FIELDS}
    joint["log_probs"] = joint["log_probs"] + totals[..., None]
    places = _best(joint["log_probs"].reshape(len(totals), -1), width)
    chosen = {name: np.take_along_axis(values.reshape(len(totals), -1), places, 1) for name, values in joint.items()}
    for name in ("kinds", "tokens"):
        chosen[name] = np.where(chosen["log_probs"] > _NEVER, chosen[name], -1)
    parents = places // joint["kinds"].shape[-1]
    return Step(parents, Choice(**chosen), at(attention, stepper.state.tensor(parents)))


def _actions(kind: int, logs: LogProbs, most: int) -> Choice:
    """[batch, width, candidates] the best actions of a kind, so many that no other can be among the `most` best."""
    log = host(logs.kinds[..., kind, None])
    match kind:
        case Kind.OPEN:
            member, labels = _top(logs.labels, most)
            return _choice(kind, log + member, labels=labels)
        case Kind.TERMINAL:
            member, tokens = _top(logs.tokens, most)
            return _choice(kind, log + member, tokens=tokens + logs.first_token[..., None])
        case Kind.NULLARY:
            member, labels = _top(logs.nullary, most)
            return _choice(kind, log + member, labels=labels)
        case Kind.REDUCE:
            pairs = logs.labels[..., None] + logs.arities
            member, places = _top(pairs.flatten(2), most)
            return _choice(kind, log + member, labels=places // pairs.shape[-1], arities=places % pairs.shape[-1] + 1)
    return _choice(kind, log)


def _choice(
    kind: int, log_probs: Floats, labels: Ints | None = None, arities: Ints | None = None, tokens: Ints | None = None
) -> Choice:
    """Actions of one kind; what is not given does not apply."""
    nothing = np.full(log_probs.shape, -1)
    return Choice(
        kinds=np.full_like(nothing, kind),
        labels=nothing if labels is None else labels,
        arities=np.zeros_like(nothing) if arities is None else arities,
        tokens=nothing if tokens is None else tokens,
        log_probs=log_probs,
    )


def _top(logs: Tensor, most: int) -> tuple[Floats, Ints]:
    best, places = logs.topk(min(most, logs.shape[-1]))
    return host(best), host(places)


# -- derivations that build the same tree ------------------------------------------------------------------------------


def _texts(vocabulary: Vocabulary, inputs: Inputs) -> Ints:
    """[batch, tokens] a number for the text of every token, equal where the texts are, generated or copied."""
    numbers: dict[str, int] = {}
    mask, lexicon = host(inputs.mask), [numbers.setdefault(name_of(word), len(numbers)) for word in vocabulary.lexicon]
    copied = np.zeros(mask.shape, np.int64)
    copied[mask] = [numbers.setdefault(word, len(numbers)) for words in inputs.tokens for word in words]
    generated = np.broadcast_to(np.array(lexicon, np.int64), (len(mask), len(lexicon)))
    return np.concatenate([generated, copied], axis=1)


def _signed(signatures: Ints, choice: Choice, texts: Ints) -> Ints:
    """[batch, width] signatures, one action later: equal, but for chance, where the actions build the same."""
    text = np.where(choice.tokens < 0, -1, np.take_along_axis(texts, choice.tokens.clip(min=0), 1))
    signed = signatures
    for part in (choice.kinds, choice.labels, choice.arities, text):
        signed = signed * _MULTIPLIER + part + 2
    return np.where(choice.kinds >= 0, signed, signatures)


def _merged(totals: Floats, signatures: Ints, finished: Bools) -> Floats:
    """[batch, width] log-probabilities, best first; the first of those that built the same tree has all of theirs."""
    same = (signatures[:, :, None] == signatures[:, None]) & finished[:, :, None] & finished[:, None]
    merged = np.logaddexp.reduce(np.where(same, totals[:, None], _NEVER), axis=-1).clip(max=0.0)
    again = np.tril(same, -1).any(-1)  # rounding may pass certainty, hence the clip
    return np.where(finished, np.where(again, _NEVER, merged), totals)


# -- back from the last step to the first ------------------------------------------------------------------------------


def _among(step: Step, places: Ints, batch: int) -> Step:
    """The step of some utterances at their places in a larger batch, where the others stay as they are."""
    width = step.parents.shape[1]

    def spread(values: NDArray) -> NDArray:
        larger = np.full((batch, *values.shape[1:]), -1, values.dtype)
        larger[places] = values
        return larger

    parents = np.tile(np.arange(width), (batch, 1))
    parents[places] = step.parents
    attention = step.attention.new_zeros(batch, *step.attention.shape[1:])
    attention[torch.from_numpy(places).to(attention.device)] = step.attention
    return Step(parents, Choice(*(spread(getattr(step.choice, name)) for name in FIELDS)), attention)


def _traced(
    vocabulary: Vocabulary, lengths: Tensor, domains: Ints, steps: list[Step], log_probs: Floats, best: Ints
) -> list[list[Derivation]]:
    """The derivations of the [batch, nbest] best hypotheses."""
    chosen, attention, places = [], [], best
    for step in reversed(steps):
        chosen.append([np.take_along_axis(getattr(step.choice, name), places, 1) for name in FIELDS])
        attention.append(at(step.attention, torch.from_numpy(places).to(step.attention.device)))
        places = np.take_along_axis(step.parents, places, 1)
    nbest, taken = best.shape[1], len(steps)
    flat = derivations(
        vocabulary,
        lengths.repeat_interleave(nbest).tolist(),
        domains.repeat(nbest),
        Choice(*(np.stack(each[::-1], axis=-1).reshape(-1, taken) for each in zip(*chosen))),
        log_probs.ravel(),
        torch.stack(attention[::-1], dim=2).flatten(0, 1),
    )
    rows = (flat[start : start + nbest] for start in range(0, len(flat), nbest))
    return [[derivation for derivation in row if derivation.log_prob > _NEVER] for row in rows]
