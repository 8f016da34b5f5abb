"""What an evaluation found, for people: a table for the terminal, a page for the browser, predictions line by line.

    >>> print(format_table({"count": 2, "exact_match": 50.0, "slot_f1": None, "exact_match_by_clauses": {"1": 50.0}}))
    utterances      2
    exact match  50.0
    <BLANKLINE>
    clauses  exact match
    1               50.0

Metrics are percentages; one that does not apply to the data is left out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from data_conversion import formalisms
from data_conversion.example import Example
from data_conversion.files import atomic_file
from data_conversion.frames import frame_of
from data_conversion.ontology import Ontology
from data_conversion.page import document
from data_conversion.tree import Leaf, Node
from parser.evaluation.metrics import exact_match, kinds_of

MAX_ERRORS = 1000
"""The page lists that many errors at most; the predictions file has them all."""

_ABSENT = "—"

_NAMES = {
    "count": "utterances",
    "predicted_count": "utterances with a tree",
    "slot_f1": "slot F1",
    "bracket_f1": "bracket F1",
    "semer": "SemER",
    "count_seen_values": "utterances, all values seen",
    "count_unseen_values": "utterances, a value unseen",
    "exact_match_seen_values": "exact match, all values seen",
    "exact_match_unseen_values": "exact match, a value unseen",
    "parse_utt_s": "utterances per CPU-second",
    "constraints_changed": "parses that the constraints changed",
}

_MEANING = {
    "exact_match": "labels, order and words of the whole tree are right",
    "frame_accuracy": "the slot tags and the set of intents are right",
    "intent_accuracy": "the set of intents is right",
    "slot_f1": "slots, by label and tokens",
    "bracket_f1": "all nodes, by label, first and last token",
    "tree_validity": "a whole, legal tree for the utterance",
    "domain_accuracy": "the domain, where the model finds it out, is right",
    "semer": "semantic error rate: slot and intent errors per reference slot and intent; less is better",
}


# -- terminal ----------------------------------------------------------------------------------------------------------


def format_table(metrics: Mapping[str, Any]) -> str:
    """The metrics as aligned lines, percentages with one decimal; what does not apply to the data is left out."""
    return "\n\n".join(_align(rows) for rows in _tables(metrics) if rows)


def _tables(metrics: Mapping[str, Any]) -> list[list[list[str]]]:
    """The plain figures, then those by number of clauses, with a head row."""
    plain = {name: value for name, value in metrics.items() if isinstance(value, (int, float))}
    by_clauses = {name: value for name, value in metrics.items() if name.endswith("_by_clauses") and value}
    by_clauses = {name: value for name, value in by_clauses.items() if set(value.values()) != {None}}
    rows = [[_words(name), _figure(value)] for name, value in plain.items()]
    if not by_clauses:
        return [rows]
    head = ["clauses", *(_words(name.removesuffix("_by_clauses")) for name in by_clauses)]
    numbers = next(iter(by_clauses.values()))
    return [
        rows,
        [head, *([number, *(_figure(column[number]) for column in by_clauses.values())] for number in numbers)],
    ]


def _words(name: str) -> str:
    return _NAMES.get(name, name.replace("_", " "))


def _figure(value: float | None) -> str:
    if value is None:
        return _ABSENT
    return f"{value:,}" if isinstance(value, int) else f"{value:.1f}"


def _align(rows: Sequence[Sequence[str]]) -> str:
    """Columns of equal width: the first to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))])
        for row in rows
    )


# -- predictions, line by line -----------------------------------------------------------------------------------------


def write_predictions(
    examples: Iterable[Example],
    predictions: Iterable[Node | None],
    scores: Iterable[float | None],
    path: str | Path,
    *,
    ontology: Ontology,
    model_ontology: Ontology,
) -> None:
    """JSON lines with `id`, `utterance`, `gold` and `predicted` tree, `score` and `exact_match`, whole or not at all.

    Gold trees are written by the `ontology` of the data, predictions by the model's, which may have other intents.

    Raises:
        DataError: a tree cannot be written in the formalism of its example.
    """
    with atomic_file(path) as temporary, open(temporary, "w", encoding="utf-8") as lines:
        for example, predicted, score in zip(examples, predictions, scores):
            write = formalisms.load(example.formalism).write
            record = {
                "id": example.id,
                "utterance": example.utterance,
                "gold": write(example.tree, ontology),
                "predicted": write(predicted, model_ontology) if predicted is not None else None,
                "score": score,
                "exact_match": exact_match(example.tree, predicted),
            }
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")


# -- one page ----------------------------------------------------------------------------------------------------------


def write_html(
    metrics: Mapping[str, Any],
    examples: Sequence[Example],
    predictions: Sequence[Node | None],
    path: str | Path,
    *,
    ontology: Ontology,
) -> None:
    """One page that opens offline: metrics, exact match by clauses, confused intents, and the errors side by side."""
    errors = [pair for pair in zip(examples, predictions) if not exact_match(pair[0].tree, pair[1])]
    body = [
        "<h1>Evaluation</h1>",
        _metrics_section(metrics),
        _clauses_section(metrics),
        _confusion_section(confusions(examples, predictions, ontology)),
        _errors_section(errors, len(examples)),
    ]
    with atomic_file(path) as temporary:
        temporary.write_text(document("Evaluation", "\n".join(body)), encoding="utf-8", errors="replace")


