"""The converter: the article's cases, nothing lost, and what it says of bad input."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from test_readers import MODES, RELEASES

from data_conversion import readers
from data_conversion.convert import convert
from data_conversion.errors import DataError
from data_conversion.ontology import Ontology

ASSETS = Path(__file__).parent.parent / "assets"


def records(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def trees(folder: Path, split: str) -> dict[str, str]:
    return {record["utterance"]: record["tree"] for record in records(folder / f"{split}.jsonl")}


def bio_folder(path: Path, words: bytes, tags: str, labels: str) -> Path:
    path.mkdir(parents=True)
    (path / "seq.in").write_bytes(words)
    (path / "seq.out").write_text(tags)
    (path / "label").write_text(labels)
    return path


@pytest.mark.parametrize(
    ("slot_values", "title"),
    [("span", "(Title(Star)(Wars))"), ("per-token", "(Title(Star))(Title(Wars))")],
)
def test_the_articles_cinema_request(tmp_path, slot_values, title):
    convert(ASSETS / "bio", tmp_path / "out", slot_values=slot_values)
    first = records(tmp_path / "out" / "train.jsonl")[0]
    assert first == {
        "id": "train-1",
        "domain": "bio",
        "utterance": "which cinemas screen Star Wars tonight",
        "tokens": ["which", "cinemas", "screen", "Star", "Wars", "tonight"],
        "tree": f"(FindCinemaIntent{title}(Time(tonight)))",
        "leaves": [3, 4, 5],
        "formalism": "bracket",
    }


def test_the_articles_compound_requests(tmp_path):
    convert(ASSETS / "mix", tmp_path / "out")
    found = trees(tmp_path / "out", "test")
    assert found["add apples and oranges to shopping list and play music"] == (
        "(and(addToListIntent(add(ItemName(apples))(ItemName(oranges)))(ListName(shopping)))"
        "(PlayMusicIntent(Mediatype(music))))"
    )
    assert found["add peanut butter and milk to the shopping list and play music"] == (
        "(and(addToListIntent(add(ItemName(peanut)(butter))(ItemName(milk)))(ListName(shopping)))"
        "(PlayMusicIntent(Mediatype(music))))"
    )
    assert found["turn down the lights and play music"] == (
        "(and(TurnDownIntent(Device(lights)))(PlayMusicIntent(Mediatype(music))))"
    )


def test_several_values_and_no_values(tmp_path):
    convert(ASSETS / "bio", tmp_path / "out", value_operator="all")
    found = trees(tmp_path / "out", "train")
    assert found["stop the music"] == "(StopMusicIntent)"
    assert found["play some folk , jazz or blues by the river band"] == (
        "(PlayMusicIntent(all(Genre(folk))(Genre(jazz))(Genre(blues)))(Artist(the)(river)(band)))"
    )


def test_words_kept_have_every_position(tmp_path):
    convert(ASSETS / "bio", tmp_path / "out", words="keep")
    for record in records(tmp_path / "out" / "train.jsonl"):
        assert record["leaves"] == list(range(len(record["tokens"])))


LOGICAL = ["nlmaps", "overnight"]


@pytest.mark.parametrize(("release", "words"), [*((name, None) for name in RELEASES), *MODES])
def test_what_is_written_reads_back_the_same(tmp_path, release, words):
    summary = convert(ASSETS / release, tmp_path / "out", words=words)
    again = convert(tmp_path / "out", tmp_path / "again", strict=True)
    assert summary.rejects == 0
    assert again.counts == summary.counts
    for file in (tmp_path / "out").glob("*.jsonl"):
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_the_summary(tmp_path):
    seen = []
    summary = convert(ASSETS / "top", tmp_path / "out", progress=seen.append)
    assert (summary.reader, summary.counts, summary.rejects) == ("top", {"train": 3, "dev": 1, "test": 1}, 0)
    assert summary.why == "trees in [IN: and [SL: brackets"
    assert (summary.agreement, summary.copyable) == (1.0, 1.0)
    assert summary.notes == ["dev: eval.clean.seq is read and eval.tsv is not"]
    assert sum(seen) == 3 + 1 + 1


def test_the_ontology_is_learnt_from_train_only(tmp_path):
    convert(ASSETS / "conll", tmp_path / "out", words="keep")
    assert "PlayMusicIntent" in Ontology.load(tmp_path / "out" / "ontology.json").labels
    assert "weather#time" not in Ontology.load(tmp_path / "out" / "ontology.json").labels
    assert len(records(tmp_path / "out" / "dev.jsonl")) == 1


def test_without_train_the_ontology_is_learnt_from_what_there_is(tmp_path):
    shutil.copytree(ASSETS / "bio" / "dev", tmp_path / "bio" / "test")
    summary = convert(tmp_path / "bio", tmp_path / "out")
    assert "PlayMusicIntent" in Ontology.load(tmp_path / "out" / "ontology.json").labels
    assert summary.notes == ["there is no train part: the ontology is learnt from test"]


def test_rows_in_are_rows_out_and_rejects(tmp_path):
    source = bio_folder(tmp_path / "train", b"a b\nc\n\xff\nd\n", "O\nB-X\nO\nB-A\n", "A\nA\nA\nB\n")
    summary = convert(source, tmp_path / "out")
    rejects = records(tmp_path / "out" / "rejects.jsonl")
    assert (summary.counts, summary.rejects) == ({"train": 1}, 3)
    assert [reject["line"] for reject in rejects] == [1, 3, 4]
    assert rejects[0] == {
        "file": str(source / "seq.in"),
        "line": 1,
        "reason": "2 words but 1 tags",
        "text": "a b | O | A",
    }
    assert rejects[1]["text"] == "\\udcff | O | A"
    assert "'A' is used as slot here and as intent elsewhere" in rejects[2]["reason"]
    assert [record["id"] for record in records(tmp_path / "out" / "train.jsonl")] == ["train-2"]


def test_strict_makes_the_first_reject_an_error_and_writes_nothing(tmp_path):
    source = bio_folder(tmp_path / "train", b"c\na b\n", "B-X\nO\n", "A\nA\n")
    with pytest.raises(DataError, match=r"seq\.in:2: 2 words but 1 tags"):
        convert(source, tmp_path / "out", strict=True)
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_a_failing_write_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    convert(ASSETS / "mix", tmp_path / "out")
    before = (tmp_path / "out" / "train.jsonl").read_bytes()
    monkeypatch.setattr(Ontology, "save", full)
    with pytest.raises(OSError, match="No space left"):
        convert(ASSETS / "bio", tmp_path / "out")
    assert (tmp_path / "out" / "train.jsonl").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_intent_named_like_the_operator_keeps_its_name(tmp_path):
    source = bio_folder(tmp_path / "train", b"add milk\n", "O B-Item\n", "add\n")
    convert(source, tmp_path / "out", value_operator="all")
    assert trees(tmp_path / "out", "train") == {"add milk": "(add(Item(milk)))"}


def test_odd_words_survive(tmp_path):
    words = "( \\ ) 🎉 שלום مرحبا (PlayMusicIntent) PlayMusicIntent"
    tags = " ".join(f"B-S{number}" for number in range(8))
    source = bio_folder(tmp_path / "train", f"{words}\n{'a ' * 1000}\n".encode(), f"{tags}\n{'O ' * 1000}\n", "P\nP\n")
    for mode in ("keep", "drop"):
        convert(source, tmp_path / mode, words=mode, strict=True)
        convert(tmp_path / mode, tmp_path / f"{mode}-again", strict=True)
        assert (tmp_path / mode / "train.jsonl").read_text() == (tmp_path / f"{mode}-again" / "train.jsonl").read_text()


def test_a_missing_source(tmp_path):
    with pytest.raises(DataError, match="no such file or folder"):
        convert(tmp_path / "nothing", tmp_path / "out")


def test_an_empty_folder(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(DataError, match="the folder is empty"):
        convert(tmp_path / "in", tmp_path / "out")


@pytest.mark.parametrize("name", readers.names())
def test_an_empty_file(tmp_path, name):
    (tmp_path / "in").mkdir()
    file = tmp_path / "in" / ("train_A_full.json" if name == "snips" else "train.txt")
    file.write_text("")
    (tmp_path / "in" / "ontology.json").write_text('{"version": 1, "domains": {}}')
    with pytest.raises(DataError):
        convert(file, tmp_path / "out", reader=name)
    with pytest.raises(DataError):
        convert(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_recognised(tmp_path):
    (tmp_path / "train.txt").write_text("hello\n")
    with pytest.raises(DataError, match="no reader recognises this"):
        convert(tmp_path, tmp_path.parent / "out")


def test_no_row_that_can_be_converted(tmp_path):
    source = bio_folder(tmp_path / "train", b"a b\n", "O\n", "A\n")
    with pytest.raises(DataError, match="no row can be converted; the first is .*seq.in:1: 2 words but 1 tags"):
        convert(source, tmp_path / "out")


@pytest.mark.parametrize(
    "options",
    [
        {"reader": "nothing"},
        {"formalism": "nothing"},
        {"words": "some"},
        {"slot_values": "all"},
        {"transforms": ["no"]},
    ],
)
def test_unknown_names(tmp_path, options):
    with pytest.raises(DataError, match="choose one of"):
        convert(ASSETS / "bio", tmp_path / "out", **options)


def test_options_go_to_the_reader(tmp_path):
    summary = convert(ASSETS / "nlmaps", tmp_path / "out", options={"language": "de"})
    assert "Wo gibt es Buchläden in New Aston?" in trees(tmp_path / "out", "train")
    assert summary.notes == []
    assert summary.copyable == pytest.approx(8 / 21)


def test_an_option_that_the_reader_does_not_have(tmp_path):
    with pytest.raises(DataError, match="the reader 'bio' takes no language"):
        convert(ASSETS / "bio", tmp_path / "out", options={"language": "en"})
    assert not (tmp_path / "out").exists()


def test_destinations_that_hold_other_things_are_left_alone(tmp_path):
    shutil.copytree(ASSETS / "bio", tmp_path / "in" / "bio")
    (tmp_path / "file").write_text("mine")
    for destination in (tmp_path / "file", tmp_path / "in" / "bio", tmp_path / "in", tmp_path):
        with pytest.raises(DataError, match="name a"):
            convert(tmp_path / "in" / "bio", destination)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_second_conversion_takes_the_place_of_the_first(tmp_path):
    convert(ASSETS / "bio", tmp_path / "out")
    convert(ASSETS / "mix", tmp_path / "out")
    assert not (tmp_path / "out" / "dev.jsonl").exists()


@pytest.mark.parametrize("release", LOGICAL)
def test_words_of_logical_forms_cannot_be_kept(tmp_path, release):
    with pytest.raises(DataError, match="no row can be converted; .* a logical form does not hold the words"):
        convert(ASSETS / release, tmp_path / "out", words="keep")


def test_words_once_dropped_are_not_kept_again(tmp_path):
    convert(ASSETS / "bio", tmp_path / "out")
    with pytest.raises(DataError, match="words outside the tree are lost"):
        convert(tmp_path / "out", tmp_path / "again", words="keep")


def test_transforms_apply_in_order_and_the_ontology_knows_their_labels(tmp_path):
    summary = convert(ASSETS / "top", tmp_path / "out", transforms=["canonical", "rename:SL:DATE_TIME=SL:WHEN"])
    assert summary.rejects == 0
    labels = Ontology.load(tmp_path / "out" / "ontology.json").labels
    assert "SL:WHEN" in labels and "SL:DATE_TIME" not in labels
    for record in records(tmp_path / "out" / "train.jsonl"):
        assert record["utterance"] == record["utterance"].lower()
    again = convert(tmp_path / "out", tmp_path / "again", strict=True)
    assert again.counts == summary.counts


def test_each_row_is_read_once(tmp_path, monkeypatch):
    reader, built = readers.load("bio"), []
    read = reader.read

    def counting(path):
        for row in read(path):
            yield replace(row, build=lambda row=row: built.append(row.line) or row.build())

    monkeypatch.setattr(reader, "read", counting)
    summary = convert(ASSETS / "bio", tmp_path / "out", reader="bio")
    assert len(built) == sum(summary.counts.values())


def test_nothing_but_the_data_is_left_in_the_folder(tmp_path):
    convert(ASSETS / "bio", tmp_path / "out")
    found = {path.name for path in (tmp_path / "out").iterdir()}
    assert found == {"train.jsonl", "dev.jsonl", "ontology.json", "rejects.jsonl"}


def test_rejects_keep_their_order_and_their_columns(tmp_path):
    lines = ["[IN:PLAY a ]", "[IN:PLAY b", "[IN:PLAY [SL:X c ] ]", "d ]"]
    (tmp_path / "train.seq").write_text("\n".join(lines) + "\n")
    convert(tmp_path / "train.seq", tmp_path / "out", reader="top")
    rejects = records(tmp_path / "out" / "rejects.jsonl")
    assert [(reject["line"], reject["text"]) for reject in rejects] == [(2, "[IN:PLAY b"), (4, "d ]")]
    assert rejects[0]["reason"].startswith("11: expected")


def test_a_transform_that_changes_nothing_is_noted(tmp_path):
    summary = convert(ASSETS / "bio", tmp_path / "out", transforms=["rename:NoSuchSlot=Slot", "per-token"])
    assert [note for note in summary.notes if "changed nothing" in note] == [
        "the transform rename:NoSuchSlot=Slot changed nothing"
    ]


def test_what_no_reader_recognises_comes_with_advice(tmp_path):
    (tmp_path / "empty.txt").touch()
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    (tmp_path / "outer" / "inner").mkdir(parents=True)
    for name, advice in [("empty.txt", "is empty"), ("table.csv", "--columns"), ("outer", "name one of them")]:
        with pytest.raises(DataError, match=advice):
            convert(tmp_path / name, tmp_path / "out")


def test_a_formalism_that_tells_no_intents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="intent 'FindCinemaIntent' would be of the kind 'function': .* than top"):
        convert(ASSETS / "bio", tmp_path / "out", formalism="top")


def test_a_formalism_that_tells_labels_to_be_of_other_kinds_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_text('{"dev.SRC": "a pizza", "dev.TOP": "(ORDER (PIZZAORDER a pizza ) )"}\n')
    with pytest.raises(DataError, match="the intent 'PIZZAORDER' would be of the kind 'slot': .* than bracket"):
        convert(tmp_path / "dev.json", tmp_path / "out", reader="pizza", formalism="bracket")
    (tmp_path / "train.seq").write_text("[IN:A [SL:X [IN:B b ] [IN:B c ] ] ]\n[IN:A [SL:X [IN:B b ] ] ]\n")
    assert convert(tmp_path / "train.seq", tmp_path / "out", formalism="bracket").rejects == 1


def test_a_rejected_row_teaches_nothing(tmp_path: Path) -> None:
    (tmp_path / "train.seq").write_text("[IN:A [SL:X ] b ]\n[IN:A [SL:Y c ] [SL:Z [SL:X d ] ] ]\n[IN:A [SL:Y c ] ]\n")
    summary = convert(tmp_path / "train.seq", tmp_path / "out", formalism="bracket")
    assert (summary.counts, summary.rejects) == ({"train": 1}, 2)
    assert list(Ontology.load(tmp_path / "out" / "ontology.json").labels) == ["IN:A", "SL:Y"]
