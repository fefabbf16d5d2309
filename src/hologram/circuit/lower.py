"""Generator calls to ISA programs: lane-wise calls next to each other become one pass over memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hologram.circuit.generators import (
    REDUCE_NAMES,
    REDUCTIONS,
    Call,
    Evaluate,
    Merge,
    Quote,
    Reduce,
    ReduceMax,
    ReduceMin,
    ReduceSum,
    Single,
    Softmax,
    Split,
    reads,
    singles,
    writes,
)
from hologram.circuit.lanes import LANE_WISE, Lanes, check_variant
from hologram.errors import CircuitError, Location
from hologram.isa.affine import Poly
from hologram.isa.builder import Builder, immediate
from hologram.isa.operands import Condition, Imm, Pred, Reg, RegisterIndirect, RegisterIndirectComputed, Slot, Special
from hologram.isa.program import Program
from hologram.types import Type

MAX_PLACES = 48
MAX_CALLS = 96
SOFTMAX_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Step:
    """One program; its arrays are the classes of `places`, in order, and its last parameter is how many elements.

    `cells` are the places of which only the first element is touched; `lanes` is None for one lane an element,
    else the single block that goes over them.
    """

    program: Program
    places: tuple[int, ...]
    calls: tuple[Single, ...]
    cells: frozenset[int] = frozenset()
    least: int = 0
    block: int | None = None


@dataclass(slots=True)
class Segment:
    """Calls that become one program: lane-wise ones, then reductions or a softmax of what they leave.

    `scratch` are places whose values live in registers only: written before they are read, of no use afterwards.
    """

    calls: list[Single] = field(default_factory=list)
    lane_wise: set[int] = field(default_factory=set)
    cells: set[int] = field(default_factory=set)
    is_closed: bool = False
    scratch: frozenset[int] = frozenset()

    def takes(self, call: Single, lengths: Mapping[int, int]) -> bool:
        """True where a call may join; `lengths` tells the elements of places where they differ."""
        touched = reads(call) | writes(call)
        if self.is_closed or len(self.calls) >= MAX_CALLS or len(self.lane_wise | touched) > MAX_PLACES:
            return False
        if isinstance(call, ReduceSum | ReduceMin | ReduceMax):
            elements = {call.src}
            fits = call.dst not in self.lane_wise | {call.src} and not touched & self.cells
        else:
            elements = set(touched)
            fits = not touched & self.cells and not (isinstance(call, Softmax) and self.cells)
        return fits and len({lengths.get(p, 0) for p in self.lane_wise | elements}) <= 1

    def add(self, call: Single) -> None:
        """Let a call join."""
        self.calls.append(call)
        if isinstance(call, ReduceSum | ReduceMin | ReduceMax):
            self.lane_wise.add(call.src)
            self.cells.add(call.dst)
        else:
            self.lane_wise |= reads(call) | writes(call)
        self.is_closed = isinstance(call, Softmax)


def lower(
    calls: Sequence[Call], type: Type, name: str = "circuit", lengths: Mapping[int, int] | None = None
) -> tuple[Step, ...]:
    """Programs that do what the calls do, run one after the other.

    `lengths` tells the elements of places where they differ. Raises `CircuitError` for an operator that the element
    type does not have.
    """
    lengths = lengths or {}
    segments: list[Segment] = []
    for call in calls:
        for one in singles(call):
            if isinstance(one, Quote | Evaluate):
                continue
            check_call(one, type)
            if not segments or not segments[-1].takes(one, lengths):
                segments.append(Segment())
            segments[-1].add(one)
    return tuple(step_of(s, type, f"{name}_{k}" if len(segments) > 1 else name) for k, s in enumerate(segments))


def check_call(call: Single, type: Type) -> None:
    """Raise `CircuitError` for a call that an element type does not have."""
    if isinstance(call, Merge | Split):
        check_variant(call.variant, type)
    if isinstance(call, Softmax) and not type.is_float:
        raise CircuitError(f"softmax has no {type.value} form", Location("<circuit>", 1), "", "use a float type")


def step_of(segment: Segment, type: Type, name: str, numbered: bool = False) -> Step:
    """The program of a segment; where it is `numbered`, parameters are named by position, not by place."""
    writer = _Writer(segment, type, name, numbered)
    last = segment.calls[-1]
    program = writer.softmax(last) if isinstance(last, Softmax) else writer.pass_over()
    block = SOFTMAX_BLOCK if isinstance(last, Softmax) else None
    least = max((call.n or 0 for call in segment.calls if isinstance(call, Softmax | Reduce)), default=0)
    cells = frozenset(segment.cells - segment.lane_wise)
    return Step(program, writer.places, tuple(segment.calls), cells, least, block)


class _Writer:
    """Writes the program of a segment."""

    def __init__(self, segment: Segment, type: Type, name: str, numbered: bool) -> None:
        self.segment, self.type = segment, type
        self.b = Builder(name)
        touched = dict.fromkeys(p for call in segment.calls for p in (*sorted(reads(call)), *sorted(writes(call))))
        kept = [p for p in touched if p not in segment.scratch]
        self.places = tuple(kept if numbered else sorted(kept))
        names = {p: f"c{k if numbered else p:02}" for k, p in enumerate(self.places)}
        self.slots = {p: self.b.array(names[p], type, access="rw") for p in self.places}
        self.count = self.b.scalar("n", Type.I64)
        self.handles = {}
        for place, slot in self.slots.items():
            self.handles[place] = self.b.reg()
            self.b.emit("MOV_PARAM", Type.U64, self.handles[place], Slot(slot))

    # One lane an element ----------------------------------------------------------------------------------

    def pass_over(self) -> Program:
        """Every lane takes its element through all calls; reductions come last."""
        element, offset = self.b.reg(), self.b.reg()
        self.b.emit("MOV_SREG", Type.I64, element, Special.GLOBAL_X)
        self._offset(offset, element)
        lanes = Lanes(self.b, self.type, self.handles, offset, self.segment.scratch)
        for call in self.segment.calls:
            if isinstance(call, ReduceSum | ReduceMin | ReduceMax):
                self._reduce(call, lanes.value(call.src), element)
            elif isinstance(call, LANE_WISE):
                lanes.step(call)
        lanes.finish()
        return self._program([Poly.slot(Slot(self.count))])

    def _program(self, extent: Sequence[Poly] = ()) -> Program:
        """The program, whose signature says of each array what is really done with it."""
        program = self.b.build(extent)
        done: dict[int, str] = dict.fromkeys(range(len(self.places)), "")
        slot_of = {self.handles[p]: k for k, p in enumerate(self.places)}
        for instruction in program.instructions:
            for address in instruction.args:
                if isinstance(address, RegisterIndirect | RegisterIndirectComputed):
                    slot = slot_of[address.handle]
                    letter = "r" if instruction.op == "LDG" else "w"
                    done[slot] = "rw" if letter not in done[slot] and done[slot] else done[slot] or letter
        params = tuple(replace(p, access=done.get(k) or "r") for k, p in enumerate(program.params))
        return replace(program, params=params)

    def _reduce(self, call: Reduce, value: Reg, element: Reg) -> None:
        cell = RegisterIndirect(self.handles[call.dst], 0)
        mnemonic = REDUCTIONS[REDUCE_NAMES[type(call)]]
        if call.n is None:
            self.b.emit(mnemonic, self.type, value, cell)
            return
        inside, beyond = self.b.pred(), self.b.label("beyond")
        self._compare(inside, element, call.n)
        self.b.emit("BRA", None, beyond, Pred(inside.index, negated=True))
        self.b.emit(mnemonic, self.type, value, cell)
        self.b.place(beyond)
        self.b.release(inside)

    def _compare(self, predicate: Pred, element: Reg, bound: Reg | int) -> None:
        limit = immediate(Type.I64, bound) if isinstance(bound, int) else bound
        self.b.emit("SETcc", Type.I64, Condition.LT, predicate, element, limit)

    def _offset(self, offset: Reg, element: Reg) -> None:
        self.b.emit("MUL", Type.I64, offset, element, Imm(self.type.size))

    # A block over all elements ----------------------------------------------------------------------------

    def softmax(self, call: Softmax) -> Program:
        """One block goes over the elements three times: the largest, the sum of the powers, the quotients."""
        before = self.segment.calls[:-1]
        if call.n is not None and before:
            first = before

            def prepare(offset: Reg) -> None:
                self.b.release(self._through(first, offset))

            self._pass(None, prepare)
            before = []
        largest = self._constant(float("-inf"))

        def find(offset: Reg) -> None:
            value = self._through(before, offset, call.src)
            self.b.emit("MAXP", self.type, largest, largest, value)
            self.b.release(value)

        self._pass(call.n, find)
        self.b.emit("BRED_MAX", self.type, largest, largest)
        total = self._constant(0.0)

        def power(offset: Reg) -> None:
            value = self.b.reg()
            self.b.emit("LDG", self.type, value, RegisterIndirectComputed(self.handles[call.src], offset))
            self.b.emit("SUB", self.type, value, value, largest)
            self.b.emit("EXP", self.type, value, value)
            self.b.emit("STG", self.type, value, RegisterIndirectComputed(self.handles[call.dst], offset))
            self.b.emit("ADD", self.type, total, total, value)
            self.b.release(value)

        self._pass(call.n, power)
        self.b.emit("BRED_ADD", self.type, total, total)

        def divide(offset: Reg) -> None:
            value, place = self.b.reg(), RegisterIndirectComputed(self.handles[call.dst], offset)
            self.b.emit("LDG", self.type, value, place)
            self.b.emit("DIV", self.type, value, value, total)
            self.b.emit("STG", self.type, value, place)
            self.b.release(value)

        self._pass(call.n, divide)
        return self._program()

    def _constant(self, value: float) -> Reg:
        register = self.b.reg()
        self.b.emit("MOV_IMM", self.type, register, immediate(self.type, value))
        return register

    def _through(self, calls: Sequence[Single], offset: Reg, source: int | None = None) -> Reg:
        """Take an element through lane-wise calls; gives a class's value in a register of its own."""
        lanes = Lanes(self.b, self.type, self.handles, offset, self.segment.scratch)
        for call in calls:
            lanes.step(call)
        lanes.finish()
        out = self.b.reg()
        if source is not None:
            self.b.emit("MOV", self.type, out, lanes.value(source))
        lanes.close()
        return out

    def _pass(self, n: int | None, body: Callable[[Reg], object]) -> None:
        """A loop of the block over the elements."""
        element, offset, step, limit = (self.b.reg() for _ in range(4))
        inside, head, end = self.b.pred(), self.b.label("next"), self.b.label("done")
        self.b.emit("MOV_SREG", Type.I64, element, Special.LANE_X)
        self.b.emit("MOV_SREG", Type.I64, step, Special.BLOCK_DIM_X)
        if n is None:
            self.b.emit("MOV_PARAM", Type.I64, limit, Slot(self.count))
        else:
            self.b.emit("MOV_IMM", Type.I64, limit, immediate(Type.I64, n))
        self.b.place(head)
        self._compare(inside, element, limit)
        self.b.emit("BRA", None, end, Pred(inside.index, negated=True))
        self._offset(offset, element)
        body(offset)
        self.b.emit("ADD", Type.I64, element, element, step)
        self.b.emit("BRA", None, head)
        self.b.place(end)
        self.b.release(element, offset, step, limit, inside)
