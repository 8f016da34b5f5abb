"""Transforms change trees and nothing else."""

from __future__ import annotations

import pytest

from data_conversion import formalisms, transforms
from data_conversion.errors import DataError
from data_conversion.example import Example
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


def test_unknown_transform() -> None:
    with pytest.raises(DataError, match="'sort'.*choose one of drop-words, per-token"):
        transforms.load("sort")


@pytest.mark.parametrize("name", transforms.names())
def test_transforms_are_found_by_name(name: str) -> None:
    assert transforms.load(name).__name__ == name.replace("-", "_")
