"""Linear pools: handles and offsets are validated for every access; lanes go one after the other.

An entry of the table holds the handle it was made for, so a handle that was freed never fits again. Making and freeing
pools is left to the executor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hologram.backends import executor_memory as executor
from hologram.backends.faults import Fault
from hologram.backends.llvm.executor_state import EXECUTOR
from hologram.backends.llvm.ir import LLVM_TYPE, Value
from hologram.isa.program import Instruction
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.backends.llvm.strip import Strip

POOLS = frozenset({"PoolAlloc", "PoolFree", "PoolLoad", "PoolStore"})


def emit(s: Strip, i: int, ins: Instruction) -> None:
    """Write one pool instruction for one lane."""
    assert not s.lanes
    if ins.op == "PoolAlloc":
        size = Value(str(ins.args[1]), "i64")
        handle = s.w.value(f"call i64 {_address(s, executor.ALLOCATE).ref}({size})", "i64")
        s.fault(i)(s.w.value(f"icmp eq {handle}, 0", "i1"), Fault.POOL_ALLOCATION)
        s.store(s.flow.written[i], handle, None)
    elif ins.op == "PoolFree":
        handle = s.operand(i, ins, "handle", 0)
        freed = s.w.value(f"call i64 {_address(s, executor.FREE).ref}({handle})", "i64")
        s.fault(i)(s.w.value(f"icmp eq {freed}, 0", "i1"), Fault.POOL_HANDLE, handle)
    else:
        _access(s, i, ins)


def _address(s: Strip, offset: int) -> Value:
    """An address that the executor's memory holds."""
    cell = s.w.value(f"getelementptr i8, {EXECUTOR}, i64 {offset}", "ptr")
    return s.w.value(f"load ptr, {cell}, align 8", "ptr")


def _access(s: Strip, i: int, ins: Instruction) -> None:
    w, ty = s.w, ins.type
    assert ty is not None
    handle, offset = s.operand(i, ins, "pool", 0), s.operand(i, ins, "offset", 0)
    start, size = _pool(s, i, handle)
    last = w.value(f"sub {size}, {ty.size}", "i64")
    wide = w.value(f"icmp uge {size}, {ty.size}", "i1")
    before = w.value(f"icmp ule {offset}, {last.ref}", "i1")
    inside = w.value(f"and {wide}, {before.ref}", "i1")
    # A handle without a pool has size 0; its own fault came first.
    s.fault(i)(s.scalar.mask_not(inside), Fault.POOL_BOUNDS, offset, handle)
    element = LLVM_TYPE[ty]
    go, done = w.name("inside"), w.name("done")
    result = w.alloca(element) if ins.op == "PoolLoad" else ""
    value = s.operand(i, ins, "a", 0) if ins.op == "PoolStore" else None
    if result:
        w.line(f"store {element} zeroinitializer, ptr {result}")
    w.branch(inside, go, done)
    w.label(go)
    cell = w.value(f"getelementptr i8, {start}, {offset}", "ptr")
    if value is not None:
        w.line(f"store {value}, {cell}, align 1")
    else:
        w.line(f"store {w.value(f'load {element}, {cell}, align 1', element)}, ptr {result}")
    w.label(done)
    if result:
        s.store(s.flow.written[i], w.value(f"load {element}, ptr {result}", element), None)


def _pool(s: Strip, i: int, handle: Value) -> tuple[Value, Value]:
    """(address, size) of a pool; size 0 and a fault where there is none of that handle."""
    w = s.w
    slot = w.value(f"and {handle}, {executor.SLOTS - 1}", "i64")
    place = w.value(f"mul {slot}, {executor.ENTRY_BYTES}", "i64")
    entry = w.value(f"getelementptr i8, {_address(s, executor.TABLE)}, {place}", "ptr")

    def part(offset: int, element: str) -> Value:
        cell = w.value(f"getelementptr i8, {entry}, i64 {offset}", "ptr")
        return w.value(f"load {element}, {cell}, align 8", element)

    known = w.value(f"icmp eq {part(executor.HANDLE, 'i64')}, {handle.ref}", "i1")
    s.fault(i)(s.scalar.mask_not(known), Fault.POOL_HANDLE, handle)
    size = s.scalar.select(Type.U64, known, part(executor.SIZE, "i64"), Value("0", "i64"))
    return part(executor.ADDRESS, "ptr"), size
