"""Batched equals symbolic, training equals decoding, and padding changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import dropped_examples, kept_examples, vocabulary_for
from torch import nn
from torch.overrides import TorchFunctionMode

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.ontology import Ontology
from data_conversion.tree import Leaf, Node
from parser.batching import LONG, batch_sizes, length_batches
from parser.decoding import beam
from parser.decoding.greedy import choose, parse_batch
from parser.decoding.stepper import Choice, Stepper
from parser.derivations import Derivations, Gold
from parser.encoders.bilstm import BiLSTM
from parser.heads import FAR
from parser.inputs import Indexer
from parser.network import ParserNetwork
from parser.state_encoders.stack_lstm import StackLSTM
from parser.state_encoders.stack_transformer import StackTransformer
from parser.transitions.actions import Action, Copy, Generate, Kind
from parser.transitions.bottom_up import BottomUp
from parser.transitions.in_order import InOrder
from parser.transitions.system import TransitionSystem, arities, counts_of, initial, replay
from parser.transitions.top_down import TopDown
from parser.vocabulary import Vocabulary

SYSTEMS = [TopDown(), InOrder(), BottomUp()]


def a_stack_transformer(row_dim: int, word_dim: int) -> StackTransformer:
    """One whose biases and empty stack, which start at zero, matter as they do after training."""
    encoder = StackTransformer(row_dim, word_dim, dim=8, heads=4, feed_forward=6)
    for weights in (encoder.empty, encoder.depth_bias.weight, encoder.distance_bias.weight):
        nn.init.normal_(weights)
    return encoder


STATE_ENCODERS = [partial(StackLSTM, dim=7), a_stack_transformer]
some_examples = st.lists(dropped_examples(), min_size=1, max_size=4) | st.lists(kept_examples(), min_size=1, max_size=4)


def network_for(
    examples: list[Example],
    system: TransitionSystem = SYSTEMS[0],
    state_encoder: Callable[[int, int], nn.Module] = STATE_ENCODERS[0],
    *,
    copy: bool = True,
    attention: bool = True,
    seed: int = 0,
) -> ParserNetwork:
    torch.manual_seed(seed)
    vocabulary = vocabulary_for(examples, copy=copy)
    encoder = partial(BiLSTM, hidden=6, word_dim=5, character_dim=4)
    return ParserNetwork(vocabulary, encoder, state_encoder, system, dim=8, history=6, attention=attention).eval()


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("state_encoder", STATE_ENCODERS)
@settings(max_examples=12, deadline=None)
@given(examples=some_examples, copy=st.booleans(), attention=st.booleans())
def test_training_scores_every_step_as_decoding_does(
    system: TransitionSystem,
    state_encoder: Callable[[int, int], nn.Module],
    examples: list[Example],
    copy: bool,
    attention: bool,
) -> None:
    copy = copy or all(example.words_kept for example in examples)
    assert_decoded_as_trained(network_for(examples, system, state_encoder, copy=copy, attention=attention), examples)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("state_encoder", STATE_ENCODERS)
def test_so_it_does_in_a_derivation_that_outgrows_the_room_made_for_it(
    system: TransitionSystem, state_encoder: Callable[[int, int], nn.Module], kept: bool
) -> None:
    tokens = ("play",) * 90
    words = [Leaf(token, position) for position, token in enumerate(tokens)]
    children = (words[0], Node("Slot", tuple(words[1:70])), Node("Slot", tuple(words[70:80])), *words[80:])
    tree = Node("Intent", children if kept else (*children, Leaf("lexical")))
    short = Node("Intent", (Leaf("play", 0),))
    examples = [Example("x", "d", " ".join(tokens), tokens, tree), Example("y", "d", "play", ("play",), short)]
    assert_decoded_as_trained(network_for(examples, system, state_encoder), examples)


def assert_decoded_as_trained(network: ParserNetwork, examples: list[Example]) -> None:
    """Every step of the gold derivations has the scores, and allows the actions, that it has in training."""
    system, vocabulary, grammar = network.system, network.vocabulary, network.vocabulary.grammar
    batch = Derivations(examples, vocabulary, system).batch(range(len(examples)))
    gold = batch.gold
    states = [initial(len(example.tokens), grammar) for example in examples]
    oracles = [oracle(system, example, vocabulary.copy) for example in examples]
    with torch.inference_mode():
        trained = network(batch)
        stepper = Stepper(network, batch.inputs)
        for step in range(gold.mask.shape[1]):
            scores, legal = stepper.scores(), stepper.state.legal()[:, 0]
            now = gold.mask[:, step]
            for field in ("kinds", "labels", "arities", "tokens", "attention"):
                torch.testing.assert_close(
                    getattr(scores, field)[now, 0], getattr(trained, field)[now, step], rtol=1e-4, atol=1e-5
                )
            assert torch.equal(torch.from_numpy(legal)[now], gold.legal[now, step])
            for index, (example, actions) in enumerate(zip(examples, oracles, strict=True)):
                if step < len(actions):
                    state = states[index]
                    counts = counts_of(state, grammar)
                    assert [bool(flag) for flag in system.legal(counts, grammar)] == legal[index].tolist()
                    assert state.focus == gold.focus[index, step] == stepper.state.focus[index, 0]
                    fewest_and_most = [limit[index, 0].item() for limit in stepper.state.arities()]
                    assert list(arities(counts, grammar)) == fewest_and_most
                    assert fewest_and_most == [gold.fewest[index, step], gold.most[index, step]]
                    states[index] = system.apply(state, actions[step], example.tokens)
            stepper.take(gold_choice(network, gold, step))
        assert stepper.state.finished.all()


def oracle(system: TransitionSystem, example: Example, copy: bool) -> list[Action]:
    actions = system.oracle(example.tree)
    if copy:
        return actions
    return [Generate(example.tokens[action.position]) if isinstance(action, Copy) else action for action in actions]


def gold_choice(network: ParserNetwork, gold: Gold, step: int) -> Choice:
    mask, kinds = gold.mask[:, step], gold.kinds[:, step]
    position, lexicon = gold.positions[:, step], gold.lexicon[:, step]
    tokens = torch.where(position >= 0, position + len(network.vocabulary.lexicon), lexicon)
    labels = torch.where(kinds == Kind.CLOSE, -1, gold.labels[:, step])
    fields = (torch.where(mask, kinds, -1), labels, gold.arities[:, step], tokens, torch.zeros(len(mask)))
    return Choice(*(field[:, None].numpy() for field in fields))


@pytest.mark.parametrize("attention", [True, False])
@torch.inference_mode()
def test_scores_come_from_a_layer_over_the_states_the_word_in_focus_and_the_words_attended_to(attention: bool) -> None:
    tree = Node("Intent", (Leaf("play", 0), Node("Slot", (Leaf("jazz", 1),))))
    network = network_for([Example("x", "d", "play jazz", ("play", "jazz"), tree)], attention=attention)
    nn.init.normal_(network.end)
    if attention:
        nn.init.normal_(network.attention.distance)
    inputs, focus = (
        Indexer(network.vocabulary).inputs([("play", "jazz"), ("play",)]),
        torch.tensor([[0, 1, 2], [0, 1, 1]]),
    )
    encoded, words, states = (
        network.encoder(inputs),
        network.encode(inputs),
        torch.randn(2, 3, network.state.in_features),
    )
    scores = network.score(words, states, focus)
    in_focus = torch.stack([torch.stack([*encoded[0], network.end]), torch.stack([encoded[1, 0], *[network.end] * 2])])
    layer = network.state(states) + network.ahead(in_focus)
    torch.testing.assert_close(words.rows[inputs.mask], network.leaf(encoded)[inputs.mask])
    if not attention:
        assert network.attention is None and scores.attention.shape == (2, 3, 0)
        torch.testing.assert_close(scores.kinds, network.heads(layer)[0])
        return
    query, hidden = layer[..., : network.attention.dim], layer[..., network.attention.dim :]
    hidden = hidden + network.attended(scores.attention @ encoded)
    torch.testing.assert_close(scores.kinds, network.heads(hidden)[0])
    bias = torch.stack([network.attention.distance[FAR - place + torch.arange(2)] for place in range(3)])
    looked = network.attention.score((query[0, :, None] + network.attention.key(encoded[0])).tanh())[..., 0] + bias
    torch.testing.assert_close(scores.attention[0], looked.softmax(-1))
    assert scores.attention[1].tolist() == [[1.0, 0.0]] * 3


@torch.inference_mode()
def test_what_is_written_like_the_words_attended_to_is_likelier_to_be_generated() -> None:
    tree = Node("Intent", (Leaf("bar"), Leaf("cinema"), Leaf("opening_hours")))
    tokens = ("which", "cinemas", "open")
    network = network_for([Example("x", "d", " ".join(tokens), tokens, tree)])
    assert network.vocabulary.lexicon == ["bar", "cinema", "opening_hours"]
    inputs, focus = Indexer(network.vocabulary).inputs([tokens, ("bars",)]), torch.tensor([[0, 1], [0, 1]])
    states = torch.randn(2, 2, network.state.in_features)
    network.likeness.weight.zero_()
    network.likeness.bias.fill_(0.0)
    before = network.score(network.encode(inputs), states, focus)
    network.likeness.bias.fill_(3.0)
    scores = network.score(network.encode(inputs), states, focus)
    more = scores.tokens[..., :3] - before.tokens[..., :3]
    _, cinemas, opens = scores.attention[0].unbind(-1)
    torch.testing.assert_close(more[0], 3.0 * torch.stack([torch.zeros(2), cinemas, opens / 2], dim=-1))
    torch.testing.assert_close(more[1], torch.tensor([[3.0, 0.0, 0.0]] * 2))  # padding is like nothing
    assert torch.equal(scores.tokens[..., 3:], before.tokens[..., 3:])


@pytest.mark.parametrize("kept, copy", [(True, True), (False, False)])
def test_who_generates_nothing_or_copies_nothing_looks_for_no_likeness(kept: bool, copy: bool) -> None:
    tree = Node("Intent", (Leaf("play", 0), Leaf("jazz", 1)) if kept else (Leaf("jazz", 1),))
    network = network_for([Example("x", "d", "play jazz", ("play", "jazz"), tree)], copy=copy)
    assert network.likeness is None
    assert Indexer(network.vocabulary).inputs([("play", "jazz")]).alike.shape == (2, 0)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("state_encoder", STATE_ENCODERS)
@settings(max_examples=12, deadline=None)
@given(examples=some_examples, seed=st.integers(0, 1000))
def test_every_greedy_parse_is_a_legal_tree_and_padding_changes_nothing(
    system: TransitionSystem, state_encoder: Callable[[int, int], nn.Module], examples: list[Example], seed: int
) -> None:
    network = network_for(examples, system, state_encoder, seed=seed)
    with torch.no_grad():  # an untrained parser is undecided: make it choose
        for weights in network.heads.parameters():
            weights.mul_(20)
    tokens = [example.tokens for example in examples]
    together = parse_batch(network, Indexer(network.vocabulary).inputs(tokens))
    for words, derivation in zip(tokens, together, strict=True):
        replay(network.system, derivation.actions, words, network.vocabulary.grammar)
        alone = parse_batch(network, Indexer(network.vocabulary).inputs([words]))[0]
        assert alone.actions == derivation.actions
        assert alone.log_prob == pytest.approx(derivation.log_prob, abs=1e-3)


def test_a_tree_that_no_legal_actions_build_is_refused_before_training() -> None:
    last = Node("Intent", (Leaf("play", 0), Node("Intent")))  # words kept, and a node without words after the last one
    vocabulary = vocabulary_for([Example("x", "d", "play", ("play",), last)])
    derivations = Derivations([Example("x", "d", "play", ("play",), last)], vocabulary, TopDown())
    with pytest.raises(DataError, match="no legal actions build the tree of 'play'"):
        derivations.require_legal()


@settings(max_examples=10, deadline=None)
@given(examples=some_examples)
def test_loss_of_a_batch_is_the_mean_over_actions(examples: list[Example]) -> None:
    network = network_for(examples)
    derivations = Derivations(examples, network.vocabulary, network.system)
    steps = derivations.steps
    each = [network.loss(derivations.batch([index])).item() for index in range(len(examples))]
    together = network.loss(derivations.batch(range(len(examples)))).item()
    assert together == pytest.approx(sum(loss * count for loss, count in zip(each, steps)) / sum(steps), rel=1e-4)


@pytest.mark.parametrize("part", ["encoder", "heads", "labels"])
def test_weights_that_are_not_numbers_are_refused_rather_than_searched_for_ever(part: str) -> None:
    tree = Node("Intent", (Leaf("play", 0),))
    network = network_for([Example("x", "d", "play", ("play",), tree)])
    with torch.no_grad():
        for weights in network.get_submodule(part).parameters():
            weights.fill_(float("nan"))
    inputs = Indexer(network.vocabulary).inputs([("play",)])
    for search in (parse_batch, partial(beam.parse_batch, width=4)):
        with pytest.raises(DataError, match="weights are not numbers"):
            search(network, inputs)


class CallCounter(TorchFunctionMode):
    """Counts the calls into torch that are made inside it."""

    calls = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):  # noqa: ANN001, ANN204
        self.calls += 1
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("kept", [True, False])
def test_a_decoding_step_makes_the_same_torch_calls_at_batch_1_and_64(kept: bool) -> None:
    tokens = ("play", "the", "music")
    words = [Leaf(token, position) for position, token in enumerate(tokens)]
    slot = Node("Slot", (words[2],))
    tree = Node("Intent", (words[0], words[1], slot) if kept else (slot,))
    example = Example("x", "d", "play the music", tokens, tree)
    network = network_for([example])
    calls = []
    for size in (1, 64):
        inputs = Indexer(network.vocabulary).inputs([tokens] * size)
        with torch.no_grad():
            stepper = Stepper(network, inputs)
            with CallCounter() as counter:
                stepper.take(choose(stepper.log_probs(stepper.scores())))
        calls.append(counter.calls)
    assert calls[0] == calls[1] > 0


def test_the_parser_learns_twenty_requests_by_heart() -> None:
    examples = [
        Example(str(n), "d", " ".join(tokens), tokens, tree)
        for n, (tokens, tree) in enumerate(
            (
                ("play", name, "in", room),
                Node("Play", (Node("Title", (Leaf(name, 1),)), Node("Room", (Leaf(room, 3), Leaf("lexical"))))),
            )
            for name in ("jazz", "blues", "rock", "soul", "folk")
            for room in ("kitchen", "hall", "attic", "garden")
        )
    ]
    torch.manual_seed(1)
    ontology = Ontology.learn((e.domain, e.tree, {"Play": "intent", "Title": "slot", "Room": "slot"}) for e in examples)
    vocabulary = Vocabulary.learn(examples, ontology)
    network = ParserNetwork(vocabulary, partial(BiLSTM, hidden=32), partial(StackLSTM, dim=32), TopDown(), dim=32)
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    batch = Derivations(examples, vocabulary, TopDown()).batch(range(20))
    for _ in range(80):
        optimizer.zero_grad()
        network.loss(batch, label_smoothing=0.05).backward()
        optimizer.step()
    parses = parse_batch(network.eval(), batch.inputs)
    trees = [replay(TopDown(), p.actions, e.tokens, vocabulary.grammar) for p, e in zip(parses, examples)]
    assert trees == [example.tree for example in examples]


@given(st.lists(st.integers(1, 5 * LONG), min_size=1, max_size=200), st.integers(1, 8), st.integers(0, 9) | st.none())
def test_batches_hold_everything_once_and_bounded_room(lengths: list[int], most: int, seed: int | None) -> None:
    batches = list(length_batches(lengths, most, seed))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert sorted(map(len, batches)) == sorted(batch_sizes(lengths, most))
    nearly = 3  # near lengths mix under a seed
    for batch in batches:
        assert len(batch) <= most
        assert len(batch) == 1 or len(batch) * (max(lengths[index] for index in batch) - nearly) <= most * LONG
