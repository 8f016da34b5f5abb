"""Ways to split data that papers train and test on. A strategy is a function of this module, named by its name: its
options are its keyword arguments, and it says of each row where it goes.

    >>> names()
    ['dedup', 'holdout', 'leave-domain', 'only-domain', 'spis', 'template']
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

from data_conversion.composer import MIXED
from data_conversion.errors import DataError

Template = tuple[Any, ...]
"""A tree without its leaves: the label and the templates below it."""


@dataclass(frozen=True, slots=True)
class Row:
    """What a strategy decides by.

    Attributes:
        split: where the row stands in the source.
        domain: its domain.
        utterance: its utterance.
        template: its tree without leaves.
        labels: its intents, slots and functions, each as often as it stands in the tree.
    """

    split: str
    domain: str
    utterance: str
    template: Template
    labels: tuple[str, ...]


Plan = list[str | None]
"""For each row the split where it goes, or None where it is left out."""


def holdout(rows: Sequence[Row], random: Random, *, share: float = 0.8) -> Plan:
    """Train without a dev part gives one up: of the n rows of each domain, floor(share * n) stay, chosen at random.

    >>> rows = [Row("train", "films", "find dune", ("Find",), ("Find",))] * 9
    >>> Counter(holdout(rows, Random(0)))
    Counter({'train': 7, 'dev': 2})

    The usual protocol for Overnight, with the share 0.8.

    Raises:
        DataError: the source has a dev part, or the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise DataError(f"the share of train that stays is {share}: it is to lie between 0 and 1")
    if any(row.split == "dev" for row in rows):
        raise DataError("the source has a dev part already: nothing needs to be held out")
    plan: Plan = [row.split for row in rows]
    for domain in dict.fromkeys(row.domain for row in rows):
        train = [index for index, row in enumerate(rows) if (row.split, row.domain) == ("train", domain)]
        stay = int(len(train) * Fraction(str(share)))
        for index in random.sample(train, len(train) - stay):
            plan[index] = "dev"
    return plan


def spis(rows: Sequence[Row], random: Random, *, spis: int = 25) -> Plan:
    """Samples of train and of dev with so many occurrences of each intent and slot of a domain; test stays whole.

    >>> rows = [Row("train", "films", "find dune", ("Find", ("Title",)), ("Find", "Title"))] * 9
    >>> Counter(spis(rows, Random(0), spis=2))
    Counter({None: 7, 'train': 2})

    The rows are gone through in random order, and one is taken where a label of it has not occurred often enough yet.
    This is how the low-resource parts of TOPv2 were sampled: in the order of their rows, each of the 28 released files
    holds no row that this would not take.

    Chen et al. 2020, *Low-Resource Domain Adaptation for Compositional Task-Oriented Semantic Parsing*.
    """
    plan: Plan = [row.split if row.split == "test" else None for row in rows]
    seen: Counter[tuple[str, str, str]] = Counter()
    for index in random.sample(range(len(rows)), len(rows)):
        row = rows[index]
        labels = [(row.split, row.domain, label) for label in row.labels]
        if row.split != "test" and any(seen[label] < spis for label in labels):
            plan[index] = row.split
            seen.update(labels)
    return plan


def leave_domain(rows: Sequence[Row], random: Random, *, domain: str) -> Plan:
    """Train and dev without a domain, and its test rows as test: what has been learnt of it from the others.

    >>> places = [("train", "music"), ("train", "timer"), ("test", "music"), ("test", "timer")]
    >>> rows = [Row(split, domain, "stop", ("Stop",), ("Stop",)) for split, domain in places]
    >>> leave_domain(rows, Random(0), domain="timer")
    ['train', None, None, 'test']

    Raises:
        DataError: there is no such domain, or no other in train; or compounds of several domains would bring it back.
    """
    if any(row.domain == MIXED for row in rows):
        raise DataError("compounds of several domains hold what is to be left out: split the simple requests instead")
    others = sorted({row.domain for row in rows if row.split == "train"} - {domain})
    if not others or not any(row.domain == domain for row in rows):
        known = ", ".join(sorted({row.domain for row in rows}))
        raise DataError(f"the domain {domain!r} cannot be left out of the data, whose domains are {known}")
    return [row.split if (row.domain == domain) == (row.split == "test") else None for row in rows]


def only_domain(rows: Sequence[Row], random: Random, *, domain: str) -> Plan:
    """The rows of one domain, each in its split: what is to be learnt after the others (`leave_domain`).

    >>> places = [("train", "music"), ("train", "timer"), ("test", "music"), ("test", "timer")]
    >>> rows = [Row(split, domain, "stop", ("Stop",), ("Stop",)) for split, domain in places]
    >>> only_domain(rows, Random(0), domain="timer")
    [None, 'train', None, 'test']

    Raises:
        DataError: train has no such domain.
    """
    known = sorted({row.domain for row in rows if row.split == "train"})
    if domain not in known:
        raise DataError(f"train has no domain {domain!r}: its domains are {', '.join(known)}")
    return [row.split if row.domain == domain else None for row in rows]


def dedup(rows: Sequence[Row], random: Random) -> Plan:
    """Dev and test without the utterances that stand in train, letter by letter.

    >>> rows = [Row("train", "music", "stop", ("Stop",), ("Stop",)), Row("test", "timer", "stop", ("Off",), ("Off",))]
    >>> dedup(rows, Random(0))
    ['train', None]
    """
    train = {row.utterance for row in rows if row.split == "train"}
    return [None if row.split != "train" and row.utterance in train else row.split for row in rows]


def template(rows: Sequence[Row], random: Random) -> Plan:
    """Splits of the sizes that they had, but no tree of one has the labels and the shape of a tree of another.

    >>> trees = [("Stop",), ("Play", ("Title",))]
    >>> rows = [Row(split, "music", "…", tree, ()) for split in ("train", "test") for tree in trees]
    >>> template(rows, Random(0))
    ['test', 'train', 'test', 'train']

    The templates of the whole data are taken in random order; each goes, with all its rows, to a split with room for
    it, at random by the room that is left. Where none has, the one with the most room grows.

    Raises:
        DataError: the source has one split alone.
    """
    room = Counter(row.split for row in rows)
    if len(room) < 2:
        raise DataError("the source has one split alone: there is nothing to keep apart")
    members: dict[Template, list[int]] = {}
    for index, row in enumerate(rows):
        members.setdefault(row.template, []).append(index)
    plan: Plan = [None] * len(rows)
    for of_template in random.sample(list(members.values()), len(members)):
        fitting = [split for split in room if room[split] >= len(of_template)] or [max(room, key=room.__getitem__)]
        (split,) = random.choices(fitting, [max(1, room[split]) for split in fitting])
        room[split] -= len(of_template)
        for index in of_template:
            plan[index] = split
    return plan


STRATEGIES: dict[str, Callable[..., Plan]] = {
    "dedup": dedup,
    "holdout": holdout,
    "leave-domain": leave_domain,
    "only-domain": only_domain,
    "spis": spis,
    "template": template,
}


def names() -> list[str]:
    """The strategies there are, by name."""
    return sorted(STRATEGIES)


def load(name: str) -> Callable[..., Plan]:
    """The strategy of that name.

    Raises:
        DataError: there is none.
    """
    if name not in STRATEGIES:
        raise DataError(f"no strategy is named {name!r}: choose one of {', '.join(names())}")
    return STRATEGIES[name]
