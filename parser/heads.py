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

    Args:
        query_dim: size of a state.
        word_dim: size of a word's encoding.
        dim: size of the space they meet in.
    """

    def __init__(self, query_dim: int, word_dim: int, *, dim: int = 64) -> None:
        super().__init__()
        self.query = nn.Linear(query_dim, dim)
        self.key = nn.Linear(word_dim, dim, bias=False)
        self.score = nn.Linear(dim, 1, bias=False)
        self.distance = nn.Embedding(2 * FAR + 1, 1)
        nn.init.zeros_(self.distance.weight)

    def forward(self, query: Tensor, keys: Tensor, mask: Tensor, focus: Tensor) -> Tensor:
        """Scores of the words.

        Args:
            query: [batch, steps, query_dim] parser states.
            keys: [batch, length, dim], `self.key` of the words, computed once an utterance.
            mask: [batch, length] True for words.
            focus: [batch, steps] the word in focus.

        Returns:
            [batch, steps, length] scores, minus infinity beyond the end.
        """
        met = (self.query(query)[:, :, None] + keys[:, None]).tanh_()  # in place: nothing else of training is as large
        scores = self.score(met).squeeze(-1)
        places = torch.arange(keys.shape[1], device=keys.device)
        distance = (places - focus[..., None]).clamp(-FAR, FAR) + FAR
        return (scores + self.distance(distance).squeeze(-1)).masked_fill(~mask[:, None], float("-inf"))


class Heads(nn.Module):
    """Scores from a parser state: the kind of action, the label, the arity, the token of the lexicon.

    Args:
        state_dim: size of the concatenated parser state.
        dim: size of the hidden layer.
        labels: number of labels.
        arities: the most children that `Reduce` takes; 0 in systems without it.
        lexicon: number of words that can be generated.
        dropout: dropout on the hidden layer.
    """

    def __init__(self, state_dim: int, *, dim: int, labels: int, arities: int, lexicon: int, dropout: float) -> None:
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(state_dim, dim), nn.Tanh(), SharedDropout(dropout))
        self.sizes = [len(Kind), labels, arities, lexicon]
        self.outputs = nn.Linear(dim, sum(self.sizes))

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """[batch, steps, kinds], […, labels], […, arities] and […, lexicon] from [batch, steps, state_dim]."""
        kinds, labels, arities, lexicon = self.outputs(self.hidden(state)).split(self.sizes, dim=-1)
        return kinds, labels, arities, lexicon
