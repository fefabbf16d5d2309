"""Writes programs: the whole builder, with arrays and shared memory on top of instructions and control flow."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from hologram.errors import BuildError
from hologram.isa.builder.control import Control
from hologram.isa.builder.core import Value
from hologram.isa.builder.places import Place
from hologram.isa.operands import Field, RegisterIndirect, RegisterIndirectComputed, Slot
from hologram.types import Type

Index = Value | int


@dataclass(frozen=True, slots=True)
class View:
    """An array parameter made ready for access: its handle, and its byte strides where it has several axes."""

    name: str
    type: Type
    handle: Value
    strides: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """An array in the memory that a block's lanes share, at a byte offset."""

    type: Type
    shape: tuple[int, ...]
    offset: int


class Builder(Control):
    """Writes a program instruction by instruction; `build` gives it, `isa.verify` proves it.

    Every instruction is a method (`b.add`, `b.fma`, `b.set`, `b.and_`, `b.bar_sync`, …; `dir(b)` lists them) that takes
    values and numbers and gives the value computed. Mistakes raise `BuildError` where they are made.

    >>> b = Builder("double")
    >>> x, n = b.array("x", Type.F32, access="rw"), b.scalar("n", Type.I64)
    >>> view, i = b.view(x), b.global_id()
    >>> with b.if_(b.set("lt", i, b.mov_param(n))):
    ...     b.store(b.mul(b.load(view, i), 2), view, i)
    >>> len(b.build([Slot(n)]).instructions)
    10
    """

    def global_id(self, axis: str = "x") -> Value:
        """The lane's place in the launch on an axis, as i64."""
        found: Value = self.mov_sreg(f"global.{axis}")
        return found

    def view(self, slot: int) -> View:
        """Read an array's handle and strides, once, where all uses come later on every path."""
        if not 0 <= slot < len(self.params) or not self.params[slot].is_array:
            raise BuildError(f"slot {slot} is no array parameter")
        param = self.params[slot]
        axes = range(param.ndim) if param.ndim > 1 else ()
        strides = tuple(self.mov_param(Slot(slot, Field.STRIDE, axis)) for axis in axes)
        return View(param.name, param.type, self.mov_param(slot), strides)

    def shared(self, type: Type, *shape: int) -> Shared:
        """Declare an array in the block's shared memory."""
        if not shape or not all(isinstance(n, int) and n > 0 for n in shape):
            raise BuildError(f"a shared array has one or more lengths above 0, got {shape!r}")
        offset = -(-self.shared_bytes // type.size) * type.size
        self.shared_bytes = offset + prod(shape) * type.size
        return Shared(type, shape, offset)

    def at(self, target: View | Shared, *index: Index) -> Place:
        """The place of an element, for loads, stores, atomics and reductions."""
        axes = len(target.shape) if isinstance(target, Shared) else max(1, len(target.strides))
        if len(index) != axes:
            raise BuildError(f"{_name(target)} has {axes} axes, got {len(index)} indices")
        if isinstance(target, Shared):
            _inside(target, index)
            steps = [prod(target.shape[k + 1 :]) * target.type.size for k in range(axes)]
            start = self._bytes(index, steps)
            return Place(RegisterIndirect(start.reg, target.offset), target.type)
        if not target.strides and isinstance(index[0], int):
            return Place(RegisterIndirect(target.handle.reg, index[0] * target.type.size), target.type)
        offset = self._bytes(index, target.strides or (target.type.size,))
        return Place(RegisterIndirectComputed(target.handle.reg, offset.reg), target.type)

    def _bytes(self, index: tuple[Index, ...], steps: tuple[Index, ...] | list[int]) -> Value:
        """The sum of index · step."""
        total: Value | None = None
        for one, step in zip(index, steps, strict=True):
            number = self._i64(one)
            if total is None:
                total = self.mul(number, step)
            else:
                self.mad(number, step, total, into=total)
        assert total is not None
        return total

    def _i64(self, index: Index) -> Value:
        if isinstance(index, int):
            constant: Value = self.mov_imm(index, type=Type.I64)
            return constant
        if not index.type.is_integer:
            raise BuildError(f"an index is an integer, not {index.type.value}")
        converted: Value = index if index.type is Type.I64 else self.cvt(index, type=Type.I64)
        return converted

    def load(self, target: View | Shared, *index: Index) -> Value:
        """An element, in a register of its own."""
        value = self.reg()
        with self.scratch():
            place = self.at(target, *index)
            op = "LDS" if isinstance(target, Shared) else "LDG"
            self.emit(op, target.type, value, place.address)
        return Value(value, target.type)

    def store(self, value: Value | float, target: View | Shared, *index: Index) -> None:
        """Set an element to a value of its type, or to a number."""
        with self.scratch():
            place = self.at(target, *index)
            (self.sts if isinstance(target, Shared) else self.stg)(value, place)


def _inside(target: Shared, index: tuple[Index, ...]) -> None:
    for axis, (one, length) in enumerate(zip(index, target.shape, strict=True)):
        if isinstance(one, int) and not 0 <= one < length:
            raise BuildError(f"index {one} on axis {axis} of the shared array, which has {length} elements there")


def _name(target: View | Shared) -> str:
    return f"'{target.name}'" if isinstance(target, View) else "the shared array"
