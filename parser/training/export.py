"""From a run's best checkpoint to a model folder of plain files.

semparse export runs/quickstart models/quickstart
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from data_conversion.errors import DataError
from data_conversion.files import require_file
from data_conversion.ontology import Ontology
from parser import artifact

NETWORK_SETTINGS = ("encoder", "state_encoder", "system", "dim", "history", "attention", "dropout", "constraints")
"""The hyper-parameters of a run that make the network; the others are about training."""

_CARD = ("data", "train_examples", "dev")
_HELD = {
    "hyper_parameters": ("vocab", *NETWORK_SETTINGS),
    "semparse": ("ontology", "values", "tokenizer", "formalism", "encoder_files", *_CARD),
}
"""What a model folder takes from a checkpoint, beside the weights."""


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """What a checkpoint holds: weights, settings and plain data, but no code.

    Raises:
        DataError: there is no such file, it is damaged, or it is no checkpoint of this version.
    """
    require_file(path)
    try:
        checkpoint = dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises whatever it meets in a damaged file
        remedy = "go on from the run's other checkpoint, or train again"
        raise DataError(f"no checkpoint, or a damaged one ({type(error).__name__}): {remedy}", file=path) from None
    for part, names in _HELD.items():
        for name in names:
            if name not in checkpoint.get(part, ()):
                raise DataError(f"no checkpoint of this version (it has no {name}): train again", file=path)
    return checkpoint


def export(run: str | Path, model: str | Path) -> None:
    """Write the model folder of a run's best checkpoint.

    Raises:
        DataError: the run has no usable checkpoint, or something else than a model is where the model is to be.
    """
    file = Path(run) / "best.ckpt"
    checkpoint = load_checkpoint(file)
    settings, extras = checkpoint["hyper_parameters"], checkpoint["semparse"]
    try:
        artifact.save(
            model,
            model_config={name: settings[name] for name in NETWORK_SETTINGS},
            vocabulary=settings["vocab"],
            ontology=Ontology.from_dict(extras["ontology"]),
            state_dict={name.removeprefix("network."): value for name, value in checkpoint["state_dict"].items()},
            values=[(slot, value) for slot, value in extras["values"]],
            tokenizer=extras["tokenizer"],
            formalism=extras["formalism"],
            card={**{name: extras[name] for name in _CARD}, "source": extras.get("source")},
            encoder_files=extras["encoder_files"],
        )
    except DataError as error:
        raise error.at(file=file) from None
