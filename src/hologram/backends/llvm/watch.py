"""Checked code: what a strip tests before it acts, and how it reports what it finds.

A strip tests every address before memory is touched. When a lane's is wrong it notes what, where and which lane in the
launch's record and returns true; nothing runs after it. So the fault that is reported is the first that the first
faulty strip comes to, and the lowest of the lanes it happens to. Division by zero stops nothing: of all of them the one
of the earliest instruction, and of its lanes the lowest, is noted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hologram.backends.faults import Fault, makes_floats
from hologram.backends.llvm import layout
from hologram.backends.llvm.ir import Value, Writer
from hologram.backends.llvm.job import Watch
from hologram.backends.llvm.lanes import VectorLanes, any_lane
from hologram.backends.llvm.shape import Stride
from hologram.backends.llvm.slots import polynomial, widened
from hologram.isa.affine import Poly
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Instruction, Program
from hologram.types import HALVES, Type

if TYPE_CHECKING:
    from hologram.backends.llvm.strip import Strip

STOPPED, STEPS, LIMIT = "%stopped", "%steps", "%limit"
FAR = 1 << 40
_EXPONENT = {Type.F16: 0x7C00, Type.BF16: 0x7F80}


@dataclass(frozen=True)
class Extent:
    """The bytes that may be touched, counted from element 0: from `low` on (negative for reversed axes) `size` many."""

    low: Value
    size: Value


@dataclass(frozen=True)
class Checked:
    """What checked code has besides in a strip: the number of its first lane in the launch, extents by slot.

    `parts` are extents in shared memory by instruction; an access that is not among them has all of it.
    The lanes' step counts are in `%steps`, and at a barrier `counts` bytes from the start of the strip's own memory.
    """

    watch: Watch
    number: Value
    extents: Mapping[int, Extent]
    shared: Extent
    parts: Mapping[int, Extent]
    polynomials: Mapping[int, Poly]
    counts: int = 0


# Around a strip function.


def extents_of(w: Writer, program: Program, used: Sequence[int], slots: Mapping[Slot, Value]) -> dict[int, Extent]:
    """The extents of the arrays that a program touches, worked out once a launch."""
    m, zero = VectorLanes(w, 0), Value("0", "i64")
    out = {}
    for index in used:
        param = program.params[index]
        low, high, some = zero, zero, Value("true", "i1")
        for axis in range(param.ndim):
            length = slots[Slot(index, Field.SHAPE, axis)]
            stride = slots[Slot(index, Field.STRIDE, axis)]
            step = Value(str(param.type.size), "i64") if param.ndim == 1 else stride
            way = m.binary("mul", m.binary("sub", length, Value("1", "i64")), step)
            if param.ndim > 1:
                low = m.binary("add", low, m.intrinsic("smin", way, zero))
            high = m.binary("add", high, m.intrinsic("smax", way, zero))
            some = m.mask_and(some, m.compare("ne", Type.I64, length, zero))
        size = m.binary("add", m.binary("sub", high, low), Value(str(param.type.size), "i64"))
        out[index] = Extent(m.select(None, some, low, zero), m.select(None, some, size, zero))
    return out


def parts(extent: Extent) -> tuple[Value, Value]:
    """What a strip function is given of an extent."""
    return extent.low, extent.size


def result_in_bounds(w: Writer, i: int, extent: Extent, ty: Type, offset: Value) -> None:
    """Stop a launch whose reduction would store outside its array, whether or not a lane took part."""
    stop, fine = w.name("stop"), w.name("fine")
    w.branch(_outside(VectorLanes(w, 0), extent, ty.size, offset), stop, fine)
    w.label(stop)
    record(w, Fault.OUT_OF_BOUNDS, i, Value("-1", "i64"), offset)
    w.jump(STOPPED)
    w.label(fine)


def begin(s: Strip, first: bool) -> None:
    """Start counting steps, or go on after a barrier."""
    checked = s.inputs.checked
    if checked is None or not checked.watch.steps:
        return
    count = s.vector.const(Type.I64, 0)
    s.w.allocas.append(f"  {STEPS} = alloca {count.type}")
    if not first:
        count = s.w.value(f"load {count.type}, {_kept(s.w, checked)}, align 1", "i64", count.lanes)
    s.w.line(f"store {count}, ptr {STEPS}")
    s.w.line(f"{LIMIT} = load i64, {_cell(s.w, layout.LIMIT)}")


def any_fault(w: Writer, result: Value) -> Value:
    """0 where neither `result` nor the record tells of a fault; a launch that stopped does not come here."""
    noted = w.value(f"load i64, {_cell(w, layout.DIVISION)}", "i64")
    return w.value(f"or {noted}, {result.ref}", "i64")


def end(w: Writer) -> None:
    """Where a strip function goes that found something."""
    w.open = False
    w.label(STOPPED)
    w.line("ret i1 true")


# What a strip tests.


def in_bounds(s: Strip, i: int, ins: Instruction, offset: Value, stride: Stride) -> int:
    """Stop unless all active lanes' accesses at byte offsets are inside; gives the alignment that may be relied upon.

    Every address of global and shared memory comes through here. `offset` is lane 0's where the stride is a number.
    """
    assert ins.type is not None
    size, checked = ins.type.size, s.inputs.checked
    if checked is None:
        return size
    extent = checked.extents[s.slot_of[i]] if i in s.slot_of else checked.parts.get(i, checked.shared)
    within(s, i, extent, size, offset, stride)
    return 1


def within(s: Strip, i: int, extent: Extent, size: int, offset: Value, stride: Stride) -> None:
    """Stop unless all active lanes' accesses of `size` bytes lie in an extent."""
    w, span = s.w, (stride or 0) * max(s.lanes - 1, 0)
    if stride and abs(span) >= FAR:
        offset, stride = s.as_vector(offset, Type.I64, stride), None
    if not stride:
        m = s.vector if offset.lanes else s.scalar
        _stop_where(s, i, Fault.OUT_OF_BOUNDS, _outside(m, extent, size, offset), offset)
        return
    # Offsets in a row: where the ends are inside all lanes are, whichever of them are active.
    lowest = s.scalar.binary("add", offset, Value(str(min(span, 0)), "i64"))
    slow, fine = w.name("ends"), w.name("fine")
    w.branch(_seldom(w, _outside(s.scalar, extent, size + abs(span), lowest)), slow, fine)
    w.label(slow)
    every = s.as_vector(offset, Type.I64, stride)
    _stop_where(s, i, Fault.OUT_OF_BOUNDS, _outside(s.vector, extent, size, every), every)
    w.label(fine)


