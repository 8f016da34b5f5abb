"""Composition: what stands in composed data, and that the same seed gives the same bytes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_conversion.composer import MIXED, Composer, joined
from data_conversion.compound import RECORD, compose
from data_conversion.coordination import Coordination, Coordinator, open_slots, value_operators
from data_conversion.ellipsis import coordinates, gapped, with_pronoun, without_shared_ending
from data_conversion.errors import DataError
from data_conversion.example import Example, read_examples, write_examples
from data_conversion.exchange import exchanged
from data_conversion.formalisms import bracket
from data_conversion.frames import Clause, Span, frame_of, frame_tree
from data_conversion.mixture import Mixture
from data_conversion.ontology import Ontology
from data_conversion.politeness import after_openings, clipped, polite
from data_conversion.request import Request, leaves, spoken, texts
from data_conversion.transforms import per_token
from data_conversion.tree import Leaf, Node
from data_conversion.unseen_values import without_values_of

_ANNOTATED = re.compile(r"\[(\w+) ([^]]+)\]|(\S+)")


_MIXTURE = Mixture.load()


def _example(annotated: str, intent: str, *, name: str = "", domain: str = "home", words_kept: bool = False) -> Example:
    """An example from an utterance with its values in brackets: `play [Genre jazz]`."""
    tokens: list[str] = []
    spans = []
    for slot, value, word in _ANNOTATED.findall(annotated):
        words = (value or word).split()
        if slot:
            spans.append(Span(slot, len(tokens), len(tokens) + len(words)))
        tokens += words
    tree = frame_tree(tokens, [Clause(intent, 0, len(tokens))], spans)
    tree = tree if words_kept else _without_words(tree)
    return Example(name, domain, " ".join(tokens), tuple(tokens), tree)


def _without_words(tree: Node) -> Node:
    """The tree without what stands outside slots."""
    return Node(
        tree.label,
        tuple(
            _without_words(child) if child.label == "add" else child
            for child in tree.children
            if isinstance(child, Node)
        ),
    )


_EXCHANGED = Path(__file__).parents[2] / "configs" / "mixture" / "exchanged.yaml"
_TRAIN = [
    ("add [ItemName apples] to [ListName shopping] list", "addToListIntent"),
    ("please add [ItemName peanut butter] to my list", "addToListIntent"),
    ("put [ItemName milk] and [ItemName eggs] on [ListName camping] list please", "addToListIntent"),
    ("could you add [ItemName soap] ?", "addToListIntent"),
    ("can you play [Genre jazz]", "PlayMusicIntent"),
    ("hey please play [Genre folk rock] by [Artist the and then]", "PlayMusicIntent"),
    ("pause the music", "PauseIntent"),
]
_DEV = [("add [ItemName tea] to my list", "addToListIntent"), ("please play [Genre jazz]", "PlayMusicIntent")]
_TEST = [("add [ItemName figs] to [ListName camping] list", "addToListIntent"), ("pause it .", "PauseIntent")]


def _write_source(folder: Path, *, words_kept: bool = False, domains: Sequence[str] = ("home",)) -> Path:
    folder.mkdir()
    splits = {
        split: [
            _example(text, intent, name=f"{split}-{n}", domain=domains[n % len(domains)], words_kept=words_kept)
            for n, (text, intent) in enumerate(rows)
        ]
        for split, rows in [("train", _TRAIN), ("dev", _DEV), ("test", _TEST)]
    }
    ontology = Ontology.learn((e.domain, e.tree, bracket.label_kinds(e.tree)) for e in splits["train"])
    ontology.save(folder / "ontology.json")
    for split, examples in splits.items():
        write_examples(folder / f"{split}.jsonl", examples, ontology)
    return folder


def _read(folder: Path) -> tuple[Ontology, dict[str, list[Example]]]:
    ontology = Ontology.load(folder / "ontology.json")
    return ontology, {
        split: list(read_examples(folder / f"{split}.jsonl", ontology)) for split in ("train", "dev", "test")
    }


def _clauses(tree: Node) -> list[Node]:
    return [child for child in tree.children if isinstance(child, Node)]


def test_the_article_s_request() -> None:
    apples = Node(
        "addToListIntent",
        (Node("add", (Node("ItemName", leaves(["apples"], 1)), Node("ItemName", leaves(["oranges"], 3)))),),
    )
    tokens = tuple("add apples and oranges to shopping list".split())
    requests = [
        Request.of(Example("", "", " ".join(tokens), tokens, apples)),
        Request.of(_example("play [Mediatype music]", "PlayMusicIntent")),
    ]
    compound = joined(requests, [spoken("and")], words_kept=False)
    assert compound.utterance == "add apples and oranges to shopping list and play music"
    assert bracket.write(compound.tree) == (
        "(and(addToListIntent(add(ItemName(apples))(ItemName(oranges))))(PlayMusicIntent(Mediatype(music))))"
    )
    assert [leaf.position for leaf in compound.tree.leaves()] == [1, 3, 9]


def test_connectives_are_leaves_of_the_clause_operator_where_words_are_kept() -> None:
    requests = [Request.of(_example(text, "Do", words_kept=True)) for text in ("play [Genre jazz]", "stop")]
    compound = joined(requests, [spoken(", and then")], words_kept=True)
    assert bracket.write(compound.tree) == "(and(Do(play)(Genre(jazz)))(,)(and)(then)(Do(stop)))"
    assert [leaf.position for leaf in compound.tree.leaves()] == list(range(6))
    assert compound.utterance == "play jazz, and then stop"


def test_the_utterance_keeps_how_its_words_were_written() -> None:
    whats = Example("", "", "what's on", ("what", "'s", "on"), Node("Search"))
    other_case = Example("", "", "Stop", ("stop",), Node("Stop"))
    compound = joined(
        [Request.of(whats), Request.of(whats), Request.of(other_case)], [spoken("and"), spoken(",")], words_kept=False
    )
    assert compound.utterance == "what's on and what's on, stop"
    assert compound.tokens == ("what", "'s", "on", "and", "what", "'s", "on", ",", "stop")


@pytest.mark.parametrize("words_kept", [False, True])
@pytest.mark.parametrize(
    ("said", "clipped_to"),
    [
        (["please play [G jazz]", "please stop"], ["please play jazz", "stop"]),
        (["could you play [G jazz]", "can you please stop"], ["could you play jazz", "stop"]),
        (["play [G jazz] please", "stop please"], ["play jazz please", "stop"]),
        (["play [G jazz]", "hey please stop", "please go"], ["play jazz", "hey please stop", "go"]),
        (["please play [G jazz]", "[G please] stop"], ["please play jazz", "please stop"]),
        (["please go", "please"], ["please go", "please"]),
        (["is it on ?", "who is it ?"], ["is it on", "who is it ?"]),
        (["go on , please .", "please stop ."], ["go on , please", "stop ."]),
        (["please go on", "hey there please stop"], ["please go on", "stop"]),
        (["please go on", "stop please ."], ["please go on", "stop ."]),
        (["please go on", "can you stop , thanks !"], ["please go on", "stop !"]),
        (["please go on", "play [G thanks] ."], ["please go on", "play thanks ."]),
    ],
)
def test_politeness_is_said_once_and_a_sentence_mark_last(
    said: list[str], clipped_to: list[str], words_kept: bool
) -> None:
    requests = clipped([Request.of(_example(text, "Do", words_kept=words_kept)) for text in said])
    assert [request.utterance for request in requests] == clipped_to
    for request in requests:  # an example refuses leaves that are not their tokens
        example = Example("", "", request.utterance, request.tokens, request.tree)
        assert example.words_kept or not words_kept


@pytest.mark.parametrize("words_kept", [False, True])
def test_several_values_of_a_slot_stand_under_the_value_operator(words_kept: bool) -> None:
    examples = [_example(text, intent, words_kept=words_kept) for text, intent in _TRAIN]
    ontology = Ontology.learn(("", e.tree, bracket.label_kinds(e.tree)) for e in examples)
    operators = value_operators(examples, ontology)
    assert operators == {("addToListIntent", "ItemName"): "add"}
    coordination = Coordination.learn(examples, ontology, _MIXTURE)
    coordinator = Coordinator(map(Request.of, examples), coordination, _MIXTURE)
    request, random = Request.of(examples[0]), Random(0)
    seen = {}
    for _ in range(600):
        coordinated = coordinator.coordinated(request, random)
        seen[coordinated.utterance] = bracket.write(coordinated.tree, ontology)
        Example("", "", coordinated.utterance, coordinated.tokens, coordinated.tree)
    if words_kept:
        line = "(addToListIntent(add)(add(ItemName(apples))(and)(ItemName(soap)))(to)(ListName(shopping))(list))"
    else:
        line = "(addToListIntent(add(ItemName(apples))(ItemName(soap)))(ListName(shopping)))"
    assert seen["add apples and soap to shopping list"] == line
    assert "add apples, peanut butter and soap to shopping list" in seen
    assert "add apples to shopping list" in seen
    assert not any("milk" in utterance for utterance in seen), "a value that is coordinated already is no single value"


@pytest.mark.parametrize(
    ("annotated", "may_have_more"),
    [
        ("add [Item apples] to my list", True),
        ("find [Item apples]", False),
        ("add the [Item apples]", False),
        ("rate [Which this] [Item apple]", False),
        ("add it to my [Item apple] list", False),
        ("[Item apples] should be added", False),
        ("is [Item apples] there", False),
        ("add [Item my apples]", True),
    ],
)
@pytest.mark.parametrize("words_kept", [False, True])
def test_a_value_is_joined_with_values_after_the_same_word_where_both_have_no_determiner(
    annotated: str, may_have_more: bool, words_kept: bool
) -> None:
    others = [f"{word} [Item pears]" for word in ("add", "the", "this", "my", "is")]
    requests = [_request(text, words_kept=words_kept) for text in [annotated, *others, "[Item pears] please"]]
    always = Coordination({("Play", "Item"): "add"}, {("Play", "Item"): 1.0})
    said = Coordinator(requests, always, _MIXTURE).coordinated(requests[0], Random(0))
    assert ("pears" in said.tokens) == may_have_more


def test_neighbouring_values_do_not_make_a_slot_one_of_several_values() -> None:
    split_by_mistake = _example("at [Time seven] [Time thirty]", "Do")
    ontology = Ontology.learn([("", split_by_mistake.tree, bracket.label_kinds(split_by_mistake.tree))])
    assert split_by_mistake.tree.children[0].label == "add"  # type: ignore[union-attr]
    assert value_operators([split_by_mistake], ontology) == {}


@pytest.mark.parametrize("words_kept", [False, True])
def test_composed_data(tmp_path: Path, words_kept: bool) -> None:
    source = _write_source(tmp_path / "source", words_kept=words_kept)
    steps: list[int] = []
    summary = compose(
        source, tmp_path / "composed", size=70, max_clauses=4, seed=3, mixture=_EXCHANGED, progress=steps.append
    )
    ontology, splits = _read(tmp_path / "composed")
    _, given_splits = _read(source)
    assert summary.compounds == {"train": 70, "dev": 20, "test": 20}
    assert summary.counts == {split: len(examples) for split, examples in splits.items()}
    assert sum(steps) == sum(summary.counts.values())
    lengths = set()
    for split, examples in splits.items():
        simple = {example.id: example for example in examples if example.tree.label != "and"}
        more = {name for name in simple if name.endswith("-exchanged")}
        assert len(more) == (summary.exchanged if split == "train" else 0)
        given = {example.id: example for example in given_splits[split]}
        assert {name: simple[name] for name in set(simple) - more} == given
        assert all(simple[name].utterance != given[name.removesuffix("-exchanged")].utterance for name in more)
        assert len({example.id for example in examples}) == len(examples)
        for example in examples:
            ontology.check(example.tree)
            assert example.domain == "home"
            assert all(leaf.position is not None for leaf in example.tree.leaves())
            assert example.words_kept or not words_kept
            if example.tree.label == "and":
                lengths.add(len(_clauses(example.tree)))
                assert not any(node.label == "and" for clause in _clauses(example.tree) for node in clause.nodes())
    assert lengths == {2, 3, 4}
    assert ontology.labels["and"].children == ("PauseIntent", "PlayMusicIntent", "addToListIntent")


def test_how_it_was_composed_stands_beside_the_data(tmp_path: Path) -> None:
    source, destination = _write_source(tmp_path / "source"), tmp_path / "composed"
    (tmp_path / "mixture.yaml").write_text("polite: 0.5\n")
    summary = compose(source, destination, size=9, max_clauses=4, seed=5, mixture=tmp_path / "mixture.yaml")
    record = json.loads((destination / RECORD).read_text(encoding="utf-8"))
    assert (record["source"], record["size"], record["max_clauses"], record["seed"]) == (str(source), 9, 4, 5)
    assert (record["unseen_values"], record["counts"]) == (False, summary.counts)
    assert Mixture(**record["mixture"]) == replace(_MIXTURE, polite=0.5)
    compose(source, destination, size=8, unseen_values=True)
    again = json.loads((destination / RECORD).read_text(encoding="utf-8"))
    assert (again["size"], again["unseen_values"], again["mixture"]["polite"]) == (8, True, _MIXTURE.polite)


def test_splits_never_mix(tmp_path: Path) -> None:
    source = _write_source(tmp_path / "source")
    compose(source, tmp_path / "composed", size=200)
    _, splits = _read(tmp_path / "composed")
    _, given_splits = _read(source)
    for split, examples in splits.items():
        words = {word for example in given_splits[split] for word in example.tokens}
        said = {word for example in examples for word in example.tokens}
        ours = (_MIXTURE.between, _MIXTURE.afterthoughts, _MIXTURE.openings, _MIXTURE.endings, _MIXTURE.separators)
        spelt = {word for weights in ours for text in weights for word in texts(spoken(text.replace("'", " ")))}
        assert said <= words | spelt | {"it", ","}


def test_same_seed_same_bytes_in_every_process(tmp_path: Path) -> None:
    source = _write_source(tmp_path / "source")
    code = (
        "import sys; from data_conversion.compound import compose; "
        "compose(*sys.argv[1:3], size=50, seed=int(sys.argv[3]), unseen_values=True)"
    )
    written = []
    for number, (seed, hash_seed) in enumerate([("1", "0"), ("1", "7"), ("2", "0")]):
        destination = tmp_path / str(number)
        subprocess.run(
            [sys.executable, "-c", code, str(source), str(destination), seed],
            check=True,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        written.append({path.name: path.read_bytes() for path in destination.iterdir()})
    assert written[0] == written[1]
    assert written[0]["train.jsonl"] != written[2]["train.jsonl"]


def test_the_order_is_shuffled_and_compounds_stand_among_the_simple(tmp_path: Path) -> None:
    compose(_write_source(tmp_path / "source"), tmp_path / "composed", size=7)
    _, splits = _read(tmp_path / "composed")
    runs = [label for label, _ in groupby(example.tree.label == "and" for example in splits["train"])]
    assert len(runs) > 2


def test_clauses_of_several_domains_make_a_mixed_compound(tmp_path: Path) -> None:
    compose(_write_source(tmp_path / "source", domains=("home", "car")), tmp_path / "composed", size=60)
    ontology, splits = _read(tmp_path / "composed")
    domains = {example.domain for example in splits["train"] if example.tree.label == "and"}
    assert domains == {"home", "car", MIXED}
    assert ontology.domains[MIXED] == ontology.labels
    for example in (example for examples in splits.values() for example in examples):
        assert {node.label for node in example.tree.nodes()} <= set(ontology.labels)


def test_composed_data_can_be_composed_again(tmp_path: Path) -> None:
    compose(_write_source(tmp_path / "source"), tmp_path / "once", size=10, mixture=_EXCHANGED)
    summary = compose(tmp_path / "once", tmp_path / "twice", size=10, seed=1, mixture=_EXCHANGED)
    _, splits = _read(tmp_path / "twice")
    first = json.loads((tmp_path / "once" / "compound.json").read_text())["exchanged"]
    assert summary.counts["train"] == len(_TRAIN) + 20 + first + summary.exchanged
    assert len({example.id for example in splits["train"]}) == summary.counts["train"]
    assert max(len(_clauses(example.tree)) for example in splits["train"] if example.tree.label == "and") <= 3


def test_unseen_values_keeps_the_values_of_dev_and_test_out_of_train(tmp_path: Path) -> None:
    summary = compose(
        _write_source(tmp_path / "source"), tmp_path / "composed", size=100, unseen_values=True, mixture=_EXCHANGED
    )
    ontology, splits = _read(tmp_path / "composed")
    values = {
        split: {
            (span.slot, *example.tokens[span.start : span.end])
            for example in examples
            for span in frame_of(example.tree).spans
        }
        for split, examples in splits.items()
    }
    assert not values["train"] & (values["dev"] | values["test"])
    assert ("Genre", "folk", "rock") in values["train"]
    assert summary.replaced == 2  # jazz and camping
    assert summary.counts["train"] == len(_TRAIN) + 100 + summary.exchanged
    assert summary.notes == []


def test_a_slot_without_a_value_of_its_own_is_left_alone() -> None:
    train = [_example("wake me on [Day monday] at [Hour six]", "Wake"), _example("wake me at [Hour nine]", "Wake")]
    ontology = Ontology.learn(("", e.tree, bracket.label_kinds(e.tree)) for e in train)
    others = [_example("wake me on [Day Monday] at [Hour Six]", "Wake")]
    result = without_values_of(others, train, ontology, Random(0))
    assert [example.utterance for example in result.examples] == ["wake me on monday at nine", "wake me at nine"]
    assert (result.replaced, result.closed) == (1, ["Day"])


def test_a_replaced_value_may_be_longer_or_shorter_where_words_are_kept() -> None:
    train = [
        _example("play [Genre jazz] by [Artist miles]", "Play", words_kept=True),
        _example("play [Genre old folk rock]", "Play", words_kept=True),
    ]
    ontology = Ontology.learn(("", e.tree, bracket.label_kinds(e.tree)) for e in train)
    result = without_values_of([_example("[Genre jazz]", "Play")], train, ontology, Random(0))
    assert result.examples[0].utterance == "play old folk rock by miles"
    assert bracket.write(result.examples[0].tree) == "(Play(play)(Genre(old)(folk)(rock))(by)(Artist(miles)))"
    assert result.examples[0].words_kept


@settings(max_examples=50, deadline=None)
@given(
    st.integers(0, 10**6),
    st.booleans(),
    st.integers(2, 5),
    st.lists(st.sampled_from(_TRAIN), min_size=1, max_size=4),
)
def test_a_compound_says_frames_of_its_clauses_in_order(
    seed: int, words_kept: bool, max_clauses: int, rows: list[tuple[str, str]]
) -> None:
    examples = [_example(text, intent, words_kept=words_kept) for text, intent in rows]
    whole = Composer(examples, Coordination({}, {}), _WHOLE, words_kept=words_kept, max_clauses=max_clauses)
    compound = whole.compound("", Random(seed))
    assert 2 <= len(_clauses(compound.tree)) <= max_clauses
    known = {(e.tree.label, _values(e.tokens, e.tree)) for e in examples}
    assert all((clause.label, _values(compound.tokens, clause)) in known for clause in _clauses(compound.tree))
    elliptic = Composer(examples, Coordination({}, {}), _ELLIPTIC, words_kept=words_kept, max_clauses=max_clauses)
    for said_so in (compound, elliptic.compound("", Random(seed))):
        clauses = _clauses(said_so.tree)
        said = [span for clause in clauses for span in frame_of(clause).spans]
        assert frame_of(said_so.tree).spans == tuple(sorted(said, key=lambda span: span.start)) == tuple(said)
        assert frame_of(said_so.tree).intents == tuple(clause.label for clause in clauses)
        assert said_so.words_kept or not words_kept
        for clause in clauses:
            values = set(_values(said_so.tokens, clause))
            assert any(clause.label == intent and values <= set(given) for intent, given in known)


def _values(tokens: Sequence[str], tree: Node) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((span.slot, tuple(tokens[span.start : span.end])) for span in frame_of(tree).spans)


_NEVER = dict.fromkeys(
    ("afterthought", "polite", "parts_said_once", "shared_ending", "pronoun", "shown_values", "open_values"), 0.0
)
_WHOLE = replace(_MIXTURE, **_NEVER)
_ELLIPTIC = replace(_MIXTURE, parts_said_once=0.5, shared_ending=0.5, pronoun=0.5, same_intent=0.7, polite=1.0)


def _break(source: Path, name: str, change: Mapping[str, object]) -> None:
    lines = (source / name).read_text(encoding="utf-8").splitlines()
    lines[1] = json.dumps({**json.loads(lines[1]), **change})
    (source / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_another_formalism_is_refused(tmp_path: Path) -> None:
    source = _write_source(tmp_path / "source")
    tree = {"formalism": "top", "tree": "[IN:PLAY [SL:GENRE jazz ] ]", "leaves": [2]}
    _break(source, "dev.jsonl", tree)
    with pytest.raises(DataError, match=r"dev.jsonl:2: .*--formalism bracket"):
        compose(source, tmp_path / "composed", size=1)


def test_a_label_that_the_ontology_does_not_know_is_refused(tmp_path: Path) -> None:
    source = _write_source(tmp_path / "source")
    _break(source, "train.jsonl", {"tree": "(Sing(Genre(butter)))", "leaves": [3]})
    with pytest.raises(DataError, match=r"train.jsonl:2: .*'Sing'"):
        compose(source, tmp_path / "composed", size=1)
    assert not (tmp_path / "composed").exists()


def test_values_in_pieces_are_refused(tmp_path: Path) -> None:
    source, titles = tmp_path / "source", [f"song {number}" for number in range(9)]
    examples = [per_token(_example(f"play [Title {title}]", "Play", name=title)) for title in titles]
    ontology = Ontology.learn((e.domain, e.tree, bracket.label_kinds(e.tree)) for e in examples)
    write_examples(source / "train.jsonl", examples, ontology)
    ontology.save(source / "ontology.json")
    with pytest.raises(DataError, match="train has a slot a word: compose whole values"):
        compose(source, tmp_path / "out", size=9)


def test_an_intent_of_the_name_of_the_clause_operator_is_refused(tmp_path: Path) -> None:
    source = _write_source(tmp_path / "source")
    tree = Node("and", (Leaf("x", 0),))
    Ontology.learn([("home", tree, {"and": "intent"})]).save(source / "ontology.json")
    with pytest.raises(DataError, match="'and' is of the kind 'intent'"):
        compose(source, tmp_path / "composed", size=1)


@pytest.mark.parametrize(("size", "max_clauses"), [(0, 3), (-1, 3), (5, 1)])
def test_arguments_out_of_range_are_refused(tmp_path: Path, size: int, max_clauses: int) -> None:
    with pytest.raises(DataError, match="at least 1|2 is the least"):
        compose(_write_source(tmp_path / "source"), tmp_path / "composed", size=size, max_clauses=max_clauses)


def test_a_source_that_is_no_data_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        compose(tmp_path / "nowhere", tmp_path / "composed", size=1)
    source = _write_source(tmp_path / "source")
    (source / "train.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="no simple request"):
        compose(source, tmp_path / "composed", size=1)
    (source / "train.jsonl").unlink()
    with pytest.raises(DataError, match=r"train.jsonl: no such file"):
        compose(source, tmp_path / "composed", size=1)


def test_a_destination_with_other_things_is_refused(tmp_path: Path) -> None:
    source = _write_source(tmp_path / "source")
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    for destination in (source, tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(DataError):
            compose(source, destination, size=1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="other things"):
        compose(source, tmp_path / "other", size=1)
    assert (tmp_path / "other" / "thesis.tex").exists()


@pytest.mark.parametrize("words_kept", [False, True])
def test_exchanged_requests_are_what_they_were_but_for_values_that_train_has(tmp_path: Path, words_kept: bool) -> None:
    ontology, splits = _read(_write_source(tmp_path / "source", words_kept=words_kept))
    before = {f"{example.id}-exchanged": example for example in splits["train"]}
    known = {_spoken(example, node) for example in splits["train"] for node in example.tree.nodes()}
    more = [each for seed in range(30) for each in exchanged(splits["train"], 1.0, Random(seed))]
    assert more
    for example in more:
        ontology.check(example.tree)
        assert example.domain == before[example.id].domain and example.words_kept == words_kept
        assert [node.label for node in example.tree.nodes()] == [node.label for node in before[example.id].tree.nodes()]
        assert {
            _spoken(example, node) for node in example.tree.nodes() if ontology.labels[node.label].kind == "slot"
        } <= known
    assert not list(exchanged(splits["train"], 0.0, Random(0)))


def _spoken(example: Example, node: Node) -> tuple[str, ...]:
    """The label of a node and the words of the utterance that it copies."""
    return (node.label, *(example.tokens[leaf.position] for leaf in node.leaves() if leaf.position is not None))


def test_a_source_without_dev_and_test(tmp_path: Path) -> None:
    source = _write_source(tmp_path / "source")
    (source / "dev.jsonl").unlink()
    (source / "test.jsonl").write_text("", encoding="utf-8")
    summary = compose(source, tmp_path / "composed", size=5, unseen_values=True)
    assert summary.counts == {"train": len(_TRAIN) + 5, "test": 0}
    assert summary.exchanged == 0
    assert not (tmp_path / "composed" / "dev.jsonl").exists()


def test_a_new_value_comes_from_the_same_intent_where_that_has_one() -> None:
    rows = [
        ("book [Number two] seats", "Book"),
        ("book [Number nine] seats", "Book"),
        ("rate it [Number awful]", "Rate"),
    ]
    train = [_example(text, intent) for text, intent in rows * 20]
    ontology = Ontology.learn(("", e.tree, bracket.label_kinds(e.tree)) for e in train)
    result = without_values_of([_example("book [Number two] seats", "Book")], train, ontology, Random(0))
    assert {example.utterance for example in result.examples} == {"book nine seats", "rate it awful"}
    assert result.replaced == 20


def _request(annotated: str, *, intent: str = "Play", words_kept: bool = True) -> Request:
    return Request.of(_example(annotated, intent, words_kept=words_kept))


def _said(request: Request | None) -> tuple[str, str] | None:
    """The words and the tree of what ellipsis left, checked as every example is."""
    if request is None:
        return None
    Example("", "", request.utterance, request.tokens, request.tree)
    return request.utterance, bracket.write(request.tree)


@pytest.mark.parametrize(
    ("before", "request_", "left"),
    [
        ("play [G jazz]", "play some [G rock] in the [R hall]", "(Play(some)(G(rock))(in)(the)(R(hall)))"),
        ("Play the [G jazz]", "play the [G rock] [R here]", "(Play(the)(G(rock))(R(here)))"),
        ("play [G jazz]", "play [G rock]", None),  # it would be another value
        ("play [G jazz]", "put on [G rock] in the [R hall]", None),
        ("play [G jazz]", "stop", None),
        ("stop", "play [G jazz] [R here]", None),
    ],
)
def test_what_two_requests_begin_with_is_said_once(before: str, request_: str, left: str | None) -> None:
    shorter = _said(gapped(_request(before), _request(request_)))
    assert (shorter and shorter[1]) == left


@pytest.mark.parametrize(
    ("before", "request_", "left"),
    [
        ("play the [G jazz]", "play the next [G rock] in the [R hall]", "the next rock in the hall"),
        ("book a table for [N two]", "book a seat for [N nine] at [T six]", "a seat for nine at six"),
        ("play my [G jazz]", "play my old [G rock] [R here]", "my old rock here"),
        ("which films are on at [T six]", "which songs are on at [T nine] [R here]", None),
        ("how is it in [C rome]", "how much is it in [C oslo] at [T six]", None),
        ("i need [G jazz]", "i want [G rock] in the [R hall]", None),
        ("i would hear [G jazz]", "i would like [G rock] in the [R hall]", None),
        ("what about [C rome]", "what is [C oslo] at [T nine]", None),
        ("what about [C rome]", "what 's [C oslo] at [T nine]", None),
        ("i need [G jazz]", "i d like [G rock] in the [R hall]", None),
        ("play [G jazz]", "play me [G rock] in the [R hall]", None),
        ("will there be [G rain]", "will it be [G wet] in [C oslo]", None),
        ("is it [G wet]", "is there [G rain] in [C oslo]", None),
        ("show work by [A ann]", "show work of [A bob] in the [R hall]", None),
        ("go home by [A bus]", "go to [R work] by [A tram]", None),
        ("go for [A a walk]", "go for [A me and my aunt] to [R work]", "me and my aunt to work"),  # it is a value
        ("will it be [G wet] in [C rome]", "will it be [G dry] in [C oslo]", "dry in oslo"),
    ],
)
@pytest.mark.parametrize("words_kept", [False, True])
def test_what_is_left_begins_as_a_part_of_speech_that_can_stand_there(
    before: str, request_: str, left: str | None, words_kept: bool
) -> None:
    shorter = _said(gapped(_request(before, words_kept=words_kept), _request(request_, words_kept=words_kept)))
    assert (shorter and shorter[0]) == left


@pytest.mark.parametrize(
    ("connective", "does"),
    [("and", True), (", and then", True), ("oh and also", True), ("as well as", True), ("And", True), (",", True)]
    + [("", False), ("oh", False), ("by the way", False), ("when that's done", False), ("before i forget", False)],
)
def test_a_part_of_a_request_stands_only_after_what_coordinates(connective: str, does: bool) -> None:
    assert coordinates(spoken(connective)) == does


def test_no_part_of_a_request_stands_after_an_interjection() -> None:
    rows = [f"play [G {genre}] in the [R {room}]" for genre, room in [("jazz", "hall"), ("rock", "attic")]]
    examples = [_example(row, "Play", words_kept=True) for row in rows]
    for words, verbs in [("oh", {2}), ("oh and", {1})]:
        mixture = replace(_WHOLE, parts_said_once=1.0, afterthought=1.0, afterthoughts={words: 1.0})
        composer = Composer(examples, Coordination({}, {}), mixture, words_kept=True, max_clauses=2)
        compounds = [composer.compound("", Random(seed)) for seed in range(20)]
        assert {compound.tokens.count("play") for compound in compounds} == verbs


def test_requests_of_two_intents_share_two_words_or_none() -> None:
    book = _request("i want [N two] seats at [T nine]", intent="Book")
    assert gapped(_request("i play [G jazz]"), book) is None
    assert _said(gapped(_request("i want [G jazz]"), book)) == (
        "two seats at nine",
        "(Book(N(two))(seats)(at)(T(nine)))",
    )


def test_a_last_value_is_said_once_for_both() -> None:
    first, second = _request("play [G jazz] on the [S radio]"), _request("hear [G rock] in [S stereo]")
    bare = _request("play [G rock] [S radio]")
    assert without_shared_ending(first, bare) is None and without_shared_ending(bare, first) is None
    assert without_shared_ending(_request("play [G jazz] called [S radio]"), second) is None
    assert without_shared_ending(first, _request("hear [G rock] that is on [S radio]")) is None
    lists = [_request(f"add [G {genre}] to my [P chill] {word}") for genre, word in [("jazz", "list"), ("rock", "mix")]]
    assert _said(without_shared_ending(lists[0], lists[0])) == ("add jazz", "(Play(add)(G(jazz)))")
    assert without_shared_ending(*lists) is None
    assert _said(without_shared_ending(first, second)) == ("play jazz", "(Play(play)(G(jazz)))")
    assert without_shared_ending(first, _request("play [G rock] on the [S radio] now")) is None
    assert without_shared_ending(first, _request("play [S radio] [G rock]")) is None
    assert without_shared_ending(_request("play [S jazz]"), second) is None
    assert without_shared_ending(first, _request("hear [S radio]", intent="Hear")) is None


@pytest.mark.parametrize(
    ("annotated", "said"),
    [
        ("add [A this] [K song] to [L my] [P chill]", ("add it to my chill", "(Play(add)(it)(to)(L(my))(P(chill)))")),
        ("add the [K song] to [P chill]", ("add it to chill", "(Play(add)(it)(to)(P(chill)))")),
        ("put [A those] on my [P chill]", ("put it on my chill", "(Play(put)(it)(on)(my)(P(chill)))")),
        ("play my [A tunes] in [P paris]", ("play it in paris", "(Play(play)(it)(in)(P(paris)))")),
        ("rate [A this] [K book] [N five] [U stars]", None),
        ("is [K tosca] on at [P paris]", None),
        ("is [K tosca] at [P paris]", None),
        ("play [K songs] by [P ann]", None),
        ("play [K songs] from [P paris]", None),
        ("play [K songs] with [P ann]", None),
        ("find [K times] for [P ann]", None),
        ("play me [G jazz] on [S radio]", None),
        ("play [G jazz]", None),
        ("play [G jazz] in the hall", None),
    ],
)
def test_it_stands_for_a_first_value(annotated: str, said: tuple[str, str] | None) -> None:
    assert _said(with_pronoun(_request(annotated), {"add", "put", "play", "rate"})) == said


def test_it_stands_in_no_tree_where_words_are_dropped() -> None:
    shorter = with_pronoun(_request("add the [K song] to [P chill]", words_kept=False), {"add"})
    assert _said(shorter) == ("add it to chill", "(Play(P(chill)))")
    assert shorter and [leaf.position for leaf in shorter.tree.leaves()] == [3]


def test_an_imperative_follows_please_or_a_modal_but_not_a_mere_greeting() -> None:
    said = ["please play [G jazz]", "hey what is on", "could you stop", "ok kindly go", "please hey i forgot"]
    assert after_openings(map(_request, said)) == {"play", "stop", "go"}


@pytest.mark.parametrize("words_kept", [False, True])
def test_a_polite_word_stands_where_people_say_it(words_kept: bool) -> None:
    requests = [_request(text, words_kept=words_kept) for text in ("play [G jazz]", "is it [W cold]")]
    said = set()
    for seed in range(60):
        first, last = polite(requests, {"play"}, _MIXTURE, Random(seed))
        for request in (first, last):
            Example("", "", request.utterance, request.tokens, request.tree)
            assert request.words_kept or not words_kept
        said.add((first.utterance, last.utterance))
    assert ("please play jazz", "is it cold") in said
    assert ("could you play jazz", "is it cold") in said
    assert ("play jazz", "is it cold thanks") in said
    assert all("is it cold" in last and last.startswith("is") for _, last in said)


def test_names_and_titles_may_stand_with_others_and_closed_slots_only_as_shown(tmp_path: Path) -> None:
    rows = [(f"play [Title song{n}] on [Service {'tape' if n % 2 else 'disc'}]", "Play") for n in range(40)]
    train = [_example(text, intent) for text, intent in rows]
    ontology = Ontology.learn(("", e.tree, bracket.label_kinds(e.tree)) for e in train)
    assert open_slots(train, ontology) == [("Play", "Title")]
    assert Coordination.learn(train, ontology, _MIXTURE).operators == {("Play", "Title"): "add"}


def test_values_are_coordinated_that_train_never_shows_together(tmp_path: Path) -> None:
    source = tmp_path / "source"
    examples = [_example(f"play [Title song{number}]", "Play", name=f"train-{number}") for number in range(30)]
    ontology = Ontology.learn((e.domain, e.tree, bracket.label_kinds(e.tree)) for e in examples)
    write_examples(source / "train.jsonl", examples, ontology)
    ontology.save(source / "ontology.json")
    compose(source, tmp_path / "out", size=200)
    composed = Ontology.load(tmp_path / "out" / "ontology.json")
    assert "add" not in ontology.labels and composed.labels["add"].kind == "operator"


def test_dev_and_test_show_nothing_that_train_does_not(tmp_path: Path) -> None:
    """Every child of every composed tree is legal by the ontology, which is learnt from train."""
    source = _write_source(tmp_path / "source")
    compose(source, tmp_path / "composed", size=30, max_clauses=4)
    ontology, splits = _read(tmp_path / "composed")
    given, _ = _read(source)
    for example in (example for examples in splits.values() for example in examples if "compound" in example.id):
        for node in example.tree.nodes():
            legal = ontology.labels[node.label]
            labels = {child.label for child in node.children if isinstance(child, Node)}
            theirs = given.labels[node.label].children if node.label in given.labels else ()
            assert labels <= {*legal.children, *theirs}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("polite: 2", "polite is no share between 0 and 1"),
        ("polite: true", "no share between 0 and 1"),
        ("polite: {a: 1}", "no share between 0 and 1"),
        ("polite: 0.1\npronoun: .nan", "pronoun is no share"),
        ("polite: 0.1\npolite: 0.2", "the key 'polite' stands twice"),
        ("between: {and: -1}", "weights"),
        ("between: {and: inf}", "weights"),
        ("between: {and: [1]}", "weights"),
        ("between: {}", "weights"),
        ("between: and", "weights"),
        ("politness: 0.1", "no 'politness': choose of .*polite"),
        ("- and", "not a mixture"),
        ("[" * 5000, "YAML nested too deep"),
        ("a: [", "not YAML"),
    ],
)
def test_a_mixture_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mixture.yaml").write_text(text)
    with pytest.raises(DataError, match=f"mixture.yaml(:\\d+)?: .*{message}"):
        compose(_write_source(tmp_path / "source"), tmp_path / "composed", size=1, mixture=tmp_path / "mixture.yaml")


def test_a_mixture_names_only_what_it_changes(tmp_path: Path) -> None:
    (tmp_path / "mixture.yaml").write_text("between: {'oder': 1}\nafterthought: 0\npolite: 0\nshown_values: 0\n")
    source = _write_source(tmp_path / "source")
    compose(source, tmp_path / "composed", size=30, mixture=tmp_path / "mixture.yaml")
    _, splits = _read(tmp_path / "composed")
    compounds = [example for example in splits["train"] if example.tree.label == "and"]
    assert compounds and all("oder" in example.tokens for example in compounds)
