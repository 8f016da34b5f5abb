"""The Stack-LSTM of Dyer et al. (ACL 2015): an LSTM whose next step continues from any earlier one.

In training all derivations of a batch are known, so rows are computed by stack depth instead of by time: all rows of
depth d at once, each from its own row below. The work is the same, the sequential steps are as many as the stack is
high, and no padding is computed. In decoding, one row an example is computed at a time; both give the same numbers
(tested).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from parser.derivations import Gold
from parser.sizes import require_sizes
from parser.state_encoders.views import Stack, Words


class StackLSTM(nn.Module):
    """States of the stack.

    Args:
        row_dim: size of the vectors that are pushed.
        word_dim: size of a word's encoding, which does not matter here.
        dim: size of the state.

    Raises:
        DataError: it is less than 1.
    """

    def __init__(self, row_dim: int, word_dim: int, *, dim: int = 192) -> None:
        super().__init__()
        require_sizes("the Stack-LSTM", dim=dim)
        self.dim = dim
        self.memory_dim = 2 * dim  # what a row remembers: hidden state and cell
        self.inputs = nn.Linear(row_dim, 4 * dim)
        self.recurrent = nn.Linear(dim, 4 * dim, bias=False)
        nn.init.orthogonal_(self.recurrent.weight)

    def look(self, encoded: Tensor) -> Tensor:
        """[batch, length, 0]: it sees the stack alone."""
        return encoded[..., :0]

    def forward(self, rows: Tensor, words: Words, gold: Gold) -> Tensor:
        """[batch, steps + 1, dim] the state when row r is on top, from row 0, the empty stack."""
        batch, steps, _ = rows.shape
        inputs = self.project(rows).flatten(0, 1)
        hidden, cell = inputs.new_zeros(1, self.dim), inputs.new_zeros(1, self.dim)
        states = []
        for level in gold.stack:
            hidden, cell = self._cell(inputs[level.rows], hidden[level.sources], cell[level.sources])
            states.append(hidden)
        order = torch.cat([level.rows for level in gold.stack])
        flat = rows.new_zeros(batch * steps, self.dim).index_copy(0, order, torch.cat(states))
        return torch.cat([rows.new_zeros(batch, 1, self.dim), flat.view(batch, steps, self.dim)], dim=1)

    def start(self) -> Tensor:
        """[memory_dim] the memory of the empty stack."""
        return self.inputs.weight.new_zeros(self.memory_dim)

    def project(self, rows: Tensor) -> Tensor:
        """[…, 4 * dim] what rows add to the gates."""
        return self.inputs(rows)

    def step(self, projected: Tensor, words: Words, stack: Stack) -> Tensor:
        """[batch, width, memory_dim] the memory of new rows, each from that of the row below."""
        hidden, cell = functional.embedding(stack.below, stack.memory).split(self.dim, dim=-1)
        return torch.cat(self._cell(projected, hidden, cell), dim=-1)

    def read(self, memory: Tensor) -> Tensor:
        """[…, dim] the state that a memory stands for."""
        return memory[..., : self.dim]

    def _cell(self, inputs: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        gates, candidate = (inputs + self.recurrent(hidden)).split([3 * self.dim, self.dim], dim=-1)
        keep, write, show = gates.sigmoid().chunk(3, dim=-1)
        cell = keep * cell + write * candidate.tanh()
        return show * cell.tanh(), cell
