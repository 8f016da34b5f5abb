"""The command line: `semparse COMMAND …`.

    semparse convert data_conversion/sample/corpus data/sample
    semparse parse models/quickstart "play music"

Exit status 0 on success, 1 on a failure of the work, 2 on bad usage. An error is one line on standard error.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import threading
from typing import NoReturn

from data_conversion.errors import DataError, OptionError
from parser.commands import Options, data, model

COMMANDS = {**data.COMMANDS, **model.COMMANDS}

LIGHTNING = {
    "fit": "train a model: --config configs/experiment/X.yaml [--run DIR]",
    "validate": "measure a checkpoint on dev",
    "test": "measure a checkpoint on test",
    "predict": "parse with a checkpoint",
}


def lightning(argv: list[str]) -> None:
    """`fit`, `validate`, `test` and `predict`, whose options are those of LightningCLI."""
    from parser.training.cli import main

    try:
        main(argv)
    except argparse.ArgumentError as error:
        raise UsageError(str(error)) from None


# -- errors ------------------------------------------------------------------------------------------------------------


class UsageError(Exception):
    """A command line or a config that is not understood."""


class _ArgumentParser(argparse.ArgumentParser):
    """Answers bad usage with one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def _command_line() -> argparse.ArgumentParser:
    cli = _ArgumentParser(prog="semparse", description="From annotated requests to trees, and a parser of them.")
    commands = cli.add_subparsers(metavar="COMMAND", required=True, parser_class=_ArgumentParser)
    for name, command in COMMANDS.items():
        example = f"example: {command.example}"
        sub = commands.add_parser(name, help=command.help, description=command.help, epilog=example)
        for names, settings in command.arguments:
            sub.add_argument(*names, **settings)
        sub.set_defaults(run=command.run)
    for name, summary in LIGHTNING.items():
        commands.add_parser(name, help=summary, add_help=False)
    return cli


def _options(argv: list[str]) -> Options:
    """The command line, read; `TEXT`s may also stand after options, where argparse does not look for them."""
    options, rest = _command_line().parse_known_args(argv)
    if rest and (options.run is not model.parse or any(text.startswith("-") for text in rest)):
        raise UsageError(f"unrecognized arguments: {' '.join(rest)} (see semparse {argv[0]} --help)")
    if rest:
        options.text += rest
    return options


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main(argv: list[str] | None = None) -> int:
    """Run a command; returns its exit status."""
    argv = sys.argv[1:] if argv is None else argv
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)  # so that nothing half-written stays behind
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # drawings and utterances, whatever the terminal's locale
    options = Options()
    try:
        if argv and argv[0] in LIGHTNING:
            lightning(argv)
        else:
            options = _options(argv)
            options.run(options)
        sys.stdout.flush()
        return 0
    except (UsageError, OptionError) as error:
        return _fail(str(error), 2)
    except DataError as error:
        return _fail(str(error), 1)
    except BrokenPipeError:  # `semparse parse … | head`: who reads has enough
        _discard_output()
        return 0
    except OSError as error:
        _discard_output()
        return _fail(_about(error, options), 1)
    except KeyboardInterrupt:
        return _fail("interrupted", 1)
    except Exception as error:
        if "SEMPARSE_DEBUG" in os.environ:
            raise
        return _fail(f"unexpected {type(error).__name__}: {error} (with SEMPARSE_DEBUG=1: the traceback)", 1)


def _discard_output() -> None:
    """What could not be written is not tried again when the interpreter ends."""
    if sys.stdout is sys.__stdout__ and sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _about(error: OSError, options: Options) -> str:
    """Which file the error is about: one that failed to open, or else what the command was writing."""
    if error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return f"cannot write {getattr(options, 'destination', 'the output')}: {error.strerror or error}"


def _fail(message: str, status: int) -> int:
    print(f"semparse: {' '.join(message.split())}", file=sys.stderr)
    return status
