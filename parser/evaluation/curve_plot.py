"""The low-resource figures as a picture: exact match over the samples for each intent and slot, as a plain SVG file.

>>> point = dict(table=TABLE, split="test", metric="exact_match", domain="weather", transfer="none")
>>> told = [dict(point, train="topv2, 10 SPIS", mean=40.0), dict(point, train="topv2, 100 SPIS", mean=70.0)]
>>> low_resource_plot(told).count("<circle")  # two and one in the legend
3
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from math import log10
from typing import Any

from parser.evaluation.published import Figure

TABLE = "topv2-low-resource"
_SPIS = re.compile(r"(\d+) SPIS")
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 460, 280, 40, 12, 240, 44  # pixels
_COLOURS = ("#2b7bba", "#d9730d", "#1b9e77", "#9467bd")  # legible on white and on black
_OTHERS, _OTHERS_COLOUR = "published, no contextual encoder", "#888888"

Points = Sequence[tuple[int, float, str]]
"""The samples, the figure and what the mouse shows of it."""


def low_resource_plot(records: Sequence[Mapping[str, Any]], published: Sequence[Figure] = ()) -> str | None:
    """A line for each domain and way to train, and rings of its colour for what was published of parsers without a
    pretrained encoder.

    None where there are no figures of ours.
    """
    lines: dict[str, list[tuple[int, float, str]]] = {}
    for each in records:
        ours = (each["table"], each["split"], each["metric"]) == (TABLE, "test", "exact_match")
        if ours and each["domain"] != "mean" and (told := _SPIS.search(each["train"])):
            point = int(told[1]), each["mean"], f"{each['mean']:.1f}"
            lines.setdefault(_name(each["domain"], each["transfer"]), []).append(point)
    rings: dict[str, list[tuple[int, float, str]]] = {}
    for figure in published:
        if figure.dataset == "topv2" and not figure.contextual and (told := _SPIS.search(figure.train or "")):
            name = _name(figure.domain, figure.transfer)
            rings.setdefault(name, []).append((int(told[1]), figure.figure, f"{figure.figure:g}, {figure.of}"))
    return _drawn({name: sorted(lines[name]) for name in sorted(lines)}, rings) if lines else None


def _name(domain: str | None, transfer: str) -> str:
    return f"{domain}, {'alone' if transfer == 'none' else transfer}"


def _drawn(lines: Mapping[str, Points], rings: Mapping[str, Points]) -> str:
    samples = sorted({spis for points in [*lines.values(), *rings.values()] for spis, _, _ in points})
    span = log10(samples[-1] / samples[0]) or 1

    def place(spis: int, figure: float) -> tuple[float, float]:
        return round(log10(spis / samples[0]) / span * _WIDTH, 1), round(_HEIGHT * (1 - figure / 100), 1)

    marks = [f'<text x="{place(spis, 0)[0]}" y="{_HEIGHT + 18}" text-anchor="middle">{spis}</text>' for spis in samples]
    marks += [
        f'<path d="M0 {y}H{_WIDTH}" stroke="#8884"/><text x="-6" y="{y + 4}" text-anchor="end">{figure}</text>'
        for figure in range(0, 101, 20)
        for _, y in [place(samples[0], figure)]
    ]
    colours = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(lines)}
    for number, (name, points) in enumerate(lines.items()):
        path = " ".join(f"{x},{y}" for x, y in (place(spis, figure) for spis, figure, _ in points))
        marks.append(f'<polyline points="{path}" fill="none" stroke="{colours[name]}" stroke-width="2"/>')
        marks += [_dot(*place(spis, figure), colours[name], said) for spis, figure, said in points]
        marks += _legend(name, colours[name], number)
    for name, points in rings.items():
        colour = colours.get(name, _OTHERS_COLOUR)
        marks += [_dot(*place(spis, figure), colour, f"{name}: {said}", ring=True) for spis, figure, said in points]
    if rings:
        marks += _legend(_OTHERS, _OTHERS_COLOUR, len(lines), ring=True)
    what = "samples for each intent and slot (SPIS); exact match on test, percent"
    marks.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT + 38}" text-anchor="middle">{what}</text>')
    box = f"0 0 {_LEFT + _WIDTH + _RIGHT} {_TOP + _HEIGHT + _BOTTOM}"
    look = 'font-family="sans-serif" font-size="12" fill="#808080"'
    body = "\n".join(marks)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" {look}>\n<title>{what}</title>\n'
        f'<g transform="translate({_LEFT} {_TOP})">\n{body}\n</g></svg>\n'
    )


def _dot(x: float, y: float, colour: str, said: str, *, ring: bool = False) -> str:
    look = f'fill="none" stroke="{colour}" stroke-width="2"' if ring else f'fill="{colour}"'
    return f'<circle cx="{x}" cy="{y}" r="{4.5 if ring else 3.5}" {look}><title>{escape(said)}</title></circle>'


def _legend(name: str, colour: str, number: int, *, ring: bool = False) -> list[str]:
    """A line of the legend."""
    y = 8 + 20 * number
    return [_dot(_WIDTH + 22, y, colour, name, ring=ring), f'<text x="{_WIDTH + 34}" y="{y + 4}">{escape(name)}</text>']
