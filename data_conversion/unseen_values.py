"""Training data without the slot values of other data, so that these measure what a parser makes of unseen values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from random import Random

from data_conversion.example import Example
from data_conversion.ontology import Ontology
from data_conversion.request import Request, Word, Words, leaves, texts, value_span
from data_conversion.tree import Node


@dataclass(frozen=True)
class Result:
    """What became of the training data.

    Attributes:
        examples: the examples, as many as there were.
        replaced: the number of values that were replaced.
        closed: the slots that were left alone, since train has no value of its own for them.
    """

    examples: list[Example]
    replaced: int
    closed: list[str]


def without_values_of(
    others: Iterable[Example], train: Sequence[Example], ontology: Ontology, random: Random
) -> Result:
    """Train with another of its own values in the place of each slot value that the other examples have as well.

    Values are compared slot by slot, whatever their case. A slot of which the others have every value that train has
    (days of the week, ratings) is closed: it keeps its values, for without them the slot itself could not be learnt.
    A slot over an intent, or over words that do not stand together, has no plain value and is passed over.

    >>> def example(value):
    ...     tree = Node("PlayMusicIntent", (Node("Artist", leaves((value,), 1)),))
    ...     return Example("1", "music", f"play {value}", ("play", value), tree)
    >>> train = [example("abba"), example("queen")]
    >>> kinds = {"PlayMusicIntent": "intent", "Artist": "slot"}
    >>> ontology = Ontology.learn(("music", example.tree, kinds) for example in train)
    >>> result = without_values_of([example("queen")], train, ontology, Random(0))
    >>> [example.utterance for example in result.examples], result.replaced, result.closed
    (['play abba', 'play abba'], 1, [])
    """
    slots = frozenset(name for name, label in ontology.labels.items() if label.kind == "slot")
    held = {
        (slot.label, _folded(words))
        for request in map(Request.of, others)
        for slot, _, words in _values(request, slots)
    }
    own: dict[str, dict[tuple[str, ...], Words]] = {}
    for request in map(Request.of, train):
        for slot, _, words in _values(request, slots):
            if (slot.label, _folded(words)) not in held:
                own.setdefault(slot.label, {})[_folded(words)] = words
    choices = {slot: list(values.values()) for slot, values in own.items()}
    closed: set[str] = set()
    replaced = 0
    examples = []
    for example in train:
        request = Request.of(example)
        # From right to left: the places of the values still to come stay as they are.
        for slot, span, words in sorted(_values(request, slots), key=itemgetter(1), reverse=True):
            if (slot.label, _folded(words)) not in held:
                continue
            if slot.label not in choices:
                closed.add(slot.label)
                continue
            chosen = random.choice(choices[slot.label])
            chosen = (Word(words[0].gap, chosen[0].text), *chosen[1:])
            request = request.replaced(span, chosen, slot, Node(slot.label, leaves(texts(chosen), span[0])))
            replaced += 1
            example = replace(example, utterance=request.utterance, tokens=request.tokens, tree=request.tree)
        examples.append(example)
    return Result(examples, replaced, sorted(closed))


def _values(request: Request, slots: frozenset[str]) -> Iterator[tuple[Node, tuple[int, int], Words]]:
    """The plain slot values of a request: the slot's node, its place and its words."""
    for node in request.tree.nodes():
        span = value_span(node) if node.label in slots else None
        if span:
            yield node, span, request.words[slice(*span)]


def _folded(words: Words) -> tuple[str, ...]:
    return tuple(word.text.casefold() for word in words)
