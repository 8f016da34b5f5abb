"""The experiments on a tiny set of our own: what they record, what they skip, and what they compare with."""

from __future__ import annotations

import importlib.util
import json
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from model_folder import MODEL_CONFIG, examples, ontology, save_model

from data_conversion import formalisms
from data_conversion.clause_order import shuffled, with_clauses_in_order
from data_conversion.convert import convert
from data_conversion.errors import DataError
from data_conversion.example import Example, read_examples, write_examples
from data_conversion.frames import tags_of
from data_conversion.ontology import Ontology
from data_conversion.releases import SPLITS
from data_conversion.tree import Leaf, Node
from parser import SemanticParser
from parser.cli import main
from parser.commands import one_line_errors
from parser.evaluation.by_cutting import parse_by_cutting
from parser.evaluation.paired import unpacked
from parser.evaluation.recording import identity, mean_over_domains, record, recorded, store
from parser.evaluation.results import KEYS, OPTIONAL
from parser.experiments import Experiment, TestSet, Training, data, making, plan, reproduce, tables, training
from parser.locking import locked
from parser.training.callbacks import RunRecorder

ROOT = Path(__file__).parent.parent

MIX = """play O
folk B-Genre
music B-Mediatype
PlayMusicIntent

pause O
the O
music O
and O
then O
play O
folk B-Genre
music I-Genre
PauseMusicIntent#PlayMusicIntent

turn O
the O
lamp B-Device
off O
and O
pause O
the O
music O
and O
then O
play O
jazz B-Genre
TurnOffIntent#PauseMusicIntent#PlayMusicIntent
"""


ALL_KEYS = {*KEYS, *OPTIONAL}


def script(name: str) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec and spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


# -- shuffled clauses --------------------------------------------------------------------------------------------------


@pytest.fixture
def compounds(tmp_path: Path) -> list[Example]:
    (tmp_path / "mix").mkdir()
    (tmp_path / "mix" / "test.txt").write_text(MIX)
    convert(tmp_path / "mix", tmp_path / "kept", reader="mix", words="keep", strict=True)
    return list(read_examples(tmp_path / "kept" / "test.jsonl", Ontology.load(tmp_path / "kept" / "ontology.json")))


def test_clauses_in_another_order_bring_their_tags_along(compounds: list[Example]) -> None:
    turned = with_clauses_in_order(compounds[2], [2, 0, 1])
    assert turned.utterance == "play jazz and turn the lamp off and then pause the music"
    assert tags_of(turned) == "O B-Genre O O O B-Device O O O O O O".split()
    assert turned.tokens == tuple(turned.utterance.split()) and turned.words_kept


def test_every_shuffle_keeps_clauses_connectives_and_values(compounds: list[Example]) -> None:
    orders = set()
    for seed in range(20):
        for example in compounds:
            turned = shuffled(example, Random(seed))
            assert sorted(turned.tokens) == sorted(example.tokens)
            assert labelled(turned) == labelled(example)
            assert connectives(turned) == connectives(example)
            orders.add(turned.utterance)
    assert len(orders) == 1 + 2 + 6


def connectives(example: Example) -> list[str]:
    return [child.text for child in example.tree.children if isinstance(child, Leaf)]


def labelled(example: Example) -> list[tuple[str, str]]:
    """The words with their tags, in no order."""
    return sorted(zip(example.tokens, tags_of(example), strict=True))


def test_a_tree_without_its_words_cannot_be_shuffled() -> None:
    tree = Node("and", (Node("PauseMusicIntent"), Node("PlayMusicIntent", (Node("Genre", (Leaf("jazz", 4),)),))))
    with pytest.raises(DataError, match="--words keep"):
        shuffled(Example("1", "", "pause it and play jazz", tuple("pause it and play jazz".split()), tree), Random(0))


def test_gold_of_the_mix_test_comes_from_the_test_file_alone(tmp_path: Path) -> None:
    (tmp_path / "mixsnips").mkdir()
    (tmp_path / "mixsnips" / "test.txt").write_text(MIX)
    (tmp_path / "mixsnips" / "train.txt").write_bytes(b"\xff not to be read")
    making.convert_test_alone(tmp_path / "mixsnips" / "test.txt", tmp_path / "out", "mix")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"test.jsonl", "ontology.json", "rejects.jsonl"}
    assert len((tmp_path / "out" / "test.jsonl").read_text().splitlines()) == 3


# -- the baseline that cuts --------------------------------------------------------------------------------------------


