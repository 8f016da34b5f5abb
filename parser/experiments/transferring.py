"""The tables on transfer: what one domain taught, carried over to the next.

After Damonte, Goel and Chung (NAACL 2019). Each domain is learnt alone; by going on from a parser of the others
(pretraining); by one parser of all, with output layers of each one's own (multitask); or by going on from that one
(both). Dev chooses a way for each domain; beside it stands what the article reports: the better of pretraining and
multitask on test.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from parser.evaluation.recording import gains, mean_over_domains, recorded, store
from parser.evaluation.results import Record
from parser.experiments.data import ASSISTANT, CONVERTED, OVERNIGHT, SOURCES, SPIS, TARGETS
from parser.experiments.measuring import BEAM, DETAILS, Experiment, TestSet
from parser.experiments.training import Training, experiment_config

LONG = 20
"""CPU-minutes over which a run is made with one seed."""
Ways = Mapping[str, Mapping[str, Record]]
"""Records by way and domain."""
ALONE, CHOSEN, BEST = "none", "chosen on dev", "better on test"
_OF_THE_ARTICLE = ("pretraining", "multitask")
"""The ways of which the article takes the better one."""
_CHOICES = (*_OF_THE_ARTICLE, "both")
"""The ways of transfer among which dev chooses; of equals the first."""
_PRETRAINING = "configs/transfer/pretraining.yaml"
_MULTITASK, _MULTITASK_LABELS = "configs/transfer/multitask.yaml", "configs/transfer/multitask_labels.yaml"
"""Questions share their labels, requests do not."""
CARRIED_OVER = 25
"""The SPIS of the samples that are learnt after other domains too."""
ASSISTANT_TRAIN = "topv2, event and music sampled"
"""What the records of `ASSISTANT` were trained on."""


# -- ways to learn a domain --------------------------------------------------------------------------------------------


def alone(name: str, config: str, minutes: float) -> Training:
    """A parser of the folder of this name and nothing else."""
    return Training(name.replace("-", "_"), (experiment_config(config),), minutes, data=CONVERTED / name)


def going_on(training: Training, source: Training, way: str = "pretraining", **facts: Any) -> Training:
    """The same training from the weights of another parser; the facts are attributes that differ besides."""
    return training.varied(way.replace(" ", "_"), _PRETRAINING, source=source, transfer=way, **facts)


def together(name: str, config: str, minutes: float, multitask: str) -> Training:
    """One parser of all domains of the folder of this name."""
    return alone(name, config, minutes).varied("multitask", multitask, transfer="multitask")


def measured(training: Training, tests: tuple[TestSet, ...], train: str, seeds: int = 3) -> list[Experiment]:
    """A training on these test sets, with so many seeds, or one where a run is `LONG`; of a multitask parser twice: as
    it is told the domain of each utterance, and as it finds it out."""
    told = (True, False) if training.multitask else (False,)
    seeds = 1 if training.minutes > LONG else seeds
    return [Experiment(training, tests, train, seeds=seeds, beam=BEAM, named_domains=named) for named in told]


def tests_of(folder: str, dataset: str, domain: str, table: str, *, dedup: str | None = None) -> tuple[TestSet, ...]:
    """The dev of a domain, by which ways are chosen, its test, and its test without what stands in train."""

    def test(folder: str, split: str, name: str, *tables: str) -> TestSet:
        file = CONVERTED / folder / f"{split}.jsonl"
        return TestSet(file, dataset, name, tables=tables, domain=domain, paired=True)

    tests = test(folder, "dev", "dev", *DETAILS), test(folder, "test", "test", table)
    return (*tests, test(dedup, "test", "test, de-duplicated", table)) if dedup else tests


# -- questions: Overnight ----------------------------------------------------------------------------------------------


HALF: dict[str, Any] = {"epochs": 25, "minutes": 2.5}
"""Half the epochs suffice on dev after other questions and with all of a domain's examples; not with a quarter of them,
not for requests and not across tasks."""


def overnight_alone(domain: str, part: str = "", config: str = "overnight") -> Training:
    """A parser of one domain, or of a part of it."""
    return alone(f"overnight{part}-{domain}", config, 2 if part else 5)


def overnight_transfer() -> list[Experiment]:
    """Every way, with all of train and with a quarter of it; both in sequence only where examples are few."""
    table, made = "overnight-transfer", list[Experiment]()
    for part, train in (("", "overnight"), ("-quarter", "a quarter of overnight")):
        multitask = together(f"overnight{part}", "overnight", 19 if part else 35, _MULTITASK)
        for domain in OVERNIGHT:
            own = overnight_alone(domain, part)
            # from scratch a quarter wants smaller batches; what goes on gains nothing by them on dev
            scratch = overnight_alone(domain, part, "overnight_quarter") if part else own
            others = alone(f"overnight-but-{domain}", "overnight_sources", 15)
            tests = tests_of(f"overnight{part}-{domain}", "overnight", domain, table)
            both = [going_on(own, multitask, "both")] if part else []
            pretraining = going_on(own, others, **({} if part else HALF))
            for way in (scratch, pretraining, multitask, *both):
                made += measured(way, tests, train)
    return [*made, *_without_attention(table), *_across_tasks(table)]


def _without_attention(table: str) -> Iterator[Experiment]:
    """As the article's parser of these domains is."""
    for domain in OVERNIGHT:
        training = overnight_alone(domain).varied("no_attention", "configs/model/no_attention.yaml")
        tests = tests_of(f"overnight-{domain}", "overnight", domain, table)
        yield Experiment(training, tests, "overnight, no attention", beam=BEAM)


