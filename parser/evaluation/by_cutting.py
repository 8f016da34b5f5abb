"""The plain alternative to parsing a compound request whole, as a baseline: cut, parse each piece, join.

>>> def parse(pieces):  # a parser that knows one answer
...     return [Node("Play", (Node("Genre", (Leaf(tokens[1], 1),)),)) for _, tokens in pieces]
>>> tokens = tuple("play jazz and then play folk".split())
>>> gold = Node("and", ())
>>> tree, = parse_by_cutting([Example("1", "music", " ".join(tokens), tokens, gold)], parse)
>>> tree.label, [leaf.position for leaf in tree.leaves()]
('and', [1, 5])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from data_conversion.cutting import cut, join
from data_conversion.example import Example
from data_conversion.tree import Leaf, Node

Parse = Callable[[Sequence[tuple[str, tuple[str, ...]]]], Iterable[Node | None]]
"""What parses utterances that bring their tokens, in order."""


def parse_by_cutting(examples: Sequence[Example], parse: Parse, *, words_kept: bool = False) -> list[Node | None]:
    """The trees of some utterances, each cut at its connectives and joined again; None where no piece has a tree.

    Args:
        examples: the utterances; their trees are not looked at.
        parse: parses all pieces of all utterances, with positions counted from the start of the piece.
        words_kept: put the words of the connectives into the trees too.
    """
    cuts = [cut(example.tokens) for example in examples]
    pieces = [example.tokens[start:end] for example, spans in zip(examples, cuts) for start, end in spans]
    trees = iter(parse([(" ".join(tokens), tokens) for tokens in pieces]))
    return [
        _joined(example.tokens, spans, [next(trees) for _ in spans], words_kept)
        for example, spans in zip(examples, cuts)
    ]


def _joined(
    tokens: Sequence[str], spans: Sequence[tuple[int, int]], trees: Sequence[Node | None], words_kept: bool
) -> Node | None:
    parsed = [(tree, start) for (start, _), tree in zip(spans, trees) if tree is not None]
    if not parsed:
        return None
    inside = {position for start, end in spans for position in range(start, end)}
    between = [Leaf(token, position) for position, token in enumerate(tokens) if position not in inside]
    return join(parsed, between if words_kept else ())
