"""Trees drawn for people: with lines of text, and as SVG.

    >>> from data_conversion.tree import Leaf, Node
    >>> tree = Node("PlayMusicIntent", (Node("Genre", (Leaf("folk", 1),)), Node("Mediatype", (Leaf("music", 2),))))
    >>> print(pretty(tree))
          PlayMusicIntent
      ┌──────────┴────────────┐
    Genre                 Mediatype
      │                       │
     folk                   music

nltk lays out the text; the SVG needs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from unicodedata import east_asian_width
from xml.sax.saxutils import escape

from data_conversion.tree import Leaf, Node

if TYPE_CHECKING:
    import nltk

_EMPTY = "∅"  # under a childless node, where nltk would draw an ellipsis


def pretty(tree: Node) -> str:
    """The tree drawn with lines of text; `∅` stands under a node without children.

    Needs nltk, which is imported here: 2 s that only who draws pays for.
    """
    from nltk.tree.prettyprinter import TreePrettyPrinter

    words: list[str] = []
    drawing = TreePrettyPrinter(_nltk_tree(tree, words), words).text(unicodelines=True)
    return "\n".join(line.rstrip() for line in drawing.splitlines() if line.strip())


def _nltk_tree(node: Node, words: list[str]) -> nltk.Tree:
    """With indices into `words` for leaves: only then does nltk keep words between subtrees in their place."""
    import nltk

    children: list[int | nltk.Tree] = []
    for child in node.children or (Leaf(_EMPTY),):
        if isinstance(child, Leaf):
            children.append(len(words))
            words.append(child.text)
        else:
            children.append(_nltk_tree(child, words))
    return nltk.Tree(node.label, children)


# Pixels: the width of a character, the space beside a label and between neighbours, the height of a box and of a level.
_CHARACTER, _PADDING, _GAP, _BOX, _LEVEL = 8, 10, 14, 26, 54
_FILL = {"intent": "#cfe2f7", "slot": "#d5ecd0", "operator": "#f9e3c0", "function": "#e6ddf3"}
_PLAIN_FILL = "#e9e9ec"
_FORBIDDEN = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")  # XML 1.0, section 2.2


def svg(tree: Node, kinds: Mapping[str, str] | None = None) -> str:
    """The tree as a self-contained SVG image: labels in boxes, words below them, generated words in italics.

    Args:
        tree: the tree.
        kinds: the kind of every label (intent, slot, operator, function), to colour the boxes by.

    >>> svg(Node("PauseMusicIntent"), {"PauseMusicIntent": "intent"}).count("<rect")
    1
    """
    width, height = _width(tree) + 2 * _GAP, tree.depth * _LEVEL + _BOX + 2 * _GAP
    drawing = "\n".join(_draw(tree, _GAP, _GAP + _BOX / 2, kinds or {}))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13" text-anchor="middle">\n'
        f'<path fill="white" d="M0 0H{width}V{height}H0Z"/>\n{drawing}\n</svg>\n'
    )


def _own_width(part: Node | Leaf) -> int:
    text, padding = (part.text, 0) if isinstance(part, Leaf) else (part.label, _PADDING)
    columns = sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
    return columns * _CHARACTER + 2 * padding


def _width(part: Node | Leaf) -> int:
    return max(_own_width(part), _width_below(part))


def _width_below(part: Node | Leaf) -> int:
    if isinstance(part, Leaf) or not part.children:
        return 0
    return sum(_width(child) + _GAP for child in part.children) - _GAP


def _draw(part: Node | Leaf, left: float, middle: float, kinds: Mapping[str, str]) -> Iterator[str]:
    """The elements of a subtree that starts at `left` and whose top row has its middle at this height."""
    x = left + _width(part) / 2
    if isinstance(part, Leaf):
        style = ' font-style="italic"' if part.position is None else ""
        yield f'<text x="{x:g}" y="{middle + 5:g}"{style}>{_xml(part.text)}</text>'
        return
    start = x - _width_below(part) / 2
    for child in part.children:
        child_x, top = start + _width(child) / 2, middle + _LEVEL - _BOX / 2
        yield f'<path d="M{x:g} {middle + _BOX / 2:g}L{child_x:g} {top:g}" stroke="#8a8a94" fill="none"/>'
        yield from _draw(child, start, middle + _LEVEL, kinds)
        start += _width(child) + _GAP
    own, fill = _own_width(part), _FILL.get(kinds.get(part.label, ""), _PLAIN_FILL)
    box = f'x="{x - own / 2:g}" y="{middle - _BOX / 2:g}" width="{own}" height="{_BOX}" rx="8"'
    yield f'<rect {box} fill="{fill}" stroke="#8a8a94"/>'
    yield f'<text x="{x:g}" y="{middle + 5:g}" fill="#16161a">{_xml(part.label)}</text>'


def _xml(text: str) -> str:
    """The text with what XML gives a meaning to escaped and what it forbids replaced."""
    return escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text))
