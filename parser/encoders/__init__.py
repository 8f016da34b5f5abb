"""Encoders of the utterance: modules that give a vector for every word.

A new encoder is a new module here whose class takes the vocabulary first and its sizes as keywords; see `Encoder`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor, nn

    from parser.inputs import Inputs


class Encoder(Protocol):
    """What the network asks of an encoder; padding and what else is in the batch must change nothing (tested)."""

    dim: int
    """Size of an encoding."""

    def forward(self, inputs: Inputs) -> Tensor:
        """[batch, length, dim] the encodings of the words; what stands beyond an utterance's end means nothing."""


@runtime_checkable
class Tunable(Protocol):
    """An encoder with pretrained weights, which learn in their own time.

    Such an encoder also takes a keyword `folder`: the model folder that its files were exported to, or None. Its class
    has a method `require`, which takes the same keywords and is called before any data is read: it raises a `DataError`
    where the weights cannot be had.

    Attributes:
        tuned: the pretrained weights.
        learning_rate: their highest learning rate.
        unfreeze_at: the epoch from which they learn; None is never.
        files: what a model folder must hold, besides weights, to make the encoder again: texts by the names of files.
    """

    tuned: list[nn.Parameter]
    learning_rate: float
    unfreeze_at: int | None
    files: dict[str, str]

    def start_epoch(self, epoch: int) -> None:
        """Do what is due at the beginning of a training epoch."""
