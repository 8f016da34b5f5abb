"""JSON that people bring, read so that whatever is wrong with it is a `DataError` that says what and where.

    >>> read_fields('{"utt": "play folk music", "id": 7}', "utt")
    {'utt': 'play folk music', 'id': 7}
    >>> read_fields('{"utt": 7}', "utt")
    Traceback (most recent call last):
        ...
    data_conversion.errors.DataError: the field 'utt' is missing or is no text

An object that has a key twice is refused: what stands under the first would be lost unsaid.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from data_conversion.errors import DataError
from data_conversion.files import check_utf8, first_line, require_file


def parse_json(text: str) -> Any:
    """The value that `text` writes.

    Raises:
        DataError: with the column, and of several lines the line, where it is not JSON; it is nested too deep, or an
            object has a key twice.
    """
    try:
        value = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        shown = text.split("\n")[error.lineno - 1]  # as json counts lines
        line = error.lineno if "\n" in text else None  # one alone may be any line of a file
        raise DataError(f"not JSON ({error.msg})", line=line, column=error.colno, text=shown) from None
    except ValueError as error:  # a number of more digits than Python reads
        raise DataError(f"not JSON ({error})") from None
    except RecursionError:
        raise DataError("JSON nested too deep") from None
    if "\\u" in text:  # the escape of half a character outside the basic plane is text that cannot be written
        check_utf8(json.dumps(value, ensure_ascii=False))
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        (key, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise DataError(f"the key {key!r} stands twice in one object")
    return record


def read_json(path: Path) -> Any:
    """The value that a file holds.

    Raises:
        DataError: with the file, where it is not JSON or not UTF-8.
    """
    try:
        return parse_json(require_file(path).read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise DataError("bytes that are not UTF-8: convert the file first", file=path) from None
    except DataError as error:
        raise error.at(file=path) from None


def read_fields(line: str, *fields: str) -> dict[str, Any]:
    """The object that a line of JSON lines holds, in which each of `fields` is a text.

    Raises:
        DataError: it is not JSON or no object, or a field is missing or is no text.
    """
    record = parse_json(line)
    if not isinstance(record, dict):
        raise DataError("not a JSON object: one object a line is expected")
    for field in fields:
        if not isinstance(record.get(field), str):
            raise DataError(f"the field {field!r} is missing or is no text")
    return record


def has_fields(path: Path, *fields: str) -> bool:
    """Whether a file opens with a line of JSON in which each of `fields` is a text."""
    try:
        return bool(read_fields(first_line(path), *fields))
    except DataError:
        return False