class OneSlotParser:
    """Knows that the last word of a piece is its value; has no answer to `hm`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def __call__(self, rows: Sequence[tuple[str, tuple[str, ...]]]) -> list[Node | None]:
        self.asked += rows
        return [self.tree(tokens) if tokens != ("hm",) else None for _, tokens in rows]

    @staticmethod
    def tree(tokens: tuple[str, ...]) -> Node:
        *words, last = (Leaf(token, position) for position, token in enumerate(tokens))
        return Node("PlayIntent", (*words, Node("Value", (last,))))


def utterance(text: str) -> Example:
    return Example("1", "", text, tuple(text.split()), Node("PlayIntent"))


def test_cut_pieces_are_parsed_and_joined_in_place() -> None:
    double = OneSlotParser()
    examples = [utterance("play jazz and then stop the music"), utterance("play folk"), utterance("hm and hm")]
    trees = parse_by_cutting(examples, double, words_kept=True)
    assert [text for text, _ in double.asked] == ["play jazz", "stop the music", "play folk", "hm", "hm"]
    first, second, third = trees
    assert first is not None and first.label == "and" and second is not None and third is None
    assert [leaf.position for leaf in first.leaves()] == list(range(7))
    assert formalisms.load("bracket").write(second) == "(PlayIntent(play)(Value(folk)))"


def test_without_the_words_connectives_are_in_no_tree() -> None:
    (tree,) = parse_by_cutting([utterance("play jazz and hm")], OneSlotParser())
    assert tree is not None and [leaf.position for leaf in tree.leaves()] == [0, 1]
    assert tree.label == "PlayIntent"


# -- records -----------------------------------------------------------------------------------------------------------


def test_a_record_says_everything_or_nothing() -> None:
    facts: dict[str, Any] = {"table": "t", "dataset": "d", "train": "d", "split": "dev", "metric": "m"}
    assert set(record(**facts, values=[1.0])) == ALL_KEYS
    with pytest.raises(TypeError, match="speed"):
        record(**facts, values=[1.0], speed=3)
    with pytest.raises(TypeError, match="dataset"):
        record(**{**facts, "dataset": None}, values=[1.0])


def test_a_record_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    facts: dict[str, Any] = {"table": "t", "dataset": "d", "train": "d", "split": "dev", "metric": "m"}
    store(tmp_path / "r.json", [record(**facts, values=[1.0]), record(**{**facts, "split": "test"}, values=[2.0])])
    store(tmp_path / "r.json", [record(**facts, values=[3.0, 5.0], seeds=[0, 1])])
    assert [each["mean"] for each in recorded(tmp_path / "r.json")] == [4.0, 2.0]


# -- experiments -------------------------------------------------------------------------------------------------------


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compounds: list[Example]) -> list[list[str]]:
    """A working folder where `semparse fit` and `export` only pretend; gives the commands that were called."""
    monkeypatch.chdir(tmp_path)
    calls: list[list[str]] = []
    model = save_model(tmp_path / "made")
    figures = {"params": 7, "wall_s": 60.0, "cpu_s": 30.0, "curve": [{"train/utt_s": 100.0}, {"train/utt_s": 300.0}]}

    def pretend(command: Sequence[str], lock: int) -> None:
        calls.append(list(command))
        if command[1] == "fit":
            run = Path(command[command.index("--run") + 1])
            run.mkdir(parents=True, exist_ok=True)
            (run / "metrics.json").write_text(json.dumps(figures))
        else:
            shutil.copytree(model, command[3])

    monkeypatch.setattr(training, "call", pretend)
    return calls


def tiny(by_cutting: bool = False, by_id: bool = False, seeds: int = 1) -> Experiment:
    test = TestSet(Path("kept/test.jsonl"), "mixsnips", "test", ("frame_accuracy",), ("main", "compound"), by_id=by_id)
    trained = Training("tiny", ("tiny.yaml",), 30, data=Path("kept"))
    return Experiment(trained, (test,), "simple", seeds, by_cutting=by_cutting)


def run(experiment: Experiment, seeds: int | None = None) -> tuple[list[Any], list[str]]:
    said: list[str] = []
    results = Path("results/tiny.json")

    def prepare(folder: Path) -> None:
        said.append(f"data {folder}")

    reproduce([experiment], results, command="c", prepare=prepare, say=said.append, seeds=seeds)
    return list(recorded(results)), said


def test_an_experiment_trains_measures_and_records(house: list[list[str]]) -> None:
    records, _ = run(tiny(seeds=2))
    assert [command[:2] for command in house] == [["semparse", "fit"], ["semparse", "export"]] * 2
    assert house[0][2:6] == ["--config", "tiny.yaml", "--data.path", "kept"]
    assert Path("models/tiny/config.yaml").is_file() and Path("models/tiny-1/config.yaml").is_file()
    assert all(set(each) == ALL_KEYS for each in records) and len(set(map(identity, records))) == len(records)
    frames = [each for each in records if each["metric"] == "frame_accuracy"]
    assert {(each["table"], each["split"]) for each in frames} == {
        ("main", "test"),
        ("compound", "test"),
        ("details", "test, 1 clause"),
        ("details", "test, 2 clauses"),
        ("details", "test, 3 clauses"),
    }
    first = frames[0]
    assert (first["params"], first["wall_s"], first["cpu_s"], first["train_utt_s"]) == (7, 60.0, 30.0, 200.0)
    assert (first["seeds"], len(first["values"]), first["transfer"]) == ([0, 1], 2, "none")
    assert (first["words"], first["config"]) == ("keep", "tiny.yaml")
    assert first["parse_utt_s"] > 0 and first["hardware"].endswith("1 thread")


def test_what_a_record_says_of_the_blocks_is_read_from_the_model(house: list[list[str]]) -> None:
    first, *_ = run(tiny())[0]
    blocks = {key: first[key] for key in ("system", "state_encoder", "copy", "pretrained")}
    assert blocks == {"system": "top-down", "state_encoder": "stack-lstm", "copy": True, "pretrained": None}


def test_what_ids_say_is_measured_apart(
    house: list[list[str]], compounds: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    named = [replace(each, id=name) for each, name in zip(compounds, ("gapping-1", "bare-1", "gapping-2"), strict=True)]
    known = Ontology.load("kept/ontology.json")
    write_examples(Path("kept/test.jsonl"), named, known)
    answers = [SimpleNamespace(tree=tree, domain=None) for tree in (named[0].tree, named[1].tree, None)]
    encoder = {"class_path": "parser.encoders.pretrained.Pretrained", "init_args": {"name": "some-encoder"}}
    model = SimpleNamespace(
        values=frozenset(), vocabulary={"copy": True}, model_config={**MODEL_CONFIG, "encoder": encoder}
    )
    double = SimpleNamespace(
        ontology=known, model=model, domains=[], parse_tokenized=lambda rows, beam, domain: answers
    )
    monkeypatch.setattr(SemanticParser, "from_pretrained", lambda path: double)
    records, _ = run(tiny(by_id=True))
    means = {(each["split"], each["table"]): each["mean"] for each in records if each["metric"] == "exact_match"}
    assert means["test, gapping", "details"] == 50 and means["test, bare", "details"] == 100
    assert {each["pretrained"] for each in records} == {"some-encoder"}


def test_a_paired_test_set_keeps_which_examples_were_read_right(house: list[list[str]]) -> None:
    trained, test = tiny().training, replace(tiny().tests[0], paired=True, headline=("exact_match",))
    records, _ = run(Experiment(trained, (test,), "simple", seeds=2))
    told = [each for each in records if each["outcomes"]]
    assert {(each["metric"], each["split"]) for each in told} == {("exact_match", "test")}
    assert [unpacked([bits]).mean() * 100 for bits in told[0]["outcomes"]] == pytest.approx(told[0]["values"])


@pytest.mark.parametrize("by_cutting", [False, True])
def test_what_is_done_is_not_done_again(house: list[list[str]], by_cutting: bool) -> None:
    records, said = run(tiny(by_cutting))
    assert said[0] == "data kept" and len(house) == 2
    again, said = run(tiny(by_cutting))
    assert again == records and said == ["recorded in results/tiny.json: tiny"] and len(house) == 2
    Path("results/tiny.json").unlink()
    _, said = run(tiny(by_cutting))
    assert "trained: models/tiny" in said and len(house) == 2
    run(tiny(by_cutting), seeds=2)
    assert len(house) == 4


def test_a_test_set_that_was_added_is_measured(house: list[list[str]]) -> None:
    run(tiny())
    test = replace(tiny().tests[0], split="test, again")
    both, _ = run(replace(tiny(), tests=(*tiny().tests, test)))
    assert {"test", "test, again"} <= {each["split"] for each in both} and len(house) == 2


def test_records_of_another_config_do_not_count(house: list[list[str]]) -> None:
    run(tiny())
    other = replace(tiny(), training=Training("other", ("tiny.yaml", "b.yaml"), 30, data=Path("kept")))
    records, _ = run(other)
    assert len(house) == 4 and {each["config"] for each in records} == {"tiny.yaml", "tiny.yaml + b.yaml"}


def test_a_killed_training_goes_on_from_its_last_checkpoint(house: list[list[str]]) -> None:
    run_folder = Path("runs/tiny/0")
    run_folder.mkdir(parents=True)
    (run_folder / "config.yaml").touch()  # killed in the first epoch: nothing to go on from
    assert "--ckpt_path" not in tiny().training.command(0)
    tiny().training.fit(0)
    assert not (run_folder / "config.yaml").exists()
    (run_folder / "last.ckpt").touch()
    assert tiny().training.command(0)[-2:] == ["--ckpt_path", "runs/tiny/0/last.ckpt"]


def test_a_training_that_goes_on_from_another_trains_that_one_first_and_once(house: list[list[str]]) -> None:
    source, data = Training("source", ("tiny.yaml",), 12, data=Path("kept")), Path("kept")
    going_on = Training("further", ("tiny.yaml",), 30, data=data, source=source, transfer="pretraining", epochs=2)
    experiment = replace(tiny(seeds=2), training=going_on)
    ((_, hours),) = plan([experiment], Path("results/tiny.json"), set())
    assert hours == pytest.approx((2 * 30 + 12) / 60)
    assert "--trainer.max_epochs" in going_on.command(0) and going_on.config == "tiny.yaml, 2 epochs"
    records, _ = run(experiment)
    fits = [command for command in house if command[1] == "fit"]
    assert [command[command.index("--run") + 1] for command in fits] == [
        "runs/source/0",
        "runs/further/0",
        "runs/further/1",
    ]
    for command in fits[1:]:
        assert command[command.index("--data.source") + 1] == "models/source"
    assert {each["transfer"] for each in records} == {"pretraining"}


def test_what_another_process_trains_is_waited_for(
    house: list[list[str]], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    started = threading.Event()
    pretend = training.call

    def slow(command: Sequence[str], lock: int) -> None:
        started.set()
        time.sleep(0.1)
        pretend(command, lock)

    monkeypatch.setattr(training, "call", slow)
    other = threading.Thread(target=tiny().training.fit, args=(0,))
    other.start()
    started.wait()
    tiny().training.fit(0)
    assert len(house) == 2 and tiny().training.done(0)
    other.join()
    assert "waiting: another process works on runs/tiny/0" in capfd.readouterr().err


def test_the_child_of_a_killed_process_keeps_its_lock(tmp_path: Path) -> None:
    with locked(tmp_path / "run") as lock:
        child = subprocess.Popen(["sleep", "0.3"], pass_fds=(lock,))
    with locked(tmp_path / "run"):  # the parent has let go, the child has not
        assert child.poll() is not None or not child.wait(timeout=0.1)


def test_the_plan_says_what_would_run_and_how_long(house: list[list[str]]) -> None:
    results = Path("results/tiny.json")
    rows = list(plan([tiny(), tiny(by_cutting=True)], results, set(), seeds=2))
    assert rows == [
        ("tiny: train 2 of 2 seeds, measure mixsnips test", 1.0),
        ("tiny: trained, measure mixsnips test", 0.0),  # by the experiment before
    ]
    assert house == [] and not Path("runs").exists()
    run(tiny(), seeds=2)
    assert list(plan([tiny()], results, set(), seeds=2)) == [("tiny: recorded", 0.0)]
    assert [hours for _, hours in plan([tiny()], results, set(), seeds=3)] == [0.5]
    assert [hours for _, hours in plan([tiny()], results, {Path("models/tiny-2")}, seeds=3)] == [0]


# -- tables ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the configs and nothing else."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    return tmp_path


@pytest.mark.parametrize("table", [*tables.TABLES, *tables.SEVERAL])
def test_a_dry_run_of_every_table(table: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert script("reproduce").main([table, "--dry-run"]) == 0
    *rows, total = capsys.readouterr().out.splitlines()
    hours = [float(row.split()[0]) for row in rows]
    assert rows and all("CPU-hours" in row for row in rows)
    assert total.endswith("CPU-hours expected in all") and abs(float(total.split()[0]) - sum(hours)) < 0.01 * len(rows)
    assert [path.name for path in elsewhere.iterdir()] == ["configs"]


@pytest.mark.parametrize("table", tables.TABLES)
def test_what_a_table_needs_is_there_or_can_be_made(table: str, elsewhere: Path) -> None:
    experiments = tables.TABLES[table].experiments()
    for experiment in experiments:
        assert all((ROOT / config).is_file() for config in experiment.training.configs), experiment
        folders = {*experiment.training.folders, *(test.file.parent for test in experiment.tests)}
        ours = {folder for folder in folders if folder.parent == data.CONVERTED}
        assert {folder.name for folder in ours} <= set(data.MAKERS)


def test_one_name_is_one_training_in_all_tables(elsewhere: Path) -> None:
    trainings: dict[str, Training] = {}
    for table in tables.TABLES.values():
        for experiment in table.experiments():
            known = trainings.setdefault(experiment.training.name, experiment.training)
            assert experiment.training == known


def test_the_main_table_has_every_row(elsewhere: Path) -> None:
    rows = {
        (test.dataset, test.domain, experiment.train, metric, "minilm" in experiment.training.config)
        for name in tables.SEVERAL["main"]
        for experiment in tables.TABLES[name].experiments()
        for test in experiment.tests
        for metric in test.headline
        if "main" in test.tables
    }
    frames = "frame_accuracy"
    assert rows == {
        *(("top", None, "top", "exact_match", minilm) for minilm in (True, False)),
        *(("snips", None, tables.COMPOSED, frames, minilm) for minilm in (True, False)),
        *(("atis", None, "atis", frames, minilm) for minilm in (True, False)),
        *(("mixsnips", None, "mixsnips", frames, minilm) for minilm in (True, False)),
        *(("mixsnips", None, tables.COMPOSED, frames, minilm) for minilm in (True, False)),
        ("mixatis", None, "mixatis", frames, False),
        ("nlmaps", None, "nlmaps", "exact_match", False),
        *(("overnight", domain, "overnight", "exact_match", False) for domain in data.OVERNIGHT),
    }


def test_who_learns_from_simple_requests_sees_nothing_of_mixsnips_but_its_test(elsewhere: Path) -> None:
    simple = [each for table in tables.TABLES.values() for each in table.experiments() if "simple" in each.train]
    for experiment in simple:
        folders = {experiment.training.folder.name, *(test.file.parent.name for test in experiment.tests)}
        assert not folders & {"mixsnips", "mixsnips-dropped"}  # these are made of its train and dev too
    assert len(simple) >= 5


def test_the_ablation_joins_every_system_with_every_state_encoder(elsewhere: Path) -> None:
    experiments = tables.ablation()
    assert len({experiment.training.config for experiment in experiments}) == len(experiments) == 6 + 12
    assert all(experiment.seeds >= 2 for experiment in experiments)
    assert {test.split for experiment in experiments for test in experiment.tests} == {"dev"}


def test_the_mean_over_domains_is_taken_seed_by_seed_and_of_all(tmp_path: Path) -> None:
    shared: dict[str, Any] = {"table": "main", "dataset": "overnight", "train": "overnight", "split": "test"}
    shared |= {"metric": "exact_match", "seeds": [0, 1], "params": 100}
    of_domains = [
        record(**shared, domain=domain, values=[number, number + 8], cpu_s=10.0 + number)
        for number, domain in enumerate(data.OVERNIGHT)
    ]
    store(tmp_path / "overnight.json", of_domains[:-1])
    tables.record_means(tmp_path / "overnight.json")
    assert len(recorded(tmp_path / "overnight.json")) == 7  # one is missing: no mean
    store(tmp_path / "overnight.json", of_domains)
    tables.record_means(tmp_path / "overnight.json")
    tables.record_means(tmp_path / "overnight.json")
    *_, mean = recorded(tmp_path / "overnight.json")
    assert (mean["domain"], mean["values"], mean["seeds"]) == ("mean", [3.5, 11.5], [0, 1])
    assert (mean["cpu_s"], mean["params"], mean["wall_s"]) == (108.0, 100, None)
    assert len(recorded(tmp_path / "overnight.json")) == 9


def test_a_model_of_several_domains_costs_what_it_costs() -> None:
    shared: dict[str, Any] = {"table": "main", "dataset": "overnight", "train": "overnight", "split": "test"}
    shared |= {"metric": "exact_match", "values": [50], "wall_s": 20.0, "cpu_s": 10.0}
    mean = mean_over_domains([record(**shared, domain=domain) for domain in data.OVERNIGHT])
    assert (mean["wall_s"], mean["cpu_s"]) == (20.0, 10.0)


def test_the_quickstart_must_have_run(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert script("reproduce").main(["sample"]) == 1
    assert capsys.readouterr().err.endswith("run ./scripts/quickstart\n")


# -- data --------------------------------------------------------------------------------------------------------------

COUNTS = {
    "atis": (4478, 500, 893),
    "mixatis": (13162, 759, 828),
    "nlmaps": (1200, 300, 880),
    "overnight-basketball": (1248, 313, 391),
    "overnight-blocks": (1276, 320, 399),
    "overnight-calendar": (535, 134, 168),
    "overnight-housing": (601, 151, 189),
    "overnight-publications": (512, 128, 161),
    "overnight-recipes": (691, 173, 216),
    "overnight-restaurants": (1060, 265, 332),
    "overnight-socialnetwork": (2828, 707, 884),
    "snips": (13084, 700, 700),
    "snips-dropped": (13084, 700, 700),
    "top-quarter": (7102, 4032, 8241),
}
"""Rows of train, dev and test, as the papers have them; Overnight's train is table 1 of Damonte et al. 2019."""


