"""Derivations as tensors: laid flat once per data set, gathered into padded batches loop-free.

A derivation of T actions has T *rows*, numbered from 1; row 0 is the empty stack. What the symbolic state knows before
and after each action (which row lies below, which node is open, what may come next) is written down as integers once,
so that training never replays a derivation.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.tree import MAX_DEPTH
from parser.domains import marked
from parser.inputs import Indexer, Inputs
from parser.transitions.actions import Action, Copy, Generate, Kind, Nullary, Open, Reduce, kind_of
from parser.transitions.state import Counts, State, above
from parser.transitions.system import TransitionSystem, arities, counts_of, initial
from parser.vocabulary import Vocabulary

IGNORE = -1
"""A target without loss: there is no such choice at this step, or training has never seen the right answer."""


@dataclass(frozen=True)
class Level:
    """Rows of a batch that can be computed together, by their place in the flat [batch * steps] order.

    Attributes:
        rows: [n] the rows.
        sources: what they are computed from: for stack levels [n], the place in the level before; for composition
            [m], the children's rows.
        owners: composition only: [m] the place in `rows` of each child's parent.
    """

    rows: Tensor
    sources: Tensor
    owners: Tensor | None = None


@dataclass(frozen=True)
class Gold:
    """The oracle derivations of a batch, [batch, steps] each unless said otherwise.

    Attributes:
        mask: True where there is an action.
        kinds: the kind of each action.
        labels: the label of the node that an action opens or finishes, else -1; unknown labels are -1 too.
        arities: the children that `Reduce` takes, else 0.
        positions: the word that an action copies, else -1.
        lexicon: the lexicon id that an action generates, else -1.
        depth: the entries on the stack after the action.
        until: the number of the action that takes the pushed row off the stack again; steps + 1 where none does.
        opens: the row of the nearest open node before the action.
        focus: the word in focus before the action.
        legal: [batch, steps, kinds] what may come next before the action.
        fewest, most: how many children `Reduce` could take before the action.
        label_targets, token_targets: what to predict, or IGNORE; token ids count the lexicon, then the positions.
        stack: the rows by stack depth, from 1: each needs only the level before.
        heights: the composed rows by height, from 1: each needs only leaves, open nodes and the levels before.
    """

    mask: Tensor
    kinds: Tensor
    labels: Tensor
    arities: Tensor
    positions: Tensor
    lexicon: Tensor
    depth: Tensor
    until: Tensor
    opens: Tensor
    focus: Tensor
    legal: Tensor
    fewest: Tensor
    most: Tensor
    label_targets: Tensor
    token_targets: Tensor
    stack: list[Level]
    heights: list[Level]


@dataclass(frozen=True)
class Batch:
    """Utterances, their gold derivations, and where they stand in their data set."""

    inputs: Inputs
    gold: Gold
    indices: list[int]


# The columns of a derivation's table, one row an action.
_FIELDS = (
    *("kind", "label", "arity", "position", "lexicon", "below", "depth", "parent", "until", "height"),
    *("opener", "focus", "legal", "fewest", "most", "target", "token"),
)
_FIELD = {name: column for column, name in enumerate(_FIELDS)}
_NOTHING = ("label", "position", "lexicon", "target", "token")  # IGNORE where there is nothing
_CHOSEN = (Open, Nullary, Reduce)  # actions that choose a label


def derivation_table(example: Example, vocabulary: Vocabulary, system: TransitionSystem) -> np.ndarray:
    """[steps, fields] what `Gold` needs to know of one derivation, by replaying it once."""
    grammar, example = vocabulary.grammar, marked(example, vocabulary.separate, copy=vocabulary.copy)
    actions = [_as_trained(action, example, vocabulary) for action in system.oracle(example.tree)]
    rows = np.zeros((len(actions), len(_FIELDS)), np.int32)
    rows[:, _FIELD["until"]] = len(actions) + 1
    rows[:, [_FIELD[name] for name in _NOTHING]] = IGNORE
    state = initial(len(example.tokens), grammar)
    heights, before = [0], []
    for row, action in zip(rows, actions):
        before.append(counts_of(state, grammar))
        last, state = state, system.apply(state, action, example.tokens)
        _describe(row, action, last, state, vocabulary)
        assert state.top is not None
        if state.top is not last.top:
            for item in above(last.top, state.top.below):
                rows[item.row - 1, _FIELD["until"]] = state.steps
            for child in state.top.children:
                rows[child.row - 1, _FIELD["parent"]] = state.steps
            heights.append(1 + max((heights[child.row] for child in state.top.children), default=-1))
            row[_FIELD["height"]] = heights[-1]
    counts = Counts(*(np.array([getattr(counts, name) for counts in before]) for name in Counts.__dataclass_fields__))
    for bit, legal in enumerate(system.legal(counts, grammar)):
        rows[:, _FIELD["legal"]] |= np.asarray(legal).astype(np.int32) << bit
    rows[:, _FIELD["fewest"]], rows[:, _FIELD["most"]] = arities(counts, grammar)
    return rows


def _as_trained(action: Action, example: Example, vocabulary: Vocabulary) -> Action:
    """Without copying, the words of the utterance are generated."""
    if isinstance(action, Copy) and not vocabulary.copy:
        return Generate(example.tokens[action.position])
    return action


def _describe(row: np.ndarray, action: Action, before: State, after: State, vocabulary: Vocabulary) -> None:
    """Writes what an action is and does into its row of the table."""
    top = after.top
    assert top is not None
    values: dict[str, int] = {"kind": kind_of(action), "focus": before.focus}
    nearest = before.top.nearest_open if before.top is not None else None
    values["opener"] = nearest.row if nearest is not None else 0
    pushed = top is not before.top  # `Finish` alone pushes nothing; its row lies on the tree
    values["below"] = (top.below.row if top.below is not None else 0) if pushed else top.row
    values["depth"] = top.depth if pushed else top.depth + 1
    values["label"] = vocabulary.label_ids.get(getattr(top.content, "label", ""), IGNORE) if pushed else IGNORE
    if isinstance(action, _CHOSEN):
        values["target"] = values["label"]
    if isinstance(action, Reduce):
        values["arity"] = action.arity
    if isinstance(action, Copy):
        values["position"], token = action.position, len(vocabulary.lexicon) + action.position
    elif isinstance(action, Generate):
        unknown = IGNORE if vocabulary.copy else 0  # without copy, <unk> is a word of the lexicon
        values["lexicon"] = token = vocabulary.lexicon_ids.get(action.token, unknown)
    if kind_of(action) == Kind.TERMINAL and not vocabulary.words_kept:
        values["token"] = token
    for name, value in values.items():
        row[_FIELD[name]] = value


class Derivations:
    """A data set's derivations, tensorised once; `batch` gathers any of them."""

    def __init__(self, examples: Sequence[Example], vocabulary: Vocabulary, system: TransitionSystem) -> None:
        tables = [derivation_table(example, vocabulary, system) for example in examples]
        self.tokens = [example.tokens for example in examples]
        self.domains = [example.domain for example in examples]
        self.steps = np.array([len(table) for table in tables])
        self._starts = np.concatenate([[0], np.cumsum(self.steps)[:-1]])
        self._table = np.concatenate(tables)
        self._indexer = Indexer(vocabulary)

    def __len__(self) -> int:
        return len(self.tokens)

    def require_legal(self) -> None:
        """Does nothing where every gold action may be scored, as training needs.

        Raises:
            DataError: a derivation holds an action that is not legal, whose loss would be infinite.
        """
        illegal = np.flatnonzero((self._table[:, _FIELD["legal"]] >> self._table[:, _FIELD["kind"]]) & 1 == 0)
        if len(illegal):
            words = self.tokens[np.searchsorted(self._starts, illegal[0], side="right") - 1]
            reason = f"has it more than {MAX_DEPTH} nodes, or is its last one without words?"
            raise DataError(f"no legal actions build the tree of {' '.join(words)!r}: {reason}")

    def batch(self, indices: Sequence[int]) -> Batch:
        """The examples of these indices as one padded batch."""
        chosen = np.asarray(indices)
        steps = self.steps[chosen]
        filled = np.arange(steps.max()) < steps[:, None]
        table = np.full((*filled.shape, len(_FIELDS)), 0, np.int64)
        offsets = (self._starts[chosen][:, None] + np.arange(steps.max()))[filled]
        table[filled] = self._table[offsets]
        field = {name: table[..., column] for name, column in _FIELD.items()}
        for name in _NOTHING:
            field[name][~filled] = IGNORE
        gold = Gold(
            mask=torch.from_numpy(filled),
            kinds=torch.from_numpy(field["kind"]),
            labels=torch.from_numpy(field["label"]),
            arities=torch.from_numpy(field["arity"]),
            positions=torch.from_numpy(field["position"]),
            lexicon=torch.from_numpy(field["lexicon"]),
            depth=torch.from_numpy(field["depth"]),
            until=torch.from_numpy(field["until"]),
            opens=torch.from_numpy(field["opener"]),
            focus=torch.from_numpy(field["focus"]),
            legal=torch.from_numpy((field["legal"][..., None] >> np.arange(len(Kind))) & 1 == 1),
            fewest=torch.from_numpy(field["fewest"]),
            most=torch.from_numpy(field["most"]),
            label_targets=torch.from_numpy(field["target"]),
            token_targets=torch.from_numpy(field["token"]),
            stack=_stack_levels(field["depth"], field["below"], filled),
            heights=_height_levels(field["height"], field["parent"], filled),
        )
        tokens, domains = [self.tokens[index] for index in indices], [self.domains[index] for index in indices]
        return Batch(self._indexer.inputs(tokens, domains), gold, list(indices))


