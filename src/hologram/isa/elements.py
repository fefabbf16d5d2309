"""Which element of its array a memory access touches: byte offsets turned back into one index an axis."""

from __future__ import annotations

from collections.abc import Sequence

from hologram.isa.affine import Affine, Poly
from hologram.isa.operands import Field, RegisterIndirect, RegisterIndirectComputed, Slot, SlotOffset
from hologram.isa.program import Program
from hologram.isa.symbolic import Symbolic

_ADDRESSES = (SlotOffset, RegisterIndirect, RegisterIndirectComputed)


def element_index(program: Program, symbolic: Symbolic, index: int, slot: int) -> tuple[Affine, ...] | None:
    """The element an access touches, one index an axis; None where it is not affine."""
    address = next(a for a in program.instructions[index].args if isinstance(a, _ADDRESSES))
    if isinstance(address, RegisterIndirectComputed):
        offset = symbolic.affine(index, address.offset.index)
    else:
        offset = Affine(Poly.const(address.offset))
    param = program.params[slot]
    if offset is None:
        return None
    if param.ndim == 1:
        element = _divided(offset, param.type.size)
        return None if element is None else (element,)
    return _by_strides(offset, slot, param.ndim)


def _divided(offset: Affine, size: int) -> Affine | None:
    polys = [offset.base, *(c for _, c in offset.terms)]
    if any(c % size for p in polys for _, c in p.terms):
        return None
    base, *coefficients = (Poly(tuple((m, c // size) for m, c in p.terms)) for p in polys)
    return Affine(base, tuple((v, c) for (v, _), c in zip(offset.terms, coefficients, strict=True)))


def _by_strides(offset: Affine, slot: int, ndim: int) -> tuple[Affine, ...] | None:
    """Split an offset into a sum of index · stride, one an axis."""
    strides = [Slot(slot, Field.STRIDE, axis) for axis in range(ndim)]
    axes = [Affine.of(_factor(offset.base, s), [(v, _factor(c, s)) for v, c in offset.terms]) for s in strides]
    whole = Affine()
    for index, stride in zip(axes, strides, strict=True):
        whole += index.scale(Poly.slot(stride))
    return tuple(axes) if whole == offset and not _own_strides(axes, slot) else None


def _factor(poly: Poly, stride: Slot) -> Poly:
    """What a stride is multiplied with in a polynomial."""
    out = {}
    for monomial, coefficient in poly.terms:
        if stride in monomial:
            rest = list(monomial)
            rest.remove(stride)
            out[tuple(rest)] = coefficient
    return Poly.of(out)


def _own_strides(axes: Sequence[Affine], slot: int) -> bool:
    """True when an index itself depends on the array's strides: then the split is not the only one."""
    slots = {s for a in axes for p in (a.base, *(c for _, c in a.terms)) for s in p.slots()}
    return any(s.index == slot and s.field is Field.STRIDE for s in slots)
