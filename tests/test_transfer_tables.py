"""What the tables on transfer compare, choose and show."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_conversion.example import Example
from data_conversion.tree import Node
from parser.evaluation.paired import gain, packed, unpacked
from parser.evaluation.published import Figure
from parser.evaluation.recording import gains, identity, mean_over_domains, record, recorded, store, write
from parser.evaluation.results import side_by_side
from parser.experiments import Experiment, TestSet, reasons, tables, transferring
from parser.experiments.curves import learning_curves
from parser.experiments.data import ASSISTANT, OVERNIGHT, SOURCES, TARGETS
from parser.experiments.running import arrange
from parser.experiments.training import Training

# -- the paired bootstrap ----------------------------------------------------------------------------------------------


@given(st.lists(st.booleans(), min_size=1))
def test_outcomes_come_back_as_they_were_kept(right: list[bool]) -> None:
    assert unpacked([packed(right)]).tolist() == [[float(each) for each in right]]


def outcomes(share: float, number: int = 400, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((2, number)) < share).astype(float)


def test_a_model_gains_nothing_over_itself() -> None:
    same = outcomes(0.6)
    assert gain([(same, same)]) == (0.0, (0.0, 0.0), 0.0, (0.0, 0.0))


def test_an_interval_is_as_wide_as_the_standard_error_says() -> None:
    ours, theirs = outcomes(0.7), outcomes(0.5, seed=1)
    told = gain([(ours, theirs)])
    differences = 100 * (ours.mean(0) - theirs.mean(0))
    assert told.points == pytest.approx(differences.mean())
    half = 1.96 * differences.std() / len(differences) ** 0.5
    assert told.points_interval == pytest.approx((told.points - half, told.points + half), abs=0.15 * half)


def test_gains_are_means_over_domains_whatever_their_sizes() -> None:
    large, small = (np.ones((1, 100)), np.repeat([[1.0, 0.0]], 50, 1)), (np.ones((1, 4)), np.array([[1.0, 0, 0, 0]]))
    told = gain([large, small])
    assert (told.points, told.relative) == (62.5, 200.0)  # of 50 and 75 points, of 100% and 300%
    assert told.points_interval[0] < 62.5 < told.points_interval[1] and told == gain([large, small])


def test_over_nothing_there_is_no_relative_gain() -> None:
    ours, none = outcomes(0.5), np.zeros((2, 400))
    told = gain([(ours, none)])
    assert told.points == pytest.approx(100 * ours.mean()) and np.isnan(told.relative)
    some = np.zeros((1, 4))
    some[0, 0] = 1  # which no utterance of a resample may be
    assert np.isfinite(gain([(np.ones((1, 4)), some)]).relative_interval).all()


# -- choices and gains -------------------------------------------------------------------------------------------------

DOMAINS = ("blocks", "recipes")
OUTCOMES = {25: "4:1", 50: "4:3", 75: "4:7", 100: "4:f"}


def measured(way: str, split: str, figures: dict[str, int], **facts: Any) -> list[Any]:
    """A record a domain, of four utterances."""
    shared: dict[str, Any] = {"table": "overnight-transfer", "dataset": "overnight", "train": "overnight"}
    shared |= {"metric": "exact_match", "seeds": [0], "transfer": way, "split": split, "config": way}
    return [
        record(
            **{**shared, "domain": domain, "values": [float(value)], "outcomes": [OUTCOMES[value]], **facts},
            cpu_s=60.0 + len(domain),  # a model each
            wall_s=120.0,
            hardware="some machine",
        )
        for domain, value in figures.items()
    ]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two domains: dev prefers pretraining for both, on test multitask is better for recipes."""
    file = tmp_path / "overnight-transfer.json"
    for way, dev, test in (
        ("none", (25, 25), (50, 25)),
        ("pretraining", (100, 75), (75, 50)),
        ("multitask", (50, 50), (25, 100)),
        ("both", (25, 25), (100, 100)),  # no way of the article's, and not the choice of dev
        ("multitask, domain found", (100, 100), (25, 25)),
    ):
        for split, values in (("dev", dev), ("test", test)):
            store(file, measured(way, split, dict(zip(DOMAINS, values))))
    store(file, measured("pretraining on messaging", "test", {"recipes": 100}))  # a way of one domain alone
    transferring.record_comparisons(file)
    return file


