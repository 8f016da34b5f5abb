"""The low-resource figures as a picture: exact match over the samples for each intent and slot, as a plain SVG file.

>>> point = dict(table=TABLE, split="test", metric="exact_match", domain="weather", transfer="none")
>>> told = [dict(point, train="topv2, 10 SPIS", mean=40.0), dict(point, train="topv2, 100 SPIS", mean=70.0)]
>>> low_resource_plot(told).count("<circle")  # two and one in the legend
3
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from math import log10
from typing import Any

from parser.evaluation.published import Figure

TABLE = "topv2-low-resource"
_SPIS = re.compile(r"(\d+) SPIS")
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 460, 280, 40, 12, 230, 44  # pixels
_OTHERS = "published, no contextual encoder"
_COLOURS = ("#2b7bba", "#d9730d", "#1b9e77", "#9467bd", "#888888")  # legible on white and on black

Lines = Mapping[str, Sequence[tuple[int, float, str]]]
"""For each line the samples, the figure and what the mouse shows of it."""


def low_resource_plot(records: Sequence[Mapping[str, Any]], published: Sequence[Figure] = ()) -> str | None:
    """A line for each domain and way to train, and dots for what was published of parsers without a pretrained encoder.

    None where there are no figures of ours.
    """
    lines: dict[str, list[tuple[int, float, str]]] = {}
    for each in records:
        told = _SPIS.search(each["train"])
        ours = (each["table"], each["split"], each["metric"]) == (TABLE, "test", "exact_match")
        if ours and told and each["domain"] != "mean":
            name = each["domain"] + ("" if each["transfer"] == "none" else f", {each['transfer']}")
            lines.setdefault(name, []).append((int(told[1]), each["mean"], f"{each['mean']:.1f}"))
    if not lines:
        return None
    for figure in published:
        if figure.dataset == "topv2" and not figure.contextual and (told := _SPIS.search(figure.train or "")):
            way = "alone" if figure.transfer == "none" else figure.transfer
            said = f"{figure.domain}, {way}: {figure.figure:g}, {figure.of}"
            lines.setdefault(_OTHERS, []).append((int(told[1]), figure.figure, said))
    return _drawn({name: sorted(points) for name, points in lines.items()})


def _drawn(lines: Lines) -> str:
    samples = sorted({spis for points in lines.values() for spis, _, _ in points})
    span = log10(samples[-1] / samples[0]) or 1

    def place(spis: int, figure: float) -> tuple[float, float]:
        return round(log10(spis / samples[0]) / span * _WIDTH, 1), round(_HEIGHT * (1 - figure / 100), 1)

    marks = [f'<text x="{place(spis, 0)[0]}" y="{_HEIGHT + 18}" text-anchor="middle">{spis}</text>' for spis in samples]
    marks += [
        f'<path d="M0 {y}H{_WIDTH}" stroke="#8884"/><text x="-6" y="{y + 4}" text-anchor="end">{figure}</text>'
        for figure in range(0, 101, 20)
        for _, y in [place(samples[0], figure)]
    ]
    for number, (name, points) in enumerate(lines.items()):
        marks += _line(name, [(*place(spis, figure), said) for spis, figure, said in points], number)
    what = "samples for each intent and slot (SPIS); exact match on test, percent"
    marks.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT + 38}" text-anchor="middle">{what}</text>')
    box = f"0 0 {_LEFT + _WIDTH + _RIGHT} {_TOP + _HEIGHT + _BOTTOM}"
    look = 'font-family="sans-serif" font-size="12" fill="#808080"'
    body = "\n".join(marks)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" {look}>\n<title>{what}</title>\n'
        f'<g transform="translate({_LEFT} {_TOP})">\n{body}\n</g></svg>\n'
    )


def _line(name: str, points: Sequence[tuple[float, float, str]], number: int) -> Iterator[str]:
    """The line, its dots, and its name in the legend; published figures are dots alone."""
    colour, y = _COLOURS[number % len(_COLOURS)], 8 + 20 * number
    if name != _OTHERS:
        path = " ".join(f"{x},{y}" for x, y, _ in points)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for x, height, said in points:
        yield f'<circle cx="{x}" cy="{height}" r="3.5" fill="{colour}"><title>{escape(said)}</title></circle>'
    yield f'<circle cx="{_WIDTH + 22}" cy="{y}" r="5" fill="{colour}"/>'
    yield f'<text x="{_WIDTH + 34}" y="{y + 4}">{escape(name)}</text>'
