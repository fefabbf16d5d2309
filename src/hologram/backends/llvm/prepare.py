"""From a program to the decisions its lowering needs: refusals, known guards, strip width."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace

from hologram.backends.llvm import barriers, clamps, flow, tiles
from hologram.backends.llvm.job import Lowering, Stream, Watch, uses_blocks
from hologram.backends.llvm.nest import LINE_BYTES
from hologram.backends.llvm.rules import LAUNCH_REDUCTIONS, implements, is_expanded
from hologram.errors import UnsupportedError
from hologram.isa import text
from hologram.isa.affine import Affine, Poly, Variable
from hologram.isa.cfg import Cfg
from hologram.isa.demands import IN_ORDER
from hologram.isa.instructions import Category
from hologram.isa.operands import (
    Condition,
    Field,
    Imm,
    PhiCoordinate,
    Reg,
    RegisterIndirect,
    RegisterIndirectComputed,
    Slot,
    SlotOffset,
)
from hologram.isa.program import FLAG_FAST, ROW, Instruction, Program, works_by_blocks, works_by_rows
from hologram.isa.symbolic import Symbolic
from hologram.isa.verify import Facts
from hologram.types import Type

MAX_STRIP = 64
REDUCTION_STRIP = 64
BLOCK_STRIP = 16
CHECKED_STRIP = 16
EXPANSION_PRESSURE = 8


def refuse(program: Program, index: int, why: str) -> UnsupportedError:
    """The error that names an instruction, its text and its source line."""
    place = program.location(index)
    shown = text.format_instruction(program, index)
    return UnsupportedError(
        f"the CPU backend cannot run kernel '{program.name}': {why}\n  instruction {index}: {shown}"
        + (f" [{place}]" if place else "")
    )


def check_supported(program: Program) -> None:
    """Refuse, by name, the first instruction that the lowering does not have."""
    for i, ins in enumerate(program.instructions):
        if not implements(ins.spec, ins.type):
            types = f" on {ins.type.value}" if ins.type else ""
            raise refuse(program, i, f"it does not have {ins.op}{types}")
        if ins.op in LAUNCH_REDUCTIONS and any(isinstance(a, PhiCoordinate) for a in ins.args):
            raise refuse(program, i, "a launch reduction stores into an array, not into the boundary pool")
        if ins.op in LAUNCH_REDUCTIONS and program.demands & IN_ORDER:
            raise refuse(program, i, "launch reductions cannot be combined with linear pools; use two kernels")
        if ins.op in LAUNCH_REDUCTIONS and uses_blocks(program):
            raise refuse(program, i, "launch reductions cannot be combined with block coordinates")


def unit_strides(program: Program) -> frozenset[Slot]:
    """The innermost stride of every array of two or more dimensions."""
    return frozenset(
        Slot(i, Field.STRIDE, p.ndim - 1) for i, p in enumerate(program.params) if p.is_array and p.ndim > 1
    )


def prepare(
    facts: Facts,
    register_bytes: int,
    registers: int,
    contiguous: bool,
    lanes: int | None = None,
    watch: Watch | None = None,
) -> Lowering:
    """Decide how to lower a verified program for vector registers of a size and number.

    `contiguous` promises that the last axis of every multi-dimensional array has unit stride. `lanes` overrides
    the strip width (0 gives scalar code). `watch` asks for checked code: strips of one width on all machines,
    in ascending order, with each access where it stands.
    """
    program = facts.program
    check_supported(program)
    units = unit_strides(program) if contiguous else frozenset()
    symbolic = _with_constants(facts.symbolic, {s: program.params[s.index].type.size for s in units})
    cfg = symbolic.cfg
    for block in {b for loop in cfg.loops.values() for b in loop.body}:
        for i, ins in cfg.code(block):
            if ins.op in LAUNCH_REDUCTIONS:
                raise refuse(program, i, "a launch reduction is inside a loop, and a lane contributes to it once")
    together = works_by_blocks(program)
    plain = together or watch is not None
    for i in barriers.irreducible(cfg):
        raise refuse(program, i, "this barrier stands in a loop that then has two entries")
    rows = {} if plain or program.demands & IN_ORDER else tiles.find(cfg, symbolic, facts.slot_of)
    reduces = any(i.op in LAUNCH_REDUCTIONS for i in program.instructions)
    if lanes is None and works_by_rows(program) and watch is None and not barriers.divergent(cfg, facts.slot_of):
        lanes = ROW
    if watch is not None and lanes is None:
        lanes = REDUCTION_STRIP if reduces else 0 if program.demands & IN_ORDER else CHECKED_STRIP
    width = lanes if lanes is not None else strip_width(program, cfg, register_bytes, registers)
    if rows and lanes is None and not reduces:
        # Where sums may be reassociated a lane's own loop is the one to vectorise: scalar lanes, LLVM does the rest.
        width = 0 if FLAG_FAST in program.flags else register_bytes // max(t.type.size for t in rows.values())
    return Lowering(
        program,
        cfg,
        facts.slot_of,
        width,
        units,
        {} if together else guards(program, symbolic),
        {
            i: _uniform_offset(program, i, ins, symbolic)
            for i, ins in enumerate(program.instructions)
            if ins.op in LAUNCH_REDUCTIONS and i in facts.slot_of
        },
        {h: t for h, t in rows.items() if width * t.type.size >= 2 * tiles.PIECE_BYTES},
        None if plain else _stream(facts, symbolic, width),
        clamps.find(program, flow.analyse(cfg), symbolic) if width and cfg.order and not plain else {},
        watch is None and _is_elementwise(facts, symbolic),
        facts.origin,
        watch,
    )


def _with_constants(symbolic: Symbolic, constants: Mapping[Slot, int]) -> Symbolic:
    """The description of registers with known slots put in."""
    if not constants:
        return symbolic
    values = {
        key: replace(value, affine=value.affine.substitute(constants)) if value.affine is not None else value
        for key, value in symbolic.values.items()
    }
    return replace(symbolic, values=values)


def _is_elementwise(facts: Facts, symbolic: Symbolic) -> bool:
    """True when every access of lane i is to element i of a one-dimensional array, once: no loops, no neighbours.

    Nor may it fault: of several faults the first is told, so lanes that can run in order.
    """
    program = facts.program
    if symbolic.cfg.loops or uses_blocks(program) or len(program.extent) != 1:
        return False
    lane = Variable("lane", 0)
    for i, ins in enumerate(program.instructions):
        divides = ins.op in ("DIV", "REM") and ins.type is not None and ins.type.is_integer
        if divides or ins.spec.category is Category.ATLAS:
            return False
        if not ins.spec.is_memory:
            continue
        address = ins.args[1]
        if ins.op not in ("LDG", "STG") or not isinstance(address, RegisterIndirectComputed) or ins.type is None:
            return False
        if symbolic.affine(i, address.offset.index) != Affine.of(Poly(), [(lane, Poly.const(ins.type.size))]):
            return False
    return True


def _stream(facts: Facts, symbolic: Symbolic, lanes: int) -> Stream | None:
    """The first store that writes consecutive elements from consecutive lanes, if a strip fills whole cache lines."""
    for i, ins in enumerate(facts.program.instructions):
        if ins.op != "STG" or ins.type is None or lanes * ins.type.size < LINE_BYTES:
            continue
        address = ins.args[1]
        if not isinstance(address, RegisterIndirectComputed):
            continue
        offset = symbolic.affine(i, address.offset.index)
        if offset is None or any(v.kind != "lane" for v, _ in offset.terms):
            continue
        if offset.coefficient(Variable("lane", 0)).constant == ins.type.size:
            return Stream(facts.slot_of[i], offset, ins.type.size)
    return None


def guards(program: Program, symbolic: Symbolic) -> dict[int, bool]:
    """Comparisons of a global id with the extent of its axis: the launch never runs lanes for which they fail."""
    out = {}
    for i, ins in enumerate(program.instructions):
        if ins.op != "SETcc":
            continue
        condition, _, a, b = ins.args
        assert isinstance(condition, Condition)
        left, right = _affine(symbolic, i, a), _affine(symbolic, i, b)
        for x, y, holds, fails in ((left, right, "LT", "GE"), (right, left, "GT", "LE")):
            if condition.name in (holds, fails) and x is not None and y is not None and _is_guard(program, x, y):
                out[i] = condition.name == holds
    return out


def _affine(symbolic: Symbolic, index: int, operand: object) -> Affine | None:
    if isinstance(operand, Reg):
        return symbolic.affine(index, operand.index)
    return Affine(Poly.const(operand.bits)) if isinstance(operand, Imm) else None


def _is_guard(program: Program, lane: Affine, bound: Affine) -> bool:
    for axis, extent in enumerate(program.extent):
        wanted = Affine.of(Poly(), [(Variable("lane", axis), Poly.const(1))])
        if lane == wanted and bound.uniform == extent:
            return True
    return False


def _uniform_offset(program: Program, index: int, ins: Instruction, symbolic: Symbolic) -> Poly:
    """Where a launch reduction stores, as a polynomial in the parameters."""
    address = ins.args[1]
    if isinstance(address, SlotOffset | RegisterIndirect):
        return Poly.const(address.offset)
    assert isinstance(address, RegisterIndirectComputed)
    offset = symbolic.affine(index, address.offset.index)
    if offset is None or offset.uniform is None:
        raise refuse(program, index, "the place of a launch reduction's result must follow from the parameters alone")
    return offset.uniform


def strip_width(program: Program, cfg: Cfg, register_bytes: int, registers: int) -> int:
    """Lanes of a strip: as many as keep the live values in registers, at most 64."""
    if any(i.op in LAUNCH_REDUCTIONS for i in program.instructions):
        return REDUCTION_STRIP
    if program.demands & IN_ORDER:
        return 0
    if works_by_blocks(program):
        return min(max(register_bytes // 4, 1), BLOCK_STRIP)
    # f16 and bf16 are computed in f32.
    widest = max((i.type.size for i in program.instructions if i.type and i.type.is_float), default=4)
    widest = max(widest, Type.F32.size)
    one = max(register_bytes // widest, 1)
    pressure = _pressure(program, cfg)
    several = next((k for k in (4, 2) if pressure * k <= registers), 1)
    return min(one * several, MAX_STRIP)


def _pressure(program: Program, cfg: Cfg) -> int:
    """An estimate of how many float vectors are alive together."""
    if not cfg.order:
        return 1
    values = flow.analyse(cfg)
    floats = [w for w in values.webs if w.type is not None and w.type.is_float and w.uses]
    across = sum(1 for w in floats if not w.local)
    spans = [(w.defs[0], max(w.uses)) for w in floats if w.local]
    begins, ends = sorted(b for b, _ in spans), sorted(e for _, e in spans)
    local = max((bisect_left(begins, at) - bisect_left(ends, at) for at in ends), default=0)
    expanded = any(i.type is not None and is_expanded(i.op, i.type) for i in program.instructions)
    return across + local + 1 + (EXPANSION_PRESSURE if expanded else 0)
