"""Model folders of tests/golden, made once by an earlier version, load for ever and parse as they did."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_conversion.json_text import read_json
from parser import SemanticParser

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("name", ["words-dropped", "words-kept"])
def test_a_model_of_an_earlier_version_parses_as_it_did(name: str) -> None:
    nlu = SemanticParser.from_pretrained(GOLDEN / name)
    expected = read_json(GOLDEN / f"{name}.json")
    parses = list(nlu.parse_many(row["utterance"] for row in expected))
    assert [str(parse.tree) for parse in parses] == [row["tree"] for row in expected]
    log_probs = [row["log_prob"] for row in expected]
    assert [parse.log_prob for parse in parses] == pytest.approx(log_probs, rel=1e-3, abs=1e-5)
