"""Transition systems, each a module of this package with a class of its name: `top-down` is `top_down.TopDown`.

Pure Python: the symbolic specification of what the parser does with tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from data_conversion.modules import Modules

if TYPE_CHECKING:
    from parser.transitions.system import TransitionSystem


def load(name: str) -> TransitionSystem:
    """The transition system of that name.

    Raises:
        DataError: there is none.
    """
    return cast("TransitionSystem", getattr(_MODULES.load(name), name.title().replace("-", ""))())


def names() -> list[str]:
    """The transition systems there are, by name; modules that define none are left out."""
    return _MODULES.names()


_MODULES = Modules(__name__, "transition system", shared=("actions", "constraints", "state", "system"))
