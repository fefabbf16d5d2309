"""Products summed along rows: one long row by a launch's tree of additions, many rows one a lane."""

from __future__ import annotations

from hologram.isa.builder import Builder, Value, View
from hologram.isa.cache import ProgramKey
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Program
from hologram.isa.templates.made import made
from hologram.types import Type


def dot_name(a: Type, b: Type, summed: Type, rank: int) -> str:
    """The name of a program for one dot product."""
    return f"dot_{a.value}_{b.value}_{summed.value}_{rank}"


def dot(a: Type, b: Type, summed: Type, rank: int = 1) -> Program:
    """`dot(a, b, out, n)`: out[0] = the sum of a[i] · b[i], in the order of the ISA's tree.

    With rank 2 the vectors are the rows of arrays of any strides that have one row.
    """
    name = dot_name(a, b, summed, rank)
    return made(ProgramKey(name, (a, b, summed), ((rank,),)), lambda: _dot(name, a, b, summed, rank))


def _dot(name: str, a: Type, b: Type, summed: Type, rank: int) -> Program:
    w = Builder(name)
    slots = w.array("a", a, rank), w.array("b", b, rank)
    out, n = w.array("out", summed, access="w"), w.scalar("n", Type.I64)
    views, target, i = [w.view(slot) for slot in slots], w.view(out), w.global_id()
    with w.if_(w.set("lt", i, w.mov_param(n))):
        left, right = (_widened(w, w.load(view, *[0] * (rank - 1), i), summed) for view in views)
        w.gred_add(w.mul(left, right), w.at(target, 0))
    return w.build([Slot(n)])


def dots_name(types: tuple[Type, ...], summed: Type, out: Type) -> str:
    """The name of a program for sums along rows."""
    return "_".join(["dots", *(t.value for t in types), summed.value, out.value])


def dots(types: tuple[Type, ...], summed: Type, out: Type) -> Program:
    """`dots(a, b, out)`: out[i] = the sum over k of a[i, k] · b[i, k], or of a[i, k] alone, in the order of k."""
    name = dots_name(types, summed, out)
    return made(ProgramKey(name, (*types, summed, out)), lambda: _dots(name, types, summed, out))


def _dots(name: str, types: tuple[Type, ...], summed: Type, result: Type) -> Program:
    w = Builder(name)
    slots = [w.array(letter, type, 2) for letter, type in zip("ab", types, strict=False)]
    out = w.array("out", result, access="w")
    views: list[View] = [w.view(slot) for slot in slots]
    target, i = w.view(out), w.global_id()
    extent = Slot(out, Field.SHAPE, 0)
    k = w.mov_param(Slot(slots[0], Field.SHAPE, 1))
    with w.if_(w.set("lt", i, w.mov_param(extent))):
        total: Value = w.mov_imm(0, type=summed)
        with w.for_range(0, k) as step, w.scratch():
            factors = [_widened(w, w.load(view, i, step), summed) for view in views]
            if len(factors) == 1:
                w.add(total, factors[0], into=total)
            else:
                (w.fma if summed.is_float else w.mad)(*factors, total, into=total)
        w.store(total if result is summed else w.cvt(total, type=result), target, i)
    return w.build([extent])


def _widened(w: Builder, value: Value, summed: Type) -> Value:
    converted: Value = value if value.type is summed else w.cvt(value, type=summed)
    return converted
