"""Figures that others have published on the same test sets, to stand beside ours: `results/published.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_conversion.errors import DataError
from data_conversion.files import require_file


@dataclass(frozen=True)
class Figure:
    """A published figure.

    Attributes:
        dataset: the data whose train it was trained on and whose test it was measured on.
        metric: the metric, as records name it.
        figure: the figure, in percent.
        contextual: whether a pretrained contextual encoder has helped.
        of: whose it is.
        source: where it stands.
        domain: as records name it.
        transfer: as records name it.
        train: as records name it, where the data was not all of train.
    """

    dataset: str
    metric: str
    figure: float
    contextual: bool
    of: str
    source: str
    domain: str | None = None
    transfer: str = "none"
    train: str | None = None

    def is_beside(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is of the same data and metric, and trained on that data: *snips* or *snips, composed*."""
        ours = {key: getattr(self, key) for key in ("dataset", "domain", "metric", "transfer")} | {"split": "test"}
        trained_on = str(record["train"]).replace(",", " ").split()[0]
        alike = record["train"] == self.train if self.train else trained_on == self.dataset
        return alike and ours.items() <= record.items()


def read_published(path: str | Path) -> list[Figure]:
    """The figures of a file; none where there is no file.

    Raises:
        DataError: the file is not a list of figures.
    """
    import yaml  # only who reads YAML pays for it

    if not Path(path).exists():
        return []
    try:
        return [Figure(**each) for each in yaml.safe_load(require_file(path).read_bytes())]
    except (yaml.YAMLError, TypeError) as error:
        raise DataError(f"not a list of published figures: {' '.join(str(error).split())}", file=path) from None


class Beside:
    """The figures that stand beside some records, and the works that they are of, numbered in their order.

    >>> record = dict(dataset="top", train="top", domain=None, split="test", metric="exact_match", transfer="none")
    >>> beside = Beside([record], [Figure("top", "exact_match", 81.8, False, "Pasupat et al.", "EMNLP 2019")])
    >>> beside.cell(record, contextual=False), beside.cell(record, contextual=True)
    ('81.8 [1]', '—')
    >>> beside.notes()
    '[1] Pasupat et al. (EMNLP 2019)'
    """

    def __init__(self, records: Sequence[Mapping[str, Any]], figures: Sequence[Figure]) -> None:
        self.figures = list(dict.fromkeys(each for record in records for each in figures if each.is_beside(record)))
        cited = dict.fromkeys((each.of, each.source) for each in self.figures)
        self.numbers = {work: number for number, work in enumerate(cited, start=1)}

    def cell(self, record: Mapping[str, Any], *, contextual: bool) -> str:
        """The figures beside one record, each with the number of its work."""
        told = [each for each in self.figures if each.contextual == contextual and each.is_beside(record)]
        return ", ".join(f"{each.figure:g} [{self.numbers[each.of, each.source]}]" for each in told) or "—"

    def notes(self) -> str:
        """Whose work each number is."""
        return "; ".join(f"[{number}] {of} ({source})" for (of, source), number in self.numbers.items())
