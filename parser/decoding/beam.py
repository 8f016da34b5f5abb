"""Beam search over a whole batch: at every step each utterance keeps its most probable hypotheses.

A hypothesis is extended by whole actions: a kind with its label, its token, or its label and arity. What counts is the
probability of all its choices, without length normalisation, which did not help on TOP's dev set: every derivation ends
by the parser's own choice, so all trees of an utterance compete as one distribution. A finished derivation stays as it
is and competes.

A beam of one is not greedy search, which takes the best kind first and then its best member: where *Open* has 0.6
spread over many labels and *Close* has 0.4, greedy search opens and a beam of one closes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from parser.batching import Inputs
from parser.decoding.greedy import Derivation, derivations
from parser.decoding.stepper import Choice, LogProbs, Stepper
from parser.gathering import at
from parser.network import ParserNetwork
from parser.transitions.actions import Kind
from parser.vocabulary import Vocabulary

_FIELDS = tuple(field.name for field in fields(Choice))
_NEVER = float("-inf")
_MULTIPLIER = 6364136223846793005  # of Knuth's 64-bit linear congruential generator


@dataclass(frozen=True)
class Step:
    """One step of a search, [batch, width, …]: what each hypothesis came from, did, and looked at."""

    parents: Tensor
    choice: Choice
    attention: Tensor


@torch.inference_mode()
def parse_batch(network: ParserNetwork, inputs: Inputs, width: int, nbest: int = 1) -> list[list[Derivation]]:
    """The best derivations of each utterance, best first; each builds a whole, legal tree, and no two the same.

    Derivations that differ only in where a word is taken from build the same tree: the best of them stands for all, and
    its log-probability is that of their sum. The search of an utterance ends when its `nbest` best are finished, as the
    log-probability of the others can only fall.

    Args:
        network: the parser.
        inputs: the utterances.
        width: how many hypotheses an utterance keeps; it may be larger than the number of possible actions.
        nbest: how many derivations to give back, from 1 to `width`; fewer come where there are no more.
    """
    stepper, texts = Stepper(network, inputs, width), _texts(network.vocabulary, inputs)
    batch, device = len(inputs.lengths), inputs.lengths.device
    totals = torch.full((batch, width), _NEVER, device=device)  # where it is minus infinity there is no hypothesis
    totals[:, 0] = 0.0
    signatures = torch.zeros(batch, width, dtype=torch.long, device=device)
    moving = torch.arange(batch, device=device)
    steps, results = [], totals.clone()
    while bool((going := ((totals > _NEVER) & ~stepper.state.finished).any(1)).any()):
        if (~going).sum() * 4 > len(moving):  # a quarter stands still: the others go on without them
            stepper.keep(kept := going.nonzero()[:, 0])
            moving, totals, signatures, texts = (values[kept] for values in (moving, totals, signatures, texts))
        scores = stepper.scores()
        step = _extended(stepper, stepper.log_probs(scores), scores.attention, totals)
        stepper.select(step.parents)
        stepper.take(step.choice)
        signatures = _signed(signatures.gather(1, step.parents), step.choice, texts)
        finished = stepper.state.finished
        totals = _merged(step.choice.log_probs, signatures, finished)
        best = totals.topk(nbest).indices
        settled = (finished | (totals == _NEVER)).gather(1, best).all(1)
        totals = totals.masked_fill(settled[:, None] & ~finished, _NEVER)
        results = results.index_copy(0, moving, totals)
        steps.append(step if len(moving) == batch else _among(step, moving, batch))
    return _traced(network.vocabulary, inputs, steps, *results.topk(nbest))


def _extended(stepper: Stepper, logs: LogProbs, attention: Tensor, totals: Tensor) -> Step:
    """The best `width` of all hypotheses that are one action longer, and of the finished ones; best first."""
    width = totals.shape[1]
    kinds = sorted(stepper.network.system.kinds)
    stays = torch.zeros_like(totals).masked_fill(~stepper.state.finished, _NEVER)[..., None]
    groups = [_choice(-1, stays), *(_actions(kind, logs, width) for kind in kinds)]
    joint = {name: torch.cat([getattr(group, name) for group in groups], dim=-1) for name in _FIELDS}
    candidates = joint["kinds"].shape[-1]
    joint["log_probs"] = joint["log_probs"] + totals[..., None]
    best, places = joint["log_probs"].flatten(1).topk(width)
    chosen = {name: values.flatten(1).gather(1, places) for name, values in joint.items()}
    for name in ("kinds", "tokens"):
        chosen[name] = torch.where(best > _NEVER, chosen[name], -1)
    parents = places // candidates
    return Step(parents, Choice(**chosen), at(attention, parents))


def _actions(kind: int, logs: LogProbs, most: int) -> Choice:
    """[batch, width, candidates] the best actions of a kind, so many that no other can be among the `most` best."""
    log = logs.kinds[..., kind, None]
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
    kind: int,
    log_probs: Tensor,
    labels: Tensor | None = None,
    arities: Tensor | None = None,
    tokens: Tensor | None = None,
) -> Choice:
    """Actions of one kind; what is not given does not apply."""
    nothing = torch.full_like(log_probs, -1, dtype=torch.long)
    return Choice(
        kinds=torch.full_like(nothing, kind),
        labels=nothing if labels is None else labels,
        arities=torch.zeros_like(nothing) if arities is None else arities,
        tokens=nothing if tokens is None else tokens,
        log_probs=log_probs,
    )


def _top(logs: Tensor, most: int) -> tuple[Tensor, Tensor]:
    best, places = logs.topk(min(most, logs.shape[-1]))
    return best, places


# -- derivations that build the same tree ------------------------------------------------------------------------------


def _texts(vocabulary: Vocabulary, inputs: Inputs) -> Tensor:
    """[batch, tokens] a number for the text of every token, equal where the texts are, generated or copied."""
    numbers = dict(vocabulary.lexicon_ids)
    copied = torch.zeros_like(inputs.words)
    flat = [numbers.setdefault(word, len(numbers)) for words in inputs.tokens for word in words]
    copied[inputs.mask] = torch.tensor(flat, device=copied.device)
    generated = torch.arange(len(vocabulary.lexicon), device=copied.device).expand(len(copied), -1)
    return torch.cat([generated, copied], dim=1)


def _signed(signatures: Tensor, choice: Choice, texts: Tensor) -> Tensor:
    """[batch, width] signatures, one action later: equal, but for chance, where the actions build the same."""
    text = texts.gather(1, choice.tokens.clamp(min=0)).masked_fill(choice.tokens < 0, -1)
    signed = signatures
    for part in (choice.kinds, choice.labels, choice.arities, text):
        signed = signed * _MULTIPLIER + part + 2
    return torch.where(choice.kinds >= 0, signed, signatures)


def _merged(totals: Tensor, signatures: Tensor, finished: Tensor) -> Tensor:
    """[batch, width] log-probabilities, best first; the first of those that built the same tree has all of theirs."""
    same = (signatures[:, :, None] == signatures[:, None]) & finished[:, :, None] & finished[:, None]
    merged = totals[:, None].masked_fill(~same, _NEVER).logsumexp(-1).clamp(max=0.0)  # rounding may pass certainty
    again = same.tril(-1).any(-1)
    return torch.where(finished, merged.masked_fill(again, _NEVER), totals)


# -- back from the last step to the first ------------------------------------------------------------------------------


def _among(step: Step, places: Tensor, batch: int) -> Step:
    """The step of some utterances at their places in a larger batch, where the others stay as they are."""
    width = step.parents.shape[1]

    def spread(values: Tensor) -> Tensor:
        return values.new_full((batch, *values.shape[1:]), -1).index_copy(0, places, values)

    parents = torch.arange(width, device=places.device).repeat(batch, 1).index_copy(0, places, step.parents)
    return Step(parents, Choice(*(spread(getattr(step.choice, name)) for name in _FIELDS)), spread(step.attention))


def _traced(
    vocabulary: Vocabulary, inputs: Inputs, steps: list[Step], log_probs: Tensor, best: Tensor
) -> list[list[Derivation]]:
    """The derivations of the [batch, nbest] best hypotheses."""
    chosen, attention, places = [], [], best
    for step in reversed(steps):
        chosen.append(Choice(*(getattr(step.choice, name).gather(1, places) for name in _FIELDS)))
        attention.append(at(step.attention, places))
        places = step.parents.gather(1, places)
    nbest = best.shape[1]
    flat = derivations(
        vocabulary,
        inputs.lengths.repeat_interleave(nbest),
        Choice(*(torch.stack([getattr(c, name) for c in reversed(chosen)], dim=-1).flatten(0, 1) for name in _FIELDS)),
        log_probs.flatten(),
        torch.stack(attention[::-1], dim=2).flatten(0, 1),
    )
    rows = (flat[start : start + nbest] for start in range(0, len(flat), nbest))
    return [[derivation for derivation in row if derivation.log_prob > _NEVER] for row in rows]