@pytest.mark.slow
def test_the_folders_hold_as_many_rows_as_the_papers_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMPARSE_DATA", str(data.raw("").absolute()))
    for source in ("snips_bio", "atis_bio", "mixatis", "nlmaps_v1", "overnight", "top"):
        if not data.raw(source).is_dir():
            pytest.skip(f"no real data: SEMPARSE_DATA names no folder with {source}")
    monkeypatch.chdir(tmp_path)
    for name, counts in COUNTS.items():
        folder = data.made(name)
        rows = tuple(len((folder / f"{split}.jsonl").read_text().splitlines()) for split in ("train", "dev", "test"))
        assert rows == counts, name
        assert (folder / "rejects.jsonl").read_text() == ""


def assistant_data(folder: Path, domains: Sequence[str]) -> list[Example]:
    """A data folder of requests: 9 in train and 2 in dev and test for each time that a domain is named; gives train."""
    train = [replace(each, domain=name, id=f"{name}-{n}") for name in domains for n, each in enumerate(examples() * 3)]
    kinds = formalisms.load("bracket").label_kinds
    known = Ontology.learn((each.domain, each.tree, kinds(each.tree)) for each in train)
    dev, test = ([each for n, each in enumerate(train) if n % 9 in some] for some in ((0, 1), (7, 8)))
    for split, some in zip(SPLITS, (train, dev, test)):
        write_examples(folder / f"{split}.jsonl", some, known)
    known.save(folder / "ontology.json")
    return train


