"""The twin of the symbolic parser state: one state for a whole batch, and for a beam of each utterance.

Every action pushes one row into a memory that only grows; the stack is a pointer to its top row, and with each row
stands what one must know of the stack that it is the top of, so a hypothesis is copied by copying pointers. Vectors are
tensors. Pointers and counts are arrays on the host: they are compared and added some sixty times a step, on which a
tensor would spend four times as long, and on a GPU a kernel each.

What `transitions.state.Item` says of an entry stands here in columns. `_sums` is the sum of the rows on the stack but
for those of open nodes, so the sum of some entries is a difference.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from parser.state_encoders.views import Stack
from parser.transitions.actions import Kind
from parser.transitions.state import Counts
from parser.transitions.system import Grammar, TransitionSystem, arities

Ints = NDArray[np.int64]
Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

# All columns but two are right for the empty stack when they are zero; the two labels are -1 there.
_COLUMNS = 9
_LABEL, _OPEN_LABEL, _BELOW, _OPENER, _CLOSES_ON, _LEAF, _DEPTH, _CHILDREN, _OPEN_NODES = range(_COLUMNS)
_FOLLOWED = ("top", "nodes", "focus", "finished", "_on_top", "_entries")


class BatchedState:
    """The stacks of a batch of utterances, `width` hypotheses each.

    Args:
        system: the transition system.
        grammar: what trees are like.
        start: [memory_dim] the memory of the empty stack.
        row_dim: size of a row.
        lengths: [batch] number of words.
        childless: [labels] True where a label may stand without children.
        width: how many hypotheses an utterance has.

    Attributes:
        memory: [rows, memory_dim] what the state encoder remembers of each row; row 0 is the empty stack.
        top, nodes, focus, finished: as in `State`; [batch, width].
        steps: as in `State`; the same for all.
    """

    def __init__(
        self,
        system: TransitionSystem,
        grammar: Grammar,
        start: Tensor,
        row_dim: int,
        lengths: Ints,
        childless: Bools,
        width: int = 1,
    ) -> None:
        batch, rows = len(lengths), 1 + 32 * width * len(lengths)
        self.system, self.grammar, self.childless = system, grammar, childless
        self.lengths, self._bounds = lengths[:, None], grammar.bound(lengths)[:, None]
        self.steps, self._rows = 0, 1
        self.top, self.nodes, self.focus = (np.zeros((batch, width), np.int64) for _ in range(3))
        self.finished = np.zeros((batch, width), np.bool_)
        self.memory = start.new_zeros(rows, len(start))
        self.memory[0] = start
        self._sums = start.new_zeros(rows, row_dim)
        self._columns = np.zeros((rows, _COLUMNS), np.int64)
        self._columns[0, [_LABEL, _OPEN_LABEL]] = -1
        self._on_top = self._columns[self.top]  # the columns of the top row
        self._entries = np.zeros((batch, width, 32), np.int64)  # the rows on the stack; place 0 is the empty stack

    @property
    def opener(self) -> Ints:
        """[batch, width] the row of the nearest open node; 0 while there is none."""
        return self._on_top[..., _OPENER]

    @property
    def label(self) -> Ints:
        """[batch, width] the label of the nearest open node; -1 while there is none."""
        return self._on_top[..., _OPEN_LABEL]

    @property
    def top_label(self) -> Ints:
        """[batch, width] the label of the topmost entry; -1 for a leaf and the bottom."""
        return self._on_top[..., _LABEL]

    def topmost(self, count: int) -> Ints:
        """[batch, width, count] the labels of the topmost entries, from the top down; -1 for leaves and the bottom."""
        places = self._on_top[..., _DEPTH, None] - np.arange(count)
        utterance, hypothesis = self._each
        rows = self._entries[utterance[..., None], hypothesis[..., None], places.clip(min=0)]
        return self._columns[rows, _LABEL]

    def legal(self) -> Bools:
        """[batch, width, kinds] which kinds of action may come next; none where the tree is finished."""
        legal = np.empty((*self.top.shape, len(Kind)), np.bool_)
        for kind, flag in enumerate(self.system.legal(self.counts(), self.grammar)):
            legal[..., kind] = flag
        return legal & ~self.finished[..., None]

    def arities(self) -> tuple[Ints, Ints]:
        """[batch, width] the fewest and the most children that `Reduce` may take."""
        return arities(self.counts(), self.grammar)

    def counts(self) -> Counts:
        """What legality depends on, [batch, width] each."""
        columns = self._on_top
        opener = columns[..., _OPENER]
        return Counts(
            depth=columns[..., _DEPTH],
            top_open=(opener == self.top) & (self.top > 0),
            top_leaf=columns[..., _LEAF] > 0,
            open_nodes=columns[..., _OPEN_NODES],
            nodes=self.nodes,
            children=columns[..., _CHILDREN],
            childless=self.childless[columns[..., _OPEN_LABEL]] & (opener > 0),
            words_left=self.lengths - self.focus if self.grammar.words_kept else np.zeros_like(self.focus),
            steps_left=self._bounds - self.steps,
        )

    def read(self) -> Tensor:
        """[batch, width, 2, memory_dim] the memory of the top row, and of the nearest open node."""
        return functional.embedding(self.tensor(np.stack([self.top, self.opener], axis=-1)), self.memory)

    def below(self, kinds: Ints, arities: Ints) -> Ints:
        """[batch, width] the row on which actions of these kinds push."""
        below = np.where(kinds == Kind.CLOSE, self._on_top[..., _CLOSES_ON], self.top)
        if Kind.REDUCE in self.system.kinds:
            utterance, hypothesis = self._each
            under = self._entries[utterance, hypothesis, (self._on_top[..., _DEPTH] - arities).clip(min=0)]
            below = np.where(kinds == Kind.REDUCE, under, below)
        return below

    def mean_of_children(self, kinds: Ints, arities: Ints, below: Ints) -> Tensor:
        """[batch, width, row_dim] the mean over the children of the nodes that are finished now, zero without."""
        count = np.where(kinds == Kind.CLOSE, self._on_top[..., _CHILDREN], arities).clip(min=1)
        above, under = functional.embedding(self.tensor(np.stack([self.top, below])), self._sums)
        return (above - under) / self.tensor(count)[..., None]

    def stack(self, below: Ints, focus: Ints) -> Stack:
        """What rows pushed on `below` lie on."""
        depth = self._columns[below, _DEPTH]
        return Stack(self.memory, *map(self.tensor, (below, self._entries, depth, focus)))

    def focus_after(self, positions: Ints) -> Ints:
        """[batch, width] the word in focus after these positions were copied; -1 is for none."""
        return np.where(positions >= 0, positions + 1, self.focus)

    def push(self, kinds: Ints, labels: Ints, positions: Ints, below: Ints, rows: Tensor, memory: Tensor) -> None:
        """Take one action each: [batch, width] kinds, labels, copied positions (-1 for none), rows and their memory.

        Those that are finished must be given kind -1; they do not move.
        """
        first, last = self._rows, self._rows + kinds.size
        self._grow(last)
        self._rows, number = last, np.arange(first, last).reshape(kinds.shape)
        moving, opens = kinds >= 0, kinds == Kind.OPEN
        columns = self._described(number, opens, labels, below, kinds == Kind.TERMINAL)
        self._columns[first:last] = columns.reshape(-1, _COLUMNS)
        self.memory[first:last] = memory.flatten(0, 1)
        under = functional.embedding(self.tensor(below), self._sums)
        self._sums[first:last] = (under + rows * self.tensor(~opens)[..., None]).flatten(0, 1)
        utterance, hypothesis = self._each
        self._entries[utterance, hypothesis, columns[..., _DEPTH]] = number
        self.top = np.where(moving, number, self.top)
        self._on_top = np.where(moving[..., None], columns, self._on_top)
        self.nodes = self.nodes + (opens | (kinds == Kind.NULLARY) | (kinds == Kind.REDUCE))
        self.focus = self.focus_after(positions)
        self.finished = self.finished | self._ends(kinds)
        self.steps += 1

    def keep(self, chosen: Ints) -> None:
        """Go on with these utterances of the batch alone."""
        for name in (*_FOLLOWED, "lengths", "_bounds"):
            setattr(self, name, getattr(self, name)[chosen])

    def select(self, chosen: Ints) -> None:
        """Go on with these [batch, width] hypotheses of each utterance, some more than once: pointers are copied."""
        utterance, _ = self._each
        for name in _FOLLOWED:
            setattr(self, name, getattr(self, name)[utterance, chosen])

    @property
    def _each(self) -> tuple[Ints, Ints]:
        """Every hypothesis, as indices that broadcast to [batch, width]."""
        batch, width = self.top.shape
        return np.arange(batch)[:, None], np.arange(width)[None]

    def tensor(self, array: NDArray) -> Tensor:
        """An array where the vectors are."""
        return torch.from_numpy(array).to(self.memory.device)

    def _described(self, number: Ints, opens: Bools, labels: Ints, below: Ints, leaf: Bools) -> Ints:
        """[batch, width, columns] of the rows of these numbers; what is not of the row is as with the row below."""
        columns = self._columns[below]
        columns[..., _DEPTH] += 1
        columns[..., _CHILDREN] += 1
        columns[..., _OPEN_NODES] += opens
        closes_on = columns[..., _BELOW] if self.system.adopts else below
        first = int(self.system.adopts)
        for column, own in ((_CHILDREN, first), (_OPENER, number), (_OPEN_LABEL, labels), (_CLOSES_ON, closes_on)):
            columns[..., column] = np.where(opens, own, columns[..., column])
        columns[..., _BELOW], columns[..., _LABEL], columns[..., _LEAF] = below, labels, leaf
        return columns

    def _ends(self, kinds: Ints) -> Bools:
        if Kind.FINISH in self.system.kinds:
            return kinds == Kind.FINISH
        return (kinds == Kind.CLOSE) & (self._on_top[..., _OPEN_NODES] == 0)

    def _grow(self, rows: int) -> None:
        if rows > len(self.memory):  # doubling keeps the cost of copying linear in the steps
            for name in ("memory", "_sums"):
                kept = getattr(self, name)
                setattr(self, name, torch.cat([kept, torch.zeros_like(kept)]))
            self._columns = np.concatenate([self._columns, np.zeros_like(self._columns)])
        if self.steps + 2 > self._entries.shape[2]:
            self._entries = np.concatenate([self._entries, np.zeros_like(self._entries)], axis=2)
