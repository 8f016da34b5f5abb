"""The README's tables come from checked records, and a wrong record or mark is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data_conversion.errors import DataError
from parser.evaluation.published import read_published
from parser.evaluation.results import KEYS, render

RECORD: dict[str, Any] = {
    "table": "main",
    "dataset": "top",
    "train": "top",
    "domain": None,
    "split": "dev",
    "metric": "exact_match",
    "mean": 81.237,
    "std": 0.449,
    "values": [80.8, 81.7],
    "seeds": [0, 1],
    "config": "configs/experiment/top.yaml",
    "words": "keep",
    "system": "top-down",
    "copy": True,
    "transfer": "none",
    "pretrained": None,
    "params": 2_500_000,
    "hardware": "1 thread",
    "wall_s": 1830,
    "cpu_s": 1800.5,
    "train_utt_s": 212.4,
    "parse_utt_s": 1234.5,
    "command": "semparse fit --config a.yaml | tee log",
    "commit": "abc1234",
}
README = """# Title
<!-- results:main -->
old
<!-- /results:main -->
between
<!-- results:speed -->
<!-- /results:speed -->
end
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "README.md").write_text(README)
    (tmp_path / "results").mkdir()
    return tmp_path


def write(folder: Path, *records: Any, name: str = "a.json") -> None:
    (folder / "results" / name).write_text(json.dumps(list(records)))


def test_tables_are_written_between_their_marks_and_again(folder: Path) -> None:
    speed = RECORD | {"table": "speed", "metric": "parse_utt_s", "mean": 1612.4, "std": None, "values": [1612.4]}
    write(folder, {**RECORD, "domain": "alarm", "transfer": "pretraining", "pretrained": "a/b", "copy": False}, RECORD)
    write(folder, speed, name="benchmark.json")
    assert render(folder / "results", folder / "README.md") == ["main", "speed"]
    text = (folder / "README.md").read_text()
    lines = text.splitlines()
    assert lines[:2] == ["# Title", "<!-- results:main -->"]
    assert lines[2:6] == [
        "| dataset | split | metric | copy | transfer | pretrained | mean ± std |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| top | dev | exact match | yes | none | none | 81.2 ± 0.4 |",
        "| top (alarm) | dev | exact match | no | pretraining | a/b | 81.2 ± 0.4 |",
    ]
    assert lines[7] == (
        "In all lines: train top; words keep; system top-down; seeds 2; parameters, M 2.5; train utt/s 212; "
        "parse utt/s 1,234; hardware, wall time 1 thread, 30 min; command `semparse fit --config a.yaml \\| tee log`."
    )
    assert lines[8:11] == ["<!-- /results:main -->", "between", "<!-- results:speed -->"]
    assert lines[11:14] == [
        "| dataset | split | metric | mean ± std |",
        "| --- | --- | --- | --- |",
        "| top | dev | parse utt s | 1,612 |",
    ]
    assert lines[-2:] == ["<!-- /results:speed -->", "end"]
    render(folder / "results", folder / "README.md")
    assert (folder / "README.md").read_text() == text


PUBLISHED = """
- {dataset: top, metric: exact_match, figure: 80.8, contextual: false, of: A, source: a.org}
- {dataset: top, metric: exact_match, figure: 85.67, contextual: true, of: B, source: b.org}
- {dataset: top, metric: exact_match, figure: 86.0, contextual: true, of: C, source: c.org}
- {dataset: overnight, domain: mean, metric: exact_match, figure: 43.4, contextual: false, of: D, source: d.org}
- {dataset: atis, metric: frame_accuracy, figure: 87.2, contextual: false, of: E, source: e.org}
"""


def test_the_low_resource_figures_are_drawn_beside_their_records(folder: Path) -> None:
    low = RECORD | {"table": "topv2-low-resource", "dataset": "topv2", "split": "test", "train": "topv2, 25 SPIS"}
    write(folder, RECORD, RECORD | {"table": "speed"})
    render(folder / "results", folder / "README.md")
    assert not (folder / "results" / "topv2-low-resource.svg").exists()
    write(folder, low | {"domain": "weather"}, low | {"domain": "mean"}, name="low.json")
    render(folder / "results", folder / "README.md")
    assert "weather" in (folder / "results" / "topv2-low-resource.svg").read_text()


