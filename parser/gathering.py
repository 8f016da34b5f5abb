"""Rows of a batch by their places."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def at(values: Tensor, places: Tensor) -> Tensor:
    """[batch, …, dim] rows of [batch, length, dim] values, by [batch, …] places.

    Whole rows are looked up, as in an embedding, which is several times as fast as to gather their elements.
    """
    first = torch.arange(0, len(places) * values.shape[1], values.shape[1], device=places.device)
    return functional.embedding(places + first.view(-1, *(1 for _ in places.shape[1:])), values.flatten(0, 1))
