"""Tables whose columns the user names."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_conversion import readers
from data_conversion.convert import convert
from data_conversion.errors import DataError, OptionError
from data_conversion.example import Example, read_examples
from data_conversion.frames import tags_of
from data_conversion.ontology import Ontology

ASSETS = Path(__file__).parent.parent / "assets" / "table"
TABLE = readers.load("table")


def examples(file: Path, columns: str) -> list[Example]:
    return [row.example() for row in TABLE.read(file, columns=columns)]


def test_trees_are_converted_in_their_formalism(tmp_path):
    summary = convert(ASSETS, tmp_path / "out", reader="table", options={"columns": "utterance=question,prolog=query"})
    assert (summary.counts, summary.rejects) == ({"train": 2, "test": 1}, 0)
    first, second = read_examples(tmp_path / "out" / "train.jsonl", Ontology.load(tmp_path / "out" / "ontology.json"))
    assert first.formalism == "prolog"
    assert first.utterance == "which rivers, if any, cross new sealand"
    assert [first.tokens[leaf] for leaf in first.leaves if leaf is not None] == ["new", "sealand"]
    assert first.domain == "table"
    assert second.tokens == ("how", "long", "is", "the", '"', "slow", '"')


def test_no_table_is_recognised():
    assert [name for name in readers.names() if readers.load(name).recognises(ASSETS)] == []
    assert [name for name in readers.names() if readers.load(name).recognises(ASSETS / "train.csv")] == []


def test_columns_go_by_number_where_there_is_no_header(tmp_path):
    file = tmp_path / "train.tsv"
    file.write_text('7\tmusic\tplay folk music\tPlay\tO B-genre I-genre\n\n8\tmusic\tsay "stop\t Play\tO O\n')
    first, second = examples(file, "id=1,domain=2,utterance=3,intent=4,tags=5")
    assert (first.id, first.domain, first.tree.label) == ("7", "music", "Play")
    assert tags_of(first) == ["O", "B-genre", "I-genre"]
    assert second.tokens == ("say", '"stop')


def test_tokens_and_intents_alone(tmp_path):
    file = tmp_path / "train.csv"
    file.write_text("words,what,tree\nwhat 's on,Ask,[IN:ASK what 's on ]\n")
    (example,) = examples(file, "tokens=words,intent=what")
    assert (example.utterance, example.words_kept) == ("what 's on", True)
    (example,) = examples(file, "tokens=words,top=tree")
    assert (example.formalism, example.words_kept) == ("top", True)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ("", r"--columns WHAT=COLUMN,...; the columns are number, question, query"),
        ("question", "say what the columns hold"),
        ("utterance=text,prolog=query", "no column 'text': the columns are number, question, query"),
        ("utterance=1,prolog=3", r"test.tsv: there is no column '3': the columns are 1 \(question\), 2 \(query\)"),
        ("utterance=question", "no utterance with one tree or intent: choose of utterance, tokens"),
        ("prolog=query", "no utterance with one tree or intent"),
        ("utterance=question,sql=query", "no utterance with one tree or intent"),
        ("utterance=question,prolog=query,tags=query", "tags go with an intent"),
        ("utterance=question,prolog=query,intent=query", "no utterance with one tree or intent"),
        ("utterance=question,utterance=query,prolog=query", "'utterance' is named twice"),
    ],
)
def test_columns_that_do_not_make_an_example(columns, reason):
    with pytest.raises(DataError, match=reason):
        TABLE.files(ASSETS, columns=columns)


def test_damaged_rows_are_refused_one_by_one(tmp_path):
    file = tmp_path / "train.csv"
    file.write_text('utterance,intent,tags\na b,A\n"a,A,O\na b,A,O\na,,O\na,A,O\na, b,A,O\nb",A,O\n')
    reasons = []
    for row in TABLE.read(file, columns="utterance=utterance,intent=intent,tags=tags"):
        try:
            reasons.append(row.example().tree.label)
        except DataError as error:
            reasons.append(str(error))
    assert "3 columns are expected, not 2" in reasons[0] and "train.csv:2" in reasons[0]
    assert "not a row of CSV" in reasons[1]
    assert "2 words but 1 tags" in reasons[2]
    assert "no intent" in reasons[3]
    assert reasons[4] == "A"
    assert "3 columns are expected, not 4" in reasons[5]
    assert "not a row of CSV" in reasons[6]  # the end of a row of several lines


def test_quotes_in_a_row_are_read_as_csv_has_them(tmp_path):
    file = tmp_path / "train.csv"
    file.write_text('text,what\n"play ""now"", please",A\nplay "now",A\n')
    assert [example.utterance for example in examples(file, "utterance=text,intent=what")] == [
        'play "now", please',
        'play "now"',
    ]


def test_a_name_that_two_columns_have_is_refused_where_it_is_named(tmp_path):
    file = tmp_path / "train.csv"
    file.write_text("text,what,what,who\nhi,A,B,ann\n")
    assert examples(file, "utterance=text,intent=who")[0].tree.label == "ann"
    with pytest.raises(DataError, match="two columns are named 'what': rename one"):
        examples(file, "utterance=text,intent=what")


def test_a_table_without_columns_is_bad_usage(tmp_path):
    with pytest.raises(OptionError, match="say what the columns hold"):
        convert(ASSETS, tmp_path / "out", reader="table")
