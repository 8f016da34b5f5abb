"""Exchange: simple requests once more, with other values of their slots, so that train shows more than was annotated.

A parser that meets a value in one request alone can learn that request by heart; one that meets it in several, and
several values in one request, learns what values look like.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from data_conversion.example import Example
from data_conversion.request import Request, Slot, Words, value_span

_EXCHANGED = 0.5
"""The share of values that give way: the others say, as before, what goes together."""


def exchanged(examples: Sequence[Example], share: float, random: Random) -> Iterator[Example]:
    """For this share of simple requests the request with other values, where they leave it other than it was.

    A value gives way to any that the slot has in a request of the same intent.

    >>> from data_conversion.request import leaves
    >>> from data_conversion.tree import Node
    >>> def example(name, artist):
    ...     tokens = ("play", *artist.split())
    ...     tree = Node("PlayMusicIntent", (Node("Artist", leaves(tokens[1:], 1)),))
    ...     return Example(name, "music", " ".join(tokens), tokens, tree)
    >>> more = exchanged([example("1", "abba"), example("2", "the beatles")], 1.0, Random(2))
    >>> [(each.id, each.utterance) for each in more]
    [('2-exchanged', 'play abba')]
    """
    names = {example.id for example in examples}
    values: dict[tuple[str, str], dict[tuple[str, ...], Words]] = {}
    for example in examples:
        request = Request.of(example)
        for slot in _plain(request):
            words = request.words[slot.start : slot.end]
            values.setdefault((request.tree.label, slot.node.label), {})[request.tokens[slot.start : slot.end]] = words
    choices = {key: list(known.values()) for key, known in values.items()}
    for example in examples:
        name = f"{example.id}-exchanged"
        if name not in names and random.random() < share:
            request = before = Request.of(example)
            for slot in reversed(_plain(before)):  # the places of those before stay as they are
                if random.random() < _EXCHANGED:
                    request = request.with_value(slot, random.choice(choices[before.tree.label, slot.node.label]))
            if request.tokens != before.tokens:
                yield replace(example, id=name, utterance=request.utterance, tokens=request.tokens, tree=request.tree)


def _plain(request: Request) -> list[Slot]:
    return [slot for slot in request.slots if value_span(slot.node)]
