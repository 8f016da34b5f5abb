"""A parser of several domains shows each its own symbols, and tells the domain where none is named."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import dropped_examples
from test_network import STATE_ENCODERS, SYSTEMS
from test_training import config, data, fit, refused, semparse  # noqa: F401

from data_conversion.errors import DataError
from data_conversion.example import Example, write_examples
from data_conversion.ontology import Ontology
from data_conversion.tree import Leaf, Node
from parser import SemanticParser
from parser.batching import batch_sizes
from parser.decoding import beam, greedy
from parser.derivations import Derivations
from parser.domains import SEPARATE, domain_of, marked, name_of
from parser.encoders.bilstm import BiLSTM
from parser.inputs import Indexer
from parser.network import ParserNetwork
from parser.training.datamodule import Batches, balanced
from parser.training.export import export
from parser.transitions.actions import Generate, Kind, Nullary, Open, Reduce
from parser.transitions.system import TransitionSystem
from parser.vocabulary import Vocabulary

separations = st.sampled_from([("tokens",), SEPARATE])


def in_domain(domain: str, example: Example) -> Example:
    return Example(example.id, domain, example.utterance, example.tokens, example.tree)


two_domains = st.tuples(
    st.lists(dropped_examples().map(partial(in_domain, "a")), min_size=1, max_size=3),
    st.lists(dropped_examples().map(partial(in_domain, "b")), min_size=1, max_size=3),
).map(lambda both: [*both[0], *both[1]])


def learnt(examples: list[Example], separate: tuple[str, ...]) -> Vocabulary:
    if "labels" not in separate:
        assume(any(leaf.position is None for example in examples for leaf in example.tree.leaves()))
    kinds = {node.label: "function" for example in examples for node in example.tree.nodes()}
    ontology = Ontology.learn((example.domain, example.tree, kinds) for example in examples)
    return Vocabulary.learn(examples, ontology, separate=separate)


def network_for(vocabulary: Vocabulary, system: TransitionSystem, seed: int) -> ParserNetwork:
    torch.manual_seed(seed)
    encoder = partial(BiLSTM, hidden=4, word_dim=4, character_dim=3)
    network = ParserNetwork(vocabulary, encoder, STATE_ENCODERS[0], system, dim=8, history=6).eval()
    with torch.no_grad():
        for weights in network.heads.parameters():
            weights.mul_(10)
    return network


@given(examples=two_domains, separate=separations)
def test_a_marked_example_is_the_example_but_for_the_marks(examples: list[Example], separate: tuple[str, ...]) -> None:
    for example in examples:
        tree = marked(example, separate, copy=True).tree
        assert [name_of(node.label) for node in tree.nodes()] == [node.label for node in example.tree.nodes()]
        for leaf, before in zip(tree.leaves(), example.tree.leaves(), strict=True):
            assert (name_of(leaf.text), leaf.position) == (before.text, before.position)
            assert domain_of(leaf.text) == (example.domain if leaf.position is None else None)
        marks = {domain_of(node.label) for node in tree.nodes()}
        assert marks == ({example.domain} if "labels" in separate else {None})


@pytest.mark.parametrize("system", SYSTEMS)
@settings(max_examples=12)
@given(examples=two_domains, separate=separations, seed=st.integers(0, 100))
def test_a_domain_is_shown_its_own_symbols_alone(
    system: TransitionSystem, examples: list[Example], separate: tuple[str, ...], seed: int
) -> None:
    vocabulary = learnt(examples, separate)
    network = network_for(vocabulary, system, seed)
    labels = {domain: own_names(vocabulary.labels, domain) for domain in ("a", "b")}
    lexicon = {domain: own_names(vocabulary.lexicon, domain) for domain in ("a", "b")}
    indexer, tokens = Indexer(vocabulary), [example.tokens for example in examples]
    for domain in ("a", "b", None):
        inputs = indexer.inputs(tokens, [domain] * len(tokens))
        found = greedy.parse_batch(network, inputs)
        searched = [best for row in beam.parse_batch(network, inputs, 3, 2) for best in row]
        for derivation in [*found, *searched]:
            assert derivation.domain in ("a", "b") and domain in (None, derivation.domain)
            assert derivation.log_prob > -math.inf
            for action in derivation.actions:
                if isinstance(action, (Open, Nullary, Reduce)):
                    assert action.label in labels[derivation.domain]
                if isinstance(action, Generate):
                    assert action.token in lexicon[derivation.domain]


@settings(max_examples=12)
@given(examples=two_domains, separate=separations, seed=st.integers(0, 100))
def test_a_domain_that_was_found_out_is_one_choice_more(
    examples: list[Example], separate: tuple[str, ...], seed: int
) -> None:
    network = network_for(learnt(examples, separate), SYSTEMS[0], seed)
    indexer, tokens = Indexer(network.vocabulary), [example.tokens for example in examples]
    inputs = indexer.inputs(tokens)
    with torch.inference_mode():
        shares = network.encode(inputs).domains.log_softmax(-1).amax(-1).tolist()
    for parse in (greedy.parse_batch, lambda *given: [row[0] for row in beam.parse_batch(*given, 3)]):
        found = parse(network, inputs)
        told = parse(network, indexer.inputs(tokens, [derivation.domain for derivation in found]))
        for one, other, share in zip(found, told, shares, strict=True):
            assert one.actions == other.actions and share < 0
            assert one.log_prob == pytest.approx(other.log_prob + share, abs=1e-4)


@pytest.mark.parametrize("system", SYSTEMS[1:])
def test_no_childless_node_is_taken_of_a_domain_that_has_none(system: TransitionSystem) -> None:
    said_in_a = Example("x", "a", "play it", ("play", "it"), Node("Play", ()))
    vocabulary = learnt([said_in_a, said("b", "open it", "Read", "disk")], SEPARATE)
    network = network_for(vocabulary, system, 0)
    with torch.no_grad():
        network.heads.kinds.bias[Kind.NULLARY] = 99.0
    for domain, wanted in (("a", True), ("b", False)):
        (found,) = greedy.parse_batch(network, Indexer(vocabulary).inputs([("open", "it")], [domain]))
        assert any(isinstance(action, Nullary) for action in found.actions) == wanted
        assert found.log_prob > -math.inf


def own_names(symbols: list[str], domain: str) -> set[str]:
    return {name_of(symbol) for symbol in symbols if domain_of(symbol) in (None, domain)}


@settings(max_examples=10)
@given(examples=two_domains, separate=separations)
def test_the_loss_of_marked_examples_is_finite_and_tells_the_domain(
    examples: list[Example], separate: tuple[str, ...]
) -> None:
    vocabulary = learnt(examples, separate)
    network = network_for(vocabulary, SYSTEMS[0], 0)
    batch = Derivations(examples, vocabulary, network.system).batch(range(len(examples)))
    network.loss(batch, 0.05).backward()
    assert all(bool(weights.grad.isfinite().all()) for weights in network.parameters() if weights.grad is not None)
    assert bool((network.domain.weight.grad != 0).any())


def test_what_the_data_cannot_tell_apart_is_refused() -> None:
    copied = Example("x", "a", "play jazz", ("play", "jazz"), Node("Play", (Leaf("jazz", 1),)))
    with pytest.raises(DataError, match="no tree generates tokens: separate the labels .multitask_labels.yaml."):
        Vocabulary.learn([copied], Ontology.learn([("a", copied.tree, {"Play": "intent"})]), separate=["tokens"])
    with pytest.raises(DataError, match="train has the domain 'a', but its ontology has only b"):
        Vocabulary.learn([copied], Ontology.learn([("b", copied.tree, {"Play": "intent"})]), separate=["labels"])
    kept = Example("x", "a", "jazz", ("jazz",), Node("Play", (Leaf("jazz", 0),)))
    with pytest.raises(DataError, match="copy: false needs words dropped"):
        known = Ontology.learn([("a", kept.tree, {"Play": "intent"})])
        Vocabulary.learn([kept], known, copy=False, separate=["tokens", "labels"])


def test_a_domain_that_train_does_not_show_has_no_symbols_and_its_utterances_are_told_another() -> None:
    shown, other = (in_domain(domain, said(domain, "open it", "Read", "disk")) for domain in "ab")
    kinds = {"Read": "intent", "Name": "slot"}
    ontology = Ontology.learn((example.domain, example.tree, kinds) for example in (shown, other))
    vocabulary = Vocabulary.learn([shown], ontology, separate=SEPARATE)
    assert vocabulary.domains == ["a"] and {domain_of(label) for label in vocabulary.labels} == {"a"}
    for system in SYSTEMS:
        network = network_for(vocabulary, system, 0)
        batch = Derivations([other], vocabulary, system).batch([0])
        assert batch.inputs.domains.tolist() == [-1] and bool(network.loss(batch, 0.05).isfinite())
        assert greedy.parse_batch(network, batch.inputs)[0].domain == "a"


@given(domains=st.lists(st.sampled_from("abc"), min_size=3, max_size=30), seed=st.integers(0, 99))
def test_balanced_epochs_take_equally_many_of_each_domain_and_none_much_more_often(
    domains: list[str], seed: int
) -> None:
    taken = balanced(domains, seed)
    counts = Counter(domains[index] for index in taken)
    assert set(counts.values()) == {len(domains) // len(set(domains))} and set(counts) == set(domains)
    for domain in set(domains):
        often = Counter(index for index in taken.tolist() if domains[index] == domain)
        every = [often[index] for index, each in enumerate(domains) if each == domain]
        assert max(every) - min(every) <= 1


def test_balanced_epochs_have_as_many_batches_as_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lightning validates after that many; the draws alone would fill more or fewer, as long derivations take room."""

    class Lengths:
        steps = np.arange(300) % 200 + 1
        domains = ["a"] * 200 + ["b"] * 100
        __len__ = partial(len, steps)

        def batch(self, indices: list[int]) -> list[int]:
            return indices

    class Data:
        trainer = SimpleNamespace(current_epoch=0)

    batches = Batches(Lengths(), 4, Data(), balanced=True)  # type: ignore[arg-type]
    drawn, counts = set(), set()
    for Data.trainer.current_epoch in range(8):
        drawn.add(len(batch_sizes(Lengths.steps[balanced(Lengths.domains, Data.trainer.current_epoch)], 4)))
        counts.add(len(list(batches)))
    assert len(drawn) > 1 and counts == {len(batches)}


