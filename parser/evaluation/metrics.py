"""How well predicted trees match gold trees: the metrics, each a small function, and `evaluate`, which gathers them.

The worked examples speak of *play folk music*. A metric that does not apply to the data (tags of nested trees, intents
of logical forms) is None.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data_conversion import formalisms
from data_conversion.errors import DataError
from data_conversion.example import Example
from data_conversion.frames import Frame, frame_of
from data_conversion.ontology import Ontology
from data_conversion.tree import Leaf, Node
from parser.evaluation.semantic_errors import clauses, error_rate, text_of


def evaluate(
    gold: Iterable[Example],
    predicted: Iterable[Node | None],
    *,
    ontology: Ontology,
    train_values: frozenset[tuple[str, str]] | None = None,
) -> dict[str, Any]:
    """All metrics of a test set, in percent (`semer` too, which can exceed 100), with the counts they rest on.

    Args:
        gold: the annotated examples.
        predicted: the tree for each, or None where there is none; copied leaves hold their positions.
        ontology: that of the training data, which says what the labels are.
        train_values: the slot values of the training data (`slot_values`), for the split by values seen and unseen.

    Raises:
        DataError: there is no example, or not one prediction for each.

    >>> folk = Node("PlayMusicIntent", (Node("Genre", (Leaf("folk", 1),)), Node("Mediatype", (Leaf("music", 2),))))
    >>> example = Example("1", "music", "play folk music", ("play", "folk", "music"), folk)
    >>> kinds = {"PlayMusicIntent": "intent", "Genre": "slot", "Mediatype": "slot"}
    >>> metrics = evaluate([example], [folk], ontology=Ontology.learn([("music", folk, kinds)]))
    >>> metrics["count"], metrics["exact_match"], metrics["semer"], metrics["exact_match_by_clauses"]
    (1, 100.0, 0.0, {'1': 100.0})
    """
    gold, predicted = list(gold), list(predicted)
    if not gold:
        raise DataError("there are no examples to evaluate on")
    if len(gold) != len(predicted):
        raise DataError(f"there are {len(predicted)} predictions for {len(gold)} examples")
    pairs = [_pair(example, tree, ontology) for example, tree in zip(gold, predicted)]
    words_kept = all(example.words_kept for example in gold)
    return {
        "count": len(pairs),
        "predicted_count": sum(pair.predicted is not None for pair in pairs),
        "exact_match": _share(pairs, _exact),
        "frame_accuracy": _share(pairs, _frame_right),
        "intent_accuracy": _share(pairs, _intents_right),
        "slot_f1": f1((slots(pair.gold, pair.kinds), slots(pair.predicted, pair.kinds)) for pair in pairs),
        "bracket_f1": (f1((brackets(pair.gold), brackets(pair.predicted)) for pair in pairs) if words_kept else None),
        "tree_validity": _share(
            pairs, lambda pair: is_valid(pair.predicted, pair.example.tokens, ontology, words_kept=words_kept)
        ),
        "semer": error_rate((clauses(pair.gold, pair.kinds), clauses(pair.predicted, pair.kinds)) for pair in pairs),
        **_by_clauses(pairs),
        **_by_values(pairs, train_values),
    }


def kinds_of(example: Example, predicted: Node | None, ontology: Ontology) -> dict[str, str]:
    """The kind (intent, slot, operator or function) of every label of an example and its prediction.

    As training knows it, else as the gold tree shows it; a label that neither knows is a function.
    """
    nodes = predicted.nodes() if predicted is not None else ()
    return {
        **{node.label: "function" for node in nodes},
        **formalisms.load(example.formalism).label_kinds(example.tree),
        **ontology.kinds,
    }


# -- trees and frames --------------------------------------------------------------------------------------------------


def exact_match(gold: Node, predicted: Node | None) -> bool:
    """Whether labels, order and leaf texts are equal; positions are not compared.

    >>> folk = Node("PlayMusicIntent", (Node("Genre", (Leaf("folk", 1),)), Node("Mediatype", (Leaf("music", 2),))))
    >>> exact_match(folk, folk.without_positions()), exact_match(folk, Node(folk.label, folk.children[::-1]))
    (True, False)
    """
    return predicted is not None and gold.without_positions() == predicted.without_positions()


def same_frame(gold: Frame, predicted: Frame) -> bool:
    """Whether the tags rebuilt from the positions of the leaves are equal and the sets of intents too.

    Spans stand for the tags, which they determine; a tree that copies one word into two values has no tags and is
    wrong. Which clause owns which slot is not compared, nor is the order.

    >>> from data_conversion.frames import Span
    >>> gold = Frame(("PlayMusicIntent",), (Span("Genre", 1, 2), Span("Mediatype", 2, 3)))
    >>> same_frame(gold, Frame(("PlayMusicIntent", "PlayMusicIntent"), gold.spans[::-1]))
    True
    >>> same_frame(gold, Frame(("PlayMusicIntent",), (Span("Genre", 1, 3),)))
    False
    """
    return same_intents(gold, predicted) and Counter(gold.spans) == Counter(predicted.spans)


def same_intents(gold: Frame, predicted: Frame) -> bool:
    """Whether the sets of intents are equal.

    >>> same_intents(Frame(("PlayMusicIntent", "VolumeUpIntent"), ()), Frame(("VolumeUpIntent",), ()))
    False
    """
    return set(gold.intents) == set(predicted.intents)


def has_tags(tree: Node, kinds: Mapping[str, str]) -> bool:
    """Whether BIO tags can say what the slots of a tree are: flat, copied word by word, one slot node a value.

    >>> whole = Node("Search", (Node("Title", (Leaf("star", 1), Leaf("wars", 2))),))
    >>> per_token = Node("Search", (Node("Title", (Leaf("star", 1),)), Node("Title", (Leaf("wars", 2),))))
    >>> kinds = {"Search": "intent", "Title": "slot"}
    >>> has_tags(whole, kinds), has_tags(per_token, kinds)
    (True, False)
    """
    values = [node for node in tree.nodes() if kinds[node.label] == "slot"]
    flat = not any(kinds[below.label] in ("intent", "slot") for slot in values for below in list(slot.nodes())[1:])
    copied = all(leaf.position is not None for slot in values for leaf in slot.leaves())
    return flat and copied and not any(_per_token(node) for node in tree.nodes() if kinds[node.label] == "intent")


def _per_token(intent: Node) -> bool:
    """Whether an intent has sibling slots of one label on neighbouring words: whole values would stand under `add`."""
    for left, right in zip(intent.children, intent.children[1:]):
        if isinstance(left, Node) and isinstance(right, Node) and left.label == right.label:
            last, first = list(left.leaves())[-1:], list(right.leaves())[:1]
            if last and first and last[0].position is not None and last[0].position + 1 == first[0].position:
                return True
    return False


def is_valid(tree: Node | None, tokens: Sequence[str], ontology: Ontology, *, words_kept: bool) -> bool:
    """Whether a prediction is a whole, legal tree for its utterance.

    Its labels are known to the ontology, only those stand childless that may, a copied leaf is the token at its
    position and, where the data keeps the words, the leaves are the tokens in order.

    >>> ontology = Ontology.learn([("music", Node("PauseIntent"), {"PauseIntent": "intent"})])
    >>> [is_valid(Node(label), ("pause",), ontology, words_kept=False) for label in ("PauseIntent", "StopIntent")]
    [True, False]
    """
    if tree is None:
        return False
    if any(node.label not in ontology.labels for node in tree.nodes()):
        return False
    if any(not node.children and not ontology.labels[node.label].childless for node in tree.nodes()):
        return False
    leaves = list(tree.leaves())
    if words_kept and [leaf.position for leaf in leaves] != list(range(len(tokens))):
        return False
    return all(leaf.position is None or _copies(leaf, tokens) for leaf in leaves)


def _copies(leaf: Leaf, tokens: Sequence[str]) -> bool:
    return leaf.position is not None and 0 <= leaf.position < len(tokens) and tokens[leaf.position] == leaf.text


# -- labelled spans ----------------------------------------------------------------------------------------------------


def f1(pairs: Iterable[tuple[Counter[Any], Counter[Any]]]) -> float | None:
    """The harmonic mean of precision and recall over all items of a test set, in percent; None where there are none.

    Of three gold items and one predicted, which is right, precision is 1 and recall 1/3:

    >>> f1([(Counter("aab"), Counter("a"))])
    50.0
    """
    right = gold_count = predicted_count = 0
    for gold, predicted in pairs:
        right += (gold & predicted).total()
        gold_count += gold.total()
        predicted_count += predicted.total()
    return _percent(2 * right, gold_count + predicted_count)


def slots(tree: Node | None, kinds: Mapping[str, str]) -> Counter[tuple[str, tuple[int | None, ...]]]:
    """The slots of a tree, nested ones too: the label and the tokens of each. Operators are transparent.

    >>> folk = Node("PlayMusicIntent", (Node("Genre", (Leaf("folk", 1),)), Node("Mediatype", (Leaf("music", 2),))))
    >>> sorted(slots(folk, {"PlayMusicIntent": "intent", "Genre": "slot", "Mediatype": "slot"}))
    [('Genre', (1,)), ('Mediatype', (2,))]
    """
    nodes = tree.nodes() if tree is not None else ()
    return Counter(
        (node.label, tuple(leaf.position for leaf in node.leaves())) for node in nodes if kinds[node.label] == "slot"
    )


def brackets(tree: Node | None) -> Counter[tuple[str, int | None, int | None]]:
    """Every node of a tree whose words are kept: its label, first and last token (TOP's labelled bracketing).

    Gupta et al. 2018, https://aclanthology.org/D18-1300

    >>> folk = Node("PlayMusicIntent", (Node("Genre", (Leaf("folk", 1),)), Node("Mediatype", (Leaf("music", 2),))))
    >>> sorted(brackets(folk))
    [('Genre', 1, 1), ('Mediatype', 2, 2), ('PlayMusicIntent', 1, 2)]
    """
    found: Counter[tuple[str, int | None, int | None]] = Counter()
    for node in tree.nodes() if tree is not None else ():
        positions = [leaf.position for leaf in node.leaves()] or [None]
        found[node.label, positions[0], positions[-1]] += 1
    return found


def slot_values(examples: Iterable[Example], ontology: Ontology) -> frozenset[tuple[str, str]]:
    """The slot values of some data, each with its slot: what `evaluate` wants of the training data.

    >>> folk = Node("PlayMusicIntent", (Node("Genre", (Leaf("folk", 1),)), Node("Mediatype", (Leaf("music", 2),))))
    >>> example = Example("1", "music", "play folk music", ("play", "folk", "music"), folk)
    >>> kinds = {"PlayMusicIntent": "intent", "Genre": "slot", "Mediatype": "slot"}
    >>> sorted(slot_values([example], Ontology.learn([("music", folk, kinds)])))
    [('Genre', 'folk'), ('Mediatype', 'music')]
    """
    return frozenset(
        value for example in examples for value in _values(example.tree, kinds_of(example, None, ontology))
    )


def _values(tree: Node, kinds: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(node.label, text_of(node)) for node in tree.nodes() if kinds[node.label] == "slot"]


# -- one example and its prediction ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pair:
    """An example and its prediction, flattened once."""

    example: Example
    predicted: Node | None
    kinds: Mapping[str, str]
    gold_frame: Frame
    predicted_frame: Frame | None

    @property
    def gold(self) -> Node:
        return self.example.tree


def _pair(example: Example, predicted: Node | None, ontology: Ontology) -> _Pair:
    kinds = kinds_of(example, predicted, ontology)
    predicted_frame = frame_of(predicted, kinds=kinds) if predicted is not None else None
    return _Pair(example, predicted, kinds, frame_of(example.tree, kinds=kinds), predicted_frame)


def _exact(pair: _Pair) -> bool:
    return exact_match(pair.gold, pair.predicted)


def _intents_right(pair: _Pair) -> bool | None:
    if not pair.gold_frame.intents:
        return None
    return pair.predicted_frame is not None and same_intents(pair.gold_frame, pair.predicted_frame)


def _frame_right(pair: _Pair) -> bool | None:
    if pair.example.formalism != "bracket" or not has_tags(pair.gold, pair.kinds):
        return None
    return pair.predicted_frame is not None and same_frame(pair.gold_frame, pair.predicted_frame)


def _share(pairs: Sequence[_Pair], right: Callable[[_Pair], bool | None]) -> float | None:
    """The percentage of pairs that are right; None where the question does not apply to all of them."""
    answers = [right(pair) for pair in pairs]
    if None in answers:
        return None
    return _percent(sum(map(bool, answers)), len(answers))


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _by_clauses(pairs: Sequence[_Pair]) -> dict[str, Any]:
    """Counts, exact match and frame accuracy for each number of clauses: the intents that are not under a slot."""
    groups: dict[int, list[_Pair]] = {}
    for pair in pairs:
        groups.setdefault(len(pair.gold_frame.intents), []).append(pair)
    groups.pop(0, None)  # logical forms have no clauses
    ordered = {str(number): groups[number] for number in sorted(groups)}
    return {
        "count_by_clauses": {number: len(group) for number, group in ordered.items()},
        "exact_match_by_clauses": {number: _share(group, _exact) for number, group in ordered.items()},
        "frame_accuracy_by_clauses": {number: _share(group, _frame_right) for number, group in ordered.items()},
    }


def _by_values(pairs: Sequence[_Pair], train_values: frozenset[tuple[str, str]] | None) -> dict[str, Any]:
    """Counts and exact match where all slot values were seen in training, and where one was not."""
    if train_values is None:
        return {}
    seen: list[_Pair] = []
    unseen: list[_Pair] = []
    for pair in pairs:
        (seen if train_values.issuperset(_values(pair.gold, pair.kinds)) else unseen).append(pair)
    return {
        "count_seen_values": len(seen),
        "count_unseen_values": len(unseen),
        "exact_match_seen_values": _share(seen, _exact),
        "exact_match_unseen_values": _share(unseen, _exact),
    }
