"""Every formalism reads what it writes, says where a text is wrong, and knows the kinds of labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_conversion import formalisms
from data_conversion.errors import DataError
from data_conversion.ontology import Label, Ontology
from data_conversion.tree import MAX_DEPTH, Leaf, Node

BRACKET, TOP = formalisms.load("bracket"), formalisms.load("top")

INTENTS = ("PlayMusic", "pause", "in(tent)", "IN:STOP")
OTHERS = ("and", "add", "SL:TITLE", "(odd)", r"a\b", "]", "[", "Größe", ",", ";", r"\+", "'", ":s", ":", "a.b", "en.a")
ONTOLOGY = Ontology({"d": {**{name: Label("intent") for name in INTENTS}, **{name: Label("slot") for name in OTHERS}}})

BRACKETS = ("(", ")", "\\", "\\\\", "\\(", "[", "]", "[]", "[IN:X", "]x", "()", "'")
NAMES = ("A", "_", "a_b", "a:s", ":", ":s", "3.5", "-", "a,b", "en.a", "en.a.b", "l.a.")
NASTY = (*BRACKETS, *NAMES, "🎶", "👩\u200d🎤", "שלום", "مرحبا", "\u200f", *INTENTS)
words = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: text.split() == [text]
)
phrases = words | st.text("ab \t\u00a0\\()", min_size=1)


def trees(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Node]:
    """Trees with such leaves; only intents are childless, below the root."""
    inner = st.recursive(
        texts.map(Leaf) | st.sampled_from(INTENTS).map(Node),
        lambda children: st.builds(
            Node, st.sampled_from(INTENTS + OTHERS), st.lists(children, min_size=1, max_size=4).map(tuple)
        ),
        max_leaves=12,
    )
    return st.builds(Node, st.sampled_from(INTENTS + OTHERS), st.lists(inner, max_size=4).map(tuple))


@pytest.mark.parametrize("name", formalisms.names())
@given(tree=trees(words))
def test_reads_what_it_writes(name: str, tree: Node) -> None:
    formalism = formalisms.load(name)
    line = formalism.write(tree, ONTOLOGY)
    assert line.splitlines() == [line]
    assert formalism.read(line, ONTOLOGY) == tree


@given(tree=trees(phrases))
def test_bracket_keeps_white_space_inside_texts(tree: Node) -> None:
    assert BRACKET.read(BRACKET.write(tree, ONTOLOGY), ONTOLOGY) == tree


@pytest.mark.parametrize("name", formalisms.names())
@given(text=st.text("()[]\\ ab\n", max_size=30) | st.text())
def test_any_text_is_a_tree_or_a_data_error(name: str, text: str) -> None:
    formalism = formalisms.load(name)
    try:
        tree = formalism.read(text, ONTOLOGY)
    except DataError as error:
        assert error.column is not None
        assert 1 <= error.column <= len(text) + 1
    else:
        assert formalism.read(formalism.write(tree, ONTOLOGY), ONTOLOGY) == tree


# -- bracket -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "line"),
    [
        (Node("PlayMusic", (Node("Mediatype", (Leaf("music"),)),)), "(PlayMusic(Mediatype(music)))"),
        (Node("and", (Node("pause"), Node("PlayMusic"))), "(and(pause)(PlayMusic))"),
        (Node("PlayMusic", (Node("Title", (Leaf("pause"),)),)), r"(PlayMusic(Title(\pause)))"),
        (Node("PlayMusic", (Node("Title", (Leaf(":("), Leaf("\\o/"))),)), r"(PlayMusic(Title(:\()(\\o/)))"),
        (Node("pause"), "(pause)"),
        (Node("unheard"), "(unheard)"),
    ],
)
def test_bracket_canonical_line(tree: Node, line: str) -> None:
    assert BRACKET.write(tree, ONTOLOGY) == line
    assert BRACKET.read(line, ONTOLOGY) == tree


def test_bracket_passes_over_white_space_around_brackets() -> None:
    pretty = " ( and\n  (pause )\n\t(PlayMusic (Title ( star wars ) ) ) )\n"
    assert BRACKET.read(pretty, ONTOLOGY) == BRACKET.read("(and(pause)(PlayMusic(Title(star wars))))", ONTOLOGY)


def test_bracket_case_counts() -> None:
    assert BRACKET.read("(and(Pause))", ONTOLOGY) == Node("and", (Leaf("Pause"),))


def test_bracket_text_that_starts_with_a_backslash_is_a_leaf() -> None:
    assert BRACKET.read(r"(and(\pause)(\n))", ONTOLOGY) == Node("and", (Leaf("pause"), Leaf("n")))


def test_bracket_without_ontology_has_no_slotless_intents() -> None:
    assert BRACKET.read("(and(pause))") == Node("and", (Leaf("pause"),))


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        (Node("and", (Node("add"),)), "'add' is childless and no intent of the ontology"),
        (Node("and", (Leaf("two\nlines"),)), "line break"),
        (Node("and", (Leaf("two\u2028lines"),)), "line break"),
        (Node("and", (Leaf(""),)), "is empty"),
        (Node("", (Leaf("word"),)), "is empty"),
    ],
)
def test_bracket_refuses_what_would_not_read_back(tree: Node, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        BRACKET.write(tree, ONTOLOGY)


def test_bracket_refuses_a_childless_intent_that_would_read_back_as_a_word() -> None:
    ontology = Ontology({"d": {"(x)": Label("intent")}})
    with pytest.raises(DataError, match="rename"):
        BRACKET.write(Node("and", (Node("(x)"),)), ontology)
    assert BRACKET.read(BRACKET.write(Node("(x)"), ontology), ontology) == Node("(x)")


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("", 1, r"expected '\(', the text ends"),
        ("play music", 1, r"expected '\('"),
        ("(and(add", 9, r"expected '\(' or '\)', the text ends"),
        ("(and))", 6, "expected the end of the text"),
        ("(and)(add)", 6, "expected the end of the text"),
        ("(and()(add))", 6, "expected a label or a word"),
        ("(and(add)then)", 10, r"expected '\(' or '\)'"),
        ("(and(add\\", 9, r"expected '\(' or '\)'"),
        ("(two\nlines)", 6, r"expected '\(' or '\)'"),
        ("[IN:STOP ]", 1, r"expected '\('"),
    ],
)
def test_bracket_errors_point_at_the_character(text: str, column: int, expected: str) -> None:
    with pytest.raises(DataError, match=expected) as caught:
        BRACKET.read(text)
    assert caught.value.column == column
    assert "^" in str(caught.value)


# -- top ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "line"),
    [
        (
            Node("IN:GET_EVENT", (Leaf("what"), Leaf("'s"), Node("SL:DATE_TIME", (Leaf("tonight"),)))),
            "[IN:GET_EVENT what 's [SL:DATE_TIME tonight ] ]",
        ),
        (Node("IN:STOP"), "[IN:STOP ]"),
        (Node("IN:STOP", (Leaf("("), Leaf("]x"), Leaf("]"), Leaf("["), Leaf("\\"))), r"[IN:STOP ( ]x \] \[ \\ ]"),
    ],
)
def test_top_canonical_line(tree: Node, line: str) -> None:
    assert TOP.write(tree) == line
    assert TOP.read(line) == tree


def test_top_passes_over_repeated_spaces() -> None:
    assert TOP.read("  [IN:STOP   stop  it ] ") == TOP.read("[IN:STOP stop it ]")


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("", 1, r"expected '\[' with a label, the text ends"),
        ("stop it", 1, r"expected '\[' with a label"),
        ("[IN:STOP stop", 14, "the text ends"),
        ("[IN:STOP stop]", 15, "after a space"),
        ("[IN:STOP stop ] ]", 17, "expected the end of the text"),
        ("[ stop ]", 1, r"expected '\[' with a label"),
        ("[IN:STOP \\ ]", 10, "or a word"),
        ("(pause)", 1, r"expected '\[' with a label"),
    ],
)
def test_top_errors_point_at_the_character(text: str, column: int, expected: str) -> None:
    with pytest.raises(DataError, match=expected) as caught:
        TOP.read(text)
    assert caught.value.column == column


@pytest.mark.parametrize("tree", [Node("IN:A", (Leaf("two words"),)), Node("IN:A", (Leaf(""),)), Node("IN: A")])
def test_top_refuses_white_space(tree: Node) -> None:
    with pytest.raises(DataError, match="is empty or has white space"):
        TOP.write(tree)


# -- terms and orders --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "canonical"),
    [
        ("lambda-calculus", "( size:i  new_sealand:s )", "(size:i new_sealand:s)"),
        ("lambda-calculus", "(:s new sealand)", "new_sealand:s"),
        ("lambda-calculus", "(> (len:i $0) 12:30:ti)", "(> (len:i $0) 12:30:ti)"),
        ("lambda-calculus", r"(f a\_b:s _c:s d\:s e:)", r"(f a\_b:s \_c:s d\:s e\:)"),
        ("prolog", "answer( count ( A , ( (river(A)), loc(A,B) ) ) )", "answer(count(A,(river(A),loc(A,B))))"),
        ("prolog", "f((a,b),(c,(d,e)))", "f((a,b),(c,(d,e)))"),
        ("prolog", r"f((a,b;c),\+(a;b),\+ \+ g(_))", r"f(((a,b);c),\+ (a;b),\+ \+ g(_))"),
        (
            "prolog",
            "f('river','New','new  sealand','o''s',-3.5,'l.a.')",
            r"f(river,'New','new sealand','o\'s',-3.5,'l.a.')",
        ),
        ("prolog", "','(a)", "','(a)"),
        ("prolog", "','(a,b)", "(a,b)"),
        ("prolog", "'New'()", "'New'()"),
        ("prolog", r"'\''(new,sealand)", r"'\''(new,sealand)"),
        ("pizza", "(ORDER(PIZZAORDER (NUMBER two)))", "(ORDER (PIZZAORDER (NUMBER two ) ) )"),
        ("pizza", r"(ORDER \( a ) ", r"(ORDER \( a )"),
    ],
)
def test_one_tree_has_one_canonical_line(name: str, text: str, canonical: str) -> None:
    formalism = formalisms.load(name)
    tree = formalism.read(text)
    assert formalism.write(tree) == canonical
    assert formalism.read(canonical) == tree


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("lambda-calculus", "(loc:t $0 new_sealand:s)", "$0 new sealand"),
        ("prolog", "loc(A,stateid('new sealand'))", "A new sealand"),
        ("pizza", "(ORDER a (TOPPING black olives ) )", "a black olives"),
    ],
)
def test_constants_are_split_into_words(name: str, text: str, words: str) -> None:
    assert [leaf.text for leaf in formalisms.load(name).read(text).leaves()] == words.split()


@pytest.mark.parametrize(
    ("name", "text", "column", "expected"),
    [
        ("lambda-calculus", "", 1, r"expected '\(' or a constant"),
        ("lambda-calculus", "texas", 1, r"expected '\(' or a constant"),
        ("lambda-calculus", "(river:t $0", 12, r"'\)'.*the text ends"),
        ("lambda-calculus", "((river:t) $0)", 2, "expected a name"),
        ("prolog", "river(A", 8, "expected '\\)' or ',', the text ends"),
        ("prolog", "river(A,)", 9, "expected a name"),
        ("prolog", "(river(A)", 10, r"expected '\)'"),
        ("prolog", "river", 6, r"expected '\(', the text ends"),
        ("prolog", "f('  ')", 3, "expected a name"),
        ("pizza", "ORDER", 1, r"expected '\(' with a label"),
        ("pizza", "(ORDER (NUMBER two )", 21, r"'\)'.*the text ends"),
        ("pizza", "(ORDER ) )", 10, "expected the end"),
    ],
)
def test_errors_in_terms_and_orders_point_at_the_character(name: str, text: str, column: int, expected: str) -> None:
    with pytest.raises(DataError, match=expected) as caught:
        formalisms.load(name).read(text)
    assert caught.value.column == column


def test_pizza_kinds_are_told_by_name() -> None:
    tree = formalisms.load("pizza").read("(ORDER (PIZZAORDER (NOT (TOPPING onions ) ) ) )")
    kinds = formalisms.load("pizza").label_kinds(tree)
    assert kinds == {"ORDER": "intent", "PIZZAORDER": "intent", "NOT": "slot", "TOPPING": "slot"}


# -- depth -------------------------------------------------------------------------------------------------------------


def chain(depth: int) -> Node:
    """A tree of so many nodes, one under the other, over a word."""
    tree = Node("pause", (Leaf("word"),))
    for _ in range(depth - 1):
        tree = Node("and", (tree,))
    return tree


@pytest.mark.parametrize("name", formalisms.names())
def test_depth_has_a_limit(name: str) -> None:
    formalism = formalisms.load(name)
    deepest = chain(MAX_DEPTH)
    line = formalism.write(deepest, ONTOLOGY)
    assert formalism.read(line, ONTOLOGY) == deepest
    with pytest.raises(DataError, match="deeper than 200"):
        formalism.write(Node("and", (deepest,)), ONTOLOGY)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bracket", "(and" * MAX_DEPTH + "(pause)" + ")" * MAX_DEPTH),
        ("bracket", "(a" * 100_000 + ")" * 100_000),
        ("top", "[IN:A " * 100_000 + "] " * 100_000),
        ("pizza", "(A " * 100_000 + ") " * 100_000),
        ("prolog", "a(" * 100_000 + "b" + ")" * 100_000),
        ("lambda-calculus", "(a " * 100_000 + ")" * 100_000),
    ],
)
def test_too_deep_a_text_is_a_data_error(name: str, text: str) -> None:
    with pytest.raises(DataError, match="deeper than 200"):
        formalisms.load(name).read(text, ONTOLOGY)


@pytest.mark.parametrize(("name", "opening"), [("bracket", "(a"), ("bracket", "("), ("top", "[a ")])
def test_open_brackets_without_end_are_a_data_error(name: str, opening: str) -> None:
    with pytest.raises(DataError, match="expected") as caught:
        formalisms.load(name).read(opening * 100_000)
    assert len(str(caught.value)) < 300


# -- kinds -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("(Play(Title(star)(wars)))", {"intent": "Play", "slot": "Title"}),
        ("(Play(play)(and)(Title(star)))", {"intent": "Play", "slot": "Title"}),
        ("(and(Buy(add(Item(figs))(and)(Item(nuts))))(Play))", {"operator": "and add", "slot": "Item"}),
        ("(Buy(plus(Item(figs))(Item(nuts))))", {"operator": "plus", "slot": "Item", "intent": "Buy"}),
        ("(Buy(and(Item(figs))(Item(nuts))))", {"operator": "and", "slot": "Item", "intent": "Buy"}),
        ("(Remind(Todo(and(Buy(Item(figs)))(Call(Name(ann))))))", {"operator": "and", "intent": "Remind Buy Call"}),
        ("(Remind(Todo(Buy(Item(figs))))(Date(today)))", {"intent": "Remind Buy", "slot": "Todo Item Date"}),
        ("(and)", {"intent": "and"}),
    ],
)
def test_bracket_kinds_are_told_by_place(line: str, kinds: dict[str, str]) -> None:
    ontology = Ontology({"d": {"Play": Label("intent")}})
    found = BRACKET.label_kinds(BRACKET.read(line, ontology))
    for kind, labels in kinds.items():
        assert sorted(label for label in found if found[label] == kind) == sorted(labels.split())


def test_bracket_label_of_two_kinds() -> None:
    with pytest.raises(DataError, match="'Play' stands as slot and as intent"):
        BRACKET.label_kinds(BRACKET.read("(Play(Play(music)))"))


def test_top_kinds_are_told_by_prefix() -> None:
    tree = TOP.read("[IN:GET_EVENT what [SL:DATE_TIME tonight ] [between now ] ]")
    assert TOP.label_kinds(tree) == {"IN:GET_EVENT": "intent", "SL:DATE_TIME": "slot", "between": "function"}


@pytest.mark.parametrize("name", formalisms.names())
def test_every_label_has_a_kind(name: str) -> None:
    tree = Node("IN:A", (Node("SL:B", (Node("IN:C", (Leaf("word"),)),)), Leaf("word")))
    assert set(formalisms.load(name).label_kinds(tree)) == {"IN:A", "SL:B", "IN:C"}


def test_unknown_formalism() -> None:
    with pytest.raises(DataError, match="'sql'.*choose one of bracket"):
        formalisms.load("sql")


# -- real data ---------------------------------------------------------------------------------------------------------


def test_top_release_is_canonical(shared_data) -> None:
    with open(shared_data("top") / "eval.clean.seq", encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert len(lines) == 4032
    for line in lines:
        tree = TOP.read(line)
        assert TOP.write(tree) == line
        assert BRACKET.read(BRACKET.write(tree)) == tree
