"""What the parser decides with: attention over the words, and scores for kinds, labels, arities and tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from parser.dropout import SharedDropout
from parser.transitions.actions import Kind

FAR = 8
"""Words farther than this from the focus share one bias."""


class Attention(nn.Module):
    """Additive attention (Bahdanau et al., 2015) from parser states to words, with a bias by distance from the focus.

    Its tanh(x) is written as 2 sigmoid(2x), which is larger by one for every word and on CPUs five times as fast.

    Args:
        word_dim: size of a word's encoding.
        dim: size of the space where states and words meet.
    """

    def __init__(self, word_dim: int, *, dim: int = 64) -> None:
        super().__init__()
        self.dim = dim
        self.key = nn.Linear(word_dim, dim, bias=False)
        self.score = nn.Linear(dim, 1, bias=False)
        self.distance = nn.Parameter(torch.zeros(2 * FAR + 1))

    def near(self, length: int) -> Tensor:
        """[length + 1, length] the bias of each word while each word, or what follows the last, is in focus."""
        places = torch.arange(length + 1, device=self.distance.device)
        return self.distance[(places[:-1] - places[:, None]).clamp(-FAR, FAR) + FAR]

    def forward(self, query: Tensor, keys: Tensor, mask: Tensor, bias: Tensor) -> Tensor:
        """Scores of the words.

        Args:
            query: [batch, steps, dim] of the parser states.
            keys: [batch, length, dim], `self.key` of the words, computed once an utterance.
            mask: [batch, length] True for words.
            bias: [batch, steps, length] by the distance of the words from the focus.

        Returns:
            [batch, steps, length] scores, minus infinity beyond the end.
        """
        met = (2 * query[:, :, None] + 2 * keys[:, None]).sigmoid_()  # in place: nothing else of training is as large
        return (2 * self.score(met).squeeze(-1) + bias).masked_fill(~mask[:, None], float("-inf"))


class Heads(nn.Module):
    """Scores from a parser state: the kind of action, the label, the arity, the token of the lexicon.

    Args:
        dim: size of the hidden layer, of which it is given what comes before the tanh.
        labels: number of labels.
        arities: the most children that `Reduce` takes; 0 in systems without it.
        lexicon: number of words that can be generated.
        dropout: dropout on the hidden layer.
    """

    def __init__(self, dim: int, *, labels: int, arities: int, lexicon: int, dropout: float) -> None:
        super().__init__()
        self.dim = dim
        self.dropout = SharedDropout(dropout)
        self.kinds = nn.Linear(dim, len(Kind))
        self.labels = nn.Linear(dim, labels)
        self.arities = nn.Linear(dim, arities) if arities else None
        self.tokens = nn.Linear(dim, lexicon) if lexicon else None

    def forward(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """[batch, steps, kinds], […, labels], […, arities] and […, lexicon] from [batch, steps, dim]."""
        hidden = self.dropout(hidden.tanh())
        layers = (self.kinds, self.labels, self.arities, self.tokens)
        kinds, labels, arities, tokens = (hidden[..., :0] if layer is None else layer(hidden) for layer in layers)
        return kinds, labels, arities, tokens
