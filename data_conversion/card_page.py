"""The data card as one page that opens offline, made from the numbers of `statistics.data_card` and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from data_conversion.data_warnings import label_counts
from data_conversion.files import atomic_file
from data_conversion.ontology import KINDS
from data_conversion.page import boxes, document, table
from data_conversion.plots import histogram, ranked
from data_conversion.statistics import SHARES, headline, measures, percent

SHOWN = 20
"""The page shows that many rare labels, conflicting annotations and duplicates; the JSON has every conflict."""

_MEANING = {
    "nested": "an intent stands under a slot",
    "compound": "two clauses or more, a clause being an intent that is not under a slot",
    "slotless": "an intent has no node under it",
    "copyable leaves": "of all leaves of the trees, those that have a place in the utterance",
    "words kept": "every word of the utterance stands in the tree, in order",
    "our tokens": "the row's tokens are those of our own tokenizer",
    "duplicates": "the utterance stood in the split before",
    "in train": "the utterance stands in train, letter by letter",
    "actions": "the number of actions of a transition system that derive the tree",
}


def write_report(card: Mapping[str, Any], path: str | Path) -> None:
    """The card as a page, whole or not at all."""
    kinds = {label: entry["kind"] for label, entry in card["label_examples"].items()}
    body = [
        f"<h1>{escape(card['name'])}</h1>",
        f"<div class=note>Data card: {escape(headline(card))}; trees as {escape(', '.join(_formalisms(card)))}</div>",
        _tiles(card),
        _warnings(card["warnings"]),
        _example(card["example"], kinds),
        _plots(card),
        "<h2>In figures</h2>",
        table(["", *card["splits"]], ([name, *figures] for name, figures in measures(card))),
        _domains(card),
        _labels(card),
        _rarest(card, kinds),
        _conflicts(card["conflicts"], kinds),
        _duplicates(card),
        "<h2>What the words mean</h2><table>",
        *(f"<tr><th>{name}</th><td class=note>{meaning}</td></tr>" for name, meaning in _MEANING.items()),
        "</table>",
    ]
    with atomic_file(path) as temporary:
        temporary.write_text(document(f"Data card: {card['name']}", "\n".join(body)), encoding="utf-8")


def _formalisms(card: Mapping[str, Any]) -> list[str]:
    return sorted({name for split in card["splits"].values() for name in split["formalisms"]})


def _tiles(card: Mapping[str, Any]) -> str:
    figures = {f"rows of {name}": f"{split['rows']:,}" for name, split in card["splits"].items()}
    figures |= {"domains": str(len(card["domains"]))} if len(card["domains"]) > 1 else {}
    figures |= {
        f"{kind} label{'s' * (card['labels'][kind] != 1)}": str(card["labels"][kind])
        for kind in KINDS
        if card["labels"].get(kind)
    }
    kept = {split["words_kept"] for split in card["splits"].values() if split["rows"]}
    figures["words kept"] = "–".join(sorted({f"{share:.0%}" for share in (min(kept), max(kept))})) if kept else "–"
    tiles = (f"<div><b>{figure}</b>{name}</div>" for name, figure in figures.items())
    return f"<div class=tiles>{''.join(tiles)}</div>"


def _warnings(warnings: Sequence[str]) -> str:
    lines = "".join(f"<li>{escape(warning)}</li>" for warning in warnings)
    return f"<ul class=warnings>{lines}</ul>" if warnings else ""


def _example(row: Mapping[str, Any] | None, kinds: Mapping[str, str]) -> str:
    return "" if row is None else f"<h2>What a row is like</h2>{_row(row['utterance'], row['id'], row['tree'], kinds)}"


def _row(heading: str, note: str, tree: Sequence[Any], kinds: Mapping[str, str]) -> str:
    head = f"<h3>{escape(heading)} <small>{escape(note)}</small></h3>"
    return f"<section>{head}{boxes(tree, kinds)}</section>"


def _plots(card: Mapping[str, Any]) -> str:
    splits = card["splits"]
    names = {
        "tokens": ("Utterance length", "tokens"),
        "depth": ("Tree depth", "nodes from root to leaf"),
        "clauses": ("Clauses", "clauses of a request"),
    }
    plots = []
    for measure, (title, what) in names.items():
        series = {name: _counts(split[measure]) for name, split in splits.items()}
        if len({size for counts in series.values() for size in counts}) > 1:  # else the table says it all
            plots.append(_figure(title, {name: name for name in splits}, histogram(series, what)))
    first, split = next(iter(splits.items()))
    systems = dict(zip(split["actions"], ("intent", "operator", "slot", "function")))
    if systems:
        series = {system: _counts(split["actions"][system]) for system in systems}
        drawing = histogram(series, f"actions of a tree in {first}", list(systems.values()))
        plots.append(_figure("Actions by transition system", systems, drawing))
    return f"<h2>At a glance</h2><div class=plots>{''.join(plots)}{_label_plot(card, wide=len(plots) % 2 == 0)}</div>"


def _label_plot(card: Mapping[str, Any], *, wide: bool) -> str:
    name, split = next(iter(card["splits"].items()))
    ranking = sorted(
        ((label, kind, count) for kind, counts in split["labels"].items() for label, count in counts.items()),
        key=lambda entry: -entry[2],
    )
    used = {kind: kind for kind in split["labels"]}
    drawing = ranked(ranking, f"labels of {name}, by how often they occur (logarithmic)", wide=wide)
    return _figure("Label frequencies", used, drawing, "whole" if wide else "")


def _counts(distribution: Mapping[str, Any]) -> dict[int, int]:
    return {int(size): rows for size, rows in distribution["rows"].items()}


def _figure(title: str, colours: Mapping[str, str], drawing: str, style: str = "") -> str:
    key = "".join(
        f"<span class=key><i class=fill-{colour}></i>{escape(name)}</span>" for name, colour in colours.items()
    )
    return f"<figure class='{style}'><figcaption>{title}{key}</figcaption>{drawing}</figure>"


def _domains(card: Mapping[str, Any]) -> str:
    """Where there are several: how large each is, and what it is like in the last split, which is measured on."""
    if len(card["domains"]) < 2:
        return ""
    splits = card["splits"]
    last, split = list(splits.items())[-1]
    keys = [key for key in SHARES if key not in ("words_kept", "copyable_leaves") and split[key] is not None]
    rows = []
    for name, labels in card["domains"].items():
        sizes = [f"{of_split['domains'].get(name, {'rows': 0})['rows']:,}" for of_split in splits.values()]
        shares = [percent(split["domains"].get(name, {}).get(key)) for key in keys]
        rows.append([name, str(labels), *sizes, *shares])
    head = ["domain", "labels", *splits, *(SHARES[key] for key in keys)]
    note = f"<p class=note>Labels as the ontology has them; shares are of the rows of {last}.</p>"
    return f"<h2>Domains</h2>{note}{table(head, rows)}"


def _labels(card: Mapping[str, Any]) -> str:
    """Every label with its number in each split, and a bar as long as the most frequent of its kind allows."""
    parts = []
    for kind in KINDS:
        of_splits = [split["labels"].get(kind, {}) for split in card["splits"].values()]
        labels = list(dict.fromkeys(label for counts in of_splits for label in counts))
        most = max((counts[label] for counts in of_splits[:1] for label in counts), default=1)
        rows = [_label_row(label, [counts.get(label, 0) for counts in of_splits], most, kind) for label in labels]
        head = "".join(f"<th>{cell}</th>" for cell in [kind, *card["splits"], ""])
        if rows:
            opened, plural = "open" if len(rows) <= SHOWN else "", "s" * (len(rows) != 1)
            parts.append(
                f"<details {opened}><summary>{len(rows)} {kind} label{plural}</summary>"
                f"<div class=wide><table class=figures><thead><tr>{head}</tr></thead>"
                f"<tbody>{''.join(rows)}</tbody></table></div></details>"
            )
    return f"<h2>Labels</h2>{''.join(parts)}" if parts else ""


def _label_row(label: str, counts: Sequence[int], most: int, kind: str) -> str:
    cells = "".join(f"<td>{count:,}</td>" for count in counts)
    bar = f"<div class='bar fill-{kind}' style='width:{100 * counts[0] / most:.1f}%'></div>"
    return f"<tr><th title='{escape(label)}'>{escape(label)}</th>{cells}<td style='width:40%'>{bar}</td></tr>"


def _rarest(card: Mapping[str, Any], kinds: Mapping[str, str]) -> str:
    first, split = next(iter(card["splits"].items()))
    counts = label_counts(split)
    rarest = sorted(card["label_examples"], key=lambda label: (counts.get(label, 0), label))[:SHOWN]
    shown = "\n".join(
        _row(label, f"{counts.get(label, 0):,} in {first}; {row['id']}: {row['utterance']}", row["tree"], kinds)
        for label, row in ((label, card["label_examples"][label]["row"]) for label in rarest)
    )
    return f"<h2>The rarest labels</h2>{shown}" if rarest else ""


def _conflicts(conflicts: Sequence[Mapping[str, Any]], kinds: Mapping[str, str]) -> str:
    if not conflicts:
        return ""
    more = f"; the first {SHOWN} are shown" if len(conflicts) > SHOWN else ""
    shown = "\n".join(_conflict(conflict["utterance"], conflict["rows"], kinds) for conflict in conflicts[:SHOWN])
    return f"<h2>One utterance, several annotations</h2><p class=note>{len(conflicts):,} such{more}.</p>{shown}"


def _conflict(utterance: str, rows: Sequence[Mapping[str, Any]], kinds: Mapping[str, str]) -> str:
    both = "".join(f"<div><h4>{escape(row['id'])}</h4>{boxes(row['tree'], kinds)}</div>" for row in rows)
    return f"<section><h3>{escape(utterance)}</h3><div class=pair>{both}</div></section>"


def _duplicates(card: Mapping[str, Any]) -> str:
    parts = [
        f"<details><summary>{name}: {percent(split['duplicates'])} of rows repeat an earlier one</summary>"
        + table(["utterance", "times"], ([text, f"{times:,}"] for text, times in split["most_repeated"].items()))
        + "</details>"
        for name, split in card["splits"].items()
        if split["most_repeated"]
    ]
    head = "<h2>What is there more than once</h2><p class=note>The utterances that stand most often in a split.</p>"
    return head + "".join(parts) if parts else ""