def confusions(
    examples: Iterable[Example], predictions: Iterable[Node | None], ontology: Ontology
) -> Counter[tuple[str, str]]:
    """How often each gold intent was predicted as which, an intent that is there twice counting twice.

    The intents that an utterance and its prediction share are right; the others are paired in order, and an intent
    without a partner is paired with `—`.
    """
    found: Counter[tuple[str, str]] = Counter()
    for example, predicted in zip(examples, predictions):
        kinds = kinds_of(example, predicted, ontology)
        gold = Counter(frame_of(example.tree, kinds=kinds).intents)
        ours = Counter(frame_of(predicted, kinds=kinds).intents) if predicted is not None else Counter()
        found.update({(intent, intent): count for intent, count in (gold & ours).items()})
        missed, spurious = list((gold - ours).elements()), list((ours - gold).elements())
        size = max(len(missed), len(spurious))
        found.update(zip(_filled(missed, size), _filled(spurious, size)))
    return found


def _filled(intents: list[str], size: int) -> list[str]:
    return intents + [_ABSENT] * (size - len(intents))


class Line(NamedTuple):
    """A line of an outline: how deep it stands, the label of a node or nothing, and words."""

    depth: int
    label: str
    words: str


def outline(tree: Node, depth: int = 0) -> list[Line]:
    """The tree as indented lines; words that stand together are on one line, with their label where it has only words.

    >>> for line in outline(Node("Play", (Leaf("play", 0), Node("Genre", (Leaf("acid", 1), Leaf("jazz", 2)))))):
    ...     print(line)
    Line(depth=0, label='Play', words='')
    Line(depth=1, label='', words='play')
    Line(depth=1, label='Genre', words='acid jazz')
    """
    if all(isinstance(child, Leaf) for child in tree.children):
        return [Line(depth, tree.label, " ".join(leaf.text for leaf in tree.leaves()))]
    lines = [Line(depth, tree.label, "")]
    for are_leaves, children in groupby(tree.children, lambda child: isinstance(child, Leaf)):
        if are_leaves:
            lines.append(Line(depth + 1, "", " ".join(child.text for child in children if isinstance(child, Leaf))))
        else:
            lines += [line for child in children if isinstance(child, Node) for line in outline(child, depth + 1)]
    return lines


def _metrics_section(metrics: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{escape(_words(name))}</th><td>{_figure(value)}</td><td class=note>{_MEANING.get(name, '')}</td></tr>"
        for name, value in metrics.items()
        if isinstance(value, (int, float))
    )
    return f"<p class=note>Metrics are percentages.</p><table>{rows}</table>"


def _clauses_section(metrics: Mapping[str, Any]) -> str:
    counts = metrics.get("count_by_clauses", {})
    rows = "".join(
        f"<tr><th>{number}</th><td>{_figure(value)}</td><td><div class=bar style='width:{value * 2:.0f}px'></div></td>"
        f"<td class=note>of {counts.get(number, 0):,}</td></tr>"
        for number, value in metrics.get("exact_match_by_clauses", {}).items()
    )
    return f"<h2>Exact match by number of clauses</h2><table>{rows}</table>" if rows else ""


def _confusion_section(found: Counter[tuple[str, str]]) -> str:
    """The matrix of those intents that are ever confused: gold down, predicted across."""
    wrong = [pair for pair in found if pair[0] != pair[1]]
    gold, ours = sorted({pair[0] for pair in wrong}), sorted({pair[1] for pair in wrong})
    if not wrong:
        return ""
    most = max(found[pair] for pair in wrong)
    head = "".join(f"<th class=turned><span>{escape(name)}</span></th>" for name in ours)
    rows = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(_cell(name, other, found, most) for other in ours)}</tr>" for name in gold
    )
    return (
        "<h2>Confused intents</h2><p class=note>Rows are gold, columns predicted; — is no intent at all. "
        f"Intents that are never confused are left out.</p><table class=matrix><tr><th></th>{head}</tr>{rows}</table>"
    )


def _cell(gold: str, predicted: str, found: Counter[tuple[str, str]], most: int) -> str:
    count = found[gold, predicted]
    if gold == predicted:
        return f"<td class=right>{count or ''}</td>"
    return f"<td style='background:rgba(214,69,65,{0.6 * count / most:.2f})'>{count or ''}</td>"


def _errors_section(errors: Sequence[tuple[Example, Node | None]], total: int) -> str:
    shown = f"; the first {MAX_ERRORS:,} are shown" if len(errors) > MAX_ERRORS else ""
    head = f"<h2>Errors</h2><p class=note>{len(errors):,} of {total:,}{shown}. What differs is marked.</p>"
    return head + "\n".join(_error(example, predicted) for example, predicted in errors[:MAX_ERRORS])


def _error(example: Example, predicted: Node | None) -> str:
    gold, ours = outline(example.tree), outline(predicted) if predicted is not None else [Line(0, "", "no tree")]
    gold_differs, ours_differ = set(range(len(gold))), set(range(len(ours)))
    for block in SequenceMatcher(None, gold, ours, autojunk=False).get_matching_blocks():
        gold_differs -= set(range(block.a, block.a + block.size))
        ours_differ -= set(range(block.b, block.b + block.size))
    return (
        f"<section><h3>{escape(example.utterance)} <small>{escape(example.id)}</small></h3><div class=pair>"
        f"<div><h4>gold</h4>{''.join(_outlined(gold, gold_differs))}</div>"
        f"<div><h4>predicted</h4>{''.join(_outlined(ours, ours_differ))}</div></div></section>"
    )


def _outlined(lines: Sequence[Line], differing: set[int]) -> Iterator[str]:
    for index, line in enumerate(lines):
        text = f"<b>{escape(line.label)}</b> {escape(line.words)}".removeprefix("<b></b> ")
        mark = "mark" if index in differing else "span"
        yield f"<div style='padding-left:{1.4 * line.depth:g}em'><{mark}>{text}</{mark}></div>"
