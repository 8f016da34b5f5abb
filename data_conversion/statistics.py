"""The data card: what a folder of converted data holds, in numbers, for the terminal and as a page.

Of each split:

- nested: an intent stands under a slot; compound: two clauses or more; slotless: an intent without a node under it;
- copyable leaves: those that have a place in the utterance, of all leaves;
- words kept: every word of the utterance stands in the tree, in order;
- our tokens: the row's tokens are those of our own tokenizer;
- duplicates: the utterance stood in the split before; in train: it stands in train, letter by letter.

The clauses of a tree are its intents that are not under a slot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from data_conversion import formalisms
from data_conversion.errors import DataError
from data_conversion.example import Example, read_examples
from data_conversion.files import atomic_file
from data_conversion.frames import frame_of
from data_conversion.ontology import KINDS, Ontology
from data_conversion.releases import SPLITS
from data_conversion.tokenization import tokenize
from data_conversion.tree import Node

ActionCounters = Mapping[str, Callable[[Node], int]]


def data_card(folder: str | Path, action_counters: ActionCounters | None = None) -> dict[str, Any]:
    """The numbers of a data folder, by split, ready for JSON; shares are between 0 and 1.

    Args:
        folder: as `convert` or `compound` writes it.
        action_counters: for each transition system, by name, the number of actions that derive a tree.

    Raises:
        DataError: the folder holds no ontology or no split, or a line of it is no example.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError("no such folder: convert annotated data first", file=folder)
    ontology = Ontology.load(folder / "ontology.json")
    splits: dict[str, _Split] = {}
    for name in SPLITS:
        if (folder / f"{name}.jsonl").exists():
            splits[name] = split = _Split(action_counters or {}, splits.get("train"))
            for example in read_examples(folder / f"{name}.jsonl", ontology):
                split.add(example)
    if not splits:
        raise DataError(f"none of {', '.join(f'{name}.jsonl' for name in SPLITS)} is in the folder", file=folder)
    return {
        "name": folder.resolve().name,
        "domains": list(ontology.domains),
        "labels": Counter(label.kind for label in ontology.labels.values()),
        "splits": {name: split.card() for name, split in splits.items()},
    }


@dataclass
class _Split:
    """The counts of one split, row by row."""

    action_counters: ActionCounters
    train: _Split | None
    rows: int = 0
    utterances: set[str] = field(default_factory=set)
    domains: Counter[str] = field(default_factory=Counter)
    formalisms: Counter[str] = field(default_factory=Counter)
    labels: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in KINDS})
    clauses: Counter[int] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)  # over all rows, to be divided
    longest: Counter[str] = field(default_factory=Counter)

    def add(self, example: Example) -> None:
        """Count a row."""
        tree = example.tree
        kinds = formalisms.load(example.formalism).label_kinds(tree)
        clauses = len(frame_of(tree, kinds=kinds).intents)
        nodes = list(tree.nodes())
        self.rows += 1
        self.domains[example.domain] += 1
        self.formalisms[example.formalism] += 1
        self.clauses[clauses] += 1
        for node in nodes:
            self.labels[kinds[node.label]][node.label] += 1
        for name, size in [("depth", tree.depth), ("tokens", len(example.tokens))]:
            self.totals[name] += size
            self.longest[name] = max(self.longest[name], size)
        intents = [node for node in nodes if kinds[node.label] == "intent"]
        positions = example.leaves
        self.totals += Counter(
            nested=len(intents) > clauses,
            compound=clauses > 1,
            slotless=any(not any(isinstance(child, Node) for child in node.children) for node in intents),
            words_kept=example.words_kept,
            our_tokens=example.tokens == tuple(token.text for token in tokenize(example.utterance)),
            duplicates=example.utterance in self.utterances,
            in_train=self.train is not None and example.utterance in self.train.utterances,
            leaves=len(positions),
            copyable=sum(position is not None for position in positions),
        )
        for name, actions in self.action_counters.items():
            self.totals[f"{name} actions"] += actions(tree)
        self.utterances.add(example.utterance)

    def card(self) -> dict[str, Any]:
        """The numbers of the split."""
        share = {name: total / max(1, self.rows) for name, total in self.totals.items()}
        shares = ("nested", "compound", "slotless", "words_kept", "our_tokens", "duplicates")
        return {
            "rows": self.rows,
            "domains": dict(self.domains.most_common()),
            "formalisms": dict(self.formalisms.most_common()),
            "labels": {kind: dict(labels.most_common()) for kind, labels in self.labels.items() if labels},
            "clauses": dict(sorted(self.clauses.items())),
            **{name: {"mean": share.get(name, 0.0), "max": self.longest[name]} for name in ("depth", "tokens")},
            **{name: share.get(name, 0.0) for name in shares},
            "in_train": None if self.train is None else share.get("in_train", 0.0),
            "copyable_leaves": self.totals["copyable"] / max(1, self.totals["leaves"]),
            "actions": {name: share.get(f"{name} actions", 0.0) for name in self.action_counters},
        }


