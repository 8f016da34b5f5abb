"""Which experiments make which table: what `scripts/reproduce.py TABLE` runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from data_conversion.errors import DataError
from parser.evaluation.recording import mean_over_domains, recorded, store
from parser.evaluation.results import Record
from parser.experiments import transferring
from parser.experiments.data import CONVERTED, OVERNIGHT
from parser.experiments.measuring import BEAM, DETAILS, Experiment, TestSet
from parser.experiments.reasons import record_reasons
from parser.experiments.running import arrange
from parser.experiments.training import Training, experiment_config
from parser.experiments.transferring import ASSISTANT_TRAIN

MAIN = ("main",)
NATURAL = Path("tests/assets/natural/test.jsonl")
"""Compound requests written by hand in SNIPS's ontology."""
COMPOSED = "snips simple requests, composed"


@dataclass(frozen=True)
class Table:
    """What a name on the command line stands for.

    Attributes:
        experiments: gives the experiments.
        finish: adds to the file of records what follows from the others.
        compares: whether it compares ways to train, whose learning curves W&B then shows in one chart.
    """

    experiments: Callable[[], list[Experiment]]
    finish: Callable[[Path], None] = lambda results: None
    compares: bool = False

    def conclude(self, results: Path) -> None:
        """Add to a file of records what follows from them, all in the order of the experiments. Means and intervals are
        sums in that order, so it comes first: whichever was measured first, they are the same."""
        arrange(self.experiments(), results)
        self.finish(results)
        arrange(self.experiments(), results)


# -- trained on train, chosen on dev, measured on test -----------------------------------------------------------------


def own_data(name: str, metric: str, minutes: float, seeds: int = 1) -> list[Experiment]:
    """A parser of a data set, trained from scratch on its own train."""
    training = Training(name, (experiment_config(name),), minutes)
    return [Experiment(training, dev_and_test(training, name, metric), train=name, seeds=seeds, beam=BEAM)]


def dev_and_test(training: Training, dataset: str, metric: str, domain: str | None = None) -> tuple[TestSet, ...]:
    """The data's own dev, for details, and its test, for the main table."""
    return tuple(
        TestSet(training.folder / f"{split}.jsonl", dataset, split, (metric,), tables, domain)
        for split, tables in (("dev", DETAILS), ("test", MAIN))
    )


def overnight() -> list[Experiment]:
    """A parser of each domain, which sees no other."""
    trainings = {domain: transferring.overnight_alone(domain) for domain in OVERNIGHT}
    return [
        Experiment(
            training, dev_and_test(training, "overnight", "exact_match", domain), train="overnight", seeds=3, beam=BEAM
        )
        for domain, training in trainings.items()
    ]


def record_means(results: Path) -> None:
    """The means over Overnight's domains, where a figure is there for every one of them."""
    groups: dict[tuple[object, ...], list[Record]] = {}
    for each in recorded(results):
        if each["domain"] in OVERNIGHT:
            key = each["table"], each["split"], each["metric"], tuple(each["seeds"])
            groups.setdefault(key, []).append(each)
    store(results, [mean_over_domains(group) for group in groups.values() if len(group) == len(OVERNIGHT)])


# -- compounds ---------------------------------------------------------------------------------------------------------

KEPT = Training("snips_compound", (experiment_config("snips_compound"),), 55)
ATIS_COMPOUND = Training("atis_compound", (experiment_config("atis_compound"),), 25)


def compounds() -> list[Experiment]:
    """One pass over the whole request, and a parser of SNIPS's simple requests behind a cut at connectives."""
    simple = Training("snips", (experiment_config("snips"),), 20)
    cut = "snips simple requests; cut at connectives"
    return [
        Experiment(KEPT, compound_tests("main", "compound"), COMPOSED, beam=BEAM),
        Experiment(simple, compound_tests("compound"), cut, beam=BEAM, by_cutting=True),
    ]


