"""SemER, the semantic error rate of a sequence of clauses, each an intent with its slots.

Slot insertions, deletions and substitutions count one each (the slot error rate of Makhoul et al. 1999), and so does a
wrong, missing or spurious intent. Slots are right where label and words are equal; their order within a clause is free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from data_conversion.tree import Node


@dataclass
class Clause:
    """An intent, None where a tree has slots outside any, and its slots: the label and the words of each."""

    intent: str | None
    slots: list[tuple[str, str]] = field(default_factory=list)


def clauses(tree: Node | None, kinds: Mapping[str, str]) -> list[Clause]:
    """The intents of a tree in order, nested ones after the intent they are under, each with its own slots.

    >>> from data_conversion.tree import Leaf
    >>> tree = Node("and", (Node("VolumeUpIntent"), Node("PlayMusicIntent", (Node("Genre", (Leaf("folk", 5),)),))))
    >>> kinds = {"and": "operator", "VolumeUpIntent": "intent", "PlayMusicIntent": "intent", "Genre": "slot"}
    >>> clauses(tree, kinds)
    [Clause(intent='VolumeUpIntent', slots=[]), Clause(intent='PlayMusicIntent', slots=[('Genre', 'folk')])]
    """
    found: list[Clause] = []

    def walk(node: Node, clause: Clause | None) -> None:
        kind = kinds[node.label]
        if kind == "intent" or (kind == "slot" and clause is None):
            clause = Clause(node.label if kind == "intent" else None)
            found.append(clause)
        if kind == "slot" and clause is not None:
            clause.slots.append((node.label, text_of(node)))
        for child in node.children:
            if isinstance(child, Node):
                walk(child, clause)

    if tree is not None:
        walk(tree, None)
    return found


def error_rate(pairs: Iterable[tuple[list[Clause], list[Clause]]]) -> float | None:
    """The errors of a test set in percent of its reference slots and intents; None where it has none.

    One wrong slot of an intent with two slots is one error of three:

    >>> gold = Clause("PlayMusicIntent", [("Genre", "folk"), ("Mediatype", "music")])
    >>> round(error_rate([([gold], [Clause("PlayMusicIntent", [("Genre", "folk"), ("Mediatype", "songs")])])]), 1)
    33.3
    """
    errors = reference = 0
    for gold, predicted in pairs:
        errors += semantic_errors(gold, predicted)
        reference += sum(map(_size, gold))
    return 100 * errors / reference if reference else None


def semantic_errors(gold: Sequence[Clause], predicted: Sequence[Clause]) -> int:
    """The fewest errors of any alignment of clauses that keeps their order (Levenshtein over clauses).

    Aligned clauses cost one where the intents differ and the errors of their slots; a clause without a partner costs
    its intent and its slots.

    >>> turn_up, play = Clause("VolumeUpIntent"), Clause("PlayMusicIntent", [("Genre", "folk")])
    >>> semantic_errors([turn_up, play], [play]), semantic_errors([turn_up, play], [turn_up])
    (1, 2)
    """
    costs = [0]
    for clause in predicted:
        costs.append(costs[-1] + _size(clause))
    for reference in gold:
        above, costs = costs, [costs[0] + _size(reference)]
        for index, clause in enumerate(predicted):
            costs.append(
                min(
                    above[index] + _clause_errors(reference, clause),
                    above[index + 1] + _size(reference),
                    costs[index] + _size(clause),
                )
            )
    return costs[-1]


def _size(clause: Clause) -> int:
    return (clause.intent is not None) + len(clause.slots)


def _clause_errors(gold: Clause, predicted: Clause) -> int:
    """The slots that are not right, paired off as substitutions; the rest of the longer side is inserted or deleted."""
    right = (Counter(gold.slots) & Counter(predicted.slots)).total()
    return (gold.intent != predicted.intent) + max(len(gold.slots), len(predicted.slots)) - right


def text_of(node: Node) -> str:
    """The words under a node.

    >>> from data_conversion.tree import Leaf
    >>> text_of(Node("Title", (Leaf("star", 1), Leaf("wars", 2))))
    'star wars'
    """
    return " ".join(leaf.text for leaf in node.leaves())
