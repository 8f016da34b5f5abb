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


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """What a checkpoint holds: weights, settings and plain data, but no code.

    Raises:
        DataError: there is no such file, or it is no checkpoint of ours.
    """
    try:
        checkpoint = torch.load(require_file(path), map_location="cpu", weights_only=True)
        assert {"hyper_parameters", "semparse", "state_dict"} <= set(checkpoint)
    except DataError:
        raise
    except Exception as error:  # torch raises whatever it meets in a damaged file
        raise DataError(f"not a checkpoint of this version ({type(error).__name__})", file=path) from None
    return checkpoint


def export(run: str | Path, model: str | Path) -> None:
    """Write the model folder of a run's best checkpoint.

    Raises:
        DataError: the run has no usable checkpoint.
    """
    checkpoint = load_checkpoint(Path(run) / "best.ckpt")
    settings, extras = checkpoint["hyper_parameters"], checkpoint["semparse"]
    weights = {name.removeprefix("network."): value for name, value in checkpoint["state_dict"].items()}
    artifact.save(
        model,
        model_config={name: settings[name] for name in NETWORK_SETTINGS if name in settings},
        vocabulary=settings["vocab"],
        ontology=Ontology.from_dict(extras["ontology"]),
        state_dict=weights,
        values=[(slot, value) for slot, value in extras["values"]],
        tokenizer=extras["tokenizer"],
        formalism=extras["formalism"],
        card={name: extras[name] for name in ("data", "train_examples", "dev")},
        encoder_files=extras.get("encoder_files", {}),
    )