def figures(file: Path, metric: str = "exact_match") -> dict[tuple[str, str], float]:
    return {
        (each["transfer"], each["domain"]): each["mean"]
        for each in recorded(file)
        if each["metric"] == metric and each["split"] == "test"
    }


def test_dev_chooses_and_test_is_only_shown_beside_it(results: Path) -> None:
    told = figures(results)
    assert [told["chosen on dev", domain] for domain in (*DOMAINS, "mean")] == [75.0, 50.0, 62.5]
    assert [told["better on test", domain] for domain in (*DOMAINS, "mean")] == [75.0, 100.0, 87.5]
    chosen = {each["domain"]: each["chosen"] for each in recorded(results) if each["transfer"] == "better on test"}
    assert (chosen["blocks"], chosen["recipes"], chosen["mean"]) == ("pretraining", "multitask", None)


def test_of_ways_that_dev_finds_equal_the_article_s_first_is_chosen(tmp_path: Path) -> None:
    for way in ("both", "multitask", "pretraining", "none"):
        for split in ("dev", "test"):
            store(tmp_path / "a.json", measured(way, split, {"blocks": 50}))
    transferring.record_comparisons(tmp_path / "a.json")
    chosen = {each["transfer"]: each["chosen"] for each in recorded(tmp_path / "a.json") if each["chosen"]}
    assert chosen["chosen on dev"] == chosen["better on test"] == "pretraining"


