"""The commands that make and look at data.

semparse convert data_conversion/sample/corpus data/sample
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from data_conversion.errors import DataError
from parser.commands import (
    FORMALISM,
    Command,
    Options,
    argument,
    named,
    progress_bar,
    report_file,
    several,
    share,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from data_conversion.convert import Summary
    from data_conversion.tree import Node


def convert(options: Options) -> None:
    from data_conversion.convert import convert

    with progress_bar("rows") as progress:
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
            options={name: value for name in _READER_OPTIONS if (value := getattr(options, name)) is not None},
            progress=progress,
        )
    _print_conversion(options.destination, summary)


def _print_conversion(folder: Path, summary: Summary) -> None:
    print(f"reader: {summary.reader} ({summary.why})")
    _print_counts(folder, summary.counts, summary.notes)
    _print_rejects(folder, summary.rejects)
    print(f"tokens as our tokenizer would cut them: {summary.agreement:.1%} of rows")
    print(f"leaves that copy a word: {summary.copyable:.1%}")


def download(options: Options) -> None:
    from data_conversion.convert import convert
    from data_conversion.download import registry
    from data_conversion.download.fetch import fetch
    from parser.experiments.data import raw

    if options.name is None:
        if options.source:
            raise DataError("--from goes with the name of a data set", file=options.source)
        for data_set in map(registry.load, registry.names()):
            print(f"{data_set.name:<10}{data_set.size / 1e6:5.1f} MB  {data_set.licence:<34}{data_set.about}")
        return
    data_set = registry.load(options.name)
    folder = raw(options.name)
    print(f"{options.name}: {data_set.about}")
    print(f"licence: {data_set.licence}")
    if data_set.terms:
        print(f"BEFORE YOU USE IT: {data_set.terms}")
    print(f"cite: {data_set.citation}", flush=True)
    with progress_bar("bytes", data_set.size) as progress:
        new = fetch(data_set, folder, source=options.source, progress=progress)
    print(f"{folder}: {len(data_set.files)} files, {new} of them new", flush=True)
    destination = _TREES / options.name
    with progress_bar("rows") as progress:
        summary = convert(folder, destination, progress=progress)
    _print_conversion(destination, summary)


def compound(options: Options) -> None:
    from data_conversion.compound import compose

    with progress_bar("examples") as progress:
        summary = compose(
            options.source,
            options.destination,
            size=options.size,
            max_clauses=options.max_clauses,
            seed=options.seed,
            unseen_values=options.unseen_values,
            **({"mixture": options.mixture} if options.mixture else {}),
            progress=progress,
        )
    _print_counts(options.destination, summary.counts, summary.notes)
    print("new compounds: " + ", ".join(f"{split} {count}" for split, count in summary.compounds.items()))
    if summary.exchanged:
        print(f"simple requests with other values: {summary.exchanged}")
    if options.unseen_values:
        print(f"values of train that gave way because dev or test has them: {summary.replaced}")


def split(options: Options) -> None:
    from data_conversion.splits import split

    given = {name: value for name in _SPLIT_OPTIONS if (value := getattr(options, name)) is not None}
    with progress_bar("rows") as progress:
        summary = split(
            options.source, options.destination, by=options.by, seed=options.seed, options=given, progress=progress
        )
    print(f"{options.source}: " + ", ".join(f"{name} {count}" for name, count in summary.before.items()))
    _print_counts(options.destination, summary.counts, summary.notes)
    print(f"left out: {summary.left_out}")
    _print_rejects(options.destination, summary.rejects)


def stats(options: Options) -> None:
    from data_conversion.statistics import data_card, format_card, write_json
    from parser import transitions

    counters = {name: _action_counter(name) for name in transitions.names()}
    with progress_bar("rows") as progress:
        card = data_card(options.folder, counters, progress=progress)
    print(format_card(card))
    if options.json:
        write_json(card, options.json)
    if options.report:
        from data_conversion.card_page import write_report

        write_report(card, options.report)


def _action_counter(system: str) -> Callable[[Node], int]:
    from parser.transitions import load

    oracle = load(system).oracle
    return lambda tree: len(oracle(tree))


def _print_counts(folder: Path, counts: dict[str, int], notes: list[str]) -> None:
    for note in notes:
        print(f"note: {note}")
    print(f"{folder}: " + ", ".join(f"{split} {count}" for split, count in counts.items()))


def _print_rejects(folder: Path, rejects: int) -> None:
    where = f": see {folder / 'rejects.jsonl'}" if rejects else ""
    print(f"rejects: {rejects}{where}")


def _reader(text: str) -> str:
    return text if text == "auto" else named("data_conversion.readers")(text)


_TREES = Path("data/trees")
"""What is downloaded is converted to here; data/converted holds what scripts/reproduce.py makes in ways of its own."""
_READER_OPTIONS = ("language", "columns")
_SPLIT_OPTIONS = ("share", "spis", "domain")

_SOURCE = argument("source", metavar="SRC", type=Path, help="what to read")
_DESTINATION = argument("destination", metavar="DST", type=Path, help="the folder to write")

COMMANDS = {
    "convert": Command(
        convert,
        "annotated data → DST/{train,dev,test}.jsonl, ontology.json and rejects.jsonl",
        "semparse convert data_conversion/sample/corpus data/sample",
        (
            _SOURCE,
            _DESTINATION,
            argument("--reader", type=_reader, default="auto", metavar="NAME", help="the format (default: found out)"),
            argument("--formalism", type=FORMALISM, metavar="NAME", help="how trees are written (as the reader says)"),
            argument("--words", choices=["keep", "drop"], help="the words outside slots (default: as the reader says)"),
            argument("--slot-values", choices=["span", "per-token"], default="span", help="a node a value, or a word"),
            argument(
                "--transform",
                type=named("data_conversion.transforms"),
                action="append",
                default=[],
                metavar="NAME",
                help="one more transform; repeatable",
            ),
            argument("--value-operator", default="add", metavar="NAME", help="over several values of a slot (add)"),
            argument("--language", metavar="CODE", help="of a release that has several, such as en"),
            argument("--columns", metavar="WHAT=COLUMN,...", help="of a table, such as utterance=text,intent=label"),
            argument("--strict", action="store_true", help="fail at the first row that cannot be converted"),
        ),
    ),
    "download": Command(
        download,
        "a public data set → its files, and data/trees/NAME; without a name: what there is",
        "semparse download topv2",
        (
            argument(
                "name",
                metavar="NAME",
                nargs="?",
                type=named("data_conversion.download.registry"),
                help="the data set (default: list them); its files go to $SEMPARSE_DATA/NAME, or data/NAME",
            ),
            argument("--from", dest="source", metavar="DIR", type=Path, help="a folder that has the files already"),
        ),
    ),
    "compound": Command(
        compound,
        "simple requests → compound ones",
        "semparse compound data/sample data/sample-compound --size 6000 --unseen-values",
        (
            _SOURCE,
            _DESTINATION,
            argument("--size", type=whole, required=True, metavar="N", help="compounds in train"),
            argument("--max-clauses", type=several, default=3, metavar="N", help="the most clauses of a compound (3)"),
            argument("--seed", type=int, default=0, metavar="N", help="of all choices (0)"),
            argument("--unseen-values", action="store_true", help="keep the values of dev and test out of train"),
            argument("--mixture", type=Path, metavar="FILE", help="how requests are put together (the one shipped)"),
        ),
    ),
    "split": Command(
        split,
        "converted data → other splits of it, as papers use them",
        "semparse split data/sample data/sample-25spis --by spis --spis 25",
        (
            _SOURCE,
            _DESTINATION,
            argument(
                "--by",
                type=named("data_conversion.split_strategies"),
                required=True,
                metavar="NAME",
                help="holdout, spis, leave-domain, only-domain, dedup or template",
            ),
            argument("--seed", type=int, default=0, metavar="N", help="of all choices (0)"),
            argument("--share", type=share, metavar="X", help="holdout: what train keeps (0.8)"),
            argument("--spis", type=whole, metavar="N", help="spis: samples of each intent and slot (25)"),
            argument("--domain", metavar="NAME", help="leave-domain, only-domain: the domain"),
        ),
    ),
    "stats": Command(
        stats,
        "the data card",
        "semparse stats data/sample --report card.html",
        (
            argument("folder", metavar="DIR", type=Path, help="a folder of converted data"),
            argument("--json", metavar="OUT.json", type=report_file, help="also write all numbers as JSON"),
            argument("--report", metavar="OUT.html", type=report_file, help="also write the card as a page with plots"),
        ),
    ),
}