def ids(file: Path) -> list[str]:
    return [json.loads(line)["id"] for line in file.read_text().splitlines()]


@pytest.mark.parametrize("content", ["model: {dim: 3}", "a: [", "", "data: top"])
def test_a_config_without_data_is_no_experiment(tmp_path: Path, content: str) -> None:
    config = tmp_path / "tiny.yaml"
    config.write_text(content)
    with pytest.raises(DataError, match="tiny.yaml: this is no experiment: it says no data.path"):
        Training("tiny", (str(config),), 1).folder  # noqa: B018


def test_what_a_run_measured_must_be_readable(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text('{"best"')
    with pytest.raises(DataError, match="metrics.json:8: not JSON"):
        training.training_facts([tmp_path])


@pytest.mark.parametrize("error", [KeyboardInterrupt(), PermissionError(13, "Permission denied", "results/top.json")])
def test_a_script_that_cannot_go_on_says_so_in_one_line(
    error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    @one_line_errors
    def main(argv: list[str]) -> int:
        raise error

    assert main([]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and ("interrupted" in said or "results/top.json" in said)


def test_a_quarter_of_each_domain_is_the_same_each_time_and_in_order(tmp_path: Path) -> None:
    assistant_data(tmp_path / "whole", ["a", "a", "b"])
    for name in ("one", "two"):
        making.quarter(tmp_path / "whole", tmp_path / name)
    assert (tmp_path / "one" / "train.jsonl").read_bytes() == (tmp_path / "two" / "train.jsonl").read_bytes()
    kept, rest = ids(tmp_path / "one" / "train.jsonl"), iter(ids(tmp_path / "whole" / "train.jsonl"))
    assert all(each in rest for each in kept)
    assert Counter(each[0] for each in kept) == {"a": 18 // 4, "b": 9 // 4}
    assert ids(tmp_path / "one" / "dev.jsonl") == ids(tmp_path / "whole" / "dev.jsonl")


def test_a_sampled_domain_has_its_size_and_its_share_of_dev_and_all_of_test(tmp_path: Path) -> None:
    assistant_data(tmp_path / "whole", ["a", "a", "b", "c"])
    making.sampled(tmp_path / "whole", tmp_path / "some", {"a": 9, "b": None})
    sizes = [Counter(each[0] for each in ids(tmp_path / "some" / f"{split}.jsonl")) for split in SPLITS]
    assert sizes == [{"a": 9, "b": 9}, {"a": 2, "b": 2}, {"a": 4, "b": 2}]
    assert list(Ontology.load(tmp_path / "some" / "ontology.json").domains) == ["a", "b"]


def test_a_domain_without_training_data_is_refused(tmp_path: Path) -> None:
    assistant_data(tmp_path / "whole", ["a", "b"])
    with pytest.raises(DataError, match="there are no train examples of 'c': train has a, b"):
        making.of_domains(tmp_path / "whole", tmp_path / "c", ["c"])
    with pytest.raises(DataError, match="there are no train examples of 'c': train has a, b"):
        making.sampled(tmp_path / "whole", tmp_path / "c", {"a": 2, "c": None})
    with pytest.raises(DataError, match="a sample of 90 of 'a': train has 9 examples of it"):
        making.sampled(tmp_path / "whole", tmp_path / "c", {"a": 90})
    assert not (tmp_path / "c").exists()


def test_one_domain_of_several(tmp_path: Path) -> None:
    assistant_data(tmp_path / "whole", ["a", "b"])
    making.of_domains(tmp_path / "whole", tmp_path / "b", ["b"])
    assert ids(tmp_path / "b" / "train.jsonl") == [f"b-{number}" for number in range(9)]
    assert list(Ontology.load(tmp_path / "b" / "ontology.json").domains) == ["b"]
    assert len(ids(tmp_path / "b" / "dev.jsonl")) == 2 and len(ids(tmp_path / "b" / "test.jsonl")) == 2


def test_all_other_domains_hold_nothing_of_the_one(elsewhere: Path) -> None:
    for name, domains in (("overnight", data.OVERNIGHT), ("assistant", tuple(data.ASSISTANT))):
        assistant_data(Path("data/converted", name), domains)
        for domain in domains:
            folder = data.made(f"{name}-but-{domain}")
            for split in SPLITS:
                found = {each.rpartition("-")[0] for each in ids(folder / f"{split}.jsonl")}
                assert found == {*domains} - {domain}
            assert domain not in Ontology.load(folder / "ontology.json").domains


def test_composed_data_of_other_settings_is_refused(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assistant_data(Path("data/converted/snips"), ["a"])
    settings = {"size": 20, "max_clauses": 3, "seed": 0}
    monkeypatch.setitem(data.COMPOSED, "snips-compound", ("snips", settings))
    folder = data.made("snips-compound")
    assert data.made("snips-compound") == folder
    for key, other in (("size", 30), ("seed", 1), ("mixture", "configs/mixture/plain.yaml")):
        monkeypatch.setitem(data.COMPOSED, "snips-compound", ("snips", {**settings, key: other}))
        with pytest.raises(DataError, match=f"snips-compound: this was composed with another {key} .*: delete it"):
            data.made("snips-compound")


def test_raw_data_that_is_not_there_is_named(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMPARSE_DATA", "nowhere")
    with pytest.raises(DataError, match="nowhere/atis_bio: no such raw data: SEMPARSE_DATA names the folder"):
        data.made("atis")
    assert not Path("data/converted/atis").exists()


# -- a real training ---------------------------------------------------------------------------------------------------

CONFIG = """
data: {path: data}
model:
  dim: 16
  encoder:
    class_path: parser.encoders.bilstm.BiLSTM
    init_args: {hidden: 8, layers: 1, word_dim: 8, character_dim: 4}
  state_encoder:
    class_path: parser.state_encoders.stack_lstm.StackLSTM
    init_args: {dim: 16}
trainer: {max_epochs: 1, enable_progress_bar: false}
"""


def test_a_real_training_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    odd = Example("odd", "assistant", "pause ?", ("pause", "?"), Node("PauseMusicIntent"))  # YAML reads `?` as a map
    for split in ("train", "dev"):
        write_examples(tmp_path / "data" / f"{split}.jsonl", [*examples(), odd], ontology())
    ontology().save(tmp_path / "data" / "ontology.json")
    Path("tiny.yaml").write_text(CONFIG)
    Path("more.yaml").write_text("wandb: disabled")
    tried = Training("tiny", ("tiny.yaml", "more.yaml"), 0)
    monkeypatch.setattr(training, "call", lambda command, _: None if main(list(command[1:])) == 0 else pytest.fail())
    tried.fit(0)
    first = json.loads((tried.run(0) / "metrics.json").read_bytes())
    shutil.rmtree(tried.model(0))
    Path("tiny.yaml").write_text(CONFIG.replace("max_epochs: 1", "max_epochs: 2"))
    tried.fit(0)
    second = json.loads((tried.run(0) / "metrics.json").read_bytes())
    assert tried.done(0)
    assert [epoch["epoch"] for epoch in second["curve"]] == [0, 1] and second["curve"][0] == first["curve"][0]


def test_the_time_of_a_resumed_training_adds_up() -> None:
    recorder = RunRecorder("runs/tiny/0")
    recorder.load_state_dict({"curve": [], "spent": (100.0, 50.0)})
    wall_s, cpu_s = recorder.state_dict()["spent"]
    assert wall_s >= 100.0 and cpu_s >= 50.0


# -- speed -------------------------------------------------------------------------------------------------------------


def test_speed_records_and_their_table() -> None:
    benchmark = script("benchmark")
    told = {"utterances": 100, "seconds": 0.5, "utt_s": 200.0, "peak_memory_gib": 0.75, "params": 9}
    phases = dict.fromkeys(benchmark.PHASES, told)
    model = {"system": "in-order", "state_encoder": "stack-lstm", "copy": True, "pretrained": None}
    records = benchmark.records(phases, model)
    assert all(set(each) == ALL_KEYS for each in records) and len(set(map(identity, records))) == 8
    assert all(model.items() <= each.items() for each in records)
    assert [each["metric"] for each in records][:4] == [
        "train_utt_s",
        "peak_memory_gib_train",
        "parse_utt_s_batch64",
        "peak_memory_gib_batch64",
    ]
    lines = benchmark.table(records).splitlines()
    assert len(lines) == 1 + 8 and len(set(map(len, lines))) == 1
    assert lines[1].split() == ["in-order", "train_utt_s", "200.0"]


def test_a_peer_is_measured_by_its_command_and_recorded_under_its_name() -> None:
    benchmark = script("benchmark")
    says = """print('warm'); print('{"utterances": 3, "seconds": 0.5, "params": %s}' % os.environ["OMP_NUM_THREADS"])"""
    command = shlex.join([sys.executable, "-c", f"import os; {says}"])
    peers = [benchmark.peer(f"greedy={metric}={command}") for metric in ("train_utt_s", "parse_utt_s_batch64")]
    beside = [(each, benchmark.measured(each.name, each.command)) for each in peers]
    train, parse = benchmark.peer_records(beside)
    assert set(train) == ALL_KEYS and identity(train) != identity(parse)
    assert (train["system"], train["split"], train["metric"]) == ("greedy", "train", "train_utt_s")
    assert (parse["split"], parse["metric"], parse["mean"], parse["params"]) == ("dev", "parse_utt_s_batch64", 6.0, 1)
    assert (parse["copy"], parse["state_encoder"], parse["config"]) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=parse_utt_s_batch64", "is not NAME=METRIC=COMMAND"),
        ("=train_utt_s=true", "is not NAME=METRIC=COMMAND"),
        ("a=parse=true", "with a METRIC of train_utt_s, parse_utt_s_batch64"),
        ("a=train_utt_s=echo '", "No closing quotation"),
        ("a=train_utt_s=no-such-program", "the peer a cannot be run"),
        ("a=train_utt_s=false", "the peer a failed with exit status 1"),
        ("a=train_utt_s=true", "the peer a must print"),
        ("a=train_utt_s=echo 7", "the peer a must print"),
        ('a=train_utt_s=echo \'{"utterances": 1, "seconds": 0}\'', "the peer a must print"),
    ],
)
def test_a_peer_that_cannot_be_measured_is_told_in_one_line(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark = script("benchmark")
    monkeypatch.setattr(benchmark, "DATA", tmp_path)
    save_model(tmp_path / "model")
    assert benchmark.main(["speed", "--model", str(tmp_path / "model"), "--peer", text]) == 1
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1


def test_conversion_records_and_their_table(monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = script("benchmark")
    monkeypatch.setenv("SEMPARSE_DATA", str(ROOT / "tests" / "assets"))
    once, tenfold = (benchmark.conversion(times) for times in (1, 10))
    assert tenfold["utterances"] == 10 * once["utterances"] > 0
    phases = {
        phase: {**told, "utt_s": 4000.0, "peak_memory_gib": 0.03}
        for phase, told in zip(benchmark.CONVERSIONS, (once, tenfold), strict=True)
    }
    records = benchmark.conversion_records(phases)
    assert all(set(each) == ALL_KEYS for each in records) and len(set(map(identity, records))) == 4
    lines = benchmark.conversion_table(phases).splitlines()
    assert len(lines) == 3 and len(set(map(len, lines))) == 1


def test_a_script_says_in_one_line_what_data_it_lacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    benchmark = script("benchmark")
    monkeypatch.setenv("SEMPARSE_DATA", str(tmp_path))
    assert benchmark.main(["data", "--phase", "convert"]) == 1
    assert capfd.readouterr().err == f"benchmark.py: {tmp_path / 'topv2'}: no such file or folder\n"
