#!/usr/bin/env python
"""Train and measure what stands in the README's tables: `scripts/reproduce.py TABLE [--seeds N] [--dry-run]`.

Raw data is read from the folder that SEMPARSE_DATA names (default: data/), one folder a set: top, snips_bio, atis_bio,
mixsnips, mixatis, nlmaps_v1, overnight, topv2. Converted data, runs and models go to data/converted, runs and models;
records to results/TABLE.json. `main` is every table that has a row in the main one, each with its own file. Kill it and
run it again: it goes on where it was. Several tables may be made at a time, in processes side by side.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from parser.commands import one_line_errors, whole
from parser.evaluation.recording import commit
from parser.experiments import plan, reproduce
from parser.experiments.curves import FIGURE, learning_curves
from parser.experiments.data import prepare
from parser.experiments.tables import SEVERAL, TABLES
from parser.locking import locked

RESULTS, RUNS = Path("results"), Path("runs")


def run(name: str, seeds: int | None) -> None:
    """Make a table; another process that makes the same is waited for."""
    table, results = TABLES[name], RESULTS / f"{name}.json"
    os.environ["WANDB_RUN_GROUP"] = name
    command = f"scripts/reproduce.py {name}" + (f" --seeds {seeds}" if seeds else "")
    with locked(RUNS / f"table-{name}"):
        measured = reproduce(
            table.experiments(),
            results,
            command=command,
            prepare=prepare,
            say=lambda line: print(line, flush=True),
            seeds=seeds,
        )
        table.conclude(results)
        if table.compares and measured:
            show_curves(name, seeds)


def show_curves(name: str, seeds: int | None) -> None:
    """Lay the learning curves of a table's ways over each other, in W&B."""
    from parser.training.tracking import log_curves  # which only who trains pays for

    log_curves(RUNS / name / "curves", learning_curves(TABLES[name].experiments(), seeds), FIGURE)


def print_plan(names: Sequence[str], seeds: int | None) -> None:
    """What would run, and the CPU-hours of training expected: of each row, and of all. A model of several domains is a
    row and not one for each."""
    total, planned = 0.0, set[Path]()
    for name in names:
        rows: dict[str, float] = {}
        for row, hours in plan(TABLES[name].experiments(), RESULTS / f"{name}.json", planned, seeds=seeds):
            rows[row] = rows.get(row, 0.0) + hours
        for row, hours in rows.items():
            print(f"{hours:6.2f} CPU-hours  {name}: {row}")
        total += sum(rows.values())
    print(f"{total:6.2f} CPU-hours expected in all")


@one_line_errors
def main(argv: list[str]) -> int:
    cli = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cli.add_argument("table", choices=[*TABLES, *SEVERAL], help="what to reproduce")
    cli.add_argument("--seeds", type=whole, metavar="N", help="train with the seeds 0 to N - 1")
    cli.add_argument("--dry-run", action="store_true", help="print what would run, and the CPU-hours expected")
    options = cli.parse_args(argv)
    names = SEVERAL.get(options.table, (options.table,))
    commit()  # of the start: the checkout may move on while models train
    if options.dry_run:
        print_plan(names, options.seeds)
    else:
        for name in names:
            run(name, options.seeds)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
