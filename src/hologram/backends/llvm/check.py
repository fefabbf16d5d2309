"""The function that decides, before an unbound launch, what will run and whether every array is long enough.

``i32 check(ptr block)`` reads parameters from the arguments block, writes the launch domain into its header and
returns 0. It returns 1 when it cannot tell or something does not fit; the slow path then decides with exact
integers and gives the message. What it computes is `isa.extents`' formula. Every size it reads must be below 2**31
(2**29 where that spares arithmetic in 128 bits), so the number of bits of each step is known when compiling and nothing
can wrap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hologram.backends.base import DEFAULT_BLOCK, MAX_LANES
from hologram.backends.llvm import layout
from hologram.backends.llvm.ir import Module, Value, Writer
from hologram.backends.llvm.job import uses_blocks
from hologram.backends.llvm.lanes import VectorLanes
from hologram.backends.llvm.slots import load_slots, polynomial, widened
from hologram.isa.affine import Poly
from hologram.isa.agreement import pairs
from hologram.isa.extents import Extents
from hologram.isa.formula import Formula, Node
from hologram.isa.operands import Field, Slot
from hologram.isa.program import ROW, Program, made_quickly, works_by_rows

WAYS = ((31, 64), (29, 64), (31, 128))
"""How large sizes may be, in bits, and the integers that the check then computes in: the first that suffice."""
SPARE_BITS = 2
"""For what comes between in a division that rounds up."""


def emit_check(module: Module, program: Program, extents: Extents, unit_strides: frozenset[Slot] = frozenset()) -> None:
    """Add the check function of a program to a module; code that counts on unit strides insists on them."""
    w = Writer(module)
    blocks = uses_blocks(program) and not works_by_rows(program)
    possible = program.extent and not blocks and not program.demands
    ways = (_way(program, extents, size, width) for size, width in WAYS) if possible else iter(())
    way = next((way for way in ways if way is not None), None)
    if way is None:
        w.line("ret i32 1")
    else:
        size, width, formula = way
        _Check(w, program, f"i{width}", size).run(formula, unit_strides)
    # It runs once a launch: where code is wanted soon, no effort at all goes into it.
    effort = " noinline optnone" if made_quickly(program) else ""
    module.functions.append(w.text(f"define i32 @{layout.CHECK}(ptr noalias %block) nounwind{effort}"))


def _way(program: Program, extents: Extents, size: int, width: int) -> tuple[int, int, Formula] | None:
    """The formula for sizes below 2**size if integers of a width are enough for it."""
    if size > WAYS[1][0] and width == 64 and _multiplies(extents):
        return None
    formula = extents.formula_below(size)
    if formula.bits is None:
        return None
    bits = max([formula.bits + SPARE_BITS, *(_poly_bits(p, size) for p in program.extent)])
    divides = any(n.op == "ceildiv" and not _shift(formula.nodes[n.args[1]]) for n in formula.nodes)
    return (size, width, formula) if bits < width and not (divides and width > 64) else None


def _multiplies(extents: Extents) -> bool:
    """True where indices have products of sizes: 64 bits hold those of smaller ones."""
    return any(c.slots() for r in extents.requirements for _, c in r.index.terms)


def _shift(divisor: Node) -> int:
    """How far to shift instead of dividing; 0 for other numbers than powers of two above 1."""
    value = divisor.value if divisor.op == "const" and isinstance(divisor.value, int) else 0
    return value.bit_length() - 1 if value > 1 and value & (value - 1) == 0 else 0


def _poly_bits(poly: Poly, size: int) -> int:
    return max((abs(c).bit_length() + size * len(m) for m, c in poly.terms), default=1) + len(poly.terms)


class _Check:
    def __init__(self, w: Writer, program: Program, element: str, size: int) -> None:
        self.w, self.program, self.m, self.element, self.size = w, program, VectorLanes(w, 0), element, size
        self.slots = load_slots(w, program, "%block")
        self.wide: dict[Slot, Value] = {}
        self.fail = w.name("slow")

    def run(self, formula: Formula, unit_strides: frozenset[Slot]) -> None:
        w = self.w
        for a, b in pairs(self.program):
            self._demand(w.value(f"icmp eq {self.slots[a]}, {self.slots[b].ref}", "i1"))
        for slot in sorted(unit_strides, key=lambda s: s.index):
            size = self.program.params[slot.index].type.size
            self._demand(w.value(f"icmp eq {self.slots[slot]}, {size}", "i1"))
        used = {n.value for n in formula.nodes if isinstance(n.value, Slot)}
        self._read_sizes(used | {s for p in self.program.extent for s in p.slots()})
        lanes = self._lanes()
        values: list[Value] = []
        self.nodes = formula.nodes
        for node in formula.nodes:
            values.append(self._node(node, values, lanes))
        for violated in formula.results[::3]:
            self._demand(w.value(f"icmp eq {values[violated]}, 0", "i1"))
        w.line("ret i32 0")
        w.open = False
        w.label(self.fail)
        w.line("ret i32 1")

    def _demand(self, condition: Value) -> None:
        """Go to the slow path unless the condition holds."""
        fine = self.w.name("fine")
        self.w.branch(condition, fine, self.fail)
        self.w.label(fine)

    def _read_sizes(self, used: set[Slot]) -> None:
        """Widen the slots the arithmetic needs, insisting on magnitudes below 2**size."""
        # In one order whatever the hashes of the process: the same program gives the same object.
        ordered = sorted(used, key=lambda s: (s.index, s.field.value, s.axis))
        narrow: Mapping[Slot, Value] = widened(self.w, self.program, {s: self.slots[s] for s in ordered})
        for slot, value in narrow.items():
            if slot.field is not Field.VALUE or self.program.params[slot.index].type.bits > self.size:
                shifted = self.m.binary("add", value, Value(str((1 << self.size) - 1), "i64"))
                self._demand(self.w.value(f"icmp ult {shifted}, {(2 << self.size) - 1}", "i1"))
            self.wide[slot] = self._extend(value)

    def _extend(self, value: Value) -> Value:
        return value if self.element == "i64" else self.w.value(f"sext {value} to {self.element}", self.element)

    def _lanes(self) -> list[Value]:
        """Work out the domain and write it, with the block, into the header."""
        w, lanes = self.w, []
        for axis in range(3):
            poly = self.program.extent[axis] if axis < len(self.program.extent) else Poly.const(1)
            extent = polynomial(w, poly, self.wide, self.element)
            clamped = w.call(f"llvm.smax.{self.element}", self.element, 0, extent, Value("0", self.element))
            self._demand(w.value(f"icmp slt {clamped}, {1 << self.size}", "i1"))
            lanes.append(clamped)
        short = [v if self.element == "i64" else w.value(f"trunc {v} to i64", "i64") for v in lanes]
        total = short[0]
        for lane in short[1:]:
            # The product so far is at most MAX_LANES; where the next factor would make it wrap, leave it to Python.
            room = w.value(
                f"udiv i64 {MAX_LANES}, {w.call('llvm.umax.i64', 'i64', 0, lane, Value('1', 'i64')).ref}", "i64"
            )
            self._demand(w.value(f"icmp ule {total}, {room.ref}", "i1"))
            total = w.value(f"mul {total}, {lane.ref}", "i64")
        self._write_header(short, total)
        return lanes

    def _write_header(self, lanes: Sequence[Value], total: Value) -> None:
        w, one = self.w, Value("1", "i64")
        block = ROW if works_by_rows(self.program) else DEFAULT_BLOCK
        blocks = w.value(f"udiv {w.value(f'add {lanes[0]}, {block - 1}', 'i64')}, {block}", "i64")
        header = [*zip(layout.LANES, lanes, strict=True), (layout.TOTAL_LANES, total)]
        header += zip(layout.GRID, (blocks, lanes[1], lanes[2]), strict=True)
        header += zip(layout.BLOCK, (Value(str(block), "i64"), one, one), strict=True)
        for offset, value in header:
            cell = w.value(f"getelementptr i8, ptr %block, i64 {offset}", "ptr")
            w.line(f"store {value}, {cell}")

    def _node(self, node: Node, values: Sequence[Value], lanes: Sequence[Value]) -> Value:
        """One step of the formula; truths are 0 and 1."""
        if isinstance(node.value, Slot):
            return self.wide[node.value]
        if not node.args:
            return lanes[node.value] if node.op == "lanes" else Value(str(node.value), self.element)
        a, *rest = (values[k] for k in node.args)
        if node.op == "ceildiv" and (shift := _shift(self.nodes[node.args[1]])):
            above = self.m.binary("add", a, Value(str((1 << shift) - 1), self.element))
            return self.w.value(f"ashr {above}, {shift}", self.element)
        w, one = self.w, Value("1", self.element)
        match node.op:
            case "min" | "max":
                return w.call(f"llvm.s{node.op}.{self.element}", self.element, 0, a, rest[0])
            case "ceildiv":
                # b is at least 1; a - 1 rounds down for positive a, truncation rounds up otherwise.
                positive = w.value(f"icmp sgt {a}, 0", "i1")
                up = self.m.binary("add", self.m.binary("sdiv", self.m.binary("sub", a, one), rest[0]), one)
                return self.m.select(None, positive, up, self.m.binary("sdiv", a, rest[0]))
            case "less":
                return w.value(f"zext {w.value(f'icmp slt {a}, {rest[0].ref}', 'i1')} to {self.element}", self.element)
            case "not":
                return self.m.binary("xor", a, one)
            case "select":
                return self.m.select(None, w.value(f"icmp ne {a}, 0", "i1"), *rest)
            case op:
                return self.m.binary(op, a, rest[0])
