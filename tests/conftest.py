"""Fixtures and settings for all tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no failure.
settings.register_profile("semparse", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("semparse")


@pytest.fixture
def shared_data() -> Callable[[str], Path]:
    """The folder of a public data set, or a skip with the reason where it is absent."""

    def folder(name: str) -> Path:
        path = Path(os.environ.get("SEMPARSE_DATA", "data")) / name
        if not path.exists():
            pytest.skip(f"the data set {name} is not in {path.parent}: set SEMPARSE_DATA")
        return path

    return folder
