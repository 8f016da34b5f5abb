"""Utterances as sequences of pieces, and pieces pooled back to words; no loop runs over the utterances of a batch.

Of *play quinoa* with the pieces *play*, *qui* and *noa* the sequence is `[play, qui, noa]`; its words are `[0, 1, 1]`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from parser.inputs import Inputs
from parser.vocabulary import PAD


@dataclass(frozen=True)
class PieceSequences:
    """The pieces of a batch of utterances, in order.

    Attributes:
        ids: [batch, pieces] their ids, padded.
        words: [batch, pieces] the word that each is a piece of, 0 beyond the end.
        lengths: [batch] how many pieces an utterance has.
        counts: [batch, length] how many pieces a word has.
    """

    ids: Tensor
    words: Tensor
    lengths: Tensor
    counts: Tensor

    @classmethod
    def of(cls, inputs: Inputs, pieces: Tensor) -> PieceSequences:
        """From the pieces [distinct words, pieces] of the words that `inputs.spellings` counts, at least one each."""
        spelt = pieces[inputs.spellings]
        filled = (spelt != PAD) & inputs.mask[..., None]
        counts = filled.sum(2)
        lengths = counts.sum(1)
        inside = _places(lengths) < lengths[:, None]
        words = torch.arange(counts.shape[1], device=counts.device)[:, None].expand_as(spelt)
        return cls(  # both masks run through utterance, word and piece in the same order
            ids=torch.zeros_like(inside, dtype=spelt.dtype).masked_scatter(inside, spelt[filled]),
            words=torch.zeros_like(inside, dtype=words.dtype).masked_scatter(inside, words[filled]),
            lengths=lengths,
            counts=counts,
        )

    @property
    def mask(self) -> Tensor:
        """[batch, pieces] True where there is a piece."""
        return _places(self.lengths) < self.lengths[:, None]

    def pooled(self, encoded: Tensor) -> Tensor:
        """[batch, length, dim] the mean over the pieces of each word, of [batch, pieces, dim]."""
        sums = encoded.new_zeros(*self.counts.shape, encoded.shape[2])
        places = self.words[..., None].expand_as(encoded)
        sums = sums.scatter_add(1, places, encoded.masked_fill(~self.mask[..., None], 0.0))
        return sums / self.counts.clamp(min=1)[..., None]


def _places(lengths: Tensor) -> Tensor:
    return torch.arange(int(lengths.max()), device=lengths.device)
