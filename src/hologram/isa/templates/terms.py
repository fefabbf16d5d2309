"""A formula of several arrays, element by element: stored, or summed over the launch without being stored."""

from __future__ import annotations

from collections.abc import Mapping

from hologram.isa.builder import Builder
from hologram.isa.cache import ProgramKey
from hologram.isa.instructions import BY_NAME
from hologram.isa.operands import Slot
from hologram.isa.program import Program
from hologram.isa.templates.formula import Emission
from hologram.isa.templates.made import made
from hologram.operators import Formula
from hologram.types import Type


def terms(
    name: str, formula: Formula, arrays: Mapping[str, Type], numbers: tuple[str, ...], computed: Type, result: Type
) -> Program:
    """`name(arrays…, numbers…, out, n)`: out[i] = formula of the arrays' i-th elements and of the numbers."""
    return _made(name, formula, arrays, numbers, computed, result, False)


def summed(
    name: str, formula: Formula, arrays: Mapping[str, Type], numbers: tuple[str, ...], computed: Type
) -> Program:
    """The same with out[0] = the sum over all elements, in the type that is computed in, in the ISA's tree."""
    return _made(name, formula, arrays, numbers, computed, computed, True)


def _made(
    name: str,
    formula: Formula,
    arrays: Mapping[str, Type],
    numbers: tuple[str, ...],
    computed: Type,
    result: Type,
    is_sum: bool,
) -> Program:
    key = ProgramKey(
        name, (*arrays.values(), computed, result), options=("terms", formula, *arrays, "", *numbers, is_sum)
    )

    def make() -> Program:
        b = Builder(name)
        slots = {k: b.array(k, t) for k, t in arrays.items()}
        scalars = {k: b.scalar(k, computed) for k in numbers}
        out, n = b.array("out", result, access="w"), b.scalar("n", Type.I64)
        views, target, i = {k: b.view(s) for k, s in slots.items()}, b.view(out), b.global_id()
        with b.if_(b.set("lt", i, b.mov_param(n))):
            held = {k: b.load(v, i) for k, v in views.items()}
            operands = {k: v if v.type is computed else b.cvt(v, type=computed) for k, v in held.items()}
            operands |= {k: b.mov_param(s) for k, s in scalars.items()}
            term = Emission(b, computed, operands).stored(formula, result)
            if is_sum:
                b.instruction(BY_NAME["GRED_ADD"], [term, b.at(target, 0)])
            else:
                b.store(term, target, i)
        return b.build([Slot(n)])

    return made(key, make)
