"""Converted data split anew, as papers train and test on it: `split_strategies` has the ways.

The ontology is learnt anew, from the new train alone. A row that can no longer be written then, since a slotless intent
in brackets would read back as a word, goes to `rejects.jsonl`; a row that a strategy has no use for is left out, and
counted: rows in = rows out + left out + rejects. What was done stands in `split.json` beside the data.
"""

from __future__ import annotations

import inspect
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import compress
from pathlib import Path
from random import Random
from tempfile import TemporaryFile
from typing import Any

from data_conversion import formalisms
from data_conversion.data_folder import OUTPUTS, Outcome, write_data
from data_conversion.errors import DataError, OptionError
from data_conversion.example import Example, read_examples
from data_conversion.files import atomic_folder, check_destination, require_data_folder, spooled, spooling
from data_conversion.ontology import Ontology
from data_conversion.releases import SPLITS
from data_conversion.split_strategies import Plan, Row, Template, load
from data_conversion.tree import Node

RECORD = "split.json"
"""What was done, in the folder that it made."""


@dataclass
class Summary:
    """What a split did, as `split.json` says it.

    Attributes:
        strategy: the strategy's name.
        options: its options, those by default too.
        seed: of all choices.
        source: the folder that was split.
        before: the rows of the source, by split.
        counts: the rows written, by split.
        left_out: rows that the strategy has no use for.
        rejects: rows that the new ontology cannot write.
        notes: what else the user should know.
    """

    strategy: str
    options: dict[str, Any]
    seed: int
    source: str
    before: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    left_out: int = 0
    rejects: int = 0
    notes: list[str] = field(default_factory=list)


def split(
    source: str | Path,
    destination: str | Path,
    *,
    by: str,
    seed: int = 0,
    options: Mapping[str, Any] = {},
    progress: Callable[[int], object] | None = None,
) -> Summary:
    """Split a data folder anew. The same source and arguments give the same bytes.

    Args:
        source: a folder as `convert` writes it.
        destination: the folder to write; what an earlier split left there is replaced.
        by: the name of a strategy.
        seed: of all choices.
        options: the strategy's own options, by name.
        progress: called with 1 for each row read.

    Raises:
        DataError: the source is no data folder, the destination holds other things, the strategy does not take an
            option or needs another, or it cannot be followed here.
    """
    source, destination = Path(source), Path(destination)
    strategy = load(by)
    summary = Summary(by, _options(by, strategy, options), seed, str(source))
    require_data_folder(source)
    check_destination(source, destination, OUTPUTS | {RECORD})
    with atomic_folder(destination) as folder:
        with TemporaryFile(dir=folder) as spool:
            rows = list(_rows(spooling(_outcomes(source, progress), spool)))
            try:
                plan = strategy(rows, Random(seed), **summary.options)
            except DataError as error:
                raise error.at(file=source) from None
            if "train" not in plan:
                raise DataError("nothing would be left to train on", file=source)
            summary.before = dict(Counter(row.split for row in rows))
            summary.left_out = plan.count(None)
            summary.notes = list(_unknown_labels(rows, plan))
            parts = {
                name: compress(spooled(spool), [place == name for place in plan]) for name in SPLITS if name in plan
            }
            written = write_data(folder, parts)
        summary.counts, summary.rejects = written.counts, written.rejects
        record = json.dumps(asdict(summary), indent=1, ensure_ascii=False)
        (folder / RECORD).write_text(record + "\n", encoding="utf-8")
    return summary


def _options(name: str, strategy: Callable[..., Plan], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a strategy, with its defaults for those that are not given."""
    parameters = inspect.signature(strategy).parameters.values()
    defaults = {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}
    if unknown := sorted(set(options) - set(defaults)):
        raise OptionError(f"the strategy {name!r} has no option {unknown[0]!r}")
    taken = {**defaults, **options}
    if missing := [option for option, value in taken.items() if value is inspect.Parameter.empty]:
        raise OptionError(f"the strategy {name!r} needs the option {missing[0]!r}")
    return taken


def _outcomes(source: Path, progress: Callable[[int], object] | None) -> Iterator[Outcome]:
    """The rows of all splits, in order."""
    ontology = Ontology.load(source / "ontology.json")
    for name in SPLITS:
        path = source / f"{name}.jsonl"
        if name == "train" or path.exists():
            for line, example in enumerate(read_examples(path, ontology), start=1):
                yield Outcome(str(path), line, example.utterance, example)
                if progress:
                    progress(1)


def _rows(outcomes: Iterator[Outcome]) -> Iterator[Row]:
    """What strategies decide by; rows of one template share what it takes to hold it."""
    known: dict[Template, tuple[Template, tuple[str, ...]]] = {}
    for outcome in outcomes:
        example = outcome.example()
        template = _template(example.tree)
        if template not in known:
            try:
                known[template] = (template, _labels(example))
            except DataError as error:
                raise error.at(file=outcome.file, line=outcome.line) from None
        yield Row(Path(outcome.file).stem, example.domain, example.utterance, *known[template])


def _template(node: Node) -> Template:
    return (node.label, *(_template(child) for child in node.children if isinstance(child, Node)))


def _labels(example: Example) -> tuple[str, ...]:
    kinds = formalisms.load(example.formalism).label_kinds(example.tree)
    return tuple(node.label for node in example.tree.nodes() if kinds[node.label] != "operator")


def _unknown_labels(rows: Sequence[Row], plan: Plan) -> Iterator[str]:
    """How many rows have a label that train does not have."""
    known = {label for row, place in zip(rows, plan) if place == "train" for label in row.labels}
    for name in ("dev", "test"):
        unknown = sum(place == name and not known.issuperset(row.labels) for row, place in zip(rows, plan))
        if unknown:
            yield f"{name}: {unknown} rows have a label that train does not have"
