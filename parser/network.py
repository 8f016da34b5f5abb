"""The shift-reduce network: encoder, stack, history and heads, wired together.

At every step the parser state is the concatenation of the words attended to, the state of the stack, the state when the
nearest open node was pushed, the state of the action history and the word in focus; from it come the scores of the
kinds of action, of the labels and of the tokens, to which the attention scores are appended as scores for copying
(Damonte, Goel and Chung, NAACL 2019, after Cheng et al., ACL 2017). Three things are ours: the word in focus, the one
after the last copied (with words kept, the front of the buffer); an attention query made of all the other parts, where
theirs is the stack alone; and a higher score for generating what is written like the words attended to (`likeness`).

The layer over the concatenation is written as a sum of one layer a part, so that what a word contributes, wherever it
is attended to, in focus or copied, is computed once an utterance and looked up at every step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from parser.derivations import IGNORE, Batch, Gold
from parser.domains import domain_of
from parser.dropout import SharedDropout
from parser.gathering import at
from parser.heads import Attention, Heads
from parser.history import History
from parser.inputs import Inputs
from parser.sizes import require_sizes
from parser.state_encoders.views import Words
from parser.transitions.actions import Kind
from parser.transitions.system import TransitionSystem
from parser.vocabulary import Vocabulary


@dataclass(frozen=True)
class Scores:
    """Unnormalised scores, [batch, steps, …]: of kinds, labels, arities and tokens, and the attention distribution;
    [batch, domains] of the domains."""

    kinds: Tensor
    labels: Tensor
    arities: Tensor
    tokens: Tensor
    attention: Tensor
    domains: Tensor


class ParserNetwork(nn.Module):
    """The reference parser.

    Args:
        vocabulary: the symbols of the training set.
        encoder: makes the encoder of the utterance from the vocabulary.
        state_encoder: makes the encoder of the stack from the sizes of a row and of a word's encoding.
        system: the transition system.
        dim: size of rows and of the heads' hidden layer.
        history: units of the LSTM over the actions.
        attention: attend to the words; off, it is the paper's −Att (the states still copy, if they may).
        dropout: dropout on rows, on the history and in the heads.
        constraints: parse by what training has shown of which label may stand under which; training itself does not.

    Raises:
        DataError: a size is less than 1, or the dropout is no share.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        encoder: Callable[[Vocabulary], nn.Module],
        state_encoder: Callable[[int, int], nn.Module],
        system: TransitionSystem,
        *,
        dim: int = 192,
        history: int = 128,
        attention: bool = True,
        dropout: float = 0.2,
        constraints: bool = True,
    ) -> None:
        super().__init__()
        require_sizes("the network", dim=dim, history=history)
        self.vocabulary = vocabulary
        self.system = system
        self.dim = dim
        self.encoder = encoder(vocabulary)
        words = int(self.encoder.dim)
        self.state_encoder = state_encoder(dim, words)
        stack = int(self.state_encoder.dim)
        points = vocabulary.copy and not vocabulary.words_kept  # it may copy any word, where it looks
        self.attention = Attention(words) if attention or points else None
        query = self.attention.dim if self.attention is not None else 0
        self.likeness = nn.Linear(dim, 1) if attention and points else None
        self.end = nn.Parameter(torch.zeros(words))
        self.leaf = nn.Linear(words, dim)
        self.attended = nn.Linear(words, dim, bias=False) if attention else None
        self.ahead = nn.Linear(words, query + dim, bias=False)
        self.state = nn.Linear(2 * stack + history, query + dim)
        _as_one_layer(*(part for part in (self.state, self.ahead, self.attended) if part is not None))
        self.labels = nn.Embedding(len(vocabulary.labels), dim)
        self.lexicon = nn.Embedding(len(vocabulary.lexicon) + 1, dim)  # never empty
        self.compose = nn.Linear(2 * dim, dim)
        self.kinds = nn.Embedding(len(Kind) + 1, dim)  # the last one starts the history
        self.history = History(dim, history)
        self.heads = Heads(
            dim,
            labels=len(vocabulary.labels),
            arities=vocabulary.max_arity if Kind.REDUCE in system.kinds else 0,
            lexicon=len(vocabulary.lexicon),
            dropout=dropout,
        )
        self.dropout = SharedDropout(dropout)
        self.domain = nn.Linear(words, len(vocabulary.domains)) if vocabulary.domains else None
        for name, symbols in (("label_domains", vocabulary.labels), ("token_domains", vocabulary.lexicon)):
            domains = [vocabulary.domain_id(domain_of(symbol)) for symbol in symbols]
            self.register_buffer(name, torch.tensor(domains, dtype=torch.long), persistent=False)
        childless = torch.tensor([label in vocabulary.grammar.childless for label in vocabulary.labels])
        self.register_buffer("childless", childless, persistent=False)
        self.register_buffer("may_stand", _may_stand(vocabulary) if constraints else None, persistent=False)

    def encode(self, inputs: Inputs) -> Words:
        """The words of a batch, once for all steps."""
        encoded, mask = self.encoder(inputs), inputs.mask
        padded = functional.pad(encoded, (0, 0, 0, 1)).masked_fill(~functional.pad(mask, (0, 1))[..., None], 0.0)
        last = torch.zeros_like(padded[..., :1]).scatter(1, inputs.lengths[:, None, None], 1.0)
        with_end = padded + last * self.end
        words = with_end[:, :-1]
        domains = self._domains(encoded, mask)
        return Words(
            mask=mask,
            rows=self.leaf(words),
            ahead=self.ahead(with_end),
            keys=self.attention.key(words) if self.attention is not None else words[..., :0],
            near=self.attention.near(words.shape[1]) if self.attention is not None else words.new_zeros(0, 0),
            attended=self.attended(words) if self.attended is not None else words[..., :0],
            alike=functional.embedding(inputs.spellings, inputs.alike),
            seen=self.state_encoder.look(words),
            domains=domains,
            domain=inputs.domains if self.domain is None else _named_or_likeliest(inputs.domains, domains),
        )

    def domain_log_probs(self, words: Words, named: Tensor) -> Tensor:
        """[batch] the log-probability of the domain that was found out; 0 where it was named, or none is told apart."""
        if self.domain is None:
            return words.rows.new_zeros(len(named))
        return words.domains.log_softmax(-1).gather(1, words.domain[:, None])[:, 0].masked_fill(named >= 0, 0.0)

    def symbols(self, words: Words) -> Tensor:
        """[labels + lexicon + batch * length, …] of every label, generated and copied word the row that it pushes,
        and what the state encoder and the history make of that row."""
        lexicon = self.lexicon.weight[: len(self.vocabulary.lexicon)]
        rows = torch.cat([self.labels.weight, lexicon, words.rows.flatten(0, 1)])
        return torch.cat([rows, self.state_encoder.project(rows), self.history.project(rows)], dim=-1)

    def composed(self, children: Tensor, label: Tensor) -> Tensor:
        """[…, dim] a finished node, from the mean of its children (zero without) and the row of its label.

        It is linear, so a nonsensical tower of nodes could grow beyond all numbers: that is where the clamp stands.
        """
        return self.compose(torch.cat([children, label], dim=-1)).clamp(-1e4, 1e4)

    def score(self, words: Words, states: Tensor, focus: Tensor) -> Scores:
        """Scores for the next action.

        Args:
            words: the encoded utterances.
            states: [batch, steps, 2 * stack + history] the state of the stack, its state when the nearest open node was
                pushed, and the state of the action history.
            focus: [batch, steps] the word in focus.
        """
        state = self.state(states) + at(words.ahead, focus)
        query, hidden = state.split([state.shape[-1] - self.heads.dim, self.heads.dim], dim=-1)
        copying = weights = hidden[..., :0]
        if self.attention is not None:
            scores = self.attention(query, words.keys, words.mask, functional.embedding(focus, words.near))
            if self.attended is not None:
                weights = scores.softmax(-1)
                hidden = hidden + weights @ words.attended
            if self.vocabulary.copy:
                copying = scores
        kinds, labels, arities, lexicon = self.heads(hidden)
        if self.likeness is not None:
            lexicon = lexicon + self.likeness(hidden.tanh()) * (weights @ words.alike)
        if self.domain is not None:
            labels = _without_others(labels, self.label_domains, words)
            lexicon = _without_others(lexicon, self.token_domains, words)
        return Scores(kinds, labels, arities, torch.cat([lexicon, copying], dim=-1), weights, words.domains)

    def forward(self, batch: Batch) -> Scores:
        """Scores at every step of the gold derivations, all at once."""
        words, gold = self.encode(batch.inputs), batch.gold
        base = self._base_rows(words, gold)
        rows = self.dropout(self._composed_rows(base, gold))
        states = self.state_encoder(rows, words, gold)
        first = gold.kinds.new_full((len(gold.kinds), 1), len(Kind))
        actions = self.kinds(torch.cat([first, gold.kinds[:, :-1]], dim=1)) + functional.pad(base[:, :-1], (0, 0, 1, 0))
        history = self.history(self.dropout(actions))
        return self.score(words, torch.cat([states[:, :-1], at(states, gold.opens), history], dim=-1), gold.focus)

    def loss(self, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
        """The mean negative log-likelihood of an action: its choices add; only what is legal is scored."""
        scores, gold = self(batch), batch.gold
        may_not_stand = (gold.kinds == Kind.NULLARY)[..., None] & ~self.childless
        arities = legal_arities(scores.arities, gold.fewest, gold.most)
        choices = [
            (scores.kinds.masked_fill(~gold.legal, float("-inf")), gold.kinds, gold.mask),
            (scores.labels.masked_fill(may_not_stand, float("-inf")), gold.label_targets, gold.label_targets != IGNORE),
            (arities, gold.arities - 1, gold.mask & (gold.kinds == Kind.REDUCE)),
            (scores.tokens, gold.token_targets, gold.token_targets != IGNORE),
            (scores.domains, batch.inputs.domains, batch.inputs.domains >= 0),
        ]
        losses = [cross_entropy(each[made], target[made], label_smoothing) for each, target, made in choices]
        return torch.stack(losses).sum() / gold.mask.sum()

    def _domains(self, encoded: Tensor, mask: Tensor) -> Tensor:
        """[batch, domains] scores of the domains, from the mean of the words."""
        if self.domain is None:
            return encoded[:, 0, :0]
        return self.domain((encoded * mask[..., None]).sum(1) / mask.sum(1, keepdim=True))

    def _base_rows(self, words: Words, gold: Gold) -> Tensor:
        """[batch, steps, dim] what each action pushes before composition: a label, a copied or a generated word."""
        positions, lexicon = gold.positions[..., None], gold.lexicon[..., None]
        generated, labelled = self.lexicon(gold.lexicon.clamp(min=0)), self.labels(gold.labels.clamp(min=0))
        copied = at(words.rows, gold.positions.clamp(min=0))
        return torch.where(positions >= 0, copied, torch.where(lexicon >= 0, generated, labelled))

    def _composed_rows(self, base: Tensor, gold: Gold) -> Tensor:
        """Rows with those of finished nodes composed, by height; a childless node has a mean of zero."""
        flat, kinds = base.flatten(0, 1), gold.kinds.flatten()
        labels = gold.labels.flatten().clamp(min=0)
        childless = self.composed(torch.zeros_like(self.labels.weight), self.labels.weight)[labels]
        rows = torch.where(finishes_node(kinds)[:, None], childless, flat)
        for level in gold.heights:
            assert level.owners is not None
            counts = torch.bincount(level.owners, minlength=len(level.rows)).unsqueeze(1)
            sums = flat.new_zeros(len(level.rows), flat.shape[1]).index_add(0, level.owners, rows[level.sources])
            rows = rows.index_copy(0, level.rows, self.composed(sums / counts, flat[level.rows]))
        return rows.view_as(base)


def _named_or_likeliest(domains: Tensor, scores: Tensor) -> Tensor:
    """[batch] the domains that are named, and where none is, the one of the highest score."""
    return torch.where(domains < 0, scores.argmax(-1), domains)


def _without_others(scores: Tensor, domains: Tensor, words: Words) -> Tensor:
    """[batch, steps, symbols] scores without those of other domains' symbols."""
    return scores.masked_fill(~shown(domains, words.domain)[:, None], float("-inf"))


def shown(domains: Tensor, domain: Tensor) -> Tensor:
    """[batch, symbols] True for the symbols of an utterance's domain and those of none, from [symbols] and [batch]."""
    return (domains < 0) | (domains == domain[:, None])


def _as_one_layer(*parts: nn.Linear) -> None:
    """Initialises layers whose outputs are added as the one layer over all of their inputs would be."""
    bound = sum(part.in_features for part in parts) ** -0.5
    for part in parts:
        for weights in part.parameters():
            nn.init.uniform_(weights, -bound, bound)


def _may_stand(vocabulary: Vocabulary) -> Tensor | None:
    """[labels + 1, labels + 1] True where the second label may stand under the first; None if that is not known.

    The last row is for what is above the root, the last column for leaves.
    """
    known, ids = vocabulary.constraints, vocabulary.label_ids
    if known is None:
        return None
    table = torch.zeros(len(ids) + 1, len(ids) + 1, dtype=torch.bool)
    for parent, children in known.children.items():
        table[ids[parent], [ids[child] for child in children if child in ids]] = True
    table[[ids[parent] for parent in known.leaves], -1] = True
    table[-1, [ids[root] for root in known.roots if root in ids]] = True
    return table


def finishes_node(kinds: Any) -> Any:
    """True where an action of this kind pushes a composed node, for arrays and tensors."""
    return (kinds == Kind.CLOSE) | (kinds == Kind.NULLARY) | (kinds == Kind.REDUCE)


def legal_arities(arities: Tensor, fewest: Tensor, most: Tensor) -> Tensor:
    """[batch, steps, arities] scores without those that `Reduce` may not take; the first is for one child."""
    numbers = torch.arange(1, arities.shape[-1] + 1, device=arities.device)
    legal = (numbers >= fewest[..., None]) & (numbers <= most[..., None])
    return arities.masked_fill(~legal, float("-inf"))


def cross_entropy(scores: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """Summed cross-entropy over [n, choices]; smoothing spreads over the choices that are not minus infinity."""
    logs = scores.log_softmax(-1)
    wanted = -logs.gather(1, targets[:, None]).sum()
    if not smoothing:
        return wanted
    legal = scores > float("-inf")
    spread = -(logs.masked_fill(~legal, 0.0).sum(-1) / legal.sum(-1)).sum()
    return (1 - smoothing) * wanted + smoothing * spread
