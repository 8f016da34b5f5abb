r"""The brackets of Facebook's TOP and TOPv2: intents are labelled `IN:…` and slots `SL:…`.

    >>> tree = read("[IN:GET_EVENT what 's on [SL:DATE_TIME tonight ] ]")
    >>> tree.children[3]
    Node(label='SL:DATE_TIME', children=(Leaf(text='tonight', position=None),))
    >>> write(tree)
    "[IN:GET_EVENT what 's on [SL:DATE_TIME tonight ] ]"

A backslash is written as two, and a word that would be read as a bracket gets one before it:

    >>> print(write(Node("IN:GREET", (Leaf("]"), Leaf("[hi]"), Leaf("o/\\o")))))
    [IN:GREET \] \[hi] o/\\o ]

Gupta et al. 2018, *Semantic Parsing for Task Oriented Dialog using Hierarchical Representations*.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lark

from data_conversion.grammar import Grammar, one_word, reader_and_writer, unescaped
from data_conversion.tree import Leaf, Node

_SPECIAL = re.compile(r"\\|^\[|^\]$")
_KINDS = {"IN:": "intent", "SL:": "slot"}


class _Builder(lark.Transformer):
    def node(self, parts: list[Any]) -> Node:
        opening, *inside = parts
        children: list[Node | Leaf] = []
        for part in inside:
            children += [part] if isinstance(part, Node) else [Leaf(unescaped(word)) for word in part.split()]
        return Node(opening[1:].rstrip(), tuple(children))


_GRAMMAR = Grammar(
    Path(__file__).with_suffix(".lark"),
    _Builder(),
    {"OPEN": "'[' with a label", "_CLOSE": "']' after a space", "WORDS": "a word"},
)


def _written(node: Node) -> str:
    children = (
        _SPECIAL.sub(r"\\\g<0>", one_word(child.text)) if isinstance(child, Leaf) else _written(child)
        for child in node.children
    )
    return " ".join(["[" + one_word(node.label), *children, "]"])


read, write = reader_and_writer(_GRAMMAR, _written)


def label_kinds(tree: Node) -> Mapping[str, str]:
    """The kind of every label of a tree, told by its prefix; a label with neither prefix is a function."""
    return {node.label: _KINDS.get(node.label[:3], "function") for node in tree.nodes()}
