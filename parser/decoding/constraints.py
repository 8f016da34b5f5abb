"""The tensor twin of `transitions.constraints`: masks for a batch of parser states.

Only kinds, labels and the number of children are masked: what a terminal copies or generates, and which node stands
childless, settles nothing that training constrains.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from parser.decoding.batched_state import BatchedState
from parser.transitions.actions import Kind


@dataclass(frozen=True)
class Choices:
    """What may come next.

    Attributes:
        kinds: [batch, width, kinds] the kinds of action.
        labels: [batch, width, labels] the labels to open or to reduce to.
        fewest, most: [batch, width, labels] how many children each label may be reduced to, in systems that reduce.
    """

    kinds: Tensor
    labels: Tensor
    fewest: Tensor
    most: Tensor


def constrained(state: BatchedState, may_stand: Tensor | None) -> Choices:
    """What is legal and fits; what is legal where nothing fits.

    Args:
        state: the parser states.
        may_stand: [labels + 1, labels + 1] which label may stand under which, with the place above the root for the
            last row and leaves for the last column, so that -1 finds them; None for no constraints.
    """
    shape = (*state.top.shape, len(state.childless))
    reduces = Kind.REDUCE in state.system.kinds
    limits = state.arities() if reduces else (torch.zeros_like(state.top),) * 2
    fewest, most = (limit[..., None].expand(shape) for limit in limits)
    legal = Choices(state.legal(), torch.ones_like(fewest, dtype=torch.bool), fewest, most)
    if may_stand is None:
        return legal
    fitting = _fitting(state, may_stand, legal)
    stuck = ~fitting.kinds.any(-1, keepdim=True)
    return Choices(
        kinds=torch.where(stuck, legal.kinds, fitting.kinds),
        labels=stuck | fitting.labels,
        fewest=fewest,
        most=torch.where(stuck, most, fitting.most),
    )


def _fitting(state: BatchedState, may_stand: Tensor, legal: Choices) -> Choices:
    """What is legal and fits: see `transitions.constraints` for what each system settles when."""
    labels, most, kinds = legal.labels, legal.most, legal.kinds.clone()
    if Kind.REDUCE in state.system.kinds:
        entries = state.topmost(state.grammar.max_arity)
        under = may_stand.T[entries][..., :-1]  # [batch, width, entries, labels]
        most = torch.minimum(most, under.cumprod(-2).sum(-2))
        labels = legal.fewest <= most
        kinds[..., Kind.REDUCE] &= labels.any(-1)
        kinds[..., Kind.FINISH] &= may_stand[-1, entries[..., 0]]
    elif state.system.adopts:
        top = state.topmost(1)[..., 0]
        labels = may_stand.T[top][..., :-1]
        settled = may_stand[state.label, top] | (state.top == state.opener)  # an open node, or nothing, is on top
        opens = labels.any(-1, keepdim=True)
        kinds &= torch.where(torch.arange(len(Kind), device=top.device) == Kind.OPEN, opens, settled[..., None])
    else:
        labels = may_stand[state.label][..., :-1]
        kinds[..., Kind.OPEN] &= labels.any(-1)
        kinds[..., Kind.TERMINAL] &= may_stand[state.label, -1]
    return Choices(kinds, labels, legal.fewest, most)
