"""Sequences of pieces cut into overlapping windows, for encoders that read no more than so many pieces at once.

A sequence that fits is one window. A longer one is cut into windows of the full width, each half a width after the one
before and the last one flush with the end; each piece takes its encoding from the window in whose middle half it
stands (at the ends, from the first and the last), so that it has seen a quarter of a width on either side.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from parser.encoders.pieces import PieceSequences


@dataclass(frozen=True)
class Windows:
    """Windows of a batch of sequences, each between the special pieces of its encoder.

    Attributes:
        ids: [windows, width] the ids, special ones included, padded.
        mask: [windows, width] True where there is a piece.
        places: [batch, pieces] where each piece of a sequence stands in the flat [windows * width] order.
    """

    ids: Tensor
    mask: Tensor
    places: Tensor

    @classmethod
    def of(cls, sequences: PieceSequences, width: int, *, prefix: list[int], suffix: list[int], pad: int) -> Windows:
        """Windows of at most `width` pieces, the special ones `prefix` and `suffix` not counted."""
        device, lengths, longest = sequences.ids.device, sequences.lengths, sequences.ids.shape[1]
        step = max(1, width // 2)
        number = 1 + ((lengths - width).clamp(min=0) + step - 1) // step  # windows of each sequence
        first = number.cumsum(0) - number
        owner = torch.repeat_interleave(torch.arange(len(lengths), device=device), number)
        order = torch.arange(len(owner), device=device) - first[owner]
        begin = torch.minimum(order * step, (lengths[owner] - width).clamp(min=0))

        taken = begin[:, None] + torch.arange(min(width, longest), device=device)
        inside = taken < lengths[owner][:, None]
        body = sequences.ids[owner[:, None], taken.clamp(max=longest - 1)].masked_fill(~inside, pad)
        ends = len(prefix) + inside.sum(1, keepdim=True) + torch.arange(len(suffix), device=device)
        ids = torch.cat([_rows(prefix, body), body, body.new_full((len(body), len(suffix)), pad)], dim=1)
        ids = ids.scatter(1, ends, _rows(suffix, body))
        mask = torch.arange(ids.shape[1], device=device) < inside.sum(1, keepdim=True) + len(prefix) + len(suffix)

        pieces = torch.arange(longest, device=device)
        middle = (pieces - (width - step) // 2).div(step, rounding_mode="floor")
        window = first[:, None] + torch.minimum(middle.clamp(min=0), number[:, None] - 1)
        column = (pieces - begin[window]).clamp(max=body.shape[1] - 1)  # the padding of a sequence stands anywhere
        return cls(ids, mask, window * ids.shape[1] + len(prefix) + column)

    def joined(self, encoded: Tensor) -> Tensor:
        """[batch, pieces, dim] what the pieces of the sequences take from [windows, width, dim]."""
        return encoded.flatten(0, 1)[self.places]


def _rows(ids: list[int], like: Tensor) -> Tensor:
    return torch.tensor(ids, dtype=like.dtype, device=like.device).expand(len(like), len(ids))
