"""The public face: what a parse holds, and that any input is answered."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from model_folder import save_model

from data_conversion.errors import DataError
from data_conversion.tokenization import tokenize
from data_conversion.tree import MAX_DEPTH, Leaf, Node
from parser import Intent, Parse, SemanticParser, Slot
from parser.api import _batches, _checked, _Search
from parser.transitions.actions import Action, Copy, Generate
from parser.transitions.system import replay
from parser.transitions.top_down import TopDown

ARTICLE = "add apples and oranges to shopping list and play music"
LINE = "(and(addToListIntent(add(ItemName(apples))(ItemName(oranges))))(PlayMusicIntent(Mediatype(music))))"


@pytest.fixture(scope="module")
def nlu(tmp_path_factory: pytest.TempPathFactory) -> SemanticParser:
    """A parser that has learnt a handful of requests by heart."""
    return SemanticParser.from_pretrained(save_model(tmp_path_factory.mktemp("model") / "tiny", steps=250))


def test_the_articles_request_gives_the_articles_line(nlu: SemanticParser) -> None:
    parse = nlu.parse(ARTICLE)
    assert str(parse.tree) == LINE
    assert parse.tree is not None and [leaf.position for leaf in parse.tree.leaves()] == [1, 3, 9]
    assert parse.intents == [
        Intent("addToListIntent", [Slot("ItemName", "apples", 4, 10), Slot("ItemName", "oranges", 15, 22)]),
        Intent("PlayMusicIntent", [Slot("Mediatype", "music", 49, 54)]),
    ]
    assert ARTICLE[4:10] == "apples" and ARTICLE[49:54] == "music"


def test_a_tree_is_a_node_that_prints_as_a_line(nlu: SemanticParser) -> None:
    tree = nlu.parse("play music").tree
    plain = Node("PlayMusicIntent", (Node("Mediatype", (Leaf("music", 1),)),))
    assert isinstance(tree, Node) and tree == plain and plain == tree and hash(tree) == hash(plain)
    assert str(tree) == "(PlayMusicIntent(Mediatype(music)))"


def test_a_parse_survives_pickling(nlu: SemanticParser) -> None:
    parse = nlu.parse(ARTICLE)
    again = pickle.loads(pickle.dumps(parse))
    assert again == parse and str(again.tree) == LINE and again.attention == parse.attention
    assert parse.weights is not None and parse.weights.untyped_storage().nbytes() == 4 * parse.weights.numel()


def test_score_is_the_exponential_of_the_log_probability(nlu: SemanticParser) -> None:
    parse = nlu.parse("play music")
    assert parse.log_prob < 0 and parse.score == pytest.approx(math.exp(parse.log_prob))
    assert 0 < parse.score <= 1 and parse.calibrated is False


def test_attention_has_a_row_an_action_and_a_column_a_word(nlu: SemanticParser) -> None:
    parse = nlu.parse(ARTICLE)
    assert len(parse.attention) == len(parse.actions) > 0
    assert {len(row) for row in parse.attention} == {len(parse.tokens)}
    assert [sum(row) for row in parse.attention] == pytest.approx([1.0] * len(parse.actions))


def test_alternatives_are_whole_parses_best_first(nlu: SemanticParser) -> None:
    parse = nlu.parse(ARTICLE, nbest=3)
    assert parse.alternatives[0] is parse and str(parse.tree) == LINE
    assert len({str(alternative.tree) for alternative in parse.alternatives}) == 3
    scores = [alternative.score for alternative in parse.alternatives]
    assert scores == sorted(scores, reverse=True) and sum(scores) <= 1 + 1e-6
    for alternative in parse.alternatives:
        assert replay(TopDown(), alternative.actions, parse.words, nlu._network.vocabulary.grammar) == alternative.tree
        assert alternative.intents and len(alternative.attention) == len(alternative.actions)
        assert alternative.utterance == ARTICLE


def test_a_parse_that_needs_no_beam_is_its_only_alternative(nlu: SemanticParser) -> None:
    parse = nlu.parse("play music")
    assert parse.alternatives == [parse] and nlu.parse("play music", nbest=2).log_prob >= parse.log_prob - 1e-5
    assert nlu.parse("", nbest=3).alternatives == []


def test_derivations_that_print_the_same_tree_are_one_parse(nlu: SemanticParser) -> None:
    """Either "music" may be copied: the tree is as probable as both derivations together."""
    best, *_ = alternatives = nlu.parse("play music music", nbest=4, beam=30).alternatives
    assert len({str(alternative.tree) for alternative in alternatives}) == len(alternatives)
    alone = nlu.parse("play music music")
    assert str(alone.tree) == str(best.tree) and best.log_prob > alone.log_prob + 1e-4


def test_any_input_is_answered_with_alternatives(nlu: SemanticParser) -> None:
    lines = ["play music", "", "pause the music", "x" * 1_000, ARTICLE, "\U0001f3b5"]
    together = list(nlu.parse_many(lines, batch_size=3, nbest=5))
    for line, parse in zip(lines, together, strict=True):
        assert len(parse.alternatives) == (5 if line else 0)
        alone = nlu.parse(line, nbest=5)
        assert [str(each.tree) for each in alone.alternatives] == [str(each.tree) for each in parse.alternatives]


def test_drawings(nlu: SemanticParser) -> None:
    parse = nlu.parse(ARTICLE)
    assert "oranges" in parse.pretty() and "└" not in parse.pretty().splitlines()[0]
    assert parse.svg().startswith("<svg") and "oranges" in parse.svg()
    nothing = nlu.parse(" ")
    assert "no words" in nothing.pretty()
    with pytest.raises(DataError, match="no words"):
        nothing.svg()


def test_to_dict_is_json_and_says_what_design_binds(nlu: SemanticParser) -> None:
    record = json.loads(json.dumps(nlu.parse("play music").to_dict()))
    assert set(record) == {"utterance", "tree", "score", "calibrated", "intents"}
    assert record["intents"] == [
        {
            "name": "PlayMusicIntent",
            "slots": [{"name": "Mediatype", "text": "music", "start": 5, "end": 10, "intent": None}],
        }
    ]
    more = nlu.parse("play music", nbest=2).to_dict(alternatives=True)["alternatives"]
    assert [each["tree"] for each in more][0] == record["tree"] and len(more) == 2 and "utterance" not in more[0]
    empty = json.loads(json.dumps(nlu.parse("").to_dict()))
    assert empty["tree"] is None and empty["score"] == 0 and empty["intents"] == [] and "no words" in empty["error"]


ODD = [
    "",
    "   ",
    "\t\x00\x1b",
    "play \U0001f3b5 music \U0001f469\u200d\U0001f373",
    "שים חלב ברשימה",
    "((( ))) \\ ( \\) [IN: [SL: ]",
    "play " * 1_000,
    "x" * 50_000,
    "word " * 2_001,
    "broken \udce4 bytes",
    b"bytes",
    None,
    "play music",
]


def test_any_input_is_answered_in_order(nlu: SemanticParser) -> None:
    parses = list(nlu.parse_many(ODD, batch_size=4))  # type: ignore[arg-type]
    assert len(parses) == len(ODD)
    for line, parse in zip(ODD, parses, strict=True):
        assert (parse.tree is None) == (parse.error is not None)
        json.dumps(parse.to_dict(), ensure_ascii=False).encode("utf-8")
        if isinstance(line, str) and "\udce4" not in line:
            assert parse.utterance == line
    assert [index for index, parse in enumerate(parses) if parse.tree is None] == [0, 1, 8, 9, 10, 11]
    assert str(parses[-1].tree) == "(PlayMusicIntent(Mediatype(music)))"


@pytest.mark.parametrize("formalism", ["bracket", "top"])
def test_long_nonsense_ends_in_a_tree(tmp_path: Path, formalism: str) -> None:
    """Large random weights pile up nodes to the length bound: depth and numbers must stay within bounds."""
    nlu = SemanticParser.from_pretrained(save_model(tmp_path / formalism, formalism=formalism))
    for seed in range(2):
        torch.manual_seed(seed)
        for weights in nlu._network.parameters():
            torch.nn.init.normal_(weights)
        parse = nlu.parse("word " * 150)
        assert parse.tree is not None and parse.tree.depth <= MAX_DEPTH and 0 <= parse.score <= 1


def test_parse_many_is_lazy(nlu: SemanticParser) -> None:
    taken = []

    def endless() -> Iterator[str]:
        while True:
            taken.append(1)
            yield "play music"

    parses = nlu.parse_many(endless(), batch_size=2)
    assert not taken
    assert next(parses).utterance == "play music"
    assert len(taken) < 100


def test_one_by_one_nothing_is_read_ahead(nlu: SemanticParser) -> None:
    lines = iter(["play music", "pause the music"])
    parses = nlu.parse_many(lines, batch_size=1)
    assert next(parses).utterance == "play music"
    assert next(lines) == "pause the music"


def test_a_batch_changes_no_answer(nlu: SemanticParser) -> None:
    lines = [ARTICLE, "play music", "", "pause the music"] * 3
    together = [str(parse.tree) for parse in nlu.parse_many(lines)]
    assert together == [str(nlu.parse(line).tree) for line in lines]


def test_tokens_that_are_given_are_used(nlu: SemanticParser) -> None:
    rows = [("play music!", ("play", "music!")), ("play music", ("play", "songs")), ("play music", ()), ("", ("",))]
    kept, alien, none, empty, broken = nlu.parse_tokenized([*rows, ("play \udce4", ("play", "\udce4"))])
    assert broken.tree is None and broken.utterance == "play \N{REPLACEMENT CHARACTER}"
    assert kept.words == ("play", "music!")
    assert alien.words == ("play", "songs") and alien.utterance == "play songs" and alien.tree is not None
    assert none.tree is None and empty.tree is None


def test_batch_size_and_nbest_are_checked(nlu: SemanticParser) -> None:
    with pytest.raises(DataError, match="1 or more"):
        nlu.parse_many([], batch_size=0)
    with pytest.raises(DataError, match="1 or more"):
        nlu.parse("play music", nbest=0)
    with pytest.raises(DataError, match="a beam of 2 cannot hold 3 parses"):
        nlu.parse("play music", nbest=3, beam=2)
    with pytest.raises(DataError, match="a beam of 1001 is too wide"):
        nlu.parse("play music", nbest=1001)


def test_a_wide_beam_takes_fewer_utterances_at_a_time() -> None:
    window = [_checked("word " * 20, tuple(tokenize("word " * 20)))] * 64
    sizes = {beam: max(map(len, _batches(window, _Search.checked(64, 1, beam)))) for beam in (1, 4, 100, 1000)}
    assert sizes == {1: 64, 4: 64, 100: 16, 1000: 1}


def test_actions_rebuild_the_leaves(nlu: SemanticParser) -> None:
    parse = nlu.parse(ARTICLE)
    terminals: list[Action] = [action for action in parse.actions if isinstance(action, (Copy, Generate))]
    assert terminals == [Copy(1), Copy(3), Copy(9)]


def test_a_nested_intent_stands_under_its_slot(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "top", formalism="top", steps=150)
    parse = SemanticParser.from_pretrained(folder).parse("directions to my next meeting")
    assert str(parse.tree).startswith("[IN:GET_DIRECTIONS directions to [SL:DESTINATION [IN:GET_EVENT")
    (intent,) = parse.intents
    (slot,) = intent.slots
    assert (slot.name, slot.text, slot.intent and slot.intent.name) == (
        "SL:DESTINATION",
        "my next meeting",
        "IN:GET_EVENT",
    )


def test_a_parse_without_a_tree_has_no_score() -> None:
    assert Parse("", error="nothing").score == 0


def test_one_utterance_is_not_taken_for_many_letters(nlu: SemanticParser) -> None:
    with pytest.raises(DataError, match="parse takes one"):
        nlu.parse_many("play music")
