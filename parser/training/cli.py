"""`semparse fit`, `validate`, `test` and `predict`: LightningCLI over fixed module and datamodule classes.

    semparse fit --config configs/experiment/quickstart.yaml --run runs/quickstart
    semparse fit --config runs/quickstart/config.yaml --ckpt_path runs/quickstart/last.ckpt
    semparse test --config runs/quickstart/config.yaml --ckpt_path runs/quickstart/best.ckpt

`validate` and `test` print the metrics of the data folder's dev and test sets; `predict` prints the trees of its test
set. A resumed run goes on as if it had never stopped: config and checkpoint say all of its state.
"""

from __future__ import annotations

import logging
import os
import shlex
import sys
import warnings
from argparse import ArgumentError
from pathlib import Path
from typing import Any, Literal

import pytorch_lightning as lightning
import torch
import wandb
from jsonargparse import Namespace
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI, SaveConfigCallback
from pytorch_lightning.utilities.exceptions import MisconfigurationException

from data_conversion import formalisms
from data_conversion.errors import DataError
from data_conversion.files import atomic_file
from data_conversion.json_text import read_json
from parser.artifact import model_name
from parser.training.callbacks import RunRecorder
from parser.training.checks import (
    config_files,
    require_encoder,
    require_end,
    require_measured,
    require_own_folder,
    require_own_names,
    require_precision,
    require_same_model,
)
from parser.training.datamodule import ParserData
from parser.training.export import load_checkpoint
from parser.training.memory import return_freed_tensors
from parser.training.module import ParserModule
from parser.training.tracking import clean_environment, wandb_logger

TRAINER_DEFAULTS = {
    "accelerator": "cpu",
    "gradient_clip_val": 1.0,
    "num_sanity_val_steps": 0,
    "enable_model_summary": False,
    "logger": False,
    "log_every_n_steps": 20,
}

_RUN = "--config runs/quickstart/config.yaml --ckpt_path runs/quickstart/best.ckpt"
EXAMPLES = {
    "fit": "semparse fit --config configs/experiment/quickstart.yaml --run runs/quickstart",
    **{name: f"semparse {name} {_RUN}" for name in ("validate", "test", "predict")},
}


class SaveRunConfig(SaveConfigCallback):
    """Writes the composed config to the run's folder; what it was resumed from is no part of it."""

    def setup(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, stage: str) -> None:
        if stage == "fit":
            config = self.config.clone()
            config.ckpt_path = None
            with atomic_file(Path(config.run) / "config.yaml") as temporary:
                self.parser.save(config, str(temporary), skip_unset=False, overwrite=True)


