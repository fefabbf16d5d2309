"""Atomics on shared memory: one thread runs a block, so a load, the operation and a store are as good."""

from __future__ import annotations

from hologram.backends.llvm.ir import LLVM_TYPE, Value, Writer
from hologram.backends.llvm.lanes import VectorLanes
from hologram.backends.llvm.report import nothing
from hologram.backends.llvm.rules import PURE
from hologram.isa.program import Instruction


def one(w: Writer, ins: Instruction, pointer: Value, operands: list[Value]) -> Value:
    """The atomic of one lane; gives the old value."""
    ty, m = ins.type, VectorLanes(w, 0)
    assert ty is not None
    element = LLVM_TYPE[ty]
    old = w.value(f"load {element}, {pointer}, align {ty.size}", element)
    if ins.op == "ATOM_EXCH":
        new = operands[0]
    elif ins.op == "ATOM_CAS":
        new = m.select(ty, m.compare("eq", ty, old, operands[0]), operands[1], old)
    else:
        new = PURE[ins.op.removeprefix("ATOM_")](m, ins, {"a": old, "b": operands[0]}, nothing)
    w.line(f"store {new}, {pointer}, align {ty.size}")
    return old
