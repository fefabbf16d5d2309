"""Clamped neighbours: strips that lie inside the borders need no clamping.

``a[max(x - 1, 0)]`` makes an index vary freely and its load a gather, although only the first strip of a row is ever
clamped. Where a limit is uniform along a row, one comparison a strip tells that no lane is clamped; such strips run
a copy of the code in which the clamped value is the plain one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hologram.backends.llvm.flow import Flow, Web
from hologram.isa.affine import Affine, Poly, Variable
from hologram.isa.builder import value_of
from hologram.isa.operands import Field, Imm, Slot
from hologram.isa.program import Instruction, Program
from hologram.isa.symbolic import Symbolic
from hologram.types import Type

LANE_X = Variable("lane", 0)
LARGEST_FACTOR = 1 << 20


@dataclass(frozen=True)
class Clamp:
    """MIN or MAX of a value that steps along a row: `part` is that operand, it is kept where `margin` >= 0."""

    part: str
    plain: Affine
    margin: Affine


def find(program: Program, flow: Flow, symbolic: Symbolic) -> dict[int, Clamp]:
    """The clamps of a program by instruction; chains such as ``min(max(x - 1, 0), w - 1)`` count."""
    out: dict[int, Clamp] = {}
    for i, ins in enumerate(program.instructions):
        if ins.op not in ("MIN", "MAX") or ins.type is not Type.I64 or (i, "a") not in flow.read:
            continue  # what no lane reaches has no values
        sides = {part: _affine(i, ins, part, flow, symbolic, out) for part in "ab"}
        for part, other in ("ab", "ba"):
            plain, limit = sides[part], sides[other]
            if plain is None or limit is None or not _steps(plain) or limit.coefficient(LANE_X).terms:
                continue
            margin = plain - limit if ins.op == "MAX" else limit - plain
            if _safe(program, plain) and _safe(program, margin):
                out[i] = Clamp(part, plain, margin)
    return out


def _affine(
    i: int, ins: Instruction, part: str, flow: Flow, symbolic: Symbolic, known: Mapping[int, Clamp]
) -> Affine | None:
    web: Web | None = flow.read.get((i, part))
    if web is None:
        position = next(k for k, o in enumerate(ins.spec.operands) if o.name == part)
        imm = ins.args[position]
        assert isinstance(imm, Imm)
        return Affine(Poly.const(int(value_of(Type.I64, imm))))
    if len(web.defs) == 1 and web.defs[0] in known:
        return known[web.defs[0]].plain
    return symbolic.affine(i, web.place[1])


def _steps(value: Affine) -> bool:
    return bool(value.coefficient(LANE_X).constant)


def _safe(program: Program, value: Affine) -> bool:
    """True when 64-bit arithmetic cannot overflow: lanes, shapes, narrow scalars; small factors, no products."""
    polys = [value.base, *(c for _, c in value.terms)]
    if any(v.kind != "lane" for v, _ in value.terms) or any(c.constant is None for _, c in value.terms):
        return False
    slots_fine = all(_small(program, s) for p in polys for s in p.slots())
    return slots_fine and all(p.degree <= 1 and all(abs(c) <= LARGEST_FACTOR for _, c in p.terms) for p in polys)


def _small(program: Program, slot: Slot) -> bool:
    return slot.field is Field.SHAPE or (slot.field is Field.VALUE and program.params[slot.index].type.bits <= 32)
