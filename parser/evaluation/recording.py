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
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from data_conversion.files import atomic_file
from parser.evaluation.results import KEYS, OPTIONAL, Record, records_of

IDENTITY = ("table", "dataset", "train", "domain", "split", "metric", "config", "words", "system", "copy", "transfer")
"""What two records of one figure have in common; the later one takes the place of the earlier."""


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
    with atomic_file(path) as temporary:
        text = json.dumps(list((kept | new).values()), ensure_ascii=False, indent=1)
        temporary.write_text(text + "\n", encoding="utf-8")


def gains(with_it: Record, without: Record) -> list[dict[str, Any]]:
    """What something adds to a metric, seed by seed: in points, and as a share of the metric without it.

    >>> base = dict(table="ablation", dataset="snips", train="snips", split="test", metric="exact_match", seeds=[0])
    >>> on, off = record(**base, copy=True, values=[60.0]), record(**base, copy=False, values=[40.0])
    >>> [(each["metric"], each["mean"]) for each in gains(on, off)]
    [('exact_match_gain_points', 20.0), ('exact_match_gain_relative', 50.0)]
    """
    pairs = list(zip(with_it["values"], without["values"], strict=True))
    figures = {
        "gain_points": [high - low for high, low in pairs],
        "gain_relative": [100 * (high - low) / low for high, low in pairs if low],
    }
    shared = {key: value for key, value in with_it.items() if key not in ("mean", "std", "copy", "cpu_s", "wall_s")}
    return [
        record(**{**shared, "metric": f"{with_it['metric']}_{name}", "values": values})
        for name, values in figures.items()
        if values
    ]


def mean_over_domains(of_domains: Sequence[Record]) -> dict[str, Any]:
    """One figure for the same of several domains, each with a model of its own: the mean, seed by seed.

    Speeds and parameters are means too; times add up, since that is what the figure has cost.

    >>> base = dict(table="main", dataset="overnight", train="overnight", split="test", metric="exact_match")
    >>> mean = mean_over_domains([record(**base, domain="blocks", values=[40]), record(**base, values=[50])])
    >>> mean["domain"], mean["values"]
    ('mean', [45.0])
    """
    figures: dict[str, Any] = {}
    for key, combined in (
        ("params", statistics.fmean),
        ("train_utt_s", statistics.fmean),
        ("parse_utt_s", statistics.fmean),
        ("wall_s", sum),
        ("cpu_s", sum),
    ):
        told = [each[key] for each in of_domains]
        figures[key] = None if None in told else combined(told)
    by_seed = zip(*(each["values"] for each in of_domains), strict=True)
    figures |= {"domain": "mean", "values": [statistics.fmean(values) for values in by_seed]}
    shared = {key: value for key, value in of_domains[0].items() if key not in ("mean", "std")}
    return record(**{**shared, **figures})


@cache
def hardware(threads: int = 1) -> str:
    """The processor, and how many threads run on it."""
    name = platform.processor() or platform.machine()
    with suppress(OSError):  # Linux says more
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    return f"{name}, {threads} thread{'s' if threads > 1 else ''}"


@cache
def commit() -> str | None:
    """The commit of the checkout that this code lies in, as it is at the first call."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent)
    except OSError:
        return None
    return done.stdout.strip() or None