def _across_tasks(table: str) -> Iterator[Experiment]:
    """From a parser of requests to a parser of questions, for two of the smaller domains."""
    for domain in ("calendar", "recipes"):
        source, way = assistant_alone("messaging"), "pretraining on messaging"
        training = going_on(overnight_alone(domain), source, way)
        yield from measured(training, tests_of(f"overnight-{domain}", "overnight", domain, table), "overnight")


# -- requests: domains of an assistant ---------------------------------------------------------------------------------


def assistant_alone(domain: str) -> Training:
    """A parser of one domain."""
    small = ASSISTANT[domain] is not None
    minutes = {"weather": 18, "reminder": 15, "messaging": 9}.get(domain, 2)
    return alone(f"assistant-{domain}", "assistant_small" if small else "assistant", minutes)


def assistant_transfer() -> list[Experiment]:
    """Every way for four domains; both in sequence only where examples are few. The fifth domain, as in the article,
    only helps."""
    multitask, made = together("assistant", "assistant", 35, _MULTITASK_LABELS), list[Experiment]()
    for domain, size in ASSISTANT.items():
        if domain != "reminder":
            own, others = assistant_alone(domain), alone(f"assistant-but-{domain}", "assistant_sources", 15)
            tests = _assistant_tests(domain, "slu-transfer")
            both = [going_on(own, multitask, "both")] if size else []
            for way in (own, going_on(own, others), multitask, *both):
                made += measured(way, tests, ASSISTANT_TRAIN, _assistant_seeds(domain))
    return made


def copying() -> list[Experiment]:
    """Each domain of an assistant with and without copying."""
    made = list[Experiment]()
    for domain in ASSISTANT:
        own = assistant_alone(domain)
        for training in (own, own.varied("no_copy", "configs/data/no_copy.yaml")):
            made += measured(training, _assistant_tests(domain, "copy"), ASSISTANT_TRAIN, _assistant_seeds(domain))
    return made


def _assistant_seeds(domain: str) -> int:
    """One seed of a large domain: with three the tables on transfer would take over 20 CPU-hours."""
    return 3 if ASSISTANT[domain] else 1


def _assistant_tests(domain: str, table: str) -> tuple[TestSet, ...]:
    return tests_of(f"assistant-{domain}", "topv2", domain, table, dedup=f"assistant-dedup-{domain}")


# -- requests: few examples --------------------------------------------------------------------------------------------


