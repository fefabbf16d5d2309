"""One strip of lanes as straight LLVM code: where values live, and what each instruction becomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hologram.backends.faults import KIND_SHIFT, Fault
from hologram.backends.llvm import memory, resonance, together, watch
from hologram.backends.llvm.atomics import ATOMICS
from hologram.backends.llvm.constants import constant_text
from hologram.backends.llvm.flow import PHASE, Flow, Place, Web, kept_part
from hologram.backends.llvm.ir import LLVM_TYPE, Module, Value, Writer, vector
from hologram.backends.llvm.lanes import VectorLanes, any_lane
from hologram.backends.llvm.meeting import Kept, Meeting, announce
from hologram.backends.llvm.report import Report
from hologram.backends.llvm.rules import BLOCK_REDUCTIONS, MEMORY, REDUCTIONS, SHARED, SILENT, rule_for
from hologram.backends.llvm.shape import Shapes, Stride, constant_operand, transfer
from hologram.isa.builder import value_of
from hologram.isa.cfg import Cfg
from hologram.isa.operands import (
    Condition,
    Field,
    Imm,
    Slot,
    Special,
)
from hologram.isa.program import Instruction
from hologram.types import Type


@dataclass(eq=False, slots=True)
class Mask:
    """The active lanes at a place; `ref` is None where all lanes of a full strip are active.

    `entry` masks need no blending: lanes outside of them never run. A mask that `may_be_empty` must be tested
    before anything is done under it.
    """

    ref: Value | None
    entry: bool = False
    may_be_empty: bool = False


@dataclass(frozen=True)
class Inputs:
    """Names of a strip function's inputs: parameter slots, launch coordinates, the fault cell, reduction cells.

    `checked` is what checked code has besides.
    """

    slots: Mapping[Slot, Value]
    specials: Mapping[Special, Value]
    fault: str
    reductions: Mapping[int, str]
    reduced: Mapping[int, str]
    linear_lane: Value
    checked: watch.Checked | None = None


class Strip:
    """Emits instructions for W lanes; reads and writes webs in their shape (scalar, linear or vector).

    `known` holds results found another way than by the instruction itself (by its index).
    """

    def __init__(
        self,
        module: Module,
        cfg: Cfg,
        flow: Flow,
        shapes: Shapes,
        slot_of: Mapping[int, int],
        lanes: int,
        inputs: Inputs,
        unit_strides: frozenset[Slot],
        decided: Mapping[int, bool],
        assumed: Mapping[int, str],
        original: Callable[[int], int],
        entry: Mapping[Place, Kept] | None = None,
        barriers: Mapping[int, Meeting] | None = None,
    ) -> None:
        self.original = original
        self.cfg, self.flow, self.shapes, self.slot_of = cfg, flow, shapes, slot_of
        self.program, self.inputs, self.unit, self.decided = cfg.program, inputs, unit_strides, decided
        self.w = Writer(module)
        fast = "fast" in self.program.flags
        self.vector, self.scalar = VectorLanes(self.w, lanes, fast), VectorLanes(self.w, 0, fast)
        self.lanes = lanes
        self.assumed = assumed
        self.entry, self.barriers = entry or {}, barriers or {}
        self.mask = Mask(None, entry=True)
        self.whole: Value | None = None
        self.known: dict[int, Value] = {}
        self._locals: dict[int, Value] = {}
        self._cells: dict[int, str] = {}
        self._exposed = self._live_out_of_divergent_loops()
        for web in flow.webs:
            if -1 in web.defs:
                self._define_special(web)

    def _live_out_of_divergent_loops(self) -> frozenset[int]:
        """Webs a lane may take out of a loop that other lanes go on with: they keep what the lane left with."""
        out = set()
        for header, loop in self.cfg.loops.items():
            if any(header in region for b, region in self.shapes.regions.items() if b in loop.body):
                for web in self.flow.webs:
                    inside = any(d >= 0 and self.flow.block_of[d] in loop.body for d in web.defs)
                    if inside and any(self.flow.block_of[u] not in loop.body for u in web.uses):
                        out.add(web.id)
        return frozenset(out)

    # Values -----------------------------------------------------------------------------------------------

    def _element(self, web: Web) -> str:
        return LLVM_TYPE[web.type] if web.type is not None else "i1"

    def _width(self, web: Web) -> int:
        return self.lanes if self.shapes.of(web) is None else 0

    def _cell(self, web: Web) -> str:
        if web.id not in self._cells:
            self._cells[web.id] = self.w.alloca(vector(self._element(web), self._width(web)))
        return self._cells[web.id]

    def load(self, web: Web) -> Value:
        """A web's value in its own shape: a vector when it varies, else a scalar (lane 0's value when linear)."""
        if web.local:
            return self._locals[web.id]
        width = self._width(web)
        return self.w.value(
            f"load {vector(self._element(web), width)}, ptr {self._cell(web)}", self._element(web), width
        )

    def as_vector(self, value: Value, type: Type | None, stride: Stride) -> Value:
        """A scalar that is uniform or linear as a vector of all lanes."""
        if value.lanes or not self.lanes:
            return value
        spread = self.vector.spread(value)
        if not stride or type is None:
            return spread
        bound = 1 << type.bits
        steps = ", ".join(f"{value.element} {self._signed(lane * stride % bound, type)}" for lane in range(self.lanes))
        return self.w.value(f"add {spread}, <{steps}>", value.element, self.lanes)

    @staticmethod
    def _signed(value: int, type: Type) -> int:
        return value - (1 << type.bits) if value >> (type.bits - 1) else value

    def store(self, web: Web, value: Value, stride: Stride) -> None:
        """Define a web by a value of the given stride, keeping the old value in lanes that are not active."""
        if self._width(web):
            value = self.as_vector(value, web.type, stride)
        if web.local:
            self._locals[web.id] = value
            return
        cell = self._cell(web)
        blend = len(web.defs) > 1 or web.id in self._exposed
        if blend and value.lanes and not self.mask.entry and self.mask.ref is not None:
            old = self.w.value(f"load {value.type}, ptr {cell}", value.element, value.lanes)
            value = self.vector.select(None, self.mask.ref, value, old)
        self.w.line(f"store {value}, ptr {cell}")

    def _kept_cell(self, kept: Kept) -> str:
        if kept.of_block:
            return "%together"
        return self.w.value(f"getelementptr i8, ptr %kept, i64 {kept.offset}", "ptr").ref

    def _restore(self, web: Web, kept: Kept) -> None:
        """Begin with what the strip had at the barrier."""
        width = self.lanes if kept.stride is None else 0
        element = self._element(web)
        if kept.source is None:
            value = self.w.value(f"load {vector(element, width)}, ptr {self._kept_cell(kept)}, align 1", element, width)
        else:
            value = self._source(self.program.instructions[kept.source])
        if self._width(web):
            value = self.as_vector(value, web.type, kept.stride)
        self.w.line(f"store {value}, ptr {self._cell(web)}")

    def _barrier(self, i: int) -> None:
        """Put by what is needed afterwards and say which barrier this is."""
        meeting = self.barriers[i]
        for place, slot in meeting.kept.items():
            value = self.operand(i, self.program.instructions[i], kept_part(place), 1 if slot.stride is None else 0)
            self.w.line(f"store {value}, ptr {self._kept_cell(slot)}, align 1")
        announce(self, i, meeting)

    def _define_special(self, web: Web) -> None:
        if web.place in self.entry:
            if web.uses:
                self._restore(web, self.entry[web.place])
            return
        kinds = {252: Special.LANE_X, 253: Special.BLOCK_X, 254: Special.BLOCK_DIM_X}
        number = web.place[1]
        if not web.uses:
            return
        if web.place == PHASE:
            self.store(web, self.scalar.const(Type.U32, 0), 0)
            return
        source = self.inputs.linear_lane if number == 255 else self.inputs.specials[kinds[number]]
        assert web.type is not None
        value = self.scalar.convert(web.type, Type.I64, source)
        self.w.line(f"store {value}, ptr {self._cell(web)}")

    # Operands ---------------------------------------------------------------------------------------------

    def stride(self, i: int, part: str) -> Stride:
        web = self.flow.read.get((i, part))
        return self.shapes.of(web) if web else 0

    def operand(self, i: int, ins: Instruction, part: str, lanes: int) -> Value:
        """An operand as a scalar (lane 0's value) or a vector."""
        web = self.flow.read.get((i, part))
        if web is None:
            return self._immediate(ins, part)
        value = self.load(web)
        return self.as_vector(value, web.type, self.shapes.of(web)) if lanes else value

    def _immediate(self, ins: Instruction, part: str) -> Value:
        position = next(k for k, o in enumerate(ins.spec.operands) if o.name == part)
        arg, ty = ins.args[position], ins.operand_type(position)
        assert isinstance(arg, Imm) and ty is not None
        return Value(constant_text(ty, arg), LLVM_TYPE[ty])

    def _parts(self, i: int, ins: Instruction) -> list[str]:
        if ins.op.startswith("Reduce"):
            assert isinstance(ins.args[2], int)
            return [f"base{k}" for k in range(ins.args[2])]
        kinds = ("reg", "src", "pred", "imm")
        return [o.name for o in ins.spec.operands if o.kind in kinds and not o.written]

    # Instructions -----------------------------------------------------------------------------------------

    def emit(self, i: int, ins: Instruction) -> None:
        """Write one instruction that is not a branch."""
        if i in self.known:
            self.store(self.flow.written[i], self.known[i], None if self.known[i].lanes else 0)
        elif ins.op in MEMORY | SHARED:
            memory.emit(self, i, ins)
        elif ins.op == "BarSync":
            self._barrier(i)
        elif ins.op in ATOMICS:
            memory.emit_atomic(self, i, ins)
        elif ins.op in BLOCK_REDUCTIONS and not self.barriers:
            self.store(self.flow.written[i], together.folded(self, i, ins), 0)
        elif ins.op in BLOCK_REDUCTIONS:
            together.put(self, i, ins)
            self._barrier(i)
        elif ins.op in REDUCTIONS:
            self._reduce(i, ins)
        elif ins.op in resonance.OF_THE_LAUNCH:
            resonance.emit(self, i, ins)
        elif ins.op == "Assert":
            watch.claim(self, i, ins)
        elif ins.op not in SILENT:
            self._pure(i, ins)

    def _pure(self, i: int, ins: Instruction) -> None:
        web = self.flow.written[i]
        if i in self.decided:
            self.store(web, Value("true" if self.decided[i] else "false", "i1"), 0)
            return
        if i in self.assumed:
            self.store(web, self.operand(i, ins, self.assumed[i], 0), self.stride(i, self.assumed[i]))
            return
        parts = self._parts(i, ins)
        strides = {part: self.stride(i, part) for part in parts}
        if ins.op in ("MOV_IMM", "MOV_PARAM", "MOV_SREG"):
            self.store(web, self._source(ins), transfer(ins, {}, lambda part: None))
            return
        stride = transfer(ins, strides, lambda part: constant_operand(ins, part, i, self.flow, self.shapes.constant))
        if ins.op == "SETcc" and stride is None and self.lanes:
            compared = self._compare_lanes(i, ins)
            if compared is not None:
                self.store(web, compared, None)
                return
        m = self.vector if stride is None else self.scalar
        operands = {part: self.operand(i, ins, part, m.lanes) for part in parts}
        carried = self.flow.read.get((i, "a")) is web
        result = rule_for(ins, carried)(m, ins, operands, self.fault(i))
        watch.finite(self, i, ins, operands, result)
        self.store(web, result, stride)

    def _source(self, ins: Instruction) -> Value:
        """What MOV_IMM, MOV_PARAM and MOV_SREG give."""
        source, ty = ins.args[1], ins.type
        assert ty is not None
        if isinstance(source, Imm):
            return Value(constant_text(ty, source), LLVM_TYPE[ty])
        if isinstance(source, Special):
            return self.scalar.convert(ty, Type.I64, self.inputs.specials[source])
        assert isinstance(source, Slot)
        if source in self.unit:
            return Value(str(self.program.params[source.index].type.size), "i64")
        value = self.inputs.slots[source]
        if value.element == "ptr":
            return self.w.value(f"ptrtoint {value} to i64", "i64")
        return value

    def fault(self, i: int) -> Report:
        """A way to note, once, that an instruction failed in some lanes; the first fault of a launch stays."""

        def report(bad: Value, kind: Fault = Fault.OF_INSTRUCTION, *details: Value) -> None:
            if self.inputs.checked is not None:
                watch.failed(self, i, bad, kind, *details)
                return
            if bad.lanes and self.mask.ref is not None:
                bad = self.vector.mask_and(bad, self.mask.ref)
            cell = self.inputs.fault
            old = self.w.value(f"load i64, ptr {cell}", "i64")
            first = self.w.value(f"icmp eq {old}, 0", "i1")
            hit = self.w.value(f"and {any_lane(self.w, bad)}, {first.ref}", "i1")
            told = 0 if kind is Fault.OF_INSTRUCTION else kind << KIND_SHIFT
            here = Value(str(self.original(i) + 1 | told), "i64")
            self.w.line(f"store {self.scalar.select(None, hit, here, old)}, ptr {cell}")

        return report

    def _compare_lanes(self, i: int, ins: Instruction) -> Value | None:
        """`first + lane < bound` by comparing lane numbers: one side steps by one, the other is uniform."""
        ty = ins.type
        condition = ins.args[0]
        assert ty is not None and isinstance(condition, Condition)
        sides = self.stride(i, "a"), self.stride(i, "b")
        if ty is not Type.I64 or sides not in ((1, 0), (0, 1)) or self.lanes > 64:
            return None
        name = condition.value
        line, bound = self.operand(i, ins, "a", 0), self.operand(i, ins, "b", 0)
        if sides == (0, 1):
            line, bound = bound, line
            name = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}.get(name, name)
        distance = self.scalar.intrinsic("ssub.sat", bound, line)
        low = self.scalar.intrinsic("smax", distance, Value("-1", "i64"))
        clamped = self.scalar.intrinsic("smin", low, Value(str(self.lanes), "i64"))
        small = self.w.value(f"trunc {clamped} to i8", "i8")
        steps = Value("<" + ", ".join(f"i8 {k}" for k in range(self.lanes)) + ">", "i8", self.lanes)
        numbered = self.vector.compare(name, Type.I8, steps, small)
        if self._is_small(self.flow.read.get((i, "a" if sides == (1, 0) else "b"))):
            return numbered
        wraps = self.w.value(f"icmp sgt {line}, {Type.I64.maximum - self.lanes}", "i1")

        def in_full() -> Value:
            sides = (self.operand(i, ins, part, self.lanes) for part in "ab")
            return self.vector.compare(condition.value, ty, *sides)

        return self.vector.where_any(wraps, ty, in_full, numbered)

    def _is_small(self, web: Web | None, depth: int = 8) -> bool:
        """True for values far from the ends of 64 bits: coordinates, shapes, narrow numbers, sums with constants."""
        if web is None or len(web.defs) != 1 or web.defs[0] < 0 or not depth:
            return web is None
        ins = self.program.instructions[web.defs[0]]
        if ins.op == "CVT":
            return ins.source_type is not None and ins.source_type.is_integer and ins.source_type.bits <= 32
        if ins.op == "MOV_PARAM":
            return isinstance(slot := ins.args[1], Slot) and slot.field is Field.SHAPE
        if ins.op in ("ADD", "SUB", "MOV_IMM") and self._small_constants(ins):
            reads = [self.flow.read.get((web.defs[0], o.name)) for o in ins.spec.operands[1:]]
            return all(self._is_small(read, depth - 1) for read in reads)
        return ins.op == "MOV_SREG"

    @staticmethod
    def _small_constants(ins: Instruction) -> bool:
        return all(abs(int(value_of(Type.I64, a))) < 1 << 48 for a in ins.args if isinstance(a, Imm))

    def _reduce(self, i: int, ins: Instruction) -> None:
        """Add the active lanes to the launch reduction's accumulators (lane x belongs to accumulator x mod 64)."""
        assert ins.type is not None and self.lanes == 64
        cell, rule = self.inputs.reductions[i], REDUCTIONS[ins.op][0]
        watch.place_in_bounds(self, i, ins)
        value = self.operand(i, ins, "a", 1)
        old = self.w.value(f"load {value.type}, ptr {cell}", value.element, value.lanes)
        new = rule(self.vector, ins, {"a": old, "b": value}, self.fault(i))
        if self.mask.ref is not None:
            new = self.vector.select(None, self.mask.ref, new, old)
        self.w.line(f"store {new}, ptr {cell}")
        self.w.line(f"store i1 true, ptr {self.inputs.reduced[i]}")
