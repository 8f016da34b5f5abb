"""Transforms change trees and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_conversion import formalisms, transforms
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.frames import Clause, Span, frame_tree
from data_conversion.ontology import Label, Ontology
from data_conversion.tree import Leaf

ONTOLOGY = Ontology({"d": {name: Label("intent") for name in ("Buy", "Play", "Pause", "Remind", "FindFilm")}})


def example(line: str, formalism: str = "bracket") -> Example:
    """The tree with its words as the utterance."""
    tree = formalisms.load(formalism).read(line, ONTOLOGY)
    tokens = tuple(leaf.text for leaf in tree.leaves())
    positions = iter(range(len(tokens)))
    tree = tree.map_leaves(lambda leaf: Leaf(leaf.text, next(positions)))
    return Example("1", "d", " ".join(tokens), tokens, tree, formalism)


@pytest.mark.parametrize(
    ("formalism", "kept", "dropped"),
    [
        ("bracket", "(Play(play)(Mediatype(folk)(music))(please))", "(Play(Mediatype(folk)(music)))"),
        ("bracket", "(Pause(stop)(it))", "(Pause)"),
        (
            "bracket",
            "(and(Buy(add)(add(Item(figs))(and)(Item(nuts)))(to)(List(my))(list))(and)(Play(play)(Mediatype(music))))",
            "(and(Buy(add(Item(figs))(Item(nuts)))(List(my)))(Play(Mediatype(music))))",
        ),
        (
            "top",
            "[IN:REMIND remind me [SL:TODO to [IN:CALL call [SL:NAME ann ] ] ] [SL:DATE on monday ] ]",
            "[IN:REMIND [SL:TODO [IN:CALL [SL:NAME ann ] ] ] [SL:DATE on monday ] ]",
        ),
        ("top", "[IN:REMIND on [between four five ] ]", "[IN:REMIND [between four five ] ]"),
    ],
)
def test_drop_words(formalism: str, kept: str, dropped: str) -> None:
    before = example(kept, formalism)
    after = transforms.load("drop-words")(before)
    assert formalisms.load(formalism).write(after.tree, ONTOLOGY) == dropped
    assert all(leaf.text == after.tokens[leaf.position] for leaf in after.tree.leaves())
    assert (after.tokens, after.utterance) == (before.tokens, before.utterance)
    assert transforms.load("drop-words")(after) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(FindFilm(Title(star)(wars))(Time(tonight)))", "(FindFilm(Title(star))(Title(wars))(Time(tonight)))"),
        (
            "(Buy(add(Item(peanut)(butter))(Item(milk))))",
            "(Buy(add(Item(peanut))(Item(butter))(Item(milk))))",
        ),
        ("(Buy(buy)(Item(soy)(milk))(now))", "(Buy(buy)(Item(soy))(Item(milk))(now))"),
        ("(Remind(Todo(to)(Buy(Item(soy)(milk)))))", "(Remind(Todo(to)(Buy(Item(soy))(Item(milk)))))"),
        ("(Pause)", "(Pause)"),
    ],
)
def test_per_token(before: str, after: str) -> None:
    changed = transforms.load("per-token")(example(before))
    assert formalisms.load("bracket").write(changed.tree, ONTOLOGY) == after
    assert changed.words_kept


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(FindFilm(Title(star))(Title(wars))(Time(tonight)))", "(FindFilm(Title(star)(wars))(Time(tonight)))"),
        ("(Buy(Item(soy))(or)(Item(milk)))", "(Buy(Item(soy))(or)(Item(milk)))"),
        ("(Remind(Todo(to)(Buy(Item(soy))(Item(milk)))))", "(Remind(Todo(to)(Buy(Item(soy)(milk)))))"),
    ],
)
def test_per_value(before: str, after: str) -> None:
    changed = transforms.load("per-value")(example(before))
    assert formalisms.load("bracket").write(changed.tree, ONTOLOGY) == after


@pytest.mark.parametrize("values", ["[SL:X ] [SL:X foo ]", "[SL:X foo ] [SL:X ]", "[SL:X ] [SL:X ]"])
def test_per_value_leaves_slots_without_words_alone(values: str) -> None:
    before = example(f"[IN:A {values} bar ]", "top")
    assert transforms.load("per-value")(before) == before


def test_canonical() -> None:
    before = example("[IN:REMIND Remind me [SL:TODO to [IN:CALL [SL:NAME Ann ] now ] ] [SL:DATE On Monday ] ]", "top")
    after = transforms.load("canonical")(before)
    assert formalisms.load("top").write(after.tree) == (
        "[IN:REMIND [SL:DATE on monday ] [SL:TODO [IN:CALL [SL:NAME ann ] ] ] ]"
    )
    assert after.leaves == [5, 6, 3]
    assert after.utterance == "remind me to ann now on monday"
    assert transforms.load("canonical")(after) == after


def test_canonical_keeps_the_order_of_clauses() -> None:
    before = example("(and(Play(Mediatype(music)))(Buy(add(Item(nuts))(Item(figs)))))")
    assert transforms.load("canonical")(before) == before


def test_canonical_refuses_logical_forms() -> None:
    with pytest.raises(DataError, match="'answer' is a function"):
        transforms.load("canonical")(example("answer(A,river(A))", "prolog"))


def test_two_renames_to_one_label_merge_the_labels() -> None:
    changed = example("(FindFilm(Title(dune))(by)(Director(lynch)))")
    for name in ("rename:Title=Name", "rename:Director=Name"):
        changed = transforms.load(name)(changed)
    assert formalisms.load("bracket").write(changed.tree, ONTOLOGY) == "(FindFilm(Name(dune))(by)(Name(lynch)))"
    assert changed.words_kept


# -- inverses ----------------------------------------------------------------------------------------------------------

SLOTS = ["Item", "List", "Time"]


@st.composite
def requests(draw: st.DrawFn) -> Example:
    """A compound request with a word between any two values, as annotation gives it; words kept or dropped."""
    tokens: list[str] = []
    clauses, spans = [], []
    for intent in draw(st.lists(st.sampled_from(["Buy", "Play"]), min_size=1, max_size=3)):
        start = len(tokens)
        for slot in draw(st.lists(st.sampled_from(SLOTS), max_size=4)):
            tokens.append(draw(st.sampled_from(["and", ",", "to"])))
            begin = len(tokens)
            tokens += draw(st.lists(st.sampled_from(["figs", "nuts", "and"]), min_size=1, max_size=3))
            spans.append(Span(slot, begin, len(tokens)))
        tokens.append("now")
        clauses.append(Clause(intent, start, len(tokens)))
    tree = frame_tree(tokens, clauses, spans)
    request = Example("1", "d", " ".join(tokens), tuple(tokens), tree)
    return transforms.load("drop-words")(request) if draw(st.booleans()) else request


@pytest.mark.parametrize("name", ["per-token", "rename:Item=Product", "rename:Buy=Purchase"])
@given(request=requests())
def test_the_inverse_undoes_a_transform(name: str, request: Example) -> None:
    back = transforms.inverse(name)
    assert back is not None
    assert transforms.load(back)(transforms.load(name)(request)) == request


@pytest.mark.parametrize("name", ["drop-words", "canonical"])
def test_what_loses_what_it_changes_has_no_inverse(name: str) -> None:
    assert transforms.inverse(name) is None


def test_overnights_class_is_shortened_and_lengthened() -> None:
    dcs, long = formalisms.load("lambda-dcs"), "edu.stanford.nlp.sempre.overnight.SimpleWorld."
    line = f"(call {long}listValue (call .size (call {long}domain (string film))))"
    example = Example("1", "films", "how many films", ("how", "many", "films"), dcs.read(line), "lambda-dcs")
    shortened = transforms.load("shorten-simpleworld")(example)
    assert dcs.write(shortened.tree) == line.replace(long, "SW.")
    assert transforms.load(transforms.inverse("shorten-simpleworld") or "")(shortened) == example
    assert transforms.load("drop-words")(example) == example


# -- names -------------------------------------------------------------------------------------------------------------


def test_unknown_transform() -> None:
    with pytest.raises(DataError, match="'sort'.*choose one of canonical, drop-words, .*per-token"):
        transforms.load("sort")


@pytest.mark.parametrize("name", ["rename:", "rename:Title", "rename:Title=", "rename:=Name", "rename:A=B=C"])
def test_a_rename_names_two_labels(name: str) -> None:
    with pytest.raises(DataError, match="does not name two labels: write rename:OLD=NEW"):
        transforms.load(name)


@pytest.mark.parametrize("name", transforms.TRANSFORMS)
def test_transforms_are_found_by_name(name: str) -> None:
    assert transforms.load(name).__name__ == name.replace("-", "_")