def test_a_way_that_one_domain_alone_was_learnt_in_is_a_choice_for_that_domain(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    for way in ("none", "pretraining", "multitask"):
        for split in ("dev", "test"):
            store(file, measured(way, split, {"blocks": 50, "recipes": 50}))
    store(file, measured("both", "dev", {"recipes": 75}) + measured("both", "test", {"recipes": 25}))
    transferring.record_comparisons(file)
    chosen = {each["domain"]: each["chosen"] for each in recorded(file) if each["transfer"] == "chosen on dev"}
    assert (chosen["blocks"], chosen["recipes"]) == ("pretraining", "both")
    told = figures(file)
    assert told["chosen on dev", "recipes"] == 25.0 and ("both", "mean") not in told


def test_gains_are_over_the_parser_of_the_domain_alone(results: Path) -> None:
    points, relative = (figures(results, f"exact_match_gain_{name}") for name in ("points", "relative"))
    assert points == {
        ("pretraining", "mean"): 25.0,
        ("multitask", "mean"): 25.0,
        ("multitask, domain found", "mean"): -12.5,
        ("both", "mean"): 62.5,
        ("chosen on dev", "mean"): 25.0,
        ("better on test", "mean"): 50.0,
    }
    assert relative["better on test", "mean"] == 175.0  # of 50% and 300%
    intervals = {each["transfer"]: each["interval"] for each in recorded(results) if each["metric"].endswith("points")}
    assert intervals["chosen on dev"] and not intervals["better on test"]
    gained = next(each for each in recorded(results) if each["metric"].endswith("points"))
    assert gained["interval"][0] <= gained["mean"] <= gained["interval"][1] and gained["cpu_s"] is None


def test_a_gain_has_no_more_seeds_than_any_figure_behind_it() -> None:
    (three,), (one,) = (measured("none", "test", {"blocks": 50}, seeds=seeds) for seeds in ([0, 1, 2], [0]))
    assert [each["seeds"] for each in gains([(three, three), (three, one)])] == [[0], [0]]


def test_what_domains_do_not_share_is_not_said_of_their_mean() -> None:
    (one,), (other,) = (measured("a", "test", {"blocks": 50}, config=config) for config in ("large", "small"))
    assert mean_over_domains([one, one])["config"] == gains([(one, other)])[0]["config"] == "large"
    assert mean_over_domains([one, other])["config"] is None
    assert [each["config"] for each in gains([(one, one), (other, one)])] == [None, None]


def test_a_gain_over_a_parser_that_reads_nothing_is_in_points_alone() -> None:
    (ours,), (theirs,) = measured("a", "test", {"blocks": 50}), measured("b", "test", {"blocks": 25})
    theirs |= {"mean": 0.0, "values": [0.0], "outcomes": ["4:0"]}
    assert [(each["metric"], each["mean"]) for each in gains([(ours, theirs)])] == [("exact_match_gain_points", 50.0)]


def test_means_are_of_ways_that_all_domains_were_learnt_in(results: Path) -> None:
    told = figures(results)
    assert told["pretraining", "mean"] == 62.5 and ("pretraining on messaging", "mean") not in told
    mean = next(each for each in recorded(results) if (each["transfer"], each["domain"]) == ("pretraining", "mean"))
    assert mean["cpu_s"] == 133.0


def test_comparing_again_changes_nothing(results: Path) -> None:
    before = results.read_bytes()
    transferring.record_comparisons(results)
    assert results.read_bytes() == before


def test_copying_is_compared_in_all_domains_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "copy.json"
    store(file, measured("none", "test", {"blocks": 50, "recipes": 75}, copy=True))
    store(file, measured("none", "test", {"blocks": 25}, copy=False, config="without"))
    transferring.record_copying(file)
    assert ("none", "mean") not in figures(file)
    store(file, measured("none", "test", {"recipes": 50}, copy=False, config="without"))
    first, *others = recorded(file)
    file.write_text(json.dumps([*others, first]))  # domains are paired by name, whatever their order
    transferring.record_copying(file)
    means = {each["copy"]: each["mean"] for each in recorded(file) if each["domain"] == "mean" and not each["interval"]}
    assert means == {True: 62.5, False: 37.5}
    assert figures(file, "exact_match_gain_points") == {("none", "mean"): 25.0}
    assert figures(file, "exact_match_gain_relative") == {("none", "mean"): 75.0}  # of 100% and 50%


def test_ways_stand_side_by_side_with_what_was_published(results: Path) -> None:
    published = [Figure("overnight", "exact_match", 25.1, False, "A", "a.org", "blocks", "pretraining")]
    lines = side_by_side(
        [each for each in recorded(results) if each["split"] == "test"], "transfer", published
    ).splitlines()
    assert lines[0].startswith("| dataset | train | split | metric | transfer: none | transfer: pretraining |")
    blocks, recipes = lines[2:4]
    assert blocks.startswith("| overnight (blocks) | overnight | test | exact match | 50.0 | 75.0 (25.1 [1]) | 25.0 |")
    # multitask, both, domain found, from messaging, chosen, better
    assert recipes.endswith("| 100.0 | 100.0 | 25.0 | 100.0 | 50.0 | 100.0 |")
    assert any("exact match gain points | — | +25.0 [" in line for line in lines)
    training = next(line for line in lines if line.startswith("Training, without a source's: "))
    assert "transfer none (seeds: 1; 2 min), transfer pretraining (seeds: 1; 2 min)," in training
    assert "chosen" not in training and training.endswith("; some machine.")
    assert lines[-1] == "Published: [1] A (a.org)."


def test_what_was_learnt_in_other_ways_makes_a_table_of_its_own(results: Path) -> None:
    told = [each for each in recorded(results) if each["split"] == "test"]
    alone = [{**each, "train": "a quarter"} for each in told if each["transfer"] == "none"]
    first, second, *_ = side_by_side(told + alone, "transfer").split("\n\n")
    assert first == side_by_side(told, "transfer").split("\n\n")[0]
    assert second.splitlines()[0] == "| dataset | train | split | metric | transfer: none |"
    assert {line.split(" | ")[1] for line in second.splitlines()[2:]} == {"a quarter"}


# -- reasons -----------------------------------------------------------------------------------------------------------


def test_what_a_domain_shares_stands_beside_what_it_gains(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def example(domain: str, text: str, *labels: str) -> Example:
        tokens = tuple(text.split())
        return Example("1", domain, text, tokens, Node(labels[0], tuple(Node(each) for each in labels[1:])))

    folders = {
        "overnight-blocks": [example("blocks", "which block", "list", "block"), example("blocks", "stop", "list")],
        "overnight-recipes": [example("recipes", "Which recipe", "list", "recipe")],
    }
    folders["overnight-but-blocks"], folders["overnight-but-recipes"] = reversed(folders.values())
    monkeypatch.setattr(reasons, "_train", folders.__getitem__)
    monkeypatch.setattr(reasons, "CONVERTED", results.parent)
    for name in folders:
        reasons.record_reasons(results, "overnight", "overnight")
        assert not [each for each in recorded(results) if each["table"] == "transfer-reasons"]  # some data is not there
        (results.parent / name).mkdir()
    reasons.record_reasons(results, "overnight", "overnight")
    assert not [each for each in recorded(results) if each["table"] == "transfer-ranks"]  # of two domains
    monkeypatch.setattr(reasons, "ENOUGH", 2)
    reasons.record_reasons(results, "overnight", "overnight")
    told = {(e["domain"], e["metric"]): e["mean"] for e in recorded(results) if e["table"] == "transfer-reasons"}
    assert [told["blocks", each] for each in reasons.Reasons._fields] == [2, 50, pytest.approx(100 / 3)]
    assert [told["recipes", each] for each in reasons.Reasons._fields] == [1, 50, 50]
    assert [told[domain, "gain_of_pretraining"] for domain in DOMAINS] == [25, 25]
    assert [told[domain, "gain_of_multitask"] for domain in DOMAINS] == [-25, 75]
    ranks = {(e["transfer"], e["metric"]): e["mean"] for e in recorded(results) if e["table"] == "transfer-ranks"}
    assert ranks["multitask", "rank_correlation_of_word_overlap_with_gain"] == pytest.approx(1)
    assert ranks["multitask", "rank_correlation_of_size_with_gain"] == pytest.approx(-1)
    assert ranks["multitask", "rank_correlation_of_label_overlap_with_gain"] == 0  # both share half
    lines = side_by_side([e for e in recorded(results) if e["table"] == "transfer-reasons"], "metric").splitlines()
    assert lines[0].startswith("| dataset | train | split | metric: size | metric: label overlap |")
    assert lines[2].startswith("| overnight (blocks) | overnight | test | 2 | 50.0 | 33.3 | +25.0 | -25.0 |")
    assert "seeds" not in lines[-1] and "hardware" not in lines[-1]  # nothing was trained or timed


def test_no_reasons_are_given_before_all_ways_are_measured(tmp_path: Path) -> None:
    store(tmp_path / "a.json", measured("none", "test", {"blocks": 50}) + measured("multitask", "test", {"blocks": 50}))
    reasons.record_reasons(tmp_path / "a.json", "overnight", "overnight")
    assert not [each for each in recorded(tmp_path / "a.json") if each["table"] == "transfer-reasons"]


def test_records_stand_in_the_order_of_the_experiments_however_they_were_made(results: Path) -> None:
    def experiment(way: str, domain: str) -> Experiment:
        tests = (TestSet(Path("a.jsonl"), "overnight", "test", domain=domain),)
        return Experiment(Training(way, (way,), 1, transfer=way), tests, "overnight", named_domains=True)

    experiments = [experiment(way, domain) for domain in reversed(DOMAINS) for way in ("multitask", "none")]
    before = recorded(results)
    arrange(experiments, results)
    after = recorded(results)
    assert [(each["domain"], each["transfer"]) for each in after[:8:2]] == [
        (domain, way) for domain in reversed(DOMAINS) for way in ("multitask", "none")
    ]
    rest = [each for each in before if each not in after[:8]]
    assert after[8:] == rest and rest[-1]["domain"] == "mean"  # what follows from others comes last
    arrange(experiments, tmp := results.parent / "none.json")
    assert not tmp.exists()


def test_means_stand_in_the_order_of_what_was_trained_on(tmp_path: Path) -> None:
    trains = ["10 SPIS", "50 SPIS", "100 SPIS"]
    means = [
        {**each, "domain": "mean", "train": train}
        for train in sorted(trains)
        for each in measured("none", "test", {"blocks": 50})
    ]
    store(tmp_path / "a.json", means)
    tests = (TestSet(Path("a.jsonl"), "topv2", "test", domain="blocks"),)
    arrange([Experiment(Training(each, (each,), 1), tests, each) for each in trains], tmp_path / "a.json")
    assert list(dict.fromkeys(each["train"] for each in recorded(tmp_path / "a.json"))) == trains


@pytest.mark.parametrize(
    "name",
    [
        "overnight-transfer",
        pytest.param("slu-transfer", marks=pytest.mark.slow),
        "copy",
        "topv2-low-resource",
        "multitask",
    ],
)
def test_what_is_recorded_follows_whichever_was_measured_first(name: str, tmp_path: Path) -> None:
    finish = transferring.record_copying if name == "copy" else transferring.record_comparisons
    shipped = recorded(Path(__file__).parent.parent / "results" / f"{name}.json")
    write(file := tmp_path / f"{name}.json", random.Random(0).sample(shipped, len(shipped)))
    replace(tables.TABLES[name], finish=finish).conclude(file)
    made = {identity(each): each for each in recorded(file)}
    assert made.keys() == {identity(each) for each in shipped}
    for each in shipped:
        again = made[identity(each)]
        assert again["mean"] == pytest.approx(each["mean"], nan_ok=True)
        assert (again.get("interval") or []) == pytest.approx(each.get("interval") or [])
        assert again["hardware"] == each["hardware"]


# -- learning curves ---------------------------------------------------------------------------------------------------


def test_learning_curves_are_means_over_the_runs_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    experiments = [
        Experiment(
            Training(f"{way}-{domain}", ("a.yaml",), 1, transfer=way),
            (TestSet(Path("a.jsonl"), "overnight", "test", domain=domain),),
            train,
            seeds=2,
        )
        for train, way, domain in (
            ("overnight", "none", "blocks"),
            ("overnight", "none", "recipes"),
            ("overnight", "pretraining", "blocks"),
            ("overnight", "pretraining", "recipes"),
            ("overnight", "pretraining on messaging", "blocks"),  # of one domain alone
            ("a quarter", "none", "blocks-quarter"),  # not trained
        )
    ]
    for run, curve in (
        ("none-blocks/0", [10, 20, 30]),
        ("none-blocks/1", [30]),
        ("none-recipes/0", [20, 40]),
        ("pretraining-blocks/0", [50]),
        ("pretraining-recipes/1", [70]),
        ("pretraining on messaging-blocks/0", [90]),
    ):
        Path("runs", run).mkdir(parents=True)
        told = {"curve": [{"dev/exact_match": figure} for figure in curve]}
        Path("runs", run, "metrics.json").write_text(json.dumps(told))
    assert learning_curves(experiments) == {
        "overnight": {"none": [20, 30, pytest.approx(100 / 3)], "pretraining": [60]}
    }
    assert learning_curves(experiments, seeds=1)["overnight"]["none"] == [15, 30, 35]


# -- the experiments ---------------------------------------------------------------------------------------------------


def ways(table: str, train: str) -> dict[str, set[str | None]]:
    """The domains that each way is measured on in the table."""
    found: dict[str, set[str | None]] = {}
    for experiment in tables.TABLES[table].experiments():
        for test in experiment.tests:
            if table in test.tables and experiment.train == train:
                found.setdefault(experiment.transfer, set()).add(test.domain)
    return found


def test_every_way_is_measured_on_every_domain() -> None:
    modes = {"none", "pretraining", "multitask", "multitask, domain found"}
    for train, more in (("overnight", set[str]()), ("a quarter of overnight", {"both"})):
        told = ways("overnight-transfer", train)
        assert modes | more <= set(told) and all(told[mode] == set(OVERNIGHT) for mode in modes | more)
    requests = ways("slu-transfer", transferring.ASSISTANT_TRAIN)
    assert requests == {**{mode: set(ASSISTANT) - {"reminder"} for mode in modes}, "both": {"event", "music"}}
    assert ways("topv2-low-resource", "topv2, 25 SPIS").keys() == {"none", "pretraining"}


def test_a_source_has_never_seen_the_domain_that_goes_on_from_it() -> None:
    checked = 0
    assert not {*SOURCES} & {*TARGETS}
    for table in ("overnight-transfer", "slu-transfer", "topv2-low-resource"):
        for experiment in tables.TABLES[table].experiments():
            training = experiment.training
            if training.transfer == "pretraining" and training.source is not None:
                domain = experiment.tests[0].domain
                told = str(training.source.folder.name)
                assert told.endswith((f"-but-{domain}", "-sources")), training
                checked += 1
    assert checked == 16 + 4 + 2


def test_a_multitask_parser_is_told_the_domain_and_finds_it() -> None:
    training = Training("all", ("a.yaml",), 1, transfer="multitask")
    told, found = transferring.measured(training, (), "overnight")
    assert (told.named_domains, told.transfer) == (True, "multitask")
    assert (found.named_domains, found.transfer) == (False, "multitask, domain found")


def test_a_run_of_over_twenty_minutes_is_made_once() -> None:
    for name in ("overnight-transfer", "topv2-low-resource"):
        for experiment in tables.TABLES[name].experiments():
            if "no_attention" not in experiment.training.name:
                assert (experiment.seeds == 1) == (experiment.training.minutes > 20)
    seeds = {each.tests[0].domain: each.seeds for each in transferring.copying()}
    assert seeds == {"weather": 1, "reminder": 1, "messaging": 1, "event": 3, "music": 3}