def test_published_figures_stand_beside_ours_and_say_whose_they_are(folder: Path) -> None:
    overnight = RECORD | {"split": "test", "dataset": "overnight", "train": "overnight", "state_encoder": "stack-lstm"}
    write(
        folder,
        overnight | {"domain": "mean"},
        overnight | {"domain": "blocks"},
        RECORD | {"split": "test"},
        RECORD,
        RECORD | {"split": "test", "train": "a quarter of top"},
        RECORD | {"table": "speed"},
    )
    (folder / "results" / "published.yaml").write_text(PUBLISHED)
    render(folder / "results", folder / "README.md")
    main, rest = (folder / "README.md").read_text().split("<!-- /results:main -->")
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in main.splitlines() if line.startswith("|")]
    head, _, *rows = cells
    columns = [head.index(f"published, {which}") for which in ("no contextual encoder", "contextual")]
    assert [[row[column] for column in columns] for row in rows] == [
        ["43.4 [1]", "—"],
        ["—", "—"],
        ["80.8 [2]", "85.67 [3], 86 [4]"],
        ["—", "—"],
        ["—", "—"],
    ]
    assert [row[head.index("state encoder")] for row in rows] == ["stack-lstm"] * 2 + ["—"] * 3
    assert main.endswith("\n\nPublished: [1] D (d.org); [2] A (a.org); [3] B (b.org); [4] C (c.org).\n")
    assert "ublished" not in rest


@pytest.mark.parametrize(
    "content", ["{", "a: 1", "- {dataset: top}", "- 1", "- {dataset: top, metric: m, figure: 1, by: A}"]
)
def test_a_damaged_file_of_published_figures_is_named(folder: Path, content: str) -> None:
    write(folder, RECORD, RECORD | {"table": "speed"})
    (folder / "results" / "published.yaml").write_text(content)
    with pytest.raises(DataError, match="published.yaml: not a list of published figures"):
        render(folder / "results", folder / "README.md")


def test_the_published_figures_are_each_said_once_and_with_their_source() -> None:
    figures = read_published(Path(__file__).parents[2] / "results" / "published.yaml")
    assert len({(each.dataset, each.domain, each.transfer, each.figure) for each in figures}) == len(figures) > 0
    assert all(0 < each.figure < 100 and each.of and each.source for each in figures)
    assert {each.metric for each in figures} <= {"exact_match", "frame_accuracy", "exact_match_gain_relative"}


@pytest.mark.parametrize("key", KEYS)
def test_a_missing_key_is_named(folder: Path, key: str) -> None:
    write(folder, RECORD, {name: value for name, value in RECORD.items() if name != key})
    with pytest.raises(DataError, match=f"a.json: record 2 lacks the key '{key}'"):
        render(folder / "results", folder / "README.md")
    assert (folder / "README.md").read_text() == README


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("mean", "81.2", "'mean' is \"81.2\", not int or float"),
        ("mean", True, "'mean' is true, not int or float"),
        ("copy", 1, "'copy' is 1, not bool or null"),
        ("seeds", 3, "'seeds' is 3, not list"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(folder: Path, key: str, value: Any, reason: str) -> None:
    write(folder, {**RECORD, key: value})
    with pytest.raises(DataError, match=f"record 1: {reason}"):
        render(folder / "results", folder / "README.md")


@pytest.mark.parametrize(
    ("content", "reason"),
    [("{", "a.json: not a JSON file"), ("{}", "a.json: not a list of records"), ("[1]", "record 1 is no object")],
)
def test_a_damaged_file_is_named(folder: Path, content: str, reason: str) -> None:
    (folder / "results" / "a.json").write_text(content)
    with pytest.raises(DataError, match=reason):
        render(folder / "results", folder / "README.md")


@pytest.mark.parametrize(
    ("readme", "reason"),
    [
        ("no mark", "README.md: no table is marked"),
        ("<!-- results:main -->\n", "the mark <!-- /results:main --> is missing"),
        ("<!-- /results:main --><!-- results:main -->\n", "the mark <!-- /results:main --> is missing"),
        ("<!-- results:other -->\n<!-- /results:other -->", "is of the table 'other'"),
    ],
)
def test_a_wrong_mark_is_named(folder: Path, readme: str, reason: str) -> None:
    write(folder, RECORD)
    (folder / "README.md").write_text(readme)
    with pytest.raises(DataError, match=reason):
        render(folder / "results", folder / "README.md")


def test_no_results_and_no_readme_are_named(folder: Path) -> None:
    with pytest.raises(DataError, match="there are no results here"):
        render(folder / "results", folder / "README.md")
    write(folder, RECORD)
    with pytest.raises(DataError, match="no such file"):
        render(folder / "results", folder / "absent.md")
