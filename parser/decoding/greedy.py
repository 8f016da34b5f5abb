"""Greedy decoding of a whole batch: at every step each utterance takes the best kind, then its best label or token."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from parser.batching import Inputs
from parser.decoding.stepper import Choice, LogProbs, Stepper, action_of
from parser.network import ParserNetwork
from parser.transitions.actions import Action, Kind
from parser.vocabulary import Vocabulary


@dataclass(frozen=True)
class Derivation:
    """What the parser did for one utterance.

    Attributes:
        actions: the derivation.
        log_prob: the sum of the log-probabilities of all choices, after the legality masks.
        attention: [actions, words] where it looked at each step; no columns without attention.
    """

    actions: tuple[Action, ...]
    log_prob: float
    attention: Tensor


@torch.inference_mode()
def parse_batch(network: ParserNetwork, inputs: Inputs) -> list[Derivation]:
    """The greedy derivation of each utterance; always a whole, legal tree."""
    stepper, batch = Stepper(network, inputs), len(inputs.lengths)
    choices: list[Choice] = []
    attention: list[Tensor] = []
    moving = torch.arange(batch, device=inputs.lengths.device)
    while not bool((finished := stepper.state.finished[:, 0]).all()):
        if finished.sum() * 4 > len(moving):  # a quarter stands still: the others go on without them
            stepper.keep(unfinished := (~finished).nonzero()[:, 0])
            moving = moving[unfinished]
        scores = stepper.scores()
        choice = choose(stepper.log_probs(scores))
        choices.append(_among(choice, moving, batch))
        seen = scores.attention[:, 0]
        attention.append(seen.new_zeros(batch, seen.shape[1]).index_copy(0, moving, seen))
        stepper.take(choice)
    return _derivations(network.vocabulary, inputs, choices, attention)


def choose(logs: LogProbs) -> Choice:
    """The best legal action of each hypothesis; kind -1 where it is finished."""
    kind_log, kinds = logs.kinds.max(-1)
    label_log, labels = _best(logs.labels)
    nullary_log, nullary = _best(logs.nullary)
    arity_log, arities = _best(logs.arities.take_along_dim(labels[..., None, None], 2)[..., 0, :])
    token_log, tokens = _best(logs.tokens)
    active, stands, reduces = kind_log > float("-inf"), kinds == Kind.NULLARY, kinds == Kind.REDUCE
    names, adds = (kinds == Kind.OPEN) | reduces, kinds == Kind.TERMINAL
    total = kind_log
    for made, log in ((names, label_log), (stands, nullary_log), (reduces, arity_log), (adds, token_log)):
        total = torch.where(made, total + log, total)
    return Choice(
        kinds=torch.where(active, kinds, -1),
        labels=torch.where(active & stands, nullary, torch.where(active & names, labels, -1)),
        arities=torch.where(active & reduces, arities + 1, 0),
        tokens=torch.where(active & adds, tokens + logs.first_token, -1),
        log_probs=torch.where(active, total, 0.0),
    )


def _best(logs: Tensor) -> tuple[Tensor, Tensor]:
    """The largest and its place; zeros where there is nothing to choose from."""
    if not logs.shape[-1]:
        nothing = logs.sum(-1)
        return nothing, nothing.long()
    best, place = logs.max(-1)
    return best, place


def _among(choice: Choice, places: Tensor, batch: int) -> Choice:
    """The first hypothesis's choices, [batch], at their places in a larger batch, where the others choose nothing."""
    return Choice(
        *(
            (values := getattr(choice, field.name)[:, 0])
            .new_full((batch,), 0 if field.name == "log_probs" else -1)
            .index_copy(0, places, values)
            for field in fields(choice)
        )
    )


def _derivations(
    vocabulary: Vocabulary, inputs: Inputs, choices: list[Choice], attention: list[Tensor]
) -> list[Derivation]:
    """The symbolic derivations of a batch, from its choices step by step."""
    kinds, labels, arities, tokens = (
        torch.stack([getattr(choice, field) for choice in choices], dim=1).tolist()
        for field in ("kinds", "labels", "arities", "tokens")
    )
    log_probs = torch.stack([choice.log_probs for choice in choices], dim=1).sum(1).tolist()
    weights = torch.stack(attention, dim=1)
    result = []
    for index, length in enumerate(inputs.lengths.tolist()):
        chosen = zip(kinds[index], labels[index], arities[index], tokens[index])
        actions = tuple(action_of(vocabulary, *choice) for choice in chosen if choice[0] >= 0)
        result.append(Derivation(actions, log_probs[index], weights[index, : len(actions), :length]))
    return result
