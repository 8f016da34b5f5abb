"""Exchange: another value of the same slot in a value's place, so that composed requests hold more than was annotated.

A parser that meets a value in one request alone can learn that request by heart; one that meets it in many learns what
values look like. A value gives way only to one that stands after the same word in another request of the intent: *play
abba by* takes no *the beatles*, and *in chicago* no *next week*.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from data_conversion.request import Request, Slot, Words, value_span

_Context = tuple[str, str, str]


class Exchange:
    """The plain values of the requests of one split, by intent, slot and the word before them.

    >>> from data_conversion.example import Example
    >>> from data_conversion.request import leaves
    >>> from data_conversion.tree import Node
    >>> def request(utterance):
    ...     tokens = tuple(utterance.split())
    ...     tree = Node("PlayMusicIntent", (Node("Artist", leaves(tokens[2:], 2)),))
    ...     return Request.of(Example("", "", utterance, tokens, tree))
    >>> exchange = Exchange([request("play some daft punk"), request("play the beatles")])
    >>> exchange.exchanged(request("play some abba"), 1.0, Random(1)).utterance
    'play some daft punk'
    """

    def __init__(self, requests: Iterable[Request]) -> None:
        values: dict[_Context, dict[tuple[str, ...], Words]] = {}
        for request in requests:
            for slot in _plain(request):
                known = values.setdefault(_context(request, slot), {})
                known[request.tokens[slot.start : slot.end]] = request.words[slot.start : slot.end]
        self._values = {context: list(known.values()) for context, known in values.items()}

    def exchanged(self, request: Request, share: float, random: Random) -> Request:
        """The request with other values for this share of its values."""
        for slot in reversed(_plain(request)):  # the places of those before stay as they are
            if random.random() < share:
                words = random.choice(self._values[_context(request, slot)])
                request = request.with_value(slot, words)
        return request


def _plain(request: Request) -> list[Slot]:
    return [slot for slot in request.slots if value_span(slot.node)]


def _context(request: Request, slot: Slot) -> _Context:
    before = request.tokens[slot.start - 1].lower() if slot.start else ""
    return request.tree.label, slot.node.label, before