def said(domain: str, utterance: str, intent: str, word: str) -> Example:
    tokens = tuple(utterance.split())
    leaves = (Leaf(tokens[-1], len(tokens) - 1), Leaf(word))
    return Example(utterance, domain, utterance, tokens, Node(intent, (Node("Name", leaves),)))


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two domains that say the same of *open it*, but with other words and labels."""
    folder = tmp_path_factory.mktemp("domains") / "data"
    names = ("one", "two", "three", "four")
    examples = [said("house", f"open window {name}", "Turn", "hinge") for name in names]
    examples += [said("files", f"open folder {name}", "Read", "disk") for name in names]
    kinds = {"Turn": "intent", "Read": "intent", "Name": "slot"}
    ontology = Ontology.learn((example.domain, example.tree, kinds) for example in examples)
    for split in ("train", "dev", "test"):
        write_examples(folder / f"{split}.jsonl", examples, ontology)
    ontology.save(folder / "ontology.json")
    return folder


@pytest.mark.parametrize("separate", ["[tokens]", "[tokens, labels]"])
def test_a_multitask_model_is_as_easy_to_call_as_any_other(
    config: Path,  # noqa: F811
    domains: Path,
    tmp_path: Path,
    separate: str,
) -> None:
    options = ("--data.path", domains, "--data.separate", separate, "--data.balanced", "true")
    more = ("--trainer.max_epochs", 60, "--model.learning_rate", 0.02, "--early_stopping.patience", 60)
    run = fit(config, tmp_path / "run", *options, *more)
    export(run, tmp_path / "model")
    nlu = SemanticParser.from_pretrained(tmp_path / "model")
    assert nlu.domains == ["files", "house"]
    window = nlu.parse("open window two")
    assert (str(window.tree), window.domain) == ("(Turn(Name(two)(hinge)))", "house")
    assert nlu.parse("open folder one", domain="files").tree == Node(
        "Read", (Node("Name", (Leaf("one", 2), Leaf("disk"))),)
    )
    elsewhere = nlu.parse("open window two", domain="files")
    assert elsewhere.domain == "files" and "hinge" not in str(elsewhere.tree)
    with pytest.raises(DataError, match="no domain 'garden'; it has files, house"):
        nlu.parse("open it", domain="garden")
    both = nlu.parse_many(["open window two", "", "open folder one"], domain=["house", "files", None])
    assert [parse.domain for parse in both] == ["house", "files", "files"]
    with pytest.raises(ValueError, match="shorter"):
        list(nlu.parse_many(["open window two", "open it"], domain=["house"]))
    for more in ((), ("--named-domains",), ("--raw", "--named-domains"), ("--beam", 4), ("--compare-constraints",)):
        measured = semparse("evaluate", tmp_path / "model", domains / "test.jsonl", *more)
        assert measured.status == 0, measured.error
        assert re.search(r"exact match +100\.0", measured.out)
        assert ("domain accuracy  " in measured.out) == ("--named-domains" not in more)
    assert "one of files, house" in (tmp_path / "model" / "README.md").read_text()
    shown = semparse("parse", tmp_path / "model", "open window two", "--domain", "house")
    assert shown.out == "(Turn(Name(two)(hinge)))\n"
    assert "it has files, house" in refused("parse", tmp_path / "model", "x", "--domain", "garden", status=1)
