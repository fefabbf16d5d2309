"""Block reductions: the values that the lanes of a block bring to a BRED_*, and the tree that combines them.

Each strip puts its values into the block's memory at the numbers of its lanes; when all strips have, a function folds
them and leaves the result there. In a section of 512 lanes lane i belongs to accumulator i mod 64; the two sections
fold, and the 64 accumulators with stride 32, 16 … 1: the tree of a launch reduction in one chunk, whatever the width
of a strip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hologram.backends.llvm.ir import LLVM_TYPE, Module, Value, Writer
from hologram.backends.llvm.lanes import masked_store
from hologram.backends.llvm.reduction import combine, constant, fold_halves, neutral, rounded
from hologram.isa.program import Instruction
from hologram.isa.reductions import ACCUMULATORS, SECTION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hologram.backends.llvm.strip import Strip

WIDEST = 8
RESULT_BYTES = 64
"""The result lies before the values."""
PARAMETERS = (("ptr", "%together"), ("i64", "%place"))
"""What a strip gets: the memory of the block for this, and the number of its first lane in the block."""


def memory(w: Writer, block: Sequence[Value]) -> Value:
    """Stack memory for the values of a block's lanes, filled up to whole rounds of the accumulators."""
    lanes = w.value(f"mul {w.value(f'mul {block[0]}, {block[1].ref}', 'i64')}, {block[2].ref}", "i64")
    size = w.value(f"mul {w.value(f'add {lanes}, {ACCUMULATORS}', 'i64')}, {WIDEST}", "i64")
    return w.value(f"alloca i8, {w.value(f'add {size}, {RESULT_BYTES}', 'i64')}, align 64", "ptr")


def put(s: Strip, i: int, ins: Instruction) -> None:
    """Leave the values of a strip's lanes for the reduction."""
    assert ins.type is not None
    value = s.operand(i, ins, "a", s.lanes)
    first = s.w.value(f"getelementptr i8, ptr %together, i64 {RESULT_BYTES}", "ptr")
    pointer = s.w.value(f"getelementptr {value.element}, {first}, i64 %place", "ptr")
    if s.lanes and s.mask.ref is not None:
        masked_store(s.w, value, pointer, s.mask.ref, ins.type.size)
    else:
        s.w.line(f"store {value}, {pointer}, align {ins.type.size}")


def folded(s: Strip, i: int, ins: Instruction) -> Value:
    """What the lanes of a block come to that are all in one strip."""
    w, value = s.w, s.operand(i, ins, "a", s.lanes)
    return rounded(w, ins, fold_halves(w, ins, value))


def name(index: int) -> str:
    """The function that folds the values of a reduction."""
    return f"together{index}"


def function(module: Module, index: int, ins: Instruction) -> str:
    """`void together(ptr memory, i64 lanes)`: folds the values of so many lanes."""
    assert ins.type is not None
    w, element, size = Writer(module), LLVM_TYPE[ins.type], ins.type.size
    row = f"<{ACCUMULATORS} x {element}>"
    nothing = f"{row} splat ({element} {constant(ins.type, neutral(ins))})"
    lanes = Value("%lanes", "i64")
    values = w.value(f"getelementptr i8, ptr %memory, i64 {RESULT_BYTES}", "ptr")
    w.line(f"store {nothing}, {w.value(f'getelementptr {element}, {values}, {lanes}', 'ptr')}, align {size}")
    earlier, total, at = w.alloca(row), w.alloca(row), w.alloca("i64")
    w.line(f"store {nothing}, ptr {earlier}")
    w.line(f"store {nothing}, ptr {total}")
    w.line(f"store i64 0, ptr {at}")
    top, body, done = w.name("top"), w.name("body"), w.name("done")
    w.label(top)
    first = w.value(f"load i64, ptr {at}", "i64")
    w.branch(w.value(f"icmp ult {first}, {lanes.ref}", "i1"), body, done)
    w.label(body)
    _begin_section(w, first, row, (earlier, total), nothing)
    cell = w.value(f"getelementptr {element}, {values}, {first}", "ptr")
    new = w.value(f"load {row}, {cell}, align {size}", element, ACCUMULATORS)
    old = w.value(f"load {row}, ptr {total}", element, ACCUMULATORS)
    w.line(f"store {combine(w, old, new, ins)}, ptr {total}")
    w.line(f"store {w.value(f'add {first}, {ACCUMULATORS}', 'i64')}, ptr {at}")
    w.jump(top)
    w.label(done)
    before, last = (w.value(f"load {row}, ptr {part}", element, ACCUMULATORS) for part in (earlier, total))
    folded = fold_halves(w, ins, combine(w, before, last, ins))
    w.line(f"store {rounded(w, ins, folded)}, ptr %memory")
    w.line("ret void")
    return w.text(f"define internal void @{name(index)}(ptr %memory, i64 %lanes) nounwind")


def _begin_section(w: Writer, first: Value, row: str, cells: tuple[str, str], nothing: str) -> None:
    """At the first lane of the second section: put the first one by. A block has two at most."""
    put, go_on = w.name("put"), w.name("go")
    w.branch(w.value(f"icmp eq {first}, {SECTION}", "i1"), put, go_on)
    w.label(put)
    earlier, total = cells
    w.line(f"store {w.value(f'load {row}, ptr {total}', row)}, ptr {earlier}")
    w.line(f"store {nothing}, ptr {total}")
    w.label(go_on)
