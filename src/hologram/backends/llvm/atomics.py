"""Atomics: one `atomicrmw` or `cmpxchg` a lane, in ascending order of the active lanes.

Where all lanes address one cell, nothing reads the old value and the order does not matter (integers, no exchange), the
lanes' values are combined first and the cell is touched once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hologram.backends.llvm.ir import LLVM_TYPE, Value, Writer
from hologram.isa.program import Instruction
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.backends.llvm.strip import Strip

ATOMICS = frozenset(f"ATOM_{n}" for n in ("ADD", "MIN", "MAX", "AND", "OR", "XOR", "EXCH", "CAS"))
_NUMBER = {"ATOM_MIN": "minimumnum", "ATOM_MAX": "maximumnum"}
"""Float operations that no machine has as one instruction."""


One = Callable[[Writer, Instruction, Value, list[Value]], Value]
"""Writes the atomic of one lane at a pointer with its operands, and gives the old value."""


def emit(s: Strip, i: int, ins: Instruction, pointer: Value, one: One) -> None:
    """Write one atomic; `pointer` is one address, or a vector of them."""
    assert ins.type is not None
    operands = [s.operand(i, ins, part, 0 if s.stride(i, part) == 0 else s.lanes) for part in _sources(ins)]
    web = s.flow.written[i]
    if not s.lanes:
        s.store(web, one(s.w, ins, pointer, operands), None)
    elif not pointer.lanes and not web.uses and ins.type.is_integer and _combining(ins) is not None:
        _combined(s, ins, pointer, operands[0], one)
    else:
        old = _each_lane(s, ins, [pointer, *operands], bool(web.uses), one)
        if old is not None:
            s.store(web, old, None)


def _sources(ins: Instruction) -> tuple[str, ...]:
    return ("a", "b") if ins.op == "ATOM_CAS" else ("a",)


def _integer_name(ins: Instruction) -> str:
    """The operation as LLVM calls it for integers; minimum and maximum lack their sign."""
    return {"EXCH": "xchg"}.get(ins.op[5:], ins.op[5:].lower())


def _combining(ins: Instruction) -> tuple[str, int] | None:
    """LLVM's reduction of a vector for an operation, and the integer that changes nothing; None for exchanges."""
    ty, name = ins.type, _integer_name(ins)
    assert ty is not None
    sign = "s" if ty.is_signed else "u"
    table = {
        "add": ("add", 0),
        "and": ("and", -1),
        "or": ("or", 0),
        "xor": ("xor", 0),
        "min": (f"{sign}min", ty.maximum),
        "max": (f"{sign}max", ty.minimum),
    }
    return table.get(name) if ty.is_integer else None


def _combined(s: Strip, ins: Instruction, pointer: Value, value: Value, one: One) -> None:
    found = _combining(ins)
    assert found is not None and ins.type is not None
    name, nothing = found
    value = s.vector.spread(value)
    if s.mask.ref is not None:
        value = s.vector.select(ins.type, s.mask.ref, value, s.vector.const(ins.type, nothing))
    total = s.w.call(f"llvm.vector.reduce.{name}.v{s.lanes}{value.element}", value.element, 0, value)
    one(s.w, ins, pointer, [total])


