"""Transition systems, each a module of this package with a class of its name: `top-down` is `top_down.TopDown`.

Pure Python: the symbolic specification of what the parser does with tensors.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, cast

from data_conversion.errors import DataError

if TYPE_CHECKING:
    from parser.transitions.system import TransitionSystem


def load(name: str) -> TransitionSystem:
    """The transition system of that name.

    Raises:
        DataError: there is none.
    """
    if name not in names():
        raise DataError(f"no transition system is named {name!r}: choose one of {', '.join(names())}")
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    return cast("TransitionSystem", getattr(module, name.title().replace("-", ""))())


def names() -> list[str]:
    """The transition systems there are, by name; modules that define none are left out."""
    modules = [module.name for module in pkgutil.iter_modules(__path__)]
    return sorted(module.replace("_", "-") for module in modules if module not in _SHARED)


_SHARED = {"actions", "state", "system"}
