"""Products of matrices: a lane keeps a few elements of one column in registers and goes once along what is summed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hologram.errors import BuildError
from hologram.isa.affine import Poly
from hologram.isa.builder import Builder, Value, View
from hologram.isa.builder.places import Place
from hologram.isa.cache import ProgramKey
from hologram.isa.operands import Field, RegisterIndirectComputed, Slot
from hologram.isa.program import Program
from hologram.isa.templates.made import made
from hologram.types import HALVES, Type

ROWS = 8
"""Elements of a column that a lane keeps at most of matrices that are read where they are."""
PACKED_ROWS = 12
"""Elements of a column that a lane keeps of packed matrices."""
PANEL_BYTES = 128


def panel(type: Type) -> int:
    """Columns that lie together in a packed matrix."""
    return PANEL_BYTES // max(type.size, 4)


class Addend(Enum):
    """What is added to a product: nothing, or beta times a matrix, which may be the one that the result goes to."""

    NONE = "none"
    OTHER = "other"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Product:
    """One program for `c = alpha · a · b + beta · addend`, summed in one type in the order of k, floats with FMA.

    A lane makes `rows` elements below each other. Unless they are packed, a and b may have their axes exchanged: that
    with unit stride stands last, which is the row of what the lanes along x read.
    """

    a: Type
    b: Type
    summed: Type
    c: Type
    rows: int = ROWS
    packed: bool = False
    a_turned: bool = False
    b_turned: bool = False
    scaled: bool = False
    addend: Addend = Addend.NONE
    added: Type = Type.F32

    @property
    def name(self) -> str:
        """The program's name, which tells everything about it."""
        parts = [self.a, self.b, self.summed, self.c] + ([] if self.addend is Addend.NONE else [self.added])
        flags = {"packed": self.packed, "at": self.a_turned, "bt": self.b_turned, "scaled": self.scaled}
        said = [word for word, holds in flags.items() if holds]
        added = [] if self.addend is Addend.NONE else [f"plus_{self.addend.value}"]
        return "_".join(["product", *(t.value for t in parts), str(self.rows), *said, *added])

    def program(self) -> Program:
        """`product(a, b, [addend,] c, alpha, beta, blocks)`: matrices of three axes, `blocks` groups of `rows` rows.

        Packed, a has the axes blocks, k, rows, b has panels, k, columns, and c the two of the result.
        """
        if self.rows < 1:
            raise BuildError(f"a lane makes one row or more, got {self.rows}")
        types = (self.a, self.b, self.summed, self.c, self.added)
        flags = (self.packed, self.a_turned, self.b_turned, self.scaled, self.addend)
        key = ProgramKey("product", types, ((self.rows,),), flags)
        return made(key, lambda: _Writer(self).build())


def summed_in(type: Type) -> Type:
    """The type that products are added in: f16 and bf16 in f32."""
    return Type.F32 if type in HALVES else type


