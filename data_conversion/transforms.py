"""Changes to examples between a reader and the file. A transform is a function of this module, named by its name.

    >>> names()
    ['drop-words', 'per-token']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from data_conversion import formalisms
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.tree import Leaf, Node

Transform = Callable[[Example], Example]


def drop_words(example: Example) -> Example:
    """Without the words that are no part of a slot value or a logical form.

    >>> tree = Node("PlayMusicIntent", (Leaf("play", 0), Node("Mediatype", (Leaf("music", 1),))))
    >>> dropped = drop_words(Example("1", "music", "play music", ("play", "music"), tree))
    >>> formalisms.load("bracket").write(dropped.tree)
    '(PlayMusicIntent(Mediatype(music)))'

    Leaves directly under an intent or an operator go, and those of a slot that holds nodes: its value is in these.
    """
    kinds = formalisms.load(example.formalism).label_kinds(example.tree)
    return replace(example, tree=_without_words(example.tree, kinds))


def _without_words(node: Node, kinds: Mapping[str, str]) -> Node:
    nodes = tuple(_without_words(child, kinds) for child in node.children if isinstance(child, Node))
    kind = kinds[node.label]
    if kind in ("intent", "operator") or (kind == "slot" and nodes):
        return Node(node.label, nodes)
    remaining = iter(nodes)
    return Node(node.label, tuple(child if isinstance(child, Leaf) else next(remaining) for child in node.children))


def per_token(example: Example) -> Example:
    """With a slot node over each word of a value, as in the article.

    >>> tree = Node("FindFilm", (Node("Title", (Leaf("star", 1), Leaf("wars", 2))),))
    >>> changed = per_token(Example("1", "films", "find star wars", ("find", "star", "wars"), tree))
    >>> formalisms.load("bracket").write(changed.tree)
    '(FindFilm(Title(star))(Title(wars)))'
    """
    kinds = formalisms.load(example.formalism).label_kinds(example.tree)
    return replace(example, tree=_per_token(example.tree, kinds))


def _per_token(node: Node, kinds: Mapping[str, str]) -> Node:
    return Node(node.label, tuple(_each_token(node.children, kinds)))


def _each_token(children: Iterable[Node | Leaf], kinds: Mapping[str, str]) -> Iterator[Node | Leaf]:
    for child in children:
        if isinstance(child, Leaf):
            yield child
        elif kinds[child.label] == "slot" and child.children and all(isinstance(part, Leaf) for part in child.children):
            yield from (Node(child.label, (leaf,)) for leaf in child.children)
        else:
            yield _per_token(child, kinds)


TRANSFORMS: dict[str, Transform] = {"drop-words": drop_words, "per-token": per_token}


def names() -> list[str]:
    """The transforms there are, by name."""
    return sorted(TRANSFORMS)


def load(name: str) -> Transform:
    """The transform of that name.

    Raises:
        DataError: there is none.
    """
    if name not in TRANSFORMS:
        raise DataError(f"no transform is named {name!r}: choose one of {', '.join(names())}")
    return TRANSFORMS[name]
