"""Ways to read annotated data. A reader is a module of this package, named by its module, and reads one format.

Each offers

- `FORMALISM`: the formalism its trees are written in unless the user says otherwise;
- `WORDS`: `drop` or `keep`, likewise (what becomes of the words outside slots);
- `recognises(path) -> str | None`: why this file or folder is in its format, or None;
- `files(path) -> dict[str, list[Path]]`: what to read for each of `train`, `dev` and `test`;
- `read(path) -> Iterator[Row]`: one `Example` or `Reject` for every annotated row of one of these files, in order.

Every reader gives trees with the words *kept*, so that nothing is lost before the converter's transforms choose.
A new reader is a new module here: there is no list to add it to.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Union, cast

from data_conversion.errors import DataError
from data_conversion.example import Example


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be converted, and why."""

    file: str
    line: int
    reason: str
    text: str


Row = Union[Example, Reject]


class Reader(Protocol):
    """What a module of this package offers."""

    FORMALISM: str
    WORDS: str

    def recognises(self, path: Path) -> str | None:
        """Why `path` is in this format, in a few words, or None if it is not."""

    def files(self, path: Path) -> Mapping[str, list[Path]]:
        """The files of each split."""

    def read(self, path: Path) -> Iterator[Row]:
        """The rows of one file (for formats of several files side by side: of the folder that holds them)."""


def names() -> list[str]:
    """The readers there are, by name."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


@functools.cache
def load(name: str) -> Reader:
    """The reader of that name.

    Raises:
        DataError: there is none.
    """
    if name not in names():
        raise DataError(f"no reader is named {name!r}: choose one of auto, {', '.join(names())}")
    return cast(Reader, importlib.import_module(f"{__name__}.{name.replace('-', '_')}"))
