"""The converter: annotated data of any format that a reader knows → our own files.

    DST/{train,dev,test}.jsonl   the examples
    DST/ontology.json            the labels, learnt from train
    DST/rejects.jsonl            the rows that could not be converted, and why

Nothing is lost: rows in = rows out + rejects. The rows stream through, each is read once, and no split is ever held in
memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from data_conversion import formalisms, readers
from data_conversion import transforms as transform
from data_conversion.data_folder import OUTPUTS, Outcome, write_data
from data_conversion.errors import DataError, OptionError
from data_conversion.example import Example
from data_conversion.files import atomic_folder, check_destination
from data_conversion.frames import VALUE_OPERATOR
from data_conversion.readers import Reader, Row
from data_conversion.releases import Release, split_of


@dataclass
class Summary:
    """What a conversion did.

    Attributes:
        reader: the reader's name.
        why: why that reader, where it was chosen automatically.
        counts: examples written, by split.
        rejects: rows that could not be converted.
        agreement: the share of examples whose tokens are those of our own tokenizer.
        copyable: the share of leaves that copy a word of the utterance.
        notes: what else the user should know.
    """

    reader: str
    why: str
    counts: dict[str, int] = field(default_factory=dict)
    rejects: int = 0
    agreement: float = 0.0
    copyable: float = 0.0
    notes: list[str] = field(default_factory=list)


def convert(
    source: str | Path,
    destination: str | Path,
    *,
    reader: str = "auto",
    formalism: str | None = None,
    words: str | None = None,
    slot_values: str = "span",
    transforms: Sequence[str] = (),
    value_operator: str = VALUE_OPERATOR,
    strict: bool = False,
    options: Mapping[str, str] = {},
    progress: Callable[[int], object] | None = None,
) -> Summary:
    """Convert annotated data to our own files.

    Args:
        source: a file, or the folder of a release.
        destination: the folder to write; what an earlier conversion left there is replaced.
        reader: the name of a reader, or `auto` to choose it by looking at the source.
        formalism: how trees are written; by default as the reader says.
        words: `keep` or `drop` the words outside slots; by default as the reader says.
        slot_values: `span`, or `per-token` for a slot node over each word.
        transforms: names of further transforms, applied in this order after words and slot values.
        value_operator: what several values of one slot stand under.
        strict: make the first reject an error.
        options: the reader's own options, by name.
        progress: called with 1 for each row read.

    Raises:
        DataError: there is nothing to convert, the destination holds other things, the reader does not take an option,
            or, if strict, a row is rejected.
    """
    source, destination = Path(source), Path(destination)
    name, why = _choose(source, reader)
    check_destination(source, destination, OUTPUTS)
    module = readers.load(name)
    _check_options(name, module, options)
    release = module.files(source, **options)
    if not release.splits:
        raise DataError(f"the reader {name!r} finds no train, dev or test data here", file=source)
    changing: set[str] = set()
    change = _change(module, formalism, words, slot_values, transforms, value_operator, changing)
    read = partial(module.read, **options)
    outcomes = {split: _outcomes(split, release, read, change, _domain(source), progress) for split in release.splits}
    notes = list(release.notes)
    learnt_from = "train" if "train" in release.splits else next(iter(release.splits))
    if learnt_from != "train":
        notes.append(f"there is no train part: the ontology is learnt from {learnt_from}")
    with atomic_folder(destination) as folder:
        written = write_data(folder, outcomes, learnt_from, strict)
        if not any(written.counts.values()):
            raise DataError(_nothing(folder / "rejects.jsonl"), file=source)
    notes += [f"the transform {name} changed nothing" for name in transforms if name not in changing]
    return Summary(name, why, written.counts, written.rejects, written.agreement, written.copyable, notes)


def _choose(source: Path, reader: str) -> tuple[str, str]:
    """The reader's name, and why it was chosen."""
    if not source.exists():
        raise DataError("no such file or folder", file=source)
    if source.is_dir() and not any(source.iterdir()):
        raise DataError("the folder is empty", file=source)
    if reader != "auto":
        readers.load(reader)
        return reader, "named by the user"
    why = {name: readers.load(name).recognises(source) for name in readers.names()}
    found = {name: reason for name, reason in why.items() if reason}
    if not found:
        raise DataError(f"no reader recognises this: {_advice(source)}", file=source)
    if len(found) > 1:
        names = " and ".join(found)
        raise DataError(f"the readers {names} recognise this: name one of them with --reader", file=source)
    return next(iter(found.items()))


