"""Politeness: one polite word, or none, in a request of several parts.

>>> from data_conversion.example import Example
>>> def request(utterance):
...     return Request.of(Example("", "", utterance, tuple(utterance.split()), Node("Do")))
>>> [each.utterance for each in clipped([request("please go on ."), request("could you please stop .")])]
['please go on', 'stop .']
>>> polite([request("go on"), request("stop")], {"go"}, Mixture.load(), Random(2))[0].utterance
'please go on'
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from random import Random

from data_conversion.mixture import Mixture, draw
from data_conversion.request import Request, after_space, leaves, spoken, texts
from data_conversion.tree import Node

OPENINGS = (
    *((greeting, "there") for greeting in ("hey", "hi", "hello")),
    *(("please",), ("kindly",), ("hey",), ("hi",), ("hello",), ("ok",), ("okay",)),
    *((modal, "you") for modal in ("can", "could", "would", "will")),
)
_ENDINGS = (
    *(("please",), ("thanks",), ("thank", "you")),
    *(("if", "you", "can"), ("if", "you", "don't", "mind"), ("if", "you", "would")),
)
ENDINGS = (*((",", *words) for words in _ENDINGS), *_ENDINGS)
SENTENCE_MARKS = ((".",), ("?",), ("!",))


def plain(request: Request) -> Request:
    """The request without polite words and sentence marks."""
    request = _unmarked(request)
    return request.without(*_polite_words(request))


def is_polite(request: Request) -> bool:
    """Whether a polite word stands at the start or the end of the request."""
    return any(_polite_words(_unmarked(request)))


def clipped(requests: Sequence[Request]) -> list[Request]:
    """The requests as they are said one after another: polite once, and a sentence mark only after the last."""
    said = []
    polite = False
    for number, request in enumerate(requests, start=1):
        unmarked = _unmarked(request)
        opening, ending = _polite_words(unmarked)
        if number < len(requests):
            request = unmarked
        if polite:
            end = len(unmarked.words)
            request = request.replaced((end - ending, end), ()).without(opening, 0)
        polite = polite or opening + ending > 0
        said.append(request)
    return said


def _unmarked(request: Request) -> Request:
    return request.without(0, _affix(request, SENTENCE_MARKS, at_end=True))


def _polite_words(request: Request) -> tuple[int, int]:
    """How many words at the start and at the end are polite; none where there would be no other word."""
    opening, ending = _affix(request, OPENINGS), _affix(request, ENDINGS, at_end=True)
    return (opening, ending) if opening + ending < len(request.words) else (0, 0)


def after_openings(requests: Iterable[Request]) -> frozenset[str]:
    """The words that go on after *please* or *can you* at the start of requests: imperatives.

    After a mere greeting anything may go on: *hey what is on*.
    """
    openings = ((request.tokens, _affix(request, OPENINGS)) for request in requests)
    return frozenset(
        tokens[opening].lower()
        for tokens, opening in openings
        if opening and tokens[opening - 1].lower() in ("please", "kindly", "you")
    )


def polite(requests: Sequence[Request], imperatives: Container[str], mixture: Mixture, random: Random) -> list[Request]:
    """The requests with a polite word: before the first or the last of them, or at the end of all."""
    said = list(requests)
    place = random.choice((0, -1))
    if said[place].tokens[0].lower() in imperatives and random.random() < 0.65:
        said[place] = _with(said[place], draw(mixture.openings, random), at_end=False)
    elif not _affix(said[-1], SENTENCE_MARKS, at_end=True):
        said[-1] = _with(said[-1], draw(mixture.endings, random), at_end=True)
    return said


def _with(request: Request, text: str, *, at_end: bool) -> Request:
    """The request with words of ours before or after it."""
    place, words = len(request.words) if at_end else 0, spoken(text)
    said = Request(after_space(request.words), request.tree).replaced((place, place), words)
    kept = leaves(texts(words), place) if request.words_kept else ()
    children = (*said.tree.children, *kept) if at_end else (*kept, *said.tree.children)
    return Request(said.words, Node(said.tree.label, children))


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
