"""The learning curves of a table's ways, to lay over each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from data_conversion.json_text import read_json
from parser.experiments.measuring import Experiment

FIGURE = "dev/exact_match"


def learning_curves(experiments: Sequence[Experiment], seeds: int | None = None) -> dict[str, dict[str, list[float]]]:
    """Exact match on dev after each epoch, by what was trained on and by way: means over domains and seeds.

    Of ways that all domains have runs in, so that curves are of the same data. A run that has stopped early counts with
    its last figure. A parser of several domains has one curve, on the dev of them all. Of Overnight:
    `{"overnight": {"none": [20.1, 33.4, …], "pretraining": [48.9, …]}, "a quarter of overnight": …}`.
    """
    runs: dict[str, dict[str, set[Path]]] = {}
    domains: dict[str, dict[str, set[str | None]]] = {}
    for experiment in experiments:
        training, train = experiment.training, experiment.train
        made = [training.run(seed) for seed in range(seeds or experiment.seeds)]
        if there := [run for run in made if (run / "metrics.json").is_file()]:
            runs.setdefault(train, {}).setdefault(training.transfer, set()).update(there)
            learnt = domains.setdefault(train, {}).setdefault(training.transfer, set())
            learnt.update(test.domain for test in experiment.tests)
    return {
        train: {
            way: _mean([_curve(run) for run in sorted(some)])
            for way, some in ways.items()
            if domains[train][way] == set().union(*domains[train].values())
        }
        for train, ways in runs.items()
    }


def _curve(run: Path) -> list[float]:
    return [epoch[FIGURE] for epoch in read_json(run / "metrics.json")["curve"]]


def _mean(curves: Sequence[Sequence[float]]) -> list[float]:
    """The mean of curves, of which shorter ones stay where they ended.

    >>> _mean([[10.0, 20.0, 30.0], [20.0]])
    [15.0, 20.0, 25.0]
    """
    longest = max(map(len, curves))
    whole = ([*curve, *[curve[-1]] * (longest - len(curve))] for curve in curves)
    return [fmean(epoch) for epoch in zip(*whole)]
