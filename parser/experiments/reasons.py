"""What might tell beforehand whether a domain gains by transfer: its size, and what it shares with the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_conversion.example import Example, read_examples
from data_conversion.ontology import Ontology
from parser.evaluation.recording import record, recorded, store
from parser.evaluation.results import Record
from parser.experiments.data import CONVERTED

TABLE, RANKS = "transfer-reasons", "transfer-ranks"
WAYS = ("pretraining", "multitask")
ENOUGH = 5
"""Of fewer domains even a perfect ranking says little: four are ranked alike by chance once in 24 times."""


class Reasons(NamedTuple):
    """What might matter: how many examples a domain has, and the percentage of its labels and of its words (as they
    run) that the other domains' train has."""

    size: float
    label_overlap: float
    word_overlap: float


def reasons(train: Sequence[Example], others: Sequence[Example]) -> Reasons:
    """How large a domain's train is, and what of it the train of the other domains has too.

    Of "find recipes with rice" after "find a flat with a garden", two words of four are known.
    """
    known_labels = {node.label for each in others for node in each.tree.nodes()}
    known_words = {word.lower() for each in others for word in each.tokens}
    labels = {node.label for each in train for node in each.tree.nodes()}
    words = [word.lower() for each in train for word in each.tokens]
    shared_labels, shared_words = labels & known_labels, [word for word in words if word in known_words]
    return Reasons(len(train), 100 * len(shared_labels) / len(labels), 100 * len(shared_words) / len(words))


def record_reasons(results: Path, name: str, train: str) -> None:
    """Beside the gain of each domain over itself alone what might explain it; and of `ENOUGH` domains how well each
    reason ranks them; nothing where the data is not there, as it need not be for what was measured before.

    Args:
        results: the file of records of a table on transfer, where all domains have been measured in all of `WAYS`.
        name: the folder of converted data; `NAME-DOMAIN` is a domain's, `NAME-but-DOMAIN` that of all others.
        train: what the records say that was trained on.
    """
    records = [
        each
        for each in recorded(results)
        if (each["train"], each["split"], each["metric"]) == (train, "test", "exact_match") and each.get("outcomes")
    ]
    means = {(each["transfer"], each["domain"]): each["mean"] for each in records}
    alone = {each["domain"]: each for each in records if each["transfer"] == "none"}
    if any((way, domain) not in means for way in WAYS for domain in alone):
        return
    folders = {domain: (f"{name}-{domain}", f"{name}-but-{domain}") for domain in alone}
    if not all((CONVERTED / folder).is_dir() for pair in folders.values() for folder in pair):
        return
    told = {domain: reasons(*map(_train, pair)) for domain, pair in folders.items()}
    columns: dict[str, list[float]] = {
        reason: [getattr(told[domain], reason) for domain in alone] for reason in Reasons._fields
    }
    gained = {way: [means[way, domain] - means["none", domain] for domain in alone] for way in WAYS}
    columns |= {f"gain_of_{way}": points for way, points in gained.items()}
    store(results, list(_lines(list(alone.values()), columns, gained)))


def _lines(
    alone: Sequence[Record], columns: Mapping[str, Sequence[float]], gained: Mapping[str, Sequence[float]]
) -> Iterator[Record]:
    shared = {key: alone[0][key] for key in ("dataset", "train", "split", "words", "system", "command")}
    shared["hardware"] = ""  # which is the same on every machine
    for column, figures in columns.items():
        for each, figure in zip(alone, figures):
            yield record(**shared, table=TABLE, domain=each["domain"], metric=column, values=[figure])
    for reason in Reasons._fields if len(alone) >= ENOUGH else ():
        for way, points in gained.items():
            metric, value = f"rank_correlation_of_{reason}_with_gain", rank_correlation(columns[reason], points)
            yield record(**shared, table=RANKS, domain="mean", metric=metric, values=[value], transfer=way)


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's; 0 where one side does not differ.

    >>> round(rank_correlation([1, 2, 3], [10, 30, 20]), 2), round(rank_correlation([1, 1, 3], [5, 5, 9]), 2)
    (0.5, 1.0)
    """
    if len({*one}) == 1 or len({*other}) == 1:
        return 0.0
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: Sequence[float]) -> np.ndarray:
    """The rank of each value; equal ones share theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def _train(folder: str) -> list[Example]:
    ontology = Ontology.load(CONVERTED / folder / "ontology.json")
    return list(read_examples(CONVERTED / folder / "train.jsonl", ontology))
