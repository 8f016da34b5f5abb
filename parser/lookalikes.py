"""What a lexicon has that is written like words of the utterance: *cinema* like *cinemas*, *cooking_time* like *cook*.

Where a tree has a word in another form than the utterance the parser cannot copy it, and would have to learn form by
form what generates what. With lookalikes it learns once that what it generates is written like what it attends to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from os.path import commonprefix

import torch
from torch import Tensor

from parser.domains import name_of

_START, _ENDING = 3, 3
"""Words that are alike begin with so many same letters, at least, and end with so many others, at most."""


class Lookalikes:
    """Finds what a lexicon has that is written like a word.

    Args:
        lexicon: the words that can be generated, some of several parts, such as *cooking_time* or *en.recipe*.

    >>> lookalikes = Lookalikes(["cinema", "cooking_time", "en.recipe"])
    >>> lookalikes.of("Cinemas"), lookalikes.of("cook"), lookalikes.of("recipes"), lookalikes.of("time")
    ({0: 1.0}, {1: 0.5}, {2: 1.0}, {1: 0.5})
    """

    def __init__(self, lexicon: Sequence[str]) -> None:
        self.size = len(lexicon)
        self._parts: dict[str, list[tuple[str, int, float]]] = {}
        for index, symbol in enumerate(lexicon):
            parts = [part for part in re.split(r"[\W_]+", name_of(symbol).lower()) if len(part) >= _START]
            for part in parts:
                self._parts.setdefault(part[:_START], []).append((part, index, 1 / len(parts)))

    def of(self, word: str) -> dict[int, float]:
        """The place in the lexicon of each that is alike, and the share of its parts that are."""
        word = word.lower()
        found: dict[int, float] = {}
        for part, index, share in self._parts.get(word[:_START], ()):
            if alike(word, part):
                found[index] = found.get(index, 0.0) + share
        return found

    def table(self, rows: Sequence[Mapping[int, float]]) -> Tensor:
        """[words, lexicon] how much of each word of the lexicon is like the words that `of` was asked about."""
        made = torch.zeros(len(rows), self.size)
        found = [(place, index, share) for place, row in enumerate(rows) for index, share in row.items()]
        if found:  # at once: with words kept there is nothing to look for, and that should cost nothing
            places, indices, shares = zip(*found)
            made[list(places), list(indices)] = torch.tensor(shares)
        return made


def alike(one: str, other: str) -> bool:
    """Whether two words are forms of one word, as far as one can see.

    >>> [alike("churches", word) for word in ("church", "churchill", "chair")], alike("hiking", "hike")
    ([True, False, False], True)
    """
    shorter, longer = sorted((len(one), len(other)))
    return len(commonprefix((one, other))) >= max(_START, longer - _ENDING, shorter - 1)
