"""The data card: what a folder of converted data holds, in numbers, and what to look out for.

Of each split, and of each domain in it:

- nested: an intent stands under a slot; compound: two clauses or more; slotless: an intent without a node under it;
- copyable leaves: those that have a place in the utterance, of all leaves;
- words kept: every word of the utterance stands in the tree, in order;
- our tokens: the row's tokens are those of our own tokenizer;
- duplicates: the utterance stood in the split before; in train: it stands in train, letter by letter.

The clauses of a tree are its intents that are not under a slot. An utterance whose rows, in whatever split, have trees
that differ in labels, order or words has conflicting annotations. `card_page` draws the card as a page.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_conversion import formalisms
from data_conversion.data_warnings import data_warnings
from data_conversion.errors import DataError
from data_conversion.example import Example, read_examples
from data_conversion.files import atomic_file, require_data_folder
from data_conversion.frames import frame_of
from data_conversion.ontology import KINDS, Ontology
from data_conversion.releases import SPLITS
from data_conversion.tree import Leaf, Node

ActionCounters = Mapping[str, Callable[[Node], int]]

MOST_REPEATED = 20
"""That many duplicates of a split are named; conflicting annotations are named one and all."""


def data_card(
    folder: str | Path,
    action_counters: ActionCounters | None = None,
    *,
    progress: Callable[[int], object] | None = None,
) -> dict[str, Any]:
    """The numbers of a data folder, by split, as JSON holds them; shares are between 0 and 1.

    Args:
        folder: as `convert` or `compound` writes it.
        action_counters: for each transition system, by name, the number of actions that derive a tree.
        progress: called with 1 for each row read.

    Raises:
        DataError: the folder holds no ontology or no split, or a line of it is no example.
    """
    folder = require_data_folder(folder)
    ontology = Ontology.load(folder / "ontology.json")
    splits: dict[str, _Split] = {}
    rows = _Rows()
    for name in SPLITS:
        file = folder / f"{name}.jsonl"
        if file.exists():
            splits[name] = split = _Split(action_counters or {}, splits.get("train"))
            for line, example in enumerate(read_examples(file, ontology), start=1):
                try:
                    split.add(example)
                    rows.add(example)
                except DataError as error:
                    raise error.at(file=file, line=line) from None
                if progress:
                    progress(1)
    if not splits:
        raise DataError(f"none of {', '.join(f'{name}.jsonl' for name in SPLITS)} is in the folder", file=folder)
    card = {
        "name": folder.resolve().name,
        "domains": {name: len(labels) for name, labels in ontology.domains.items()},
        "labels": dict(Counter(label.kind for label in ontology.labels.values())),
        "splits": {name: split.card() for name, split in splits.items()},
        **rows.card(),
    }
    return {**card, "warnings": list(data_warnings(card))}


def write_json(card: Mapping[str, Any], path: str | Path) -> None:
    """The card as JSON, whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def nested(tree: Node) -> list[Any]:
    """A tree as JSON holds it: a list of the label and the children, where a word is a string.

    >>> nested(Node("and", (Node("Pause"), Node("Play", (Leaf("play"), Node("Genre", (Leaf("folk"),)))))))
    ['and', ['Pause'], ['Play', 'play', ['Genre', 'folk']]]
    """
    return [tree.label, *(child.text if isinstance(child, Leaf) else nested(child) for child in tree.children)]


