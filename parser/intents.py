"""The flat view of a tree, for programs that act on it: intents and their slots, with character offsets.

*play music* is `Intent("PlayMusicIntent", [Slot("Mediatype", "music", 5, 10)])`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from data_conversion.ontology import Ontology
from data_conversion.tokenization import Token
from data_conversion.tree import Leaf, Node


@dataclass(frozen=True)
class Slot:
    """A slot of an intent and its value.

    Attributes:
        name: the slot.
        text: the value, as the utterance writes it where it stands there in one piece.
        start: the character of the utterance where the value starts; None where the value is not a piece of it.
        end: the character after its last.
        intent: the intent under the slot, where intents nest; of several the first: the tree has them all.
    """

    name: str
    text: str
    start: int | None = None
    end: int | None = None
    intent: Intent | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        nested = self.intent.to_dict() if self.intent else None
        return {"name": self.name, "text": self.text, "start": self.start, "end": self.end, "intent": nested}


@dataclass(frozen=True)
class Intent:
    """An intent and its slots, in spoken order; operators between them are transparent."""

    name: str
    slots: list[Slot]

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"name": self.name, "slots": [slot.to_dict() for slot in self.slots]}


@dataclass(frozen=True)
class FlatView:
    """Makes the flat view of an utterance's tree: its intents and their slots.

    Attributes:
        utterance: the text.
        tokens: its tokens, where they stand in it.
        ontology: tells intents, slots and operators apart.
    """

    utterance: str
    tokens: tuple[Token, ...]
    ontology: Ontology

    def intents(self, node: Node) -> list[Intent]:
        """The intents of a tree that are not under a slot."""
        found = []
        if self._kind(node) == "slot":
            return []
        if self._kind(node) == "intent":
            found.append(Intent(node.label, list(self._slots(node))))
        for child in node.children:
            if isinstance(child, Node):
                found += self.intents(child)
        return found

    def _slots(self, node: Node) -> Iterator[Slot]:
        """The slots of an intent; operators are transparent."""
        for child in node.children:
            if isinstance(child, Node) and self._kind(child) == "slot":
                yield self._slot(child)
            elif isinstance(child, Node) and self._kind(child) != "intent":
                yield from self._slots(child)

    def _slot(self, node: Node) -> Slot:
        leaves = list(node.leaves())
        nested = [intent for child in node.children if isinstance(child, Node) for intent in self.intents(child)]
        start, end = self._stretch(leaves)
        text = " ".join(leaf.text for leaf in leaves) if start is None else self.utterance[start:end]
        return Slot(node.label, text, start, end, nested[0] if nested else None)

    def _stretch(self, leaves: list[Leaf]) -> tuple[int | None, int | None]:
        """Where neighbouring copied words stand in the utterance."""
        positions = [leaf.position for leaf in leaves]
        if not positions or positions[0] is None:
            return None, None
        if positions != list(range(positions[0], positions[0] + len(positions))):
            return None, None
        return self.tokens[positions[0]].start, self.tokens[positions[0] + len(positions) - 1].end

    def _kind(self, node: Node) -> str:
        return self.ontology.labels[node.label].kind