def _each_lane(s: Strip, ins: Instruction, inputs: list[Value], used: bool, one: One) -> Value | None:
    """A loop over the active lanes; gives the vector of old values where it is used."""
    w, lanes = s.w, s.lanes
    assert ins.type is not None
    element = LLVM_TYPE[ins.type]
    cells = [_spilled(w, v) if v.lanes else None for v in inputs]
    olds = w.alloca(f"<{lanes} x {element}>")
    if used:
        w.line(f"store <{lanes} x {element}> zeroinitializer, ptr {olds}")
    left = w.alloca(f"i{lanes}")
    w.line(f"store {_active(s)}, ptr {left}")
    top, body, done = w.name("lanes"), w.name("lane"), w.name("done")
    w.label(top)
    bits = w.value(f"load i{lanes}, ptr {left}", f"i{lanes}")
    w.branch(w.value(f"icmp ne {bits}, 0", "i1"), body, done)
    w.label(body)
    first = w.call(f"llvm.cttz.i{lanes}", bits.element, 0, bits, "i1 true")
    less = w.value(f"sub {bits}, 1", bits.element)
    w.line(f"store {w.value(f'and {bits}, {less.ref}', bits.element)}, ptr {left}")
    lane = w.value(f"{'trunc' if lanes > 32 else 'zext'} {first} to i32", "i32") if lanes != 32 else first
    mine = [v if c is None else _at(w, c, v.element, lane) for v, c in zip(inputs, cells, strict=True)]
    old = one(w, ins, mine[0], mine[1:])
    if used:
        w.line(f"store {old}, {w.value(f'getelementptr {element}, ptr {olds}, {lane}', 'ptr')}")
    w.jump(top)
    w.label(done)
    return w.value(f"load <{lanes} x {element}>, ptr {olds}", element, lanes) if used else None


def _active(s: Strip) -> Value:
    """The active lanes as bits, lane 0 lowest."""
    bits = f"i{s.lanes}"
    return Value("-1", bits) if s.mask.ref is None else s.w.value(f"bitcast {s.mask.ref} to {bits}", bits)


def _spilled(w: Writer, value: Value) -> str:
    cell = w.alloca(value.type)
    w.line(f"store {value}, ptr {cell}")
    return cell


def _at(w: Writer, cell: str, element: str, lane: Value) -> Value:
    return w.value(f"load {element}, {w.value(f'getelementptr {element}, ptr {cell}, {lane}', 'ptr')}", element)


def one(w: Writer, ins: Instruction, pointer: Value, operands: list[Value]) -> Value:
    """The atomic of one lane on memory that other threads see; gives the old value."""
    ty = ins.type
    assert ty is not None
    element = LLVM_TYPE[ty]
    if ins.op == "ATOM_CAS":
        return _exchanged(w, pointer, operands[0], operands[1], ty.size)[0]
    if ty.is_float and ins.op in _NUMBER:
        return _float_extreme(w, ins, pointer, operands[0])
    name = _integer_name(ins)
    if ty.is_float and name == "add":
        name = "fadd"
    if name in ("min", "max") and ty.is_unsigned:
        name = f"u{name}"
    return w.value(f"atomicrmw {name} {pointer}, {operands[0]} monotonic, align {ty.size}", element)


def _exchanged(w: Writer, pointer: Value, expected: Value, new: Value, size: int) -> tuple[Value, Value]:
    """Compare and exchange: the old value, and whether it was the expected one."""
    text = f"cmpxchg {pointer}, {expected}, {new} monotonic monotonic, align {size}"
    pair = w.value(text, f"{{ {expected.element}, i1 }}")
    return w.value(f"extractvalue {pair}, 0", expected.element), w.value(f"extractvalue {pair}, 1", "i1")


def _float_extreme(w: Writer, ins: Instruction, pointer: Value, value: Value) -> Value:
    """Minimum or maximum by compare and exchange of the bits, until no other thread was in between."""
    ty = ins.type
    assert ty is not None
    element, bits = LLVM_TYPE[ty], f"i{ty.bits}"
    suffix = "f32" if ty is Type.F32 else "f64"
    seen = w.alloca(bits)
    again, done = w.name("again"), w.name("done")
    w.line(f"store {w.value(f'load atomic {bits}, {pointer} monotonic, align {ty.size}', bits)}, ptr {seen}")
    w.label(again)
    old = w.value(f"load {bits}, ptr {seen}", bits)
    number = w.value(f"bitcast {old} to {element}", element)
    chosen = w.call(f"llvm.{_NUMBER[ins.op]}.{suffix}", element, 0, number, value)
    new = w.value(f"bitcast {chosen} to {bits}", bits)
    found, fits = _exchanged(w, pointer, old, new, ty.size)
    w.line(f"store {found}, ptr {seen}")
    w.branch(fits, done, again)
    w.label(done)
    return w.value(f"bitcast {old} to {element}", element)
