"""Encoders of the utterance: modules from `Inputs` to [batch, length, dim], with an attribute `dim`.

A new encoder is a new module here whose class takes the vocabulary first and its sizes as keywords.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import nn


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