def _outside(m: VectorLanes, extent: Extent, size: int, offset: Value) -> Value:
    """Which accesses are not wholly inside: one comparison without sign, as those before the start are far off then."""
    scalar = VectorLanes(m.w, 0)
    places = scalar.binary("sub", extent.size, Value(str(size - 1), "i64"))
    places = scalar.intrinsic("smax", places, Value("0", "i64"))
    return m.compare("ge", Type.U64, m.binary("sub", offset, extent.low), places)


def aligned(s: Strip, i: int, ins: Instruction, offset: Value, stride: Stride) -> None:
    """Stop where an atomic would touch parts of two elements."""
    if s.inputs.checked is None or ins.type is None or ins.type.size == 1:
        return
    every = offset if stride == 0 else s.as_vector(offset, Type.I64, stride)
    m = s.vector if every.lanes else s.scalar
    rest = m.and_(Type.I64, every, m.const(Type.I64, ins.type.size - 1))
    _stop_where(s, i, Fault.UNALIGNED, m.compare("ne", Type.I64, rest, m.const(Type.I64, 0)), every)


def place_in_bounds(s: Strip, i: int, ins: Instruction) -> None:
    """Stop where the result of a launch reduction would not be inside its array."""
    checked = s.inputs.checked
    if checked is not None and ins.type is not None:
        place = polynomial(s.w, checked.polynomials[i], widened(s.w, s.program, s.inputs.slots))
        within(s, i, checked.extents[s.slot_of[i]], ins.type.size, place, 0)


