"""The function that decides, before an unbound launch, what will run and whether every array is long enough.

``i32 check(ptr block)`` reads parameters from the arguments block, writes the launch domain into its header and
returns 0. It returns 1 when it cannot tell or something does not fit; the slow path then decides with exact
integers and gives the message. What it computes is `isa.extents`' formula. Every size it reads must be below 2**31,
so the number of bits of each step is known when compiling and nothing can wrap.
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
from hologram.isa.program import Program

SIZE_BITS = 31
WIDTHS = (64, 128)


def emit_check(module: Module, program: Program, extents: Extents, unit_strides: frozenset[Slot] = frozenset()) -> None:
    """Add the check function of a program to a module; code that counts on unit strides insists on them."""
    w = Writer(module)
    formula = extents.small_formula
    bits = max([_bits(formula), *(_poly_bits(p) for p in program.extent)])
    divides = any(n.op == "ceildiv" for n in formula.nodes)
    width = next((b for b in WIDTHS if bits < b), None)
    if (
        not program.extent
        or uses_blocks(program)
        or program.demands
        or width is None
        or (divides and width > WIDTHS[0])
    ):
        w.line("ret i32 1")
    else:
        _Check(w, program, f"i{width}").run(formula, unit_strides)
    module.functions.append(w.text(f"define i32 @{layout.CHECK}(ptr noalias %block) nounwind"))


def _bits(formula: Formula) -> int:
    """Bits of the largest magnitude in a formula whose slots and lanes are below 2**31."""
    sizes: list[int] = []
    for node in formula.nodes:
        if isinstance(node.value, int) and node.op == "const":
            sizes.append(abs(node.value).bit_length())
        elif not node.args:
            sizes.append(SIZE_BITS)
        else:
            parts = [sizes[a] for a in node.args]
            sizes.append(sum(parts) if node.op == "mul" else max(parts) + (node.op in ("add", "sub")))
    return max(sizes, default=1)


def _poly_bits(poly: Poly) -> int:
    return max((abs(c).bit_length() + SIZE_BITS * len(m) for m, c in poly.terms), default=1) + len(poly.terms)


class _Check:
    def __init__(self, w: Writer, program: Program, element: str) -> None:
        self.w, self.program, self.m, self.element = w, program, VectorLanes(w, 0), element
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
        """Widen the slots the arithmetic needs, insisting on magnitudes below 2**31."""
        # In one order whatever the hashes of the process: the same program gives the same object.
        ordered = sorted(used, key=lambda s: (s.index, s.field.value, s.axis))
        narrow: Mapping[Slot, Value] = widened(self.w, self.program, {s: self.slots[s] for s in ordered})
        for slot, value in narrow.items():
            if slot.field is not Field.VALUE or self.program.params[slot.index].type.bits >= 32:
                shifted = self.m.binary("add", value, Value(str((1 << SIZE_BITS) - 1), "i64"))
                self._demand(self.w.value(f"icmp ult {shifted}, {(2 << SIZE_BITS) - 1}", "i1"))
            self.wide[slot] = self._extend(value)

    def _extend(self, value: Value) -> Value:
        return value if self.element == "i64" else self.w.value(f"sext {value} to {self.element}", self.element)

    def _lanes(self) -> list[Value]:
        """Work out the domain and write it, with the default block, into the header."""
        w, lanes = self.w, []
        for axis in range(3):
            poly = self.program.extent[axis] if axis < len(self.program.extent) else Poly.const(1)
            extent = polynomial(w, poly, self.wide, self.element)
            clamped = w.call(f"llvm.smax.{self.element}", self.element, 0, extent, Value("0", self.element))
            self._demand(w.value(f"icmp slt {clamped}, {1 << SIZE_BITS}", "i1"))
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
        blocks = w.value(f"udiv {w.value(f'add {lanes[0]}, {DEFAULT_BLOCK - 1}', 'i64')}, {DEFAULT_BLOCK}", "i64")
        header = [*zip(layout.LANES, lanes, strict=True), (layout.TOTAL_LANES, total)]
        header += zip(layout.GRID, (blocks, lanes[1], lanes[2]), strict=True)
        header += zip(layout.BLOCK, (Value(str(DEFAULT_BLOCK), "i64"), one, one), strict=True)
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
