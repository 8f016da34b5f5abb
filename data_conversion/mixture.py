"""The mixture: how often composition does what, read from a small YAML file; `mixture.yaml` is the one that is shipped.

>>> mixture = Mixture.load()
>>> mixture.between["and then"] < mixture.between["and"]
True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import inf, nan
from pathlib import Path
from random import Random
from typing import Any

from data_conversion import yaml_text
from data_conversion.errors import DataError

SHIPPED = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True)
class Mixture:
    """Shares between 0 and 1, and texts with their relative weights; what each means stands in `mixture.yaml`."""

    further_clause: float
    same_intent: float
    connective_in_value: float
    between: Mapping[str, float]
    afterthought: float
    afterthoughts: Mapping[str, float]
    polite: float
    openings: Mapping[str, float]
    endings: Mapping[str, float]
    parts_said_once: float
    shared_ending: float
    pronoun: float
    exchanged: float
    shown_values: float
    open_values: float
    separators: Mapping[str, float]

    @classmethod
    def load(cls, path: str | Path = SHIPPED) -> Mixture:
        """Read a mixture; what it does not name is as in the shipped one.

        Raises:
            DataError: with file and line, where it is no YAML, or names something else, or a value is out of range.
        """
        shipped, given = _read(SHIPPED), _read(Path(path))
        values: dict[str, Any] = {}
        try:
            for name, node in {**shipped, **given}.items():
                if name not in shipped:
                    known = ", ".join(field.name for field in fields(cls))
                    raise DataError(f"a mixture has no {name!r}: choose of {known}")
                values[name] = _share(name, node) if yaml_text.text(shipped[name]) else _weights(name, node)
        except DataError as error:
            raise error.at(file=path, line=node.start_mark.line + 1) from None
        return cls(**values)


def _read(path: Path) -> dict[str, yaml_text.Node]:
    root = yaml_text.compose_yaml(path)
    if root.id != "mapping":
        raise DataError("not a mixture: shares and weights by name are expected", file=path)
    return yaml_text.fields(root)


def _share(name: str, node: yaml_text.Node) -> float:
    share = _number(node)
    if not share <= 1:
        raise DataError(f"{name} is no share between 0 and 1")
    return share


def _weights(name: str, node: yaml_text.Node) -> dict[str, float]:
    weights = {said: _number(weight) for said, weight in yaml_text.fields(node).items()}
    if not 0 < sum(weights.values()) < inf:
        raise DataError(f"{name}: texts with weights that are not all 0 are expected")
    return weights


def _number(node: yaml_text.Node) -> float:
    """The number that is written, if it is none below 0; what compares with nothing for anything else."""
    try:
        number = float(yaml_text.text(node))
    except ValueError:
        return nan
    return number if number >= 0 else nan


def draw(weights: Mapping[str, float], random: Random) -> str:
    """One of the texts, by weight."""
    return random.choices(list(weights), list(weights.values()))[0]
