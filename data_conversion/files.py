"""Reading lines that say where they stand, and writing that leaves nothing half-written."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

from data_conversion.errors import DataError

T = TypeVar("T")


def require_file(path: str | Path) -> Path:
    """The path, if it is a file.

    Raises:
        DataError: there is nothing there, or a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError("this is a folder: name a file in it", file=path)
    if not path.exists():
        raise DataError("no such file", file=path)
    return path


def require_data_folder(path: str | Path) -> Path:
    """The path, if it is a folder of converted data.

    Raises:
        DataError: there is nothing there, or a file, or a folder without an ontology.
    """
    path = Path(path)
    if path.is_file():
        raise DataError("this is a file: name the folder of converted data", file=path)
    if not path.exists():
        raise DataError("no such folder: convert annotated data first", file=path)
    if not (path / "ontology.json").is_file():
        raise DataError("no converted data, there is no ontology.json in it: semparse convert makes it", file=path)
    return path


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers, from 1, without line ends.

    A byte order mark is passed over. Bytes that are not UTF-8 come as surrogates, so that one bad row costs one row:
    who keeps text calls `check_utf8`.

    Raises:
        DataError: there is no such file, or it is a folder.
    """
    with open(require_file(path), encoding="utf-8-sig", errors="surrogateescape", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            yield number, line.rstrip("\r\n")


def filled_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that are not blank, as `read_lines` gives them."""
    return ((number, line) for number, line in read_lines(path) if line.strip())


def first_line(path: Path) -> str:
    """The first line of a file that is not blank; empty where there is none, and of a folder."""
    return next((line for _, line in filled_lines(path)), "") if path.is_file() else ""


def check_utf8(text: str) -> None:
    """Does nothing for text that came from valid UTF-8.

    Raises:
        DataError: the text holds bytes that are not UTF-8.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        shown = text.encode("utf-8", "replace").decode("utf-8")
        reason = "bytes that are not UTF-8: convert the file first"
        raise DataError(reason, column=error.start + 1, text=shown) from None


def check_destination(source: Path, destination: Path, outputs: frozenset[str]) -> None:
    """Does nothing if a folder made of `source` may take the place of what is at `destination`.

    Raises:
        DataError: a file is there, the source lies in it, or it holds other things than `outputs`.
    """
    if destination.exists() and not destination.is_dir():
        raise DataError("this is a file: name a folder to write to", file=destination)
    if destination.resolve() in (source.resolve(), *source.resolve().parents):
        raise DataError("the destination holds the source: name another folder", file=destination)
    if destination.is_dir() and not {entry.name for entry in destination.iterdir()} <= outputs:
        raise DataError("the folder holds other things than what is written here: name a new one", file=destination)


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path` to write to; it takes the name `path` only when the block succeeds.

    Raises:
        DataError: there is a folder at `path`.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError("this is a folder: name a file to write", file=path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        temporary = Path(folder) / path.name
        yield temporary
        temporary.replace(path)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """A temporary folder beside `path` to fill; if the block succeeds it takes the place of what is at `path`."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as parent:
        temporary = Path(parent) / "new"
        temporary.mkdir()
        yield temporary
        old = Path(parent) / "old"
        if path.exists():
            path.rename(old)
        try:
            temporary.rename(path)
        except OSError:
            if old.exists():
                old.rename(path)
            raise


def spooling(items: Iterable[T], file: IO[bytes]) -> Iterator[T]:
    """The items, one by one, each also put into `file`: what is more than memory holds can be gone through again.

    >>> with tempfile.TemporaryFile() as file:
    ...     longest = max(spooling(["play", "music"], file), key=len)
    ...     list(spooled(file)), longest
    (['play', 'music'], 'music')
    """
    for item in items:
        pickle.dump(item, file, pickle.HIGHEST_PROTOCOL)
        yield item


def spooled(file: IO[bytes]) -> Iterator[Any]:
    """The items that `spooling` put into `file` (of this process alone: loading a pickle runs what it says)."""
    file.seek(0)
    while True:
        try:
            yield pickle.load(file)
        except EOFError:
            return
