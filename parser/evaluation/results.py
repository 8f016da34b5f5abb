"""The README's tables of results, generated from the records in `results/*.json`.

A record is one figure and everything it takes to judge and repeat it (`KEYS`). A table of the README stands between
`<!-- results:NAME -->` and `<!-- /results:NAME -->` and shows the records whose `table` is NAME, beside what others
have published.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from data_conversion.errors import DataError
from data_conversion.files import atomic_file, require_file
from parser.evaluation import curve_plot
from parser.evaluation.published import Beside, Figure, read_published

Record = Mapping[str, Any]

_NUMBER, _NUMBER_OR_NONE, _TEXT, _TEXT_OR_NONE = (int, float), (int, float, type(None)), (str,), (str, type(None))

KEYS: dict[str, tuple[type, ...]] = {
    "table": _TEXT,
    "dataset": _TEXT,
    "train": _TEXT,
    "domain": _TEXT_OR_NONE,
    "split": _TEXT,
    "metric": _TEXT,
    "mean": _NUMBER,
    "std": _NUMBER_OR_NONE,
    "values": (list,),
    "seeds": (list,),
    "config": _TEXT_OR_NONE,
    "words": _TEXT_OR_NONE,
    "system": _TEXT_OR_NONE,
    "copy": (bool, type(None)),
    "transfer": _TEXT,
    "pretrained": _TEXT_OR_NONE,
    "params": _NUMBER_OR_NONE,
    "hardware": _TEXT,
    "wall_s": _NUMBER_OR_NONE,
    "cpu_s": _NUMBER_OR_NONE,
    "train_utt_s": _NUMBER_OR_NONE,
    "parse_utt_s": _NUMBER_OR_NONE,
    "command": _TEXT,
    "commit": _TEXT_OR_NONE,
}
"""What a record has, and of which type."""

OPTIONAL: dict[str, tuple[type, ...]] = {
    "state_encoder": _TEXT_OR_NONE,
    "beam": (int, type(None)),
    "interval": (list, type(None)),
    "outcomes": (list, type(None)),
    "chosen": _TEXT_OR_NONE,
}
"""What a record may have besides: of a gain its 95% interval; of a figure which utterances each seed read right
(`parser.evaluation.paired`), and which way of transfer was chosen. Further keys are allowed and not shown."""

_MARKED = re.compile(r"(<!-- results:([\w-]+) -->\n).*?(<!-- /results:\2 -->)", re.DOTALL)
_OPENING = re.compile(r"<!-- results:([\w-]+) -->")


def render(results_folder: str | Path, readme_path: str | Path) -> list[str]:
    """Write the tables that a README marks anew from the records of a folder, and a picture beside the records.

    Returns the names of the tables.

    Raises:
        DataError: a file is missing or damaged, a record lacks a key, or the README marks nothing, a table that no
            record belongs to, or one without its end.
    """
    records = read_records(results_folder)
    published = read_published(Path(results_folder) / "published.yaml")
    readme = require_file(readme_path).read_text(encoding="utf-8")
    names = _OPENING.findall(readme)
    if not names:
        raise DataError("no table is marked: put <!-- results:main --> and <!-- /results:main -->", file=readme_path)
    closed = {match[2] for match in _MARKED.finditer(readme)}
    if unclosed := [name for name in names if name not in closed]:
        raise DataError(f"the mark <!-- /results:{unclosed[0]} --> is missing", file=readme_path)
    tables = {name: [record for record in records if record["table"] == name] for name in names}
    if missing := [name for name, rows in tables.items() if not rows]:
        raise DataError(f"no record in {results_folder} is of the table {missing[0]!r}", file=readme_path)
    drawn = {name: _drawn(name, rows, published) for name, rows in tables.items()}
    rendered = _MARKED.sub(lambda match: f"{match[1]}{drawn[match[2]]}\n{match[3]}", readme)
    with atomic_file(readme_path) as temporary:
        temporary.write_text(rendered, encoding="utf-8")
    if picture := curve_plot.low_resource_plot(records, published):
        with atomic_file(Path(results_folder) / f"{curve_plot.TABLE}.svg") as temporary:
            temporary.write_text(picture, encoding="utf-8")
    return names


def _drawn(name: str, records: Sequence[Record], published: Sequence[Figure]) -> str:
    if name in COMPARED:
        return side_by_side(records, COMPARED[name], published)
    return markdown(records, published)


def read_records(folder: str | Path) -> list[Record]:
    """The records of all JSON files in a folder, in the order of their names.

    Raises:
        DataError: there is no such file, or one is not a list of records.
    """
    paths = sorted(Path(folder).glob("*.json"))
    if not paths:
        raise DataError("there are no results here: scripts/reproduce.py writes them", file=folder)
    return [record for path in paths for record in records_of(path)]


def records_of(path: Path) -> list[Record]:
    """The records of one file.

    Raises:
        DataError: the file is damaged, or holds something else.
    """
    try:
        records = json.loads(path.read_bytes())
    except ValueError as error:
        raise DataError(f"not a JSON file: {error}", file=path) from None
    if not isinstance(records, list):
        raise DataError("not a list of records", file=path)
    for number, record in enumerate(records, start=1):
        _check(record, number, path)
    return records


def _check(record: Any, number: int, path: Path) -> None:
    if not isinstance(record, dict):
        raise DataError(f"record {number} is no object", file=path)
    for key, types in KEYS.items():
        if key not in record:
            raise DataError(f"record {number} lacks the key {key!r}", file=path)
        value = record[key]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            wanted = " or ".join("null" if kind is type(None) else kind.__name__ for kind in types)
            raise DataError(f"record {number}: {key!r} is {json.dumps(value)}, not {wanted}", file=path)


_NOTHING = "—"
Column = Callable[[Record, Beside], str]
_Lines = dict[tuple[str, ...], dict[str, str]]
"""Cells by their heading, by what stands before them on the line."""
_ALWAYS = frozenset({"dataset", "split", "metric", "mean ± std"})
_LINE = ("dataset", "train", "split", "metric")
COMPARED = {
    "overnight-transfer": "transfer",
    "slu-transfer": "transfer",
    "topv2-low-resource": "transfer",
    "multitask": "transfer",
    "copy": "copy",
    "transfer-reasons": "metric",
    "transfer-ranks": "transfer",
}
"""Tables that put side by side what differs in one key alone, and that key."""
_COSTS = ("seeds", "hardware, wall time")
"""Columns of other tables, of which such tables say in a note what holds for each way."""

# -- markdown ----------------------------------------------------------------------------------------------------------


def markdown(records: Sequence[Record], published: Sequence[Figure] = ()) -> str:
    """One table, a record a line; below it, once, what is the same in all lines, and whose the published figures are.

    Records of one data set stand together, those without a pretrained encoder first, and otherwise in their order.

    Args:
        records: ours.
        published: what others have published; what is of the same data and metric stands beside ours.
    """
    records = sorted(records, key=lambda record: (record["dataset"], record["pretrained"] or ""))
    beside = Beside(records, published)
    cells = {name: [_cell(column(record, beside)) for record in records] for name, column in _COLUMNS.items()}
    shared = {name for name, column in cells.items() if name not in _ALWAYS and len(set(column)) == 1}
    shown = {name: column for name, column in cells.items() if name not in shared}
    table = _table(list(shown), zip(*shown.values()))
    return "\n\n".join([table, *_notes({name: cells[name][0] for name in shared}, beside)])


def side_by_side(records: Sequence[Record], key: str, published: Sequence[Figure] = ()) -> str:
    """The figures of one test set that differ in a key alone side by side on a line.

    What has been trained on something else, and differs in other ways, makes a further table.

    Args:
        records: ours.
        key: what differs, such as `transfer`.
        published: what others have published; it stands in parentheses behind ours.

    Raises:
        DataError: two records claim one place.
    """
    beside, heading = Beside(records, published), _COLUMNS[key]
    names = [name for name in _LINE if name != key]
    lines: _Lines = {}
    for record in records:
        line = tuple(_cell(_COLUMNS[name](record, beside)) for name in names)
        others = [beside.cell(record, contextual=contextual) for contextual in (False, True)]
        cited = ", ".join(cell for cell in others if cell != _NOTHING)
        ways = lines.setdefault(line, {})
        if (way := heading(record, beside)) in ways:
            raise DataError(f"two records of {', '.join(line)}, {key} {way}: delete the one that is out of date")
        ways[way] = _score(record) + (f" ({cited})" if cited else "")
    every_heading = dict.fromkeys(heading(record, beside) for record in records)
    tables = []
    for alike in _alike(lines, names.index("train")):
        headings = [each for each in every_heading if any(each in cells for cells in alike.values())]
        rows = [(*line, *(cells.get(each, _NOTHING) for each in headings)) for line, cells in alike.items()]
        tables.append(_table([*names, *(f"{key}: {each}" for each in headings)], rows))
    cells = {name: {_cell(column(record, beside)) for record in records} for name, column in _COLUMNS.items()}
    apart = (*names, key, *_COSTS)
    shared = {name: next(iter(told)) for name, told in cells.items() if name not in apart and len(told) == 1}
    return "\n\n".join(
        [*tables, *_costs(records, lambda record: f"{key} {heading(record, beside)}"), *_notes(shared, beside)]
    )


def _costs(records: Sequence[Record], way: Callable[[Record], str]) -> list[str]:
    """How many seeds each way has been trained with, how long that takes and on what; a choice among ways is none."""
    trained: dict[str, list[Record]] = {}
    for record in records:
        if record["wall_s"] is not None and record["domain"] != "mean" and not record.get("chosen"):
            trained.setdefault(way(record), []).append(record)
    said = [
        f"{name} (seeds: {_between([len(each['seeds']) for each in told])}; "
        f"{_between([round(each['wall_s'] / 60) for each in told])} min)"
        for name, told in trained.items()
    ]
    machines = dict.fromkeys(each["hardware"] for told in trained.values() for each in told)
    return [f"Training, without a source's: {', '.join(said)}; {' or '.join(machines)}."] if said else []


def _between(numbers: Sequence[int]) -> str:
    """The number, or the least and the most.

    >>> _between([3, 1, 2]), _between([3, 3])
    ('1 to 3', '3')
    """
    least, most = min(numbers), max(numbers)
    return str(least) if least == most else f"{least} to {most}"


def _alike(lines: _Lines, train: int) -> Iterator[_Lines]:
    """The lines, apart by which cells there are for what they were trained on, which stands in column `train`."""
    there: dict[str, set[str]] = {}
    for line, cells in lines.items():
        there.setdefault(line[train], set()).update(cells)
    for columns in dict.fromkeys(map(frozenset, there.values())):
        yield {line: cells for line, cells in lines.items() if there[line[train]] == columns}


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (names, ("---",) * len(names), *rows))


def _notes(shared: Mapping[str, str], beside: Beside) -> list[str]:
    """What is the same in all lines, and what is cited."""
    said = [f"{name} {shared[name]}" for name in _COLUMNS if shared.get(name, _NOTHING) != _NOTHING]
    notes = [f"In all lines: {'; '.join(said)}."] if said else []
    return notes + ([f"Published: {beside.notes()}."] if beside.numbers else [])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _dataset(record: Record) -> str:
    return f"{record['dataset']} ({record['domain']})" if record["domain"] else record["dataset"]


def _score(record: Record) -> str:
    """Mean and standard deviation, which says nothing of one seed; of a gain the 95% interval, if it has one.

    >>> _score({"metric": "exact_match", "mean": 82.613, "std": 0.31, "values": [82.4, 82.8]})
    '82.6 ± 0.3'
    >>> _score({"metric": "parse_utt_s", "mean": 1612.4, "std": None, "values": [1612.4]})
    '1,612'
    >>> _score({"metric": "exact_match_gain_points", "mean": 2.13, "interval": [-0.4, 4.51]})
    '+2.1 [-0.4, +4.5]'
    >>> _score({"metric": "rank_correlation_of_size", "mean": -0.643, "std": None, "values": [-0.643]})
    '-0.64'
    """
    if record.get("interval"):
        low, high = record["interval"]
        return f"{record['mean']:+.1f} [{low:+.1f}, {high:+.1f}]"
    metric = record["metric"]
    digits = 0 if metric == "size" or metric.endswith("_utt_s") else 2 if metric.startswith("rank_correlation") else 1
    mean = f"{record['mean']:{'+' if 'gain' in metric else ''},.{digits}f}"
    return f"{mean} ± {record['std']:,.{digits}f}" if record["std"] is not None and len(record["values"]) > 1 else mean


def _copy(record: Record) -> str:
    return {True: "yes", False: "no", None: _NOTHING}[record["copy"]]


def _number(key: str, unit: float = 1, digits: int = 0) -> Column:
    return lambda record, _: _NOTHING if record[key] is None else f"{record[key] / unit:,.{digits}f}"


def _text(key: str, otherwise: str = _NOTHING) -> Column:
    return lambda record, _: record.get(key) or otherwise


def _machine(record: Record) -> str:
    if record["wall_s"] is None:
        return record["hardware"] or _NOTHING
    return f"{record['hardware']}, {record['wall_s'] / 60:,.0f} min"


_COLUMNS: dict[str, Column] = {
    "dataset": lambda record, _: _dataset(record),
    "train": _text("train"),
    "split": _text("split"),
    "metric": lambda record, _: record["metric"].replace("_", " "),
    "words": _text("words"),
    "system": _text("system"),
    "state encoder": _text("state_encoder"),
    "copy": lambda record, _: _copy(record),
    "transfer": _text("transfer"),
    "pretrained": _text("pretrained", "none"),
    "beam": lambda record, _: str(record.get("beam") or _NOTHING),
    "mean ± std": lambda record, _: _score(record),
    "published, no contextual encoder": lambda record, beside: beside.cell(record, contextual=False),
    "published, contextual": lambda record, beside: beside.cell(record, contextual=True),
    "seeds": lambda record, _: str(len(record["seeds"]) or _NOTHING),  # what was not trained has none
    "parameters, M": _number("params", 1e6, 1),
    "train utt/s": _number("train_utt_s"),
    "parse utt/s": _number("parse_utt_s"),
    "hardware, wall time": lambda record, _: _machine(record),
    "command": lambda record, _: f"`{record['command']}`",
}
