"""The actions of the transition systems, as values.

The papers write NT for `Open`, TER for `Copy` and `Generate`, RED for `Close`.

    >>> print(Open("PlayMusicIntent"), Copy(1), Close())
    Open(PlayMusicIntent) Copy(1) Close
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Open:
    """Push an open node (NT)."""

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
    """Close the nearest open node over what stands above it (RED)."""

    def __str__(self) -> str:
        return "Close"


Action = Open | Copy | Generate | Close
