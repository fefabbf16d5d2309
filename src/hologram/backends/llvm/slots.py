"""Parameter slots as LLVM values, and polynomials over them."""

from __future__ import annotations

from collections.abc import Mapping

from hologram.backends.llvm.ir import LLVM_TYPE, Value, Writer
from hologram.backends.llvm.lanes import VectorLanes
from hologram.backends.llvm.layout import Layout
from hologram.isa.affine import Poly
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Program
from hologram.types import Type


def slots_of(program: Program) -> list[Slot]:
    """Every parameter slot of a program: scalars, array handles, shapes, strides."""
    out = []
    for i, p in enumerate(program.params):
        out.append(Slot(i))
        out += [Slot(i, f, axis) for f in (Field.SHAPE, Field.STRIDE) for axis in range(p.ndim if p.is_array else 0)]
    return out


def load_slots(w: Writer, program: Program, block: str) -> dict[Slot, Value]:
    """Read all parameter slots from the arguments block."""
    places = Layout.of(program.params).places
    out = {}
    for slot in slots_of(program):
        place, param = places[slot.index], program.params[slot.index]
        if slot.field is Field.VALUE:
            offset, element = place.value, "ptr" if param.is_array else LLVM_TYPE[param.type]
        else:
            offset = place.shape(slot.axis) if slot.field is Field.SHAPE else place.stride(slot.axis)
            element = "i64"
        out[slot] = load_field(w, block, offset, element)
    return out


def load_field(w: Writer, block: str, offset: int, element: str = "i64") -> Value:
    """Read one place of the arguments block."""
    cell = w.value(f"getelementptr i8, ptr {block}, i64 {offset}", "ptr")
    return w.value(f"load {element}, {cell}, align 8", element)


def widened(w: Writer, program: Program, values: Mapping[Slot, Value]) -> dict[Slot, Value]:
    """The integer slots as i64 (an array's handle has no number)."""
    out = {}
    for slot, value in values.items():
        param = program.params[slot.index]
        if slot.field is Field.VALUE and (param.is_array or param.type.is_float):
            continue
        out[slot] = value if value.element == "i64" else VectorLanes(w, 0).convert(Type.I64, param.type, value)
    return out


def polynomial(w: Writer, poly: Poly, slots: Mapping[Slot, Value], element: str = "i64") -> Value:
    """A polynomial over slots in an integer type (slots are i64 or narrower integers already widened)."""
    total = Value("0", element)
    for monomial, coefficient in poly.terms:
        product = Value(str(coefficient), element)
        for slot in monomial:
            product = w.value(f"mul {product}, {slots[slot].ref}", element)
        total = w.value(f"add {total}, {product.ref}", element)
    return total
