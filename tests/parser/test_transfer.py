"""Going on from another model: what carries over does so symbol by symbol, and what does not fit is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import dropped_examples, vocabulary_for
from test_training import EPOCHS, config, data, fit, refused, semparse  # noqa: F401

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.tree import Leaf, Node
from parser import artifact
from parser.encoders.bilstm import BiLSTM
from parser.network import ParserNetwork
from parser.state_encoders.stack_lstm import StackLSTM
from parser.training.export import export
from parser.training.transfer import Transfer, carry_over, part_of, symbol_rows
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
        ({"words_kept": True}, TopDown(), 4, "kept words is True, not False"),
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


def test_a_part_that_does_not_exist_is_refused_with_those_that_do() -> None:
    network = network_for(vocabulary_for([EXAMPLE]))
    with pytest.raises(DataError, match="no part 'hads': it has .*heads"):
        Transfer(new=["hads"]).require_parts(network)


def test_a_run_goes_on_from_a_model(config: Path, tmp_path: Path) -> None:  # noqa: F811
    export(fit(config, tmp_path / "source", "--seed_everything", 1), tmp_path / "model")
    frozen = ("--model.transfer.frozen", "[encoder]", "--model.transfer.frozen_epochs", EPOCHS)
    run = fit(config, tmp_path / "target", "--data.source", tmp_path / "model", *frozen)
    export(run, tmp_path / "further")
    before, after = (artifact.load(tmp_path / name).network().state_dict() for name in ("model", "further"))
    changed = {part_of(name) for name in before if not torch.equal(before[name], after[name])}
    assert "encoder" not in changed and "heads" in changed
    again = semparse("fit", "--config", run / "config.yaml", "--ckpt_path", run / "last.ckpt", "--wandb", "disabled")
    assert again.status == 0, again.error  # a resumed run does not begin with the source again
    export(run, tmp_path / "resumed")
    resumed = artifact.load(tmp_path / "resumed").network().state_dict()
    assert all(torch.equal(after[name], resumed[name]) for name in after)


def test_a_source_of_another_architecture_is_refused_before_training(config: Path, tmp_path: Path) -> None:  # noqa: F811
    export(fit(config, tmp_path / "source"), tmp_path / "model")
    system = ("--model.system", "parser.transitions.in_order.InOrder")
    options = ("--run", tmp_path / "run", "--wandb", "disabled", "--data.source", tmp_path / "model", *system)
    error = refused("fit", "--config", config, *options, status=1)
    assert "model: the source is of another architecture than is trained now: the transition system is TopDown" in error


def test_how_to_go_on_needs_a_model_to_go_on_from(config: Path, tmp_path: Path) -> None:  # noqa: F811
    options = ("--run", tmp_path / "run", "--wandb", "disabled", "--model.transfer.new", "[heads]")
    assert "name it by data.source" in refused("fit", "--config", config, *options, status=1)
