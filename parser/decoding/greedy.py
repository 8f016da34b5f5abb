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
    made = Choice(*(torch.stack([getattr(c, field.name) for c in choices], dim=1) for field in fields(Choice)))
    weights = torch.stack(attention, dim=1)
    return derivations(network.vocabulary, inputs.lengths, made, made.log_probs.sum(1), weights)


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


def derivations(
    vocabulary: Vocabulary, lengths: Tensor, choices: Choice, log_probs: Tensor, attention: Tensor
) -> list[Derivation]:
    """The symbolic derivations of choices on tensors.

    Args:
        vocabulary: the symbols.
        lengths: [n] number of words.
        choices: [n, steps] what was chosen; kind -1 after the end.
        log_probs: [n] of the derivations.
        attention: [n, steps, words] where the parser looked.
    """
    columns = (values.tolist() for values in (choices.kinds, choices.labels, choices.arities, choices.tokens))
    result = []
    for length, log_prob, weights, *chosen in zip(lengths.tolist(), log_probs.tolist(), attention, *columns):
        actions = tuple(action_of(vocabulary, *choice) for choice in zip(*chosen) if choice[0] >= 0)
        result.append(Derivation(actions, log_prob, weights[: len(actions), :length]))
    return result
