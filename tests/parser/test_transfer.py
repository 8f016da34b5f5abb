"""Going on from another model: what carries over does so symbol by symbol, and what does not fit is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import dropped_examples, vocabulary_for
from test_training import EPOCHS, checkpoint, config, data, fit, refused, semparse  # noqa: F401

from data_conversion.errors import DataError
from data_conversion.example import Example, read_examples, write_examples
from data_conversion.ontology import Ontology
from data_conversion.releases import SPLITS
from data_conversion.tree import Leaf, Node
from parser import artifact
from parser.domains import SEPARATE, name_of, own
from parser.encoders.bilstm import BiLSTM
from parser.network import ParserNetwork
from parser.state_encoders.stack_lstm import StackLSTM
from parser.state_encoders.stack_transformer import StackTransformer
from parser.training.export import export
from parser.training.transfer import Transfer, carry_over, part_of, require_others, symbol_rows
from parser.transitions.in_order import InOrder
from parser.transitions.system import TransitionSystem
from parser.transitions.top_down import TopDown
from parser.vocabulary import Vocabulary


def dropped(examples: list[Example]) -> Vocabulary:
    """With words dropped, also where all of the words happen to be leaves."""
    return replace(vocabulary_for(examples), words_kept=False)


def network_for(vocabulary: Vocabulary, system: TransitionSystem | None = None, dim: int = 4) -> ParserNetwork:
    encoder = partial(BiLSTM, hidden=3, word_dim=3, character_dim=2)
    return ParserNetwork(vocabulary, encoder, partial(StackLSTM, dim=3), system or TopDown(), dim=dim)


EXAMPLE = Example("x", "d", "play jazz", ("play", "jazz"), Node("Intent", (Node("Slot", (Leaf("jazz", 1),)),)))
some_examples = st.lists(dropped_examples(), min_size=1, max_size=3)


@settings(max_examples=25)
@given(ours=some_examples, theirs=some_examples, new=st.sampled_from([(), ("heads",), ("encoder", "labels")]))
def test_what_both_sides_know_carries_over_and_nothing_else(
    ours: list[Example], theirs: list[Example], new: tuple[str, ...]
) -> None:
    network, source = network_for(dropped(ours)), network_for(dropped(theirs))
    before = {name: weights.clone() for name, weights in network.state_dict().items()}
    carry_over(network, source, new)
    rows, their_rows, given = symbol_rows(network), symbol_rows(source), source.state_dict()
    for name, weights in network.state_dict().items():
        if part_of(name) in new:
            assert torch.equal(weights, before[name])
        elif name not in rows:
            assert torch.equal(weights, given[name])
        else:
            assert len(rows[name]) == len(weights) and len(set(rows[name])) == len(weights)
            for row, symbol, old in zip(weights, rows[name], before[name], strict=True):
                known = their_rows.get(name, [])
                assert torch.equal(row, given[name][known.index(symbol)] if symbol in known else old)


@given(ours=some_examples, theirs=some_examples)
def test_the_vocabulary_has_the_words_of_both_sides_and_the_labels_of_one(
    ours: list[Example], theirs: list[Example]
) -> None:
    one, other = vocabulary_for(ours), vocabulary_for(theirs)
    both = one.with_words_of(other)
    for word in {**one.words, **other.words}:
        assert both.words[word] == one.words.get(word, 0) + other.words.get(word, 0)
    assert set(both.characters) == {*one.characters, *other.characters}
    assert (both.labels, both.lexicon) == (one.labels, one.lexicon)


@pytest.mark.parametrize(
    ("change", "system", "dim", "said"),
    [
        ({}, InOrder(), 4, "the transition system is InOrder, not TopDown"),
        ({"words_kept": True}, TopDown(), 4, "words kept is True, not False"),
        ({}, TopDown(), 5, "the shape of "),
    ],
)
def test_another_architecture_is_refused_with_what_differs(
    change: dict[str, bool], system: TransitionSystem, dim: int, said: str
) -> None:
    vocabulary = vocabulary_for([EXAMPLE])
    source = network_for(replace(vocabulary, **change), system, dim)
    with pytest.raises(DataError, match=said):
        carry_over(network_for(vocabulary), source)


def test_an_architecture_that_shapes_do_not_tell_is_refused_too() -> None:
    def network(heads: int, attention: bool = True) -> ParserNetwork:
        encoder = partial(BiLSTM, hidden=3, word_dim=3, character_dim=2)
        states = partial(StackTransformer, heads=heads, feed_forward=4)
        return ParserNetwork(vocabulary_for([EXAMPLE]), encoder, states, TopDown(), dim=8, attention=attention)

    carry_over(network(2), network(2))
    with pytest.raises(DataError, match="the number of heads of state_encoder.layers.0 is 2, not 1"):
        carry_over(network(2), network(4))
    with pytest.raises(DataError, match="attention is False, not True"):
        carry_over(network(2), network(2, attention=False))


def test_a_part_that_does_not_exist_is_refused_with_those_that_do() -> None:
    network = network_for(vocabulary_for([EXAMPLE]))
    with pytest.raises(DataError, match="no part 'hads': it has .*heads"):
        Transfer(new=["hads"]).check(network)


PARTS = sorted({part_of(name) for name, _ in network_for(vocabulary_for([EXAMPLE])).named_parameters()})


@pytest.mark.parametrize(
    ("transfer", "said"),
    [
        (Transfer(new=["heads"], frozen=["heads"], frozen_epochs=1), "heads is new"),
        (Transfer(frozen=["encoder"]), "how long"),
        (Transfer(frozen_epochs=2), "which parts"),
        (Transfer(frozen=PARTS, frozen_epochs=2), "nothing would learn"),
        (Transfer(learning_rate=0.0), "learning_rate is 0.0"),
    ],
)
def test_what_makes_no_sense_together_is_refused(transfer: Transfer, said: str) -> None:
    with pytest.raises(DataError, match=said):
        transfer.check(network_for(vocabulary_for([EXAMPLE])))


def test_a_pretrained_encoder_is_frozen_by_its_own_setting_alone() -> None:
    network = network_for(vocabulary_for([EXAMPLE]))
    network.encoder.tuned, network.encoder.learning_rate, network.encoder.unfreeze_at = [], 1e-5, None
    network.encoder.files, network.encoder.start_epoch = {}, lambda epoch: None
    with pytest.raises(DataError, match="by its own unfreeze_at"):
        Transfer(frozen=["encoder"], frozen_epochs=1).check(network)


ASKED = Node("Ask", (Node("Slot", (Leaf("jazz", 1), Leaf("type"))),))
SEVERAL = [replace(EXAMPLE, domain=domain, tree=ASKED) for domain in ("music", "news")]


def separated(examples: list[Example], separate: tuple[str, ...]) -> ParserNetwork:
    kinds = {"Ask": "intent", "Slot": "slot"}
    ontology = Ontology.learn((example.domain, example.tree, kinds) for example in examples)
    return network_for(Vocabulary.learn(examples, ontology, separate=separate))


@pytest.mark.parametrize("separate", [("tokens",), SEPARATE])
def test_what_a_domain_had_of_its_own_it_has_when_it_is_alone(separate: tuple[str, ...]) -> None:
    source, network = separated(SEVERAL, separate), separated(SEVERAL[1:], ())
    carry_over(network, source, domains=["news"])
    for symbols, layer in (("labels", "labels"), ("lexicon", "tokens")):
        ours, theirs = getattr(network.vocabulary, symbols), getattr(source.vocabulary, symbols)
        for row, name in enumerate(ours):
            origin = theirs.index(own("news", name) if own("news", name) in theirs else name)
            assert torch.equal(getattr(network, symbols).weight[row], getattr(source, symbols).weight[origin])
            heads = (getattr(each.heads, layer).weight for each in (network, source))
            assert torch.equal(next(heads)[row], next(heads)[origin])


def test_each_domain_begins_with_what_one_parser_of_all_had() -> None:
    source, network = separated(SEVERAL[:1], ()), separated(SEVERAL, SEPARATE)
    carry_over(network, source, domains=["music", "news"])
    for row, symbol in enumerate(network.vocabulary.labels):
        origin = source.vocabulary.labels.index(name_of(symbol))
        assert torch.equal(network.heads.labels.weight[row], source.heads.labels.weight[origin])


def test_the_domains_that_both_tell_apart_are_told_apart_as_before() -> None:
    source, network = separated(SEVERAL, SEPARATE), separated(SEVERAL[1:], SEPARATE)
    carry_over(network, source, domains=["news"])
    assert torch.equal(network.domain.weight[0], source.domain.weight[1])


def test_a_domain_that_the_source_does_not_know_begins_with_the_labels_of_one_that_has_them() -> None:
    source, network = separated(SEVERAL, SEPARATE), separated([replace(SEVERAL[0], domain="radio")], ())
    carry_over(network, source, domains=["radio"])
    for row, name in enumerate(network.vocabulary.labels):
        origin = source.vocabulary.labels.index(own("music", name))
        assert torch.equal(network.heads.labels.weight[row], source.heads.labels.weight[origin])


def test_a_source_without_pieces_leaves_those_that_were_learnt() -> None:
    vocabulary = vocabulary_for([EXAMPLE])
    assert replace(vocabulary, pieces="ours").with_words_of(vocabulary).pieces == "ours"
    assert vocabulary.with_words_of(replace(vocabulary, pieces="theirs")).pieces == "theirs"


def in_a_car(data: Path, folder: Path) -> Path:  # noqa: F811
    """The same requests in another domain, written to a folder."""
    home = Ontology.load(data / "ontology.json")
    car = Ontology({"car": home.domains["home"]})
    for split in SPLITS:
        examples = (replace(each, domain="car") for each in read_examples(data / f"{split}.jsonl", home))
        write_examples(folder / f"{split}.jsonl", examples, car)
    car.save(folder / "ontology.json")
    return folder


@pytest.fixture(scope="module")
def source(config: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """A model of the same requests in another domain."""
    folder = tmp_path_factory.mktemp("source")
    other = in_a_car(data, folder / "data")
    run = fit(config, folder / "run", "--data.path", other, "--seed_everything", 1)
    export(run, folder / "model")
    return folder / "model"


def test_a_run_goes_on_from_a_model_with_the_same_classes_of_ones_own(data: Path, tmp_path: Path) -> None:  # noqa: F811
    own = tmp_path / "own.yaml"
    encoder = {"class_path": "test_training.Embedding", "init_args": {"size": 4}}
    own.write_text(yaml.safe_dump({"model": {"dim": 16, "encoder": encoder}, "trainer": {"max_epochs": 1}}))
    run = fit(own, tmp_path / "run", "--data.path", in_a_car(data, tmp_path / "data"))
    export(run, tmp_path / "model")
    fit(own, tmp_path / "further", "--data.path", data, "--data.source", tmp_path / "model")
    refusal = refused("parse", tmp_path / "model", "lights on", status=1)
    assert "no block of this package" in refusal  # which a config does not name


def test_a_run_goes_on_from_a_model(config: Path, source: Path, tmp_path: Path) -> None:  # noqa: F811
    frozen = ("--model.transfer.frozen", "[encoder]", "--model.transfer.frozen_epochs", EPOCHS)
    run = fit(config, tmp_path / "target", "--data.source", source, *frozen)
    export(run, tmp_path / "further")
    assert "after those of the model `model`" in (tmp_path / "further" / "README.md").read_text()
    before, after = (artifact.load(folder).network().state_dict() for folder in (source, tmp_path / "further"))
    changed = {part_of(name) for name in before if not torch.equal(before[name], after[name])}
    assert "encoder" not in changed and "heads" in changed
    again = semparse("fit", "--config", run / "config.yaml", "--ckpt_path", run / "last.ckpt", "--wandb", "disabled")
    assert again.status == 0, again.error  # a resumed run does not begin with the source again
    export(run, tmp_path / "resumed")
    resumed = artifact.load(tmp_path / "resumed").network().state_dict()
    assert all(torch.equal(after[name], resumed[name]) for name in after)


def test_a_run_that_was_stopped_while_a_part_was_frozen_ends_as_one_that_was_not(
    config: Path,  # noqa: F811
    source: Path,
    tmp_path: Path,
) -> None:
    frozen = ("--model.transfer.frozen", "[encoder]", "--model.transfer.frozen_epochs", 2)
    options = ("--data.source", source, *frozen, "--trainer.max_epochs", 3)
    whole = fit(config, tmp_path / "whole", *options)
    stop = tmp_path / "stop.yaml"
    stop.write_text("trainer: {callbacks: [{class_path: test_training.StopAfter, init_args: {epoch: 0}}]}")
    half = fit(config, tmp_path / "half", "--config", stop, *options)
    begun = checkpoint(half / "last.ckpt")["state_dict"]
    fit(config, half, *options, "--ckpt_path", half / "last.ckpt")
    expected, found = (checkpoint(run / "last.ckpt")["state_dict"] for run in (whole, half))
    assert all(torch.equal(value, found[name]) for name, value in expected.items())
    assert any(not torch.equal(value, begun[name]) for name, value in found.items() if "encoder" in name)  # thawed


def test_a_source_of_another_architecture_is_refused_before_training(
    config: Path,  # noqa: F811
    source: Path,
    tmp_path: Path,
) -> None:
    system = ("--model.system", "parser.transitions.in_order.InOrder")
    options = ("--run", tmp_path / "run", "--wandb", "disabled", "--data.source", source, *system)
    error = refused("fit", "--config", config, *options, status=1)
    assert "model: the source is of another architecture than is trained now: the transition system is TopDown" in error
    assert not (tmp_path / "run").exists()


def test_a_source_of_the_same_domain_is_refused_before_training(config: Path, source: Path, tmp_path: Path) -> None:  # noqa: F811
    options = ("--data.path", source.parent / "data", "--data.source", source, "--wandb", "disabled")
    error = refused("fit", "--config", config, "--run", tmp_path / "run", *options, status=1)
    assert "model: it has learnt the domain 'car' itself: name a model of another domain" in error
    assert not (tmp_path / "run").exists()


def test_a_source_may_know_the_domain_beside_others_or_less_of_it_or_its_compounds() -> None:
    kinds = {"A": "intent", "B": "intent", "and": "operator"}
    of = {(domain, label): (domain, Node(label), kinds) for domain in ("home", "car") for label in "AB"}
    home = Ontology.learn([of["home", "A"]])
    require_others(Ontology.learn([of["home", "A"], of["car", "A"]]), home)
    require_others(home, Ontology.learn([of["home", "A"], of["home", "B"]]))
    compounds = Ontology.learn([("home", Node("and", (Node("A"), Node("B"))), kinds)])
    require_others(compounds, home)
    for source, target in ((Ontology.learn([of["home", "A"], of["home", "B"]]), home), (compounds, compounds)):
        with pytest.raises(DataError, match="the domain 'home' itself"):
            require_others(source, target)


def test_a_domain_of_one_example_is_learnt(config: Path, source: Path, tmp_path: Path) -> None:  # noqa: F811
    for name, transferred in (("alone", ()), ("after", ("--data.source", source))):
        run = fit(config, tmp_path / name, "--data.limit", 1, *transferred)
        losses = [epoch["train/loss"] for epoch in json.loads((run / "metrics.json").read_bytes())["curve"]]
        assert len(losses) == EPOCHS and losses == sorted(losses, reverse=True)


def test_a_label_that_only_dev_has_is_never_parsed_and_counts_as_wrong(
    config: Path,  # noqa: F811
    data: Path,  # noqa: F811
    source: Path,
    tmp_path: Path,
) -> None:
    target = tmp_path / "data"
    shutil.copytree(data, target)
    *known, other = (target / "train.jsonl").read_text().splitlines()
    unknown = json.loads(other) | {"tree": "(DanceIntent)", "leaves": []}
    (target / "train.jsonl").write_text("\n".join(known) + "\n")
    (target / "dev.jsonl").write_text("\n".join([*known, json.dumps(unknown)]) + "\n")
    options = ("--data.path", target, "--data.source", source)
    more = ("--trainer.max_epochs", 40, "--model.learning_rate", 0.02, "--early_stopping.patience", 40)
    run = fit(config, tmp_path / "run", *options, *more)
    best = json.loads((run / "metrics.json").read_bytes())["best"]
    assert best["dev/exact_match"] == pytest.approx(100 * len(known) / (1 + len(known)))
    assert best["dev/tree_validity"] == 100.0


@pytest.mark.parametrize(
    "said", [("--model.transfer.new", "[heads]"), ("--config", "configs/transfer/pretraining.yaml")]
)
def test_how_to_go_on_needs_a_model_to_go_on_from(config: Path, tmp_path: Path, said: tuple[str, ...]) -> None:  # noqa: F811
    options = ("--run", tmp_path / "run", "--wandb", "disabled", *said)
    assert "name it by data.source" in refused("fit", "--config", config, *options, status=1)
