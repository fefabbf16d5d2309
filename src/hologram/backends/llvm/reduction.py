"""Launch reductions: the fixed tree of GRED_*, whatever the vector width.

Rows are cut into chunks of 4,096 lanes, chunks into sections of 512; in a section lane x belongs to accumulator
x mod 64; sections fold pairwise in order, accumulator by accumulator; the 64 of a chunk fold with stride 32, 16 … 1;
chunks fold pairwise in order; these last two in f64 for sums and products of floats. Accumulators start from a value
that leaves any other unchanged, so lanes that take no part do not matter.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hologram.backends.llvm import layout
from hologram.backends.llvm.constants import constant_text
from hologram.backends.llvm.ir import LLVM_TYPE, Module, Value, Writer
from hologram.backends.llvm.lanes import VectorLanes
from hologram.backends.llvm.pieces import LEVELS, RESULT_BYTES
from hologram.backends.llvm.report import nothing
from hologram.backends.llvm.rules import REDUCTIONS, converted
from hologram.backends.llvm.sections import Sections
from hologram.backends.llvm.slots import load_slots, polynomial, widened
from hologram.isa.builder import immediate
from hologram.isa.operands import Slot
from hologram.isa.program import Instruction
from hologram.isa.reductions import folding_type
from hologram.types import Type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hologram.backends.llvm.job import Lowering


def neutral(ins: Instruction) -> int | float:
    """A value that leaves every other unchanged, bit for bit."""
    ty, (_, real, integer) = ins.type, REDUCTIONS[ins.op]
    assert ty is not None
    if ty.is_float:
        return real
    return integer if integer is not None else ty.maximum if ins.op.endswith("MIN") else ty.minimum


def constant(ty: Type, value: int | float) -> str:
    """A number as an LLVM constant."""
    return constant_text(ty, immediate(ty, value))


def combine(w: Writer, a: Value, b: Value, ins: Instruction) -> Value:
    """The operation of a reduction on two scalars or vectors."""
    return REDUCTIONS[ins.op][0](VectorLanes(w, a.lanes), ins, {"a": a, "b": b}, nothing)


def folding(ins: Instruction) -> Instruction:
    """The instruction on the type in which accumulators and chunks fold."""
    assert ins.type is not None
    return replace(ins, type=folding_type(ins.op, ins.type))


def rounded(w: Writer, ins: Instruction, value: Value) -> Value:
    """What has been folded, in the instruction's own type."""
    source, target = folding(ins).type, ins.type
    assert source is not None and target is not None
    return value if source is target else converted(VectorLanes(w, 0), target, source, value)


def fold_halves(w: Writer, ins: Instruction, value: Value) -> Value:
    """All accumulators as one: the first half with the second, until one is left. Sums and products become f64."""
    source, ins = ins.type, folding(ins)
    assert source is not None and ins.type is not None
    width = value.lanes
    if ins.type is not source:
        value = converted(VectorLanes(w, width), ins.type, source, value)
    while width > 1:
        width //= 2
        halves = []
        for start in (0, width):
            picks = ", ".join(f"i32 {start + k}" for k in range(width))
            text = f"shufflevector {value}, {value.type} poison, <{width} x i32> <{picks}>"
            halves.append(w.value(text, value.element, width))
        value = combine(w, halves[0], halves[1], ins)
    return w.value(f"extractelement {value}, i64 0", value.element)


def of_nothing(ins: Instruction) -> int | float:
    """What the reduction of no lanes is."""
    ty = ins.type
    assert ty is not None
    if not ty.is_float or ins.op == "GRED_MUL":
        return neutral(ins)
    return {"GRED_ADD": 0.0, "GRED_MIN": float("inf"), "GRED_MAX": float("-inf")}[ins.op]


