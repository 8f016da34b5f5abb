"""Frames and trees: from intents and slot spans, as people annotate them, to a tree with every word kept, and back.

*add apples and oranges to shopping list and play music* has two clauses and four spans:

    >>> tokens = "add apples and oranges to shopping list and play music".split()
    >>> clauses = [Clause("addToListIntent", 0, 7), Clause("PlayMusicIntent", 8, 10)]
    >>> spans = [Span("ItemName", 1, 2), Span("ItemName", 3, 4), Span("ListName", 5, 6), Span("Mediatype", 9, 10)]
    >>> tree = frame_tree(tokens, clauses, spans)
    >>> formalisms.load("bracket").write(tree)  # doctest: +ELLIPSIS
    '(and(addToListIntent(add)(add(ItemName(apples))(and)(ItemName(oranges)))(to)...(PlayMusicIntent(play)(Mediatype(music))))'
    >>> frame_of(tree) == Frame(("addToListIntent", "PlayMusicIntent"), tuple(spans))
    True
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from data_conversion import formalisms
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.tree import Leaf, Node

CLAUSE_OPERATOR = "and"
"""What clauses stand under, whatever the words between them are."""

VALUE_OPERATOR = "add"
"""What several values of one slot stand under."""

VALUE_CONNECTIVES = frozenset({"and", "or", "plus", ","})
"""The words that may stand between coordinated values of one slot."""


class Clause(NamedTuple):
    """A simple request: its intent and its tokens, `start` to `end - 1`."""

    intent: str
    start: int
    end: int


class Span(NamedTuple):
    """A slot value: the slot and the tokens of the value, `start` to `end - 1`."""

    slot: str
    start: int
    end: int


class Frame(NamedTuple):
    """What flat annotation says of an utterance: its intents in spoken order and its slot values from left to right."""

    intents: tuple[str, ...]
    spans: tuple[Span, ...]


def frame_tree(tokens: Sequence[str], clauses: Sequence[Clause], spans: Sequence[Span]) -> Node:
    """The tree of an utterance with its words kept.

    One clause is the intent's node over all words; several stand under `and`, with the words between them as leaves.
    Values of one slot with only `and`, `or`, `plus`, commas or nothing between them stand under `add`.

    Raises:
        DataError: there is no word or no clause, an intent has the operator's name, two spans overlap, or a span lies
            in no clause or in two.
    """
    if not tokens:
        raise DataError("the utterance has no words")
    if not clauses:
        raise DataError("the utterance has no intent")
    if any(clause.intent == CLAUSE_OPERATOR for clause in clauses):
        raise DataError(f"an intent is named {CLAUSE_OPERATOR!r}, which is what clauses stand under: rename it")
    ordered = sorted(spans, key=lambda span: span.start)
    if overlap := next((pair for pair in pairwise(ordered) if pair[1].start < pair[0].end), None):
        raise DataError(f"values of {overlap[0].slot!r} and {overlap[1].slot!r} overlap: a word can be in one value")
    if len(clauses) == 1:
        return _clause(tokens, Clause(clauses[0].intent, 0, len(tokens)), spans)
    if any(sum(clause.start <= span.start and span.end <= clause.end for clause in clauses) != 1 for span in spans):
        raise DataError("a slot value lies across two clauses or in none")
    children: list[Node | Leaf] = []
    end = 0
    for clause in sorted(clauses, key=lambda clause: clause.start):
        children += _words(tokens, end, clause.start)
        inside = [span for span in spans if clause.start <= span.start and span.end <= clause.end]
        children.append(_clause(tokens, clause, inside))
        end = clause.end
    children += _words(tokens, end, len(tokens))
    return Node(CLAUSE_OPERATOR, tuple(children))


def _clause(tokens: Sequence[str], clause: Clause, spans: Sequence[Span]) -> Node:
    children: list[Node | Leaf] = []
    end = clause.start
    for values in _coordinations(tokens, sorted(spans, key=lambda span: span.start)):
        children += _words(tokens, end, values[0].start)
        parts: list[Node | Leaf] = []
        end = values[0].start
        for span in values:
            parts += [*_words(tokens, end, span.start), Node(span.slot, tuple(_words(tokens, span.start, span.end)))]
            end = span.end
        children += parts if len(values) == 1 else [Node(VALUE_OPERATOR, tuple(parts))]
    children += _words(tokens, end, clause.end)
    return Node(clause.intent, tuple(children))


def _words(tokens: Sequence[str], start: int, end: int) -> list[Leaf]:
    return [Leaf(tokens[position], position) for position in range(start, end)]


def _coordinations(tokens: Sequence[str], spans: Sequence[Span]) -> Iterator[list[Span]]:
    """The spans in order, those that are coordinated in one list."""
    group: list[Span] = []
    for span in spans:
        if group and not (
            span.slot == group[-1].slot
            and all(token.lower() in VALUE_CONNECTIVES for token in tokens[group[-1].end : span.start])
        ):
            yield group
            group = []
        group.append(span)
    if group:
        yield group


def frame_of(tree: Node, formalism: str = "bracket", *, kinds: Mapping[str, str] | None = None) -> Frame:
    """The intents and slot values of a tree, from the positions of its leaves; operators are transparent.

    The words may be kept or dropped. Of nested labels the outermost slot counts, and the intents that are not under a
    slot. A value whose leaves are not neighbours in the utterance gives one span for each stretch of neighbours;
    generated leaves have no place in the utterance and give none. The formalism tells the kinds of the labels, unless
    `kinds` brings what an ontology knows of them: a parser's tree need not have the shape that gives them away.
    """
    if kinds is None:
        kinds = formalisms.load(formalism).label_kinds(tree)
    intents: list[str] = []
    spans: list[Span] = []
    _collect(tree, kinds, intents, spans)
    return Frame(tuple(intents), tuple(sorted(spans, key=lambda span: span.start)))


def _collect(node: Node, kinds: Mapping[str, str], intents: list[str], spans: list[Span]) -> None:
    if kinds[node.label] == "slot":
        spans += _stretches(node)
        return
    if kinds[node.label] == "intent":
        intents.append(node.label)
    for child in node.children:
        if isinstance(child, Node):
            _collect(child, kinds, intents, spans)


def _stretches(slot: Node) -> Iterator[Span]:
    span: Span | None = None
    for leaf in slot.leaves():
        if leaf.position is None:
            continue
        if span is not None and leaf.position == span.end:
            span = Span(slot.label, span.start, span.end + 1)
        else:
            if span is not None:
                yield span
            span = Span(slot.label, leaf.position, leaf.position + 1)
    if span is not None:
        yield span


def tags_of(example: Example) -> list[str]:
    """The BIO tags of an example's tokens, rebuilt from its tree; where values overlap the first one counts.

    >>> tree = Node("PlayMusicIntent", (Node("Mediatype", (Leaf("folk", 1), Leaf("music", 2))),))
    >>> tags_of(Example("1", "music", "play folk music", ("play", "folk", "music"), tree))
    ['O', 'B-Mediatype', 'I-Mediatype']
    """
    tags = ["O"] * len(example.tokens)
    for span in frame_of(example.tree, example.formalism).spans:
        if all(tag == "O" for tag in tags[span.start : span.end]):
            tags[span.start : span.end] = [f"B-{span.slot}"] + [f"I-{span.slot}"] * (span.end - span.start - 1)
    return tags


def tagged_example(tokens: Sequence[str], tags: Sequence[str], intent: str) -> Example:
    """The example of one request that BIO tags annotate, its words kept.

    Raises:
        DataError: there is no word or no intent, the tags are not one a word, or they are no BIO sequence.
    """
    if not intent:
        raise DataError("the utterance has no intent")
    if len(tokens) != len(tags):
        raise DataError(f"{len(tokens)} words but {len(tags)} tags")
    tree = frame_tree(tokens, [Clause(intent, 0, len(tokens))], spans_of(tags))
    return Example("", "", " ".join(tokens), tuple(tokens), tree)


def spans_of(tags: Sequence[str]) -> list[Span]:
    """The slot values that BIO tags mark.

    >>> spans_of(["O", "B-Mediatype", "I-Mediatype"])
    [Span(slot='Mediatype', start=1, end=3)]

    Raises:
        DataError: a tag is none of O, B-slot and I-slot, or an I- does not continue a value of its slot.
    """
    spans: list[Span] = []
    for index, tag in enumerate(tags):
        if tag == "O":
            continue
        mark, _, slot = tag.partition("-")
        if mark not in ("B", "I") or not slot:
            raise DataError(f"the tag {tag!r} of word {index + 1} is none of O, B-slot and I-slot")
        if mark == "B":
            spans.append(Span(slot, index, index + 1))
        elif spans and spans[-1].slot == slot and spans[-1].end == index:
            spans[-1] = Span(slot, spans[-1].start, index + 1)
        else:
            raise DataError(f"the tag {tag!r} of word {index + 1} continues no value: a value starts with B-{slot}")
    return spans
