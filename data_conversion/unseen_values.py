"""Training data without the slot values of other data, so that these measure what a parser makes of unseen values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from random import Random

from data_conversion.example import Example
from data_conversion.ontology import Ontology
from data_conversion.request import Request, Slot, Words, value_span
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

    The new value comes from the same intent if that has one of its own, else from another intent with the slot.
    Values are compared slot by slot, whatever their case. A slot of which the others have every value that train has
    (days of the week, ratings) is closed: it keeps its values, for without them the slot itself could not be learnt.
    A slot over an intent, or over words that do not stand together, has no plain value and is passed over.

    >>> from data_conversion.request import leaves
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
    kinds = ontology.kinds
    held = {value.key for example in others for value in _values(Request.of(example), kinds)}
    choices: dict[tuple[str, ...], dict[tuple[str, ...], Words]] = {}
    for example in train:
        for value in _values(Request.of(example), kinds):
            if value.key not in held:
                for where in ((value.slot.label,), (value.intent, value.slot.label)):
                    choices.setdefault(where, {})[_folded(value.words)] = value.words
    replaced, closed, examples = 0, set(), []
    for example in train:
        request = Request.of(example)
        # From right to left: the places of the values still to come stay as they are.
        for value in sorted(_values(request, kinds), key=attrgetter("span"), reverse=True):
            label = value.slot.label
            if value.key not in held:
                continue
            if (label,) not in choices:
                closed.add(label)
                continue
            known = choices.get((value.intent, label)) or choices[label,]
            request = request.with_value(Slot(value.slot, *value.span), random.choice(list(known.values())))
            replaced += 1
            example = replace(example, utterance=request.utterance, tokens=request.tokens, tree=request.tree)
        examples.append(example)
    return Result(examples, replaced, sorted(closed))


@dataclass(frozen=True)
class _Value:
    """A plain slot value: the intent it belongs to, the slot's node, its place and its words."""

    intent: str
    slot: Node
    span: tuple[int, int]
    words: Words

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """What is compared."""
        return self.slot.label, _folded(self.words)


def _values(request: Request, kinds: Mapping[str, str]) -> Iterator[_Value]:
    """The plain slot values of a request."""

    def below(node: Node, intent: str) -> Iterator[_Value]:
        kind = kinds.get(node.label)
        span = value_span(node) if kind == "slot" else None
        if span:
            yield _Value(intent, node, span, request.words[slice(*span)])
        for child in node.children:
            if isinstance(child, Node):
                yield from below(child, node.label if kind == "intent" else intent)

    return below(request.tree, "")


def _folded(words: Words) -> tuple[str, ...]:
    return tuple(word.text.casefold() for word in words)
