"""A bidirectional LSTM over word features: the reference encoder.

The backward direction runs over each utterance reversed within its own length, so padding changes nothing and the dense
kernels, several times faster than packed sequences on CPUs, do the work.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from parser.dropout import SharedDropout
from parser.encoders.features import WordFeatures
from parser.gathering import at
from parser.inputs import Inputs
from parser.sizes import require_sizes
from parser.vocabulary import Vocabulary


class BiLSTM(nn.Module):
    """[batch, length, dim] contextual encodings of the words of *play music*.

    Args:
        vocabulary: the symbols of the training set.
        hidden: units of each direction; `dim` is twice that.
        layers: how many bidirectional layers.
        dropout: dropout on the features and after each layer.
        word_dim: see `WordFeatures`.
        character_dim: see `WordFeatures`.
        piece_dim: see `WordFeatures`.
        rare_words: see `WordFeatures`.

    Raises:
        DataError: a size is less than 1, or a rate is no share.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        hidden: int = 128,
        layers: int = 2,
        dropout: float = 0.2,
        word_dim: int = 128,
        character_dim: int = 64,
        piece_dim: int = 0,
        rare_words: float = 0.5,
    ) -> None:
        super().__init__()
        require_sizes("the Bi-LSTM", hidden=hidden, layers=layers, word_dim=word_dim, character_dim=character_dim)
        self.features = WordFeatures(
            vocabulary,
            word_dim=word_dim,
            character_dim=character_dim,
            piece_dim=piece_dim,
            dropout=dropout,
            rare_words=rare_words,
        )
        self.dim = 2 * hidden
        sizes = [self.features.dim] + [self.dim] * (layers - 1)
        self.forwards = nn.ModuleList(nn.LSTM(size, hidden, batch_first=True) for size in sizes)
        self.backwards = nn.ModuleList(nn.LSTM(size, hidden, batch_first=True) for size in sizes)
        self.dropout = SharedDropout(dropout)

    def forward(self, inputs: Inputs) -> Tensor:
        """[batch, length, dim]; what stands beyond an utterance's end means nothing."""
        encoded = self.features(inputs)
        places = torch.arange(encoded.shape[1], device=encoded.device)
        mirrored = inputs.lengths[:, None] - 1 - places
        reverse = torch.where(mirrored < 0, places, mirrored)  # reversal within the length: its own inverse
        for ahead, back in zip(self.forwards, self.backwards):
            backward = back(at(encoded, reverse))[0]
            encoded = self.dropout(torch.cat([ahead(encoded)[0], at(backward, reverse)], dim=-1))
        return encoded
