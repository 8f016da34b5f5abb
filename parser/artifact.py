"""The model folder: plain files that are read, never executed.

    config.yaml         how to build the network, the tokenizer, the formalism, and a sha256 of every other file
    ontology.json       the labels
    vocabulary.json     words, characters, labels and lexicon
    values.json         the slot values of the training data, which tell an unseen value when the model is evaluated
    pieces.model        the sentencepiece model, where the encoder reads pieces
    encoder.json, tokenizer.json    the config and the tokenizer of a pretrained encoder
    model.safetensors   the weights
    README.md           the model card

The network is described by `class_path` and `init_args`, as in the training configs. A class is only ever looked up
where this package has its blocks, or in a package that the caller names, and weights are safetensors: loading a folder
from a stranger runs none of the stranger's code.
"""

from __future__ import annotations

import base64
import difflib
import hashlib
import importlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import yaml

from data_conversion.errors import DataError
from data_conversion.files import atomic_folder
from data_conversion.ontology import Ontology
from parser.model_card import model_card

if TYPE_CHECKING:
    from torch import Tensor

    from parser.network import ParserNetwork

FORMAT_VERSION = 2
CONFIG, ONTOLOGY, VOCABULARY, VALUES = "config.yaml", "ontology.json", "vocabulary.json", "values.json"
PIECES, WEIGHTS, CARD = "pieces.model", "model.safetensors", "README.md"
_REQUIRED = (ONTOLOGY, VOCABULARY, VALUES, WEIGHTS, CARD)
_AGAIN = "export the model again"
_BLOCKS = ("parser.encoders", "parser.state_encoders", "parser.transitions")

SlotValues = frozenset[tuple[str, str]]
"""Pairs of a slot and a value that it takes."""


@dataclass(frozen=True)
class Artifact:
    """What a model folder holds.

    Attributes:
        folder: where it was read.
        model_config: encoder, state encoder and system as class paths, and the network's sizes.
        vocabulary: as `Vocabulary.to_dict` gives it.
        ontology: the labels.
        values: the slot values of the training data.
        tokenizer: the tokenizer for raw text.
        formalism: how the model's trees are written.
        packages: the packages, besides this one, where its classes may lie.
    """

    folder: Path
    model_config: dict[str, Any]
    vocabulary: dict[str, Any]
    ontology: Ontology
    values: SlotValues
    tokenizer: str
    formalism: str
    packages: tuple[str, ...] = ()

    def network(self) -> ParserNetwork:
        """The trained network, ready to parse.

        Raises:
            DataError: the config names a class or an argument that does not exist or may not be used, or the weights
                are not those of such a network.
        """
        from safetensors.torch import load_file

        try:
            network = build_network(self.model_config, self.vocabulary, self.packages, self.folder)
        except DataError as error:
            raise error.at(file=self.folder / CONFIG) from None
        try:
            network.load_state_dict(load_file(self.folder / WEIGHTS))
        except RuntimeError:
            raise DataError(f"these weights do not fit {CONFIG}: {_AGAIN}", file=self.folder / WEIGHTS) from None
        return network.eval()


def build_network(
    model_config: Mapping[str, Any],
    vocabulary: Mapping[str, Any],
    packages: Sequence[str] = (),
    folder: Path | None = None,
) -> ParserNetwork:
    """A network without training, from its config, its vocabulary and, where its encoder has files, the model folder.

    Raises:
        DataError: a class or an argument does not exist or may not be used.
    """
    from parser.network import ParserNetwork
    from parser.vocabulary import Vocabulary

    config = dict(model_config)
    try:
        encoder, state_encoder, system = (config.pop(block) for block in ("encoder", "state_encoder", "system"))
    except KeyError as error:
        raise DataError(f"the model config lacks {error}") from None
    check_arguments(ParserNetwork, config)
    for name, argument in inspect.signature(ParserNetwork).parameters.items():
        if argument.kind is argument.KEYWORD_ONLY and name not in config:
            raise DataError(f"the model config lacks {name!r}")
    make_encoder = factory(encoder, packages)
    if folder is not None and "folder" in inspect.signature(make_encoder).parameters:
        make_encoder = partial(make_encoder, folder=folder)
    make_state_encoder, make_system = factory(state_encoder, packages), factory(system, packages)
    known = Vocabulary.from_dict(vocabulary)
    try:
        return ParserNetwork(known, make_encoder, make_state_encoder, make_system(), **config)
    except (TypeError, AttributeError) as error:
        raise DataError(f"the blocks of the model config do not fit together: {error}") from error


