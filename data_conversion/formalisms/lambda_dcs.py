r"""Lambda-DCS as Overnight writes it: s-expressions that call methods; a constant is a name with dots.

    >>> tree = read("(call SW.filter (call SW.singleton en.film) (string genre) (string =) en.genre.film_noir)")
    >>> tree.children[3]
    Node(label='en.genre', children=(Leaf(text='film', position=None), Leaf(text='noir', position=None)))

A method is a node. What has nothing under it (a type, a string, a number) is a leaf: one action derives it. A constant
is a node of its type over its words. What a `lambda` is applied to, as in `((lambda s BODY) X)`, is its third child.

Wang, Berant and Liang 2015, *Building a Semantic Parser Overnight*.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import lark

from data_conversion.grammar import Grammar, escaped, reader_and_writer, unescaped
from data_conversion.ontology import only_functions
from data_conversion.tree import Leaf, Node

_TYPE = re.compile(r"en\.[^.()\\\s]+")
_SPECIAL = r"[()\\]"  # what is written with a backslash; a head is no keyword, a bare word no constant
_HEAD = rf"{_SPECIAL}|^(?=(?:call|string|lambda)$)"
_WORD = rf"{_SPECIAL}|^(?=en\.[^.()\\\s]+\.)"


class _Builder(lark.Transformer):
    def form(self, parts: list[Any]) -> Node:
        return Node(unescaped(parts[0]), tuple(parts[1:]))

    def application(self, parts: list[Any]) -> Node:
        return Node("lambda", (*parts[0].children, *parts[1:]))

    def constant(self, parts: list[lark.Token]) -> Node:
        namespace, name, joined = parts[0].split(".", 2)
        words = re.findall(r"(?:[^\\_]|\\.)+", joined)
        return Node(f"{namespace}.{name}", tuple(Leaf(unescaped(word)) for word in words))

    def leaf(self, parts: list[lark.Token]) -> Leaf:
        return Leaf(unescaped(parts[0]))


_NAMES = {"_OPEN": "'('", "_CLOSE": "')'", "HEAD": "a name", "METHOD": "a name with a dot", "WORD": "a word"}
_NAMES |= {"LAMBDA": "'lambda'", "STRING": "a word that is no type", "TYPE": "a type", "CONSTANT": "a constant"}
_GRAMMAR = Grammar(Path(__file__).with_suffix(".lark"), _Builder(), _NAMES)


def _written(child: Node | Leaf, is_argument: bool = False) -> str:
    if isinstance(child, Leaf):
        is_string = is_argument and not _TYPE.fullmatch(child.text)
        return f"(string {escaped(child.text, _SPECIAL)})" if is_string else escaped(child.text, _WORD)
    words = [escaped(leaf.text, r"[()\\_]") for leaf in child.children if isinstance(leaf, Leaf)]
    if _TYPE.fullmatch(child.label) and words and len(words) == len(child.children):
        return f"{child.label}." + "_".join(words)
    is_method = "." in child.label
    children = [_written(part, is_method) for part in child.children]
    if child.label == "lambda" and len(children) > 1:
        function = f"(lambda {children[0]} {children[1]})"
        return f"({' '.join([function, *children[2:]])})" if children[2:] else function
    head = ["call", escaped(child.label, _SPECIAL)] if is_method else [escaped(child.label, _HEAD)]
    return f"({' '.join(head + children)})"


read, write = reader_and_writer(_GRAMMAR, _written)
label_kinds = only_functions
