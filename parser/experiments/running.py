"""Running experiments: train what is not trained yet, measure what is not measured yet, write the records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from parser.evaluation.recording import recorded, store, write
from parser.evaluation.results import Record
from parser.experiments.measuring import Experiment, TestSet

Say = Callable[[str], object]


def reproduce(
    experiments: Sequence[Experiment],
    results: Path,
    *,
    command: str,
    prepare: Callable[[Path], object],
    say: Say,
    seeds: int | None = None,
) -> bool:
    """Train and measure what is missing, if anything is; records are written after each test set.

    Args:
        experiments: what to run, in order.
        results: the file of records.
        command: what the records say that repeats them.
        prepare: makes a folder of data, where it is not there yet.
        say: is told what happens.
        seeds: train each with the seeds 0 to `seeds` - 1; by default as many as the experiment says.

    Returns:
        whether anything was missing.
    """
    anything = False
    for experiment in experiments:
        chosen, training = range(seeds or experiment.seeds), experiment.training
        missing = _missing(experiment, chosen, recorded(results))
        if not missing:
            say(f"recorded in {results}: {training.name}")
            continue
        anything = True
        for folder in dict.fromkeys([*training.folders, *(test.file.parent for test in missing)]):
            prepare(folder)
        for seed in chosen:
            if training.done(seed):
                say(f"trained: {training.model(seed)}")
            else:
                say(" ".join(training.command(seed)))
                training.fit(seed)
        for test in missing:
            records = experiment.measure(test, chosen, command)
            store(results, records)
            for each in records:
                say(f"{each['table']}: {each['dataset']} {each['split']}: {each['metric']} {each['mean']:.2f}")
    return anything


def arrange(experiments: Sequence[Experiment], results: Path) -> None:
    """Put records in the order of the experiments, whichever were measured first; what follows from them comes last, in
    the order of what was trained on."""
    places: dict[tuple[str | None, ...], int] = {}
    trains: dict[str, int] = {}
    for each in experiments:
        trains.setdefault(each.train, len(trains))
        for test in each.tests:
            places.setdefault((each.train, test.domain, each.transfer, each.training.config), len(places))

    def place(each: Record) -> int:
        derived = len(places) + trains.get(each["train"], len(trains))
        return places.get((each["train"], each["domain"], each["transfer"], each["config"]), derived)

    if records := recorded(results):
        write(results, sorted(records, key=place))


def plan(
    experiments: Sequence[Experiment], results: Path, planned: set[Path], *, seeds: int | None = None
) -> Iterator[tuple[str, float]]:
    """What `reproduce` would do, an experiment a line, and the CPU-hours of training that it is expected to take.

    Args:
        experiments: what would run, in order.
        results: the file of records.
        planned: the models that will have been trained before; those of these experiments are added.
        seeds: as `reproduce` takes them.
    """
    records = recorded(results)
    for experiment in experiments:
        chosen, training = range(seeds or experiment.seeds), experiment.training
        missing = _missing(experiment, chosen, records)
        models = {training.model(seed) for seed in chosen if missing and not training.done(seed)} - planned
        minutes, source = len(models) * training.minutes, training.source
        planned |= models
        if models and source and not source.done(0) and source.model(0) not in planned:
            planned.add(source.model(0))
            minutes += source.minutes
        train = f"train {len(models)} of {len(chosen)} seeds" if models else "trained" if missing else "recorded"
        measure = ", measure " + "; ".join(f"{test.dataset} {test.split}" for test in missing) if missing else ""
        yield f"{training.name}: {train}{measure}", minutes / 60


def _missing(experiment: Experiment, seeds: Sequence[int], records: Sequence[Record]) -> list[TestSet]:
    """The test sets whose figures are not recorded."""
    return [test for test in experiment.tests if not experiment.done(test, seeds, records)]