def compound_tests(*tables: str) -> tuple[TestSet, ...]:
    """The two test sets that others publish figures of, for these tables; and what tells more, for the table of
    compounds alone."""

    def test(folder: str, split: str, dataset: str, name: str, *tables: str) -> TestSet:
        file = CONVERTED / folder / f"{split}.jsonl"
        return TestSet(file, dataset, name, ("frame_accuracy",), tables)

    return (
        test("mixsnips-test", "test", "mixsnips", "test", *tables),
        test("snips", "test", "snips", "test", *tables),
        test("mixsnips-shuffled", "test", "mixsnips", "test, clauses shuffled", "compound"),
        test("snips-compound", "dev", "snips", "dev, composed", "compound"),
        test("snips", "dev", "snips", "dev", "compound"),
    )


def after_compounds(name: str, minutes: float, compounds: Training) -> list[Experiment]:
    """A parser of a set of compounds on its own train: alone, and after compounds composed of simple requests."""
    (alone,) = own_data(name, "frame_accuracy", minutes)
    training = alone.training.varied("further", "configs/transfer/further.yaml", source=compounds)
    return [alone, replace(alone, training=replace(training, minutes=minutes / 5, transfer="pretraining"))]


def natural() -> list[Experiment]:
    """Parsers of requests joined plainly and composed as people do, on MixSNIPS and on what nobody composed."""
    told = ("exact_match", "frame_accuracy", "intent_accuracy", "slot_f1")
    tests = (
        TestSet(CONVERTED / "mixsnips-test" / "test.jsonl", "mixsnips", "test", ("frame_accuracy",), ("natural",)),
        TestSet(NATURAL, "snips", "hand-written compounds", told, ("natural",), by_id=True),
    )
    joined = Training("snips_joined", (experiment_config("snips_joined"),), 45)
    return [
        Experiment(joined, tests, "snips simple requests, joined", seeds=3, beam=BEAM),
        Experiment(KEPT, tests, COMPOSED, seeds=3, beam=BEAM),
    ]


# -- a pretrained encoder ----------------------------------------------------------------------------------------------


def minilm() -> list[Experiment]:
    """Rows of the main table with a pretrained encoder in the place of the Bi-LSTM, which needs fewer epochs."""

    def training(name: str, minutes: float, epochs: int) -> Training:
        configs = (experiment_config(name), "configs/model/minilm.yaml")
        return Training(f"{name}_minilm", configs, minutes, epochs=epochs)

    own = [
        ("top", "exact_match", training("top", 52, epochs=10)),
        ("atis", "frame_accuracy", training("atis", 14, epochs=15)),
        ("mixsnips", "frame_accuracy", training("mixsnips", 40, epochs=3)),
    ]
    composed = training("snips_compound", 40, epochs=3)
    return [
        *(Experiment(each, dev_and_test(each, name, metric), train=name, beam=BEAM) for name, metric, each in own),
        Experiment(composed, compound_tests("main")[:2], COMPOSED, beam=BEAM),
    ]


# -- ablations ---------------------------------------------------------------------------------------------------------

SYSTEMS = {"top_down": (), "in_order": ("configs/model/in_order.yaml",), "bottom_up": ("configs/model/bottom_up.yaml",)}
STATE_ENCODERS = {"stack_lstm": (), "stack_transformer": ("configs/model/stack_transformer.yaml",)}
COPYING = {"copy": (), "no_copy": ("configs/data/no_copy.yaml",)}


def ablation() -> list[Experiment]:
    """Every transition system with every state encoder, on a quarter of TOP and, with and without copying, on one
    domain of Overnight; measured on dev, which is what one chooses by."""
    quarter = CONVERTED / "top-quarter" / "dev.jsonl"
    restaurants = CONVERTED / "overnight-restaurants" / "dev.jsonl"
    told = (("exact_match",), ("ablation",))
    kept = combined("top_quarter", 8, SYSTEMS, STATE_ENCODERS)
    dropped = combined("overnight", 4, SYSTEMS, STATE_ENCODERS, COPYING)
    return [
        *(Experiment(each, (TestSet(quarter, "top", "dev", *told),), "a quarter of top", seeds=2) for each in kept),
        *(
            Experiment(each, (TestSet(restaurants, "overnight", "dev", *told, "restaurants"),), "overnight", seeds=2)
            for each in dropped
        ),
    ]


