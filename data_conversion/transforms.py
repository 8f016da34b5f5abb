"""Changes to examples between a reader and the file. A transform is a function of this module, named by its name.

    >>> ", ".join(names())
    'canonical, drop-words, lengthen-simpleworld, per-token, per-value, shorten-simpleworld, rename:OLD=NEW'
    >>> inverse("rename:Title=FilmTitle"), inverse("drop-words")
    ('rename:FilmTitle=Title', None)

Where `inverse` names another transform, that one undoes it, on the data that its docstring says; `drop-words` and
`canonical` lose what they change, and so do renames that give two labels one name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

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


def per_value(example: Example) -> Example:
    """With one slot node over neighbouring words of a slot: what `per_token` took apart.

    >>> tree = Node("FindFilm", (Node("Title", (Leaf("star", 1),)), Node("Title", (Leaf("wars", 2),))))
    >>> changed = per_value(Example("1", "films", "find star wars", ("find", "star", "wars"), tree))
    >>> formalisms.load("bracket").write(changed.tree)
    '(FindFilm(Title(star)(wars)))'

    Two values of one slot with no word between them become one: data that has such is not got back.
    """
    kinds = formalisms.load(example.formalism).label_kinds(example.tree)
    return replace(example, tree=_per_value(example.tree, kinds))


def _per_value(node: Node, kinds: Mapping[str, str]) -> Node:
    children: list[Node | Leaf] = []
    for child in node.children:
        before = children[-1] if children else None
        if isinstance(child, Leaf):
            children.append(child)
        elif isinstance(before, Node) and kinds[child.label] == "slot" and _continues(before, child):
            children[-1] = Node(child.label, before.children + child.children)
        else:
            children.append(_per_value(child, kinds))
    return Node(node.label, tuple(children))


def _continues(value: Node, word: Node) -> bool:
    """Whether a slot's words go on in the slot after it."""
    parts = (*value.children, *word.children)
    is_empty = not value.children or not word.children
    if value.label != word.label or is_empty or not all(isinstance(part, Leaf) for part in parts):
        return False
    last, first = value.children[-1], word.children[0]
    assert isinstance(last, Leaf) and isinstance(first, Leaf)
    return first.position == (None if last.position is None else last.position + 1)


def canonical(example: Example) -> Example:
    """In TOPv2's canonical form: lower case, without the words outside slots, and children sorted by label.

    >>> tree = formalisms.load("top").read("[IN:PLAY play [SL:TITLE Blue ] by [SL:ARTIST The Tide ] ]")
    >>> written = canonical(Example("1", "music", "play Blue by The Tide", (), tree, "top")).tree
    >>> formalisms.load("top").write(written)
    '[IN:PLAY [SL:ARTIST the tide ] [SL:TITLE blue ] ]'

    The utterance and its tokens are lowered too, and every leaf keeps its position: the words of a value stay together
    and in order, while the values no longer follow the utterance. Clauses and coordinated values under an operator stay
    in their order, which means something.

    Chen et al. 2020, *Low-Resource Domain Adaptation for Compositional Task-Oriented Semantic Parsing*.

    Raises:
        DataError: a label is a function.
    """
    dropped = drop_words(example)
    kinds = formalisms.load(example.formalism).label_kinds(dropped.tree)
    if functions := [label for label, kind in kinds.items() if kind == "function"]:
        raise DataError(f"{functions[0]!r} is a function: a logical form in lower case would mean something else")
    return replace(
        dropped,
        utterance=example.utterance.lower(),
        tokens=tuple(token.lower() for token in example.tokens),
        tree=_sorted(dropped.tree, kinds).map_leaves(lambda leaf: Leaf(leaf.text.lower(), leaf.position)),
    )


def _sorted(node: Node, kinds: Mapping[str, str]) -> Node:
    children = [child if isinstance(child, Leaf) else _sorted(child, kinds) for child in node.children]
    if kinds[node.label] in ("intent", "slot"):  # without the words outside slots, one has nodes alone or leaves alone
        children.sort(key=lambda child: child.label if isinstance(child, Node) else "")
    return Node(node.label, tuple(children))


def rename(example: Example, old: str, new: str) -> Example:
    """With another label in the place of one; `rename:OLD=NEW` names it, and two renames to one label merge the labels.

    >>> tree = Node("FindFilm", (Node("Title", (Leaf("dune", 1),)),))
    >>> load("rename:Title=FilmTitle")(Example("1", "films", "find dune", ("find", "dune"), tree)).tree.children
    (Node(label='FilmTitle', children=(Leaf(text='dune', position=1),)),)

    Data that had the new label before is not got back.
    """
    return replace(example, tree=example.tree.map_labels(lambda label: new if label == old else label))


_SIMPLE_WORLD, _SHORT = "edu.stanford.nlp.sempre.overnight.SimpleWorld.", "SW."


def shorten_simpleworld(example: Example) -> Example:
    """With `SW.` in the place of the long name of Overnight's class, which every call of a method repeats.

    >>> tree = Node("edu.stanford.nlp.sempre.overnight.SimpleWorld.singleton", (Leaf("en.film"),))
    >>> shortened = shorten_simpleworld(Example("1", "films", "films", ("films",), tree, "lambda-dcs"))
    >>> formalisms.load("lambda-dcs").write(shortened.tree)
    '(call SW.singleton en.film)'
    """
    return _with_prefix(example, _SIMPLE_WORLD, _SHORT)


def lengthen_simpleworld(example: Example) -> Example:
    """With the long name of Overnight's class again: what `shorten_simpleworld` shortened."""
    return _with_prefix(example, _SHORT, _SIMPLE_WORLD)


def _with_prefix(example: Example, old: str, new: str) -> Example:
    def changed(label: str) -> str:
        return new + label.removeprefix(old) if label.startswith(old) else label

    return replace(example, tree=example.tree.map_labels(changed))


# -- by name -----------------------------------------------------------------------------------------------------------

TRANSFORMS: dict[str, Transform] = {
    "canonical": canonical,
    "drop-words": drop_words,
    "lengthen-simpleworld": lengthen_simpleworld,
    "per-token": per_token,
    "per-value": per_value,
    "shorten-simpleworld": shorten_simpleworld,
}

_PAIRS = {"per-token": "per-value", "shorten-simpleworld": "lengthen-simpleworld"}
_INVERSES = _PAIRS | {other: name for name, other in _PAIRS.items()}

_RENAME = "rename:"


def names() -> list[str]:
    """The transforms there are, by name."""
    return [*sorted(TRANSFORMS), f"{_RENAME}OLD=NEW"]


def load(name: str) -> Transform:
    """The transform of that name.

    Raises:
        DataError: there is none.
    """
    if name.startswith(_RENAME):
        old, new = _labels(name)
        return partial(rename, old=old, new=new)
    if name not in TRANSFORMS:
        raise DataError(f"no transform is named {name!r}: choose one of {', '.join(names())}")
    return TRANSFORMS[name]


def inverse(name: str) -> str | None:
    """The name of the transform that undoes another, or None where it loses what it changes.

    Raises:
        DataError: there is no transform of that name.
    """
    load(name)
    if name.startswith(_RENAME):
        old, new = _labels(name)
        return f"{_RENAME}{new}={old}"
    return _INVERSES.get(name)


def _labels(name: str) -> tuple[str, str]:
    old, _, new = name.removeprefix(_RENAME).partition("=")
    if not old or not new or "=" in new:
        raise DataError(f"{name!r} does not name two labels: write {_RENAME}OLD=NEW")
    return old, new
