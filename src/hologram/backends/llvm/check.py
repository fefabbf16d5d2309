"""The function that decides, before an unbound launch, what will run and whether every array is long enough.

``i32 check(ptr block)`` reads parameters from the arguments block, writes the launch domain into its header and
returns 0. It returns 1 when it cannot tell or something does not fit; the slow path then decides with exact
integers and gives the message. The arithmetic is that of `isa.extents.check`, in 128 bits: sizes beyond
2**31 - 1 are left to the slow path, so nothing can overflow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hologram.backends.base import DEFAULT_BLOCK, MAX_LANES
from hologram.backends.llvm import layout
from hologram.backends.llvm.ir import Module, Value, Writer
from hologram.backends.llvm.kernel import uses_blocks
from hologram.backends.llvm.lanes import VectorLanes
from hologram.backends.llvm.slots import load_slots, polynomial, widened
from hologram.isa.affine import Affine, Poly, Variable
from hologram.isa.extents import Extents, Requirement
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Program

LIMIT = 1 << 31
WIDE = "i128"
MAX_DEGREE = 3


def emit_check(module: Module, program: Program, extents: Extents, unit_strides: frozenset[Slot] = frozenset()) -> None:
    """Add the check function of a program to a module; code that counts on unit strides insists on them."""
    w = Writer(module)
    if _decidable(program, extents):
        check = _Check(w, program)
        for slot in sorted(unit_strides, key=lambda s: s.index):
            size = program.params[slot.index].type.size
            check.demand(w.value(f"icmp eq {check.slots[slot]}, {size}", "i1"))
        check.run(extents)
    else:
        w.line("ret i32 1")
    module.functions.append(w.text(f"define i32 @{layout.CHECK}(ptr noalias %block) nounwind"))


def _polynomials(requirement: Requirement) -> list[Poly]:
    index = requirement.index
    out = [index.base, *(c for _, c in index.terms)]
    return out + [p for r in requirement.ranges for p in (*r.lows, *r.highs)]


def _decidable(program: Program, extents: Extents) -> bool:
    """True when the launch shape follows from the arguments and the arithmetic stays inside 128 bits."""
    if not program.extent or uses_blocks(program):
        return False
    return all(p.degree <= MAX_DEGREE for r in extents.requirements for p in _polynomials(r))


class _Check:
    def __init__(self, w: Writer, program: Program) -> None:
        self.w, self.program, self.m = w, program, VectorLanes(w, 0)
        self.slots = load_slots(w, program, "%block")
        self.wide: dict[Slot, Value] = {}
        self.fail = w.name("slow")

    def run(self, extents: Extents) -> None:
        w = self.w
        self._widen(extents)
        lanes = self._lanes()
        for requirement in extents.requirements:
            if requirement.always:
                self._require(requirement, lanes)
        ok = w.name("run")
        for lane in lanes:
            following = w.name("some")
            w.branch(w.value(f"icmp sgt {lane}, 0", "i1"), following, ok)
            w.label(following)
        for requirement in extents.requirements:
            if not requirement.always:
                self._require(requirement, lanes)
        w.label(ok)
        w.line("ret i32 0")
        w.open = False
        w.label(self.fail)
        w.line("ret i32 1")

    def demand(self, condition: Value) -> None:
        """Go to the slow path unless the condition holds."""
        fine = self.w.name("fine")
        self.w.branch(condition, fine, self.fail)
        self.w.label(fine)

    def _widen(self, extents: Extents) -> None:
        """Read the slots the polynomials need, insisting on sizes below 2**31."""
        used = {s for r in extents.requirements for p in _polynomials(r) for s in p.slots()}
        used |= {s for p in self.program.extent for s in p.slots()}
        used |= {Slot(r.slot, Field.SHAPE, r.axis) for r in extents.requirements}
        narrow: Mapping[Slot, Value] = widened(self.w, self.program, {s: self.slots[s] for s in used})
        for slot, value in narrow.items():
            shifted = self.m.binary("add", value, Value(str(LIMIT), "i64"))
            if (slot.field is Field.VALUE and self.program.params[slot.index].type.bits < 32) or (
                slot.field is Field.SHAPE
                and not any(slot in p.slots() for r in extents.requirements for p in _polynomials(r))
            ):
                pass
            else:
                self.demand(self.w.value(f"icmp ult {shifted}, {2 * LIMIT}", "i1"))
            self.wide[slot] = self.w.value(f"sext {value} to {WIDE}", WIDE)

    def _poly(self, poly: Poly) -> Value:
        return polynomial(self.w, poly, self.wide, WIDE)

    def _lanes(self) -> list[Value]:
        """Work out the domain and write it, with the default block, into the header."""
        w, lanes = self.w, []
        for axis in range(3):
            extent = self._poly(self.program.extent[axis]) if axis < len(self.program.extent) else Value("1", WIDE)
            clamped = w.call(f"llvm.smax.{WIDE}", WIDE, 0, extent, Value("0", WIDE))
            self.demand(w.value(f"icmp sle {clamped}, {MAX_LANES}", "i1"))
            lanes.append(clamped)
        total = lanes[0]
        for lane in lanes[1:]:
            total = w.value(f"mul {total}, {lane.ref}", WIDE)
        self.demand(w.value(f"icmp sle {total}, {MAX_LANES}", "i1"))
        short = [w.value(f"trunc {v} to i64", "i64") for v in (*lanes, total)]
        blocks = w.value(f"lshr {w.value(f'add {short[0]}, {DEFAULT_BLOCK - 1}', 'i64')}, 8", "i64")
        one = Value("1", "i64")
        header = [*zip(layout.LANES, short, strict=False), (layout.TOTAL_LANES, short[3])]
        header += zip(layout.GRID, (blocks, short[1], short[2]), strict=True)
        header += zip(layout.BLOCK, (Value(str(DEFAULT_BLOCK), "i64"), one, one), strict=True)
        for offset, value in header:
            cell = w.value(f"getelementptr i8, ptr %block, i64 {offset}", "ptr")
            w.line(f"store {value}, {cell}")
        return lanes

    def _require(self, requirement: Requirement, lanes: Sequence[Value]) -> None:
        """0 <= index < shape over the box of its variables, unless the box is empty."""
        w, done = self.w, self.w.name("next")
        box: dict[Variable, tuple[Value, Value]] = {}
        for r in requirement.ranges:
            lows = [self._poly(p) for p in r.lows]
            highs = [self._poly(p) for p in r.highs]
            if r.variable.kind == "lane":
                lows, highs = [*lows, Value("0", WIDE)], [*highs, lanes[r.variable.id]]
            low, high = self._best("smax", lows), self._best("smin", highs)
            some = w.name("some")
            w.branch(w.value(f"icmp slt {low}, {high.ref}", "i1"), some, done)
            w.label(some)
            box[r.variable] = low, w.value(f"sub {high}, 1", WIDE)
        smallest, largest = self._range(requirement.index, box)
        self.demand(w.value(f"icmp sge {smallest}, 0", "i1"))
        shape = self.wide[Slot(requirement.slot, Field.SHAPE, requirement.axis)]
        self.demand(w.value(f"icmp slt {largest}, {shape.ref}", "i1"))
        w.label(done)

    def _best(self, name: str, values: Sequence[Value]) -> Value:
        best = values[0]
        for value in values[1:]:
            best = self.w.call(f"llvm.{name}.{WIDE}", WIDE, 0, best, value)
        return best

    def _range(self, index: Affine, box: Mapping[Variable, tuple[Value, Value]]) -> tuple[Value, Value]:
        """Smallest and largest value of an affine index over a box."""
        w = self.w
        smallest = largest = self._poly(index.base)
        for variable, coefficient in index.terms:
            factor = self._poly(coefficient)
            ends = [w.value(f"mul {factor}, {end.ref}", WIDE) for end in box[variable]]
            smallest = w.value(f"add {smallest}, {self._best('smin', ends).ref}", WIDE)
            largest = w.value(f"add {largest}, {self._best('smax', ends).ref}", WIDE)
        return smallest, largest
