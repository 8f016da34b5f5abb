"""Excerpts of the sample corpus in every input format."""

from __future__ import annotations

from pathlib import Path

from data_conversion.sample.row import Row


def write_formats(rows: list[Row], destination: Path) -> None:
    """Write about twenty rows in each format under `destination`."""
