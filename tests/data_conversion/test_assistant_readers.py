"""The readers of what assistants are taught with: what each makes of its format's features, and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from test_readers import ASSETS, RELEASES, examples, reasons

from data_conversion import readers
from data_conversion.convert import convert
from data_conversion.errors import DataError
from data_conversion.formalisms.bracket import write
from data_conversion.ontology import Ontology
from data_conversion.transforms import drop_words


def trees(release: str, split: str = "train") -> list[str]:
    """The trees of a split with the words outside slots dropped."""
    return [write(drop_words(example).tree, Ontology({})) for example in examples(release, split)]


def write_lines(file: Path, *lines: object) -> Path:
    file.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return file


def test_facebook_multilingual_splits_at_the_last_colon_and_finds_the_domain():
    alarm, colon = examples("facebook_multilingual", "train")[1:3]
    assert (alarm.domain, alarm.tree.label, alarm.tokens[3]) == ("alarm", "alarm/set_alarm", "6:30")
    assert colon.tokens == ("stop", ":", "the", "music")
    assert examples("facebook_multilingual", "train")[-1].domain == ""


def test_facebook_multilingual_refuses_what_has_no_arrow_or_tag(tmp_path):
    file = write_lines(tmp_path / "train.txt", "play:O", "play:O <=> ", "play <=> a", "play:O it:X <=> a", " <=> a")
    first, second, third, fourth, fifth = reasons("facebook-multilingual", file)
    assert "`<=>` and the intent are expected" in first and "train.txt:1" in first
    assert "`<=>` and the intent are expected" in second
    assert "'play' is no word with its tag" in third
    assert "the tag 'X' of word 2" in fourth
    assert "no words" in fifth


def test_massive_rows_stand_in_the_part_they_name():
    assert [example.id for example in examples("massive", "train")] == ["de-DE-1", "de-DE-2"] + [
        f"en-US-{number}" for number in (1, 3, 4, 5)
    ]
    assert examples("massive", "train")[0].domain == "alarm"


@pytest.mark.parametrize("language, count", [("de", 2), ("de-DE", 2), ("en", 4)])
def test_massive_takes_one_language(tmp_path, language, count):
    summary = convert(ASSETS / "massive", tmp_path / "out", options={"language": language})
    assert summary.counts["train"] == count
    assert not any("languages" in note for note in summary.notes)


def test_massive_says_which_languages_there_are(tmp_path):
    assert "the languages de-DE, en-US are read as one" in convert(ASSETS / "massive", tmp_path / "out").notes[0]
    with pytest.raises(DataError, match="no file is of the language 'd': choose one of de-DE, en-US"):
        convert(ASSETS / "massive", tmp_path / "again", options={"language": "d"})


def test_massive_loses_no_row_without_a_part(tmp_path):
    row = {"id": "1", "locale": "en-US", "partition": "dev", "scenario": "a", "intent": "b", "annot_utt": "play"}
    file = write_lines(tmp_path / "en-US.jsonl", row, {**row, "partition": "odd"}, "{", {**row, "annot_utt": "[a"})
    summary = convert(file, tmp_path / "out")
    assert (summary.counts, summary.rejects) == ({"train": 0, "dev": 1}, 3)


def test_slurp_has_the_intent_of_its_evaluation_and_reads_the_synthetic_rows():
    *_, train, synthetic = examples("slurp", "train")
    assert (train.tree.label, train.domain) == ("play_music", "play")
    assert synthetic.utterance == "alarm at noon"
    assert set(readers.load("slurp").files(ASSETS / "slurp").splits) == {"train", "dev", "test"}


@pytest.mark.parametrize(
    "annotation, reason",
    [
        ("play [genre : ]", "the value '' of 'genre' holds no word"),
        ("play [genre jazz]", "a bracket that marks no value of a slot: play ^[genre jazz"),
        ("play [genre : jazz", "marks no value"),
        ("play genre : jazz]", "marks no value"),
        ("play [a : [b : jazz]]", "marks no value"),
        ("play [ : jazz]", "marks no value"),
        ("play [" + " " * 10_000, "marks no value"),
        (" ", "no words"),
        (3, "'sentence_annotation' is missing or is no text"),
    ],
)
def test_slots_in_brackets_that_are_none(tmp_path, annotation, reason):
    row = {"sentence_annotation": annotation, "scenario": "a", "action": "b"}
    assert reason in reasons("slurp", write_lines(tmp_path / "train.jsonl", row))[0]


def test_hwu64_reads_folds_and_the_release():
    assert trees("hwu64") == [
        "(lists_add(add(item(figs))(item(nuts))))",
        "(lists_add)",
        "(music_query(song_name(night)(train)))",
        "(music_query(artist_name(the)(river)(band)))",
    ]
    assert trees("hwu64", "test") == ["(music_query(song_name(rain)))"]
    assert examples("hwu64", "train")[3].utterance == "what is this; a song by the river band"
    assert [example.domain for example in examples("hwu64_release", "train")] == ["music", "lists", "music", "alarm"]


def test_hwu64_rejects_what_is_marked_as_irrelevant_and_rows_of_other_columns(tmp_path):
    header = "scenario;intent;status;answer_annotation"
    file = write_lines(tmp_path / "a.csv", header, "a;b;IRR_XR;no", "a;b;no", 'a;b;null;"no', "a;b;null;yes")
    first, second, third, fourth = reasons("hwu64", file)
    assert "marked as irrelevant (status IRR_XR)" in first and "a.csv:2" in first
    assert "4 columns are expected, not 3" in second
    assert "not a row of CSV" in third
    assert fourth is None


def test_hwu64_needs_its_columns(tmp_path):
    with pytest.raises(DataError, match=r"a\.csv:1: the header has no column answer_annotation or intent"):
        convert(write_lines(tmp_path / "a.csv", "scenario;x", "a;b"), tmp_path / "out", reader="hwu64")


def test_rasa_keeps_the_words_said_and_joins_role_and_group():
    assert trees("rasa") == [
        "(play_music(genre(folk)(music)))",
        "(play_music(genre(bop)))",
        "(play_music(room#source(attic))(room#target(kitchen)))",
        "(play_music(song(night)(train))(artist(the)(river)(band)))",
        "(order(size(small)))",
        "(order(size#1(small))(size#2(large)))",
        "(faq/ask_hours)",
        "(faq/ask_hours(day(sunday)))",
        "(pause+play(genre(jazz)))",
    ]
    assert examples("rasa", "train")[1].utterance == "play some bop, please"


def test_rasa_knows_the_line_of_every_example():
    (file,) = readers.load("rasa").files(ASSETS / "rasa").splits["train"]
    lines = file.read_text().splitlines()
    found = {row.line: row.text for row in readers.load("rasa").read(file)}
    assert list(found) == [6, 7, 8, 10, 13, 14, 17, 21, 24]
    assert [line for line, text in found.items() if lines[line - 1].strip() != text] == [17, 21]  # under `text:`


def test_rasa_refuses_a_bracket_that_was_left_open(tmp_path):
    file = tmp_path / "nlu.yml"
    file.write_text("nlu:\n- intent: a\n  examples: |\n    - book [luigi](restaurant for [three](people)\n")
    assert "nlu.yml:4:6: a bracket in the name of an entity" in reasons("rasa", file)[0]
    file.write_text('version: "3.1"\nnlu:\n- intent: stop\n  examples: |\n    - stop [it]{"entity":"x"\n')
    assert "a bracket that marks no value of a slot" in reasons("rasa", file)[0]


def test_hwu64_reads_each_part_by_the_name_of_its_file(tmp_path):
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text('scenario;intent;answer_annotation\nmusic;query;"play"\n')
    assert convert(tmp_path, tmp_path / "out", reader="hwu64").counts == {"train": 1, "test": 1}


def test_rasa_finds_each_part_by_the_nearest_name(tmp_path):
    for name in ("nlu.yml", "train/nlu.yml", "valid/a/b.yml", "test/nlu.yml", "test/nlu_dev.yml"):
        (tmp_path / "train" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "train" / name).write_text("nlu:\n- intent: a\n  examples: |\n    - hi\n")
    assert convert(tmp_path / "train", tmp_path / "out").counts == {"train": 2, "dev": 2, "test": 1}
    assert convert(tmp_path / "train/test/nlu.yml", tmp_path / "one").counts == {"train": 1}


def test_rasa_refuses_what_is_no_example(tmp_path):
    examples_ = '- play [it](a)\n    play\n    - [x][{"entity": "a"}]\n    - [x]{"entity": 3}\n    - [x]{entity}\n    -'
    file = tmp_path / "nlu.yml"
    file.write_text(f"nlu:\n- intent: a\n  examples: |\n    {examples_}\n- intent: b\n- other: c\n- d\n")
    found = reasons("rasa", file)
    assert found[0] is None
    for reason, part in zip(found[1:], ["nlu.yml:5: an intent with its examples", "several entities", "is no text"]):
        assert part in reason
    assert "not JSON" in found[4]
    assert "no words" in found[5]
    assert all("an intent with its examples" in reason for reason in found[6:]) and len(found) == 9


@pytest.mark.parametrize(
    "text, reason",
    [
        ("nlu:\n- intent: [\n", "nlu.yml:3: not YAML"),
        ("nlu:\n- intent: a\n  intent: b\n", "nlu.yml:3: the key 'intent' stands twice"),
        ("nlu: " + "[" * 5000 + "]" * 5000, "YAML nested too deep"),
        ("nlu: a\x07", "not YAML"),
        ("nlu: a", "no annotated row"),
        ("nlu: &a [*a]", "nlu.yml:1: an intent with its examples"),
    ],
)
def test_rasa_refuses_other_yaml(tmp_path, text, reason):
    (tmp_path / "nlu.yml").write_text(text)
    with pytest.raises(DataError, match=".") as error:
        convert(tmp_path / "nlu.yml", tmp_path / "out")
    assert reason in str(error.value)


def test_alexa_fills_the_samples_until_every_value_was_said():
    assert [example.utterance for example in examples("alexa", "train")] == [
        "what can you play",
        "play night train",
        "play the train by the river band",
        "let me hear the river band's songs",
        "play something",
        "play rain",
        "wake me in ten minutes",
    ]


def test_alexa_finds_each_part_by_the_name_of_its_file(tmp_path):
    for name in ("en-US.json", "train.json", "test.json"):
        model = {"intents": [{"name": "Stop", "samples": [f"stop {name}"]}]}
        write_lines(tmp_path / name, {"interactionModel": {"languageModel": model}})
    assert convert(tmp_path, tmp_path / "out").counts == {"train": 2, "test": 1}


def test_alexa_makes_up_no_value(tmp_path):
    slots = [{"name": "day", "type": "AMAZON.DATE"}]
    samples = ["on {day}", "at {hour} on {day}", "at {", "now"]
    model = {"intents": [{"name": "Wake", "slots": slots, "samples": samples}, {"name": "AMAZON.StopIntent"}]}
    file = write_lines(tmp_path / "model.json", {"interactionModel": {"languageModel": model}})
    first, second, third, fourth = reasons("alexa", file)
    assert "no values for day: list some for the type under `types`" in first
    assert "no values for hour and day" in second
    assert "a bracket that marks no value of a slot: at ^{" in third
    assert fourth is None


@pytest.mark.parametrize(
    "model",
    [
        [],
        {"interactionModel": {"languageModel": {}}},
        {"interactionModel": {"languageModel": {"intents": [{"name": "A", "samples": "play"}]}}},
        {"interactionModel": {"languageModel": {"intents": [{"name": 3, "samples": ["play"]}]}}},
        {"interactionModel": {"languageModel": {"intents": [], "types": [{"name": "T", "values": [{"name": "v"}]}]}}},
    ],
)
def test_alexa_refuses_other_json(tmp_path, model):
    file = write_lines(tmp_path / "model.json", model)
    with pytest.raises(DataError, match="model.json: not an interaction model"):
        convert(file, tmp_path / "out", reader="alexa")


def test_nlu_plus_plus_joins_its_intents_and_finds_values_by_their_spans():
    assert trees("nlu_plus_plus") == [
        "(make_request+stop)",
        "(deny(time(8)(p.m.))(number(two)))",
        "(none(date(tomorrow)))",
        "(none)",
        "(listing+request_info(date_period(this)(week)))",
        "(add(number(two)))",
    ]
    assert [example.domain for example in examples("nlu_plus_plus", "train")] == ["films"] * 5 + ["shopping"]


def test_nlu_plus_plus_refuses_spans_that_are_wrong_and_other_rows(tmp_path):
    overlap = {"a": {"text": "two", "span": [0, 3]}, "b": {"text": "two figs", "span": [0, 8]}}
    rows = [
        {"text": "two figs", "slots": {"a": {"text": "two", "span": [1, 4]}}},
        {"text": "two figs", "slots": overlap},
        {"text": "two figs", "slots": {"a": {"text": "two"}}},
        {"text": "two figs", "intents": "add"},
        {"text": ["two"], "intents": ["add"]},
        {"text": "two", "intents": [3]},
        "two",
    ]
    found = reasons("nlu-plus-plus", write_lines(tmp_path / "fold0.json", rows))
    assert "not at its span or overlaps" in found[0] and "fold0.json:1" in found[0]
    assert "overlaps" in found[1]
    assert len(found) == 7 and all("not an utterance" in reason for reason in found[2:])


@pytest.mark.parametrize(
    "release, file, old, new",
    [
        ("massive", "en-US.jsonl", "play_music", "\\ud800"),
        ("nlu_plus_plus", "films/fold0.json", "stop", "\\udfff"),
        ("rasa", "data/nlu.yml", "intent: play_music", 'intent: "\\ud800"'),
    ],
)
def test_escapes_of_what_is_no_text_write_nothing_odd(tmp_path, release, file, old, new):
    shutil.copytree(ASSETS / release, tmp_path / "in")
    path = tmp_path / "in" / file
    path.write_text(path.read_text().replace(old, new))
    try:
        convert(tmp_path / "in", tmp_path / "out", reader=RELEASES[release])
    except DataError as error:
        assert "UTF-8" in str(error)
    else:
        assert "UTF-8" in (tmp_path / "out" / "rejects.jsonl").read_text()