def _stack_levels(depth: np.ndarray, below: np.ndarray, filled: np.ndarray) -> list[Level]:
    """Rows grouped by stack depth; the source is where the row below stands in the level before."""
    width = depth.shape[1]
    depth, flat_below = (depth * filled).ravel(), (below + np.arange(len(below))[:, None] * width - 1).ravel()
    levels, place = [], np.zeros(depth.size, np.int64)
    for level, rows in enumerate(_groups(depth), start=1):
        sources = place[flat_below[rows]] if level > 1 else np.zeros(len(rows), np.int64)
        place[rows] = np.arange(len(rows))
        levels.append(Level(torch.from_numpy(rows), torch.from_numpy(sources)))
    return levels


def _height_levels(height: np.ndarray, parent: np.ndarray, filled: np.ndarray) -> list[Level]:
    """Composed rows grouped by height, with their children."""
    width = height.shape[1]
    height = (height * filled).ravel()
    flat_parent = (parent + np.arange(len(parent))[:, None] * width - 1).ravel()
    children = np.flatnonzero((parent > 0).ravel() & filled.ravel())
    by_parent_height = height[flat_parent[children]]
    levels, place = [], np.zeros(height.size, np.int64)
    for level, rows in enumerate(_groups(height), start=1):
        place[rows] = np.arange(len(rows))
        sources = children[by_parent_height == level]
        levels.append(
            Level(torch.from_numpy(rows), torch.from_numpy(sources), torch.from_numpy(place[flat_parent[sources]]))
        )
    return levels


def _groups(values: np.ndarray) -> list[np.ndarray]:
    """The indices of the values 1, 2, … up to the largest; zeros are left out."""
    order = np.argsort(values, kind="stable")
    edges = np.searchsorted(values[order], np.arange(1, values.max() + 2))
    return [order[start:end] for start, end in itertools.pairwise(edges)]