@dataclass
class _Split:
    """The counts of one split, row by row."""

    action_counters: ActionCounters
    train: _Split | None
    utterances: set[str] = field(default_factory=set)
    repeated: Counter[str] = field(default_factory=Counter)
    domains: dict[str, Counter[str]] = field(default_factory=dict)
    formalisms: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in KINDS})
    sizes: dict[str, Counter[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sizes = {name: Counter() for name in ("clauses", "tokens", "depth", *self.action_counters)}

    def add(self, example: Example) -> None:
        """Count a row."""
        tree, utterance = example.tree, example.utterance
        kinds = formalisms.load(example.formalism).label_kinds(tree)
        nodes = list(tree.nodes())
        intents = [node for node in nodes if kinds[node.label] == "intent"]
        clauses = len(frame_of(tree, kinds=kinds).intents)
        positions = example.leaves
        counts = self.domains.setdefault(example.domain, Counter())
        counts["rows"] += 1
        counts["nested"] += len(intents) > clauses
        counts["compound"] += clauses > 1
        counts["slotless"] += any(not any(isinstance(child, Node) for child in node.children) for node in intents)
        counts["words_kept"] += example.words_kept
        counts["our_tokens"] += example.our_tokens
        counts["leaves"] += len(positions)
        counts["copyable"] += len(positions) - positions.count(None)
        if utterance in self.utterances:
            counts["duplicates"] += 1
            self.repeated[utterance] += 1
        counts["in_train"] += self.train is not None and utterance in self.train.utterances
        self.utterances.add(utterance)
        self.formalisms[example.formalism] += 1
        for node in nodes:
            self.labels[kinds[node.label]][node.label] += 1
        for name, size in [("clauses", clauses), ("tokens", len(example.tokens)), ("depth", tree.depth)]:
            self.sizes[name][size] += 1
        for name, actions in self.action_counters.items():
            self.sizes[name][actions(tree)] += 1

    def card(self) -> dict[str, Any]:
        """The numbers of the split."""
        sizes = {name: _distribution(counts) for name, counts in self.sizes.items()}
        domains = sorted(self.domains.items(), key=lambda item: -item[1]["rows"])
        return {
            **self._shares(sum(self.domains.values(), Counter())),
            "domains": {name: self._shares(counts) for name, counts in domains},
            "formalisms": dict(self.formalisms.most_common()),
            "labels": {kind: dict(labels.most_common()) for kind, labels in self.labels.items() if labels},
            **{name: sizes[name] for name in ("clauses", "tokens", "depth")},
            "actions": {name: sizes[name] for name in self.action_counters},
            "most_repeated": {text: times + 1 for text, times in self.repeated.most_common(MOST_REPEATED)},
        }

    def _shares(self, counts: Counter[str]) -> dict[str, Any]:
        rows = max(1, counts["rows"])
        shares = ("nested", "compound", "slotless", "words_kept", "our_tokens", "duplicates")
        return {
            "rows": counts["rows"],
            **{name: counts[name] / rows for name in shares},
            "in_train": None if self.train is None else counts["in_train"] / rows,
            "copyable_leaves": counts["copyable"] / max(1, counts["leaves"]),
        }


def _distribution(counts: Counter[int]) -> dict[str, Any]:
    """With strings for keys, as JSON has them."""
    total = sum(size * rows for size, rows in counts.items())
    rows_by_size = {str(size): rows for size, rows in sorted(counts.items())}
    return {"mean": total / max(1, counts.total()), "max": max(counts, default=0), "rows": rows_by_size}


@dataclass
class _Rows:
    """The rows that are worth showing, over all splits: some of the labels, and all of those that contradict others."""

    first: dict[str, tuple[str, str]] = field(default_factory=dict)  # utterance → id and tree, as text: memory counts
    others: dict[str, dict[str, str]] = field(default_factory=dict)  # utterance → other tree → id
    of_label: dict[str, dict[str, Any]] = field(default_factory=dict)
    typical: tuple[int, dict[str, Any]] | None = None

    def add(self, example: Example) -> None:
        """Look at a row."""
        tree = nested(example.tree)
        text = json.dumps(tree)
        _, first = self.first.setdefault(example.utterance, (example.id, text))
        if text != first:
            self.others.setdefault(example.utterance, {}).setdefault(text, example.id)
        row = {"id": example.id, "domain": example.domain, "utterance": example.utterance, "tree": tree}
        nodes = list(example.tree.nodes())
        for node in nodes:
            if node.label not in self.of_label:
                kind = formalisms.load(example.formalism).label_kinds(example.tree)[node.label]
                self.of_label[node.label] = {"kind": kind, "row": row}
        size = len({node.label for node in nodes}) if len(example.tokens) <= 12 else 0  # fits on a line, and says much
        if self.typical is None or size > self.typical[0]:
            self.typical = (size, row)

    def card(self) -> dict[str, Any]:
        """An example of the data, one of every label, and the conflicting annotations."""
        conflicts = []
        for utterance, others in self.others.items():
            identifier, first = self.first[utterance]
            trees = [(identifier, first), *((other, text) for text, other in others.items())]
            rows = [{"id": key, "tree": json.loads(text)} for key, text in trees]  # ids may come again
            conflicts.append({"utterance": utterance, "rows": rows})
        return {
            "example": self.typical[1] if self.typical else None,
            "label_examples": self.of_label,
            "conflicts": conflicts,
        }


# -- for the terminal --------------------------------------------------------------------------------------------------

SHARES = {
    "nested": "nested",
    "compound": "compound",
    "slotless": "slotless",
    "copyable_leaves": "copyable leaves",
    "words_kept": "words kept",
    "our_tokens": "our tokens",
    "duplicates": "duplicates",
    "in_train": "in train",
}


def measures(card: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The rows of the table: a name, and a figure for each split."""
    splits = list(card["splits"].values())
    yield "rows", [f"{split['rows']:,}" for split in splits]
    for kind in KINDS:
        if card["labels"].get(kind):
            yield f"{kind} labels used", [str(len(split["labels"].get(kind, ()))) for split in splits]
    for count in sorted({int(count) for split in splits for count in split["clauses"]["rows"]}):
        name = "1 clause" if count == 1 else f"{count} clauses"
        shares = [split["clauses"]["rows"].get(str(count), 0) / max(1, split["rows"]) for split in splits]
        yield name, [percent(share) for share in shares]
    for name in ("tokens", "depth"):
        yield f"{name}: mean, max", [f"{split[name]['mean']:.1f}, {split[name]['max']}" for split in splits]
    for key, name in SHARES.items():
        if any(split[key] is not None for split in splits):
            yield name, [percent(split[key]) for split in splits]
    for system in splits[0]["actions"]:
        yield f"{system} actions", [f"{split['actions'][system]['mean']:.1f}" for split in splits]


def percent(share: float | None) -> str:
    """A share between 0 and 1 for people; empty where there is none."""
    return "" if share is None else f"{100 * share:.1f}%"


def headline(card: Mapping[str, Any]) -> str:
    """How many domains and labels there are."""
    counts = {"domain": len(card["domains"]), **{f"{kind} label": card["labels"].get(kind, 0) for kind in KINDS}}
    return ", ".join(f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items() if count)


def format_card(card: Mapping[str, Any]) -> str:
    """The card as a table for the terminal, a column for each split, and what to look out for."""
    rows = [("", list(card["splits"])), *measures(card)]
    width = max(len(name) for name, _ in rows)
    widths = [max(map(len, column)) for column in zip(*(figures for _, figures in rows))]
    lines = [
        "  ".join([name.ljust(width), *(figure.rjust(size) for figure, size in zip(figures, widths))]).rstrip()
        for name, figures in rows
    ]
    warnings = [f"note: {warning}" for warning in card["warnings"]]
    return "\n".join([f"{card['name']}: {headline(card)}", "", *lines, *([""] if warnings else []), *warnings])
