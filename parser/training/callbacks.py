"""What a run writes beside its checkpoints: its curve in `metrics.json`, and tables and the model in W&B."""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytorch_lightning as lightning
import torch
import wandb
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import WandbLogger

from data_conversion import formalisms
from data_conversion.files import atomic_file
from parser import artifact
from parser.api import SemanticParser
from parser.evaluation.metrics import exact_match
from parser.evaluation.recording import hardware
from parser.training.datamodule import ParserData, epoch_seed
from parser.training.export import export
from parser.training.module import ParserModule

TABLE_ROWS = 200


class RunRecorder(lightning.Callback):
    """Writes `metrics.json` after every epoch and, when the run ends, its predictions and its model to W&B.

    Args:
        folder: the run's folder.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.curve: list[dict[str, float]] = []
        self._begin = (time.perf_counter(), time.process_time())
        self._epoch_begin = 0.0

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        torch.manual_seed(epoch_seed(trainer))  # so that a resumed run ends with the weights it would have had
        self._epoch_begin = time.process_time()

    def on_validation_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if self._epoch_begin:
            module = cast(ParserModule, pl_module)
            module.train_utt_s = len(module.data.train) / (time.process_time() - self._epoch_begin)

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        module = cast(ParserModule, pl_module)
        epoch = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.curve.append({"epoch": trainer.current_epoch, **epoch})
        wall_s, cpu_s = self._spent()
        accelerator = torch.cuda.get_device_name(module.device) if module.on_gpu else None
        record = {
            "best": best_epoch(self.curve, trainer),
            "curve": self.curve,
            "params": sum(weights.numel() for weights in module.parameters()),
            "wall_s": round(wall_s, 1),
            "cpu_s": round(cpu_s, 1),
            "hardware": hardware(accelerator, torch.get_num_threads()),
            "peak_memory_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, 3),
        }
        with atomic_file(self.folder / "metrics.json") as temporary:
            temporary.write_text(json.dumps(record, indent=1) + "\n")

    def on_fit_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if not isinstance(trainer.logger, WandbLogger):
            return
        run, module = trainer.logger.experiment, cast(ParserModule, pl_module)
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "model"
            export(self.folder, model)
            packages = artifact.packages_of(artifact.load(model).model_config)  # they were allowed to train it
            run.log({"predictions": predictions(SemanticParser.from_pretrained(model, packages), module.data)})
            kept = wandb.Artifact("model", type="model")
            kept.add_dir(str(model))
            run.log_artifact(kept)

    def _spent(self) -> tuple[float, float]:
        """Seconds of wall and CPU time so far."""
        return time.perf_counter() - self._begin[0], time.process_time() - self._begin[1]

    def on_load_checkpoint(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Where the run's folder has been moved, best.ckpt is still the best: Lightning knows it by its full path."""
        here = self.folder.resolve()
        for state in checkpoint["callbacks"].values():
            if "best_k_models" in state:
                state["best_k_models"] = {
                    str(here / Path(path).name): best for path, best in state["best_k_models"].items()
                }
                state["kth_best_model_path"] = str(here / Path(state["kth_best_model_path"]).name)
                state["dirpath"] = str(here)

    def state_dict(self) -> dict[str, Any]:
        """The curve and the time so far, for a run that is resumed."""
        return {"curve": self.curve, "spent": self._spent()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.curve = state_dict["curve"]
        wall_s, cpu_s = state_dict["spent"]  # what was spent before counts too
        self._begin = (time.perf_counter() - wall_s, time.process_time() - cpu_s)


def best_epoch(curve: Sequence[dict[str, float]], trainer: lightning.Trainer) -> dict[str, float] | None:
    """The epoch that best.ckpt holds: the first with the best of what that checkpoint goes by; None where no epoch has
    been measured yet."""
    (checkpoint,) = (
        each for each in trainer.checkpoint_callbacks if isinstance(each, ModelCheckpoint) and each.filename == "best"
    )
    choose = max if checkpoint.mode == "max" else min
    measured = [epoch for epoch in curve if checkpoint.monitor in epoch]
    return choose(measured, key=lambda epoch: epoch[str(checkpoint.monitor)], default=None)


def predictions(nlu: SemanticParser, data: ParserData) -> wandb.Table:
    """The first dev examples beside what a model makes of them."""
    examples = data.dev[:TABLE_ROWS]
    table = wandb.Table(columns=["utterance", "gold", "predicted", "exact_match"])
    parses = nlu.parse_tokenized((example.utterance, example.tokens) for example in examples)
    for example, parse in zip(examples, parses):
        write = formalisms.load(example.formalism).write
        predicted = write(parse.tree, data.ontology) if parse.tree is not None else None
        table.add_data(
            example.utterance, write(example.tree, data.ontology), predicted, exact_match(example.tree, parse.tree)
        )
    return table
