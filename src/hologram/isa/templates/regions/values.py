"""Named values in registers: loaded where they are first read, converted once a type, given back in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hologram.isa.builder import Builder, Place, Value, View
from hologram.isa.operands import Pred, RegisterIndirect, RegisterIndirectComputed, Slot
from hologram.isa.region import Operand, Stride
from hologram.isa.templates.formula import Emission
from hologram.operators import Formula
from hologram.types import Type

MOST_TRUTHS = 4
"""Truths that stay in predicate registers; more of them become numbers."""


class Arrays:
    """The parameters of a region's program: views of its arrays, strides in bytes, numbers."""

    def __init__(self, b: Builder, slots: Mapping[str, int]) -> None:
        self.b, self.slots = b, slots
        self._views: dict[str, View] = {}
        self._steps: dict[tuple[Stride, int], Value] = {}
        self._numbers: dict[str, Value] = {}

    def open(self, operands: Sequence[Operand]) -> None:
        """Read the handles and strides of arrays, where all uses come later."""
        for operand in operands:
            self._views[operand.name] = self.b.view(self.slots[operand.name])
            for stride in operand.strides:
                if stride != 0 and (stride, operand.type.size) not in self._steps:
                    self._steps[stride, operand.type.size] = self._bytes(stride, operand.type.size)

    def _bytes(self, stride: Stride, size: int) -> Value:
        bytes_: Value
        if isinstance(stride, str):
            elements = self.number(stride)
            bytes_ = elements if size == 1 else self.b.mul(elements, size)
        else:
            bytes_ = self.b.mov_imm(stride * size, type=Type.I64)
        return bytes_

    def number(self, name: str) -> Value:
        """A scalar parameter."""
        if name not in self._numbers:
            self._numbers[name] = self.b.mov_param(Slot(self.slots[name]))
        return self._numbers[name]

    def view(self, operand: Operand) -> View:
        return self._views[operand.name]

    def step(self, stride: Stride, size: int) -> Value | int:
        """A stride in bytes; 0 and 1 as such."""
        if stride == 0 or (stride, size) == (1, 1):
            return 0 if stride == 0 else 1
        return self._steps[stride, size]


class Scope:
    """The values at one place of the program: of a row, or of an element in a row (whose `outer` is the row's).

    `places` are where it is along the axes that `outer` leaves open.
    """

    def __init__(self, arrays: Arrays, inputs: Mapping[str, Operand], places: Mapping[int, Value], outer: Scope | None):
        self.b, self.arrays, self.inputs, self.places, self.outer = arrays.b, arrays, inputs, places, outer
        self._held: dict[str, Value | Pred] = {}
        self._converted: dict[tuple[str, Type], Value] = {}
        self._truths: dict[str, Pred] = {}
        self._offsets: dict[tuple[tuple[Stride, ...], int], Value | None] = {}

    def define(self, name: str, value: Value | Pred) -> None:
        """Give a name a value, whose register the scope now owns."""
        if isinstance(value, Pred) and sum(isinstance(v, Pred) for v in self._held.values()) >= MOST_TRUTHS:
            number: Value = self.b.sel(value, 1, 0, type=Type.I32)
            self.b.release(value)
            value = number
        self._held[name] = value

    def compute(self, formula: Formula, type: Type) -> Value | Pred:
        """A formula of names, computed in one type, in a register of its own."""
        if isinstance(formula, str):
            held = self.held(formula)
            if isinstance(held, Pred):
                copied: Value | Pred = self.b.sel(held, 1, 0, type=type)
            else:
                copied = self.b.mov(held) if held.type is type else self.b.cvt(held, type=type)
            return copied
        return Emission(self.b, type, _In(self, type)).result(formula)

    def number(self, formula: Formula, type: Type) -> Value:
        """A formula as a number."""
        made = self.compute(formula, type)
        if isinstance(made, Value):
            return made
        number: Value = self.b.sel(made, 1, 0, type=type)
        self.b.release(made)
        return number

    def read(self, name: str, type: Type) -> Value:
        """A value in a type; the scope keeps it."""
        held = self.held(name)
        if isinstance(held, Value) and held.type is type:
            return held
        key = name, type
        if key not in self._converted:
            to_number = isinstance(held, Pred)
            self._converted[key] = self.b.sel(held, 1, 0, type=type) if to_number else self.b.cvt(held, type=type)
        return self._converted[key]

    def truth(self, name: str) -> Pred | None:
        """A truth in its predicate register; None for a number."""
        held = self.held(name)
        return held if isinstance(held, Pred) else None

    def held(self, name: str) -> Value | Pred:
        """A value as it was made or stored."""
        found = self._find(name)
        if found is not None:
            return found
        if name in self.inputs:
            self._held[name] = self.b.ldg(self.place(self.inputs[name]))
            return self._held[name]
        return self.arrays.number(name)

    def _find(self, name: str) -> Value | Pred | None:
        if name in self._held:
            return self._held[name]
        if name[0] == "i" and name[1:].isdigit() and int(name[1:]) in self.places:
            return self.places[int(name[1:])]
        return self.outer._find(name) if self.outer is not None else None

    def release(self, name: str) -> None:
        """Give back what a name holds here."""
        held = self._held.pop(name, None)
        if held is not None:
            self.b.release(held)
        for key in [k for k in self._converted if k[0] == name]:
            self.b.release(self._converted.pop(key))

    def prepare(self, operand: Operand) -> None:
        """Compute the part of an operand's offset that is known here, once for all elements."""
        self._offset(operand.strides, operand.type.size)

    def place(self, operand: Operand) -> Place:
        """The operand's element at this place."""
        view, offset = self.arrays.view(operand), self._offset(operand.strides, operand.type.size)
        if offset is None:
            return Place(RegisterIndirect(view.handle.reg, 0), view.type)
        return Place(RegisterIndirectComputed(view.handle.reg, offset.reg), view.type)

    def _offset(self, strides: tuple[Stride, ...], size: int) -> Value | None:
        """Bytes from the start of an array to its element here; None for none."""
        key = strides, size
        if key not in self._offsets:
            self._offsets[key] = self._sum(key)
        return self._offsets[key]

    def _sum(self, key: tuple[tuple[Stride, ...], int]) -> Value | None:
        strides, size = key
        total = self.outer._offset(*key) if self.outer is not None else None
        own = False
        for axis, place in self.places.items():
            step = self.arrays.step(strides[axis], size)
            if step == 0:
                continue
            before = total
            if before is None:
                total = place if step == 1 else self.b.mul(place, step)
            else:
                total = self.b.add(before, place) if step == 1 else self.b.mad(place, step, before)
            if own and before is not None:
                self.b.release(before)
            own = total is not place
        return total


class _In(Mapping[str, "Value | Pred"]):
    """The values of a scope as operands of one type; truths are truths."""

    def __init__(self, scope: Scope, type: Type) -> None:
        self.scope, self.type = scope, type

    def __getitem__(self, name: str) -> Value | Pred:
        return self.scope.truth(name) or self.scope.read(name, self.type)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
