"""Matrices of which only one triangle is given, written out in full."""

from __future__ import annotations

from hologram.isa.builder import Builder, Value
from hologram.isa.cache import ProgramKey
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Program
from hologram.isa.templates.made import made
from hologram.types import Type


def triangle_name(type: Type, lower: bool, symmetric: bool, unit: bool) -> str:
    """The name of a program that writes a matrix out."""
    side = "lower" if lower else "upper"
    return f"{'symmetric' if symmetric else 'triangular'}_{side}{'_unit' if unit else ''}_{type.value}"


def triangle(type: Type, lower: bool, symmetric: bool, unit: bool) -> Program:
    """`triangle(a, out)`: out = the matrix whose lower or upper triangle a holds; the other one of a is not read.

    That is the mirror image in a `symmetric` matrix, 0 in a triangular one; with `unit` ones stand on the diagonal.
    """
    name = triangle_name(type, lower, symmetric, unit)
    return made(ProgramKey(name, (type,)), lambda: _triangle(name, type, lower, symmetric, unit))


def _triangle(name: str, type: Type, lower: bool, symmetric: bool, unit: bool) -> Program:
    b = Builder(name)
    source, out = b.array("a", type, 2), b.array("out", type, 2, "w")
    view, target = b.view(source), b.view(out)
    rows, columns = Slot(out, Field.SHAPE, 0), Slot(out, Field.SHAPE, 1)
    j, i = b.global_id("x"), b.global_id("y")
    with b.if_(b.pand(b.set("lt", j, b.mov_param(columns)), b.set("lt", i, b.mov_param(rows)))):
        if symmetric:
            high, low = b.max(i, j), b.min(i, j)
            value: Value = b.load(view, *((high, low) if lower else (low, high)))
        else:
            value = b.mov_imm(0, type=type)
            if unit:
                b.sel(b.set("eq", i, j), 1, value, into=value)
            strict = ("gt" if unit else "ge") if lower else ("lt" if unit else "le")
            with b.if_(b.set(strict, i, j)):
                b.ldg(b.at(view, i, j), into=value)
        b.store(value, target, i, j)
    return b.build([columns, rows])
