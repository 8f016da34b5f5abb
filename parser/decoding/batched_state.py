"""The tensor twin of the symbolic parser state: one state for a whole batch, and for a beam of each utterance.

Every action pushes one row into a memory that only grows; the stack is a pointer to its top row and, for each row, a
pointer to the row below, so a hypothesis is copied by copying pointers. What `transitions.state.Item` says of an entry
stands here in columns, and `_sums` is the running sum of the rows since the nearest open node.
"""

from __future__ import annotations

import torch
from torch import Tensor

from parser.gathering import at
from parser.state_encoders.views import Stack
from parser.transitions.actions import Kind
from parser.transitions.state import Counts
from parser.transitions.system import Grammar, TransitionSystem, arities

_BELOW, _OPENER, _SIBLINGS, _LABEL, _DEPTH, _LEAF = range(6)
_EACH = ("top", "open_nodes", "nodes", "focus", "finished", "_entries", "_on_top")


class BatchedState:
    """The stacks of a batch of utterances, `width` hypotheses each.

    Args:
        system: the transition system.
        grammar: what trees are like.
        start: [batch, memory_dim] the memory of the empty stack.
        row_dim: size of a row.
        lengths: [batch] number of words.
        childless: [labels] True where a label may stand without children.
        width: how many hypotheses an utterance has.

    Attributes:
        memory: [batch, rows, memory_dim] what the state encoder remembers of each row.
        top, open_nodes, nodes, focus, finished: as in `State`; [batch, width].
        steps: as in `State`; the same for all.
    """

    def __init__(
        self,
        system: TransitionSystem,
        grammar: Grammar,
        start: Tensor,
        row_dim: int,
        lengths: Tensor,
        childless: Tensor,
        width: int = 1,
    ) -> None:
        batch, rows = len(lengths), 32 * width
        self.system, self.grammar, self.childless = system, grammar, childless
        self.lengths, self._bounds = lengths[:, None], grammar.bound(lengths)[:, None]
        self.width, self.steps = width, 0
        self.top, self.open_nodes, self.nodes, self.focus = (lengths.new_zeros(batch, width) for _ in range(4))
        self.finished = torch.zeros_like(self.top, dtype=torch.bool)
        self.memory = start.new_zeros(batch, rows, start.shape[1])
        self.memory[:, 0] = start
        self._sums = start.new_zeros(batch, rows, row_dim)
        self._columns = lengths.new_zeros(batch, rows, 6)
        self._columns[:, 0, _LABEL] = -1
        self._on_top = self._columns[:, :1].expand(-1, width, -1)  # the columns of the top row
        self._entries = lengths.new_zeros(batch, width, 32)  # the rows on the stack; place 0 is the empty stack

    @property
    def opener(self) -> Tensor:
        """[batch, width] the row of the nearest open node; 0 while there is none."""
        return self._on_top[..., _OPENER]

    @property
    def label(self) -> Tensor:
        """[batch, width] the label of the nearest open node; -1 while there is none."""
        return self._look(self.opener, _LABEL)

    def topmost(self, count: int) -> Tensor:
        """[batch, width, count] the labels of the topmost entries, from the top down; -1 for leaves and the bottom."""
        places = self._on_top[..., _DEPTH, None] - torch.arange(count, device=self.top.device)
        rows = self._entries.gather(2, places.clamp(min=0))
        return self._look(rows.flatten(1), _LABEL).view_as(rows)

    def legal(self) -> Tensor:
        """[batch, width, kinds] which kinds of action may come next; none where the tree is finished."""
        flags = (
            torch.as_tensor(flag, device=self.top.device) for flag in self.system.legal(self.counts(), self.grammar)
        )
        return torch.stack([flag.expand_as(self.top) & ~self.finished for flag in flags], dim=-1)

    def arities(self) -> tuple[Tensor, Tensor]:
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
            open_nodes=self.open_nodes,
            nodes=self.nodes,
            children=columns[..., _SIBLINGS],
            childless=self.childless[self._look(opener, _LABEL)] & (opener > 0),
            words_left=self.lengths - self.focus if self.grammar.words_kept else torch.zeros_like(self.focus),
            steps_left=self._bounds - self.steps,
        )

    def read(self, rows: Tensor) -> Tensor:
        """[batch, width, memory_dim] the memory of [batch, width] rows."""
        return at(self.memory, rows)

    def below(self, kinds: Tensor, arities: Tensor) -> Tensor:
        """[batch, width] the row on which actions of these kinds push."""
        below = self.top
        if Kind.CLOSE in self.system.kinds:
            under = self._look(self.opener, _BELOW)
            if self.system.adopts:
                under = self._look(under, _BELOW)
            below = torch.where(kinds == Kind.CLOSE, under, below)
        if Kind.REDUCE in self.system.kinds:
            depth = (self._on_top[..., _DEPTH] - arities).clamp(min=0)
            under = self._entries.gather(2, depth[..., None])[..., 0]
            below = torch.where(kinds == Kind.REDUCE, under, below)
        return below

    def mean_of_children(self, kinds: Tensor, arities: Tensor) -> Tensor:
        """[batch, width, row_dim] the mean over the children of the nodes that are finished now, zero without."""
        sums = at(self._sums, self.top)
        if Kind.REDUCE in self.system.kinds:
            under = at(self._sums, self.below(kinds, arities))
            return torch.where((kinds == Kind.REDUCE)[..., None], (sums - under) / arities.clamp(min=1)[..., None], 0.0)
        count = self._on_top[..., _SIBLINGS].clamp(min=1)
        return torch.where((kinds == Kind.CLOSE)[..., None], sums / count[..., None], 0.0)

    def stack(self, below: Tensor, focus: Tensor) -> Stack:
        """What rows pushed on `below` lie on."""
        return Stack(self.memory, below, self._entries[..., 1:], self._look(below, _DEPTH), focus)

    def focus_after(self, positions: Tensor) -> Tensor:
        """[batch, width] the word in focus after these positions were copied; -1 is for none."""
        return torch.where(positions >= 0, positions + 1, self.focus)

    def push(
        self, kinds: Tensor, labels: Tensor, positions: Tensor, below: Tensor, rows: Tensor, memory: Tensor
    ) -> None:
        """Take one action each: [batch, width] kinds, labels, copied positions (-1 for none), rows and their memory.

        Those that are finished must be given kind -1; they do not move.
        """
        moving, opens = kinds >= 0, kinds == Kind.OPEN
        first = 1 + self.steps * self.width
        row = torch.arange(first, first + self.width, device=kinds.device).expand_as(kinds)
        self._grow(first + self.width)
        under = at(self._columns, below)
        depth = under[..., _DEPTH] + 1
        children = torch.where(opens, int(self.system.adopts), under[..., _SIBLINGS] + 1)
        opener, leaf = torch.where(opens, row, under[..., _OPENER]), (kinds == Kind.TERMINAL).long()
        columns = torch.stack([below, opener, children, labels, depth, leaf], dim=-1)
        adopted = at(self._sums, self.top) - at(self._sums, self._on_top[..., _BELOW]) if self.system.adopts else 0.0
        sums = torch.where(opens[..., None], adopted, at(self._sums, below) + rows)
        places = slice(first, first + self.width)
        self._columns[:, places], self._sums[:, places], self.memory[:, places] = columns, sums, memory
        self._entries = self._entries.scatter(2, depth[..., None], row[..., None])
        self.top = torch.where(moving, row, self.top)
        self._on_top = torch.where(moving[..., None], columns, self._on_top)
        self.open_nodes = self.open_nodes + opens.long() - (kinds == Kind.CLOSE).long()
        self.nodes = self.nodes + (opens | (kinds == Kind.NULLARY) | (kinds == Kind.REDUCE)).long()
        self.focus = torch.where(moving, self.focus_after(positions), self.focus)
        self.finished = self.finished | self._ends(kinds)
        self.steps += 1

    def keep(self, chosen: Tensor) -> None:
        """Go on with these utterances of the batch alone."""
        for name in (*_EACH, "lengths", "_bounds", "memory", "_sums", "_columns"):
            setattr(self, name, getattr(self, name)[chosen])

    def select(self, chosen: Tensor) -> None:
        """Go on with these [batch, width] hypotheses of each utterance, some more than once: pointers are copied."""
        for name in _EACH:
            values = getattr(self, name)
            setattr(self, name, values.gather(1, chosen) if values.ndim == 2 else at(values, chosen))

    def _ends(self, kinds: Tensor) -> Tensor:
        if Kind.FINISH in self.system.kinds:
            return kinds == Kind.FINISH
        return (kinds == Kind.CLOSE) & (self.open_nodes == 0)

    def _look(self, rows: Tensor, column: int) -> Tensor:
        return self._columns[..., column].gather(1, rows)

    def _grow(self, rows: int) -> None:
        if rows > self.memory.shape[1]:  # doubling keeps the cost of copying linear in the steps
            for name in ("memory", "_sums", "_columns"):
                kept = getattr(self, name)
                setattr(self, name, torch.cat([kept, torch.zeros_like(kept)], dim=1))
        if self.steps + 2 > self._entries.shape[2]:
            self._entries = torch.cat([self._entries, torch.zeros_like(self._entries)], dim=2)
