"""A model to train: the commands that train it, and what the training cost."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from data_conversion.errors import DataError
from data_conversion.files import require_file
from data_conversion.json_text import read_json
from parser.artifact import model_name
from parser.locking import locked


def experiment_config(name: str) -> str:
    """The config of an experiment of ours.

    >>> experiment_config("top")
    'configs/experiment/top.yaml'
    """
    return f"configs/experiment/{name}.yaml"


@dataclass(frozen=True)
class Training:
    """A model to train, once for each seed.

    Attributes:
        name: of its folders, `runs/NAME/SEED` and `models/NAME` (`models/NAME-SEED` for seeds other than 0).
        configs: YAML files, later ones over earlier ones; the first is the experiment's.
        minutes: the CPU-minutes that one seed is expected to take.
        data: the folder to train on, where it is not the experiment's own.
        source: the model that it goes on from, which is that of seed 0 whatever its own seed.
        transfer: what records call the way in which one domain helps another.
        epochs: how many it takes, where that is not what its configs say.
    """

    name: str
    configs: tuple[str, ...]
    minutes: float
    data: Path | None = None
    source: Training | None = None
    transfer: str = "none"
    epochs: int | None = None

    @property
    def multitask(self) -> bool:
        """Whether it is one parser for several domains."""
        return self.transfer == "multitask"

    def varied(self, name: str, config: str, **facts: Any) -> Training:
        """The same training with one more config, under a name of its own; the facts are attributes that differ too."""
        return replace(self, name=f"{self.name}-{name}", configs=(*self.configs, config), **facts)

    @property
    def config(self) -> str:
        """Its configs, as records name them."""
        return " + ".join(self.configs) + (f", {self.epochs} epochs" if self.epochs else "")

    @property
    def folder(self) -> Path:
        """The folder of data that it trains on.

        Raises:
            DataError: the experiment's config names none.
        """
        if self.data is not None:
            return self.data
        config = require_file(self.configs[0])
        try:
            return Path(yaml.safe_load(config.read_bytes())["data"]["path"])
        except (yaml.YAMLError, KeyError, TypeError):
            raise DataError("this is no experiment: it says no data.path", file=config) from None

    @property
    def folders(self) -> list[Path]:
        """The folders of data that it needs, its source's among them."""
        return [*(self.source.folders if self.source else []), self.folder]

    def run(self, seed: int) -> Path:
        """The folder of the run of a seed."""
        return Path("runs") / self.name / str(seed)

    def model(self, seed: int) -> Path:
        """The model folder of a seed."""
        return Path("models") / model_name(self.run(seed))

    def done(self, seed: int) -> bool:
        """Whether the model of a seed has been trained and exported."""
        return (self.model(seed) / "config.yaml").is_file() and (self.run(seed) / "metrics.json").is_file()

    def command(self, seed: int) -> list[str]:
        """The command that trains it, or goes on with it."""
        run = self.run(seed)
        command = ["semparse", "fit", *(part for config in self.configs for part in ("--config", config))]
        command += ["--data.path", str(self.data)] if self.data else []
        command += ["--data.source", str(self.source.model(0))] if self.source else []
        command += ["--trainer.max_epochs", str(self.epochs)] if self.epochs else []
        command += ["--run", str(run), "--seed_everything", str(seed)]
        return command + (["--ckpt_path", str(run / "last.ckpt")] if (run / "last.ckpt").is_file() else [])

    def fit(self, seed: int) -> None:
        """Train and export, in processes of their own; or wait for another process that does. A source comes first.

        Raises:
            DataError: a process failed; what it said stands on standard error.
        """
        run = self.run(seed)
        if self.source and not self.done(seed):
            self.source.fit(0)
        with locked(run) as lock:
            if self.done(seed):
                return
            if not (run / "last.ckpt").is_file():
                shutil.rmtree(run, ignore_errors=True)  # killed before the end of its first epoch
            call(self.command(seed), lock)
            call(["semparse", "export", str(run), str(self.model(seed))], lock)

    def facts(self, seeds: Sequence[int]) -> dict[str, Any]:
        """What a record says of the training: means over the seeds."""
        return training_facts([self.run(seed) for seed in seeds])


def training_facts(runs: Sequence[Path]) -> dict[str, Any]:
    """Size, times, speed and hardware, from the `metrics.json` of some runs: means over the runs."""
    told = [read_json(run / "metrics.json") for run in runs]
    speeds = [epoch["train/utt_s"] for each in told for epoch in each["curve"] if "train/utt_s" in epoch]
    return {
        "params": told[0]["params"],
        "hardware": " and ".join(dict.fromkeys(each["hardware"] for each in told if each.get("hardware"))) or None,
        "wall_s": statistics.fmean(each["wall_s"] for each in told),
        "cpu_s": statistics.fmean(each["cpu_s"] for each in told),
        "train_utt_s": statistics.fmean(speeds) if speeds else None,
    }


def call(command: Sequence[str], lock: int) -> None:
    """Run a semparse command in a process of its own, which holds a lock too; on one thread unless it says otherwise.

    Raises:
        DataError: it failed.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-m", "parser", *command[1:]], env=environment, pass_fds=(lock,))
    if done.returncode:
        raise DataError(f"exit status {done.returncode} of {' '.join(command)}")
