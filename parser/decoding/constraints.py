"""The batched twin of `transitions.constraints`: masks for a batch of parser states.

Only kinds, labels and the number of children are masked: what a terminal copies or generates, and which node stands
childless, settles nothing that training constrains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parser.decoding.batched_state import BatchedState, Bools, Ints
from parser.transitions.actions import Kind


@dataclass(frozen=True)
class Choices:
    """What may come next.

    Attributes:
        kinds: [batch, width, kinds] the kinds of action.
        labels: [batch, width, labels] the labels to open or to reduce to.
        arities: in systems that reduce, the fewest, [batch, width, 1], and the most children, [batch, width, labels],
            that each label may be reduced to.
    """

    kinds: Bools
    labels: Bools
    arities: tuple[Ints, Ints] | None = None


def constrained(state: BatchedState, may_stand: Bools | None, shown: Bools) -> Choices:
    """What is legal and fits; what is legal where nothing fits.

    Args:
        state: the parser states.
        may_stand: [labels + 1, labels + 1] which label may stand under which, with the place above the root for the
            last row and leaves for the last column, so that -1 finds them; None for no constraints.
        shown: [batch, labels] which labels there are for an utterance, in a parser of several domains; others are not
            legal.
    """
    legal = _legal(state, shown)
    if may_stand is None:
        return legal
    fitting = _fitting(state, may_stand, legal)
    stuck = ~fitting.kinds.any(-1, keepdims=True)
    arities = None
    if fitting.arities is not None and legal.arities is not None:
        arities = fitting.arities[0], np.where(stuck, legal.arities[1], fitting.arities[1])
    return Choices(np.where(stuck, legal.kinds, fitting.kinds), legal.labels & (stuck | fitting.labels), arities)


def _legal(state: BatchedState, shown: Bools) -> Choices:
    shape = (*state.top.shape, len(state.childless))
    kinds, labels = state.legal(), np.broadcast_to(shown[:, None], shape)
    kinds[..., Kind.NULLARY] &= (shown & state.childless).any(-1, keepdims=True)
    if Kind.REDUCE not in state.system.kinds:
        return Choices(kinds, labels)
    fewest, most = state.arities()
    return Choices(kinds, labels, (fewest[..., None], np.repeat(most[..., None], shape[-1], axis=-1)))


def _fitting(state: BatchedState, may_stand: Bools, legal: Choices) -> Choices:
    """What is legal and fits: see `transitions.constraints` for what each system settles when."""
    kinds = legal.kinds.copy()
    if legal.arities is not None:
        fewest, most = legal.arities
        entries = state.topmost(state.grammar.max_arity)
        under = may_stand.T[entries][..., :-1]  # [batch, width, entries, labels]
        most = np.minimum(most, np.logical_and.accumulate(under, axis=-2).sum(-2))
        labels = legal.labels & (fewest <= most)
        kinds[..., Kind.REDUCE] &= labels.any(-1)
        kinds[..., Kind.FINISH] &= may_stand[-1, entries[..., 0]]
        return Choices(kinds, labels, (fewest, most))
    if state.system.adopts:
        top = state.top_label
        labels = legal.labels & may_stand.T[top][..., :-1]
        settled = may_stand[state.label, top] | (state.top == state.opener)  # an open node, or nothing, is on top
        kinds &= settled[..., None]
        kinds[..., Kind.OPEN] = legal.kinds[..., Kind.OPEN] & labels.any(-1)
        return Choices(kinds, labels)
    labels = legal.labels & may_stand[state.label][..., :-1]
    kinds[..., Kind.OPEN] &= labels.any(-1)
    kinds[..., Kind.TERMINAL] &= may_stand[state.label, -1]
    return Choices(kinds, labels)
