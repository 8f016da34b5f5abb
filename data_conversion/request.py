"""A request in the making: words and a tree that stay in step while words are put in, taken out or replaced.

>>> tokens = ("please", "play", "music")
>>> tree = Node("PlayMusicIntent", (Node("Mediatype", (Leaf("music", 2),)),))
>>> request = Request.of(Example("1", "music", "please play music", tokens, tree)).without(1, 0)
>>> request.utterance, request.tree.children[0].children
('play music', (Leaf(text='music', position=1),))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.tokenization import Token, locate, tokenize
from data_conversion.tree import Leaf, Node


class Word(NamedTuple):
    """A token, and what stands before it in the utterance: a space or nothing."""

    gap: str
    text: str


Words = tuple[Word, ...]


class Slot(NamedTuple):
    """A node under the intent, and where the words under it stand."""

    node: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Request:
    """Words and their tree, whose positions count in the words."""

    words: Words
    tree: Node

    @classmethod
    def of(cls, example: Example) -> Request:
        """The request of an example; tokens that are not in its utterance are taken as words between spaces."""
        try:
            located = locate(example.utterance, example.tokens)
        except DataError:
            return cls(tuple(Word(" ", token) for token in example.tokens), example.tree)
        return cls(_words(example.utterance, located), example.tree)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The texts of the words."""
        return texts(self.words)

    @property
    def utterance(self) -> str:
        """The words as one text."""
        return "".join(chain.from_iterable(self.words)).strip()

    @property
    def words_kept(self) -> bool:
        """Whether the words outside slots are leaves of the tree."""
        return [leaf.position for leaf in self.tree.leaves()] == list(range(len(self.words)))

    @property
    def slots(self) -> list[Slot]:
        """The slots that have a place among the words, in spoken order."""
        nodes = (child for child in self.tree.children if isinstance(child, Node))
        places = ((node, [leaf.position for leaf in node.leaves() if leaf.position is not None]) for node in nodes)
        slots = (Slot(node, min(place), max(place) + 1) for node, place in places if place)
        return sorted(slots, key=lambda slot: slot.start)

    def replaced(
        self, span: tuple[int, int], words: Words, old: Node | None = None, new: Node | Leaf | None = None
    ) -> Request:
        """The request with other words in the place of those of the span.

        In its tree `new` takes the place of the node `old` over these words, or nothing does. Without nodes the words
        stand outside slots: their leaves, if the tree has them, go.
        """
        start, end = span
        shift = len(words) - (end - start)

        def moved(child: Node | Leaf) -> Node | Leaf | None:
            if isinstance(child, Node):
                return new if child == old else Node(child.label, moved_all(child))
            if child.position is None or child.position < start:
                return child
            return Leaf(child.text, child.position + shift) if child.position >= end else None

        def moved_all(node: Node) -> tuple[Node | Leaf, ...]:
            return tuple(child for child in map(moved, node.children) if child is not None)

        words = (*self.words[:start], *words, *self.words[end:])
        return Request(words, Node(self.tree.label, moved_all(self.tree)))

    def with_value(self, slot: Slot, words: Words) -> Request:
        """The request with other words for the value of a slot."""
        words = (Word(self.words[slot.start].gap, words[0].text), *words[1:])
        node = Node(slot.node.label, leaves(texts(words), slot.start))
        return self.replaced((slot.start, slot.end), words, slot.node, node)

    def without(self, first: int, last: int) -> Request:
        """The request without so many words at its start and at its end, which must stand outside slots."""
        request = self.replaced((len(self.words) - last, len(self.words)), ()) if last else self
        return request.replaced((0, first), ()) if first else request


def texts(words: Words) -> tuple[str, ...]:
    """The words as tokens."""
    return tuple(word.text for word in words)


def spoken(text: str) -> Words:
    """A text of ours as words, to be put after others.

    >>> "".join(gap + word for gap, word in spoken(", and when that's done"))
    ", and when that's done"
    """
    words = _words(text, tokenize(text))
    return words if words and words[0].text == "," else after_space(words)


def _words(text: str, tokens: Sequence[Token]) -> Words:
    """The tokens of a text, each with what stands before it there."""
    ends = [0, *(token.end for token in tokens)]
    return tuple(Word(text[end : token.start], token.text) for end, token in zip(ends, tokens))


def after_space(words: Words) -> Words:
    """The words, to be put after others."""
    return (Word(" ", words[0].text), *words[1:]) if words else ()


def leaves(tokens: Sequence[str], start: int) -> tuple[Leaf, ...]:
    """A leaf for each token, the first one at position `start`."""
    return tuple(Leaf(token, position) for position, token in enumerate(tokens, start=start))


def value_span(node: Node) -> tuple[int, int] | None:
    """Where the value of a slot stands, if it is plain: only leaves, and these side by side in the utterance.

    >>> value_span(Node("Title", (Leaf("star", 3), Leaf("wars", 4))))
    (3, 5)
    """
    positions = [child.position if isinstance(child, Leaf) else None for child in node.children]
    if not positions or positions[0] is None:
        return None
    span = (positions[0], positions[0] + len(positions))
    return span if positions == list(range(*span)) else None
