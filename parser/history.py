"""The action history: an LSTM over the actions taken."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class History(nn.Module):
    """States of the action history.

    Args:
        row_dim: size of an action's vector: of its kind and of what it pushes.
        dim: size of a state.
    """

    def __init__(self, row_dim: int, dim: int) -> None:
        super().__init__()
        self.dim = dim
        self.lstm = nn.LSTM(row_dim, dim, batch_first=True)

    def forward(self, actions: Tensor) -> Tensor:
        """[batch, steps, dim] the state after each of [batch, steps, row_dim] actions."""
        return self.lstm(actions)[0]

    def project(self, rows: Tensor) -> Tensor:
        """[…, 4 * dim] what `step` needs of actions, from […, row_dim]; that of a sum is the sum."""
        return functional.linear(rows, self.lstm.all_weights[0][0])

    def start(self, batch: int, width: int) -> tuple[Tensor, Tensor]:
        """[batch, width, dim] hidden state and cell before the first action."""
        zeros = self.lstm.all_weights[0][0].new_zeros(batch, width, self.dim)
        return zeros, zeros

    def step(self, projected: Tensor, before: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """[batch, width, dim] hidden state and cell after one more action each, of which it is given the projection."""
        hidden, cell = before
        _, recurrent, *biases = self.lstm.all_weights[0]
        gates = projected + functional.linear(hidden, recurrent, biases[0] + biases[1])
        write, keep, candidate, show = gates.chunk(4, dim=-1)
        cell = keep.sigmoid() * cell + write.sigmoid() * candidate.tanh()
        return show.sigmoid() * cell.tanh(), cell
