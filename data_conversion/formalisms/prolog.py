r"""Prolog terms as GeoQuery writes them (Zelle and Mooney 1996), be they queries over variables or functional.

    >>> tree = read(r"answer(A,(river(A),loc(A,B),const(B,stateid('new sealand')),\+ (road(C),crosses(C,A))))")
    >>> tree.children[1].children[2].children[1].children
    (Node(label="'", children=(Leaf(text='new', position=None), Leaf(text='sealand', position=None))),)

A function, `,`, `;` and `\+` are nodes; variables, numbers and names are leaves. A name of several words is a node `'`
over them, and so is one that would be a variable without its quotes; others lose quotes that they do not need.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import lark

from data_conversion.grammar import Grammar, one_word, reader_and_writer
from data_conversion.ontology import only_functions
from data_conversion.tree import Leaf, Node

_NAME, _FUNCTION = re.compile(r"-?\d+(?:\.\d+)?|\w+"), re.compile(r"[a-z]\w*")
_KEEPS_QUOTES = re.compile(r".*\s.*|[A-Z_]\w*")


class _Builder(lark.Transformer):
    def function(self, parts: list[Any]) -> Node:
        return Node(_unquoted(parts[0]), tuple(part for part in parts[1:] if not isinstance(part, lark.Token)))

    def operator(self, parts: list[Any]) -> Node:
        return Node(str(parts[1]), tuple(parts[::2]))

    def name(self, parts: list[lark.Token]) -> Node | Leaf:
        name = " ".join(_unquoted(parts[0]).split())
        is_node = parts[0][0] == "'" and _KEEPS_QUOTES.fullmatch(name)
        return Node("'", tuple(map(Leaf, name.split()))) if is_node else Leaf(name)


def _unquoted(text: str) -> str:  # two quotes are one, and so is one with a backslash before it
    return re.sub(r"\\(.)|'(')", r"\1\2", text[1:-1]) if text[0] == "'" else str(text)


_NAMES = {"NAME": "a name", "QUOTED": "a name in quotes", "_OPEN": "'('", "_CLOSE": "')'", "COMMA": "','"}
_GRAMMAR = Grammar(Path(__file__).with_suffix(".lark"), _Builder(), _NAMES)


def _written(child: Node | Leaf) -> str:
    if isinstance(child, Leaf):
        return child.text if _NAME.fullmatch(child.text) else _quoted(one_word(child.text))
    if child.label == "'" and child.children == tuple(child.leaves()):
        name = " ".join(one_word(leaf.text) for leaf in child.leaves())
        if _KEEPS_QUOTES.fullmatch(name):
            return _quoted(name)
    return _term(child)


def _term(child: Node) -> str:
    children = [_written(inner) for inner in child.children]
    if child.label in (",", ";") and len(children) > 1:
        return f"({child.label.join(children)})"
    if child.label == r"\+" and len(children) == 1:
        return rf"\+ {children[0]}"
    label = child.label if _FUNCTION.fullmatch(child.label) else _quoted(one_word(child.label))
    return f"{label}({','.join(children)})"


def _quoted(text: str) -> str:
    return "'" + re.sub(r"['\\]", r"\\\g<0>", text) + "'"


read, write = reader_and_writer(_GRAMMAR, _term)  # a name alone is no tree: at the root it is written as a function
label_kinds = only_functions
