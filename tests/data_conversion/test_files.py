"""Files are read with line numbers and written whole or not at all; errors say where."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_conversion.errors import DataError
from data_conversion.files import atomic_file, atomic_folder, check_utf8, filled_lines, read_lines, require_data_folder


def test_lines_have_numbers(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes("one\r\n\nדרך\u2028four\nfive".encode())
    assert list(read_lines(path)) == [(1, "one"), (2, ""), (3, "דרך\u2028four"), (4, "five")]
    assert [number for number, _ in filled_lines(path)] == [1, 3, 4]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert list(read_lines(tmp_path / "empty")) == []


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"\xef\xbb\xbfone\ntwo\n")
    assert list(read_lines(tmp_path / "lines")) == [(1, "one"), (2, "two")]


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        list(read_lines(tmp_path / "missing"))
    with pytest.raises(DataError, match="this is a folder: name a file in it"):
        list(read_lines(tmp_path))


def test_bytes_that_are_not_utf8_cost_one_line(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"caf\xe9 noir\nplay\n")
    (_, bad), (_, good) = read_lines(path)
    check_utf8(good)
    with pytest.raises(DataError, match="not UTF-8") as caught:
        check_utf8(bad)
    assert caught.value.column == 4


class FullDisk(Exception):
    """Stands for whatever goes wrong while a file is written."""


def test_a_failing_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FullDisk), atomic_file(tmp_path / "new" / "out.json") as temporary:
        temporary.write_text("half")
        raise FullDisk
    assert list((tmp_path / "new").iterdir()) == []


def test_a_failing_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")
    with pytest.raises(FullDisk), atomic_file(path) as temporary:
        temporary.write_text("half")
        raise FullDisk
    assert [entry.read_text() for entry in tmp_path.iterdir()] == ["old"]


def test_a_folder_where_a_file_is_to_be_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="this is a folder: name a file to write"), atomic_file(tmp_path):
        raise AssertionError("nothing is written")
    assert list(tmp_path.iterdir()) == []


def test_a_write_takes_the_place_of_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "out.json"
    for text in ("old", "new"):
        with atomic_file(path) as temporary:
            temporary.write_text(text)
    assert [(entry.name, entry.read_text()) for entry in path.parent.iterdir()] == [("out.json", "new")]


def test_a_failing_folder_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "data"
    with atomic_folder(path) as folder:
        (folder / "a").write_text("old")
    with pytest.raises(FullDisk), atomic_folder(path) as folder:
        (folder / "a").write_text("half")
        raise FullDisk
    assert list(tmp_path.iterdir()) == [path]
    assert (path / "a").read_text() == "old"


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "data"
    for name in ("a", "b"):
        with atomic_folder(path) as folder:
            (folder / name).touch()
    assert [entry.name for entry in path.iterdir()] == ["b"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (DataError("wrong"), "wrong"),
        (DataError("wrong", file="a.txt", line=3), "a.txt:3: wrong"),
        (DataError("wrong", line=3, column=3, text="abcd"), "3:3: wrong: ab^cd"),
        (DataError("wrong", column=5, text="abcd"), "5: wrong: abcd^"),
        (DataError("wrong", column=101, text="x" * 100 + "y" * 100), f"101: wrong: …{'x' * 40}^{'y' * 12}…"),
        (DataError("two\nlines", column=1, text="a\r\nb"), "1: two lines: ^a b"),
    ],
)
def test_errors_are_one_line_with_a_caret(error: DataError, message: str) -> None:
    assert str(error) == message


def test_the_place_is_filled_in_once() -> None:
    error = DataError("wrong", line=3).at(file="a.txt", line=9)
    assert str(error.at(file="b.txt")) == "a.txt:3: wrong"


def test_a_folder_that_is_not_of_converted_data_is_named(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").touch()
    with pytest.raises(DataError, match="name the folder of converted data"):
        require_data_folder(tmp_path / "train.jsonl")
    with pytest.raises(DataError, match="no ontology.json in it: semparse convert makes it"):
        require_data_folder(tmp_path)
