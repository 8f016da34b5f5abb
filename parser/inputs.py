"""Utterances as padded tensors, and moving them to a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from parser.lookalikes import Lookalikes
from parser.subwords import Pieces
from parser.vocabulary import Vocabulary


@dataclass(frozen=True)
class Inputs:
    """A padded batch of utterances.

    Attributes:
        tokens: the words themselves.
        words: [batch, length] word ids.
        lengths: [batch] number of words.
        spellings: [batch, length] which row of `characters`, `pieces` and `alike` spells the word.
        characters: [distinct words, characters] character ids.
        pieces: [distinct words, pieces] sentencepiece ids, zero columns where the vocabulary has no pieces.
        alike: [distinct words, lexicon] how much of each word of the lexicon is like it; zero columns without copying.
        domains: [batch] the domain of each utterance among `Vocabulary.domains`; -1 where it is to be told.
    """

    tokens: list[tuple[str, ...]]
    words: Tensor
    lengths: Tensor
    spellings: Tensor
    characters: Tensor
    pieces: Tensor
    alike: Tensor
    domains: Tensor

    @property
    def mask(self) -> Tensor:
        """[batch, length] True where there is a word."""
        return torch.arange(self.words.shape[1], device=self.words.device) < self.lengths[:, None]


class Indexer:
    """Turns tokenized utterances into `Inputs`; remembers how each word is spelt."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.pieces = Pieces.from_base64(vocabulary.pieces) if vocabulary.pieces else None
        self.lookalikes = Lookalikes(vocabulary.lexicon if vocabulary.copy else ())
        self._known: dict[str, tuple[int, list[int], list[int], dict[int, float]]] = {}

    def inputs(self, tokens: Sequence[tuple[str, ...]], domains: Sequence[str | None] | None = None) -> Inputs:
        """The batch for some utterances, each of one word or more; of these domains, where they are known."""
        distinct: dict[str, int] = {}
        flat = [distinct.setdefault(word, len(distinct)) for words in tokens for word in words]
        known = [self._look_up(word) for word in distinct]
        lengths = np.array([len(words) for words in tokens])
        filled = np.arange(lengths.max()) < lengths[:, None]
        spellings = np.zeros(filled.shape, np.int64)
        spellings[filled] = flat
        words = np.where(filled, np.array([entry[0] for entry in known])[spellings], 0)
        return Inputs(
            tokens=list(tokens),
            words=torch.from_numpy(words),
            lengths=torch.from_numpy(lengths),
            spellings=torch.from_numpy(spellings),
            characters=_padded([entry[1] for entry in known]),
            pieces=_padded([entry[2] for entry in known]),
            alike=self.lookalikes.table([entry[3] for entry in known]),
            domains=torch.tensor([self.vocabulary.domain_id(domain) for domain in domains or [None] * len(tokens)]),
        )

    def _look_up(self, word: str) -> tuple[int, list[int], list[int], dict[int, float]]:
        if word not in self._known:
            if len(self._known) > 100_000:  # a server must not remember every word it was ever sent
                self._known.clear()
            pieces = self.pieces.encode(word) if self.pieces else []
            spelling, alike = self.vocabulary.spelling(word), self.lookalikes.of(word)
            self._known[word] = (self.vocabulary.word_id(word), spelling, pieces, alike)
        return self._known[word]


def _padded(rows: list[list[int]]) -> Tensor:
    lengths = np.array([len(row) for row in rows])
    filled = np.arange(lengths.max()) < lengths[:, None]
    padded = np.zeros(filled.shape, np.int64)
    padded[filled] = [index for row in rows for index in row]
    return torch.from_numpy(padded)


def to_device(value: Any, device: torch.device) -> Any:
    """The same batch, or any part of one, with its tensors on a device."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, list):
        return [to_device(item, device) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: to_device(getattr(value, field.name), device) for field in fields(value)})
    return value
