"""The command line: a function for each command, and the table of commands at the end.

    semparse convert data_conversion/sample/corpus data/sample
    semparse parse models/quickstart "play music"

Exit status 0 on success, 1 on a failure of the work, 2 on bad usage. An error is one line on standard error. What a
command needs is imported when it runs, so that `--help` and bad usage answer at once.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from data_conversion.errors import DataError

if TYPE_CHECKING:
    from data_conversion.example import Example
    from data_conversion.tree import Node
    from parser.api import Parse, SemanticParser

Options = argparse.Namespace


def convert(options: Options) -> None:
    from data_conversion.convert import convert

    with _progress("rows") as progress:
        summary = convert(
            options.source,
            options.destination,
            reader=options.reader,
            formalism=options.formalism,
            words=options.words,
            slot_values=options.slot_values,
            transforms=options.transform,
            value_operator=options.value_operator,
            strict=options.strict,
            progress=progress,
        )
    print(f"reader: {summary.reader} ({summary.why})")
    _print_counts(options.destination, summary.counts, summary.notes)
    where = f": see {options.destination / 'rejects.jsonl'}" if summary.rejects else ""
    print(f"rejects: {summary.rejects}{where}")
    print(f"tokens as our tokenizer would cut them: {summary.agreement:.1%} of rows")


def compound(options: Options) -> None:
    from data_conversion.compound import compose

    with _progress("examples") as progress:
        summary = compose(
            options.source,
            options.destination,
            size=options.size,
            max_clauses=options.max_clauses,
            seed=options.seed,
            unseen_values=options.unseen_values,
            progress=progress,
        )
    _print_counts(options.destination, summary.counts, summary.notes)
    print("new compounds: " + ", ".join(f"{split} {count}" for split, count in summary.compounds.items()))
    if options.unseen_values:
        print(f"values of train that gave way because dev or test has them: {summary.replaced}")


def stats(options: Options) -> None:
    from data_conversion.statistics import data_card, format_card, write_report
    from parser.transitions.top_down import TopDown

    card = data_card(options.folder, {"top-down": lambda tree: len(TopDown().oracle(tree))})
    print(format_card(card))
    if options.report:
        write_report(card, options.report)


def export(options: Options) -> None:
    from parser.training.export import export

    export(options.run_folder, options.destination)
    print(f"{options.destination}: try semparse parse {options.destination} 'play music'")


def evaluate(options: Options) -> None:
    import time

    from data_conversion.example import read_examples
    from data_conversion.files import atomic_file
    from data_conversion.ontology import Ontology
    from parser.evaluation import metrics, report

    nlu = _loaded(options.model)
    beside = options.data.parent / "ontology.json"
    ontology = Ontology.load(beside) if beside.is_file() else nlu.ontology
    examples = list(read_examples(options.data, ontology))
    if not examples:
        raise DataError("the file is empty: there is nothing to evaluate on", file=options.data)
    begin = time.perf_counter()
    parses = list(_parsed(nlu, examples, options))
    seconds = time.perf_counter() - begin
    trees = [_with_positions_of(example, parse) for example, parse in zip(examples, parses, strict=True)]
    figures = metrics.evaluate(examples, trees, ontology=nlu.ontology, train_values=nlu.model.values)
    figures["parse_utt_s"] = len(examples) / seconds
    print(report.format_table(figures))
    if options.json:
        with atomic_file(options.json) as temporary:
            temporary.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if options.report:
        report.write_html(figures, examples, trees, options.report, ontology=ontology)
    if options.predictions:
        scores = [parse.score for parse in parses]
        ontologies = {"ontology": ontology, "model_ontology": nlu.ontology}
        report.write_predictions(examples, trees, scores, options.predictions, **ontologies)


def _loaded(folder: Path) -> SemanticParser:
    """The model, on one thread: a step is so small that more threads only wait for each other."""
    import torch

    from parser import SemanticParser

    torch.set_num_threads(1)
    return SemanticParser.from_pretrained(folder)


def _parsed(nlu: SemanticParser, examples: list[Example], options: Options) -> Iterator[Parse]:
    if options.raw:
        parses = nlu.parse_many((example.utterance for example in examples), options.batch_size)
    else:
        parses = nlu.parse_tokenized(((example.utterance, example.tokens) for example in examples), options.batch_size)
    with _progress("utterances", len(examples)) as progress:
        for parse in parses:
            progress(1)
            yield parse


def _with_positions_of(example: Example, parse: Parse) -> Node | None:
    """The parsed tree with its leaves placed in the example's own tokens, which `--raw` has cut afresh."""
    from data_conversion.tokenization import locate
    from data_conversion.tree import Leaf

    if parse.tree is None or parse.words == example.tokens:
        return parse.tree
    try:
        index = {token: position for position, token in enumerate(locate(example.utterance, example.tokens))}
    except DataError:  # the example's tokens are not in its utterance, so nothing has a place in them
        index = {}

    def placed(leaf: Leaf) -> Leaf:
        return leaf if leaf.position is None else Leaf(leaf.text, index.get(parse.tokens[leaf.position]))

    return parse.tree.map_leaves(placed)