def low_resource() -> list[Experiment]:
    """TOPv2's samples of two domains, alone and, those of `CARRIED_OVER`, after its other six."""
    sources, made = alone("topv2-canonical-sources", "topv2_sources", 45), list[Experiment]()
    for target in TARGETS:
        for spis in SPIS:
            name = f"topv2-canonical-{target}-{spis}spis"
            own = alone(name, "topv2_spis" if spis < 100 else "topv2_many_spis", 1 + spis / 25)
            dev, _ = tests_of(name, "topv2", target, "topv2-low-resource")
            _, test = tests_of(f"topv2-canonical-{target}", "topv2", target, "topv2-low-resource")
            for way in (own, going_on(own, sources)) if spis == CARRIED_OVER else (own,):
                made += measured(way, (dev, test), f"topv2, {spis} SPIS")
    return made


def all_of_topv2() -> list[Experiment]:
    """One parser for all eight domains of TOPv2."""
    multitask = together("topv2", "topv2", 30, _MULTITASK_LABELS)
    return [
        experiment
        for domain in (*SOURCES, *TARGETS)
        for experiment in measured(multitask, tests_of(f"topv2-{domain}", "topv2", domain, "multitask")[1:], "topv2")
    ]


# -- what the ways are worth -------------------------------------------------------------------------------------------


def record_comparisons(results: Path) -> None:
    """For each domain the way that dev chooses and the one that is best on test; and over domains means and gains."""
    for test, dev in _test_sets(results):
        store(results, list(_compared(test, dev)))


def record_copying(results: Path) -> None:
    """What copying adds, as means over domains."""
    for test, _ in _test_sets(results):
        with_copy, without = ({each["domain"]: each for each in test if each["copy"] is copy} for copy in (True, False))
        if with_copy and with_copy.keys() == without.keys():
            means = [mean_over_domains(list(of_domains.values())) for of_domains in (with_copy, without)]
            store(results, [*means, *gains([(each, without[domain]) for domain, each in with_copy.items()])])


def _test_sets(results: Path) -> Iterator[tuple[list[Record], list[Record]]]:
    """The measured figures of each test set, and those of its dev: of all domains and ways."""
    records = [each for each in recorded(results) if each.get("outcomes") and each["transfer"] not in (CHOSEN, BEST)]
    for train, split in dict.fromkeys((each["train"], each["split"]) for each in records):
        if split != "dev":
            of_train = [each for each in records if each["train"] == train]
            test, dev = ([each for each in of_train if each["split"] == name] for name in (split, "dev"))
            yield test, dev


def _ways(records: Sequence[Record]) -> dict[str, dict[str, Record]]:
    """The records of each way by domain."""
    ways: dict[str, dict[str, Record]] = {}
    for each in records:
        ways.setdefault(each["transfer"], {})[each["domain"]] = each
    return ways


def _whole(ways: Ways) -> dict[str, dict[str, Record]]:
    """Those ways that all domains have been learnt in."""
    domains = set().union(*ways.values())
    return {way: dict(told) for way, told in ways.items() if set(told) == domains}


def _compared(test: Sequence[Record], dev: Sequence[Record]) -> Iterator[Record]:
    """Records of the choices, of the means and of the gains."""
    ways, on_dev = _ways(test), _ways(dev)
    whole = _whole(ways)
    if {ALONE, *_OF_THE_ARTICLE} <= set(whole) and set(_OF_THE_ARTICLE) <= set(_whole(on_dev)):
        for name, by, among in ((CHOSEN, on_dev, _CHOICES), (BEST, ways, _OF_THE_ARTICLE)):
            whole[name] = {domain: _chosen(name, domain, among, by, ways) for domain in ways[ALONE]}
            yield from whole[name].values()
    for way, told in whole.items():
        yield mean_over_domains(list(told.values()))
        if way != ALONE and ALONE in whole:
            told_of = gains([(each, whole[ALONE][domain]) for domain, each in told.items()])
            # other utterances would choose other ways than those of `BEST`: it has no interval
            yield from ({**each, "interval": None} if way == BEST else each for each in told_of)


def _chosen(name: str, domain: str, choices: Collection[str], by: Ways, ways: Ways) -> Record:
    """The record of the way that is best by some figures, of those that the domain has; the first of equals."""
    learnt = [way for way in choices if all(domain in told.get(way, {}) for told in (by, ways))]
    way = max(learnt, key=lambda way: by[way][domain]["mean"])
    return {**ways[way][domain], "transfer": name, "chosen": way, "config": None}