def finite(s: Strip, i: int, ins: Instruction, operands: Mapping[str, Value], result: Value) -> None:
    """Stop where finite operands give a NaN or an infinity."""
    checked = s.inputs.checked
    if checked is None or not checked.watch.nan or not makes_floats(ins):
        return
    m = s.vector if result.lanes else s.scalar
    ty = ins.type
    assert ty is not None
    bad = m.mask_not(_is_finite(m, ty, result))
    for part, value in operands.items():
        held = _operand_type(ins, part)
        if held is not None and held.is_float:
            bad = m.mask_and(bad, _is_finite(m, held, value))
    _stop_where(s, i, Fault.NOT_FINITE, bad, _as_flag(m, _is_nan(m, ty, result)))


def _operand_type(ins: Instruction, part: str) -> Type | None:
    positions = [k for k, operand in enumerate(ins.spec.operands) if operand.name == part]
    return ins.operand_type(positions[0]) if positions else ins.type  # a fold's registers are of its type


def _is_finite(m: VectorLanes, ty: Type, a: Value) -> Value:
    if ty in HALVES:
        exponent = m.const(Type.U16, _EXPONENT[ty])
        return m.compare("ne", Type.U16, m.and_(Type.U16, a, exponent), exponent)
    return m.compare("lt", ty, m.abs(ty, a), m.const(ty, float("inf")))


def _is_nan(m: VectorLanes, ty: Type, a: Value) -> Value:
    if ty in HALVES:
        return m.compare(
            "gt", Type.U16, m.and_(Type.U16, a, m.const(Type.U16, 0x7FFF)), m.const(Type.U16, _EXPONENT[ty])
        )
    return m.compare("ne", ty, a, a)


def _as_flag(m: VectorLanes, mask: Value) -> Value:
    return m.cast("zext", mask, "i64")


def count_steps(s: Strip, i: int, length: int) -> None:
    """Count a block of instructions for the active lanes, and stop those that ran too many."""
    checked, m, w = s.inputs.checked, s.vector, s.w
    if checked is None or not checked.watch.steps:
        return
    more = m.const(Type.I64, length)
    if s.mask.ref is not None:
        more = m.select(Type.I64, s.mask.ref, more, m.const(Type.I64, 0))
    count = m.add(Type.I64, w.value(f"load {more.type}, ptr {STEPS}", "i64", more.lanes), more)
    w.line(f"store {count}, ptr {STEPS}")
    over = m.compare("gt", Type.I64, count, Value(LIMIT, "i64"))
    _stop_where(s, i, Fault.STEP_LIMIT, over, count)
    if s.program.instructions[i].spec.is_barrier:
        w.line(f"store {count}, {_kept(w, checked)}, align 1")


def _kept(w: Writer, checked: Checked) -> Value:
    return w.value(f"getelementptr i8, ptr %kept, i64 {checked.counts}", "ptr")


# What it notes.


def claim(s: Strip, i: int, ins: Instruction) -> None:
    """Stop where an assertion does not hold."""
    if s.inputs.checked is None:
        return
    lanes = 0 if s.stride(i, "pred") == 0 else s.lanes
    m = s.vector if lanes else s.scalar
    _stop_where(s, i, Fault.ASSERTION, m.mask_not(s.operand(i, ins, "pred", lanes)))


def failed(s: Strip, i: int, bad: Value, kind: Fault, *details: Value) -> None:
    """An instruction cannot do what it is asked in some lanes: of divisions a note is made, all others stop."""
    if s.program.instructions[i].op in ("DIV", "REM"):
        _note_division(s, i, bad)
    else:
        _stop_where(s, i, kind, bad, *details)


