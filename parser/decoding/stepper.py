"""A batch of parser states that move together, and the choices that each has."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from data_conversion.errors import DataError
from parser.batching import Inputs
from parser.decoding.batched_state import BatchedState
from parser.decoding.constraints import constrained
from parser.gathering import at
from parser.network import ParserNetwork, Scores, finishes_node, legal_arities
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
    first_token: Tensor


@dataclass(frozen=True)
class Choice:
    """An action for each hypothesis, [batch, width] each; -1, and 0 for arities, where a field does not apply."""

    kinds: Tensor
    labels: Tensor
    arities: Tensor
    tokens: Tensor
    log_probs: Tensor


class Stepper:
    """A batch of parser states that move together, one action each at a time.

    Args:
        network: the parser.
        inputs: the utterances.
        width: how many hypotheses an utterance has.

    Raises:
        DataError: the network's weights are not numbers, by which no search would end.
    """

    def __init__(self, network: ParserNetwork, inputs: Inputs, width: int = 1) -> None:
        self.network, self.words = network, network.encode(inputs)
        if not bool(self.words.encoded.isfinite().all()):
            raise DataError("the network's weights are not numbers (NaN): train again with a lower learning rate")
        batch, grammar = len(inputs.lengths), network.vocabulary.grammar
        start, dim = network.state_encoder.start(batch), network.labels.embedding_dim
        self.state = BatchedState(network.system, grammar, start, dim, inputs.lengths, network.childless, width)
        first = network.kinds.weight[-1].expand(batch, width, -1)
        zeros = first.new_zeros(batch, width, network.history.hidden_size)
        self._history = network.remember(first, (zeros, zeros))

    def scores(self) -> Scores:
        """[batch, width, …] scores of the next action."""
        state, read = self.state, self.network.state_encoder.read
        stack, opened = read(state.read(state.top)), read(state.read(state.opener))
        return self.network.score(self.words, stack, opened, self._history[0], state.focus)

    def log_probs(self, scores: Scores) -> LogProbs:
        """The log-probabilities of what is legal; all minus infinity for a finished hypothesis."""
        network, state = self.network, self.state
        vocabulary, lexicon = network.vocabulary, len(network.vocabulary.lexicon)
        nullary, arities = scores.labels[..., :0], scores.arities[..., None, :]
        if Kind.NULLARY in network.system.kinds:
            nullary = _normalized(network.legal_labels(scores.labels, torch.full_like(state.top, Kind.NULLARY)))
        kept, choices = vocabulary.words_kept, constrained(state, network.may_stand)
        reduces = Kind.REDUCE in network.system.kinds
        return LogProbs(
            kinds=_normalized(scores.kinds.masked_fill(~choices.kinds, float("-inf"))),
            labels=_normalized(scores.labels.masked_fill(~choices.labels, float("-inf"))),
            nullary=nullary,
            arities=_normalized(legal_arities(arities, choices.fewest, choices.most)) if reduces else arities,
            tokens=scores.kinds.new_zeros(*state.top.shape, 1) if kept else scores.tokens.log_softmax(-1),
            first_token=state.focus + lexicon if kept else torch.zeros_like(state.focus),
        )

    def take(self, choice: Choice) -> None:
        """Let every unfinished hypothesis take its action."""
        state, network, kinds = self.state, self.network, choice.kinds
        positions = choice.tokens - len(network.vocabulary.lexicon)
        labels = torch.where(kinds == Kind.CLOSE, state.label, choice.labels)
        lexicon = torch.where(positions < 0, choice.tokens, -1)
        base = network.base_rows(self.words, labels, positions, lexicon)
        composed = network.composed(state.mean_of_children(kinds, choice.arities), base)
        rows = torch.where(finishes_node(kinds)[..., None], composed, base)
        below = state.below(kinds, choice.arities)
        stack = state.stack(below, state.focus_after(positions))
        memory = network.state_encoder.step(rows, self.words, stack)
        self._history = network.remember(base + network.kinds(kinds.clamp(min=0)), self._history)
        state.push(kinds, labels, positions, below, rows, memory)

    def keep(self, chosen: Tensor) -> None:
        """Go on with these utterances of the batch alone."""
        self.state.keep(chosen)
        self.words = self.words.of(chosen)
        self._history = (self._history[0][chosen], self._history[1][chosen])

    def select(self, chosen: Tensor) -> None:
        """Go on with these [batch, width] hypotheses of each utterance, some more than once."""
        self.state.select(chosen)
        self._history = (at(self._history[0], chosen), at(self._history[1], chosen))


def _normalized(scores: Tensor) -> Tensor:
    """Log-probabilities; where nothing is legal they are all minus infinity."""
    return scores.log_softmax(-1).nan_to_num(nan=float("-inf"), neginf=float("-inf"))


def action_of(vocabulary: Vocabulary, kind: int, label: int, arity: int, token: int) -> Action:
    """The symbolic action of one hypothesis's choice."""
    match Kind(kind):
        case Kind.OPEN:
            return Open(vocabulary.labels[label])
        case Kind.CLOSE:
            return Close()
        case Kind.NULLARY:
            return Nullary(vocabulary.labels[label])
        case Kind.REDUCE:
            return Reduce(vocabulary.labels[label], arity)
        case Kind.FINISH:
            return Finish()
    position = token - len(vocabulary.lexicon)
    return Copy(position) if position >= 0 else Generate(vocabulary.lexicon[token])
