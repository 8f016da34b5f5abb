"""The language of composition: how simple requests become one compound request.

>>> def request(utterance, intent, slot, position):
...     tokens = tuple(utterance.split())
...     tree = Node(intent, (Node(slot, leaves(tokens[position:], position)),))
...     return Request.of(Example("", "", utterance, tokens, tree))
>>> milk = request("could you add milk", "addToListIntent", "ItemName", 3)
>>> music = request("please play music", "PlayMusicIntent", "Mediatype", 2)
>>> compound = joined(clipped([milk, music]), [(",", "and")], words_kept=False)
>>> compound.utterance, [leaf.position for leaf in compound.tree.leaves()]
('could you add milk, and play music', [3, 7])
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from random import Random

from data_conversion.cutting import CONNECTIVES, join
from data_conversion.example import Example
from data_conversion.ontology import Ontology
from data_conversion.request import Request, Word, Words, after_space, leaves, texts, value_span
from data_conversion.tree import Leaf, Node

MIXED = "mixed"
"""The domain of a compound whose clauses are of several domains."""

COORDINATED = 0.2
"""How often a clause that may have several values of one slot gets them."""

VALUE_SEPARATORS = {("and",): 6, ("or",): 1, ("plus",): 1}
"""What stands before the last of several values, with relative weights; commas stand before the others."""

POLITE_OPENINGS = (
    *(("please",), ("kindly",), ("hey",), ("hi",), ("hello",), ("ok",), ("okay",)),
    *((modal, "you") for modal in ("can", "could", "would", "will")),
)
POLITE_ENDINGS = (
    *(("please",), ("thanks",), ("thank", "you")),
    *(("if", "you", "can"), ("if", "you", "don't", "mind"), ("if", "you", "would")),
)
SENTENCE_MARKS = ((".",), ("?",), ("!",))


class Composer:
    """Makes compounds of the simple requests of one split.

    Args:
        examples: the simple requests.
        operators: what several values of a slot stand under, for each intent and slot that may have several.
        words_kept: whether the words outside slots stand in the trees.
        max_clauses: a compound has two to so many clauses.
    """

    def __init__(
        self, examples: Iterable[Example], operators: Mapping[tuple[str, str], str], words_kept: bool, max_clauses: int
    ) -> None:
        self.clauses = [(example.domain, Request.of(example)) for example in examples]
        self.operators = operators
        self.words_kept = words_kept
        self.max_clauses = max_clauses
        values: dict[tuple[str, str], dict[tuple[str, ...], Words]] = {}
        for _, request in self.clauses:
            for slot, (start, end) in self._single_values(request.tree):
                known = values.setdefault((request.tree.label, slot.label), {})
                known[request.tokens[start:end]] = request.words[start:end]
        self._values = {key: list(known.values()) for key, known in values.items()}

    def compound(self, name: str, random: Random) -> Example:
        """A new compound request, with `name` for its id."""
        number = random.randint(2, self.max_clauses)
        chosen = (random.sample if number <= len(self.clauses) else random.choices)(self.clauses, k=number)
        connectives = random.choices(list(CONNECTIVES), list(CONNECTIVES.values()), k=number - 1)
        requests = clipped([self.coordinated(request, random) for _, request in chosen])
        request = joined(requests, connectives, words_kept=self.words_kept)
        domains = {domain for domain, _ in chosen}
        return Example(
            name, domains.pop() if len(domains) == 1 else MIXED, request.utterance, request.tokens, request.tree
        )

    def coordinated(self, request: Request, random: Random) -> Request:
        """The request, now and then with one or two more values for one of its slots, taken from other requests."""
        candidates = self._single_values(request.tree)
        if not candidates or random.random() >= COORDINATED:
            return request
        slot, (start, end) = random.choice(candidates)
        key = (request.tree.label, slot.label)
        known, words = self._values[key], request.words[start:end]
        drawn = random.sample(known, min(3, len(known)))
        others = [other for other in drawn if texts(other) != texts(words)][: random.choice((1, 1, 2))]
        if not others:
            return request
        last = random.choices(list(VALUE_SEPARATORS), list(VALUE_SEPARATORS.values()))
        parts: list[Node | Leaf] = [slot]
        for separator, other in zip([(",",)] * (len(others) - 1) + last, others):
            parts += leaves(separator, start + len(words)) if self.words_kept else ()
            words += _said(separator)
            parts.append(Node(slot.label, leaves(texts(other), start + len(words))))
            words += after_space(other)
        return request.replaced((start, end), words, slot, Node(self.operators[key], tuple(parts)))

    def _single_values(self, tree: Node) -> list[tuple[Node, tuple[int, int]]]:
        """The slots directly under an intent that may have several values and have one, each with its place."""
        labels = Counter(node.label for node in tree.nodes())
        return [
            (child, span)
            for child in tree.children
            if isinstance(child, Node) and (tree.label, child.label) in self.operators and labels[child.label] == 1
            if (span := value_span(child))
        ]


def value_operators(examples: Iterable[Example], ontology: Ontology) -> dict[tuple[str, str], str]:
    """The intents and slots that are shown with several values, and the operator these stand under.

    Values with no word between them do not count: mostly they are one value that was annotated as two.

    >>> milk, tea = Node("ItemName", (Leaf("milk", 1),)), Node("ItemName", (Leaf("tea", 3),))
    >>> tree = Node("addToListIntent", (Node("add", (milk, tea)),))
    >>> example = Example("1", "lists", "add milk and tea", ("add", "milk", "and", "tea"), tree)
    >>> kinds = {"addToListIntent": "intent", "add": "operator", "ItemName": "slot"}
    >>> ontology = Ontology.learn([("lists", tree, kinds)])
    >>> value_operators([example], ontology)
    {('addToListIntent', 'ItemName'): 'add'}
    """
    operators: dict[tuple[str, str], str] = {}
    for example in examples:
        for child in example.tree.children:
            if isinstance(child, Node) and ontology.labels[child.label].kind == "operator":
                values = [value for value in child.children if isinstance(value, Node)]
                if len({value.label for value in values}) == 1 and _words_between(values):
                    operators.setdefault((example.tree.label, values[0].label), child.label)
    return operators


def _words_between(values: Sequence[Node]) -> bool:
    spans = [value_span(value) for value in values]
    return any(left and right and left[1] < right[0] for left, right in zip(spans, spans[1:]))


def joined(requests: Sequence[Request], connectives: Sequence[tuple[str, ...]], *, words_kept: bool) -> Request:
    """One request of several, a connective before each but the first; where words are kept its words are leaves."""
    words: Words = ()
    pieces: list[tuple[Node, int]] = []
    kept: list[Leaf] = []
    for request, connective in zip(requests, [(), *connectives]):
        kept += leaves(connective, len(words)) if words_kept else ()
        words += _said(connective)
        pieces.append((request.tree, len(words)))
        words += after_space(request.words)
    return Request(words, join(pieces, kept))


def _said(connective: Iterable[str]) -> Words:
    return tuple(Word("" if word == "," else " ", word) for word in connective)


def clipped(requests: Sequence[Request]) -> list[Request]:
    """The requests as they are said one after another: polite once, and a sentence mark only after the last."""
    said = []
    polite = False
    for number, request in enumerate(requests, start=1):
        if number < len(requests):
            request = request.without(0, _affix(request, SENTENCE_MARKS, at_end=True))
        opening, ending = _affix(request, POLITE_OPENINGS), _affix(request, POLITE_ENDINGS, at_end=True)
        if polite and opening + ending < len(request.words):
            request = request.without(opening, ending)
        polite = polite or opening + ending > 0
        said.append(request)
    return said


def _affix(request: Request, markers: Iterable[tuple[str, ...]], *, at_end: bool = False) -> int:
    """How many words at the start, or the end, of a request are markers: none in a slot, and never all of them."""
    slots = (child for child in request.tree.children if isinstance(child, Node))
    in_slots = {leaf.position for slot in slots for leaf in slot.leaves()}
    words = ["" if position in in_slots else word.lower() for position, word in enumerate(request.tokens)]
    length, found = 0, True
    while found:
        rest = words[: len(words) - length] if at_end else words[length:]
        found = False
        for marker in markers:
            if len(marker) < len(rest) and tuple(rest[-len(marker) :] if at_end else rest[: len(marker)]) == marker:
                length, found = length + len(marker), True
                break
    return length
