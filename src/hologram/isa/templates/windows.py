"""Convolutions as products: what is under each window gathered in panels, which weights are multiplied with.

Three programs follow each other: `pad` puts zeros around and between the elements of images, `gather` copies what is
under the windows, and `Slid` multiplies packed weights with that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hologram.isa.affine import Poly
from hologram.isa.builder import Builder, Value
from hologram.isa.cache import ProgramKey
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Program
from hologram.isa.templates.made import made
from hologram.types import Type


def _quotient(b: Builder, number: Value, by: Value) -> Value:
    """A number from 0 on divided by a positive one, without remainder: lanes divide reals much faster than integers."""
    whole = b.div(b.add(b.cvt(number, type=Type.F64), 0.5), b.cvt(by, type=Type.F64))
    found: Value = b.cvt(whole, type=Type.I64)
    return found


def pad(type: Type, spread: bool) -> Program:
    """`pad(x, out, images, above, …)`: images with zeros around, and between their elements if spread.

    out[i, y, x] = x[i, (y − above) / apart_y, (x − before) / apart_x], 0 where there is no such element.
    """
    return made(ProgramKey("pad", (type,), (), (spread,)), lambda: _pad(type, spread))


def pad_name(type: Type, spread: bool) -> str:
    """The name of that program."""
    return f"pad_{type.value}{'_spread' if spread else ''}"


def _pad(type: Type, spread: bool) -> Program:
    b = Builder(pad_name(type, spread))
    given, result = b.array("x", type, 3), b.array("out", type, 3, "w")
    images = b.mov_param(b.scalar("images", Type.I64))
    numbers = [b.mov_param(b.scalar(name, Type.I64)) for name in ("above", "before", "apart_y", "apart_x")]
    view, out = b.view(given), b.view(result)
    lengths = [b.mov_param(Slot(given, Field.SHAPE, axis)) for axis in (1, 2)]
    extent = [Slot(result, Field.SHAPE, axis) for axis in (2, 1, 0)]
    x, y, image = (b.global_id(axis) for axis in "xyz")
    with b.if_(b.set("lt", x, b.mov_param(extent[0]))):
        value: Value = b.mov_imm(0, type=type)
        inside, places = b.set("lt", image, images), []
        for at, before, apart, length in zip((y, x), numbers[:2], numbers[2:], lengths, strict=True):
            place = distance = b.sub(at, before)
            here = b.set("ge", distance, 0)
            if spread:
                place = _quotient(b, distance, apart)
                here = b.pand(here, b.set("eq", b.mul(place, apart), distance))
            here = b.pand(here, b.set("lt", place, length))
            inside = b.pand(inside, here)
            places.append(place)
        with b.if_(inside):
            b.ldg(b.at(view, image, *places), into=value)
        b.store(value, out, image, y, x)
    return b.build(extent)


GATHERED = (
    *("inputs", "rows", "columns", "pixels", "across", "total", "panels", "per_image"),
    *("each_image", "each_group", "each_channel", "down", "right", "below", "beside"),
)
"""The numbers of `gather`."""


def gather(source: Type, target: Type, width: int, straight: bool) -> Program:
    """`gather(x, out, inputs, rows, …)`: what is under windows, as panels of `width` pixels of a group of channels.

    out[group · panels + panel, (channel · rows + u) · columns + v, lane] is x at the window of pixel panel · width +
    lane, of `total` in all images of `pixels` each, `across` of them in a row; beyond them the last one comes again.
    `x` is flat; `each_image`, `each_group` and `each_channel` are elements from one to the next, `down` and `right`
    from one window to the next, `below` and `beside` inside of a window.

    Straight, windows lie one element apart: each image has `per_image` panels of its own, whose pixels are all elements
    one after the other, those at the ends of rows where no window begins among them.
    """
    key = ProgramKey("gather", (source, target), ((width,),), (straight,))
    return made(key, lambda: _gather(source, target, width, straight))


def gather_name(source: Type, target: Type, width: int, straight: bool) -> str:
    """The name of that program."""
    return f"gather_{source.value}_{target.value}_{width}{'_straight' if straight else ''}"


def _gather(source: Type, target: Type, width: int, straight: bool) -> Program:
    b = Builder(gather_name(source, target, width, straight))
    flat, result = b.array("x", source), b.array("out", target, 3, "w")
    slots = {name: b.scalar(name, Type.I64) for name in GATHERED}
    view, out = b.view(flat), b.view(result)
    n = {name: b.mov_param(slot) for name, slot in slots.items()}
    lane, channel, place = (b.global_id(axis) for axis in "xyz")
    group = b.div(place, n["panels"])
    panel = b.sub(place, b.mul(group, n["panels"]))
    with b.if_(b.set("lt", lane, width)):
        start = b.mad(group, n["each_group"], b.mul(channel, n["each_channel"]))
        start = (_straight if straight else _at_windows)(b, n, start, panel, lane, width)
        first = b.mul(channel, b.mul(n["rows"], n["columns"]))
        with b.for_range(0, n["rows"]) as u, b.scratch():
            above = b.mad(u, n["below"], start)
            k = b.mad(u, n["columns"], first)
            with b.for_range(0, n["columns"]) as v, b.scratch():
                value = b.load(view, b.mad(v, n["beside"], above))
                b.store(value if source is target else b.cvt(value, type=target), out, place, b.add(k, v), lane)
    return b.build([Poly.const(width), Slot(slots["inputs"]), Slot(result, Field.SHAPE, 0)])


def _straight(b: Builder, n: Mapping[str, Value], start: Value, panel: Value, lane: Value, width: int) -> Value:
    """Where the pixels of a panel of one image begin."""
    image = b.div(panel, n["per_image"])
    inside = b.sub(panel, b.mul(image, n["per_image"]))
    found: Value = b.add(b.mad(inside, width, b.mad(image, n["each_image"], start)), lane)
    return found


def _at_windows(b: Builder, n: Mapping[str, Value], start: Value, panel: Value, lane: Value, width: int) -> Value:
    """Where the windows of a panel begin."""
    pixel = b.min(b.mad(panel, width, lane), b.sub(n["total"], 1))
    image = _quotient(b, pixel, n["pixels"])
    rest = b.sub(pixel, b.mul(image, n["pixels"]))
    row = _quotient(b, rest, n["across"])
    column = b.sub(rest, b.mul(row, n["across"]))
    found: Value = b.mad(row, n["down"], b.mad(column, n["right"], b.mad(image, n["each_image"], start)))
    return found


SLID = ("outputs", "blocks", "count", "channels", "per_image", "pixels", "across", "kept", "total")
"""The numbers of `slid`."""


@dataclass(frozen=True, slots=True)
class Slid:
    """One program: packed weights of `rows` outputs a lane times panels of `width` pixels, summed in order of k."""

    summed: Type
    y: Type
    rows: int
    width: int
    bias: Type | None = None

    @property
    def name(self) -> str:
        """The program's name, which tells everything about it."""
        types = [self.summed, self.y] + ([] if self.bias is None else [self.bias])
        return "_".join(["slid", *(t.value for t in types), str(self.rows), str(self.width)])

    def program(self) -> Program:
        """`slid(weight, panels, [bias,] y, outputs, blocks, …)`.

        The weights have the axes groups · blocks, k, rows, the panels groups · count, k, width, y images · channels
        and pixels. `outputs` are the channels of a group, `channels` all that y has. The panels are `per_image` for
        one image after the other, of `pixels` in rows of `across`, the first `kept` of which are y's; `total` pixels
        belong to these panels together.
        """
        types = (self.summed, self.y, *([] if self.bias is None else [self.bias]))
        key = ProgramKey("slid", types, ((self.rows, self.width),), (self.bias is not None,))
        return made(key, self._program)

    def _program(self) -> Program:
        b = Builder(self.name)
        left, right = b.array("weight", self.summed, 3), b.array("panels", self.summed, 3)
        bias = None if self.bias is None else b.array("bias", self.bias)
        result = b.array("y", self.y, 2, "w")
        slots = {name: b.scalar(name, Type.I64) for name in SLID}
        weight, panels, out = b.view(left), b.view(right), b.view(result)
        n = {name: b.mov_param(slot) for name, slot in slots.items()}
        depth = b.mov_param(Slot(right, Field.SHAPE, 1))
        lane, block, place = (b.global_id(axis) for axis in "xyz")
        group = b.div(place, n["count"])
        panel = b.sub(place, b.mul(group, n["count"]))
        with b.if_(b.set("lt", lane, self.width)):
            totals: list[Value] = [b.mov_imm(0, type=self.summed) for _ in range(self.rows)]
            these = b.mad(group, n["blocks"], block)
            with b.for_range(0, depth) as k, b.scratch():
                element = b.load(panels, place, k, lane)
                for r, total in enumerate(totals):
                    with b.scratch():
                        factor = b.load(weight, these, k, r)
                        (b.fma if total.type.is_float else b.mad)(factor, element, total, into=total)
            before = b.div(panel, n["per_image"])
            pixel = b.mad(b.sub(panel, b.mul(before, n["per_image"])), self.width, lane)
            more = _quotient(b, pixel, n["pixels"])
            rest = b.sub(pixel, b.mul(more, n["pixels"]))
            row = _quotient(b, rest, n["across"])
            column = b.sub(rest, b.mul(row, n["across"]))
            with b.if_(b.pand(b.set("lt", pixel, n["total"]), b.set("lt", column, n["kept"]))):
                at = b.mad(row, n["kept"], column)
                first = b.mul(block, self.rows)
                channel = b.mad(group, n["outputs"], first)
                line = b.mad(b.add(before, more), n["channels"], channel)
                for r, total in enumerate(totals):
                    with b.scratch(), b.if_(b.set("lt", b.add(first, r), n["outputs"])):
                        if bias is not None:
                            added = b.load(b.view(bias), b.add(channel, r))
                            added = added if self.bias is self.summed else b.cvt(added, type=self.summed)
                            b.add(total, added, into=total)
                        value = total if self.y is self.summed else b.cvt(total, type=self.y)
                        b.store(value, out, b.add(line, r), at)
        return b.build([Poly.const(self.width), Slot(slots["blocks"]), Slot(right, Field.SHAPE, 0)])