def _advice(source: Path) -> str:
    """What may help where no reader recognises the source."""
    if source.is_file() and not source.stat().st_size:
        return "the file is empty"
    if source.suffix in (".csv", ".tsv"):
        return "for a table name its columns, --reader table --columns utterance=…,intent=…"
    if source.is_dir() and all(entry.is_dir() for entry in source.iterdir()):
        return "it holds only folders, name one of them"
    return f"name one of {', '.join(readers.names())} with --reader"


def _check_options(name: str, module: Reader, options: Mapping[str, str]) -> None:
    for option in options:
        if option not in getattr(module, "OPTIONS", ()):
            raise OptionError(f"the reader {name!r} takes no {option}")


def _domain(source: Path) -> str:
    """The name of a folder, or of a file that is not named for a part of one."""
    source = source.resolve()
    if source.is_dir():
        return source.name
    return source.parent.name if split_of(source.name) else source.stem


Change = Callable[[Example], Example]


def _change(
    module: Reader,
    formalism: str | None,
    words: str | None,
    slot_values: str,
    names: Sequence[str],
    value_operator: str,
    changing: set[str],
) -> Change:
    """All that is done to an example between the reader and the file."""
    words = words or module.WORDS
    for option, value, choices in [
        ("words", words, ("keep", "drop")),
        ("slot values", slot_values, ("span", "per-token")),
        ("formalism", formalism, formalisms.names()),
    ]:
        if value is not None and value not in choices:
            raise DataError(f"{value!r} is no choice for {option}: choose one of {', '.join(choices)}")
    steps: list[Change] = []
    if value_operator != VALUE_OPERATOR:
        steps.append(partial(_with_value_operator, operator=value_operator))
    if words is not None:
        steps.append(transform.load("drop-words") if words == "drop" else _with_words_kept)
    if slot_values == "per-token":
        steps.append(transform.load("per-token"))
    steps += [_noted(name, changing) for name in names]
    if formalism is not None:
        steps.append(partial(_in_formalism, formalism=formalism))

    def change(example: Example) -> Example:
        for step in steps:
            example = step(example)
        return example

    return change


def _in_formalism(example: Example, formalism: str) -> Example:
    """The example, to be written in a formalism that still tells intents, slots and operators."""
    before, after = (formalisms.load(name).label_kinds(example.tree) for name in (example.formalism, formalism))
    for label, kind in before.items():
        if kind not in ("function", after[label]):
            remedy = f"choose another formalism than {formalism}"
            raise DataError(f"the {kind} {label!r} would be of the kind {after[label]!r}: {remedy}")
    return replace(example, formalism=formalism)


def _noted(name: str, changing: set[str]) -> Change:
    """The transform of that name, which notes its name where it changes an example."""
    apply = transform.load(name)

    def change(example: Example) -> Example:
        changed = apply(example)
        if changed != example:
            changing.add(name)
        return changed

    return change


def _with_words_kept(example: Example) -> Example:
    if not example.words_kept:
        kinds = formalisms.load(example.formalism).label_kinds(example.tree).values()
        if set(kinds) == {"function"}:
            raise DataError("a logical form does not hold the words of its utterance: they cannot be kept")
        raise DataError("words outside the tree are lost here: convert the original annotation to keep them")
    return example


def _with_value_operator(example: Example, operator: str) -> Example:
    kinds = formalisms.load(example.formalism).label_kinds(example.tree)
    return transform.rename(example, VALUE_OPERATOR, operator) if kinds.get(VALUE_OPERATOR) == "operator" else example


def _outcomes(
    split: str,
    release: Release,
    read: Callable[[Path], Iterator[Row]],
    change: Change,
    domain: str,
    progress: Callable[[int], object] | None,
) -> Iterator[Outcome]:
    """What becomes of each row of a split."""
    rows = (row for file in release.splits[split] for row in read(file) if row.split in (None, split))
    for number, row in enumerate(rows, start=1):
        result: Example | DataError
        try:
            example = change(row.example())
            result = replace(example, id=example.id or f"{split}-{number}", domain=example.domain or domain)
        except DataError as error:
            result = error
        yield Outcome(str(row.file), row.line, row.text, result)
        if progress:
            progress(1)


def _nothing(rejects: Path) -> str:
    """Why a conversion gives no example at all."""
    with open(rejects, encoding="utf-8") as lines:
        first = next(lines, None)
    if first is None:
        return "there is no annotated row here"
    reject = json.loads(first)
    return f"no row can be converted; the first is {reject['file']}:{reject['line']}: {reject['reason']}"
