"""Ellipsis: what people leave out of a request because the one before it, or after it, says it.

>>> from data_conversion.example import Example
>>> from data_conversion.frames import Clause, Span, frame_tree
>>> def request(utterance, *slots):
...     tokens = tuple(utterance.split())
...     tree = frame_tree(tokens, [Clause("PlayMusic", 0, len(tokens))], [Span(*slot) for slot in slots])
...     return Request.of(Example("", "", utterance, tokens, tree))
>>> jazz = request("play jazz in the kitchen", ("genre", 1, 2), ("room", 3, 5))
>>> rock = request("play rock in the bathroom", ("genre", 1, 2), ("room", 3, 5))
>>> gapped(jazz, rock).utterance
'rock in the bathroom'
>>> without_shared_ending(jazz, rock).utterance
'play jazz'
>>> with_pronoun(rock, {"play"}).utterance
'play it in the bathroom'

Each gives None where it cannot be said so. The terms are those of syntax: gapping, right node raising, anaphora; what
they ask for is English grammar, as in Huddleston and Pullum, The Cambridge Grammar of the English Language (2002).
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from itertools import takewhile

from data_conversion.function_words import (
    AUXILIARIES,
    DETERMINERS,
    MODALS,
    OBJECT_PRONOUNS,
    PREPOSITIONS,
    QUESTION_WORDS,
    SUBJECT_PRONOUNS,
)
from data_conversion.request import Request, Slot, Word, Words
from data_conversion.tree import Leaf

PRONOUN = "it"
_COORDINATORS = frozenset({"and", "or", "also", "then", "plus", "as", ","})
_LEANING = DETERMINERS | QUESTION_WORDS | MODALS | {"i", "we"}  # they go with the words after them
_NO_BEGINNING = AUXILIARIES | SUBJECT_PRONOUNS | OBJECT_PRONOUNS | {"of", "to", "like"}
_OF_THE_VERB = PREPOSITIONS - {"by", "for", "from", "with"}  # these mostly go with the noun: *a song by*, *times for*


def coordinates(connective: Words) -> bool:
    """Whether a part of a request can stand after these words: *and rock in the bathroom*, but not *oh rock in the …*.

    >>> from data_conversion.request import spoken
    >>> coordinates(spoken("oh and also")), coordinates(spoken("oh"))
    (True, False)
    """
    return bool(connective) and connective[-1].text.lower() in _COORDINATORS


def gapped(before: Request, request: Request) -> Request | None:
    """The request without the words at its start that the request before has at its start too.

    One word will do after a request of the same intent, two after another. What is left has two slot values or more:
    a single one would be another value of the request before. A determiner stays with its noun, and what is left begins
    with no pronoun, auxiliary or *of*, unless that is in a value.
    """
    starts = [each.slots[0].start if each.slots else 0 for each in (before, request)]
    words = [token.lower() for token in request.tokens]
    pairs = zip(before.tokens[: starts[0]], words[: starts[1]])
    shared = len(list(takewhile(lambda pair: pair[0].lower() == pair[1], pairs)))
    while shared and words[shared - 1] in _LEANING:
        shared -= 1
    enough = 1 if before.tree.label == request.tree.label else 2
    if shared < enough or len(request.slots) < 2 or (shared < starts[1] and words[shared] in _NO_BEGINNING):
        return None
    return request.without(shared, 0)


def without_shared_ending(request: Request, after: Request) -> Request | None:
    """The request without its last value, and the words before it, if the next one ends in a value of the same slot.

    In both a preposition stands before the value, with at most a determiner between them, and the words after the value
    are the same: *on the radio*, *to my chill playlist*. A title, say, is not shared.
    """
    if request.tree.label != after.tree.label:
        return None
    ending, theirs = _adjunct(request), _adjunct(after)
    if not ending or ending != theirs:
        return None
    *_, before, last = request.slots
    return request.replaced((before.end, len(request.words)), (), last.node)


def _adjunct(request: Request) -> tuple[str, tuple[str, ...]] | None:
    """The slot of the last value and the words after it, if a preposition is before it, and a value before that."""
    if len(request.slots) < 2:
        return None
    (*_, before, last), tokens = request.slots, [token.lower() for token in request.tokens]
    between = tokens[before.end : last.start]
    if not between or between[0] not in PREPOSITIONS or not DETERMINERS.issuperset(between[1:]):
        return None
    return last.node.label, tuple(tokens[last.end :])


def with_pronoun(request: Request, imperatives: Container[str]) -> Request | None:
    """The request with *it* for the values after its first word, if a preposition and other values come after them.

    The first word is an imperative, and the preposition is none that mostly goes with the noun (*a song by …*).
    """
    run = list(_run(request.slots))
    if not run or len(run) == len(request.slots) or run[-1].end == len(request.words):
        return None
    start, end, words = run[0].start, run[-1].end, [word.lower() for word in request.tokens]
    if start == 2 and words[1] in DETERMINERS:
        start = 1
    if start != 1 or words[0] not in imperatives or words[end] not in _OF_THE_VERB:
        return None
    for slot in reversed(run[1:]):
        request = request.replaced((slot.start, slot.end), (), slot.node)
    pronoun = Leaf(PRONOUN, start) if request.words_kept else None
    return request.replaced((start, run[0].end), (Word(" ", PRONOUN),), run[0].node, pronoun)


def _run(slots: Sequence[Slot]) -> Iterator[Slot]:
    """The first slots, as long as no word stands between them."""
    for number, slot in enumerate(slots):
        if number and slots[number - 1].end != slot.start:
            return
        yield slot