class Reduction:
    """One GRED instruction: its accumulators, its stack of chunk results and where the result goes."""

    def __init__(self, module: Module, index: int, ins: Instruction, job: Lowering) -> None:
        self.index, self.ins, self.slot, self.offset = index, ins, job.slot_of[index], job.offsets[index]
        assert ins.type is not None
        self.type: Type = ins.type
        self.folding = folding(ins)
        assert self.folding.type is not None
        self.element = LLVM_TYPE[self.folding.type]
        self.any = self.stack = self.count = ""
        self.neutral = constant(self.folding.type, neutral(ins))
        row = LLVM_TYPE[ins.type], constant(ins.type, neutral(ins))
        self.sections = Sections(module, index, *row, partial(combine, ins=ins))
        self._push = f"push{index}"
        module.functions += [self._push_function(module), self._drain_function(module), *self._copies(module)]

    def begin(self, w: Writer) -> None:
        self.sections.begin(w)
        self.any, self.count = w.alloca("i1"), w.alloca("i64")
        self.stack = w.alloca(f"[{LEVELS} x {self.element}]")
        w.line(f"store i1 false, ptr {self.any}")
        w.line(f"store i64 0, ptr {self.count}")

    def close_chunk(self, w: Writer, lanes: Value) -> None:
        """Fold the accumulators of a chunk of so many lanes and push its result."""
        total = fold_halves(w, self.ins, self.sections.total(w, lanes))
        w.line(f"call void @{self._push}(ptr {self.stack}, ptr {self.count}, {total})")

    def finish(self, w: Writer, slots: Mapping[Slot, Value], wide: Mapping[Slot, Value]) -> None:
        """Fold what is on the stack and store the result; `wide` are the integer slots as i64."""
        total = w.value(f"call {self.element} @drain{self.index}(ptr {self.stack}, ptr {self.count})", self.element)
        seen = w.value(f"load i1, ptr {self.any}", "i1")
        nothing = constant(self.type, of_nothing(self.ins))
        total, element = rounded(w, self.ins, total), LLVM_TYPE[self.type]
        result = w.value(f"select {seen}, {total}, {element} {nothing}", element)
        cell = w.value(f"getelementptr i8, {slots[Slot(self.slot)]}, {polynomial(w, self.offset, wide)}", "ptr")
        w.line(f"store {result}, {cell}, align {self.type.size}")

    def deliver(self, w: Writer, position: int, number: Value, results: Value) -> None:
        """Leave the stack of a piece in the results; `position` is this reduction's among those of the kernel."""
        depth = w.call("llvm.ctpop.i64", "i64", 0, w.value(f"load i64, ptr {self.count}", "i64"))
        entry = w.value(f"getelementptr i64, {self._entries(w, position, results)}, {number}", "ptr")
        w.line(f"call void @move{self.index}({entry}, ptr {self.stack}, {depth})")
        seen = w.value(f"zext {w.value(f'load i1, ptr {self.any}', 'i1')} to i64", "i64")
        bit = w.value(f"shl {seen}, {position}", "i64")
        w.value(f"atomicrmw or {results}, {bit} monotonic, align 8", "i64")

    def _entries(self, w: Writer, position: int, results: Value) -> Value:
        return w.value(f"getelementptr i8, {results}, i64 {8 + position * RESULT_BYTES}", "ptr")

    def join(self, w: Writer, position: int) -> None:
        """Make one stack of what the pieces left; see the signature of `join_function`."""
        self.begin(w)
        results = Value("%results", "ptr")
        entries = self._entries(w, position, results)
        size = w.value("shl i64 1, %log", "i64")
        last = w.value("sub i64 %pieces, 1", "i64")
        rest = w.value(f"sub i64 %units, {w.value(f'shl {last}, %log', 'i64').ref}", "i64")
        # Pieces that are whole subtrees count as one each, at their level; what is left of a smaller one goes on top.
        complete = w.value(f"icmp eq {rest}, {size.ref}", "i1")
        full = w.value(f"select {complete}, i64 %pieces, {last}", "i64")
        w.line(f"call void @pushall{self.index}(ptr {self.stack}, ptr {self.count}, {entries}, {full})")
        top = w.call("llvm.ctpop.i64", "i64", 0, full)
        depth = w.value(f"select {complete}, i64 0, {w.call('llvm.ctpop.i64', 'i64', 0, rest)}", "i64")
        free = w.value(f"getelementptr {self.element}, ptr {self.stack}, {top}", "ptr")
        entry = w.value(f"getelementptr i64, {entries}, {last}", "ptr")
        w.line(f"call void @take{self.index}({free}, {entry}, {depth})")
        w.line(f"store i64 %units, ptr {self.count}")
        seen = w.value(f"lshr {w.value(f'load i64, {results}, align 8', 'i64')}, {position}", "i64")
        w.line(f"store {w.value(f'trunc {seen} to i1', 'i1')}, ptr {self.any}")

    def _copies(self, module: Module) -> list[str]:
        """`move` and `take`: numbers between a stack and slots of 8 bytes; `pushall`: slots onto a stack."""
        slot, number = ("i64", self.element)
        return [
            self._copy(module, "move", slot, number),
            self._copy(module, "take", number, slot),
            self._push_all(module),
        ]

    def _loop(self, w: Writer) -> Value:
        """Open a loop over `%count` numbers; `_end_loop` closes it."""
        cell = w.alloca("i64")
        w.line(f"store i64 0, ptr {cell}")
        w.label("%top")
        k = w.value(f"load i64, ptr {cell}", "i64")
        w.branch(w.value(f"icmp slt {k}, %count", "i1"), "%body", "%done")
        w.label("%body")
        w.line(f"store {w.value(f'add {k}, 1', 'i64')}, ptr {cell}")
        return k

    def _end_loop(self, w: Writer) -> None:
        w.jump("%top")
        w.label("%done")
        w.line("ret void")

    def _copy(self, module: Module, name: str, to: str, source: str) -> str:
        w = Writer(module)
        k = self._loop(w)
        cell = w.value(f"getelementptr {source}, ptr %from, {k}", "ptr")
        value = w.value(f"load {self.element}, {cell}", self.element)
        w.line(f"store {value}, {w.value(f'getelementptr {to}, ptr %to, {k}', 'ptr')}")
        self._end_loop(w)
        return w.text(f"define internal void @{name}{self.index}(ptr %to, ptr %from, i64 %count) nounwind")

    def _push_all(self, module: Module) -> str:
        w = Writer(module)
        k = self._loop(w)
        cell = w.value(f"getelementptr i64, ptr %from, {k}", "ptr")
        value = w.value(f"load {self.element}, {cell}", self.element)
        w.line(f"call void @{self._push}(ptr %stack, ptr %depth, {value})")
        self._end_loop(w)
        return w.text(
            f"define internal void @pushall{self.index}(ptr %stack, ptr %depth, ptr %from, i64 %count) nounwind"
        )

    def _push_function(self, module: Module) -> str:
        """Add a chunk's result: like a binary counter, equal sizes merge at once."""
        w = Writer(module)
        value_cell, bits_cell, top_cell = w.alloca(self.element), w.alloca("i64"), w.alloca("i64")
        count = w.value("load i64, ptr %count", "i64")
        depth = w.call("llvm.ctpop.i64", "i64", 0, count)
        w.line(f"store {self.element} %value, ptr {value_cell}")
        w.line(f"store {count}, ptr {bits_cell}")
        w.line(f"store {depth}, ptr {top_cell}")
        w.label("%merge")
        bits = w.value(f"load i64, ptr {bits_cell}", "i64")
        odd = w.value(f"trunc {bits} to i1", "i1")
        w.branch(odd, "%fold", "%put")
        w.label("%fold")
        self._pop_into(w, top_cell, value_cell)
        w.line(f"store {w.value(f'lshr {bits}, 1', 'i64')}, ptr {bits_cell}")
        w.jump("%merge")
        w.label("%put")
        top = w.value(f"load i64, ptr {top_cell}", "i64")
        cell = w.value(f"getelementptr {self.element}, ptr %stack, {top}", "ptr")
        w.line(f"store {w.value(f'load {self.element}, ptr {value_cell}', self.element)}, {cell}")
        w.line(f"store {w.value(f'add {count}, 1', 'i64')}, ptr %count")
        w.line("ret void")
        return w.text(f"define internal void @{self._push}(ptr %stack, ptr %count, {self.element} %value) nounwind")

    def _drain_function(self, module: Module) -> str:
        """Fold the stack from its top down."""
        w = Writer(module)
        value_cell, top_cell = w.alloca(self.element), w.alloca("i64")
        depth = w.call("llvm.ctpop.i64", "i64", 0, w.value("load i64, ptr %count", "i64"))
        w.line(f"store {self.element} {self.neutral}, ptr {value_cell}")
        w.line(f"store {depth}, ptr {top_cell}")
        w.label("%next")
        top = w.value(f"load i64, ptr {top_cell}", "i64")
        w.branch(w.value(f"icmp sgt {top}, 0", "i1"), "%fold", "%done")
        w.label("%fold")
        self._pop_into(w, top_cell, value_cell)
        w.jump("%next")
        w.label("%done")
        w.line(f"ret {w.value(f'load {self.element}, ptr {value_cell}', self.element)}")
        return w.text(f"define internal {self.element} @drain{self.index}(ptr %stack, ptr %count) nounwind")

    def _pop_into(self, w: Writer, top_cell: str, value_cell: str) -> None:
        """value = op(stack[--top], value)."""
        top = w.value(f"load i64, ptr {top_cell}", "i64")
        less = w.value(f"sub {top}, 1", "i64")
        w.line(f"store {less}, ptr {top_cell}")
        cell = w.value(f"getelementptr {self.element}, ptr %stack, {less}", "ptr")
        earlier = w.value(f"load {self.element}, {cell}", self.element)
        value = w.value(f"load {self.element}, ptr {value_cell}", self.element)
        w.line(f"store {combine(w, earlier, value, self.folding)}, ptr {value_cell}")


def join_function(module: Module, job: Lowering, reductions: Sequence[Reduction]) -> str:
    """`void join(ptr block, ptr results, i64 pieces, i64 log, i64 units)`: the result of a launch run in pieces.

    There were `units` chunks, in pieces of 2**log; the last may be smaller. The tree is that of a run in one piece.
    """
    w = Writer(module)
    slots = load_slots(w, job.program, "%block") if reductions else {}
    for position, r in enumerate(reductions):
        r.join(w, position)
        r.finish(w, slots, widened(w, job.program, slots))
    w.line("ret void")
    return w.text(f"define void @{layout.JOIN}(ptr %block, ptr %results, i64 %pieces, i64 %log, i64 %units) nounwind")