def parse(options: Options) -> None:
    nlu = _loaded(options.model)
    lines = iter(options.text) if options.text else _standard_input()
    if options.text or not sys.stdin.isatty():
        parses = nlu.parse_many(lines, nbest=options.nbest)
    else:
        parses = (nlu.parse(line, options.nbest) for line in lines)  # a person waits for each answer
    write = {"tree": _write_tree, "pretty": _write_drawing, "json": _write_json}[options.format]
    for number, parse in enumerate(parses, start=1):
        write(parse, number)


def _standard_input() -> Iterator[str]:
    """The lines of standard input; bytes that are not UTF-8 are kept, to be answered with an error each."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "surrogateescape").rstrip("\r\n")


def _write_tree(parse: Parse, number: int) -> None:
    """A line for each tree, an empty one where there is none."""
    if parse.tree is None:
        print(f"utterance {number}: {parse.error}", file=sys.stderr)
        print()
    for alternative in parse.alternatives:
        print(alternative.tree)


def _write_drawing(parse: Parse, number: int) -> None:
    print(parse.utterance)
    for alternative in parse.alternatives or [parse]:
        print(alternative.pretty())
    print()


def _write_json(parse: Parse, number: int) -> None:
    print(json.dumps(parse.to_dict(), ensure_ascii=False))


def oracle(options: Options) -> None:
    from data_conversion import formalisms
    from data_conversion.ontology import Ontology
    from parser import transitions

    ontology = Ontology.load(options.ontology)
    tree = formalisms.load(options.formalism).read(options.tree, ontology)
    ontology.check(tree)
    for action in transitions.load(options.system).oracle(tree):
        print(action)


def results(options: Options) -> None:
    from parser.evaluation.results import render

    for table in render("results", "README.md"):
        print(f"README.md: table {table}")


def lightning(argv: list[str]) -> None:
    """`fit`, `validate`, `test` and `predict`, whose options are those of LightningCLI."""
    from parser.training.cli import main

    try:
        main(argv)
    except argparse.ArgumentError as error:
        raise UsageError(str(error)) from None


def _print_counts(folder: Path, counts: dict[str, int], notes: list[str]) -> None:
    for note in notes:
        print(f"note: {note}")
    print(f"{folder}: " + ", ".join(f"{split} {count}" for split, count in counts.items()))


@contextmanager
def _progress(unit: str, total: int | None = None) -> Iterator[Callable[[int], object]]:
    """A progress bar on a terminal, nothing in a pipe."""
    from tqdm import tqdm

    with tqdm(total=total, unit=f" {unit}", disable=None, leave=False) as bar:
        yield bar.update


# -- the table of commands ---------------------------------------------------------------------------------------------


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


def _whole(text: str) -> int:
    """A whole number from 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)


def _several(text: str) -> int:
    """A whole number from 2."""
    if _whole(text) < 2:
        raise argparse.ArgumentTypeError("a compound request has two clauses or more")
    return int(text)


def _named(module: str) -> Callable[[str], str]:
    """The name of something that a module of names can `load`: a reader, a formalism, a transform, a system."""

    def name(text: str) -> str:
        try:
            importlib.import_module(module).load(text)
        except DataError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return text

    return name


def _reader(text: str) -> str:
    return text if text == "auto" else _named("data_conversion.readers")(text)


_SOURCE = argument("source", metavar="SRC", type=Path, help="what to read")
_DESTINATION = argument("destination", metavar="DST", type=Path, help="the folder to write")
_FORMALISM = _named("data_conversion.formalisms")
_SYSTEM = _named("parser.transitions")
_MODEL = argument("model", metavar="MODEL", type=Path, help="a model folder")

