"""The ontology: which labels a domain has, of what kind, and what has been seen under each.

Learnt from training trees only; it tells the bracket reader a slotless intent from a word, gives the parser its label
vocabulary and its masks, and gives people an inventory to read.

    >>> from data_conversion.tree import Leaf, Node
    >>> tree = Node("PlayMusicIntent", (Node("Mediatype", (Leaf("music", 1),)),))
    >>> ontology = Ontology.learn([("music", tree, {"PlayMusicIntent": "intent", "Mediatype": "slot"})])
    >>> ontology.labels["Mediatype"]
    Label(kind='slot', children=(), leaves=True, childless=False)
    >>> sorted(ontology.intents)
    ['PlayMusicIntent']
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from data_conversion.errors import DataError
from data_conversion.files import atomic_file
from data_conversion.json_text import read_json
from data_conversion.tree import Leaf, Node

KINDS = ("intent", "slot", "operator", "function")
VERSION = 1


@dataclass(frozen=True, slots=True)
class Label:
    """What training has shown of a label.

    Attributes:
        kind: intent, slot, operator or function.
        children: the labels seen directly under it, sorted.
        leaves: words were seen directly under it.
        childless: it was seen with nothing under it.
    """

    kind: str
    children: tuple[str, ...] = ()
    leaves: bool = False
    childless: bool = False

    def merged(self, other: Label) -> Label:
        """What both have shown, for one label in two domains or two trees."""
        return Label(
            self.kind,
            tuple(sorted({*self.children, *other.children})),
            self.leaves or other.leaves,
            self.childless or other.childless,
        )


@dataclass(frozen=True)
class Ontology:
    """The label inventory of every domain: `domains[name][label]` is a `Label`."""

    domains: Mapping[str, Mapping[str, Label]]

    @classmethod
    def learn(cls, trees: Iterable[tuple[str, Node, Mapping[str, str]]]) -> Ontology:
        """From training trees, each with its domain and the kinds of its labels (a formalism's `label_kinds`).

        Raises:
            DataError: a label is of two kinds.
        """
        domains: dict[str, dict[str, Label]] = {}
        for domain, tree, kinds in trees:
            labels = domains.setdefault(domain, {})
            for node in tree.nodes():
                add_label(labels, node, kinds[node.label])
        return cls({name: dict(sorted(labels.items())) for name, labels in sorted(domains.items())})

    @cached_property
    def labels(self) -> dict[str, Label]:
        """Every label of every domain; a label that two domains share is merged."""
        merged: dict[str, Label] = {}
        for labels in self.domains.values():
            for name, label in labels.items():
                merged[name] = merged[name].merged(label) if name in merged else label
        return dict(sorted(merged.items()))

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The kind of every label."""
        return {name: label.kind for name, label in self.labels.items()}

    @cached_property
    def intents(self) -> frozenset[str]:
        """The names of all intents."""
        return frozenset(name for name, kind in self.kinds.items() if kind == "intent")

    def check(self, tree: Node) -> None:
        """Does nothing for a tree whose labels are all known.

        Raises:
            DataError: a label is not in the ontology.
        """
        for node in tree.nodes():
            if node.label not in self.labels:
                raise DataError(f"the ontology does not know the label {node.label!r}")

    def to_dict(self) -> dict[str, Any]:
        """As `ontology.json` holds it."""
        return {
            "version": VERSION,
            "domains": {
                domain: {
                    "labels": {
                        name: {
                            "kind": label.kind,
                            "children": list(label.children),
                            "leaves": label.leaves,
                            "childless": label.childless,
                        }
                        for name, label in labels.items()
                    }
                }
                for domain, labels in self.domains.items()
            },
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Ontology:
        """From what `to_dict` gives.

        Raises:
            DataError: the record is not an ontology of this version.
        """
        try:
            if record["version"] != VERSION:
                raise DataError(f"ontology version {record['version']!r} is not {VERSION}: convert the data again")
            return cls(
                {
                    domain: {name: _label(label) for name, label in entry["labels"].items()}
                    for domain, entry in record["domains"].items()
                }
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f"not an ontology: {type(error).__name__} {error}") from None

    def save(self, path: str | Path) -> None:
        """Write `ontology.json`."""
        with atomic_file(path) as temporary:
            temporary.write_text(json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Ontology:
        """Read `ontology.json`.

        Raises:
            DataError: no such file, not JSON, or not an ontology.
        """
        try:
            return cls.from_dict(read_json(Path(path)))
        except DataError as error:
            raise error.at(file=path) from None


def only_functions(tree: Node) -> Mapping[str, str]:
    """The kind of every label of a logical form: function."""
    return dict.fromkeys((node.label for node in tree.nodes()), "function")


def _label(record: Mapping[str, Any]) -> Label:
    """A label of `ontology.json`; raises `TypeError` where it is none."""
    label = Label(record["kind"], tuple(record["children"]), record["leaves"], record["childless"])
    if label.kind not in KINDS or not all(isinstance(child, str) for child in label.children):
        raise TypeError(f"kind {label.kind!r} with the children {label.children!r}")
    return label


def add_label(labels: dict[str, Label], node: Node, kind: str) -> None:
    """Note in `labels` what `node` shows of its label.

    Raises:
        DataError: the label is of another kind already.
    """
    known = labels.get(node.label)
    if known is not None and known.kind != kind:
        raise DataError(f"the label {node.label!r} is a {kind} here and a {known.kind} elsewhere: rename one of them")
    seen = Label(
        kind,
        tuple(sorted({child.label for child in node.children if isinstance(child, Node)})),
        any(isinstance(child, Leaf) for child in node.children),
        not node.children,
    )
    labels[node.label] = known.merged(seen) if known else seen
