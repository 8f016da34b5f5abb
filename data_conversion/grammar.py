"""Reading text with a lark grammar, with errors that point at the character."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lark

from data_conversion.errors import DataError


class Grammar:
    """The lark grammar in the file `path`; text goes straight into `builder`, without a syntax tree in between.

    Args:
        path: a `.lark` file.
        builder: its methods, named by the rules of the grammar, make what a rule stands for.
        terminals: what a message calls each terminal, in the order in which they are named.
    """

    def __init__(self, path: Path, builder: lark.Transformer, terminals: Mapping[str, str]) -> None:
        self.terminals = {**terminals, "$END": "the end of the text"}
        self.lark = lark.Lark(
            path.read_text(encoding="utf-8"), parser="lalr", transformer=builder, propagate_positions=False
        )

    def read(self, text: str) -> Any:
        """What the start rule makes of `text`.

        Raises:
            DataError: with the column and what is expected there.
        """
        try:
            return self.lark.parse(text)
        except lark.UnexpectedToken as error:
            position = len(text) if error.token.type == "$END" else error.token.start_pos or 0
            raise self._error(text, position, error.expected) from None
        except lark.UnexpectedCharacters as error:
            raise self._error(text, error.pos_in_stream or 0, error.allowed or set()) from None

    def _error(self, text: str, position: int, expected: set[str]) -> DataError:
        names = " or ".join(name for terminal, name in self.terminals.items() if terminal in expected)
        found = "" if position < len(text) else ", the text ends"
        return DataError(f"expected {names}{found}", column=position + 1, text=text)
