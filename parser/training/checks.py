"""What is refused before training: a checkpoint of another run, what cannot be had."""

from __future__ import annotations

import importlib
from argparse import ArgumentError
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from jsonargparse import Namespace
from torch import nn

from data_conversion.errors import DataError
from parser.training.export import NETWORK_SETTINGS

ERRORS = ("dev/semer",)
"""What is measured on dev of which less is better."""


def require_same_model(config: Mapping[str, Any], checkpoint: Mapping[str, Any], file: str) -> None:
    """Does nothing if a config says of the model what the run of a checkpoint said: its network and its training.

    Raises:
        DataError: it says otherwise; the first setting that differs is named.
    """
    ours, theirs = (dict(_items(each)) for each in (config, checkpoint))
    for key in {**ours, **theirs}:
        if ours.get(key) != theirs.get(key):
            what = "is of another architecture" if key.split(".")[0] in NETWORK_SETTINGS else "was trained otherwise"
            other = f"model.{key} is {theirs.get(key)}, not {ours.get(key)}"
            remedy = "give its run's own --config RUN/config.yaml"
            raise DataError(f"the checkpoint {what}: {other}: {remedy}", file=file)


def require_own_folder(folder: Path, checkpoint: str | None) -> None:
    """Does nothing if a run may write to a folder: a new one to an empty one, a resumed one to its own.

    Raises:
        DataError: the folder is that of another run.
    """
    if checkpoint is not None:
        own = Path(checkpoint).parent
        if own.resolve() != folder.resolve():
            raise DataError(f"the checkpoint is not of the run {folder}: resume it with --run {own}", file=checkpoint)
    elif _holds_a_run(folder):
        last = folder / "last.ckpt"
        remedy = f"resume with --ckpt_path {last}" if last.is_file() else "delete it"
        raise DataError(f"the run folder is not empty: {remedy}, or name another --run", file=folder)


def require_own_names(config: Namespace) -> None:
    """Does nothing if a run's checkpoints are its best and its last one, by which it is resumed and exported.

    Raises:
        argparse.ArgumentError: they are not.
    """
    for name, filename in (("checkpoint", "best"), ("last", "last")):
        for setting, ours in (("filename", filename), ("save_top_k", 1)):
            value = config[name][setting]
            if value != ours:
                raise ArgumentError(
                    None, f"{name}.{setting} is {value}: leave it at {ours}, for resuming and exporting"
                )


def require_end(config: Namespace) -> None:
    """Does nothing if a run has an end, by which its learning rate falls to zero.

    Raises:
        argparse.ArgumentError: it has none.
    """
    if config.trainer.max_epochs == config.trainer.max_steps == -1:
        raise ArgumentError(None, "trainer.max_epochs is -1, for ever, and the learning rate falls to zero by the end")


def require_precision(config: Namespace) -> None:
    """Does nothing if the processor can train in a run's precision.

    Raises:
        argparse.ArgumentError: it cannot.
    """
    precision = config.trainer.precision
    if config.trainer.accelerator == "cpu" and "bf16" in str(precision) and not has_bfloat16():
        reason = "this processor computes no LSTM in bfloat16: leave it out"
        raise ArgumentError(None, f"trainer.precision is {precision}: {reason}")


def has_bfloat16() -> bool:
    """Whether the processor has what oneDNN computes an LSTM in bfloat16 with."""
    try:
        with torch.autocast("cpu", torch.bfloat16):
            nn.LSTM(1, 1)(torch.zeros(1, 1, 1))
    except RuntimeError:
        return False
    return True


def require_encoder(block: Namespace) -> None:
    """Does nothing if an encoder can be had; one with pretrained weights says so before any data is read.

    Raises:
        DataError: it cannot be had.
    """
    module, _, name = block.class_path.rpartition(".")
    encoder = getattr(importlib.import_module(module), name)
    if hasattr(encoder, "require"):
        encoder.require(**block.get("init_args", {}))


def require_measured(config: Namespace, measures: Collection[str]) -> None:
    """Does nothing if what chooses the best epoch and what ends the run are measured, and the right way round.

    Raises:
        argparse.ArgumentError: one is not.
    """
    for name in ("checkpoint", "early_stopping"):
        monitor, better = config[name].monitor, "min" if config[name].monitor in ERRORS else "max"
        if monitor not in measures:
            known = ", ".join(sorted(measures))
            raise ArgumentError(None, f"{name}.monitor is {monitor}, which this data does not have: it has {known}")
        if config[name].mode != better:
            remedy = f"say --{name}.mode {better}"
            raise ArgumentError(None, f"{name}.monitor is {monitor}, of which the {better} is the best: {remedy}")


def config_files(config: Namespace) -> list[Path]:
    """The files that `--config` named; it may also be given YAML itself."""
    return [Path(str(file)) for file in config.config or [] if file is not None]


def _holds_a_run(folder: Path) -> bool:
    """Whether there is more in a run's folder than the logs of a login to W&B that failed."""
    return folder.is_dir() and any(file.name != "wandb" for file in folder.iterdir())


def _items(record: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The dotted keys of all values in nested mappings, with the values; a tuple as the list that YAML makes of it."""
    if not isinstance(record, Mapping):
        yield prefix, list(record) if isinstance(record, tuple) else record
        return
    for name, value in record.items():
        yield from _items(value, f"{prefix}.{name}" if prefix else str(name))
