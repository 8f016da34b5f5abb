"""A folder of data, as it is written:

    {train,dev,test}.jsonl   the examples
    ontology.json            the labels, learnt from train
    rejects.jsonl            the rows that could not be written, and why

Nothing is lost: rows in = rows out + rejects. No split is ever held in memory: what train is to hold waits in a
temporary file until all its labels are learnt.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from data_conversion import formalisms
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.files import spooled, spooling
from data_conversion.ontology import Label, Ontology
from data_conversion.releases import SPLITS
from data_conversion.tree import Node

OUTPUTS = frozenset({*(f"{split}.jsonl" for split in SPLITS), "ontology.json", "rejects.jsonl"})
"""The names of all files of such a folder."""


class Outcome(NamedTuple):
    """What became of a row: its example as it will be written, or the error that says why it has none."""

    file: str
    line: int
    text: str
    result: Example | DataError

    def example(self) -> Example:
        """The example.

        Raises:
            DataError: the row cannot be converted.
        """
        if isinstance(self.result, DataError):
            raise self.result
        return self.result


@dataclass
class Written:
    """What stands in the folder.

    Attributes:
        counts: examples, by split.
        rejects: rows that could not be written.
        agreement: the share of examples whose tokens are those of our own tokenizer.
        copyable: the share of leaves that copy a word.
    """

    counts: dict[str, int] = field(default_factory=dict)
    rejects: int = 0
    agreement: float = 0.0
    copyable: float = 0.0


def write_data(
    folder: Path, outcomes: Mapping[str, Iterable[Outcome]], learnt_from: str = "train", strict: bool = False
) -> Written:
    """Write every split, the ontology of one of them, and the rejects.

    Args:
        folder: the folder to fill.
        outcomes: what became of the rows of each split; they are gone through once.
        learnt_from: the split whose labels are the ontology.
        strict: make the first reject an error.

    Raises:
        DataError: strict, and a row is rejected.
    """
    with TemporaryFile(dir=folder) as spool:
        ontology = _learn(spooling(outcomes[learnt_from], spool))
        written = _write(folder, {**outcomes, learnt_from: spooled(spool)}, ontology, strict)
    ontology.save(folder / "ontology.json")
    return written


def _learn(outcomes: Iterable[Outcome]) -> Ontology:
    """The ontology of the rows that can be written and do not contradict those before them."""

    def trees() -> Iterator[tuple[str, Node, Mapping[str, str]]]:
        known: dict[str, str] = {}
        for outcome in outcomes:
            try:
                example = outcome.example()
                kinds = _kinds(example, known)
                # Its own labels decide: what `ontology` knows besides makes no row one that can be written.
                example.to_json(Ontology({example.domain: {name: Label(kind) for name, kind in kinds.items()}}))
            except DataError:  # the reject is written with its split
                continue
            known.update(kinds)
            yield example.domain, example.tree, kinds

    return Ontology.learn(trees())


def _write(folder: Path, outcomes: Mapping[str, Iterable[Outcome]], ontology: Ontology, strict: bool) -> Written:
    written = Written()
    agreeing = copied = leaves = 0
    with open(folder / "rejects.jsonl", "w", encoding="utf-8") as rejects:
        for split, of_split in outcomes.items():
            written.counts[split] = 0
            with open(folder / f"{split}.jsonl", "w", encoding="utf-8") as lines:
                for outcome in of_split:
                    try:
                        example = outcome.example()
                        _kinds(example, ontology.kinds)
                        lines.write(example.to_json(ontology) + "\n")
                    except DataError as error:
                        error = error.at(file=outcome.file, line=outcome.line)
                        if strict:
                            raise error from None
                        rejects.write(_reject(outcome, error) + "\n")
                        written.rejects += 1
                        continue
                    written.counts[split] += 1
                    agreeing += example.our_tokens
                    leaves += len(example.leaves)
                    copied += sum(position is not None for position in example.leaves)
    written.agreement = agreeing / max(1, sum(written.counts.values()))
    written.copyable = copied / max(1, leaves)
    return written


def _kinds(example: Example, known: Mapping[str, str]) -> Mapping[str, str]:
    """The kinds of the labels of a tree.

    Raises:
        DataError: a label is of another kind than is known of it.
    """
    kinds = formalisms.load(example.formalism).label_kinds(example.tree)
    for label, kind in kinds.items():
        if known.get(label, kind) != kind:
            raise DataError(f"the label {label!r} is used as {kind} here and as {known[label]} elsewhere: rename one")
    return kinds


def _reject(outcome: Outcome, error: DataError) -> str:
    """A line of `rejects.jsonl`; bytes that are not UTF-8 are shown escaped."""
    reason = str(replace(error, file=None, line=None))
    text = outcome.text.encode("utf-8", "backslashreplace").decode("utf-8")
    record = {"file": outcome.file, "line": outcome.line, "reason": reason, "text": text}
    return json.dumps(record, ensure_ascii=False)
