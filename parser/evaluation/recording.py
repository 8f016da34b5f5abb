"""Writing the records that `results` reads: one figure each, and everything it takes to judge and repeat it.

>>> made = record(table="main", dataset="top", train="top", split="dev", metric="exact_match", values=[82.0, 83.0])
>>> made["mean"], round(made["std"], 2), made["transfer"], made["pretrained"]
(82.5, 0.71, 'none', None)
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from math import isnan
from pathlib import Path
from typing import Any

from data_conversion.errors import DataError
from data_conversion.files import atomic_file
from parser.evaluation.paired import gain, unpacked
from parser.evaluation.results import KEYS, OPTIONAL, Record, records_of

IDENTITY = ("table", "dataset", "train", "domain", "split", "metric", "config", "words", "system", "copy", "transfer")
"""What two records of one figure have in common; the later one takes the place of the earlier."""
_OF_ONE = ("mean", "std", "outcomes", "chosen")
_COSTS = ("params", "cpu_s", "wall_s", "train_utt_s", "parse_utt_s")


def record(**facts: Any) -> dict[str, Any]:
    """A record with all keys: mean and deviation follow from `values`, and what is not said is null.

    Raises:
        TypeError: a key is none of a record's, or what must be known is not said.
    """
    values = facts["values"]
    known = KEYS | OPTIONAL
    made: dict[str, Any] = dict.fromkeys(known)
    made |= {"transfer": "none", "seeds": [], "hardware": hardware(), "commit": commit(), "command": ""}
    made |= {"mean": statistics.fmean(values), "std": statistics.stdev(values) if len(values) > 1 else None}
    if unknown := set(facts) - set(known):
        raise TypeError(f"no key of a record: {', '.join(sorted(unknown))}")
    made |= facts
    if missing := [key for key, types in known.items() if not isinstance(made[key], types)]:
        raise TypeError(f"a record must say its {', '.join(missing)}")
    return made


def identity(each: Record) -> tuple[Any, ...]:
    """What says that two records are of one figure."""
    return tuple(each[key] for key in IDENTITY)


def recorded(path: str | Path) -> list[Record]:
    """The records of a file; none where there is no file.

    Raises:
        DataError: the file is damaged.
    """
    return records_of(Path(path)) if Path(path).exists() else []


def store(path: str | Path, records: Sequence[Record]) -> None:
    """Add records to a file; those of the same figures give way."""
    new = {identity(each): each for each in records}
    kept: dict[tuple[Any, ...], Mapping[str, Any]] = {identity(each): each for each in recorded(path)}
    write(path, list((kept | new).values()))


def write(path: str | Path, records: Sequence[Record]) -> None:
    """A file of these records and no others."""
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(records, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def gains(pairs: Sequence[tuple[Record, Record]]) -> list[dict[str, Any]]:
    """What is gained over another way to train, as a mean over domains: in points, and relative to the other.

    Args:
        pairs: for each domain the record of the one and that of the other, of the same test set, with their outcomes.
            Where the other reads nothing of a domain right there is no relative gain.

    Raises:
        DataError: two records are of test sets of different sizes.

    >>> base = dict(table="copy", dataset="snips", train="snips", split="test", metric="exact_match", seeds=[0])
    >>> on, off = (record(**base, values=[value], outcomes=[bits]) for value, bits in ((75.0, "4:7"), (50.0, "4:5")))
    >>> [(each["metric"], each["mean"]) for each in gains([(on, off)])]
    [('exact_match_gain_points', 25.0), ('exact_match_gain_relative', 50.0)]
    """
    outcomes = [(unpacked(ours["outcomes"]), unpacked(theirs["outcomes"])) for ours, theirs in pairs]
    for (ours, _), (of_one, of_other) in zip(pairs, outcomes):
        if (number := of_one.shape[1]) != (other := of_other.shape[1]):
            what = f"{ours['dataset']} {ours['domain']} {ours['split']}"
            raise DataError(f"{what}: measured on {number} utterances and on {other}: measure both anew")
    told = gain(outcomes)
    first, _ = pairs[0]
    shared = {key: value for key, value in first.items() if key not in (*_OF_ONE, *_COSTS)}
    shared["domain"] = "mean" if len(pairs) > 1 else first["domain"]
    shared["seeds"] = _fewest(each for pair in pairs for each in pair)
    shared |= _shared([ours for ours, _ in pairs])
    return [
        record(**{**shared, "metric": f"{first['metric']}_gain_{name}", "values": [value], "interval": list(interval)})
        for name, value, interval in (
            ("points", told.points, told.points_interval),
            ("relative", told.relative, told.relative_interval),
        )
        if not isnan(value)
    ]


def mean_over_domains(of_domains: Sequence[Record]) -> dict[str, Any]:
    """One figure for the same of several domains, of one model or of one each: the mean, seed by seed; or of all
    seeds, where domains have different numbers of them.

    Speeds and parameters are means too; the times of the models add up, since that is what the figure has cost.

    >>> base = dict(table="main", dataset="overnight", train="overnight", split="test", metric="exact_match")
    >>> mean = mean_over_domains([record(**base, domain="blocks", values=[40]), record(**base, values=[50])])
    >>> mean["domain"], mean["values"]
    ('mean', [45.0])
    >>> mean_over_domains([record(**base, values=[40, 44]), record(**base, values=[50])])["values"]
    [46.0]
    """
    figures: dict[str, Any] = {}
    models = {(each["wall_s"], each["cpu_s"]): each for each in of_domains}.values()  # a model of several counts once
    for key, combined, told in (
        ("params", statistics.fmean, of_domains),
        ("train_utt_s", statistics.fmean, of_domains),
        ("parse_utt_s", statistics.fmean, of_domains),
        ("wall_s", sum, models),
        ("cpu_s", sum, models),
    ):
        values = [each[key] for each in told]
        figures[key] = None if None in values else combined(values)
    alike = len({len(each["values"]) for each in of_domains}) == 1
    by_seed = zip(*(each["values"] if alike else [each["mean"]] for each in of_domains), strict=True)
    figures |= {"domain": "mean", "values": [statistics.fmean(values) for values in by_seed]}
    figures |= {"seeds": _fewest(of_domains), **_shared(of_domains)}
    shared = {key: value for key, value in of_domains[0].items() if key not in _OF_ONE}
    return record(**{**shared, **figures})


def _shared(records: Sequence[Record]) -> dict[str, str | None]:
    """The config and the commit of all records, where they have one and the same, and the hardware of them all."""
    configs, commits, machines = ({each[key]: None for each in records} for key in ("config", "commit", "hardware"))
    config, commit = (each.popitem()[0] if len(each) == 1 else None for each in (configs, commits))
    return {"config": config, "commit": commit, "hardware": " and ".join(machines)}


def _fewest(records: Iterable[Record]) -> list[int]:
    """The seeds of the record that has the fewest: no more are behind every one."""
    return min((each["seeds"] for each in records), key=len)


@cache
def hardware(accelerator: str | None = None, threads: int = 1) -> str:
    """The processor and the threads that ran on it, after the accelerator if there is one."""
    name = platform.processor() or platform.machine()
    with suppress(OSError):  # Linux says more
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    used = "1 thread" if threads == 1 else f"{threads} threads"
    return ", ".join([*filter(None, [accelerator]), name, used])


@cache
def commit() -> str | None:
    """The commit of the checkout that this code lies in, as it is at the first call."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent)
    except OSError:
        return None
    return done.stdout.strip() or None
