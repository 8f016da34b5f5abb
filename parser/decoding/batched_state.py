"""The tensor twin of the symbolic parser state: one state for a whole batch.

Every action pushes one row into a memory that only grows; the stack is a pointer to its top row and, for each row, a
pointer to the row below, so a state is copied by copying pointers. What `transitions.state.Item` says of an entry
stands here in columns: `below`, `opener`, `siblings`, and `children`, the running sum of the nearest open node's
children.
"""

from __future__ import annotations

import torch
from torch import Tensor

from parser.transitions.state import Counts
from parser.transitions.system import KIND_CLOSE, KIND_OPEN, KIND_TERMINAL


class BatchedState:
    """The stacks of a batch of utterances.

    Args:
        start: [batch, memory_dim] the memory of the empty stack.
        row_dim: size of a row.
        lengths: [batch] number of words.
        bounds: [batch] most actions.
        childless: [labels] True where a label may stand without children.
        words_kept: whether the words are taken one by one.

    Attributes:
        memory: [batch, rows, memory_dim] what the state encoder remembers of each row.
        top, open_nodes, focus, steps: as in `State`; [batch], but one number of steps for all.
    """

    def __init__(
        self, start: Tensor, row_dim: int, lengths: Tensor, bounds: Tensor, childless: Tensor, words_kept: bool
    ) -> None:
        batch = len(lengths)
        self.lengths, self.bounds, self.childless, self.words_kept = lengths, bounds, childless, words_kept
        self.steps = 0
        self.top, self.open_nodes, self.focus = (lengths.new_zeros(batch) for _ in range(3))
        self._each = torch.arange(batch, device=lengths.device)
        self.memory = start.new_zeros(batch, 32, start.shape[1])
        self.memory[:, 0] = start
        self._children = start.new_zeros(batch, 32, row_dim)
        self._columns = lengths.new_zeros(batch, 32, 4)  # below, opener, siblings, label

    @property
    def opener(self) -> Tensor:
        """[batch] the row of the nearest open node; 0 while there is none."""
        return self._columns[self._each, self.top, 1]

    @property
    def label(self) -> Tensor:
        """[batch] the label of the nearest open node."""
        return self._columns[self._each, self.opener, 3]

    @property
    def finished(self) -> Tensor:
        """[batch] True where the stack holds one whole tree."""
        return (self.open_nodes == 0) & (self.steps > 0)

    def counts(self) -> Counts:
        """What legality depends on, [batch] each."""
        opener, siblings = self._columns[self._each, self.top, 1:3].unbind(-1)
        return Counts(
            started=self.top > 0,
            open_nodes=self.open_nodes,
            children=siblings,
            childless=self.childless[self._columns[self._each, opener, 3]] & (self.open_nodes > 0),
            words_left=self.lengths - self.focus if self.words_kept else 0,
            steps_left=self.bounds - self.steps,
        )

    def keep(self, chosen: Tensor) -> None:
        """Go on with these examples of the batch alone."""
        for name in ("lengths", "bounds", "top", "open_nodes", "focus", "memory", "_children", "_columns"):
            setattr(self, name, getattr(self, name)[chosen])
        self._each = self._each[: len(chosen)]

    def read(self, rows: Tensor) -> Tensor:
        """[batch, memory_dim] the memory of one row each."""
        return self.memory[self._each, rows]

    def mean_of_children(self) -> Tensor:
        """[batch, row_dim] the mean over the nearest open node's children, zero without."""
        count = self._columns[self._each, self.top, 2].clamp(min=1)
        return self._children[self._each, self.top] / count[:, None]

    def below(self, kinds: Tensor) -> Tensor:
        """[batch] the row on which an action of each kind pushes: the top, or for Close what is below the open node."""
        return torch.where(kinds == KIND_CLOSE, self._columns[self._each, self.opener, 0], self.top)

    def push(self, kinds: Tensor, labels: Tensor, positions: Tensor, rows: Tensor, memory: Tensor) -> None:
        """Take one action each: [batch] kinds, labels and copied positions (-1 for none), rows and their memory.

        Finished examples must be given kind -1; they do not move.
        """
        below, moving, row = self.below(kinds), kinds >= 0, self.steps + 1
        self._grow(row)
        opens, ends = kinds == KIND_OPEN, (kinds == KIND_CLOSE) & (below == 0)
        under = self._columns[self._each, below]
        columns = torch.stack(
            [
                below,
                torch.where(opens, row, under[:, 1]),
                torch.where(opens | ends, 0, under[:, 2] + 1),
                torch.where(opens, labels, 0),
            ],
            dim=-1,
        )
        self._columns[:, row] = columns
        self.memory[:, row] = memory
        self._children[:, row] = torch.where(opens[:, None], 0.0, self._children[self._each, below] + rows)
        self.top = torch.where(moving, row, self.top)
        self.open_nodes = self.open_nodes + opens.long() - (kinds == KIND_CLOSE).long()
        self.focus = torch.where((kinds == KIND_TERMINAL) & (positions >= 0), positions + 1, self.focus)
        self.steps = row

    def _grow(self, row: int) -> None:
        if row == self.memory.shape[1]:  # doubling keeps the cost of copying linear in the steps
            rows = (self.memory, self._children, self._columns)
            self.memory, self._children, self._columns = (
                torch.cat([kept, torch.zeros_like(kept)], dim=1) for kept in rows
            )
