"""Encoders of the stack: modules that give a vector for every state of the stack.

A new state encoder is a new module here whose class takes the size of a row, then that of a word's encoding, and its
own sizes as keywords; see `StateEncoder`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor

    from parser.derivations import Gold
    from parser.state_encoders.views import Stack, Words


class StateEncoder(Protocol):
    """What the network asks of a state encoder; training and decoding must give the same states (tested)."""

    dim: int
    """Size of a state."""
    memory_dim: int
    """Size of what is remembered of a row."""

    def look(self, encoded: Tensor) -> Tensor:
        """[batch, length, …] what it wants to know of the words' [batch, length, dim] encodings."""

    def forward(self, rows: Tensor, words: Words, gold: Gold) -> Tensor:
        """[batch, steps + 1, dim] the state after each push of whole derivations, from the empty stack on."""

    def start(self) -> Tensor:
        """[memory_dim] the memory of the empty stack."""

    def project(self, rows: Tensor) -> Tensor:
        """[…, projected_dim] all that `step` needs of new rows, from […, row_dim]: what rows that come again share."""

    def step(self, projected: Tensor, words: Words, stack: Stack) -> Tensor:
        """[batch, width, memory_dim] the memory of [batch, width, projected_dim] new rows."""

    def read(self, memory: Tensor) -> Tensor:
        """[…, dim] the state that a memory stands for."""
