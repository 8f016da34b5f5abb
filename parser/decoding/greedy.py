"""Greedy decoding of a whole batch: at every step each utterance takes the best kind, then its best label or token."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from parser.batching import Inputs
from parser.decoding.batched_state import BatchedState
from parser.network import ParserNetwork, Scores, Words
from parser.transitions.actions import Action, Close, Copy, Generate, Open
from parser.transitions.system import KIND_CLOSE, KIND_NAMES, KIND_OPEN, KIND_TERMINAL
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


@dataclass(frozen=True)
class Choice:
    """One step's choices, [batch] each; -1 where a field does not apply."""

    kinds: Tensor
    labels: Tensor
    tokens: Tensor
    log_probs: Tensor

    def among(self, places: Tensor, batch: int) -> Choice:
        """The same choices at their places in a larger batch, where the others choose nothing."""
        nothing = places.new_full((batch,), -1)
        return Choice(
            kinds=nothing.index_copy(0, places, self.kinds),
            labels=nothing.index_copy(0, places, self.labels),
            tokens=nothing.index_copy(0, places, self.tokens),
            log_probs=self.log_probs.new_zeros(batch).index_copy(0, places, self.log_probs),
        )


@torch.inference_mode()
def parse_batch(network: ParserNetwork, inputs: Inputs) -> list[Derivation]:
    """The greedy derivation of each utterance; always a whole, legal tree."""
    words = network.encode(inputs)
    stepper = Stepper(network, words, inputs)
    choices: list[Choice] = []
    attention: list[Tensor] = []
    moving = torch.arange(len(inputs.lengths), device=inputs.lengths.device)
    while not bool((finished := stepper.state.finished).all()):
        if finished.sum() * 4 > len(moving):  # a quarter stands still: the others go on without them
            stepper.keep(unfinished := (~finished).nonzero()[:, 0])
            moving = moving[unfinished]
        scores, legal = stepper.scores()
        choice = choose(network.vocabulary, scores, legal, stepper.state)
        choices.append(choice.among(moving, len(inputs.lengths)))
        seen = scores.attention[:, 0]
        attention.append(seen.new_zeros(len(inputs.lengths), seen.shape[1]).index_copy(0, moving, seen))
        stepper.take(choice)
    return derivations(network.vocabulary, inputs, choices, attention)


class Stepper:
    """A batch of parser states that move together, one action each at a time.

    Args:
        network: the parser.
        words: the encoded utterances.
        inputs: the utterances.
    """

    def __init__(self, network: ParserNetwork, words: Words, inputs: Inputs) -> None:
        self.network, self.words = network, words
        vocabulary, batch = network.vocabulary, len(inputs.lengths)
        grammar = vocabulary.grammar
        self.state = BatchedState(
            network.state_encoder.start(batch),
            network.labels.embedding_dim,
            inputs.lengths,
            grammar.bound_base + grammar.bound_per_word * inputs.lengths,
            torch.tensor([label in grammar.childless for label in vocabulary.labels], device=inputs.lengths.device),
            grammar.words_kept,
        )
        start = network.kinds.weight[-1].expand(batch, -1)
        self._history = network.remember(start, (torch.zeros_like(start), torch.zeros_like(start)))

    def scores(self) -> tuple[Scores, Tensor]:
        """Scores of the next action, [batch, 1, …], and [batch, kinds] which kinds are legal."""
        state, network = self.state, self.network
        read = network.state_encoder.read
        scores = network.score(
            self.words,
            read(state.read(state.top))[:, None],
            read(state.read(state.opener))[:, None],
            self._history[0][:, None],
            state.focus[:, None],
        )
        legal = torch.stack(network.system.legal(state.counts(), state.words_kept), dim=-1)
        return scores, legal & ~state.finished[:, None]

    def keep(self, chosen: Tensor) -> None:
        """Go on with these utterances of the batch alone."""
        self.state.keep(chosen)
        words = self.words
        self.words = Words(words.encoded[chosen], words.keys[chosen], words.mask[chosen])
        self._history = (self._history[0][chosen], self._history[1][chosen])

    def take(self, choice: Choice) -> None:
        """Let every unfinished utterance take its action."""
        state, network = self.state, self.network
        positions = choice.tokens - len(network.vocabulary.lexicon)
        labels = torch.where(choice.kinds == KIND_CLOSE, state.label, choice.labels)
        lexicon = torch.where(positions < 0, choice.tokens, -1)
        base = network.base_rows(self.words, labels[:, None], positions[:, None], lexicon[:, None])[:, 0]
        closed = network.composed(state.mean_of_children(), base)
        rows = torch.where((choice.kinds == KIND_CLOSE)[:, None], closed, base)
        memory = network.state_encoder.step(rows, state.read(state.below(choice.kinds)))
        self._history = network.remember(base + network.kinds(choice.kinds.clamp(min=0)), self._history)
        state.push(choice.kinds, labels, positions, rows, memory)


def choose(vocabulary: Vocabulary, scores: Scores, legal: Tensor, state: BatchedState) -> Choice:
    """The best legal action of each utterance; kind -1 where it is finished."""
    active = legal.any(-1)
    kind_logs = scores.kinds[:, 0].masked_fill(~(legal | ~active[:, None]), float("-inf")).log_softmax(-1)
    kind_log, kinds = kind_logs.max(-1)
    label_log, labels = scores.labels[:, 0].log_softmax(-1).max(-1)
    if vocabulary.words_kept:  # the next word is the only choice
        token_log, tokens = torch.zeros_like(kind_log), state.focus + len(vocabulary.lexicon)
    else:
        token_log, tokens = scores.tokens[:, 0].log_softmax(-1).max(-1)
    opens, adds = kinds == KIND_OPEN, kinds == KIND_TERMINAL
    total = kind_log + label_log * opens + token_log * adds
    return Choice(
        kinds=torch.where(active, kinds, -1),
        labels=torch.where(active & opens, labels, -1),
        tokens=torch.where(active & adds, tokens, -1),
        log_probs=torch.where(active, total, 0.0),
    )


def derivations(
    vocabulary: Vocabulary, inputs: Inputs, choices: list[Choice], attention: list[Tensor]
) -> list[Derivation]:
    """The symbolic derivations of a batch, from its choices step by step."""
    kinds, labels, tokens = (
        torch.stack([getattr(choice, field) for choice in choices], dim=1).tolist()
        for field in ("kinds", "labels", "tokens")
    )
    log_probs = torch.stack([choice.log_probs for choice in choices], dim=1).sum(1).tolist()
    weights = torch.stack(attention, dim=1)
    result = []
    for index, length in enumerate(inputs.lengths.tolist()):
        chosen = zip(kinds[index], labels[index], tokens[index])
        actions = tuple(_action(vocabulary, *choice) for choice in chosen if choice[0] >= 0)
        result.append(Derivation(actions, log_probs[index], weights[index, : len(actions), :length]))
    return result


def _action(vocabulary: Vocabulary, kind: int, label: int, token: int) -> Action:
    match KIND_NAMES[kind]:
        case "open":
            return Open(vocabulary.labels[label])
        case "close":
            return Close()
    position = token - len(vocabulary.lexicon)
    return Copy(position) if position >= 0 else Generate(vocabulary.lexicon[token])
