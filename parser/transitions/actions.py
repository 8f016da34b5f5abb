"""The actions of the transition systems, as values.

The papers write NT for `Open`, TER for `Copy` and `Generate`, RED for `Close`.

    >>> print(Open("PlayMusicIntent"), Copy(1), Close(), Reduce("PlayMusicIntent", 1), Finish())
    Open(PlayMusicIntent) Copy(1) Close Reduce(PlayMusicIntent, 1) Finish
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Kind(IntEnum):
    """The kinds of action: places in the parser's first softmax, whatever the transition system."""

    OPEN, TERMINAL, CLOSE, NULLARY, REDUCE, FINISH = range(6)


@dataclass(frozen=True, slots=True)
class Open:
    """Push an open node (NT); in-order it takes the top of the stack for its first child."""

    label: str

    def __str__(self) -> str:
        return f"Open({self.label})"


@dataclass(frozen=True, slots=True)
class Copy:
    """Push the word at a position of the utterance as a leaf (TER, copied)."""

    position: int

    def __str__(self) -> str:
        return f"Copy({self.position})"


@dataclass(frozen=True, slots=True)
class Generate:
    """Push a word of the lexicon as a leaf (TER, generated)."""

    token: str

    def __str__(self) -> str:
        return f"Generate({self.token})"


@dataclass(frozen=True, slots=True)
class Close:
    """Close the nearest open node over its children (RED)."""

    def __str__(self) -> str:
        return "Close"


@dataclass(frozen=True, slots=True)
class Nullary:
    """Push a finished node without children: a slotless intent."""

    label: str

    def __str__(self) -> str:
        return f"Nullary({self.label})"


@dataclass(frozen=True, slots=True)
class Reduce:
    """Take so many entries off the stack and push a node over them."""

    label: str
    arity: int

    def __str__(self) -> str:
        return f"Reduce({self.label}, {self.arity})"


@dataclass(frozen=True, slots=True)
class Finish:
    """End the derivation: what is on the stack is the tree."""

    def __str__(self) -> str:
        return "Finish"


Action = Open | Copy | Generate | Close | Nullary | Reduce | Finish

_KINDS = {
    Open: Kind.OPEN,
    Copy: Kind.TERMINAL,
    Generate: Kind.TERMINAL,
    Close: Kind.CLOSE,
    Nullary: Kind.NULLARY,
    Reduce: Kind.REDUCE,
    Finish: Kind.FINISH,
}


def kind_of(action: Action) -> Kind:
    """The kind of an action."""
    return _KINDS[type(action)]
