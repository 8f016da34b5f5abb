"""Training from the command line: what a run writes, how it goes on, what it refuses, and what W&B keeps of it."""

from __future__ import annotations

import io
import json
import re
import shutil
import struct
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as lightning
import torch
import yaml
from torch import Tensor, nn
from wandb.proto.wandb_internal_pb2 import Record

from data_conversion.example import Example, write_examples
from data_conversion.formalisms import bracket
from data_conversion.ontology import Ontology
from data_conversion.tree import Leaf, Node
from parser import SemanticParser
from parser.cli import main
from parser.inputs import Inputs
from parser.training import checks
from parser.training.tracking import log_curves
from parser.transitions.actions import Copy
from parser.vocabulary import Vocabulary

EPOCHS = 3


class Embedding(nn.Module):
    """Another encoder, which shares some arguments with the BiLSTM."""

    def __init__(self, vocabulary: Vocabulary, *, size: int = 8, dropout: float = 0.0) -> None:
        super().__init__()
        self.dim = size
        self.words = nn.Embedding(len(vocabulary.words) + 2, size)

    def forward(self, inputs: Inputs) -> Tensor:
        return self.words(inputs.words)


class StopAfter(lightning.Callback):
    """Ends a run early, without a change to the number of its steps, on which the learning rate depends."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        trainer.should_stop = trainer.current_epoch == self.epoch


def request(utterance: str, intent: str, **slots: int) -> Example:
    """A request whose slots are one word each, at these positions, dropping the other words."""
    tokens = tuple(utterance.split())
    children = tuple(Node(slot, (Leaf(tokens[position], position),)) for slot, position in slots.items())
    return Example(utterance, "home", utterance, tokens, Node(intent, children))


REQUESTS = [
    *(request(f"play some {genre} music", "Play", genre=2) for genre in ("folk", "jazz", "punk", "soul")),
    *(
        request(f"put {item} on the {where} list", "Add", item=1, list=4)
        for item, where in [("figs", "fruit"), ("tea", "home")]
    ),
    *(request(f"{verb} the music", "Pause") for verb in ("pause", "stop", "halt")),
    *(request(f"is it ? in {city}", "Weather", city=4) for city in ("rome", "oslo")),  # YAML reads `?` as a key
    request("lights on", "Lights", state=1),
]
SLOTS = ("genre", "item", "list", "city", "state")


def kinds(tree: Node) -> dict[str, Any]:
    return {node.label: "slot" if node.label in SLOTS else "intent" for node in tree.nodes()}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training") / "data"
    ontology = Ontology.learn((example.domain, example.tree, kinds(example.tree)) for example in REQUESTS)
    for split, examples in {"train": REQUESTS, "dev": REQUESTS[::2], "test": REQUESTS[1::4]}.items():
        write_examples(folder / f"{split}.jsonl", examples, ontology)
    ontology.save(folder / "ontology.json")
    return folder


@pytest.fixture(scope="module")
def config(data: Path) -> Path:
    settings = {
        "data": {"path": str(data), "batch_size": 4},
        "model": {
            "dim": 16,
            "encoder": {
                "class_path": "parser.encoders.bilstm.BiLSTM",
                "init_args": {"hidden": 8, "layers": 1, "word_dim": 16, "character_dim": 8, "dropout": 0.1},
            },
            "state_encoder": {
                "class_path": "parser.state_encoders.stack_lstm.StackLSTM",
                "init_args": {"dim": 16},
            },
        },
        "trainer": {"max_epochs": EPOCHS, "log_every_n_steps": 1},
    }
    path = data.parent / "tiny.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


@dataclass(frozen=True)
class Done:
    """How a command ended, what it printed, and its errors."""

    status: int
    out: str
    error: str


def semparse(*arguments: object) -> Done:
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as error:
        status = main([str(argument) for argument in arguments])
    return Done(status, out.getvalue(), error.getvalue())


def fit(config: Path, run: Path, *options: object, wandb: str = "disabled") -> Path:
    done = semparse("fit", "--config", config, "--run", run, "--wandb", wandb, *options)
    assert done.status == 0, done.error
    return run


def refused(*arguments: object, status: int) -> str:
    """The one line that a command is refused with."""
    done = semparse(*arguments)
    assert done.status == status, done.error
    assert re.fullmatch(r"semparse: [^\n]+\n", done.error), done.error
    return done.error


def checkpoint(path: Path) -> dict[str, Any]:
    return torch.load(path, weights_only=True)


WANDB_FOLDERS = ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_CONFIG_DIR")


@dataclass(frozen=True)
class Tracked:
    """A run that W&B tracked offline, what the command printed, and the files that appeared in the home folder."""

    run: Path
    done: Done
    elsewhere: list[Path]


@pytest.fixture(scope="module")
def tracked(config: Path) -> Iterator[Tracked]:
    home = config.parent / "home"
    home.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name in (
            *WANDB_FOLDERS,
            "WANDB_MODE",
            "WANDB_API_KEY",
            "XDG_DATA_HOME",
            "XDG_CACHE_HOME",
            "XDG_CONFIG_HOME",
        ):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(home))
        run = config.parent / "runs" / "tiny" / "0"
        done = semparse("fit", "--config", config, "--run", run)
        yield Tracked(run, done, [file for file in home.rglob("*") if file.is_file()])


# -- a run -------------------------------------------------------------------------------------------------------------


def test_fit_writes_the_run_and_prints_the_export_command_last(tracked: Tracked) -> None:
    assert tracked.done.status == 0, tracked.done.error
    assert {file.name for file in tracked.run.iterdir()} == {
        "config.yaml",
        "best.ckpt",
        "last.ckpt",
        "metrics.json",
        "wandb",
    }
    assert tracked.done.out.splitlines() == [f"semparse export {tracked.run} models/tiny"]
    metrics = json.loads((tracked.run / "metrics.json").read_bytes())
    assert [epoch["epoch"] for epoch in metrics["curve"]] == list(range(EPOCHS))
    best = metrics["best"]
    assert best in metrics["curve"] and metrics["params"] > 0
    told = f"best.ckpt is of epoch {best['epoch']}: dev/exact_match {best['dev/exact_match']:.1f}\n"
    assert tracked.done.error == told
    assert all(epoch["train/utt_s"] > 0 and epoch["dev/parse_utt_s"] > 0 for epoch in metrics["curve"])


def test_a_folder_with_a_run_is_refused_without_a_checkpoint(tracked: Tracked, config: Path) -> None:
    error = refused("fit", "--config", config, "--run", tracked.run, status=1)
    assert f"{tracked.run}: the run folder is not empty: resume with --ckpt_path {tracked.run}/last.ckpt" in error


def test_checkpoints_hold_no_code(tracked: Tracked) -> None:
    for name in ("best.ckpt", "last.ckpt"):
        assert checkpoint(tracked.run / name)["semparse"]["train_examples"] == len(REQUESTS)


def test_the_exported_model_parses(tracked: Tracked, tmp_path: Path) -> None:
    assert semparse("export", tracked.run, tmp_path / "model").status == 0
    nlu = SemanticParser.from_pretrained(tmp_path / "model")
    network = nlu.model.network()
    weights = checkpoint(tracked.run / "best.ckpt")["state_dict"]
    assert all(torch.equal(weights[f"network.{name}"], value) for name, value in network.state_dict().items())
    assert nlu.parse("play some folk music").tree is not None


def test_a_resumed_run_ends_with_the_same_weights(config: Path, tmp_path: Path) -> None:
    whole = fit(config, tmp_path / "whole", "--trainer.max_epochs", 4)
    stop = tmp_path / "stop.yaml"
    stop.write_text("trainer: {callbacks: [{class_path: test_training.StopAfter, init_args: {epoch: 1}}]}")
    half = fit(config, tmp_path / "half", "--config", stop, "--trainer.max_epochs", 4)
    assert checkpoint(half / "last.ckpt")["epoch"] == 1
    fit(config, half, "--trainer.max_epochs", 4, "--ckpt_path", half / "last.ckpt")
    expected, found = checkpoint(whole / "last.ckpt"), checkpoint(half / "last.ckpt")
    assert found["global_step"] == expected["global_step"]
    assert all(torch.equal(value, found["state_dict"][name]) for name, value in expected["state_dict"].items())
    curves = [json.loads((run / "metrics.json").read_bytes())["curve"] for run in (whole, half)]
    assert [epoch["dev/exact_match"] for epoch in curves[0]] == [epoch["dev/exact_match"] for epoch in curves[1]]


def test_early_stopping_and_the_best_checkpoint_follow_exact_match(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = iter([10.0, 50.0, 50.0, 40.0, 30.0, 20.0])
    losses = iter([6.0, 5.0, 4.0, 3.0, 2.0, 1.0])
    monkeypatch.setattr(
        "parser.training.module.evaluate", lambda *_, **__: {"exact_match": next(scripted), "semer": next(losses)}
    )
    run = fit(config, tmp_path / "run", "--trainer.max_epochs", 6, "--early_stopping.patience", 2)
    assert checkpoint(run / "best.ckpt")["epoch"] == 1
    assert checkpoint(run / "last.ckpt")["epoch"] == 3
    assert json.loads((run / "metrics.json").read_bytes())["best"]["epoch"] == 1


@pytest.mark.parametrize(("monitor", "mode", "best"), [("dev/frame_accuracy", "max", 2), ("dev/semer", "min", 1)])
def test_what_is_told_of_the_best_epoch_is_of_the_best_checkpoint(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, monitor: str, mode: str, best: int
) -> None:
    names = ("exact_match", "frame_accuracy", "semer")
    scripted = iter([(90.0, 10.0, 5.0), (50.0, 20.0, 3.0), (40.0, 30.0, 4.0), (30.0, 30.0, 3.0)])
    monkeypatch.setattr("parser.training.module.evaluate", lambda *_, **__: dict(zip(names, next(scripted))))
    options = ("--checkpoint.monitor", monitor, "--checkpoint.mode", mode, "--trainer.max_epochs", 4)
    run = fit(config, tmp_path / "run", *options)
    assert checkpoint(run / "best.ckpt")["epoch"] == best
    metrics = json.loads((run / "metrics.json").read_bytes())
    assert metrics["best"] == metrics["curve"][best]


def test_a_run_goes_on_where_it_has_been_moved_to(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = iter([50.0, 40.0])
    monkeypatch.setattr("parser.training.module.evaluate", lambda *_, **__: {"exact_match": next(scripted)})
    run = fit(config, tmp_path / "run", "--trainer.max_epochs", 1)
    moved = run.rename(tmp_path / "moved")
    error = refused("fit", "--config", moved / "config.yaml", "--ckpt_path", moved / "last.ckpt", status=1)
    assert f"the checkpoint is not of the run {run}: resume it with --run {moved}" in error
    fit(moved / "config.yaml", moved, "--ckpt_path", moved / "last.ckpt", "--trainer.max_epochs", 2)
    assert [checkpoint(moved / name)["epoch"] for name in ("best.ckpt", "last.ckpt")] == [0, 1]
    assert json.loads((moved / "metrics.json").read_bytes())["best"]["epoch"] == 0
    assert not run.exists()


def test_a_class_of_another_package_is_tracked_too(data: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    encoder = {"class_path": "test_training.Embedding", "init_args": {"size": 4}}
    settings = {"data": {"path": str(data)}, "model": {"dim": 16, "encoder": encoder}, "trainer": {"max_epochs": 1}}
    own.write_text(yaml.safe_dump(settings))
    run = fit(own, tmp_path / "run", wandb="offline")
    assert [row for row in history(run) if "predictions/path" in row]
    model = tmp_path / "model"
    assert semparse("export", run, model).status == 0
    assert "no block of this package" in refused("parse", model, "lights on", status=1)
    for command in (("parse", model, "lights on"), ("evaluate", model, data / "dev.jsonl")):
        assert semparse(*command, "--package", "test_training").status == 0


@pytest.mark.parametrize(
    "options",
    [
        ("--data.copy", "false"),
        ("--model.attention", "false"),
        ("--data.copy", "false", "--model.attention", "false"),
        ("--data.pieces", "60", "--model.encoder.init_args.piece_dim", "8"),
        pytest.param(
            ("--trainer.precision", "bf16-mixed"),
            marks=pytest.mark.skipif(not checks.has_bfloat16(), reason="the processor computes no LSTM in bfloat16"),
        ),
    ],
    ids=lambda options: "-".join(options[::2]),
)
def test_variants_train_and_parse(config: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    run = fit(config, tmp_path / "run", "--trainer.max_epochs", 1, *options)
    assert semparse("export", run, tmp_path / "model").status == 0
    parses = list(SemanticParser.from_pretrained(tmp_path / "model").parse_many(["play some folk music", "halt"]))
    assert all(parse.tree is not None for parse in parses)
    for parse in parses:
        words = 0 if "--model.attention" in options else len(parse.tokens)
        assert [len(weights) for weights in parse.attention] == [words] * len(parse.actions)
        assert "--data.copy" not in options or not any(isinstance(action, Copy) for action in parse.actions)


def test_a_precision_that_the_processor_lacks_is_refused(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "has_bfloat16", lambda: False)
    said = refused("fit", "--config", config, "--run", tmp_path / "run", "--trainer.precision", "bf16-mixed", status=2)
    assert "trainer.precision is bf16-mixed" in said


# -- validate, test and predict ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command, split, count", [("validate", "dev", 6), ("test", "test", 3)])
def test_a_checkpoint_is_measured(tracked: Tracked, command: str, split: str, count: int) -> None:
    before = sorted(tracked.run.rglob("*"))
    done = semparse(command, "--config", tracked.run / "config.yaml", "--ckpt_path", tracked.run / "best.ckpt")
    assert done.status == 0, done.error
    figures = dict(re.findall(rf"{split}/(\w+)\s+(?:\S+\s+)?([\d.]+)", done.out))
    assert float(figures["count"]) == count
    if split == "dev":
        best = json.loads((tracked.run / "metrics.json").read_bytes())["best"]
        assert float(figures["exact_match"]) == pytest.approx(best["dev/exact_match"])
    assert sorted(tracked.run.rglob("*")) == before


def test_predict_prints_the_trees_of_the_test_set(tracked: Tracked, tmp_path: Path) -> None:
    done = semparse("predict", "--config", tracked.run / "config.yaml", "--ckpt_path", tracked.run / "best.ckpt")
    assert done.status == 0, done.error
    assert semparse("export", tracked.run, tmp_path / "model").status == 0
    utterances = [example.utterance for example in REQUESTS[1::4]]
    assert done.out == semparse("parse", tmp_path / "model", *utterances).out


@pytest.mark.parametrize("command", ["validate", "test", "predict"])
def test_only_a_checkpoint_is_measured(config: Path, command: str) -> None:
    assert "name the weights: --ckpt_path RUN/best.ckpt" in refused(command, "--config", config, status=2)


def test_part_of_the_data_is_enough_for_a_first_look(config: Path, tmp_path: Path) -> None:
    options = ("--trainer.limit_train_batches", 0.5, "--trainer.limit_val_batches", 1, "--data.limit", 6)
    run = fit(config, tmp_path / "run", "--trainer.max_epochs", 1, *options)
    assert checkpoint(run / "last.ckpt")["global_step"] == 1


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_a_misspelt_key_is_named(config: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("model: {atention: false}")
    assert "atention" in refused("fit", "--config", config, "--config", wrong, status=2)
    assert "hiden" in refused("fit", "--config", config, "--model.encoder.init_args.hiden", 3, status=2)
    assert "atention" in refused("fit", "--config", config, "--config", "model: {atention: false}", status=2)


@pytest.mark.parametrize(
    "swap",
    [
        "model: {encoder: {class_path: test_training.Embedding}}",
        "model: {encoder: {class_path: test_training.Embedding, init_args: {size: 4}}}",
        "model: {encoder: test_training.Embedding}",
    ],
)
def test_a_later_file_swaps_a_class_and_what_was_said_of_the_old_one_goes_with_it(
    config: Path, tmp_path: Path, swap: str
) -> None:
    second = tmp_path / "second.yaml"
    second.write_text(swap)
    run = fit(config, tmp_path / "run", "--config", second, "--trainer.max_epochs", 1)
    assert "network.encoder.words.weight" in checkpoint(run / "last.ckpt")["state_dict"]
    late = ("--model.encoder.init_args.hidden", 3)
    error = refused("fit", "--config", config, "--config", second, *late, status=2)
    assert "hidden" in error and "is not accepted" in error


def test_a_class_in_one_file_with_arguments_of_another_is_refused(config: Path, tmp_path: Path) -> None:
    edited = tmp_path / "edited.yaml"
    edited.write_text(config.read_text().replace("parser.encoders.bilstm.BiLSTM", "test_training.Embedding"))
    error = refused("fit", "--config", edited, "--run", tmp_path / "run", status=2)
    assert "model.encoder" in error and "is not accepted" in error


def test_a_class_is_swapped_over_defaults(data: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(f"{{data: {{path: {data}}}, model: {{dim: 16}}, trainer: {{max_epochs: 1}}}}")
    second.write_text("model: {encoder: {class_path: test_training.Embedding, init_args: {size: 4}}}")
    run = fit(first, tmp_path / "run", "--config", second)
    assert checkpoint(run / "last.ckpt")["state_dict"]["network.encoder.words.weight"].shape[1] == 4


def test_what_is_missing_is_named(config: Path, tracked: Tracked, tmp_path: Path) -> None:
    run = ("--run", tmp_path / "run")
    assert "nothing.yaml" in refused("fit", "--config", "nothing.yaml", *run, status=2)
    assert "data.path" in refused("fit", *run, status=2)
    error = refused("fit", "--config", config, "--data.path", tmp_path / "nothing", *run, status=1)
    assert f"{tmp_path / 'nothing'}: no such data folder" in error
    error = refused("fit", "--config", config, "--ckpt_path", "nothing.ckpt", *run, status=1)
    assert "nothing.ckpt: no such file" in error
    assert not (tmp_path / "run").exists()


def test_a_damaged_checkpoint_is_named(config: Path, tmp_path: Path) -> None:
    (tmp_path / "last.ckpt").write_bytes(b"nonsense")
    error = refused("fit", "--config", config, "--ckpt_path", tmp_path / "last.ckpt", status=1)
    assert "last.ckpt: no checkpoint, or a damaged one" in error
    torch.save({"state_dict": {}}, tmp_path / "last.ckpt")
    error = refused("fit", "--config", config, "--ckpt_path", tmp_path / "last.ckpt", status=1)
    assert "last.ckpt: no checkpoint of this version" in error


def test_a_checkpoint_that_was_cut_short_is_named(tracked: Tracked, tmp_path: Path) -> None:
    run = Path(shutil.copytree(tracked.run, tmp_path / "run"))
    for name in ("last.ckpt", "best.ckpt"):
        (run / name).write_bytes((run / name).read_bytes()[:20_000])
    resume = ("fit", "--config", run / "config.yaml", "--run", run, "--ckpt_path", run / "last.ckpt")
    assert f"{run / 'last.ckpt'}: no checkpoint, or a damaged one" in refused(*resume, status=1)
    error = refused("export", run, tmp_path / "model", status=1)
    assert f"{run / 'best.ckpt'}: no checkpoint, or a damaged one" in error and not (tmp_path / "model").exists()


@pytest.mark.parametrize("older", ["without a setting", "of other weights"])
def test_a_checkpoint_of_an_older_version_is_refused(tracked: Tracked, tmp_path: Path, older: str) -> None:
    run = Path(shutil.copytree(tracked.run, tmp_path / "run"))
    for name in ("last.ckpt", "best.ckpt"):
        content = checkpoint(run / name)
        if older == "without a setting":
            del content["hyper_parameters"]["constraints"]
        else:
            content["state_dict"]["network.labels.weight"] = torch.zeros(1, 1)
        torch.save(content, run / name)
    config = ("--config", run / "config.yaml", "--wandb", "disabled")
    for command in (
        ("fit", *config, "--run", run, "--ckpt_path", run / "last.ckpt"),
        ("test", *config, "--ckpt_path", run / "best.ckpt"),
        ("export", run, tmp_path / "model"),
    ):
        error = refused(*command, status=1)
        assert ".ckpt: no checkpoint of this version" in error and "train again" in error
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--data.batch_size", 0, "data.batch_size is 0"),
        ("--data.limit", -1, "data.limit is -1"),
        ("--data.tokenizer", "letters", "no tokenizer is named 'letters'"),
        ("--model.dropout", 2, "dropout is 2.0"),
        ("--model.label_smoothing", 1, "label_smoothing is 1.0"),
        ("--model.learning_rate", -1, "model.learning_rate is -1.0"),
        ("--model.history", 0, "history of the network is 0"),
        ("--model.encoder.init_args.layers", 0, "layers of the Bi-LSTM is 0"),
        ("--model.encoder.init_args.dropout", 1, "dropout is 1.0"),
        ("--model.state_encoder.init_args.dim", 0, "dim of the Stack-LSTM is 0"),
        ("--model.encoder.init_args.piece_dim", 8, "set data.pieces"),
    ],
)
def test_settings_that_make_no_sense_are_refused_before_training(
    config: Path, tmp_path: Path, option: str, value: Any, message: str
) -> None:
    run = tmp_path / "run"
    assert message in refused("fit", "--config", config, option, value, "--run", run, status=1)
    assert not run.exists()


def test_what_lightning_does_not_do_is_bad_usage(config: Path, tmp_path: Path) -> None:
    for epochs, message in ((-5, "max_epochs"), (-1, "trainer.max_epochs is -1, for ever")):
        options = ("--trainer.max_epochs", epochs, "--run", tmp_path / "run")
        assert message in refused("fit", "--config", config, *options, status=2)


def test_not_every_epoch_need_be_measured(config: Path, tmp_path: Path) -> None:
    run = fit(config, tmp_path / "run", "--trainer.check_val_every_n_epoch", 2, "--trainer.max_epochs", 3)
    metrics = json.loads((run / "metrics.json").read_bytes())
    assert metrics["best"]["epoch"] == checkpoint(run / "best.ckpt")["epoch"] == 1


@pytest.mark.parametrize("block", ["checkpoint", "early_stopping"])
def test_what_is_not_measured_cannot_choose(config: Path, tmp_path: Path, block: str) -> None:
    error = refused("fit", "--config", config, f"--{block}.monitor", "dev/slots", "--run", tmp_path / "run", status=2)
    assert f"{block}.monitor is dev/slots, which this data does not have: it has dev/exact_match, " in error
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--checkpoint.monitor", "dev/semer"), "of which the min is the best: say --checkpoint.mode min"),
        (("--early_stopping.mode", "min"), "of which the max is the best: say --early_stopping.mode max"),
        (("--checkpoint.filename", "mine"), "checkpoint.filename is mine"),
        (("--last.save_top_k", "3"), "last.save_top_k is 3"),
    ],
)
def test_a_checkpoint_that_would_not_be_the_best_is_refused(
    config: Path, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    assert message in refused("fit", "--config", config, *options, "--run", tmp_path / "run", status=2)
    assert not (tmp_path / "run").exists()


def test_a_resumed_run_is_trained_as_it_began(tracked: Tracked) -> None:
    config, last = tracked.run / "config.yaml", tracked.run / "last.ckpt"
    error = refused("fit", "--config", config, "--ckpt_path", last, "--model.learning_rate", 0.5, status=1)
    assert f"{last}: the checkpoint was trained otherwise: model.learning_rate is 0.0015, not 0.5" in error


def test_dev_that_drops_words_where_train_keeps_them_is_refused(config: Path, data: Path, tmp_path: Path) -> None:
    other = tmp_path / "data"
    shutil.copytree(data, other)
    kept = Node("Lights", (Leaf("lights", 0), Node("state", (Leaf("on", 1),))))
    example = Example("kept", "home", "lights on", ("lights", "on"), kept)
    write_examples(other / "train.jsonl", [example], Ontology.load(other / "ontology.json"))
    error = refused("fit", "--config", config, "--data.path", other, "--run", tmp_path / "run", status=1)
    assert f"{other / 'dev.jsonl'}: dev drops words in its trees, and train keeps all" in error


def test_a_checkpoint_of_other_data_is_refused(tracked: Tracked, data: Path, tmp_path: Path) -> None:
    config = tracked.run / "config.yaml"
    error = refused(
        "validate", "--config", config, "--ckpt_path", tracked.run / "best.ckpt", "--data.copy", "false", status=1
    )
    assert "the checkpoint was trained on other data" in error


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--model.dim", "5"),
        ("--model.system.class_path", "parser.transitions.in_order.InOrder"),
        ("--model.state_encoder.class_path", "parser.state_encoders.stack_transformer.StackTransformer"),
    ],
)
def test_a_checkpoint_of_another_architecture_is_refused(tracked: Tracked, option: str, value: str) -> None:
    config, last = tracked.run / "config.yaml", tracked.run / "last.ckpt"
    error = refused("fit", "--config", config, "--ckpt_path", last, option, value, status=1)
    assert f"{last}: the checkpoint is of another architecture: {option.removeprefix('--')} is " in error


@pytest.mark.parametrize("split", ["train", "dev"])
@pytest.mark.parametrize("wordless", [False, True])
def test_data_without_utterances_is_refused(
    config: Path, data: Path, tmp_path: Path, split: str, wordless: bool
) -> None:
    broken = tmp_path / "data"
    broken.mkdir()
    for file in data.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    ontology = Ontology.load(data / "ontology.json")
    nothing = [Example("1", "home", "", (), Node("Pause"))] if wordless else []
    write_examples(broken / f"{split}.jsonl", nothing, ontology)
    error = refused("fit", "--config", config, "--data.path", broken, "--run", tmp_path / "run", status=1)
    assert f"{split}.jsonl: there is no utterance in this file" in error


# -- W&B ---------------------------------------------------------------------------------------------------------------


def records(run: Path) -> list[Record]:
    """All that W&B wrote of the one offline run in a folder.

    The file is LevelDB's log: after a header of 7 bytes, blocks of 32 KiB, in which each piece of a record has a head
    of 7 bytes (checksum, length and whether it is the record, or its first, middle or last piece).
    """
    (file,) = (run / "wandb").glob("offline-run-*/*.wandb")
    written, place = file.read_bytes(), 7
    found, pieces = [], b""
    while place + 7 <= len(written):
        if 2**15 - place % 2**15 < 7:  # too little is left of the block for a head
            place += 2**15 - place % 2**15
        length, piece = struct.unpack_from("<4xHB", written, place)
        pieces += written[place + 7 : place + 7 + length]
        place += 7 + length
        if piece in (1, 4):
            found.append(Record.FromString(pieces))
            pieces = b""
    return found


def history(run: Path) -> list[dict[str, Any]]:
    rows = [record.history for record in records(run) if record.HasField("history")]
    return [{"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in row.item} for row in rows]


def test_wandb_keeps_the_config(tracked: Tracked) -> None:
    config: dict[str, Any] = {}
    for record in records(tracked.run):
        updates = [*record.run.config.update, *record.config.update]
        config |= {item.key: json.loads(item.value_json) for item in updates if item.key}
    assert config["model"]["dim"] == 16 and config["data"]["batch_size"] == 4
    assert config["trainer"]["max_epochs"] == EPOCHS and config["seed_everything"] == 0
    assert "vocab" not in config and "vocab" not in config["model"]


def test_wandb_keeps_the_curves(tracked: Tracked) -> None:
    curve = json.loads((tracked.run / "metrics.json").read_bytes())["curve"]
    rows = history(tracked.run)
    for name in ("dev/exact_match", "train/utt_s", "dev/parse_utt_s"):
        assert [row[name] for row in rows if name in row] == pytest.approx([epoch[name] for epoch in curve])
    assert any("train/loss" in row for row in rows)


def test_learning_curves_lie_in_one_chart_in_the_group_of_their_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_RUN_GROUP", "overnight-transfer")
    log_curves(tmp_path, {"overnight": {"none": [10.0, 20.0], "pretraining": [30.0]}}, "dev/exact_match")
    (group,) = {record.run.run_group for record in records(tmp_path) if record.HasField("run")}
    assert group == "overnight-transfer"
    (file,) = (tmp_path / "wandb").glob("offline-run-*/files/media/table/curves/*.json")
    rows = json.loads(file.read_bytes())["data"]
    assert sorted((name, epoch, figure) for epoch, name, figure in rows) == [
        ("none", 1, 10.0),
        ("none", 2, 20.0),
        ("pretraining", 1, 30.0),
    ]


def test_whoever_disables_wandb_gets_no_learning_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    log_curves(tmp_path / "curves", {"overnight": {"none": [10.0]}}, "dev/exact_match")
    assert not (tmp_path / "curves").exists()


def test_wandb_keeps_the_predictions(tracked: Tracked, data: Path) -> None:
    ontology = Ontology.load(data / "ontology.json")
    (path,) = [row["predictions/path"] for row in history(tracked.run) if "predictions/path" in row]
    (files,) = (tracked.run / "wandb").glob("offline-run-*/files")
    table = json.loads((files / path).read_bytes())
    assert table["columns"] == ["utterance", "gold", "predicted", "exact_match"]
    dev = REQUESTS[::2]
    assert [row[0] for row in table["data"]] == [example.utterance for example in dev]
    assert [row[1] for row in table["data"]] == [bracket.write(example.tree, ontology) for example in dev]
    assert [row[3] for row in table["data"]] == [row[1] == row[2] for row in table["data"]]
    best = json.loads((tracked.run / "metrics.json").read_bytes())["best"]["dev/exact_match"]
    assert 100 * sum(row[3] for row in table["data"]) / len(dev) == pytest.approx(best)


def test_wandb_keeps_the_model(tracked: Tracked) -> None:
    kept = [record.request.log_artifact.artifact for record in records(tracked.run)]
    kept += [record.artifact for record in records(tracked.run)]
    (model,) = [artifact for artifact in kept if artifact.type == "model"]
    files = {entry.path: Path(entry.local_path) for entry in model.manifest.contents}
    assert {"config.yaml", "ontology.json", "model.safetensors", "README.md"} <= set(files)
    assert all(tracked.run in file.parents and file.is_file() for file in files.values())


def test_wandb_writes_under_the_run_folder_alone(tracked: Tracked) -> None:
    assert tracked.elsewhere == []


def test_wandb_writes_where_its_own_variables_say(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in WANDB_FOLDERS:
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    run = fit(config, tmp_path / "run", "--trainer.max_epochs", 1, wandb="offline")
    assert list((tmp_path / "WANDB_DIR").glob("wandb/offline-run-*/*.wandb"))
    assert any((tmp_path / "WANDB_DATA_DIR").rglob("*"))
    assert not [file for file in run.rglob("*") if file.is_file() and "wandb" in file.parts]


@pytest.mark.parametrize("mode", ["disabled", "offline"])
def test_wandb_is_turned_off(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    if mode == "offline":
        monkeypatch.setenv("WANDB_MODE", "disabled")
    run = fit(config, tmp_path / "run", "--config", "trainer: {max_epochs: 1}", wandb=mode)
    assert {file.name for file in run.iterdir()} == {"config.yaml", "best.ckpt", "last.ckpt", "metrics.json"}


def test_online_without_a_login_is_one_line_and_can_be_tried_again(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("NETRC", raising=False)
    fresh = ("fit", "--config", config, "--run", tmp_path / "run", "--trainer.max_epochs", 1)
    error = refused(*fresh, "--wandb", "online", status=1)
    assert "wandb login" in error and "--wandb offline" in error
    assert semparse(*fresh, "--wandb", "disabled").status == 0
