r"""The functional formulas of NLmaps over OpenStreetMap, whose values are quoted.

    >>> tree = read("query(area(keyval('name','New Aston')),nwr(keyval('shop','books')),qtype(latlong))")
    >>> tree.children[0].children[0]
    Node(label='keyval:name', children=(Leaf(text='New', position=None), Leaf(text='Aston', position=None)))

A function is a node, and so is a key, over the words of its value; what has no brackets is a leaf, with its quotes.
Words that a value joins by underscores are leaves too, as of 'ice_cream', with an underscore between them.

Haas and Riezler 2016, *A Corpus and Semantic Parser for Multilingual Natural Language Querying of OpenStreetMap*.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import lark

from data_conversion.grammar import Grammar, escaped, one_word, reader_and_writer, unescaped
from data_conversion.ontology import only_functions
from data_conversion.tree import Leaf, Node

_KEY, _JOINT = "keyval:", "_"
_SPECIAL = r"[(),'\\]"  # what is written with a backslash; a name is not that of a pair of key and value
_NAME = rf"{_SPECIAL}|^(?=keyval$)"


class _Builder(lark.Transformer):
    def function(self, parts: list[Any]) -> Node:
        return Node(unescaped(parts[0]), tuple(parts[1:]))

    def keyval(self, parts: list[Any]) -> Node:
        key, value = parts
        children = (value,) if isinstance(value, Node) else value
        return Node(_KEY + key.text[1:-1], children)

    def value(self, parts: list[lark.Token]) -> tuple[Leaf, ...]:
        words = (_joined_words(word) or [word] for word in parts[0][1:-1].split())
        return tuple(Leaf(unescaped(word)) for some in words for word in some)

    def word(self, parts: list[lark.Token]) -> Leaf:
        return Leaf(unescaped(parts[0]))

    def quoted(self, parts: list[lark.Token]) -> Leaf:
        return Leaf(f"'{' '.join(unescaped(parts[0][1:-1]).split())}'")


_NAMES = {"WORD": "a name", "_OPEN": "'('", "_COMMA": "','", "_CLOSE": "')'", "QUOTED": "a text in quotes"}
_GRAMMAR = Grammar(Path(__file__).with_suffix(".lark"), _Builder(), _NAMES)


def _written(child: Node | Leaf) -> str:
    if isinstance(child, Leaf):
        return _quoted(child.text[1:-1]) if _is_quoted(child.text) else escaped(child.text, _SPECIAL)
    words = [leaf.text for leaf in child.children if isinstance(leaf, Leaf)]
    key = child.label.removeprefix(_KEY)
    if key != child.label and _is_quoted(f"'{key}'") and len(child.children) == (len(words) or 1):
        value = _quoted_words(words) if words else _written(child.children[0])
        return f"keyval({_quoted(key)},{value})"
    return f"{escaped(child.label, _NAME)}({','.join(map(_written, child.children))})"


def _is_quoted(text: str) -> bool:
    return text[:1] == text[-1:] == "'" and text[1:-1].split() == text[1:-1].split(" ")


def _joined_words(word: str) -> list[str]:
    """The words that underscores join, and these; nothing where there are none, or nothing on one side of one."""
    parts = re.findall(r"(?:[^\\_]|\\.)+|_", word)
    alternate = len(parts) % 2 == 1 and all((part == _JOINT) == bool(place % 2) for place, part in enumerate(parts))
    return parts if alternate and len(parts) > 1 else []


def _quoted_words(words: list[str]) -> str:
    text, joins = "", [_joins(words, place) for place in range(len(words))]
    for place, word in enumerate(map(one_word, words)):
        beside = joins[place] or (place and joins[place - 1])
        said = word.replace("\\", "\\\\")
        if not joins[place] and (any(joins[max(0, place - 1) : place + 2]) or _joined_words(said)):
            said = said.replace(_JOINT, "\\" + _JOINT)
        text += said if beside or not place else " " + said
    return "'" + re.sub(r"'(?=\s*[,)])", r"\\\g<0>", text) + "'"


def _joins(words: list[str], place: int) -> bool:
    """Whether this is an underscore between two words."""
    return words[place] == _JOINT and 0 < place < len(words) - 1 and _JOINT not in (words[place - 1], words[place + 1])


def _quoted(text: str) -> str:
    return "'" + re.sub(r"\\|'(?=\s*[,)])", r"\\\g<0>", text) + "'"


read, write = reader_and_writer(_GRAMMAR, _written)
label_kinds = only_functions
