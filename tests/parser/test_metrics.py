"""Every metric against values worked out by hand, and the laws that hold whatever the trees are."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_conversion import formalisms
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.ontology import Ontology
from data_conversion.tree import Leaf, Node
from parser.evaluation.metrics import evaluate, exact_match, f1, has_tags, is_valid, slot_values
from parser.evaluation.semantic_errors import Clause, clauses, error_rate, semantic_errors


def slot(label: str, tokens: list[str], *positions: int) -> Node:
    return Node(label, tuple(Leaf(tokens[position], position) for position in positions))


def learn(*examples: Example) -> Ontology:
    load = formalisms.load
    return Ontology.learn((one.domain, one.tree, load(one.formalism).label_kinds(one.tree)) for one in examples)


# positions:  0   1      2   3       4  5        6    7   8    9
SHOPPING = "add apples and oranges to shopping list and play music".split()
APPLES, ORANGES = slot("ItemName", SHOPPING, 1), slot("ItemName", SHOPPING, 3)
LIST, MUSIC = slot("ListName", SHOPPING, 5), slot("Mediatype", SHOPPING, 9)
COMPOUND = Example(
    "compound",
    "home",
    " ".join(SHOPPING),
    tuple(SHOPPING),
    Node("and", (Node("addToList", (Node("add", (APPLES, ORANGES)), LIST)), Node("PlayMusic", (MUSIC,)))),
)
PAUSE = Example("pause", "home", "pause the music", ("pause", "the", "music"), Node("PauseMusic"))
PAUSE_AS_PLAY = Node("PlayMusic", (slot("Mediatype", ["pause", "the", "music"], 2),))
ONTOLOGY = learn(COMPOUND, PAUSE)


def score(examples: list[Example], predicted: list[Node | None], **options: Any) -> dict[str, Any]:
    return evaluate(examples, predicted, ontology=ONTOLOGY, **options)


def test_a_missed_slot_and_a_wrong_intent() -> None:
    missed = Node("and", (Node("addToList", (APPLES, LIST)), Node("PlayMusic", (MUSIC,))))
    metrics = score([COMPOUND, PAUSE], [missed, PAUSE_AS_PLAY])
    assert metrics["exact_match"] == 0
    assert metrics["frame_accuracy"] == 0
    assert metrics["intent_accuracy"] == 50  # of the first only
    assert metrics["slot_f1"] == 75  # 4 gold, 4 predicted, 3 of them right: 2 * 3 / (4 + 4)
    # Oranges deleted; pause taken for play; music inserted: 3 errors in 4 slots and 3 intents.
    assert metrics["semer"] == pytest.approx(100 * 3 / 7)
    assert metrics["tree_validity"] == 100
    assert metrics["bracket_f1"] is None  # words are dropped


def test_no_tree_at_all_misses_everything() -> None:
    metrics = score([COMPOUND, PAUSE], [None, PAUSE.tree])
    assert (metrics["count"], metrics["predicted_count"]) == (2, 1)
    assert metrics["exact_match"] == metrics["frame_accuracy"] == metrics["intent_accuracy"] == 50
    assert metrics["tree_validity"] == 50
    assert metrics["slot_f1"] == 0
    assert metrics["semer"] == pytest.approx(100 * 6 / 7)  # 2 intents and 4 slots deleted of 3 and 4


def test_which_clause_owns_a_slot_is_what_exact_match_adds_to_frame_accuracy() -> None:
    astray = Node("and", (Node("addToList", (Node("add", (APPLES, ORANGES)),)), Node("PlayMusic", (LIST, MUSIC))))
    metrics = score([COMPOUND], [astray])
    assert metrics["exact_match"] == 0
    assert metrics["frame_accuracy"] == metrics["slot_f1"] == 100
    assert metrics["semer"] == pytest.approx(100 * 2 / 6)  # deleted from one clause and inserted into the other


def test_operators_are_transparent_to_frame_accuracy_and_slot_f1() -> None:
    plain = Node("and", (Node("addToList", (APPLES, ORANGES, LIST)), Node("PlayMusic", (MUSIC,))))
    metrics = score([COMPOUND], [plain])
    assert metrics["exact_match"] == 0
    assert metrics["frame_accuracy"] == metrics["slot_f1"] == 100
    assert metrics["semer"] == 0


def test_a_slot_outside_any_intent_is_no_intent_of_semer() -> None:
    outside = Example("outside", "home", COMPOUND.utterance, COMPOUND.tokens, Node("and", (APPLES, PAUSE.tree)))
    metrics = score([outside], [PAUSE.tree])
    assert metrics["semer"] == pytest.approx(100 * 1 / 2)  # the slot is deleted, of a slot and an intent


def test_a_repeated_intent_leaves_the_set_of_intents_as_it_is() -> None:
    twice = Node("and", (*COMPOUND.tree.children, Node("PlayMusic", (MUSIC,))))
    metrics = score([COMPOUND], [twice])
    assert metrics["intent_accuracy"] == 100
    assert metrics["frame_accuracy"] == 0  # music is copied into two values: there are no such tags
    assert metrics["semer"] == pytest.approx(100 * 2 / 6)  # an intent and a slot inserted


def test_frame_accuracy_reads_positions_and_exact_match_texts() -> None:
    tokens = "move milk before milk".split()
    example = Example("1", "home", " ".join(tokens), tuple(tokens), Node("addToList", (slot("ItemName", tokens, 1),)))
    metrics = score([example], [Node("addToList", (slot("ItemName", tokens, 3),))])
    assert metrics["exact_match"] == 100
    assert metrics["frame_accuracy"] == metrics["slot_f1"] == 0


@pytest.mark.parametrize(
    ("values", "right"),
    [
        ([(1, 2)], 100),
        ([(1,), (2,)], 0),  # B B, not B I
        ([(2, 1)], 0),
        ([(1,)], 0),
    ],
)
def test_frame_accuracy_of_a_value_of_two_words(values: list[tuple[int, ...]], right: int) -> None:
    tokens = "add peanut butter".split()
    example = Example(
        "1", "home", "add peanut butter", tuple(tokens), Node("addToList", (slot("ItemName", tokens, 1, 2),))
    )
    predicted = Node("addToList", tuple(slot("ItemName", tokens, *value) for value in values))
    assert score([example], [predicted])["frame_accuracy"] == right


def test_frame_accuracy_is_defined_for_flat_span_trees_of_the_brackets_only() -> None:
    tokens = "add peanut butter".split()
    kinds = {"addToList": "intent", "ItemName": "slot", "Nested": "intent"}
    assert has_tags(Node("addToList", (slot("ItemName", tokens, 1, 2),)), kinds)
    assert not has_tags(Node("addToList", (slot("ItemName", tokens, 1), slot("ItemName", tokens, 2))), kinds)
    assert not has_tags(Node("addToList", (Node("ItemName", (Leaf("butter"),)),)), kinds)
    assert not has_tags(Node("addToList", (Node("ItemName", (Node("Nested"),)),)), kinds)


# positions:  0    1     2  3      4
EVENTS = "show events in paris tonight".split()
TOP = Example(
    "top",
    "event",
    " ".join(EVENTS),
    tuple(EVENTS),
    Node(
        "IN:GET_EVENT",
        (
            Leaf("show", 0),
            slot("SL:CATEGORY", EVENTS, 1),
            Node("SL:LOCATION", (Node("IN:GET_LOCATION", (Leaf("in", 2), slot("SL:NAME", EVENTS, 3))),)),
            slot("SL:DATE", EVENTS, 4),
        ),
    ),
    "top",
)


def test_a_nested_tree_with_its_words_kept() -> None:
    values = [slot("SL:CATEGORY", EVENTS, 1), slot("SL:LOCATION", EVENTS, 2, 3), slot("SL:DATE", EVENTS, 4)]
    flat = Node("IN:GET_EVENT", (Leaf("show", 0), *values))
    metrics = evaluate([TOP], [flat], ontology=learn(TOP))
    assert metrics["exact_match"] == 0
    assert metrics["bracket_f1"] == pytest.approx(100 * 2 * 4 / (6 + 4))  # all four are among the six of gold
    assert metrics["slot_f1"] == pytest.approx(100 * 2 * 3 / (4 + 3))  # the nested name is missing
    assert metrics["intent_accuracy"] == 100  # the nested intent is no clause
    assert metrics["semer"] == pytest.approx(100 * 2 / 6)  # it and its slot are deleted
    assert metrics["frame_accuracy"] is None
    assert metrics["exact_match_by_clauses"] == {"1": 0}


@pytest.mark.parametrize(
    ("predicted", "valid"),
    [
        (PAUSE.tree, True),
        (PAUSE_AS_PLAY, True),
        (None, False),
        (Node("StopMusic"), False),  # no such label
        (Node("PlayMusic"), False),  # never childless in training
        (Node("PlayMusic", (Node("Mediatype"),)), False),
        (Node("PlayMusic", (Node("Mediatype", (Leaf("radio"),)),)), True),  # generated
        (Node("PlayMusic", (Node("Mediatype", (Leaf("radio", 2),)),)), False),  # not what it copies
        (Node("PlayMusic", (Node("Mediatype", (Leaf("music", 3),)),)), False),  # beyond the end
    ],
)
def test_tree_validity(predicted: Node | None, valid: bool) -> None:
    assert is_valid(predicted, PAUSE.tokens, ONTOLOGY, words_kept=False) is valid


def test_with_words_kept_a_valid_tree_holds_every_word_in_order() -> None:
    ontology = learn(TOP)
    assert is_valid(TOP.tree, TOP.tokens, ontology, words_kept=True)
    for children in (TOP.tree.children[:-1], TOP.tree.children[::-1]):
        assert not is_valid(Node("IN:GET_EVENT", children), TOP.tokens, ontology, words_kept=True)


def test_where_others_drop_words_a_tree_that_drops_one_is_valid() -> None:
    """An example whose words are all slot values looks as if words were kept; the data set says that they are not."""
    tree = Node("PlayMusic", (Node("Mediatype", (Leaf("folk", 0), Leaf("music", 1))),))
    values_only = Example("1", "music", "folk music", ("folk", "music"), tree)
    one_missing = Node("PlayMusic", (Node("Mediatype", (Leaf("folk", 0),)),))
    figures = evaluate([values_only, PAUSE], [one_missing, PAUSE.tree], ontology=ONTOLOGY)
    assert (figures["tree_validity"], figures["bracket_f1"]) == (100, None)


def test_f1_counts_an_item_as_often_as_it_is_there() -> None:
    assert f1([(Counter("aa"), Counter("aaa")), (Counter("b"), Counter("c"))]) == pytest.approx(100 * 2 * 2 / (3 + 4))
    assert f1([(Counter(), Counter())]) is None


LIGHTS, VOLUME = Clause("LightsOff", [("Room", "hall")]), Clause("VolumeUp")
PLAY = Clause("Play", [("Genre", "folk"), ("Artist", "ada")])


@pytest.mark.parametrize(
    ("gold", "predicted", "errors"),
    [
        ([PLAY], [PLAY], 0),
        ([PLAY], [Clause("Play", PLAY.slots[::-1])], 0),  # slots have no order
        ([PLAY], [Clause("Play", [("Genre", "jazz"), ("Artist", "ada")])], 1),  # substitution
        ([PLAY], [Clause("Play", [("Genre", "folk")])], 1),  # deletion
        ([PLAY], [Clause("Find", [*PLAY.slots, ("Year", "1990")])], 2),  # intent and insertion
        ([PLAY], [], 3),  # the intent and both slots
        ([], [PLAY, VOLUME], 4),
        ([LIGHTS, VOLUME, PLAY], [LIGHTS, PLAY], 1),  # the middle one is unmatched, the last is aligned
        ([VOLUME, PLAY], [PLAY, VOLUME], 2),  # clauses keep their order: volume deleted here, inserted there
        ([PLAY], [Clause(None, PLAY.slots)], 1),  # slots outside any intent
    ],
)
def test_semantic_errors(gold: list[Clause], predicted: list[Clause], errors: int) -> None:
    assert semantic_errors(gold, predicted) == errors


def test_error_rate_is_over_all_slots_and_intents_and_may_exceed_a_hundred() -> None:
    assert error_rate([([VOLUME], [PLAY]), ([LIGHTS], [LIGHTS])]) == 100  # 3 errors of 1 + 2
    assert error_rate([([VOLUME], [PLAY])]) == 300
    assert error_rate([([], [])]) is None


def test_exact_match_and_frame_accuracy_by_clauses() -> None:
    metrics = score([COMPOUND, PAUSE, PAUSE], [COMPOUND.tree, PAUSE.tree, None])
    assert metrics["count_by_clauses"] == {"1": 2, "2": 1}
    assert metrics["exact_match_by_clauses"] == {"1": 50, "2": 100}
    assert metrics["frame_accuracy_by_clauses"] == {"1": 50, "2": 100}


def test_exact_match_by_values_seen_in_training() -> None:
    assert slot_values([COMPOUND, PAUSE], ONTOLOGY) == {
        ("ItemName", "apples"),
        ("ItemName", "oranges"),
        ("ListName", "shopping"),
        ("Mediatype", "music"),
    }
    seen = slot_values([COMPOUND], ONTOLOGY) - {("ItemName", "oranges")}
    metrics = score([COMPOUND, PAUSE], [None, PAUSE.tree], train_values=seen)
    assert (metrics["count_seen_values"], metrics["exact_match_seen_values"]) == (1, 100)
    assert (metrics["count_unseen_values"], metrics["exact_match_unseen_values"]) == (1, 0)
    assert score([PAUSE], [None], train_values=seen)["exact_match_unseen_values"] is None


def test_gold_labels_that_training_never_saw_are_of_the_kind_their_tree_shows() -> None:
    tokens = ("lock", "doors")
    example = Example("1", "home", "lock doors", tokens, Node("LockDoor", (slot("Door", list(tokens), 1),)))
    metrics = score([example], [PAUSE.tree])
    assert (metrics["intent_accuracy"], metrics["semer"]) == (0, 100)  # one intent wrong, one slot deleted, of two


def test_evaluating_nothing_or_with_predictions_missing_is_an_error() -> None:
    with pytest.raises(DataError, match="no examples"):
        score([], [])
    with pytest.raises(DataError, match="1 predictions for 2 examples"):
        score([COMPOUND, PAUSE], [None])


# -- laws --------------------------------------------------------------------------------------------------------------


@st.composite
def requests(draw: st.DrawFn) -> Example:
    """One to three clauses, each a verb and slots of one or two words."""
    tokens: list[str] = []
    intents = []
    for _ in range(draw(st.integers(1, 3))):
        slots = []
        for label in draw(st.lists(st.sampled_from(["Artist", "Genre", "Room"]), max_size=3, unique=True)):
            tokens.append(draw(st.sampled_from(["by", "in", "please"])))
            words = draw(st.lists(st.sampled_from(["ada", "folk", "hall", "in"]), min_size=1, max_size=2))
            slots.append(Node(label, tuple(Leaf(word, len(tokens) + offset) for offset, word in enumerate(words))))
            tokens += words
        tokens.append("and")
        intents.append(Node(draw(st.sampled_from(["Play", "Find", "Dim"])), tuple(slots)))
    tree = intents[0] if len(intents) == 1 else Node("and", tuple(intents))
    return Example("x", "d", " ".join(tokens), tuple(tokens), tree)


def reversed_slots(tree: Node) -> Node:
    if tree.label == "and":
        return Node("and", tuple(reversed_slots(child) for child in tree.children if isinstance(child, Node)))
    return Node(tree.label, tree.children[::-1])


@given(st.lists(requests(), min_size=1, max_size=4))
def test_gold_against_itself_is_perfect(examples: list[Example]) -> None:
    metrics = evaluate(examples, [example.tree for example in examples], ontology=learn(*examples))
    assert metrics["semer"] == 0
    assert metrics["slot_f1"] in (100, None)  # None without any slot
    for name in ("exact_match", "frame_accuracy", "intent_accuracy", "tree_validity"):
        assert metrics[name] == 100
    assert set(metrics["exact_match_by_clauses"].values()) == {100}
    assert json.loads(json.dumps(metrics)) == metrics


@given(requests())
def test_the_order_of_slots_matters_to_exact_match_alone(example: Example) -> None:
    predicted = reversed_slots(example.tree)
    metrics = evaluate([example], [predicted], ontology=learn(example))
    assert metrics["exact_match"] == 100 * (predicted.without_positions() == example.tree.without_positions())
    assert metrics["slot_f1"] in (100, None)
    assert metrics["frame_accuracy"] == metrics["intent_accuracy"] == 100
    assert metrics["semer"] == 0


@given(st.lists(st.tuples(requests(), requests()), min_size=1, max_size=4))
def test_a_right_tree_has_a_right_frame_and_a_right_frame_right_intents(pairs: list[tuple[Example, Example]]) -> None:
    examples = [example for example, _ in pairs]
    ontology = learn(*examples, *(other for _, other in pairs))
    metrics = evaluate(examples, [other.tree for _, other in pairs], ontology=ontology)
    assert metrics["frame_accuracy"] <= metrics["intent_accuracy"]
    for (example, other), right in zip(pairs, (exact_match(one.tree, other.tree) for one, other in pairs)):
        same = evaluate([example], [other.tree], ontology=ontology)
        assert same["exact_match"] == 100 * right
        assert not right or same["semer"] == 0


@given(requests(), requests(), requests())
def test_semantic_errors_are_a_distance(first: Example, second: Example, third: Example) -> None:
    kinds = {"and": "operator", **dict.fromkeys(["Play", "Find", "Dim"], "intent")}
    kinds |= dict.fromkeys(["Artist", "Genre", "Room"], "slot")
    one, two, three = (clauses(example.tree, kinds) for example in (first, second, third))
    assert semantic_errors(one, two) == semantic_errors(two, one)
    assert semantic_errors(one, three) <= semantic_errors(one, two) + semantic_errors(two, three)
