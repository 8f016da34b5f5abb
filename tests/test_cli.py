"""The commands: what they print, and one clear line and the right exit status for everything that goes wrong."""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from model_folder import examples, ontology, save_model

from data_conversion.example import write_examples
from parser.cli import COMMANDS, LIGHTNING, main

ROOT = Path(__file__).parent.parent
ARTICLE = "add apples and oranges to shopping list and play music"
LINE = "(and(addToListIntent(add(ItemName(apples))(ItemName(oranges))))(PlayMusicIntent(Mediatype(music))))"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def semparse(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process; gives its status, output and errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as exit:  # --help
            status = int(exit.code or 0)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("model") / "tiny", steps=250)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of converted data."""
    for split in ("train", "dev", "test"):
        write_examples(tmp_path / "data" / f"{split}.jsonl", examples(), ontology())
    ontology().save(tmp_path / "data" / "ontology.json")
    return tmp_path / "data"


@pytest.fixture
def bio(tmp_path: Path) -> Path:
    """A release in BIO format."""
    for split in ("train", "valid", "test"):
        folder = tmp_path / "bio" / split
        folder.mkdir(parents=True)
        (folder / "seq.in").write_text("play folk music\npause the music\n")
        (folder / "seq.out").write_text("O B-Genre B-Mediatype\nO O O\n")
        (folder / "label").write_text("PlayMusicIntent\nPauseMusicIntent\n")
    return tmp_path / "bio"


def one_line(error: str) -> bool:
    return error.startswith("semparse: ") and error.count("\n") == 1 and error.endswith("\n")


# -- help and usage ----------------------------------------------------------------------------------------------------


def test_help_lists_every_command(semparse: Run) -> None:
    status, out, _ = semparse("--help")
    assert status == 0
    assert all(name in out for name in [*COMMANDS, *LIGHTNING])


@pytest.mark.parametrize("name", [*COMMANDS, *LIGHTNING])
def test_every_command_shows_an_example(semparse: Run, name: str) -> None:
    status, out, _ = semparse(name, "--help")
    assert status == 0 and f"example: semparse {name}" in out


def test_the_examples_of_the_help_are_understood() -> None:
    import shlex

    from parser.cli import _options

    for name, command in COMMANDS.items():
        assert _options(shlex.split(command.example)[1:]).run is COMMANDS[name].run


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["convert"],
        ["convert", "a", "b", "--words", "some"],
        ["convert", "a", "b", "--nonsense"],
        ["convert", "a", "b", "c"],
        ["compound", "a", "b"],
        ["compound", "a", "b", "--size", "0"],
        ["compound", "a", "b", "--size", "many"],
        ["parse"],
        ["parse", "m", "text", "--format", "xml"],
        ["parse", "m", "--nonsense", "text"],
        ["evaluate", "m", "d", "--batch-size", "-1"],
        ["oracle", "(x)"],
    ],
)
def test_bad_usage_is_one_line_and_status_2(semparse: Run, arguments: list[str]) -> None:
    status, out, error = semparse(*arguments)
    assert (status, out) == (2, "") and one_line(error)
    assert "--help" in error


def test_help_is_fast_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from parser.cli import main\n"
        "try: main(['convert', '--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'nltk', 'lark', 'pytorch_lightning', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


# -- parse -------------------------------------------------------------------------------------------------------------


def test_parse_prints_the_tree(semparse: Run, model: Path) -> None:
    assert semparse("parse", model, ARTICLE) == (0, LINE + "\n", "")


def test_parse_takes_texts_before_and_after_options(semparse: Run, model: Path) -> None:
    status, out, _ = semparse("parse", model, "play music", "--format", "json", ARTICLE)
    assert status == 0
    assert [json.loads(line)["utterance"] for line in out.splitlines()] == ["play music", ARTICLE]
    assert semparse("parse", model, "--format", "tree", ARTICLE) == (0, LINE + "\n", "")


def test_parse_draws(semparse: Run, model: Path) -> None:
    status, out, _ = semparse("parse", model, ARTICLE, "--format", "pretty")
    assert status == 0 and out.startswith(ARTICLE + "\n") and "┴" in out and "oranges" in out


def test_parse_gives_the_best_trees_with_their_scores(semparse: Run, model: Path) -> None:
    status, out, error = semparse("parse", model, "--nbest", 2, ARTICLE, "", "play music")
    assert status == 0 and error.startswith("utterance 2: ") and error.count("\n") == 1
    rows = [line.split("\t") for line in out.splitlines()]
    assert [number for number, _, _ in rows] == ["1", "1", "3", "3"]
    assert rows[0][2] == LINE and 1 >= float(rows[0][1]) > float(rows[1][1]) > 0
    _, out, _ = semparse("parse", model, "--nbest", 2, "--format", "json", "play music", "")
    full, empty = (json.loads(line) for line in out.splitlines())
    assert full["tree"] == full["alternatives"][0]["tree"] == rows[2][2] and len(full["alternatives"]) == 2
    assert empty["tree"] is None and empty["alternatives"] == []
    _, out, _ = semparse("parse", model, "--nbest", 2, "--format", "pretty", ARTICLE)
    assert [line[:8] for line in out.splitlines() if ". score" in line] == ["1. score", "2. score"]


def test_parse_answers_every_line_of_standard_input_in_order(
    semparse: Run, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = "\U0001f3b5 שלום (\\)".encode()
    lines = [b"play music", b"", b"bad \xff bytes", odd, b"word " * 1_000, b"pause the music"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\r\n".join(lines))))
    status, out, error = semparse("parse", model, "--format", "json")
    assert (status, error) == (0, "")
    records = [json.loads(line) for line in out.splitlines()]
    assert len(records) == len(lines)
    for record in records:
        assert {"utterance", "tree", "score", "calibrated", "intents"} <= set(record)
        assert (record["tree"] is None) == ("error" in record)
    assert [record["tree"] is None for record in records] == [False, True, True, False, False, False]
    assert "not UTF-8" in records[2]["error"] and records[2]["utterance"] == "bad \ufffd bytes"
    assert records[3]["utterance"] == odd.decode()
    assert records[5]["tree"] == "(PauseMusicIntent)"


def test_a_line_without_a_tree_keeps_its_place(semparse: Run, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\nplay music\n")))
    status, out, error = semparse("parse", model)
    assert status == 0 and out == "\n(PlayMusicIntent(Mediatype(music)))\n"
    assert error.startswith("utterance 1: ") and "no words" in error


def test_a_reader_that_leaves_is_no_error(model: Path) -> None:
    command = f"yes play music | head -n 20000 | {sys.executable} -m parser parse {model} | head -n 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == "(PlayMusicIntent(Mediatype(music)))\n" and done.stderr == ""


# -- evaluate ----------------------------------------------------------------------------------------------------------


def test_evaluate_says_what_the_constraints_change(semparse: Run, model: Path, data: Path) -> None:
    status, out, error = semparse("evaluate", model, data / "test.jsonl", "--compare-constraints")
    figures = dict(line.rsplit(maxsplit=1) for line in out.splitlines() if "constraints" in line)
    names = ["parses that the constraints changed", "exact match with constraints", "exact match without constraints"]
    assert (status, error) == (0, "")
    assert {name.strip(): figure for name, figure in figures.items()} == dict(zip(names, ["0.0", "100.0", "100.0"]))


@pytest.mark.parametrize("raw", [[], ["--raw"], ["--beam", 4]])
def test_evaluate_prints_a_table_and_writes_what_is_asked(
    semparse: Run, model: Path, data: Path, tmp_path: Path, raw: list[str]
) -> None:
    outputs = ["--json", tmp_path / "m.json", "--report", tmp_path / "r.html", "--predictions", tmp_path / "p.jsonl"]
    status, out, error = semparse("evaluate", model, data / "test.jsonl", *outputs, *raw)
    assert (status, error) == (0, "")
    assert "100.0" in out
    figures = json.loads((tmp_path / "m.json").read_text())
    assert figures["exact_match"] == 100 and figures["frame_accuracy"] == 100 and figures["count"] == 3
    assert figures["parse_utt_s"] > 0
    assert "<html" in (tmp_path / "r.html").read_text()
    predictions = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [prediction["exact_match"] for prediction in predictions] == [True] * 3


@pytest.mark.parametrize("broken", ["nothing.jsonl", ".", "empty.jsonl", "bad.jsonl"])
def test_evaluate_refuses_what_is_no_data(semparse: Run, model: Path, data: Path, broken: str) -> None:
    (data / "empty.jsonl").write_text("")
    (data / "bad.jsonl").write_text("{\n")
    status, _, error = semparse("evaluate", model, data / broken)
    assert status == 1 and one_line(error) and str(data / broken) in error


def test_a_folder_where_a_file_is_to_be_written(semparse: Run, data: Path, tmp_path: Path) -> None:
    status, _, error = semparse("stats", data, "--report", tmp_path)
    assert status == 2 and one_line(error) and f"{tmp_path} is a folder: name a file to write" in error


def test_a_value_that_starts_with_i_is_a_reject_with_its_place(semparse: Run, bio: Path, tmp_path: Path) -> None:
    (bio / "train" / "seq.out").write_text("O I-Genre O\nO O O\n")
    status, out, error = semparse("convert", bio, tmp_path / "out")
    assert (status, error) == (0, "") and "rejects: 1" in out
    reject = json.loads((tmp_path / "out" / "rejects.jsonl").read_text())
    assert reject["file"].endswith("seq.in") and reject["line"] == 1 and "starts with B-Genre" in reject["reason"]
    status, _, error = semparse("convert", bio, tmp_path / "strict", "--strict")
    assert status == 1 and one_line(error) and "seq.in:1: " in error and not (tmp_path / "strict").exists()


def test_a_damaged_model_is_one_line_and_status_1(semparse: Run, model: Path, tmp_path: Path) -> None:
    for name in ("vocabulary.json", "model.safetensors"):
        copy = tmp_path / name
        shutil.copytree(model, copy)
        (copy / name).unlink()
        status, out, error = semparse("parse", copy, "play music")
        assert (status, out) == (1, "") and one_line(error) and name in error and "export the model again" in error


# -- data --------------------------------------------------------------------------------------------------------------


def test_convert_says_what_it_did(semparse: Run, bio: Path, tmp_path: Path) -> None:
    status, out, error = semparse("convert", bio, tmp_path / "out")
    assert (status, error) == (0, "")
    assert "train 2, dev 2, test 2" in out and "rejects: 0" in out and "100.0%" in out
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert names == {"train.jsonl", "dev.jsonl", "test.jsonl", "ontology.json", "rejects.jsonl"}


def test_compound_says_what_it_did(semparse: Run, bio: Path, tmp_path: Path) -> None:
    semparse("convert", bio, tmp_path / "simple")
    status, out, error = semparse("compound", tmp_path / "simple", tmp_path / "out", "--size", 5, "--seed", 1)
    assert (status, error) == (0, "")
    assert "new compounds: train 5" in out


def test_split_says_what_it_did(semparse: Run, data: Path, tmp_path: Path) -> None:
    status, out, error = semparse("split", data, tmp_path / "out", "--by", "spis", "--spis", 1)
    assert (status, error) == (0, "")
    assert "out: train" in out and "left out: " in out and "rejects: 0" in out


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["spis", "--share", "0.5"], 2, "the strategy 'spis' has no option 'share'"),
        (["leave-domain"], 2, "the strategy 'leave-domain' needs the option 'domain'"),
        (["halves"], 2, "choose one of dedup, holdout, leave-domain, only-domain, spis, template"),
        (["spis", "--spis", "0"], 2, "'0' is no whole number from 1"),
    ],
)
def test_split_says_what_it_cannot_do(
    semparse: Run, data: Path, tmp_path: Path, arguments: list[str], status: int, message: str
) -> None:
    found, out, error = semparse("split", data, tmp_path / "out", "--by", *arguments)
    assert (found, out) == (status, "") and message in error and one_line(error)


def test_stats_prints_and_writes_the_card(semparse: Run, data: Path, tmp_path: Path) -> None:
    status, out, error = semparse("stats", data, "--report", tmp_path / "card.html", "--json", tmp_path / "card.json")
    assert (status, error) == (0, "")
    assert "train" in out and "top-down" in out and "<html" in (tmp_path / "card.html").read_text()
    assert "top-down" in json.loads((tmp_path / "card.json").read_text())["splits"]["train"]["actions"]


def test_oracle_prints_an_action_a_line(semparse: Run, data: Path) -> None:
    tree = "(PlayMusicIntent(Mediatype(music)))"
    status, out, _ = semparse("oracle", tree, "--ontology", data / "ontology.json")
    assert status == 0
    assert out.splitlines() == ["Open(PlayMusicIntent)", "Open(Mediatype)", "Generate(music)", "Close", "Close"]


@pytest.mark.parametrize(
    "system, derivation",
    [
        ("top-down", "Open(PlayMusicIntent) Open(Mediatype) Generate(music) Close Close"),
        ("in-order", "Generate(music) Open(Mediatype) Close Open(PlayMusicIntent) Close Finish"),
        ("bottom-up", "Generate(music) Reduce(Mediatype, 1) Reduce(PlayMusicIntent, 1) Finish"),
    ],
)
def test_oracle_counts_the_actions_of_each_system(semparse: Run, data: Path, system: str, derivation: str) -> None:
    tree = "(PlayMusicIntent(Mediatype(music)))"
    status, out, error = semparse("oracle", tree, "--ontology", data / "ontology.json", "--system", system)
    actions = out.splitlines()
    assert (status, " ".join(actions), error) == (0, derivation, f"{system}: {len(actions)} actions\n")


def test_oracle_copies_every_word_of_an_utterance_that_is_kept_whole(semparse: Run, data: Path) -> None:
    tree = "(add(ItemName(apples))(ItemName(red)(apples)))"
    options = ["--ontology", data / "ontology.json", "--words", "keep", "--system", "bottom-up"]
    _, out, _ = semparse("oracle", tree, *options)
    reduced = ["Reduce(ItemName, 1)", "Reduce(ItemName, 2)", "Reduce(add, 2)", "Finish"]
    assert out.splitlines() == ["Copy(0)", reduced[0], "Copy(1)", "Copy(2)", *reduced[1:]]


@pytest.mark.parametrize(
    "tree, message",
    [("(PlayMusicIntent", "expected"), ("(Nonsense(x))", "does not know the label"), ("", "")],
)
def test_oracle_refuses_what_is_no_tree(semparse: Run, data: Path, tree: str, message: str) -> None:
    status, _, error = semparse("oracle", tree, "--ontology", data / "ontology.json")
    assert status == 1 and one_line(error) and message in error


def test_oracle_knows_its_systems(semparse: Run, data: Path) -> None:
    tree = "(PlayMusicIntent(Mediatype(music)))"
    status, _, error = semparse("oracle", tree, "--ontology", data / "ontology.json", "--system", "sideways")
    assert status == 2 and one_line(error) and "sideways" in error


@pytest.mark.parametrize(
    ("option", "value"),
    [("--reader", "tarot"), ("--formalism", "runes"), ("--transform", "magic")],
)
def test_a_name_that_does_not_exist_is_bad_usage(semparse: Run, tmp_path: Path, option: str, value: str) -> None:
    status, _, error = semparse("convert", tmp_path, tmp_path / "out", option, value)
    assert status == 2 and one_line(error) and value in error and "choose one of" in error


def test_results_without_results(semparse: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, error = semparse("results")
    assert status == 1 and one_line(error)


# -- failures of the work ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["convert", "nothing", "out"], "no such file or folder"),
        (["convert", "file", "out"], ""),
        (["compound", "nothing", "out", "--size", "1"], "nothing"),
        (["export", "nothing", "out"], "no such file"),
        (["parse", "nothing", "play music"], "no such model folder"),
        (["parse", "file", "play music"], "this is a file"),
        (["evaluate", "nothing", "data.jsonl"], "no such model folder"),
        (["oracle", "(x)", "--ontology", "nothing"], "no such file"),
        (["oracle", "(x)", "--ontology", "."], "folder"),
    ],
)
def test_what_is_not_there_is_one_line_and_status_1(
    semparse: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("nothing that a reader knows\n")
    status, out, error = semparse(*arguments)
    assert (status, out) == (1, "") and one_line(error) and message in error
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_is_one_line_and_leaves_nothing(bio: Path, tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        for name in ("seq.in", "seq.out", "label"):
            file = bio / split / name
            file.write_text(file.read_text() * 500)

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    command = [sys.executable, "-B", "-m", "parser", "convert", str(bio), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, preexec_fn=small_files)
    assert done.returncode == 1 and one_line(done.stderr)
    assert f"cannot write {tmp_path / 'out'}: File too large" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"bio"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full on this system")
def test_a_full_output_is_one_line(model: Path) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "parser", "parse", str(model), "play music"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr == "semparse: cannot write the output: No space left on device\n"


def test_what_nobody_foresaw_is_one_line_too(semparse: Run, monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    def fail(*_: object) -> None:
        raise ValueError("first\nsecond")

    monkeypatch.delenv("SEMPARSE_DEBUG", raising=False)
    monkeypatch.setattr("data_conversion.ontology.Ontology.load", fail)
    status, _, error = semparse("oracle", "(x)", "--ontology", data / "ontology.json")
    assert status == 1 and one_line(error) and "unexpected ValueError: first second" in error


# -- training ----------------------------------------------------------------------------------------------------------

CONFIG = """
data: {path: DATA}
model:
  encoder: {class_path: parser.encoders.bilstm.BiLSTM, init_args: {hidden: 8, layers: 1, word_dim: 8}}
  state_encoder: {class_path: parser.state_encoders.stack_lstm.StackLSTM, init_args: {dim: 8}}
  system: {class_path: parser.transitions.top_down.TopDown}
  dim: 8