# -- for people --------------------------------------------------------------------------------------------------------

_SHARES = {
    "nested": "nested",
    "compound": "compound",
    "slotless": "slotless",
    "copyable_leaves": "copyable leaves",
    "words_kept": "words kept",
    "our_tokens": "our tokens",
    "duplicates": "duplicates",
    "in_train": "in train",
}


def _measures(card: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The rows of the table: a name, and a figure for each split."""
    splits = list(card["splits"].values())
    yield "rows", [f"{split['rows']:,}" for split in splits]
    for kind in KINDS:
        if card["labels"].get(kind):
            yield f"{kind} labels used", [str(len(split["labels"].get(kind, ()))) for split in splits]
    for count in sorted({count for split in splits for count in split["clauses"]}):
        name = "1 clause" if count == 1 else f"{count} clauses"
        yield name, [_percent(split["clauses"].get(count, 0) / max(1, split["rows"])) for split in splits]
    for name in ("tokens", "depth"):
        yield f"{name}: mean, max", [f"{split[name]['mean']:.1f}, {split[name]['max']}" for split in splits]
    for key, name in _SHARES.items():
        yield name, [_percent(split[key]) for split in splits]
    for system in splits[0]["actions"]:
        yield f"{system} actions", [f"{split['actions'][system]:.1f}" for split in splits]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}%"


def _headline(card: Mapping[str, Any]) -> str:
    counts = {"domain": len(card["domains"]), **{f"{kind} label": card["labels"].get(kind, 0) for kind in KINDS}}
    return ", ".join(f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items() if count)


def format_card(card: Mapping[str, Any]) -> str:
    """The card as a table for the terminal, a column for each split."""
    rows = [("", list(card["splits"])), *_measures(card)]
    width = max(len(name) for name, _ in rows)
    widths = [max(map(len, column)) for column in zip(*(figures for _, figures in rows))]
    lines = [
        "  ".join([name.ljust(width), *(figure.rjust(size) for figure, size in zip(figures, widths))]).rstrip()
        for name, figures in rows
    ]
    return "\n".join([f"{card['name']}: {_headline(card)}", "", *lines])


_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { padding: .15rem .8rem; text-align: right; border-bottom: 1px solid #ddd; font-variant-numeric: tabular-nums }
th:first-child, td:first-child { text-align: left }
pre { white-space: pre-wrap; font: inherit; color: #555 }
"""


def write_report(card: Mapping[str, Any], path: str | Path) -> None:
    """The card as one page that opens offline: the table, then how often each domain and label occurs."""
    splits = card["splits"]
    tables = [_table("", list(splits), _measures(card))]
    for title, counts in [
        ("domain", {name: split["domains"] for name, split in splits.items()}),
        *((kind, {name: split["labels"].get(kind, {}) for name, split in splits.items()}) for kind in KINDS),
    ]:
        names = dict.fromkeys(name for of_split in counts.values() for name in of_split)
        rows = ((name, [f"{of_split.get(name, 0):,}" for of_split in counts.values()]) for name in names)
        if names:
            tables.append(_table(title, list(splits), rows))
    title = escape(f"Data card: {card['name']}")
    page = (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>\n'
        f"<h1>{title}</h1>\n<p>{escape(_headline(card))}</p>\n"
        f"{''.join(tables)}<pre>{escape(__doc__ or '')}</pre></html>\n"
    )
    with atomic_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _table(title: str, columns: list[str], rows: Iterator[tuple[str, list[str]]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in [title, *columns])
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in [name, *figures]) + "</tr>\n" for name, figures in rows
    )
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>\n"