def combined(name: str, minutes: float, *choices: dict[str, tuple[str, ...]]) -> Iterator[Training]:
    """An experiment with one of each choice: what its config says first, and others by a further config."""
    for chosen in product(*(choice.items() for choice in choices)):
        further = (config for _, configs in chosen for config in configs)
        yield Training("-".join([name, *(each for each, _ in chosen)]), (experiment_config(name), *further), minutes)


def copying() -> list[Experiment]:
    """With and without copying, on the first 1,000 SNIPS requests."""
    test = TestSet(CONVERTED / "snips-dropped" / "test.jsonl", "snips", "test", tables=("ablation",))
    return [
        Experiment(training, (test,), train="1,000 snips requests", seeds=3)
        for training in combined("snips_copy", 6, COPYING)
    ]


# -- transfer ----------------------------------------------------------------------------------------------------------


def compared(name: str, train: str) -> Callable[[Path], None]:
    """Choices, means and gains of the ways to learn the domains of a folder, and what might explain them."""

    def finish(results: Path) -> None:
        transferring.record_comparisons(results)
        record_reasons(results, name, train)

    return finish


# -- the sample corpus -------------------------------------------------------------------------------------------------


class Quickstart(Training):
    """The model of scripts/quickstart, which keeps its run in one folder."""

    def run(self, seed: int) -> Path:
        """The one run."""
        return Path("runs") / self.name

    def fit(self, seed: int) -> None:
        """Nothing is trained here.

        Raises:
            DataError: always.
        """
        raise DataError("there is no such model yet: run ./scripts/quickstart", file=self.model(seed))


def sample() -> list[Experiment]:
    """The quickstart's parser of the sample corpus."""
    tests = {
        "sample": "test",
        "sample-unseen-templates": "test, unseen templates",
        "sample-compound-only": "test, compounds",
    }
    told = (("exact_match", "exact_match_unseen_values"), ("sample",))
    return [
        Experiment(
            Quickstart("quickstart", (experiment_config("quickstart"),), minutes=0),
            tuple(TestSet(Path("data") / name / "test.jsonl", "sample", split, *told) for name, split in tests.items()),
            train="sample, composed",
        )
    ]


TABLES = {
    "top": Table(lambda: own_data("top", "exact_match", 45)),
    "atis": Table(lambda: own_data("atis", "frame_accuracy", 12, seeds=3)),
    "mixsnips": Table(lambda: after_compounds("mixsnips", 35, KEPT)),
    "snips-compound": Table(compounds),
    "mixatis": Table(lambda: after_compounds("mixatis", 20, ATIS_COMPOUND)),
    "nlmaps": Table(lambda: own_data("nlmaps", "exact_match", 10, seeds=3)),
    "overnight": Table(overnight, record_means),
    "minilm": Table(minilm),
    "ablation": Table(ablation),
    "snips-copy": Table(copying),
    "copy": Table(transferring.copying, transferring.record_copying),
    "overnight-transfer": Table(transferring.overnight_transfer, compared("overnight", "overnight"), compares=True),
    "slu-transfer": Table(transferring.assistant_transfer, compared("assistant", ASSISTANT_TRAIN), compares=True),
    "topv2-low-resource": Table(transferring.low_resource, transferring.record_comparisons, compares=True),
    "multitask": Table(transferring.all_of_topv2, transferring.record_comparisons),
    "natural": Table(natural),
    "sample": Table(sample),
}

SEVERAL = {
    "main": ("top", "atis", "mixsnips", "snips-compound", "mixatis", "nlmaps", "overnight", "minilm"),
}
"""Names that stand for several tables, one after another."""
