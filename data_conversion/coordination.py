"""Coordination: several values of one slot, joined by *and*, *or* or *plus*, under the value operator.

Which slots take several values is learnt from train: those that it shows with several under an operator, and, more
rarely, those whose values are nearly all different, such as names and titles. What is joined is alike: a value joins
only values that stand after the same word in other requests (*at six and nine*, not *at six and next week*). A value
after a determiner stays alone, since that and the noun are said of one (*this song and album*), and so does one that
comes first or after an auxiliary: it is mostly the subject, with which the verb agrees (*is Aida and Tosca on*).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from data_conversion.example import Example
from data_conversion.frames import VALUE_OPERATOR
from data_conversion.function_words import AUXILIARIES, DETERMINERS
from data_conversion.mixture import Mixture, draw
from data_conversion.ontology import Ontology
from data_conversion.request import Request, Words, after_space, leaves, spoken, texts, value_span
from data_conversion.tree import Leaf, Node

_DIFFERENT = 20  # an open slot has at least so many values, and they are at least this share of its mentions:
_DIFFERENT_SHARE = 0.3
_BEFORE_ONE_VALUE = DETERMINERS | AUXILIARIES


@dataclass(frozen=True)
class Coordination:
    """What may stand with several values, by intent and slot, and how often it gets them.

    Attributes:
        operators: what the values stand under.
        shares: how often a request with one value gets more.
    """

    operators: Mapping[tuple[str, str], str]
    shares: Mapping[tuple[str, str], float]

    @classmethod
    def learn(cls, examples: Sequence[Example], ontology: Ontology, mixture: Mixture) -> Coordination:
        """From simple requests of train."""
        shown, opened = value_operators(examples, ontology), open_slots(examples, ontology)
        kind = ontology.labels[VALUE_OPERATOR].kind if VALUE_OPERATOR in ontology.labels else "operator"
        operator = next(iter(shown.values()), VALUE_OPERATOR if kind == "operator" else None)
        operators = {**{key: operator for key in opened if operator}, **shown}
        shares = {key: mixture.shown_values if key in shown else mixture.open_values for key in operators}
        return cls(operators, shares)

    def within(self, ontology: Ontology) -> Coordination:
        """Only what an ontology has seen: what train does not show several values of, dev and test do not have."""
        seen = {
            (intent, slot): operator
            for (intent, slot), operator in self.operators.items()
            if operator in ontology.labels[intent].children and slot in ontology.labels[operator].children
        }
        return replace(self, operators=seen)


class Coordinator:
    """Gives requests of one split more values, taken from its other requests."""

    def __init__(self, requests: Iterable[Request], coordination: Coordination, mixture: Mixture) -> None:
        self.coordination = coordination
        self.separators = mixture.separators
        values: dict[tuple[str, str, str], dict[tuple[str, ...], Words]] = {}
        for request in requests:
            for slot, (start, end) in self._single_values(request):
                known = values.setdefault(_context(request, slot, start), {})
                known[request.tokens[start:end]] = request.words[start:end]
        self._values = {key: list(known.values()) for key, known in values.items()}

    def coordinated(self, request: Request, random: Random) -> Request:
        """The request, now and then with one or two more values for one of its slots."""
        candidates = self._single_values(request)
        if not candidates:
            return request
        slot, (start, end) = random.choice(candidates)
        key = (request.tree.label, slot.label)
        if random.random() >= self.coordination.shares[key]:
            return request
        known, words = self._values[_context(request, slot, start)], request.words[start:end]
        drawn = random.sample(known, min(3, len(known)))
        number = 1 if random.random() < 0.9 else 2
        others = [other for other in drawn if texts(other) != texts(words)][:number]
        if not others:
            return request
        kept = request.words_kept
        parts: list[Node | Leaf] = [slot]
        for text, other in zip([","] * (len(others) - 1) + [draw(self.separators, random)], others):
            separator = spoken(text)
            parts += leaves(texts(separator), start + len(words)) if kept else ()
            words += separator
            parts.append(Node(slot.label, leaves(texts(other), start + len(words))))
            words += after_space(other)
        return request.replaced((start, end), words, slot, Node(self.coordination.operators[key], tuple(parts)))

    def _single_values(self, request: Request) -> list[tuple[Node, tuple[int, int]]]:
        """The slots directly under an intent that may have several values and have one, each with its place."""
        tree, tokens = request.tree, request.tokens
        labels = Counter(node.label for node in tree.nodes())
        operators = self.coordination.operators
        return [
            (child, span)
            for child in tree.children
            if isinstance(child, Node) and (tree.label, child.label) in operators and labels[child.label] == 1
            if (span := value_span(child)) and span[0] and tokens[span[0] - 1].lower() not in _BEFORE_ONE_VALUE
        ]


def _context(request: Request, slot: Node, start: int) -> tuple[str, str, str]:
    """The intent, the slot, and the word before its value: what values have in common that can be joined."""
    return request.tree.label, slot.label, request.tokens[start - 1].lower()


def open_slots(examples: Iterable[Example], ontology: Ontology) -> list[tuple[str, str]]:
    """The intents and slots whose values are many and seldom said twice, in the order of the data."""
    values: dict[tuple[str, str], Counter[tuple[str, ...]]] = {}
    for example in examples:
        for child in example.tree.children:
            if isinstance(child, Node) and ontology.labels[child.label].kind == "slot" and value_span(child):
                key = (example.tree.label, child.label)
                values.setdefault(key, Counter())[tuple(leaf.text for leaf in child.leaves())] += 1
    return [
        key
        for key, counts in values.items()
        if len(counts) >= _DIFFERENT and len(counts) >= _DIFFERENT_SHARE * counts.total()
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