COMMANDS = {
    "convert": Command(
        convert,
        "annotated data → DST/{train,dev,test}.jsonl, ontology.json and rejects.jsonl",
        "semparse convert data_conversion/sample/corpus data/sample",
        (
            _SOURCE,
            _DESTINATION,
            argument("--reader", type=_reader, default="auto", metavar="NAME", help="the format (default: found out)"),
            argument("--formalism", type=_FORMALISM, metavar="NAME", help="how trees are written (as the reader says)"),
            argument("--words", choices=["keep", "drop"], help="the words outside slots (default: as the reader says)"),
            argument("--slot-values", choices=["span", "per-token"], default="span", help="a node a value, or a word"),
            argument(
                "--transform",
                type=_named("data_conversion.transforms"),
                action="append",
                default=[],
                metavar="NAME",
                help="one more transform; repeatable",
            ),
            argument("--value-operator", default="add", metavar="NAME", help="over several values of a slot (add)"),
            argument("--strict", action="store_true", help="fail at the first row that cannot be converted"),
        ),
    ),
    "compound": Command(
        compound,
        "simple requests → compound ones",
        "semparse compound data/sample data/sample-compound --size 6000 --unseen-values",
        (
            _SOURCE,
            _DESTINATION,
            argument("--size", type=_whole, required=True, metavar="N", help="compounds in train"),
            argument("--max-clauses", type=_several, default=3, metavar="N", help="the most clauses of a compound (3)"),
            argument("--seed", type=int, default=0, metavar="N", help="of all choices (0)"),
            argument("--unseen-values", action="store_true", help="keep the values of dev and test out of train"),
        ),
    ),
    "stats": Command(
        stats,
        "the data card",
        "semparse stats data/sample --report card.html",
        (
            argument("folder", metavar="DIR", type=Path, help="a folder of converted data"),
            argument("--report", metavar="OUT.html", type=Path, help="also write the card as a page"),
        ),
    ),
    "export": Command(
        export,
        "a model folder of plain files, from a run's best checkpoint",
        "semparse export runs/quickstart models/quickstart",
        (
            argument("run_folder", metavar="RUN", type=Path, help="the folder of a run"),
            argument("destination", metavar="MODEL", type=Path, help="the model folder to write"),
        ),
    ),
    "evaluate": Command(
        evaluate,
        "all metrics of a model on annotated data",
        "semparse evaluate models/quickstart data/sample/test.jsonl",
        (
            _MODEL,
            argument("data", metavar="DATA.jsonl", type=Path, help="converted data"),
            argument("--json", metavar="OUT", type=Path, help="also write the metrics as JSON"),
            argument("--report", metavar="OUT.html", type=Path, help="also write a page with the errors"),
            argument("--predictions", metavar="OUT.jsonl", type=Path, help="also write every prediction"),
            argument("--batch-size", type=_whole, default=64, metavar="N", help="utterances parsed together (64)"),
            argument("--raw", action="store_true", help="cut the utterances with the model's tokenizer"),
        ),
    ),
    "parse": Command(
        parse,
        "the trees of utterances",
        "semparse parse models/quickstart 'play music' --format pretty",
        (
            _MODEL,
            argument("text", metavar="TEXT", nargs="*", help="utterances (default: standard input, one a line)"),
            argument("--format", choices=["tree", "pretty", "json"], default="tree", help="how to write them (tree)"),
            argument("--nbest", type=_whole, default=1, metavar="K", help="parses of each: one, until there is a beam"),
        ),
    ),
    "oracle": Command(
        oracle,
        "the derivation of a tree, an action a line",
        "semparse oracle '(PlayMusicIntent(Mediatype(music)))' --ontology data/sample/ontology.json",
        (
            argument("tree", metavar="TREE", help="a tree"),
            argument("--ontology", metavar="FILE", type=Path, required=True, help="the ontology.json of its data"),
            argument("--system", type=_SYSTEM, default="top-down", metavar="NAME", help="the system (top-down)"),
            argument("--formalism", type=_FORMALISM, default="bracket", metavar="NAME", help="of the tree (bracket)"),
        ),
    ),
    "results": Command(results, "the README's tables, from results/*.json", "semparse results", ()),
}

LIGHTNING = {
    "fit": "train a model: --config configs/experiment/X.yaml [--run DIR]",
    "validate": "measure a checkpoint on dev",
    "test": "measure a checkpoint on test",
    "predict": "parse with a checkpoint",
}


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
    if rest and (options.run is not parse or any(text.startswith("-") for text in rest)):
        raise UsageError(f"unrecognized arguments: {' '.join(rest)} (see semparse {argv[0]} --help)")
    if rest:
        options.text += rest
    return options


def main(argv: list[str] | None = None) -> int:
    """Run a command; returns its exit status."""
    argv = sys.argv[1:] if argv is None else argv
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
    except UsageError as error:
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