def _note_division(s: Strip, i: int, zero: Value) -> None:
    """Note a division by zero unless one of an earlier instruction, or of it in a lower lane, is known."""
    w, m = s.w, s.scalar
    zero = _active(s, zero)
    note, done = w.name("zero"), w.name("done")
    w.branch(_seldom(w, any_lane(w, zero)), note, done)
    w.label(note)
    index, lane = Value(str(i + 1), "i64"), _number(s, zero)[1]
    cells = _cell(w, layout.DIVISION), _cell(w, layout.DIVISION_LANE)
    old, old_lane = (w.value(f"load i64, {cell}", "i64") for cell in cells)
    same = m.mask_and(m.compare("eq", Type.I64, old, index), m.compare("lt", Type.I64, lane, old_lane))
    before = m.mask_or(m.compare("eq", Type.I64, old, Value("0", "i64")), m.compare("lt", Type.I64, index, old))
    better = m.mask_or(same, before)
    for cell, new, known in zip(cells, (index, lane), (old, old_lane), strict=True):
        w.line(f"store {m.select(None, better, new, known)}, {cell}")
    w.label(done)


def _stop_where(s: Strip, i: int, fault: Fault, bad: Value, *details: Value) -> None:
    """Note the lowest active lane that is bad, with its details, and leave the strip."""
    w = s.w
    bad = _active(s, bad)
    stop, fine = w.name("stop"), w.name("fine")
    w.branch(_seldom(w, any_lane(w, bad)), stop, fine)
    w.label(stop)
    lane, number = _number(s, bad)
    record(w, fault, i, number, *(_of_lane(w, detail, lane) for detail in details))
    w.jump(STOPPED)
    w.label(fine)


def _of_lane(w: Writer, detail: Value, lane: Value) -> Value:
    """One lane's integer, as i64."""
    if detail.lanes:
        detail = w.value(f"extractelement {detail}, {lane}", detail.element)
    return detail if detail.element == "i64" else w.value(f"zext {detail} to i64", "i64")


def record(w: Writer, fault: Fault, i: int, number: Value, *details: Value) -> None:
    """Write a fault into the launch's record."""
    values = {layout.CODE: int(fault), layout.INDEX: i}
    for place, value in values.items():
        w.line(f"store i64 {value}, {_cell(w, place)}")
    w.line(f"store {number}, {_cell(w, layout.LANE)}")
    for place, detail in zip((layout.DETAIL, layout.OTHER), details, strict=False):
        w.line(f"store {detail}, {_cell(w, place)}")


def _active(s: Strip, mask: Value) -> Value:
    """A mask without the lanes that do not run; a scalar stays one, as some lane runs wherever code is."""
    return s.vector.mask_and(mask, s.mask.ref) if mask.lanes and s.mask.ref is not None else mask


def _number(s: Strip, mask: Value) -> tuple[Value, Value]:
    """(lane of the strip, number in the launch) of the lowest lane of a mask, or of those that run."""
    w, checked = s.w, s.inputs.checked
    assert checked is not None
    if not mask.lanes:
        if s.mask.ref is None or not s.lanes:
            return Value("0", "i64"), checked.number
        mask = s.mask.ref
    bits = w.value(f"bitcast {mask} to i{mask.lanes}", f"i{mask.lanes}")
    lane = w.call(f"llvm.cttz.{bits.element}", bits.element, 0, bits, "i1 true")
    if mask.lanes < Type.I64.bits:
        lane = w.value(f"zext {lane} to i64", "i64")
    return lane, w.value(f"add {checked.number}, {lane.ref}", "i64")


def _cell(w: Writer, offset: int) -> Value:
    return w.value(f"getelementptr i8, ptr %record, i64 {offset}", "ptr")


def _seldom(w: Writer, condition: Value) -> Value:
    return w.call("llvm.expect.i1", "i1", 0, condition, "i1 false")
