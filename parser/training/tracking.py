"""W&B: the run of a training, and the chart of a table's learning curves.

Runs are grouped by WANDB_RUN_GROUP, which `scripts/reproduce.py` sets to the name of the table.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import wandb
from pytorch_lightning.loggers import WandbLogger

Curves = Mapping[str, Sequence[float]]
"""A figure after each epoch, by name."""


def wandb_logger(folder: Path, *, offline: bool) -> WandbLogger:
    """The logger of a run, which writes under the run's folder alone, unless W&B's own variables say otherwise."""
    wandb_folder = str((folder / "wandb").absolute())
    os.environ.setdefault("WANDB_CACHE_DIR", wandb_folder)
    os.environ.setdefault("WANDB_DATA_DIR", wandb_folder)
    os.environ["WANDB_MODE"] = "offline" if offline else "online"
    if offline:  # online, the settings of the user's login count
        os.environ.setdefault("WANDB_CONFIG_DIR", wandb_folder)
        os.environ.setdefault("WANDB_SILENT", "true")
    os.makedirs(wandb_folder, exist_ok=True)
    wandb.setup()
    return WandbLogger(
        project="semparse",
        name="/".join(folder.parts[-2:]),
        save_dir=os.environ.get("WANDB_DIR", str(folder)),
        offline=offline,
    )


def log_curves(folder: Path, charts: Mapping[str, Curves], figure: str) -> None:
    """Keep learning curves, a chart with a line each for every title, as an offline run in a folder; or none at all, if
    there are none or W&B is disabled.

    Args:
        folder: the run's folder.
        charts: curves by title.
        figure: what the curves show.
    """
    if not charts or os.environ.get("WANDB_MODE") == "disabled":
        return
    with clean_environment():
        run = wandb_logger(folder, offline=True).experiment
        for title, curves in charts.items():
            epochs = [list(range(1, 1 + len(curve))) for curve in curves.values()]
            lines = wandb.plot.line_series(
                epochs,
                [list(curve) for curve in curves.values()],
                list(curves),
                title=f"{title}: {figure}",
                xname="epoch",
            )
            run.log({f"curves/{title}": lines})


@contextmanager
def clean_environment() -> Iterator[None]:
    """What a run sets in the environment, and its W&B run, end with it."""
    before = dict(os.environ)
    try:
        yield
    finally:
        wandb.finish()
        wandb.teardown()
        os.environ.clear()
        os.environ.update(before)
