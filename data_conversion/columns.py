"""The columns of a table, CSV or TSV, of which the user says what they hold: `utterance=question,prolog=query`.

A column goes by its name in the first line; where all go by a number, from 1, that line is a row like others.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from data_conversion.errors import DataError, OptionError
from data_conversion.files import filled_lines, first_line


@dataclass(frozen=True)
class Columns:
    """Where a table has what.

    Attributes:
        places: the place of each column that is named, by what it holds.
        width: how many columns the first line has.
        has_header: whether that line names them.
        suffix: `.csv` or `.tsv`: in the latter a quote is a character.
    """

    places: Mapping[str, int]
    width: int
    has_header: bool
    suffix: str

    def lines(self, table: Path) -> Iterator[tuple[int, str]]:
        """The rows of the table, each a line, with their numbers."""
        return islice(filled_lines(table), int(self.has_header), None)

    def of(self, line: str) -> dict[str, str]:
        """What a row has in the columns that are named.

        Raises:
            DataError: it has fewer or more columns than the first line, or is no row.
        """
        cells = _cells(line, self.suffix)
        if len(cells) != self.width:
            raise DataError(f"{self.width} columns are expected, not {len(cells)}")
        return {what: cells[place] for what, place in self.places.items()}


def named_columns(table: Path, columns: str) -> Columns:
    """The columns of `table` that `columns` names.

    Raises:
        OptionError: it does not say what the columns hold; with the columns there are.
        DataError: it names a column that is not there, a name that two have, or two columns for one thing.
    """
    try:
        names = _cells(first_line(table), table.suffix)
    except DataError as error:
        raise error.at(file=table) from None
    pairs: dict[str, str] = {}
    for pair in columns.split(","):
        what, _, column = pair.strip().partition("=")
        if what in pairs:
            raise DataError(f"{what!r} is named twice: an example has one")
        pairs[what] = column
    has_header = not all(map(str.isdecimal, pairs.values()))
    if not has_header:
        shown = ", ".join(f"{number} ({name})" for number, name in enumerate(names, start=1))
        names = [str(number) for number in range(1, len(names) + 1)]
    else:
        shown = ", ".join(names)
    if not all(pairs.values()):
        raise OptionError(f"say what the columns hold: --columns WHAT=COLUMN,...; the columns are {shown}", file=table)
    if missing := [name for name in pairs.values() if name not in names]:
        raise DataError(f"there is no column {missing[0]!r}: the columns are {shown}", file=table)
    if twice := [name for name in pairs.values() if names.count(name) > 1]:
        raise DataError(f"two columns are named {twice[0]!r}: rename one", file=table)
    return Columns({what: names.index(name) for what, name in pairs.items()}, len(names), has_header, table.suffix)


def _cells(line: str, suffix: str) -> list[str]:
    return line.split("\t") if suffix == ".tsv" else csv_cells(line)


def csv_cells(line: str, delimiter: str = ",") -> list[str]:
    """The cells of a row of CSV, which is one line.

    >>> csv_cells('"play jazz, please",Play')
    ['play jazz, please', 'Play']

    Raises:
        DataError: it is no row, or the end of one whose quotes open on a line above.
    """
    if line.count('"') % 2:  # csv passes over a quote that closes nothing
        raise DataError("not a row of CSV (a quote that closes or opens nothing on this line)")
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise DataError(f"not a row of CSV ({error})") from None
