"""Circuits as SVG pictures: a wire for every class, the calls from left to right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as xml

from hologram.circuit.generators import (
    REDUCE_NAMES,
    Call,
    Copy,
    Evaluate,
    Immediate,
    Mark,
    Merge,
    Quote,
    ReduceMax,
    ReduceMin,
    ReduceSum,
    Single,
    Softmax,
    Split,
    Swap,
    operands,
    reads,
    singles,
    writes,
)

MOST_CALLS = 400
"""More calls than this are not drawn; a note says how many there are."""
_ROW, _COLUMN, _MARGIN, _HEAD, _BOX = 34, 74, 58, 30, 22
_STYLE = """
.wire, .link { stroke: #64748b; stroke-width: 1.2; fill: none }
.read { fill: #64748b }
.box { fill: #e0f2fe; stroke: #0369a1 }
.move { fill: #fef3c7; stroke: #b45309 }
.fold { fill: #dcfce7; stroke: #15803d }
.cross { stroke: #b45309; stroke-width: 1.8 }
text { font: 12px ui-monospace, monospace; fill: #0f172a }
.middle { text-anchor: middle; dominant-baseline: central }
.title { font: 600 13px ui-sans-serif, sans-serif }
"""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A call in its column."""

    call: Single
    column: int


def draw(panels: Sequence[tuple[str, Iterable[Call]]]) -> str:
    """An SVG picture of some circuits below each other, each a title and its calls; all have the same wires.

    >>> draw([("as written", [Mark(21)])]).startswith("<svg")
    True
    """
    drawn = [(title, [one for call in calls for one in singles(call)]) for title, calls in panels]
    classes = sorted({c for _, ones in drawn for one in ones for c in _touched(one)})
    rows = {c: k for k, c in enumerate(classes)}
    columns = 1
    body: list[xml.Element] = []
    top = 0
    for title, ones in drawn:
        placed = _columns(ones[:MOST_CALLS], rows)
        used = 1 + max((p.column for p in placed), default=0)
        columns = max(columns, used)
        beyond = len(ones) - MOST_CALLS
        note = f" (the first {MOST_CALLS} of {len(ones)} calls)" if beyond > 0 else ""
        group = xml.Element("g", transform=f"translate(0 {top})")
        _text(group, 10, 19, title + note, "title")
        for c, row in rows.items():
            _wire(group, c, _HEAD + _ROW * (row + 0.5), used)
        for place in placed:
            _draw_call(group, place, rows)
        body.append(group)
        top += _HEAD + _ROW * len(rows) + 12
    width = max(2 * _MARGIN + _COLUMN * columns, *(24 + 8 * len(title) for title, _ in drawn), 260)
    root = xml.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {top}")
    root.set("width", str(width))
    root.set("height", str(top))
    xml.SubElement(root, "style").text = _STYLE
    xml.SubElement(root, "rect", width="100%", height="100%", fill="white")
    root.extend(body)
    return xml.tostring(root, encoding="unicode") + "\n"


def _touched(one: Single) -> frozenset[int]:
    return frozenset({one.place}) if isinstance(one, Quote | Evaluate) else reads(one) | writes(one)


def _columns(ones: Sequence[Single], rows: dict[int, int]) -> list[_Placed]:
    """Every call as far left as the wires it crosses allow."""
    free = [0] * len(rows)
    out = []
    for one in ones:
        crossed = [rows[c] for c in _touched(one)]
        span = range(min(crossed), max(crossed) + 1)
        column = max(free[row] for row in span)
        for row in span:
            free[row] = column + 1
        out.append(_Placed(one, column))
    return out


def _wire(group: xml.Element, place: int, y: float, columns: int) -> None:
    _text(group, 10, y + 4, f"c{place:02}")
    end = _MARGIN + _COLUMN * columns
    xml.SubElement(group, "path", {"class": "wire", "d": f"M{_MARGIN - 14} {y:g}H{end}"})


def _draw_call(group: xml.Element, placed: _Placed, rows: dict[int, int]) -> None:
    call = placed.call
    x = _MARGIN + _COLUMN * (placed.column + 0.5)
    heights = {c: _HEAD + _ROW * (rows[c] + 0.5) for c in _touched(call)}
    if len(heights) > 1:
        low, high = min(heights.values()), max(heights.values())
        xml.SubElement(group, "path", {"class": "link", "d": f"M{x:g} {low:g}V{high:g}"})
    if isinstance(call, Swap):
        for y in heights.values():
            xml.SubElement(group, "path", {"class": "cross", "d": f"M{x - 5:g} {y - 5:g}l10 10m0 -10l-10 10"})
        return
    target, label, kind = _box(call)
    for place in reads(call) - {target}:
        xml.SubElement(group, "circle", {"class": "read", "cx": f"{x:g}", "cy": f"{heights[place]:g}", "r": "3.5"})
    width = max(30, 8 + 7 * len(label))
    corner = {"x": f"{x - width / 2:g}", "y": f"{heights[target] - _BOX / 2:g}", "rx": "4"}
    xml.SubElement(group, "rect", {"class": kind, **corner, "width": str(width), "height": str(_BOX)})
    _text(group, x, heights[target], label, "middle")


def _box(call: Single) -> tuple[int, str, str]:
    """Where a call's box stands, what is written in it, and its kind."""
    match call:
        case Mark(place):
            return place, "mark", "move"
        case Quote(place) | Evaluate(place):
            return place, type(call).__name__.lower(), "box"
        case Copy(_, dst):
            return dst, "copy", "move"
        case Merge() | Split():
            numbers = [str(o) for o in operands(call) if isinstance(o, Immediate)]
            return call.dst, " ".join([call.variant, *numbers]), "box"
        case ReduceSum() | ReduceMin() | ReduceMax():
            return call.dst, REDUCE_NAMES[type(call)] + _count(call.n), "fold"
        case Softmax(_, dst, n):
            return dst, "softmax" + _count(n), "fold"
        case Swap(a, _):
            return a, "swap", "move"


def _count(n: int | None) -> str:
    return "" if n is None else f"[{n}]"


def _text(group: xml.Element, x: float, y: float, text: str, kind: str = "") -> None:
    attributes = {"x": f"{x:g}", "y": f"{y:g}"} | ({"class": kind} if kind else {})
    xml.SubElement(group, "text", attributes).text = text
