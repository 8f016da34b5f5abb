"""The shipped sample corpus: what it holds, what it must not hold, and that its generator writes it bit for bit."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from data_conversion.convert import convert
from data_conversion.errors import DataError
from data_conversion.frames import spans_of
from data_conversion.sample import generate
from data_conversion.tokenization import tokenize

SAMPLE = generate.HERE
COLUMNS = ("seq.in", "seq.out", "label", "template")
SPLITS = ("train", "valid", "test")
ARTICLE = (
    "which cinemas screen star wars tonight",
    "add apples and oranges to shopping list and play music",
    "add peanut butter and milk to the shopping list and play music",
    "turn down the lights and play music",
)


@cache
def rows(split: str) -> list[tuple[str, ...]]:
    columns = [(SAMPLE / "corpus" / split / name).read_text(encoding="utf-8").splitlines() for name in COLUMNS]
    assert len({len(column) for column in columns}) == 1
    return list(zip(*columns))


@cache
def values(split: str) -> set[tuple[str, str]]:
    """Every slot with each of its values."""
    return {value for row in rows(split) for value in values_of(row)}


def values_of(row: tuple[str, ...]) -> set[tuple[str, str]]:
    tokens = row[0].split()
    return {(span.slot, " ".join(tokens[span.start : span.end])) for span in spans_of(row[1].split())}


@cache
def domains() -> list[generate.Domain]:
    return generate.domains()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_regenerated_bit_for_bit(tmp_path):
    generate.write(tmp_path)
    for name in ("corpus", "formats"):
        assert files(tmp_path / name) == files(SAMPLE / name)


def test_sizes():
    assert [len(rows(split)) for split in SPLITS] == list(generate.SIZES.values())
    assert sum(len(content) for content in files(SAMPLE).values()) < 2_000_000


def test_breadth():
    templates = [template for domain in domains() for template in domain.templates]
    labels = {row[2] for row in rows("train")}
    assert len(domains()) >= 8
    assert len(labels) >= 30
    assert {row[2] for split in SPLITS for row in rows(split)} == labels == {template.intent for template in templates}
    slotless = {row[2] for row in rows("train") if set(row[1].split()) == {"O"}}
    assert {"PauseMusicIntent", "StopAlarmIntent"} <= slotless


def test_every_row_has_a_tag_a_token_and_our_own_tokens():
    for split in SPLITS:
        for utterance, tags, *_ in rows(split):
            tokens = utterance.split()
            assert len(tokens) == len(tags.split())
            assert [token.text for token in tokenize(utterance)] == tokens
            assert utterance == utterance.lower()


def test_no_utterance_stands_twice_and_so_none_has_two_frames():
    utterances = [row[0] for split in SPLITS for row in rows(split)]
    assert len(set(utterances)) == len(utterances)


def test_words_annotated_in_two_ways_are_refused(monkeypatch):
    text = 'AIntent/phrase -> "on"\nBIntent/phrase -> "on"\nBeforePhrase -> \nAfterPhrase -> \n'
    grammar = generate._grammar(text)
    monkeypatch.setattr(generate, "domains", lambda: [generate.Domain("toy", dict.fromkeys(generate.SIZES, grammar))])
    with pytest.raises(DataError, match="annotate 'on' in two ways"):
        generate.rows()


@pytest.mark.parametrize("split", ["valid", "test"])
def test_a_third_of_the_templates_is_not_in_train(split):
    known = {row[3] for row in rows("train")}
    unseen = [row[3] for row in rows(split) if row[3] not in known]
    assert len(unseen) >= 0.3 * len(rows(split))


@pytest.mark.parametrize("split", ["valid", "test"])
def test_held_out_templates_use_words_of_train(split):
    known = {word for row in rows("train") for word in row[0].split()}
    outside = {word for row in rows(split) for word, tag in zip(row[0].split(), row[1].split()) if tag == "O"}
    assert outside <= known


@pytest.mark.parametrize("split", ["valid", "test"])
def test_nearly_half_of_the_rows_have_a_value_not_in_train(split):
    unseen = [row for row in rows(split) if not values_of(row) <= values("train")]
    assert len(unseen) >= 0.4 * len(rows(split))


def test_held_out_values_are_not_in_train():
    lists = {path: path.read_text(encoding="utf-8").splitlines() for path in (SAMPLE / "values").glob("*.txt")}
    in_train = {value for _, value in values("train")}
    for path, entries in lists.items():
        assert len(set(entries)) == len(entries), path
        held_out = {value for value in entries if generate.split_of(value) != "train"}
        assert 0.15 * len(entries) < len(held_out) < 0.5 * len(entries), path
        assert not held_out & in_train, path
    assert len(lists[SAMPLE / "values" / "groceries.txt"]) > 200


def test_the_article_is_not_in_the_corpus():
    padded = [f" {row[0]} " for split in SPLITS for row in rows(split)]
    for utterance in padded:
        assert not any(f" {sentence} " in utterance for sentence in ARTICLE)
        assert not any(all(f" {value} " in utterance for value in pair) for pair in generate.FORBIDDEN_PAIRS)
    everything = b" ".join(files(SAMPLE / "corpus").values()) + b" ".join(files(SAMPLE / "values").values())
    assert not any(word.encode() in everything for word in generate.FORBIDDEN_WORDS)


def test_grammars_define_what_they_use_and_use_what_they_define():
    used_anywhere, values_named = set(), {path.stem for path in (SAMPLE / "values").glob("*.txt")}
    shared = {
        production.lhs().symbol()
        for production in generate._grammar(
            (SAMPLE / "grammars" / "shared.cfg").read_text(encoding="utf-8")
        ).productions()
    }
    for domain in domains():
        productions = domain.grammars["train"].productions()
        defined = {production.lhs().symbol() for production in productions}
        used = {
            symbol.symbol().rpartition("/")[2]
            for production in productions
            for symbol in production.rhs()
            if not isinstance(symbol, str)
        }
        used_anywhere |= used
        assert used <= defined, domain.name
        own = {symbol for symbol in defined - shared - values_named if "/" not in symbol}
        assert own <= used, domain.name
    wrappers = {symbol for symbol in shared if symbol.startswith(("Before", "After"))}
    assert shared - wrappers | values_named <= used_anywhere


def test_a_symbol_nobody_defines_is_an_error():
    grammar = generate._grammar('AIntent/phrase -> "on" Slot/missing\nBeforePhrase -> \nAfterPhrase -> \n')
    domain = generate.Domain("toy", {"train": grammar})
    with pytest.raises(DataError, match="named 'missing'"):
        domain.row(domain.templates[0], "train", generate.random.Random(0))


def test_a_before_a_vowel():
    grammar = generate._grammar(
        'AIntent/phrase -> "play a" Slot/Kind\nKind -> "opera"\nBeforePhrase -> \nAfterPhrase -> \n'
    )
    domain = generate.Domain("toy", {"train": grammar})
    row = domain.row(domain.templates[0], "train", generate.random.Random(0))
    assert (row.tokens, row.tags) == (("play", "an", "opera"), ("O", "O", "B-Slot"))


@pytest.mark.parametrize("name", ["bio", "conll", "snips", "mix", "top", "jsonl"])
def test_each_excerpt_is_recognised_and_converted_whole(name, tmp_path):
    summary = convert(SAMPLE / "formats" / name, tmp_path / "converted", strict=True)
    assert summary.reader == {"conll": "bio"}.get(name, name)
    assert 10 <= sum(summary.counts.values()) <= 25
    assert summary.agreement == 1.0


def test_the_excerpts_say_the_same_in_every_format(tmp_path):
    trees = {}
    for name in ("bio", "conll", "jsonl"):
        convert(SAMPLE / "formats" / name, tmp_path / name)
        lines = (tmp_path / name / "train.jsonl").read_text(encoding="utf-8").splitlines()
        trees[name] = [json.loads(line)["tree"] for line in lines]
    assert trees["bio"] == trees["conll"] == trees["jsonl"]


def test_the_corpus_converts_whole(tmp_path):
    summary = convert(SAMPLE / "corpus", tmp_path / "converted", strict=True)
    assert (summary.reader, summary.counts) == ("bio", generate.SIZES)