class ParserCLI(LightningCLI):
    """The one link is the vocabulary; everything that a run makes goes to the run's folder."""

    subcommand: str

    def __init__(self, argv: list[str]) -> None:
        self.subcommand = argv[0]  # which Lightning would know only once all options are read
        super().__init__(
            ParserModule,
            ParserData,
            args=argv,
            parser_kwargs={
                "prog": "semparse",
                "exit_on_error": False,
                self.subcommand: {"epilog": f"example: {EXAMPLES[self.subcommand]}"},
            },
            seed_everything_default=0,
            save_config_callback=SaveRunConfig,
            trainer_defaults=TRAINER_DEFAULTS,
        )

    def subcommands(self) -> dict[str, set[str]]:  # type: ignore[override]  # which is one for each `self`
        """The one that runs: to learn the options of all four takes four times as long."""
        return {self.subcommand: LightningCLI.subcommands()[self.subcommand]}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.link_arguments("data.vocab", "model.vocab", apply_on="instantiate")
        parser.add_argument("--run", type=str | None, default=None, help="folder of the run: runs/<experiment>/<seed>")
        parser.add_argument("--threads", type=int, default=1, help="CPU threads")
        parser.add_argument("--wandb", type=Literal["offline", "online", "disabled"], default="offline")
        parser.add_lightning_class_args(RunRecorder, "recorder")
        parser.add_lightning_class_args(EarlyStopping, "early_stopping")
        parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
        parser.add_lightning_class_args(ModelCheckpoint, "last")  # `save_last` would save it with a new best alone
        parser.set_defaults(
            {
                "model.encoder": {"class_path": "parser.encoders.bilstm.BiLSTM"},
                "model.state_encoder": {"class_path": "parser.state_encoders.stack_lstm.StackLSTM"},
                "model.system": {"class_path": "parser.transitions.top_down.TopDown"},
                "recorder.folder": "runs",
                "early_stopping.monitor": "dev/exact_match",
                "early_stopping.mode": "max",
                "early_stopping.patience": 10,
                "checkpoint.monitor": "dev/exact_match",
                "checkpoint.mode": "max",
                "checkpoint.filename": "best",
                "checkpoint.save_on_train_epoch_end": True,
                "checkpoint.enable_version_counter": False,
                "last.filename": "last",
                "last.save_on_train_epoch_end": True,
                "last.enable_version_counter": False,
            }
        )

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        super().parse_arguments(parser, args)
        config = self.config[self.subcommand]
        if config.ckpt_path is None and self.subcommand != "fit":
            raise ArgumentError(None, "name the weights: --ckpt_path RUN/best.ckpt")

    def _parse_ckpt_path(self) -> None:
        """The model's settings are those of the checkpoint; the vocabulary must not pass through YAML on its way."""
        config = self.config[self.subcommand]
        if config.ckpt_path is None:
            return
        settings = load_checkpoint(config.ckpt_path)["hyper_parameters"]
        model = {name: value for name, value in settings.items() if name not in ("vocab", "_instantiator")}
        require_same_model(config.model.as_dict(), model, config.ckpt_path)
        self.config = self.parser.parse_object({self.subcommand: {"model": model}}, self.config)

    def before_instantiate_classes(self) -> None:
        config = self.config[self.subcommand]
        torch.set_num_threads(config.threads)
        return_freed_tensors()
        torch.set_flush_denormal(True)  # AdamW's averages for rare words decay to denormals, at which CPUs are slow
        folder = run_folder(config)
        if self.subcommand == "fit":
            require_end(config)
            require_precision(config)
            require_own_names(config)
            require_own_folder(folder, config.ckpt_path)
        require_encoder(config.model.encoder)
        config.run = config.recorder.folder = config.checkpoint.dirpath = config.last.dirpath = str(folder)

    def instantiate_trainer(self, **kwargs: Any) -> lightning.Trainer:
        config = self.config[self.subcommand]
        if self.subcommand == "fit":
            require_measured(config, self.datamodule.measures())  # reads dev before anything is written
        if self.subcommand == "fit" and config.ckpt_path is None:
            self.model.go_on_from(self.datamodule)
        if config.trainer.enable_progress_bar is None:
            kwargs["enable_progress_bar"] = sys.stdout.isatty()
        if self.subcommand == "fit" and "disabled" not in (config.wandb, os.environ.get("WANDB_MODE")):
            kwargs["logger"] = wandb_logger(Path(config.run), offline=config.wandb == "offline")
        return super().instantiate_trainer(**kwargs)

    def before_fit(self) -> None:
        if self.trainer.logger is None:
            return
        try:
            self.trainer.logger.log_hyperparams(_plain(self.config[self.subcommand]))
        except wandb.errors.Error as error:
            raise DataError(f"W&B: {error}: run `wandb login`, or say --wandb offline") from None

    def after_fit(self) -> None:
        config = self.config[self.subcommand]
        run, monitor = Path(config.run), config.checkpoint.monitor
        if best := read_json(run / "metrics.json")["best"]:
            print(f"best.ckpt is of epoch {best['epoch']}: {monitor} {best[monitor]:.1f}", file=sys.stderr)
        print(shlex.join(["semparse", "export", str(run), f"models/{model_name(run)}"]))

    def after_predict(self) -> None:
        data = self.datamodule
        for example, tree in self.model.parsed(data.test):
            print(formalisms.load(example.formalism).write(tree, data.ontology))


def run_folder(config: Namespace) -> Path:
    """`runs/<experiment>/<seed>`, the experiment named by the config files, unless `--run` says otherwise.

    The runs of a W&B sweep differ in more than their seeds: their folders are named by W&B.
    """
    if config.run:
        return Path(config.run)
    names = [file.stem for file in config_files(config)]
    sweep = os.environ.get("WANDB_RUN_ID") if "WANDB_SWEEP_ID" in os.environ else None
    return Path("runs") / ("-".join(names) or "run") / (sweep or str(config.seed_everything))


def _plain(config: Namespace) -> dict[str, Any]:
    """What W&B shows of a run: model, data and trainer, without the machinery."""
    record = config.as_dict()
    return {name: record[name] for name in ("seed_everything", "model", "data", "trainer") if name in record}


def main(argv: list[str]) -> None:
    """Run one of LightningCLI's commands.

    Raises:
        DataError: the data, the run folder or the config is not usable.
        argparse.ArgumentError: the command line or a config file is not understood.
    """
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="pytorch_lightning|lightning_fabric")
    try:
        with clean_environment():
            ParserCLI(argv)
    except MisconfigurationException as error:  # what Lightning does not do
        raise ArgumentError(None, str(error)) from None
    except SystemExit as end:
        if end.code == 1:  # what Lightning makes of Ctrl-C
            raise KeyboardInterrupt from None
        raise
