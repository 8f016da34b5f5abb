"""What a word looks like before its context: its embedding, its characters encoded and, if asked for, its pieces.

Damonte et al. (2019) concatenate the word embedding with a character encoding; theirs is an LSTM's last state, ours a
convolution with max pooling (as good on TOP dev and several times faster). Every distinct word of a batch is spelt
once.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from data_conversion.errors import DataError
from parser.dropout import SharedDropout
from parser.inputs import Inputs
from parser.subwords import Pieces
from parser.vocabulary import PAD, UNKNOWN, Vocabulary


class WordFeatures(nn.Module):
    """[batch, length, dim] features of every word: of *quinoa*, never seen, the characters still tell something.

    Args:
        vocabulary: the symbols of the training set.
        word_dim: size of the word embedding.
        character_dim: size of the character encoding.
        piece_dim: size of the sentencepiece embeddings, averaged over a word's pieces; 0 for none.
        dropout: dropout on the features.
        rare_words: in training a word seen n times is unknown with probability rare_words / (rare_words + n)
            (Kiperwasser and Goldberg, 2016), so that the parser learns to do without.

    Raises:
        DataError: pieces are asked for and the vocabulary has none.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        word_dim: int = 128,
        character_dim: int = 64,
        piece_dim: int = 0,
        dropout: float = 0.2,
        rare_words: float = 0.5,
    ) -> None:
        super().__init__()
        self.dim = word_dim + character_dim + piece_dim
        self.words = nn.Embedding(len(vocabulary.words) + 2, word_dim, padding_idx=PAD)
        self.characters = nn.Embedding(len(vocabulary.characters) + 2, 32, padding_idx=PAD)
        self.convolution = nn.Conv1d(32, character_dim, kernel_size=5, padding=4)
        self.pieces = None
        if piece_dim:
            if vocabulary.pieces is None:
                raise DataError("piece_dim is a size of pieces: set data.pieces, as configs/model/pieces.yaml does")
            self.pieces = nn.Embedding(Pieces.from_base64(vocabulary.pieces).size, piece_dim, padding_idx=PAD)
        self.dropout = SharedDropout(dropout)
        counts = torch.tensor([float("inf"), float("inf"), *map(float, vocabulary.words.values())])
        self.register_buffer("unknown_rate", rare_words / (rare_words + counts), persistent=False)

    def forward(self, inputs: Inputs) -> Tensor:
        """[batch, length, dim]."""
        words = inputs.words
        if self.training:
            words = words.masked_fill(torch.rand(words.shape, device=words.device) < self.unknown_rate[words], UNKNOWN)
        spelling = [self._spell(inputs.characters)]
        if self.pieces is not None:
            count = (inputs.pieces != PAD).sum(1, keepdim=True).clamp(min=1)
            spelling.append(self.pieces(inputs.pieces).sum(1) / count)
        spelt = torch.cat(spelling, dim=-1)[inputs.spellings]
        return self.dropout(torch.cat([self.words(words), spelt], dim=-1))

    def _spell(self, characters: Tensor) -> Tensor:
        """[words, characters] -> [words, character_dim]; what lies beyond a word's end cannot win the maximum."""
        convolved = self.convolution(self.characters(characters).transpose(1, 2))  # 4 more places than characters
        ends = (characters != PAD).sum(1, keepdim=True) + 4
        beyond = torch.arange(convolved.shape[2], device=characters.device) >= ends
        return convolved.masked_fill(beyond[:, None], float("-inf")).amax(2)
