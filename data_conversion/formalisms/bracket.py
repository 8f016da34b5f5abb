r"""The article's brackets: `(label child child …)` without spaces, a leaf as `(text)`.

    >>> from data_conversion.ontology import Label
    >>> ontology = Ontology({"music": {"PauseMusic": Label("intent"), "PlayMusic": Label("intent")}})
    >>> tree = read("(and (PauseMusic) (PlayMusic (Mediatype (music))))", ontology)
    >>> tree.children[0], tree.children[1].children[0].children[0]
    (Node(label='PauseMusic', children=()), Leaf(text='music', position=None))
    >>> write(tree, ontology)
    '(and(PauseMusic)(PlayMusic(Mediatype(music))))'

`(x)` is a node where the ontology has `x` as an intent, and a leaf otherwise; the root is always a node. A backslash
takes the meaning from the character after it, and a text that starts with one is always a leaf:

    >>> print(write(Node("PlayMusic", (Node("Title", (Leaf("PauseMusic"), Leaf(":("))),)), ontology))
    (PlayMusic(Title(\PauseMusic)(:\()))

White space around brackets is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import lark

from data_conversion.errors import DataError
from data_conversion.frames import CLAUSE_OPERATOR, VALUE_OPERATOR
from data_conversion.grammar import Grammar, unescaped
from data_conversion.ontology import Ontology
from data_conversion.tree import Leaf, Node, check_depth

_SPECIAL = re.compile(r"[()\\]|^\s|\s$")  # what is written with a backslash: white space at the ends would be lost


class _Builder(lark.Transformer):
    """Texts stay as they are written; what has no children is a leaf until the ontology is asked."""

    def node(self, parts: list[Any]) -> Node | Leaf:
        label, *children = parts
        return Node(label, tuple(children)) if children else Leaf(label)


_GRAMMAR = Grammar(
    Path(__file__).with_suffix(".lark"), _Builder(), {"_OPEN": "'('", "_CLOSE": "')'", "TEXT": "a label or a word"}
)


def read(text: str, ontology: Ontology | None = None) -> Node:
    """The tree that `text` writes.

    Raises:
        DataError: with the column, where the brackets are not those of one tree; or it is deeper than `MAX_DEPTH`.
    """
    written = _GRAMMAR.read(text)
    if isinstance(written, Leaf):
        return Node(unescaped(written.text))
    tree = _resolved(written, ontology.intents if ontology else frozenset())
    check_depth(tree)  # a slotless intent is one level more
    return tree


def _resolved(written: Node, intents: frozenset[str]) -> Node:
    children = (
        _resolved(child, intents) if isinstance(child, Node) else _childless(child.text, intents)
        for child in written.children
    )
    return Node(unescaped(written.label), tuple(children))


def _childless(written: str, intents: frozenset[str]) -> Node | Leaf:
    text = unescaped(written)
    return Node(text) if text in intents and written[0] != "\\" else Leaf(text)


def write(tree: Node, ontology: Ontology | None = None) -> str:
    """The canonical line for `tree`.

    Raises:
        DataError: a childless node below the root is no intent of the ontology, so that it would read back as a word;
            a text is empty or has a line break; or the tree is deeper than `MAX_DEPTH`.
    """
    check_depth(tree)
    intents = ontology.intents if ontology else frozenset()
    return f"({_escaped(tree.label)}{_written(tree.children, intents)})"


def _written(children: tuple[Node | Leaf, ...], intents: frozenset[str]) -> str:
    return "".join(
        f"({_escaped_leaf(child.text, intents)})"
        if isinstance(child, Leaf)
        else f"({_escaped(child.label)}{_written(child.children, intents)})"
        if child.children
        else f"({_escaped_childless(child.label, intents)})"
        for child in children
    )


def _escaped(text: str) -> str:
    if text.splitlines() != [text]:
        raise DataError(f"the text {text!r} is empty or has a line break: brackets cannot hold it")
    return _SPECIAL.sub(r"\\\g<0>", text)


def _escaped_leaf(text: str, intents: frozenset[str]) -> str:
    escaped = _escaped(text)
    return "\\" + escaped if text in intents and escaped[0] != "\\" else escaped


def _escaped_childless(label: str, intents: frozenset[str]) -> str:
    if label not in intents:
        raise DataError(f"the node {label!r} is childless and no intent of the ontology: it would read back as a word")
    escaped = _escaped(label)
    if escaped[0] == "\\":
        raise DataError(f"the childless intent {label!r} would read back as a word: rename it to start with a letter")
    return escaped


def label_kinds(tree: Node) -> Mapping[str, str]:
    """The kind of every label of a tree, told by where it stands.

    - The root, what stands under the clause operator `and`, and nodes under a slot are intents, or `and` itself.
    - Nodes under an intent are slots or a value operator over slots. The value operator is `add`, or, since it may be
      renamed, a node with two or more nodes under it that all have one label.

    >>> kinds = label_kinds(read("(and(Buy(plus(Item(figs))(Item(nuts))))(PlayMusic(Mediatype(music))))"))
    >>> [label for label, kind in kinds.items() if kind == "operator"]
    ['and', 'plus']

    Raises:
        DataError: a label is of two kinds in this tree.
    """
    kinds: dict[str, str] = {}
    for label, kind in _request_kinds(tree):
        if kinds.setdefault(label, kind) != kind:
            both = f"as {kind} and as {kinds[label]}"
            raise DataError(f"the label {label!r} stands {both} in one tree: rename one where it is annotated")
    return kinds


def _request_kinds(node: Node) -> Iterator[tuple[str, str]]:
    """The kinds at a request and below it: an intent over slots, or the clause operator over requests."""
    nodes = _nodes(node)
    is_operator = node.label == CLAUSE_OPERATOR and bool(nodes)
    yield node.label, "operator" if is_operator else "intent"
    for child in nodes:
        yield from _request_kinds(child) if is_operator else _value_kinds(child)


def _value_kinds(node: Node) -> Iterator[tuple[str, str]]:
    """The kinds at what stands under an intent and below it: a slot over requests, or a value operator over slots."""
    nodes = _nodes(node)
    of_one_label = len(nodes) > 1 and len({child.label for child in nodes}) == 1
    is_operator = of_one_label or (node.label == VALUE_OPERATOR and bool(nodes))
    yield node.label, "operator" if is_operator else "slot"
    for child in nodes:
        yield from _value_kinds(child) if is_operator else _request_kinds(child)


def _nodes(node: Node) -> list[Node]:
    return [child for child in node.children if isinstance(child, Node)]
