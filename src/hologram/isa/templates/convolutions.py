"""Convolutions in two dimensions: a lane makes one pixel of a few channels."""

from __future__ import annotations

from dataclasses import dataclass

from hologram.isa.builder import Builder, Value
from hologram.isa.cache import ProgramKey
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Program
from hologram.isa.templates.made import made
from hologram.types import Type

CHANNELS = 4
"""Channels of a result that a lane makes."""
SIZES = ("inputs", "outputs", "groups", "blocks", "down", "across", "above", "before", "apart_y", "apart_x")


@dataclass(frozen=True, slots=True)
class Convolution:
    """One program; elements outside of an image are 0, sums go over channels, rows and columns in this order."""

    x: Type
    weight: Type
    summed: Type
    y: Type
    bias: Type | None = None
    channels: int = CHANNELS

    @property
    def name(self) -> str:
        """The program's name, which tells everything about it."""
        types = [self.x, self.weight, self.summed, self.y] + ([] if self.bias is None else [self.bias])
        return "_".join(["convolution", *(t.value for t in types), str(self.channels)])

    def program(self) -> Program:
        """`convolution(x, weight, [bias,] y, inputs, outputs, groups, blocks, down, …, planes)`.

        Images and channels share the first axis of x and y, channels out and in that of the weights. `inputs` and
        `outputs` are the channels of a group, `blocks` how many times `channels` covers the outputs, `down` and
        `across` the strides, `above` and `before` what is missing around an image, `apart` the dilation, and `planes`
        the images times groups times blocks.
        """
        types = (self.x, self.weight, self.summed, self.y, *([] if self.bias is None else [self.bias]))
        key = ProgramKey("convolution", types, ((self.channels,),), (self.bias is not None,))
        return made(key, lambda: _Writer(self).build())


class _Writer:
    """Writes one program."""

    def __init__(self, of: Convolution) -> None:
        self.of = of
        self.b = b = Builder(of.name)
        self.arrays = b.array("x", of.x, 3), b.array("weight", of.weight, 3)
        self.bias = None if of.bias is None else b.array("bias", of.bias)
        self.out = b.array("y", of.y, 3, "w")
        slots = [b.scalar(name, Type.I64) for name in SIZES]
        self.planes = b.scalar("planes", Type.I64)
        self.x, self.weight = (b.view(slot) for slot in self.arrays)
        self.y = b.view(self.out)
        self.size = {name: b.mov_param(slot) for name, slot in zip(SIZES, slots, strict=True)}

    def length(self, slot: int, axis: int) -> Value:
        found: Value = self.b.mov_param(Slot(slot, Field.SHAPE, axis))
        return found

    def build(self) -> Program:
        b, of, size = self.b, self.of, self.size
        column, row, plane = (b.global_id(axis) for axis in "xyz")
        extent = [Slot(self.out, Field.SHAPE, 2), Slot(self.out, Field.SHAPE, 1), Slot(self.planes)]
        with b.if_(b.set("lt", column, b.mov_param(extent[0]))):
            block = b.rem(plane, size["blocks"])
            rest = b.div(plane, size["blocks"])
            group = b.rem(rest, size["groups"])
            image = b.div(rest, size["groups"])
            first = b.mul(block, of.channels)
            last = b.sub(size["outputs"], 1)
            places = [b.mad(group, size["outputs"], b.min(b.add(first, r), last)) for r in range(of.channels)]
            totals: list[Value] = [b.mov_imm(0, type=of.summed) for _ in places]
            if self.bias is not None:
                view = b.view(self.bias)
                for place, total in zip(places, totals, strict=True):
                    self.widened(b.load(view, place), total)
            source = b.mul(b.mad(image, size["groups"], group), size["inputs"])
            self.sum(totals, places, source, (row, column))
            base = b.mul(image, b.mul(size["groups"], size["outputs"]))
            for r, (place, total) in enumerate(zip(places, totals, strict=True)):
                with b.scratch(), b.if_(b.set("le", b.add(first, r), last)):
                    value = total if of.y is of.summed else b.cvt(total, type=of.y)
                    b.store(value, self.y, b.add(base, place), row, column)
        return b.build(extent)

    def sum(self, totals: list[Value], places: list[Value], source: Value, at: tuple[Value, Value]) -> None:
        """Add what the pixels around a place are worth."""
        b, size = self.b, self.size
        height, width = (self.length(self.arrays[0], axis) for axis in (1, 2))
        rows, columns = (self.length(self.arrays[1], axis) for axis in (1, 2))
        top = b.sub(b.mul(at[0], size["down"]), size["above"])
        left = b.sub(b.mul(at[1], size["across"]), size["before"])
        with b.for_range(0, size["inputs"]) as channel, b.scratch():
            plane = b.add(source, channel)
            weights = [b.mad(place, size["inputs"], channel) for place in places]
            with b.for_range(0, rows) as u, b.scratch():
                y = b.mad(u, size["apart_y"], top)
                inside = b.pand(b.set("ge", y, 0), b.set("lt", y, height))
                with b.if_(inside), b.for_range(0, columns) as v, b.scratch():
                    x = b.mad(v, size["apart_x"], left)
                    element: Value = b.mov_imm(0, type=self.of.x)
                    with b.if_(b.pand(b.set("ge", x, 0), b.set("lt", x, width))):
                        b.ldg(b.at(self.x, plane, y, x), into=element)
                    wide = self.widened(element)
                    for weight, total in zip(weights, totals, strict=True):
                        with b.scratch():
                            factor = self.widened(b.load(self.weight, weight, u, v))
                            (b.fma if total.type.is_float else b.mad)(factor, wide, total, into=total)

    def widened(self, value: Value, into: Value | None = None) -> Value:
        """A value as what sums are made of."""
        b, summed = self.b, self.of.summed
        if value.type is summed:
            return value if into is None else b.mov(value, into=into)
        converted: Value = b.cvt(value, type=summed) if into is None else b.cvt(value, type=summed, into=into)
        return converted