trainer: {max_epochs: 1}
wandb: disabled
"""


@pytest.fixture
def config(tmp_path: Path, data: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(CONFIG.replace("DATA", str(data)))
    return path


@pytest.mark.parametrize(
    "right, wrong, named",
    [
        ("hidden", "hiden", "hiden"),
        ("trainer", "trianer", "trianer"),
        ("max_epochs", "max_epoch", "max_epoch"),
        ("TopDown", "TopDonw", "TopDonw"),
        ("parser.encoders", "parser.encoder", "parser.encoder"),
        ("dim: 8}}\n  system", "dim: eight}}\n  system", "eight"),
        ("data: {", "data: {{", ""),
    ],
)
def test_a_misspelt_config_is_one_line_and_status_2(
    semparse: Run, config: Path, tmp_path: Path, right: str, wrong: str, named: str
) -> None:
    assert right in config.read_text()
    config.write_text(config.read_text().replace(right, wrong))
    status, _, error = semparse("fit", "--config", config, "--run", tmp_path / "run")
    assert status == 2 and one_line(error) and named in error
    assert not (tmp_path / "run").exists()


def test_fit_export_and_parse(semparse: Run, config: Path, tmp_path: Path) -> None:
    run, model = tmp_path / "run", tmp_path / "model"
    status, out, _ = semparse("fit", "--config", config, "--run", run)
    assert status == 0 and out.splitlines()[-1].startswith(f"semparse export {run} ")
    assert {"config.yaml", "best.ckpt", "last.ckpt", "metrics.json"} <= {file.name for file in run.iterdir()}
    assert semparse("export", run, model)[0] == 0
    status, out, _ = semparse("parse", model, "play music")
    assert status == 0 and out.startswith("(")
    status, _, error = semparse("fit", "--config", config, "--run", run)
    assert status == 1 and one_line(error) and "--ckpt_path" in error


def test_fit_without_data_is_one_line(semparse: Run, config: Path, data: Path, tmp_path: Path) -> None:
    (data / "train.jsonl").write_text("")
    status, _, error = semparse("fit", "--config", config, "--run", tmp_path / "run")
    assert status == 1 and "train.jsonl" in error.splitlines()[-1] and "Traceback" not in error


def test_being_told_to_end_is_an_interruption(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("parser.cli._options", lambda argv: os.kill(os.getpid(), signal.SIGTERM))
    try:
        assert main(["stats"]) == 1
    finally:
        signal.signal(signal.SIGTERM, before)
    assert capsys.readouterr().err == "semparse: interrupted\n"
