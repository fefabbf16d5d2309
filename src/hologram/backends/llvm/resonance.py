"""The Atlas instructions: what they make of their operands (`RULES`), what they ask of launch and executor (`emit`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hologram.backends.faults import Fault
from hologram.backends.llvm import pools
from hologram.backends.llvm.executor_state import CLASS, RESONANCE, TOTAL
from hologram.backends.llvm.ir import Value, float_constant
from hologram.backends.llvm.lanes import VectorLanes
from hologram.backends.llvm.report import Report
from hologram.isa.classes import MIRRORS, NEIGHBOURS, PHASES
from hologram.isa.operands import BYTES_PER_CLASS, BYTES_PER_PAGE, CLASSES, PAGES_PER_CLASS
from hologram.isa.program import Instruction
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.backends.llvm.strip import Strip

Rule = Callable[[VectorLanes, Instruction, dict[str, Value], Report], Value]
_NONE = 127
"""Stands in tables of classes for none."""


def _inside(m: VectorLanes, value: Value, limit: int, kind: Fault, fault: Report) -> Value:
    """An index that is below its limit; what is not is a fault and becomes 0."""
    bad = m.compare("ge", Type.U8, value, m.const(Type.U8, limit))
    fault(bad, kind, value)
    return m.select(Type.U8, bad, m.const(Type.U8, 0), value)


def _of_class(operand: str, result: Type, table: tuple[int, ...]) -> Rule:
    """A rule that looks a class up in a table."""

    def rule(m: VectorLanes, ins: Instruction, o: dict[str, Value], fault: Report) -> Value:
        return m.lookup(result, table, Type.U8, _inside(m, m.spread(o[operand]), CLASSES, Fault.CLASS, fault))

    return rule


def _neighbour(m: VectorLanes, ins: Instruction, o: dict[str, Value], fault: Report) -> Value:
    number = ins.args[2]
    assert isinstance(number, int)
    table = tuple(found[number] if number < len(found) else _NONE for found in NEIGHBOURS)
    index = _inside(m, m.spread(o["class"]), CLASSES, Fault.CLASS, fault)
    found = m.lookup(Type.U8, table, Type.U8, index)
    if _NONE not in table:
        return found
    missing = m.compare("eq", Type.U8, found, m.const(Type.U8, _NONE))
    fault(missing, Fault.NEIGHBOUR, index)
    return m.select(Type.U8, missing, m.const(Type.U8, 0), found)


def _boundary_offset(m: VectorLanes, ins: Instruction, o: dict[str, Value], fault: Report) -> Value:
    index = _inside(m, m.spread(o["class"]), CLASSES, Fault.CLASS, fault)
    page = _inside(m, m.spread(o["page"]), PAGES_PER_CLASS, Fault.PAGE, fault)
    wide = [m.convert(Type.U64, Type.U8, v) for v in (index, page, m.spread(o["byte"]))]
    start = m.mul(Type.U64, wide[0], m.const(Type.U64, BYTES_PER_CLASS))
    return m.add(Type.U64, m.add(Type.U64, start, m.mul(Type.U64, wide[1], m.const(Type.U64, BYTES_PER_PAGE))), wide[2])


RULES: dict[str, Rule] = {
    "MIRROR": _of_class("a", Type.U8, MIRRORS),
    "NbrCount": _of_class("class", Type.U32, tuple(len(found) for found in NEIGHBOURS)),
    "NbrGet": _neighbour,
    "BoundMap": _boundary_offset,
}


def _class_of_lane(s: Strip, i: int, ins: Instruction) -> None:
    s.store(s.flow.written[i], s.w.value(f"trunc {CLASS} to i8", "i8"), 0)


def _phase(s: Strip, i: int, ins: Instruction) -> None:
    stride = s.stride(i, "phase")
    s.store(s.flow.written[i], s.operand(i, ins, "phase", 0 if stride == 0 else 1), stride)


def _advance(s: Strip, i: int, ins: Instruction) -> None:
    delta, stride = ins.args[0], s.stride(i, "phase")
    assert isinstance(delta, int)
    m = s.vector if stride is None else s.scalar
    ahead = m.add(Type.U32, s.operand(i, ins, "phase", m.lanes), m.const(Type.U32, delta % PHASES))
    # What has not come round is below: subtracting gives a huge number.
    s.store(s.flow.written[i], m.intrinsic("umin", ahead, m.sub(Type.U32, ahead, m.const(Type.U32, PHASES))), stride)


def _unity(s: Strip, i: int, ins: Instruction) -> None:
    epsilon = ins.args[1]
    assert isinstance(epsilon, float | int)
    size = s.w.call("llvm.fabs.f64", "double", 0, TOTAL)
    near = s.w.value(f"fcmp olt {size}, {float_constant(Type.F64, float(epsilon))}", "i1")
    s.store(s.flow.written[i], near, 0)


def _accumulate(s: Strip, i: int, ins: Instruction) -> None:
    """One lane's addition; lanes go one after the other."""
    assert not s.lanes
    w, index, value = s.w, s.operand(i, ins, "class", 0), s.operand(i, ins, "value", 0)
    bad = w.value(f"icmp uge {index}, {CLASSES}", "i1")
    s.fault(i)(bad, Fault.CLASS, index)
    go, done = w.name("inside"), w.name("done")
    w.branch(bad, done, go)
    w.label(go)
    wide = w.value(f"zext {index} to i64", "i64")
    cell = w.value(f"getelementptr double, {RESONANCE}, {wide}", "ptr")
    old = w.value(f"load double, {cell}, align 8", "double")
    w.line(f"store {w.value(f'fadd {old}, {value.ref}', 'double')}, {cell}, align 8")
    w.label(done)


_EMIT: dict[str, Callable[[Strip, int, Instruction], None]] = {
    "ClsGet": _class_of_lane,
    "PhaseGet": _phase,
    "PhaseAdv": _advance,
    "UnityTest": _unity,
    "ResAccum": _accumulate,
    **dict.fromkeys(pools.POOLS, pools.emit),
}
OF_THE_LAUNCH = frozenset(_EMIT)
"""Instructions that use what the launch or the executor holds, not only their operands."""


def emit(s: Strip, i: int, ins: Instruction) -> None:
    """Write one instruction of `OF_THE_LAUNCH`."""
    _EMIT[ins.op](s, i, ins)
