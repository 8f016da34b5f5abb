"""The one error that bad input raises, and how it points at the data.

>>> str(DataError("expected ')'", file="train.jsonl", line=3, column=8, text="(and(add"))
"train.jsonl:3:8: expected ')': (and(ad^d"
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

_BEFORE, _AFTER = 40, 12  # characters of the text shown on each side of the caret


@dataclass
class DataError(Exception):
    """Input that cannot be used: what is wrong, where, and what to do, in one line.

    Attributes:
        reason: what is wrong and, where it is not obvious, what to do.
        file: the file at fault, if any.
        line: its line, counted from 1.
        column: the character in `text`, counted from 1; a caret is put before it.
        text: the line at fault.
    """

    reason: str
    file: str | Path | None = None
    line: int | None = None
    column: int | None = None
    text: str | None = None

    def at(self, *, file: str | Path | None = None, line: int | None = None) -> DataError:
        """The same error with the place filled in, where it was not known before."""
        return replace(self, file=self.file or file, line=self.line or line)

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.reason, self.file, self.line, self.column, self.text)  # pickles all, not `args` alone

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        message = f"{place}: {self.reason}" if place else self.reason
        if self.text is not None and self.column is not None:
            message += ": " + _with_caret(self.text, self.column - 1)
        return " ".join(message.splitlines())  # a form feed or U+2028 breaks a line too


class OptionError(DataError):
    """An option that is asked for where it does not apply, or is missing where it is needed: bad usage."""


def _with_caret(text: str, index: int) -> str:
    before, after = text[max(0, index - _BEFORE) : index], text[index : index + _AFTER]
    return ("…" if index > _BEFORE else "") + before + "^" + after + ("…" if index + _AFTER < len(text) else "")
