"""A Transformer over sentencepiece pieces, pooled to words.

Layers are pre-norm, which trains without a long warm-up (Xiong et al., ICML 2020). Each piece is the sum of its own
embedding, of the features of its word and of a sinusoid of its place (Vaswani et al., 2017), so that there is no limit
on the length of an utterance.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from data_conversion.errors import DataError
from parser.encoders.features import WordFeatures
from parser.encoders.pieces import PieceSequences
from parser.gathering import at
from parser.inputs import Inputs
from parser.sizes import require_shares, require_sizes
from parser.subwords import Pieces
from parser.vocabulary import PAD, Vocabulary


class Transformer(nn.Module):
    """[batch, length, dim] contextual encodings of the words of *play music*.

    Args:
        vocabulary: the symbols of the training set, sentencepiece pieces among them.
        dim: size of the encodings.
        layers: how many layers.
        heads: attention heads of each layer.
        feed_forward: units of the hidden layer of each feed-forward block.
        dropout: dropout on what goes in and in the layers.
        word_dim: see `WordFeatures`.
        character_dim: see `WordFeatures`.
        rare_words: see `WordFeatures`.

    Raises:
        DataError: the vocabulary has no pieces, twice the heads do not divide `dim`, or a size or rate is none.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        dim: int = 256,
        layers: int = 3,
        heads: int = 4,
        feed_forward: int = 512,
        dropout: float = 0.2,
        word_dim: int = 128,
        character_dim: int = 64,
        rare_words: float = 0.5,
    ) -> None:
        super().__init__()
        if vocabulary.pieces is None:
            raise DataError("the Transformer reads pieces: set data.pieces, as configs/model/transformer.yaml does")
        require_sizes("the Transformer", dim=dim, layers=layers, heads=heads, feed_forward=feed_forward)
        require_shares(dropout=dropout)
        if dim % (2 * heads):
            raise DataError(f"encoder: dim must be a multiple of twice the heads, and {dim} is none of {2 * heads}")
        self.dim = dim
        self.pieces = nn.Embedding(Pieces.from_base64(vocabulary.pieces).size, dim, padding_idx=PAD)
        self.features = WordFeatures(
            vocabulary, word_dim=word_dim, character_dim=character_dim, dropout=dropout, rare_words=rare_words
        )
        self.project = nn.Linear(self.features.dim, dim)
        layer = nn.TransformerEncoderLayer(dim, heads, feed_forward, dropout, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, layers, nn.LayerNorm(dim), enable_nested_tensor=False)
        self.dropout = nn.Dropout(dropout)
        for weights in self.layers.parameters():  # the layers are copies of one, which would start alike
            if weights.dim() > 1:
                nn.init.xavier_uniform_(weights)

    def forward(self, inputs: Inputs) -> Tensor:
        """[batch, length, dim]; what stands beyond an utterance's end means nothing."""
        sequences = PieceSequences.of(inputs, inputs.pieces)
        words = at(self.project(self.features(inputs)), sequences.words)
        embedded = self.pieces(sequences.ids) + words + _sinusoids(sequences.ids.shape[1], words)
        encoded = self.layers(self.dropout(embedded), src_key_padding_mask=~sequences.mask)
        return sequences.pooled(encoded)


def _sinusoids(length: int, like: Tensor) -> Tensor:
    """[length, dim] a sine and a cosine of the place at each wavelength."""
    dim = like.shape[2]
    rates = torch.exp(torch.arange(0, dim, 2, device=like.device) * (-math.log(10_000.0) / dim))
    angles = torch.arange(length, device=like.device)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1).to(like.dtype)
