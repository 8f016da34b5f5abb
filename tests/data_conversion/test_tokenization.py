"""Tokenization is reversible, and cuts where people would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_conversion.errors import DataError
from data_conversion.tokenization import TOKENIZERS, Token, locate, tokenize

texts = st.text() | st.text("ab1'’.:-$% \t\n()\\🎶אب")


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@given(text=texts)
def test_reversible(tokenizer: str, text: str) -> None:
    tokens = tokenize(text, tokenizer)
    rebuilt, end = "", 0
    for token in tokens:
        assert text[token.start : token.end] == token.text != ""
        rebuilt += text[end : token.start] + token.text
        end = token.end
    assert rebuilt + text[end:] == text


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@given(text=texts)
def test_nothing_but_white_space_is_lost(tokenizer: str, text: str) -> None:
    assert "".join(token.text for token in tokenize(text, tokenizer)) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("what's up?", "what 's up ?"),
        ("i don't know ann’s number", "i don't know ann ’s number"),
        ("I'd say we'll see", "I 'd say we 'll see"),
        ("at 5:30 or 7pm, or 5:30PM", "at 5:30 or 7 pm , or 5:30 PM"),
        ("7 p.m. in l.a.", "7 p.m. in l.a."),
        ("top-rated r&b for $5 or 10%", "top-rated r&b for $ 5 or 10 %"),
        ("(wow) \\o/", "( wow ) \\ o /"),
        ("זמר 🎶 música", "זמר 🎶 música"),
        ("संगीत बजाओ, เปิดเพลง", "संगीत बजाओ , เปิดเพลง"),
        ("cafe\u0301 מַצָּה", "cafe\u0301 מַצָּה"),
        (" \t ", ""),
        ("", ""),
    ],
)
def test_words(text: str, tokens: str) -> None:
    assert [token.text for token in tokenize(text)] == tokens.split()


def test_whitespace() -> None:
    assert tokenize(" what's  up?", "whitespace") == [Token("what's", 1, 7), Token("up?", 9, 12)]


def test_unknown_tokenizer() -> None:
    with pytest.raises(DataError, match="'letters': choose one of words, whitespace"):
        tokenize("play", "letters")


@given(texts)
def test_locate_finds_our_own_tokens(text: str) -> None:
    tokens = tokenize(text, "whitespace")
    assert locate(text, tuple(token.text for token in tokens)) == tokens


def test_locate_refuses_tokens_in_another_order() -> None:
    with pytest.raises(DataError, match="'play' is not in the utterance"):
        locate("play music", ("music", "play"))


def test_tokens_of_top(shared_data) -> None:
    with open(shared_data("top") / "eval.tsv", encoding="utf-8") as lines:
        rows = [line.split("\t") for line in lines]
    agreeing = sum([token.text for token in tokenize(row[0])] == row[1].split() for row in rows)
    assert agreeing / len(rows) > 0.95
