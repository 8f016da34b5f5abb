"""Every shipped config opens with the commands that run it, and they are understood."""

from __future__ import annotations

import argparse
import io
import re
import shlex
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import yaml

from data_conversion.mixture import Mixture
from parser.cli import _options
from parser.experiments.data import MAKERS
from parser.experiments.tables import TABLES

ROOT = Path(__file__).parent.parent
MIXTURES = sorted((ROOT / "configs" / "mixture").glob("*.yaml"))
SWEEPS = sorted((ROOT / "configs" / "sweep").glob("*.yaml"))
CONFIGS = sorted({*(ROOT / "configs").rglob("*.yaml")} - {*MIXTURES, *SWEEPS})


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def commands(config: Path) -> list[list[str]]:
    """The commands in the comment that opens a config, without the program's name."""
    lines = config.read_text(encoding="utf-8").splitlines()
    comment = lines[: next(number for number, line in enumerate(lines) if not line.startswith("#"))]
    return [shlex.split(line)[2:] for line in comment if line.startswith("# semparse ")]


def composed(arguments: list[str]) -> dict[str, Any]:
    """The config that `semparse fit` would train by; nothing is run."""
    from parser.training.cli import main

    with pytest.raises(SystemExit) as ended, redirect_stdout(io.StringIO()) as printed:
        main([*arguments, "--print_config"])
    assert ended.value.code == 0
    return yaml.safe_load(printed.getvalue())


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_configs_are_found() -> None:
    assert {path.parent.name for path in CONFIGS} >= {"data", "experiment", "model", "trainer"}


@pytest.mark.parametrize("config", CONFIGS, ids=relative)
def test_a_config_opens_with_the_commands_that_run_it(config: Path) -> None:
    text = config.read_text(encoding="utf-8")
    assert text.startswith("# semparse "), text.splitlines()[0]
    *before, fit = commands(config)
    assert fit[0] == "fit" and relative(config) in fit
    for command in before:
        _options(command)


@pytest.mark.parametrize("mixture", MIXTURES, ids=relative)
def test_a_mixture_opens_with_the_command_that_takes_it(mixture: Path) -> None:
    (command,) = commands(mixture)
    assert str(_options(command).mixture) == relative(mixture)
    Mixture.load(mixture)


@pytest.mark.parametrize(
    "configs", {each.training.configs: None for table in TABLES.values() for each in table.experiments()}, ids=" ".join
)
def test_the_configs_of_a_table_compose(configs: tuple[str, ...]) -> None:
    """A config of a table may be laid over one that has changed since."""
    composed(["fit", *(part for config in configs for part in ("--config", config))])


@pytest.mark.parametrize("config", CONFIGS, ids=relative)
def test_the_command_of_a_config_composes(config: Path) -> None:
    """LightningCLI accepts every key and class, and each value of the config stands in what it composes."""

    def check(said: dict[str, Any], made: dict[str, Any]) -> None:
        for name, value in said.items():
            if isinstance(value, dict):
                check(value, made[name])
            else:
                assert made[name] == value or str(made[name]) == str(float(value)), name

    check(yaml.safe_load(config.read_text(encoding="utf-8")), composed(commands(config)[-1]))


@pytest.mark.parametrize("config", [path for path in CONFIGS if path.parent.name == "experiment"], ids=relative)
def test_an_experiment_trains_on_data_that_its_commands_or_the_tables_make(config: Path) -> None:
    made = [command[2] for command in commands(config) if command[0] in ("convert", "compound", "split")]
    path = yaml.safe_load(config.read_text())["data"]["path"]
    assert path == made[-1] if made else Path(path).name in MAKERS, config


@pytest.mark.parametrize("sweep", SWEEPS, ids=relative)
def test_every_value_of_a_sweep_is_understood(sweep: Path) -> None:
    said = yaml.safe_load(sweep.read_text(encoding="utf-8"))
    program, *command, args = said["command"]
    assert (program, args) == ("semparse", "${args}")
    parameters = {name: each["values"] for name, each in said["parameters"].items()}
    for number in range(max(map(len, parameters.values()))):
        chosen = {name: values[number % len(values)] for name, values in parameters.items()}
        config = composed([*command, *(f"--{name}={value}" for name, value in chosen.items())])
        for name, value in chosen.items():
            made: Any = config
            for key in name.split("."):
                made = made[key]
            assert made == (float(value) if isinstance(made, float) else yaml.safe_load(str(value))), name


def test_a_misspelt_argument_on_the_command_line_is_refused() -> None:
    with pytest.raises(argparse.ArgumentError, match="hiden"):
        composed(["fit", "--config", relative(CONFIGS[0]), "--model.encoder.init_args.hiden", "3"])


def test_several_configs_name_the_run_together() -> None:
    from jsonargparse import Namespace

    from parser.training.cli import run_folder

    files = ["configs/experiment/top.yaml", "configs/model/no_attention.yaml"]
    assert run_folder(Namespace(run=None, config=files, seed_everything=3)) == Path("runs/top-no_attention/3")
    assert run_folder(Namespace(run=None, config=files[:1], seed_everything=0)) == Path("runs/top/0")
    assert run_folder(Namespace(run="here", config=files, seed_everything=0)) == Path("here")


def test_each_run_of_a_sweep_has_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from jsonargparse import Namespace

    from parser.training.cli import run_folder

    config = Namespace(run=None, config=["configs/experiment/top.yaml"], seed_everything=3)
    monkeypatch.setenv("WANDB_RUN_ID", "k2x9")
    assert run_folder(config) == Path("runs/top/3")  # resumed in W&B, but no sweep
    monkeypatch.setenv("WANDB_SWEEP_ID", "s1")
    assert run_folder(config) == Path("runs/top/k2x9")


def test_the_readme_names_folders_of_configs_that_exist() -> None:
    named = re.findall(r"`(configs/[\w/.-]+)`", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert named and all((ROOT / name).exists() for name in named)
