"""Elements at places that arrays of indices name: the programs that read and write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from itertools import product
from typing import TYPE_CHECKING

from hologram.isa.builder import Builder, Value, View
from hologram.isa.cache import ProgramKey
from hologram.isa.operands import Slot
from hologram.isa.program import Program
from hologram.isa.templates.made import made
from hologram.runtime.buffer import Buffer
from hologram.runtime.launcher import Launcher
from hologram.tensors.layout import Layout, Shape, merged
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.tensors.array import Tensor

REST = 2
"""The most axes that a program goes over beside that of the indices; more are gone over one launch after the other."""
SIZES = ("planes", "rows", "columns")


@dataclass(frozen=True, slots=True)
class Indexed:
    """Elements of a buffer: those that `indices` name on `axes` of a layout, and everything on its other axes.

    The indices have one shape, are packed, and were checked. `distinct` says that they name no place twice.
    """

    buffer: Buffer
    layout: Layout
    axes: Shape
    indices: tuple[Tensor, ...]
    distinct: bool = False

    @property
    def count(self) -> int:
        """How many places are named."""
        return self.indices[0].size

    @property
    def rest(self) -> Layout:
        """The other axes."""
        kept = [k for k in range(self.layout.ndim) if k not in self.axes]
        return Layout(
            tuple(self.layout.shape[k] for k in kept),
            tuple(self.layout.strides[k] for k in kept),
            self.layout.offset,
        )


def gather(source: Indexed, out: Tensor) -> None:
    """Copy the elements to a packed tensor of shape (count, *rest)."""
    _run(source, out, Order.READ)


def scatter(values: Tensor, target: Indexed) -> None:
    """Copy a tensor of shape (count, *rest) to the elements; of several values for one place the last one stays."""
    _run(target, values, Order.WRITE if target.distinct else Order.WRITE_IN_ORDER)


class Order(Enum):
    """What a program does at the places: lanes are independent unless a place may be written twice."""

    READ = "gather"
    WRITE = "scatter"
    WRITE_IN_ORDER = "scatter_in_order"


def _run(indexed: Indexed, other: Tensor, order: Order) -> None:
    """Launch for every two axes of the rest."""
    if not other.size:
        return
    rest = indexed.rest
    shape, (steps, other_steps) = merged(rest.shape, rest.strides, other.strides[1:])
    inner, inner_steps = shape[-REST:], steps[-REST:]
    axis = REST - len(inner)
    launcher = Launcher(_program(other.type, len(indexed.axes), axis, order))
    lengths = (1,) * axis + (indexed.count, *inner)
    strides = (0,) * axis + (other.strides[0], *other_steps[-REST:])
    on_axes = [(indexed.layout.shape[k], indexed.layout.strides[k]) for k in indexed.axes]
    indices = [i.buffer.strided((i.size,), (1,), i.offset) for i in indexed.indices]
    for place in product(*map(range, shape[:-REST])):
        start = rest.offset + sum(i * s for i, s in zip(place, steps, strict=False))
        other_start = other.offset + sum(i * s for i, s in zip(place, other_steps, strict=False))
        launcher.call(
            indexed.buffer,
            other.stored.strided(lengths, strides, other_start),
            *indices,
            *lengths,
            start,
            *(0,) * (REST - len(inner)),
            *inner_steps,
            *(number for pair in on_axes for number in pair),
            executor=indexed.buffer.executor,
        )


def _program(type: Type, count: int, axis: int, order: Order) -> Program:
    """`count` indices are read for each place along an axis; the other axes have strides of their own."""
    name = f"{order.value}_{type.value}_{count}_{axis}"
    return made(ProgramKey(name, (type,)), lambda: _Writer(name, type, count, axis).build(order))


class _Writer:
    """Writes the program of a type, a number of indices, and the axis along which they lie."""

    def __init__(self, name: str, type: Type, count: int, axis: int) -> None:
        self.b, self.type, self.count, self.axis = Builder(name), type, count, axis

    def build(self, order: Order) -> Program:
        b, axis = self.b, self.axis
        writes, in_order = order is not Order.READ, order is Order.WRITE_IN_ORDER
        memory = b.array("memory", self.type, access="w" if writes else "r")
        other = b.array("values", self.type, 1 + REST, "r" if writes else "w")
        indices = [b.array(f"index{k}", Type.I64) for k in range(self.count)]
        sizes = [b.scalar(name, Type.I64) for name in SIZES]
        scalars = [b.scalar(name, Type.I64) for name in ("start", "step0", "step1")]
        for k in range(self.count):
            scalars += [b.scalar(f"length{k}", Type.I64), b.scalar(f"stride{k}", Type.I64)]
        views = [b.view(slot) for slot in (memory, other, *indices)]
        limits = [b.mov_param(slot) for slot in sizes]
        start, first, second, *pairs = (b.mov_param(slot) for slot in scalars)
        free = [k for k in range(1 + REST) if k != axis or not in_order]
        lane = dict(zip(reversed(free), map(b.global_id, ("x", "y", "z")), strict=False))
        inside = [b.set("lt", lane[k], limits[k]) for k in free]
        with b.if_(reduce(b.pand, inside)):
            for k, step in zip((k for k in range(1 + REST) if k != axis), (first, second), strict=True):
                b.mad(lane[k], step, start, into=start)
            # One lane goes over places that may be the same, in order: the last value stays.
            with b.for_range(0, limits[axis]) if in_order else nullcontext(lane[axis]) as lane[axis]:
                place = self.place(start, lane[axis], views[2:], pairs)
                if writes:
                    b.store(b.load(views[1], *self.ordered(lane)), views[0], place)
                else:
                    b.store(b.load(views[0], place), views[1], *self.ordered(lane))
        return b.build([Slot(sizes[k]) for k in reversed(free)])

    @staticmethod
    def ordered(lane: Mapping[int, Value]) -> list[Value]:
        """Indices in the order of axes."""
        return [lane[k] for k in range(1 + REST)]

    def place(self, start: Value, step: Value, views: Sequence[View], pairs: Sequence[Value]) -> Value:
        """Where the elements of one step along the indices' axis are."""
        b = self.b
        total: Value = b.mov(start)
        for view, length, stride in zip(views, pairs[::2], pairs[1::2], strict=True):
            index = b.load(view, step)
            wrapped = b.sel(b.set("lt", index, 0), b.add(index, length), index)
            b.mad(wrapped, stride, total, into=total)
        return total
