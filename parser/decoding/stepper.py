"""A batch of parser states that move together, and the choices that each has."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from data_conversion.errors import DataError
from parser.decoding.batched_state import BatchedState, Bools, Floats, Ints
from parser.decoding.constraints import constrained
from parser.domains import name_of
from parser.gathering import at
from parser.inputs import Inputs
from parser.network import ParserNetwork, Scores, finishes_node, legal_arities, shown
from parser.transitions.actions import Action, Close, Copy, Finish, Generate, Kind, Nullary, Open, Reduce
from parser.vocabulary import Vocabulary


@dataclass(frozen=True)
class LogProbs:
    """What may come next and how likely it is, [batch, width, …]; minus infinity where a choice is not legal.

    Attributes:
        kinds: of the kinds of action.
        labels: of the labels to open or to reduce to.
        nullary: of the labels of a childless node.
        arities: [batch, width, labels, arities] given a label, of the numbers of children to reduce to it, from 1.
        tokens: of the tokens, from `first_token` on.
        first_token: [batch, width] 0, or with words kept, where the next word is the only choice, its token id.
    """

    kinds: Tensor
    labels: Tensor
    nullary: Tensor
    arities: Tensor
    tokens: Tensor
    first_token: Ints


@dataclass(frozen=True)
class Choice:
    """An action for each hypothesis, [batch, width] each; -1, and 0 for arities, where a field does not apply."""

    kinds: Ints
    labels: Ints
    arities: Ints
    tokens: Ints
    log_probs: Floats


FIELDS = tuple(field.name for field in fields(Choice))


class Stepper:
    """A batch of parser states that move together, one action each at a time.

    Args:
        network: the parser.
        inputs: the utterances.
        width: how many hypotheses an utterance has.
    """

    def __init__(self, network: ParserNetwork, inputs: Inputs, width: int = 1) -> None:
        self.network, self.words = network, network.encode(inputs)
        batch, grammar, encoder = len(inputs.lengths), network.vocabulary.grammar, network.state_encoder
        self.state = BatchedState(
            network.system, grammar, encoder.start(), network.dim, host(inputs.lengths), host(network.childless), width
        )
        self._may_stand = None if network.may_stand is None else host(network.may_stand)
        self._shown = host(shown(network.label_domains, self.words.domain))
        self._symbols, self._kinds = network.symbols(self.words), network.history.project(network.kinds.weight)
        self._first_word = np.arange(batch)[:, None] * self.words.mask.shape[1]  # among all words of the batch
        first = self._kinds[-1].expand(batch, width, -1)
        self._history = network.history.step(first, network.history.start(batch, width))

    def scores(self) -> Scores:
        """[batch, width, …] scores of the next action.

        Raises:
            DataError: they are not numbers, with which no search would end.
        """
        state = self.state
        read = self.network.state_encoder.read(state.read()).flatten(2)  # of the top, and of the nearest open node
        scores = self.network.score(self.words, torch.cat([read, self._history[0]], -1), state.tensor(state.focus))
        if not bool(scores.kinds.sum().isfinite()):
            raise DataError("the network's weights are not numbers (NaN): train again with a lower learning rate")
        return scores

    def log_probs(self, scores: Scores) -> LogProbs:
        """The log-probabilities of what is legal; all minus infinity for a finished hypothesis."""
        network, state = self.network, self.state
        vocabulary, lexicon = network.vocabulary, len(network.vocabulary.lexicon)
        kept, choices = vocabulary.words_kept, constrained(state, self._may_stand, self._shown)
        nullary, arities = scores.labels[..., :0], scores.arities[..., None, :]
        if Kind.NULLARY in network.system.kinds and vocabulary.grammar.childless:
            nullary = self._masked(scores.labels, state.childless & self._shown[:, None])
        if choices.arities is not None:
            arities = _normalized(legal_arities(arities, *map(state.tensor, choices.arities)))
        return LogProbs(
            kinds=self._masked(scores.kinds, choices.kinds),
            labels=self._masked(scores.labels, choices.labels),
            nullary=nullary,
            arities=arities,
            tokens=scores.kinds.new_zeros(*state.top.shape, 1) if kept else scores.tokens.log_softmax(-1),
            first_token=state.focus + lexicon if kept else np.zeros_like(state.focus),
        )

    def take(self, choice: Choice) -> None:
        """Let every unfinished hypothesis take its action."""
        state, network, kinds = self.state, self.network, choice.kinds
        labels = np.where(kinds == Kind.CLOSE, state.label, choice.labels)
        positions = choice.tokens - len(network.vocabulary.lexicon)
        below = state.below(kinds, choice.arities)
        symbols = functional.embedding(state.tensor(self._pushed(labels, choice.tokens)), self._symbols)
        pushed, action = symbols.tensor_split([-self._kinds.shape[1]], dim=-1)
        self._compose(pushed, kinds, choice.arities, below)
        rows, projected = pushed.tensor_split([network.dim], dim=-1)
        memory = network.state_encoder.step(projected, self.words, state.stack(below, state.focus_after(positions)))
        action = action + functional.embedding(state.tensor(kinds.clip(min=0)), self._kinds)
        self._history = network.history.step(action, self._history)
        state.push(kinds, labels, positions, below, rows, memory)

    def keep(self, chosen: Ints) -> None:
        """Go on with these utterances of the batch alone."""
        self.state.keep(chosen)
        places = self.state.tensor(chosen)
        self.words, self._first_word = self.words.of(places), self._first_word[chosen]
        self._shown = self._shown[chosen]
        self._history = (self._history[0][places], self._history[1][places])

    def select(self, chosen: Ints) -> None:
        """Go on with these [batch, width] hypotheses of each utterance, some more than once."""
        self.state.select(chosen)
        places = self.state.tensor(chosen)
        self._history = (at(self._history[0], places), at(self._history[1], places))

    def _pushed(self, labels: Ints, tokens: Ints) -> Ints:
        """[batch, width] the symbol that is pushed, before composition: see `ParserNetwork.symbols`."""
        copied = tokens >= len(self.network.vocabulary.lexicon)
        token = len(self.network.vocabulary.labels) + tokens + copied * self._first_word
        return np.where(tokens >= 0, token, labels.clip(min=0))

    def _compose(self, pushed: Tensor, kinds: Ints, arities: Ints, below: Ints) -> None:
        """Puts composed rows, and their projections, in the place of the labels of the nodes that are finished now."""
        finished = finishes_node(kinds)
        if not finished.any():
            return
        state, network = self.state, self.network
        places = tuple(map(state.tensor, finished.nonzero()))
        means = state.mean_of_children(kinds, arities, below)[places]
        composed = network.composed(means, pushed[..., : network.dim][places])
        pushed[places] = torch.cat([composed, network.state_encoder.project(composed)], dim=-1).to(pushed.dtype)

    def _masked(self, scores: Tensor, legal: Bools) -> Tensor:
        """Log-probabilities of what is legal."""
        return _normalized(scores.masked_fill(self.state.tensor(~legal), float("-inf")))


def host(values: Tensor) -> NDArray:
    """A tensor as an array; NumPy has no bfloat16, in which a training may validate."""
    return (values.float() if values.dtype == torch.bfloat16 else values).cpu().numpy()


def _normalized(scores: Tensor) -> Tensor:
    """Log-probabilities; where nothing is legal they are all minus infinity."""
    return scores.log_softmax(-1).nan_to_num(nan=float("-inf"), neginf=float("-inf"))


def action_of(vocabulary: Vocabulary, kind: int, label: int, arity: int, token: int) -> Action:
    """The symbolic action of one hypothesis's choice."""
    match Kind(kind):
        case Kind.OPEN:
            return Open(name_of(vocabulary.labels[label]))
        case Kind.CLOSE:
            return Close()
        case Kind.NULLARY:
            return Nullary(name_of(vocabulary.labels[label]))
        case Kind.REDUCE:
            return Reduce(name_of(vocabulary.labels[label]), arity)
        case Kind.FINISH:
            return Finish()
    position = token - len(vocabulary.lexicon)
    return Copy(position) if position >= 0 else Generate(name_of(vocabulary.lexicon[token]))
