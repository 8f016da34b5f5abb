"""The formalisms of logical forms: what stands as what in the tree, and that nothing reads back as something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_conversion import formalisms
from data_conversion.errors import DataError
from data_conversion.tree import Leaf, Node

DCS, NLMAPS = formalisms.load("lambda-dcs"), formalisms.load("nlmaps")
NAMES = ["lambda-dcs", "nlmaps"]

DCS_TEXTS = (
    "call",
    "string",
    "lambda",
    "SW.filter",
    ".size",
    ".",
    "en",
    "en.",
    "en.film",
    "en.film.x",
    "en.a_b",
    "_",
    "a_",
)
NLMAPS_TEXTS = (
    "keyval",
    "keyval:",
    "keyval:name",
    "'",
    "''",
    "'a'",
    "'a",
    "a'",
    "',",
    "')",
    "'),'",
    ",",
    "',')",
    "'\\'",
)
texts = st.sampled_from(DCS_TEXTS + NLMAPS_TEXTS + ("(", ")", "\\", "x"))
trees = st.recursive(
    st.builds(Node, texts, st.lists(texts.map(Leaf), max_size=3).map(tuple)),
    lambda nodes: st.builds(Node, texts, st.lists(nodes | texts.map(Leaf), max_size=4).map(tuple)),
    max_leaves=8,
)


@pytest.mark.parametrize("name", NAMES)
@given(tree=trees)
def test_words_with_a_meaning_read_back(name: str, tree: Node) -> None:
    formalism = formalisms.load(name)
    assert formalism.read(formalism.write(tree)) == tree


@given(words=st.lists(texts, min_size=2, max_size=4))
def test_nlmaps_quotes_of_several_words_read_back(words: list[str]) -> None:
    tree = Node("findkey", (Leaf(f"'{' '.join(words)}'"),))
    assert NLMAPS.read(NLMAPS.write(tree)) == tree


@pytest.mark.parametrize("name", NAMES)
@given(text=st.text("('),\\ax \n.", max_size=20) | st.lists(texts | st.sampled_from(" ()"), max_size=12).map("".join))
def test_any_text_is_a_tree_or_a_data_error(name: str, text: str) -> None:
    formalism = formalisms.load(name)
    try:
        tree = formalism.read(text)
    except DataError as error:
        assert error.column is not None
    else:
        assert formalism.read(formalism.write(tree)) == tree


# -- lambda-dcs --------------------------------------------------------------------------------------------------------


def constant(label: str, words: str) -> Node:
    return Node(label, tuple(map(Leaf, words.split())))


@pytest.mark.parametrize(
    ("line", "tree"),
    [
        (
            "(call SW.singleton en.film)",
            Node("SW.singleton", (Leaf("en.film"),)),
        ),
        (
            "(call SW.filter en.film.star_wars (string release_date) (string >=) (date 1977 -1 -1))",
            Node(
                "SW.filter",
                (constant("en.film", "star wars"), Leaf("release_date"), Leaf(">="), constant("date", "1977 -1 -1")),
            ),
        ),
        (
            "(call SW.sumOf (number 3 en.minute) (number 2) (time 10 0))",
            Node("SW.sumOf", (constant("number", "3 en.minute"), constant("number", "2"), constant("time", "10 0"))),
        ),
        (
            "((lambda s (call .size (var s))) (call SW.domain (string film)))",
            Node(
                "lambda",
                (
                    Leaf("s"),
                    Node(".size", (Node("var", (Leaf("s"),)),)),
                    Node("SW.domain", (Leaf("film"),)),
                ),
            ),
        ),
        ("(lambda s (var s))", Node("lambda", (Leaf("s"), Node("var", (Leaf("s"),))))),
        ("en.film_genre.film_noir", constant("en.film_genre", "film noir")),
        ("(call SW.concat en.hall.42nd_street_hall en.hall.x.y)", None),
    ],
)
def test_lambda_dcs_tree(line: str, tree: Node | None) -> None:
    assert DCS.write(DCS.read(line)) == line
    if tree is not None:
        assert DCS.read(line) == tree


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("", 1, r"expected '\(' or "),
        ("film", 1, r"expected '\('"),
        ("(call filter en.film)", 7, "expected a name with a dot"),
        ("(SW.filter en.film)", 2, "expected"),
        ("(call SW.filter film)", 17, r"expected '\(' or '\)' or "),
        ("(call SW.filter (string en.film))", 25, "expected a word that is no type"),
        ("(call SW.filter (string))", 24, "expected a word that is no type"),
        ("(string film)", 2, "expected"),
        ("(lambda s)", 10, "expected"),
        ("((foo x) y)", 3, "expected 'lambda': "),
        ("(call SW.filter", 16, "the text ends"),
        ("(call SW.filter))", 17, "expected the end of the text"),
    ],
)
def test_lambda_dcs_errors_point_at_the_character(text: str, column: int, reason: str) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        DCS.read(text)
    assert caught.value.column == column


# -- nlmaps ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "tree"),
    [
        (
            "query(nwr(keyval('name','Old Mary's Inn')),qtype(count))",
            Node("query", (Node("nwr", (constant("keyval:name", "Old Mary's Inn"),)), Node("qtype", (Leaf("count"),)))),
        ),
        (
            "qtype(findkey(and('name','phone')),latlong(topx(3)))",
            Node(
                "qtype",
                (
                    Node("findkey", (Node("and", (Leaf("'name'"), Leaf("'phone'"))),)),
                    Node("latlong", (Node("topx", (Leaf("3"),)),)),
                ),
            ),
        ),
        (
            "nwr(keyval('shop',or('books','wine')))",
            Node("nwr", (Node("keyval:shop", (Node("or", (Leaf("'books'"), Leaf("'wine'"))),)),)),
        ),
        (
            "nwr(keyval('shop','ice_cream'),keyval('ref','a__b _c'))",
            Node("nwr", (constant("keyval:shop", "ice _ cream"), constant("keyval:ref", "a__b _c"))),
        ),
        ("nwr(keyval('name','Radio Aston (RA)'),keyval('op:hours','24/7'))", None),
        ("f()", Node("f")),
    ],
)
def test_nlmaps_tree(line: str, tree: Node | None) -> None:
    assert NLMAPS.write(NLMAPS.read(line)) == line
    if tree is not None:
        assert NLMAPS.read(line) == tree


@given(words=st.lists(st.text("ab_\\'", min_size=1, max_size=4) | st.just("_"), min_size=1, max_size=6))
def test_words_and_underscores_of_nlmaps_read_back(words: list[str]) -> None:
    tree = Node("nwr", (Node("keyval:name", tuple(map(Leaf, words))),))
    assert NLMAPS.read(NLMAPS.write(tree)) == tree


def test_nlmaps_passes_over_white_space() -> None:
    spread = " nwr ( keyval ( 'name' , ' Old  Inn ' ) , f ( x ) ) "
    assert NLMAPS.write(NLMAPS.read(spread)) == "nwr(keyval('name','Old Inn'),f(x))"


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("", 1, "expected a name, the text ends"),
        ("count", 6, r"expected '\(', the text ends"),
        ("f(x", 4, "expected .* the text ends"),
        ("f(x))", 5, "expected the end of the text"),
        ("f(x,)", 5, "expected a name or a text in quotes"),
        ("keyval(name,'x')", 8, "expected a text in quotes"),
        ("keyval('name','')", 15, "expected a name or a text in quotes"),
        ("keyval('name','x','y')", 18, r"expected '\)'"),
        ("f('x)", 3, "expected"),
    ],
)
def test_nlmaps_errors_point_at_the_character(text: str, column: int, reason: str) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        NLMAPS.read(text)
    assert caught.value.column == column


@pytest.mark.parametrize("name", NAMES)
def test_every_label_is_a_function(name: str) -> None:
    assert formalisms.load(name).label_kinds(Node("f", (Node("g"), Leaf("x")))) == {"f": "function", "g": "function"}
