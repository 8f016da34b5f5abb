"""Fixtures for all tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def shared_data() -> Callable[[str], Path]:
    """The folder of a public data set, or a skip with the reason where it is absent."""

    def folder(name: str) -> Path:
        path = Path(os.environ.get("SEMPARSE_DATA", "data")) / name
        if not path.exists():
            pytest.skip(f"the data set {name} is not in {path.parent}: set SEMPARSE_DATA")
        return path

    return folder
