"""The model folder: what is saved loads again, and nothing else does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from model_folder import MODEL_CONFIG, examples, ontology, save_model

from data_conversion.errors import DataError
from parser import SemanticParser, artifact


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("saved") / "model")


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(saved, tmp_path / "model"))


def edit(folder: Path, change: dict[str, Any]) -> None:
    config = yaml.safe_load((folder / "config.yaml").read_text())
    (folder / "config.yaml").write_text(yaml.safe_dump({**config, **change}))


def test_what_is_saved_loads_again(saved: Path) -> None:
    loaded = artifact.load(saved)
    assert loaded.model_config == MODEL_CONFIG
    assert loaded.ontology == ontology()
    assert (loaded.tokenizer, loaded.formalism) == ("words", "bracket")
    assert ("ItemName", "apples") in loaded.values and len(loaded.values) == 3
    first, second = loaded.network(), artifact.load(saved).network()
    assert not first.training
    for name, weights in first.state_dict().items():
        assert torch.equal(weights, second.state_dict()[name])


def test_the_folder_is_plain_files_each_with_its_sum(saved: Path) -> None:
    files = {file.name for file in saved.iterdir()}
    assert files == {"config.yaml", "ontology.json", "vocabulary.json", "values.json", "model.safetensors", "README.md"}
    config = yaml.safe_load((saved / "config.yaml").read_text())
    assert config["format_version"] == artifact.FORMAT_VERSION and set(config["files"]) == files - {"config.yaml"}


def test_the_model_card_says_how_to_call_it_and_what_it_reached(saved: Path) -> None:
    card = (saved / "README.md").read_text()
    for part in ("from_pretrained", "BiLSTM", "| exact_match | 100.0 |", "PlayMusicIntent", "`bracket`"):
        assert part in card


def test_pieces_travel_as_a_file_of_their_own(tmp_path: Path) -> None:
    from parser.evaluation.metrics import slot_values
    from parser.subwords import learn_pieces
    from parser.vocabulary import Vocabulary

    pieces = learn_pieces([example.utterance for example in examples()] * 20, 40)
    vocabulary = Vocabulary.learn(examples(), ontology(), pieces=pieces).to_dict()
    artifact.save(
        tmp_path / "model",
        model_config=MODEL_CONFIG,
        vocabulary=vocabulary,
        ontology=ontology(),
        values=slot_values(examples(), ontology()),
        state_dict=artifact.build_network(MODEL_CONFIG, vocabulary).state_dict(),
        tokenizer="words",
        formalism="bracket",
        card={"data": "tests", "train_examples": 3, "dev": {}},
    )
    assert (tmp_path / "model" / "pieces.model").is_file()
    assert json.loads((tmp_path / "model" / "vocabulary.json").read_text())["pieces"] is None
    assert artifact.load(tmp_path / "model").vocabulary == vocabulary


@pytest.mark.parametrize(
    "name", ["config.yaml", "ontology.json", "vocabulary.json", "values.json", "model.safetensors", "README.md"]
)
@pytest.mark.parametrize("damage", ["missing", "cut short", "changed", "a folder"])
def test_a_missing_or_damaged_file_is_named(folder: Path, name: str, damage: str) -> None:
    file = folder / name
    content = file.read_bytes()
    file.unlink()
    if damage == "cut short":
        file.write_bytes(content[: len(content) // 3])
    elif damage == "changed":
        file.write_bytes(b"\xff" + content[1:])
    elif damage == "a folder":
        file.mkdir()
    with pytest.raises(DataError, match=rf"missing or damaged file {name}.*export the model again") as raised:
        SemanticParser.from_pretrained(folder)
    assert str(folder) in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("content", ["", "[]", "format_version: 2", "a: b: c", "format_version: 2\ntokenizer: 3"])
def test_a_config_that_is_none_is_damaged(folder: Path, content: str) -> None:
    (folder / "config.yaml").write_text(content)
    with pytest.raises(DataError, match=r"missing or damaged file config.yaml"):
        artifact.load(folder)


def test_another_version_is_refused(folder: Path) -> None:
    edit(folder, {"format_version": 7})
    with pytest.raises(DataError, match="format 7 .* export the model again"):
        artifact.load(folder)


def test_a_missing_folder_and_a_file_for_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such model folder"):
        artifact.load(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="this is a file"):
        artifact.load(tmp_path / "file")


@pytest.mark.parametrize(
    "block, message",
    [
        ({"class_path": "subprocess.Popen", "init_args": {"args": "ls"}}, "no block of this package"),
        ({"class_path": "parserx.Thing"}, "no block of this package"),
        ({"class_path": "parser.__main__.main"}, "no block of this package"),
        ({"class_path": "parser.training.cli.ParserCLI"}, "no block of this package"),
        ({"class_path": "parser.encoders.bilstm.Tensor"}, "parser.encoders.bilstm.Tensor is no class of "),
        ({"class_path": "parser.encoders.bilstm.at"}, "parser.encoders.bilstm.at is no class of "),
        ({"class_path": "parser.transitions.top_down.TopDown"}, "the blocks of the model config do not fit together"),
        ({"class_path": "parser.encoders.bilstm.BiLSMT"}, "no class parser.encoders.bilstm.BiLSMT"),
        ({"class_path": "parser.encoders.lstm.BiLSTM"}, "no class parser.encoders.lstm.BiLSTM"),
        ({"class_path": "BiLSTM"}, "no block of this package"),
        (
            {"class_path": "parser.encoders.bilstm.BiLSTM", "init_args": {"hiden": 3}},
            "no argument 'hiden': did you mean 'hidden'",
        ),
        ({"class_path": "parser.encoders.bilstm.BiLSTM", "args": {}}, "what is 'args'"),
        ({"init_args": {}}, "class_path and init_args"),
        (None, "class_path and init_args"),
    ],
)
def test_only_classes_of_named_packages_are_made(folder: Path, block: Any, message: str) -> None:
    edit(folder, {"model": {**MODEL_CONFIG, "encoder": block}})
    with pytest.raises(DataError, match=message):
        artifact.load(folder).network()


def test_a_package_that_the_caller_names_is_allowed() -> None:
    block = {"class_path": "data_conversion.errors.DataError", "init_args": {"reason": "made"}}
    with pytest.raises(DataError, match="no block of this package"):
        artifact.factory(block)
    assert str(artifact.factory(block, ["data_conversion"])()) == "made"


@pytest.mark.parametrize(
    "change, message",
    [
        ({"dimm": 3}, "no argument 'dimm': did you mean 'dim'"),
        ({"dim": 25}, "do not fit config.yaml"),
    ],
)
def test_settings_that_fit_no_network_are_named(folder: Path, change: dict[str, Any], message: str) -> None:
    edit(folder, {"model": {**MODEL_CONFIG, **change}})
    with pytest.raises(DataError, match=message):
        artifact.load(folder).network()


def test_every_setting_is_said(folder: Path) -> None:
    edit(folder, {"model": {name: value for name, value in MODEL_CONFIG.items() if name != "constraints"}})
    with pytest.raises(DataError, match="config.yaml: the model config lacks 'constraints'"):
        artifact.load(folder).network()


def test_weights_of_another_network_are_not_saved(saved: Path, tmp_path: Path) -> None:
    loaded = artifact.load(saved)
    with pytest.raises(DataError, match="weights are laid out otherwise"):
        artifact.save(
            tmp_path / "model",
            model_config={**MODEL_CONFIG, "dim": 25},
            vocabulary=loaded.vocabulary,
            ontology=loaded.ontology,
            values=loaded.values,
            state_dict=loaded.network().state_dict(),
            tokenizer=loaded.tokenizer,
            formalism=loaded.formalism,
            card={"data": "tests", "train_examples": 3, "dev": {}},
        )
    assert list(tmp_path.iterdir()) == []


def test_a_model_is_replaced_and_other_things_are_not(tmp_path: Path) -> None:
    save_model(tmp_path / "model")
    save_model(tmp_path / "model")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="no model folder"):
        save_model(tmp_path / "notes")
    assert (tmp_path / "notes" / "mine.txt").read_text() == "mine"


def test_a_failed_save_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        save_model(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "best.ckpt").touch()
    with pytest.raises(DataError, match="this is a run: `semparse export"):
        artifact.load(tmp_path)