def save(
    folder: str | Path,
    *,
    model_config: Mapping[str, Any],
    vocabulary: Mapping[str, Any],
    ontology: Ontology,
    values: Iterable[tuple[str, str]],
    state_dict: Mapping[str, Tensor],
    tokenizer: str,
    formalism: str,
    card: Mapping[str, Any],
    encoder_files: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write a model folder, whole or not at all; an older model there is replaced.

    Args:
        folder: the folder to write.
        model_config: the network's blocks, by `class_path` and `init_args`, and its sizes.
        vocabulary: as `Vocabulary.to_dict` gives it.
        ontology: the labels.
        values: the slot values of the training data.
        state_dict: the network's weights.
        tokenizer: the tokenizer for raw text.
        formalism: how the trees are written.
        card: what the model card says of the training: the `facts` of `model_card`.
        encoder_files: further files that the encoder needs, by name.

    Raises:
        DataError: there is something else than a model in the folder, or the weights are not those of the network that
            the config describes; this is found out where all of its classes are of this package.
    """
    from safetensors.torch import save as serialized

    folder = Path(folder)
    if folder.exists() and not (folder / CONFIG).is_file() and not (folder.is_dir() and not any(folder.iterdir())):
        raise DataError("this is there and is no model folder: name a new one", file=folder)
    with atomic_folder(folder) as new:
        ontology.save(new / ONTOLOGY)
        if vocabulary.get("pieces"):
            (new / PIECES).write_bytes(base64.b64decode(vocabulary["pieces"]))
        _write_json(new / VOCABULARY, {**vocabulary, "pieces": None})
        _write_json(new / VALUES, sorted(values))
        for name, content in encoder_files.items():
            (new / name).write_text(content, encoding="utf-8")
        weights = serialized({name: tensor.contiguous() for name, tensor in state_dict.items()})
        (new / WEIGHTS).write_bytes(weights)  # not safetensors' own writing, whose errors are no OSError
        text = model_card(
            facts=card,
            model_config=model_config,
            formalism=formalism,
            ontology=ontology,
            domains=vocabulary.get("domains", ()),
            parameters=sum(tensor.numel() for tensor in state_dict.values()),
        )
        (new / CARD).write_text(text, encoding="utf-8")
        config = {
            "format_version": FORMAT_VERSION,
            "tokenizer": tokenizer,
            "formalism": formalism,
            "model": dict(model_config),
            "files": {file.name: _sha256(file) for file in sorted(new.iterdir())},
        }
        (new / CONFIG).write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")
        if packages_of(model_config) == ["parser"]:
            require_layout(build_network(model_config, vocabulary, folder=new).state_dict(), state_dict)


def model_name(run: Path) -> str:
    """What the model of a run is called: one of seed 0 as its experiment, one of another seed by its number too.

    >>> model_name(Path("runs/top/0")), model_name(Path("runs/top/1")), model_name(Path("runs/quickstart"))
    ('top', 'top-1', 'quickstart')
    """
    run = run.absolute()
    if not run.name.isdigit():
        return run.name
    return run.parent.name if run.name == "0" else f"{run.parent.name}-{run.name}"


def require_layout(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> None:
    """Does nothing if these are the weights of the same network: by name and shape.

    Raises:
        DataError: they are not.
    """
    first, second = ({name: weights.shape for name, weights in state.items()} for state in (ours, theirs))
    if first != second:
        raise DataError("no checkpoint of this version (its weights are laid out otherwise): train again")


def load(folder: str | Path, packages: Sequence[str] = ()) -> Artifact:
    """Read a model folder; every file is checked against its sum.

    Raises:
        DataError: there is no model folder, it is of another version, or a file is missing or damaged.
    """
    folder = Path(folder)
    if not folder.is_dir():
        reason = "this is a file: name a model folder" if folder.exists() else "no such model folder"
        raise DataError(f"{reason} (`semparse export` makes one)", file=folder)
    if (folder / "best.ckpt").is_file():
        raise DataError(f"this is a run: `semparse export {folder} MODEL` makes a model folder of it", file=folder)
    config = _read_config(folder / CONFIG)
    for name in {*_REQUIRED, *config["files"]}:
        file = folder / Path(name).name
        if not file.is_file() or _sha256(file) != config["files"].get(name):
            raise DataError(f"missing or damaged file {name}: {_AGAIN}", file=folder)
    vocabulary = json.loads((folder / VOCABULARY).read_bytes())
    if PIECES in config["files"]:
        vocabulary["pieces"] = base64.b64encode((folder / PIECES).read_bytes()).decode("ascii")
    return Artifact(
        folder=folder,
        model_config=config["model"],
        vocabulary=vocabulary,
        ontology=Ontology.load(folder / ONTOLOGY),
        values=frozenset((slot, value) for slot, value in json.loads((folder / VALUES).read_bytes())),
        tokenizer=config["tokenizer"],
        formalism=config["formalism"],
        packages=tuple(packages),
    )


_FIELDS = {"tokenizer": str, "formalism": str, "model": dict, "files": dict}


def _read_config(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise DataError(f"missing or damaged file {CONFIG}: {_AGAIN}", file=file.parent)
    try:
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        config = None
    if not isinstance(config, dict) or "format_version" not in config:
        raise DataError(f"missing or damaged file {CONFIG}: {_AGAIN}", file=file.parent)
    if config["format_version"] != FORMAT_VERSION:
        raise DataError(
            f"the model folder has format {config['format_version']!r} and this version of semparse reads "
            f"{FORMAT_VERSION}: {_AGAIN}",
            file=file.parent,
        )
    for field, kind in _FIELDS.items():
        if not isinstance(config.get(field), kind):
            raise DataError(f"missing or damaged file {CONFIG} (it has no {field}): {_AGAIN}", file=file.parent)
    return config


def factory(block: Any, packages: Sequence[str] = ()) -> Callable[..., Any]:
    """What makes the object that `class_path` and `init_args` describe, once the arguments that are missing are given.

    >>> factory({"class_path": "parser.transitions.top_down.TopDown"})().__class__.__name__
    'TopDown'
    >>> factory({"class_path": "subprocess.Popen", "init_args": {"args": "ls"}})
    Traceback (most recent call last):
        ...
    data_conversion.errors.DataError: the class subprocess.Popen is no block of this package: name its own to allow it

    Raises:
        DataError: the class lies elsewhere than where this package has its blocks and in `packages`, there is none of
            that name, or it has no such argument.
    """
    if not isinstance(block, Mapping) or not isinstance(block.get("class_path"), str):
        raise DataError(f"a block is described by class_path and init_args, not by {block!r}")
    path, arguments = block["class_path"], dict(block.get("init_args") or {})
    unknown = set(block) - {"class_path", "init_args"}
    if unknown:
        raise DataError(f"{path} is described by class_path and init_args; what is {sorted(unknown)[0]!r}?")
    found = _look_up(path, (*_BLOCKS, *packages))
    check_arguments(found, arguments)
    return partial(found, **arguments)


def packages_of(model_config: Mapping[str, Any]) -> list[str]:
    """The packages that the classes of a network lie in.

    >>> packages_of({"system": {"class_path": "parser.transitions.top_down.TopDown"}, "dim": 192})
    ['parser']
    """
    paths = [block["class_path"] for block in model_config.values() if isinstance(block, Mapping)]
    return sorted({path.partition(".")[0] for path in paths})


def _look_up(path: str, packages: Sequence[str]) -> type:
    module, _, name = path.rpartition(".")
    if not _lies_in(module, packages):
        raise DataError(f"the class {path} is no block of this package: name its own to allow it")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        raise DataError(f"there is no class {path}: is it spelt right?") from None
    if not inspect.isclass(found) or not _lies_in(found.__module__, packages):
        raise DataError(f"{path} is no class of {' or '.join(packages)}")
    return found


def _lies_in(module: str, packages: Sequence[str]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def check_arguments(target: type, arguments: Iterable[str]) -> None:
    """Does nothing if `target` has arguments of these names.

    Raises:
        DataError: it has not.
    """
    names = list(inspect.signature(target).parameters)
    for name in arguments:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(names) or 'none'}"
            raise DataError(f"{target.__module__}.{target.__qualname__} has no argument {name!r}: {hint}")


def _write_json(path: Path, record: Any) -> None:
    path.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
