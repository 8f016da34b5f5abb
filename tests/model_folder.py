"""A model folder of a small network that has learnt a few requests by heart."""

from __future__ import annotations

from pathlib import Path

import torch

from data_conversion import formalisms
from data_conversion.example import Example
from data_conversion.ontology import Ontology
from data_conversion.tree import Leaf, Node
from parser import artifact
from parser.derivations import Derivations
from parser.evaluation.metrics import slot_values
from parser.vocabulary import Vocabulary

MODEL_CONFIG = {
    "encoder": {
        "class_path": "parser.encoders.bilstm.BiLSTM",
        "init_args": {"hidden": 16, "layers": 1, "word_dim": 16, "character_dim": 8, "dropout": 0.0, "rare_words": 0.0},
    },
    "state_encoder": {"class_path": "parser.state_encoders.stack_lstm.StackLSTM", "init_args": {"dim": 16}},
    "system": {"class_path": "parser.transitions.top_down.TopDown"},
    "dim": 24,
    "history": 128,
    "attention": True,
    "dropout": 0.0,
    "constraints": True,
}


def _slot(label: str, text: str, position: int) -> Node:
    return Node(label, (Leaf(text, position),))


def _words(*tokens: tuple[int, str]) -> tuple[Leaf, ...]:
    return tuple(Leaf(text, position) for position, text in tokens)


REQUESTS: dict[str, dict[str, Node]] = {
    "bracket": {
        "add apples and oranges to shopping list and play music": Node(
            "and",
            (
                Node(
                    "addToListIntent",
                    (Node("add", (_slot("ItemName", "apples", 1), _slot("ItemName", "oranges", 3))),),
                ),
                Node("PlayMusicIntent", (_slot("Mediatype", "music", 9),)),
            ),
        ),
        "play music": Node("PlayMusicIntent", (_slot("Mediatype", "music", 1),)),
        "pause the music": Node("PauseMusicIntent"),
    },
    "top": {
        "directions to my next meeting": Node(
            "IN:GET_DIRECTIONS",
            (
                *_words((0, "directions"), (1, "to")),
                Node("SL:DESTINATION", (Node("IN:GET_EVENT", _words((2, "my"), (3, "next"), (4, "meeting"))),)),
            ),
        ),
        "stop": Node("IN:STOP", _words((0, "stop"))),
    },
}


def examples(formalism: str = "bracket") -> list[Example]:
    """The requests that the model learns."""
    return [
        Example(text, "assistant", text, tuple(text.split()), tree, formalism)
        for text, tree in REQUESTS[formalism].items()
    ]


def ontology(formalism: str = "bracket") -> Ontology:
    """Their labels."""
    kinds = formalisms.load(formalism).label_kinds
    return Ontology.learn((example.domain, example.tree, kinds(example.tree)) for example in examples(formalism))


def save_model(folder: Path, *, formalism: str = "bracket", steps: int = 0) -> Path:
    """Write the model folder after that many steps of training."""
    torch.manual_seed(0)
    labels = ontology(formalism)
    vocabulary = Vocabulary.learn(examples(formalism), labels).to_dict()
    network = artifact.build_network(MODEL_CONFIG, vocabulary)
    batch = Derivations(examples(formalism), network.vocabulary, network.system).batch(range(len(examples(formalism))))
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        network.loss(batch).backward()
        optimizer.step()
    artifact.save(
        folder,
        model_config=MODEL_CONFIG,
        vocabulary=vocabulary,
        ontology=labels,
        values=slot_values(examples(formalism), labels),
        state_dict=network.state_dict(),
        tokenizer="words",
        formalism=formalism,
        card={"data": "tests", "train_examples": len(examples(formalism)), "dev": {"dev/exact_match": 100.0}},
    )
    return folder
