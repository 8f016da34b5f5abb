"""What a command of the command line is; `data` and `model` beside this file hold the commands.

What a command needs is imported when it runs, so that `--help` and bad usage answer at once.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_conversion.errors import DataError

Options = argparse.Namespace


def argument(*names: str, **settings: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    """An argument of a command, as `argparse` takes it."""
    return names, settings


@dataclass(frozen=True)
class Command:
    """A command: what runs it, what it does in a few words, how it is called, and what it takes."""

    run: Callable[[Options], None]
    help: str
    example: str
    arguments: tuple[tuple[tuple[str, ...], dict[str, Any]], ...]


def whole(text: str) -> int:
    """A whole number from 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)


def several(text: str) -> int:
    """A whole number from 2."""
    if whole(text) < 2:
        raise argparse.ArgumentTypeError("a compound request has two clauses or more")
    return int(text)


def share(text: str) -> float:
    """A number between 0 and 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number between 0 and 1")
    return value


def report_file(text: str) -> Path:
    """A file to write when the work is done; a folder is refused before it begins."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a folder: name a file to write")
    return path


def named(module: str) -> Callable[[str], str]:
    """The name of something that a module of names can `load`: a reader, a formalism, a transform, a system."""

    def name(text: str) -> str:
        try:
            importlib.import_module(module).load(text)
        except DataError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return text

    return name


FORMALISM = named("data_conversion.formalisms")
SYSTEM = named("parser.transitions")


@contextmanager
def progress_bar(unit: str, total: int | None = None) -> Iterator[Callable[[int], object]]:
    """A progress bar on a terminal, nothing in a pipe."""
    from tqdm import tqdm

    with tqdm(total=total, unit=f" {unit}", unit_scale=unit == "bytes", disable=None, leave=False) as bar:
        yield bar.update


def one_line_errors(main: Callable[[list[str]], int]) -> Callable[[list[str]], int]:
    """The main function of a script, with one line on standard error and exit status 1 where its work fails."""

    @functools.wraps(main)
    def guarded(argv: list[str]) -> int:
        try:
            return main(argv)
        except KeyboardInterrupt:
            message = "interrupted"
        except (DataError, OSError) as error:
            message = str(error)
        print(f"{Path(main.__code__.co_filename).name}: {message}", file=sys.stderr)
        return 1

    return guarded
