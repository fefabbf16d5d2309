"""The product of two matrices, tile by tile through shared memory."""

from __future__ import annotations

from hologram.errors import BuildError
from hologram.isa.builder import Builder, Shared, Value, View
from hologram.isa.cache import ProgramKey
from hologram.isa.operands import Slot
from hologram.isa.program import Program
from hologram.isa.templates.made import made
from hologram.types import HALVES, Type

MAX_TILE = 32


def gemm(type: Type, tile: int = 16) -> Program:
    """`gemm(a, b, c, m, n, k)`: c[m, n] = a[m, k] · b[k, n], launched in blocks of tile × tile lanes.

    A lane computes one element, adding in the order of k: floats with FMA, f16 and bf16 in f32 and rounded at the end;
    integers wrap. A block reads the tiles of a and b that its lanes need into shared memory, between barriers.
    """
    if not 1 <= tile <= MAX_TILE:
        raise BuildError(f"a tile has 1 to {MAX_TILE} rows, got {tile}")
    key = ProgramKey("gemm", (type,), ((tile, tile),))
    return made(key, lambda: _Gemm(type, tile).build())


class _Gemm:
    """Writes the program for one type and tile."""

    def __init__(self, type: Type, tile: int) -> None:
        self.type, self.tile = type, tile
        self.sum_type = Type.F32 if type in HALVES else type
        self.b = Builder(f"gemm_{type.value}_{tile}")

    def build(self) -> Program:
        b, type = self.b, self.type
        matrices = b.array("a", type, 2), b.array("b", type, 2), b.array("c", type, 2, "w")
        sizes = [b.scalar(name, Type.I64) for name in "mnk"]
        left, right, result = (b.view(slot) for slot in matrices)
        m, n, k = (b.mov_param(slot) for slot in sizes)
        row, column = b.global_id("y"), b.global_id("x")
        y, x = b.mov_sreg("lane.y"), b.mov_sreg("lane.x")
        of_left, of_right = (b.shared(type, self.tile, self.tile) for _ in range(2))
        total: Value = b.mov_imm(0, type=self.sum_type)
        with b.for_range(0, k, self.tile) as start:
            self.fetch(left, (row, m), (b.add(start, x), k), of_left, (y, x))
            self.fetch(right, (b.add(start, y), k), (column, n), of_right, (y, x))
            b.bar_sync(0)
            with b.for_range(0, self.tile) as step:
                self.add(total, self.widened(b.load(of_left, y, step)), self.widened(b.load(of_right, step, x)))
            b.bar_sync(0)
        with b.if_(b.pand(b.set("lt", row, m), b.set("lt", column, n))):
            b.store(total if type is self.sum_type else b.cvt(total, type=type), result, row, column)
        return b.build([Slot(sizes[1]), Slot(sizes[0])], {"block": f"{self.tile},{self.tile}"})

    def fetch(
        self, source: View, row: tuple[Value, Value], column: tuple[Value, Value], tile: Shared, at: tuple[Value, Value]
    ) -> None:
        """Put the lane's element of a matrix into the tile, 0 outside; places come with the lengths they stay below."""
        b = self.b
        with b.scratch():
            element: Value = b.mov_imm(0, type=self.type)
            with b.if_(b.set("lt", row[0], row[1])), b.if_(b.set("lt", column[0], column[1])):
                b.ldg(b.at(source, row[0], column[0]), into=element)
            b.store(element, tile, *at)

    def widened(self, value: Value) -> Value:
        """A value as what sums are made of."""
        converted: Value = value if value.type is self.sum_type else self.b.cvt(value, type=self.sum_type)
        return converted

    def add(self, total: Value, left: Value, right: Value) -> None:
        (self.b.fma if self.sum_type.is_float else self.b.mad)(left, right, total, into=total)
