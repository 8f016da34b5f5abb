"""`semparse fit`, `validate`, `test` and `predict`: LightningCLI over fixed module and datamodule classes.

    semparse fit --config configs/experiment/quickstart.yaml --run runs/quickstart
"""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path
from typing import Literal

import torch
from jsonargparse import Namespace
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI, SaveConfigCallback

from data_conversion.errors import DataError
from data_conversion.files import atomic_file
from parser.training.callbacks import RunRecorder
from parser.training.datamodule import ParserData
from parser.training.module import ParserModule

TRAINER_DEFAULTS = {
    "accelerator": "cpu",
    "gradient_clip_val": 1.0,
    "num_sanity_val_steps": 0,
    "enable_model_summary": False,
    "logger": False,
    "log_every_n_steps": 20,
}


class SaveRunConfig(SaveConfigCallback):
    """Writes the composed config to the run's folder."""

    def setup(self, trainer, pl_module, stage: str) -> None:
        if stage == "fit":
            with atomic_file(Path(self.config.run) / "config.yaml") as temporary:
                self.parser.save(self.config, str(temporary), skip_none=False, overwrite=True)


class ParserCLI(LightningCLI):
    """The one link is the vocabulary; everything that a run makes goes to the run's folder."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.link_arguments("data.vocab", "model.vocab", apply_on="instantiate")
        parser.add_argument("--run", type=str | None, default=None, help="folder of the run: runs/<experiment>/<seed>")
        parser.add_argument("--threads", type=int, default=1, help="CPU threads")
        parser.add_argument("--wandb", type=Literal["offline", "online", "disabled"], default="offline")
        parser.add_lightning_class_args(RunRecorder, "recorder")
        parser.add_lightning_class_args(EarlyStopping, "early_stopping")
        parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
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
                "checkpoint.save_last": True,
                "checkpoint.save_on_train_epoch_end": True,
                "checkpoint.enable_version_counter": False,
            }
        )

    def before_instantiate_classes(self) -> None:
        config = self.config[self.subcommand]
        torch.set_num_threads(config.threads)
        folder = run_folder(config)
        resumed = config.get("ckpt_path") is not None
        if self.subcommand == "fit" and not resumed and folder.is_dir() and any(folder.iterdir()):
            raise DataError(
                f"the run folder is not empty: resume with --ckpt_path {folder}/last.ckpt, or name another --run",
                file=folder,
            )
        config.run = config.recorder.folder = config.checkpoint.dirpath = str(folder)
        if self.subcommand == "fit" and config.wandb != "disabled":
            config.trainer.logger = _wandb_logger(config, folder)

    def before_fit(self) -> None:
        config = self.config[self.subcommand]
        if self.trainer.logger is not None:
            self.trainer.logger.log_hyperparams(_plain(config))

    def after_fit(self) -> None:
        folder = Path(self.config[self.subcommand].run)
        print(f"semparse export {folder} models/{folder.name if folder.parent.name == 'runs' else folder.parent.name}")


def run_folder(config: Namespace) -> Path:
    """`runs/<experiment>/<seed>`, the experiment named by the last config file, unless `--run` says otherwise."""
    if config.run:
        return Path(config.run)
    configs = [Path(str(file)).stem for file in config.config or []]
    return Path("runs") / (configs[-1] if configs else "run") / str(config.seed_everything)


def _wandb_logger(config: Namespace, folder: Path) -> Namespace:
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("WANDB_SILENT", "true")
    settings = {
        "project": "semparse",
        "name": "/".join(folder.parts[-2:]),
        "save_dir": str(folder),
        "offline": config.wandb == "offline",
    }
    return Namespace(class_path="pytorch_lightning.loggers.WandbLogger", init_args=Namespace(**settings))


def _plain(config: Namespace) -> dict:
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
    warnings.filterwarnings("ignore", module="pytorch_lightning|lightning_fabric")
    ParserCLI(
        ParserModule,
        ParserData,
        args=argv,
        parser_kwargs={"prog": "semparse", "exit_on_error": False},
        seed_everything_default=0,
        save_config_callback=SaveRunConfig,
        trainer_defaults=TRAINER_DEFAULTS,
    )