class _Writer:
    """Writes one program."""

    def __init__(self, of: Product) -> None:
        self.of = of
        self.b = Builder(of.name)
        self.width = panel(of.summed)

    def build(self) -> Program:
        b, of = self.b, self.of
        result_axes = 2 if of.packed else 3
        left, right = b.array("a", of.a, 3), b.array("b", of.b, 3)
        other = b.array("addend", of.added, result_axes) if of.addend is Addend.OTHER else None
        access = "rw" if of.addend is Addend.RESULT else "w"
        out = b.array("c", of.c, result_axes, access)
        self.alpha, self.beta = b.scalar("alpha", of.summed), b.scalar("beta", of.summed)
        blocks = b.scalar("blocks", Type.I64)
        if of.packed:
            depth = Slot(left, Field.SHAPE, 1)
            extent: list[Poly | Slot] = [Poly.const(self.width), Slot(blocks), Slot(right, Field.SHAPE, 0)]
        else:
            depth = Slot(left, Field.SHAPE, 1 if of.a_turned else 2)
            extent = [Slot(out, Field.SHAPE, 2), Slot(blocks), Slot(out, Field.SHAPE, 0)]
        self.views = b.view(left), b.view(right), b.view(out)
        self.source = b.view(other) if other is not None else self.views[2]
        self.m = b.mov_param(Slot(out, Field.SHAPE, 0 if of.packed else 1))
        self.n = b.mov_param(Slot(out, Field.SHAPE, 1 if of.packed else 2))
        self.k = b.mov_param(depth)
        self.x, self.y, self.z = (b.global_id(axis) for axis in "xyz")
        first = b.mul(self.y, of.rows)
        with b.if_(b.set("lt", self.x, self.width if of.packed else self.n)):
            totals: list[Value] = [b.mov_imm(0, type=of.summed) for _ in range(of.rows)]
            (self.sum_packed if of.packed else self.sum_strided)(totals, first)
            column = b.mad(self.z, self.width, self.x) if of.packed else self.x
            with b.if_(b.set("lt", column, self.n)):
                self.deliver(totals, first, column)
        return b.build(extent)

    def sum_strided(self, totals: list[Value], first: Value) -> None:
        """Sum over elements where they are; rows beyond the last one read that one again."""
        b, (left, right, _) = self.b, self.views
        down, along = (2, 1) if self.of.a_turned else (1, 2)
        last = b.sub(self.m, 1)
        start = b.mul(self.z, left.strides[0])
        places = []
        for r in range(self.of.rows):
            with b.scratch():
                row = b.min(b.add(first, r), last)
                offset = b.mul(row, left.strides[down])
                b.add(offset, start, into=offset)
            places.append(b.mov(offset))
        across, below = (1, 2) if self.of.b_turned else (2, 1)
        column = b.mad(self.x, right.strides[across], b.mul(self.z, right.strides[0]))
        with b.for_range(0, self.k) as step, b.scratch():
            element = self.widened(self.read(right, b.mad(step, right.strides[below], column)))
            passed = b.mul(step, left.strides[along])
            for total, place in zip(totals, places, strict=True):
                with b.scratch():
                    self.add(total, self.widened(self.read(left, b.add(place, passed))), element)

    def sum_packed(self, totals: list[Value], first: Value) -> None:
        """Sum over packed matrices, which are read as they lie: k × rows elements of a, k × columns of b."""
        b, (left, right, _) = self.b, self.views
        place: Value = b.mul(self.y, left.strides[0])
        column: Value = b.mad(self.x, right.strides[2], b.mul(self.z, right.strides[0]))
        with b.for_range(0, self.k) as step, b.scratch():
            element = self.read(right, b.mad(step, right.strides[1], column))
            start = b.mad(step, left.strides[1], place)
            for r, total in enumerate(totals):
                with b.scratch():
                    offset = b.mad(b.mov_imm(r, type=Type.I64), left.strides[2], start)
                    self.add(total, self.read(left, offset), element)

    def read(self, view: View, offset: Value) -> Value:
        """The element at a byte offset."""
        found: Value = self.b.ldg(Place(RegisterIndirectComputed(view.handle.reg, offset.reg), view.type))
        return found

    def widened(self, value: Value) -> Value:
        """A value as what sums are made of."""
        converted: Value = value if value.type is self.of.summed else self.b.cvt(value, type=self.of.summed)
        return converted

    def add(self, total: Value, left: Value, right: Value) -> None:
        (self.b.fma if total.type.is_float else self.b.mad)(left, right, total, into=total)

    def deliver(self, totals: list[Value], first: Value, column: Value) -> None:
        """Scale the sums, add what is to be added, and store the rows that there are."""
        b, of, out = self.b, self.of, self.views[2]
        alpha = b.mov_param(self.alpha) if of.scaled else None
        beta = b.mov_param(self.beta) if of.addend is not Addend.NONE else None
        for r, total in enumerate(totals):
            with b.scratch():
                row = b.add(first, r)
                index = (row, column) if of.packed else (self.z, row, column)
                with b.if_(b.set("lt", row, self.m)):
                    if alpha is not None:
                        b.mul(total, alpha, into=total)
                    if beta is not None:
                        self.add(total, beta, self.widened(b.load(self.source, *index)))
                    b.store(total if of.c is of.summed else b.cvt(total, type=of.c), out, *index)


def pack_name(source: Type, target: Type, width: int, turned: bool) -> str:
    """The name of a packing program."""
    return f"pack_{source.value}_{target.value}_{width}{'_turned' if turned else ''}"


def pack(source: Type, target: Type, width: int, turned: bool) -> Program:
    """`pack(source, out)`: a matrix of k rows as panels of `width` columns, each row by row.

    out[p, r, c] = source[r, p·width + c], 0 beyond the last column. `turned` takes the source with its axes
    exchanged: rows of it then become columns.
    """
    if width < 1:
        raise BuildError(f"a panel has one column or more, got {width}")
    key = ProgramKey("pack", (source, target), ((width,),), (turned,))
    return made(key, lambda: _pack(source, target, width, turned))


def _pack(source: Type, target: Type, width: int, turned: bool) -> Program:
    b = Builder(pack_name(source, target, width, turned))
    matrix, out = b.array("source", source, 2), b.array("out", target, 3, "w")
    view, packed = b.view(matrix), b.view(out)
    columns = b.mov_param(Slot(matrix, Field.SHAPE, 0 if turned else 1))
    depth = Slot(matrix, Field.SHAPE, 1 if turned else 0)
    k = b.mov_param(depth)
    x, y, panel = (b.global_id(axis) for axis in "xyz")
    row, inside = (x, y) if turned else (y, x)
    column = b.mad(panel, width, inside)
    with b.if_(b.set("lt", x, k if turned else width)):
        value: Value = b.mov_imm(0, type=source)
        with b.if_(b.set("lt", column, columns)):
            b.ldg(b.at(view, *((column, row) if turned else (row, column))), into=value)
        b.store(value if source is target else b.cvt(value, type=target), packed, panel, row, inside)
    fixed: list[Poly | Slot] = [depth, Poly.const(width)] if turned else [Poly.const(width), depth]
    return b.build([*fixed, Slot(out, Field.SHAPE, 0)])
