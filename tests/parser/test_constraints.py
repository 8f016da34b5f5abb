"""Gold derivations fit the constraints learnt from them, batched equals symbolic, and no constraint is a dead end."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import dropped_examples, kept_examples, vocabulary_for

from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.ontology import Ontology
from data_conversion.tree import Leaf, Node
from parser.decoding.greedy import parse_batch
from parser.decoding.stepper import Choice, LogProbs, Stepper
from parser.encoders.bilstm import BiLSTM
from parser.inputs import Indexer
from parser.network import ParserNetwork
from parser.state_encoders.stack_lstm import StackLSTM
from parser.transitions.actions import Action, Close, Copy, Finish, Generate, Kind, Nullary, Open, Reduce, kind_of
from parser.transitions.bottom_up import BottomUp
from parser.transitions.constraints import Constraints, fits, fitting
from parser.transitions.in_order import InOrder
from parser.transitions.state import State
from parser.transitions.system import TransitionSystem, initial, is_legal, replay, tree_of
from parser.transitions.top_down import TopDown
from parser.vocabulary import Vocabulary

SYSTEMS = [TopDown(), InOrder(), BottomUp()]
some_examples = st.lists(dropped_examples(), min_size=1, max_size=4) | st.lists(kept_examples(), min_size=1, max_size=4)


def network_for(vocabulary: Vocabulary, system: TransitionSystem, *, constraints: bool = True) -> ParserNetwork:
    torch.manual_seed(0)
    encoder = partial(BiLSTM, hidden=3, word_dim=3, character_dim=2)
    return ParserNetwork(vocabulary, encoder, partial(StackLSTM, dim=3), system, dim=4, constraints=constraints).eval()


@pytest.mark.parametrize("system", SYSTEMS)
@settings(max_examples=30)
@given(examples=some_examples)
def test_every_training_derivation_fits(system: TransitionSystem, examples: list[Example]) -> None:
    vocabulary = vocabulary_for(examples)
    for example in examples:
        state = initial(len(example.tokens), vocabulary.grammar)
        for action in system.oracle(example.tree):
            assert fits(vocabulary.constraints, system, state, action)
            state = system.apply(state, action, example.tokens)


@pytest.mark.parametrize("system", SYSTEMS)
@settings(max_examples=15)
@given(examples=some_examples, seed=st.integers(0, 10**6))
def test_batched_equals_symbolic_on_random_walks(system: TransitionSystem, examples: list[Example], seed: int) -> None:
    vocabulary, chance = vocabulary_for(examples), random.Random(seed)
    tokens = [example.tokens for example in examples]
    states = [initial(len(words), vocabulary.grammar) for words in tokens]
    with torch.inference_mode():
        stepper = Stepper(network_for(vocabulary, system), Indexer(vocabulary).inputs(tokens))
        while not all(state.finished for state in states):
            logs, taken = stepper.log_probs(stepper.scores()), []
            for index, state in enumerate(states):
                if state.finished:
                    taken.append(None)
                    continue
                legal = [a for a in every_action(state, vocabulary) if is_legal(system, state, a, vocabulary.grammar)]
                choices = fitting(vocabulary.constraints, system, state, legal)
                assert set(choices) == batched_choices(logs, index, vocabulary)
                taken.append(chance.choice(choices))
                states[index] = system.apply(state, taken[-1], tokens[index])
            stepper.take(as_choice(taken, vocabulary))
    for words, state in zip(tokens, states, strict=True):
        tree = tree_of(state)
        assert state.steps <= vocabulary.grammar.bound(len(words))
        if vocabulary.words_kept:
            assert [leaf.position for leaf in tree.leaves()] == list(range(len(words)))


def every_action(state: State, vocabulary: Vocabulary) -> list[Action]:
    labels, lexicon = vocabulary.labels, vocabulary.lexicon
    reduces = [Reduce(label, arity) for label in labels for arity in range(1, state.depth + 1)]
    copies = [Copy(position) for position in range(state.length)]
    return [*map(Open, labels), *copies, *map(Generate, lexicon), Close(), *map(Nullary, labels), *reduces, Finish()]


def batched_choices(logs: LogProbs, index: int, vocabulary: Vocabulary) -> set[Action]:
    """The actions of more than no probability."""

    def possible(kind: Kind, values: torch.Tensor) -> list[list[int]]:
        joint = logs.kinds[index, 0, kind] + values[index, 0]
        return (joint > float("-inf")).nonzero().tolist()

    labels, lexicon, first = vocabulary.labels, vocabulary.lexicon, int(logs.first_token[index, 0])
    tokens = [first + token for (token,) in possible(Kind.TERMINAL, logs.tokens)]
    alone = torch.zeros(1, 1, 1).expand(len(logs.kinds), 1, 1)
    return {
        *(Open(labels[label]) for (label,) in possible(Kind.OPEN, logs.labels)),
        *(Copy(token - len(lexicon)) if token >= len(lexicon) else Generate(lexicon[token]) for token in tokens),
        *(Close() for _ in possible(Kind.CLOSE, alone)),
        *(Nullary(labels[label]) for (label,) in possible(Kind.NULLARY, logs.nullary)),
        *(Reduce(labels[x], k + 1) for x, k in possible(Kind.REDUCE, logs.labels[..., None] + logs.arities)),
        *(Finish() for _ in possible(Kind.FINISH, alone)),
    }


def as_choice(actions: list[Action | None], vocabulary: Vocabulary) -> Choice:
    """One action for each utterance of a batch; None where it has its tree."""
    rows = []
    for action in actions:
        label = vocabulary.label_ids[action.label] if isinstance(action, (Open, Nullary, Reduce)) else -1
        arity = action.arity if isinstance(action, Reduce) else 0
        token = vocabulary.lexicon_ids[action.token] if isinstance(action, Generate) else -1
        token = len(vocabulary.lexicon) + action.position if isinstance(action, Copy) else token
        rows.append([-1 if action is None else kind_of(action), label, arity, token])
    return Choice(*np.array(rows).T[..., None], log_probs=np.zeros((len(rows), 1)))


TITLE = Node("Title", (Leaf("jazz", 1),))
EXAMPLE = Example("x", "d", "play jazz", ("play", "jazz"), Node("Play", (TITLE,)))


def set_on(label: str, network: ParserNetwork) -> ParserNetwork:
    """A network that wants this label wherever it chooses one."""
    with torch.no_grad():
        for weights in network.heads.parameters():
            weights.zero_()
        network.heads.labels.bias[network.vocabulary.label_ids[label]] = 9.0
    return network


def learnt() -> Vocabulary:
    return Vocabulary.learn([EXAMPLE], Ontology.learn([("d", EXAMPLE.tree, {"Play": "intent", "Title": "slot"})]))


def test_what_was_never_seen_as_a_root_is_none_and_what_may_be_shares_all_probability() -> None:
    inputs = Indexer(learnt()).inputs([EXAMPLE.tokens])
    roots = {}
    for constraints in (True, False):
        network = set_on("Title", network_for(learnt(), TopDown(), constraints=constraints))
        with torch.inference_mode():
            stepper = Stepper(network, inputs)
            labels = stepper.log_probs(stepper.scores()).labels.exp()[0, 0]
        roots[constraints] = parse_batch(network, inputs)[0].actions[0]
        assert labels.sum().item() == pytest.approx(1)
    assert roots == {True: Open("Play"), False: Open("Title")}


@pytest.mark.parametrize("system", SYSTEMS)
def test_constraints_do_not_apply_where_nothing_fits(system: TransitionSystem) -> None:
    nothing = Constraints({"Play": [], "Title": []}, leaves=[], roots=[])
    vocabulary = replace(learnt(), constraints=nothing)
    network = set_on("Play", network_for(vocabulary, system))
    (derivation,) = parse_batch(network, Indexer(vocabulary).inputs([EXAMPLE.tokens]))
    assert replay(system, derivation.actions, EXAMPLE.tokens, vocabulary.grammar).label == "Play"


def test_constraints_travel_with_the_vocabulary() -> None:
    record = json.loads(json.dumps(learnt().to_dict()))
    assert record["constraints"] == {
        "children": {"Play": ["Title"], "Title": []},
        "leaves": ["Title"],
        "roots": ["Play"],
    }
    assert Vocabulary.from_dict(record) == learnt()
    with pytest.raises(DataError, match="not a vocabulary"):
        Vocabulary.from_dict({**record, "constraints": {"children": {}}})


def test_a_vocabulary_without_constraints_lets_every_label_stand_everywhere() -> None:
    record = learnt().to_dict()
    del record["constraints"]
    network = set_on("Title", network_for(Vocabulary.from_dict(record), TopDown()))
    (derivation,) = parse_batch(network, Indexer(network.vocabulary).inputs([EXAMPLE.tokens]))
    assert derivation.actions[0] == Open("Title")


def test_a_slot_of_one_intent_may_stand_under_any_of_its_domain() -> None:
    kinds = {"Play": "intent", "Stop": "intent", "Title": "slot", "Room": "slot", "Ride": "intent", "Line": "slot"}
    trees = [
        ("music", Node("Play", (Node("Title", (Node("Play"),)), Node("Room", (Leaf("hall", 0),))))),
        ("music", Node("Stop", (Leaf("stop", 0),))),
        ("trains", Node("Ride", (Node("Line", (Leaf("12", 0),)),))),
    ]
    learnt = Constraints.learn(Ontology.learn((domain, tree, kinds) for domain, tree in trees), ["Play"])
    assert learnt.children["Stop"] == learnt.children["Play"] == ["Room", "Title"]
    assert learnt.children["Ride"] == ["Line"]  # another domain
    assert (learnt.children["Title"], learnt.children["Room"]) == (["Play"], [])  # intents stand where they stood
