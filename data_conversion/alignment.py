"""Which word of the utterance each leaf copies, for annotation that does not say."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.tokenization import tokenize
from data_conversion.tree import Leaf, Node

Path = tuple[int, ...]


def aligned(tree: Node, tokens: Sequence[str]) -> Node:
    """The tree with a position at every leaf whose text is a token; leaves that have one keep it.

    *show films from new aston shown in the new hall*: the word *new* stands twice, and each leaf takes the one beside
    the other words of its value.

    >>> hall = Node("hall", (Leaf("new"), Leaf("hall")))
    >>> tree = Node("and", (hall, Node("city", (Leaf("new"), Leaf("aston"))), Leaf("argmax")))
    >>> words = "show films from new aston shown in the new hall".split()
    >>> [leaf.position for leaf in aligned(tree, words).leaves()]
    [8, 9, 3, 4, None]

    A leaf whose text is one token takes it. Of several it takes the one nearest to where the leaves already placed let
    expect it: those of its own node, else those of the node above, and so on; of equally near ones one that no leaf has
    taken, and then the leftmost. Several leaves may copy one token.

    A leaf copies a token unchanged. One that is a token but for its case (`japanese`, where the utterance has
    *Japanese*) therefore gets no position: it is generated, and only helps to place the leaves beside it.
    """
    exact, folded = defaultdict(list), defaultdict(list)
    for position, token in enumerate(tokens):
        exact[token].append(position)
        folded[token.casefold()].append(position)
    leaves, paths = list(tree.leaves()), list(_paths(tree))
    choices = [
        [leaf.position] if leaf.position is not None else exact.get(leaf.text) or folded.get(leaf.text.casefold(), [])
        for leaf in leaves
    ]
    places = {index: choice[0] for index, choice in enumerate(choices) if len(choice) == 1}
    for index, choice in enumerate(choices):
        if len(choice) > 1:
            places[index] = _nearest(choice, _expected(index, paths, places), set(places.values()))
    numbered = iter(range(len(leaves)))

    def placed(leaf: Leaf) -> Leaf:
        place = places.get(next(numbered))
        return Leaf(leaf.text, place) if place is not None and tokens[place] == leaf.text else leaf

    return tree.map_leaves(placed)


def aligned_example(utterance: str, tree: Node, formalism: str, domain: str = "") -> Example:
    """The example of an utterance that has no tokens yet, and of a tree without positions.

    Raises:
        DataError: the utterance has no words.
    """
    tokens = tuple(token.text for token in tokenize(utterance))
    if not tokens:
        raise DataError("the utterance has no words")
    return Example("", domain, utterance, tokens, aligned(tree, tokens), formalism)


def whole_example(utterance: str, tree: Node, formalism: str, domain: str = "") -> Example:
    """The example of an utterance whose words are the leaves of its tree, in order; they are its tokens.

    Raises:
        DataError: there are no words, or those of the tree are not those of the utterance.
    """
    tokens = tuple(leaf.text for leaf in tree.leaves())
    if not tokens:
        raise DataError("the utterance has no words")
    if "".join(tokens) != "".join(utterance.split()):
        raise DataError(
            "the tree does not hold all words of the utterance: words left out, or another utterance's tree"
        )
    return Example("", domain, utterance, tokens, tree.numbered(), formalism)


def _nearest(choice: Sequence[int], expected: Sequence[int], taken: Container[int]) -> int:
    """Of sorted positions the one nearest to an expected one; of such the first that is not taken, or the first."""
    distances: dict[int, int] = {}
    for place in {*expected}:
        above = bisect_left(choice, place)
        for position in choice[max(0, above - 1) : above + 1]:
            distances[position] = min(abs(position - place), distances.get(position, abs(position - place)))
    return min(sorted(distances) or choice, key=lambda position: (distances.get(position, 0), position in taken))


def _paths(node: Node, path: Path = ()) -> Iterator[Path]:
    """For every leaf, from left to right, the way down to the node it stands under."""
    for number, child in enumerate(node.children):
        if isinstance(child, Leaf):
            yield path
        else:
            yield from _paths(child, (*path, number))


def _expected(index: int, paths: Sequence[Path], places: dict[int, int]) -> list[int]:
    """Where the leaf of that index would stand beside each of the placed leaves that are nearest to it in the tree."""
    shared = {other: _shared(paths[index], paths[other]) for other in places}
    nearest = max(shared.values(), default=0)
    return [places[other] + index - other for other, depth in shared.items() if depth == nearest]


def _shared(path: Path, other: Path) -> int:
    """How many steps down two leaves have in common."""
    return next((depth for depth, (a, b) in enumerate(zip(path, other)) if a != b), min(len(path), len(other)))
