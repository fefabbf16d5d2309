"""Hand-built kernels as a front end writes them, and launches of them to be checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hologram.errors import ExtentError
from hologram.isa.affine import Poly
from hologram.isa.builder import Builder, immediate
from hologram.isa.extents import Extents, check, derive
from hologram.isa.operands import Condition, Field, Pred, Reg, RegisterIndirectComputed, Slot, Special
from hologram.isa.program import Program
from hologram.isa.verify import verify
from hologram.types import Type

I64, U64, F32, U32, I32 = Type.I64, Type.U64, Type.F32, Type.U32, Type.I32
GLOBALS = Special.GLOBAL_X, Special.GLOBAL_Y, Special.GLOBAL_Z
NEGATED = {"lt": "ge", "ge": "lt", "le": "gt", "gt": "le", "eq": "ne", "ne": "eq"}


class Kernel:
    """Writes programs the way a front end does: shallow blocks, a condition and a branch, counters in registers."""

    def __init__(self, name: str = "k") -> None:
        self.b = Builder(name)
        self.end = self.b.label("end")

    def array(self, name: str, ndim: int = 1, type: Type = F32) -> int:
        return self.b.array(name, type, ndim, "rw")

    def scalar(self, name: str, type: Type = I64) -> Reg:
        slot = self.b.scalar(name, type)
        r = self.b.reg()
        self.b.emit("MOV_PARAM", type, r, Slot(slot))
        return self.widened(r, type)

    def widened(self, r: Reg, type: Type) -> Reg:
        return self.converted(r, type, I64)

    def converted(self, r: Reg, source: Type, target: Type) -> Reg:
        if source is target:
            return r
        out = self.b.reg()
        self.b.emit("CVT", target, out, r, source_type=source)
        return out

    def lane(self, axis: int = 0) -> Reg:
        r = self.b.reg()
        self.b.emit("MOV_SREG", I64, r, GLOBALS[axis])
        return r

    def const(self, value: int, type: Type = I64) -> Reg:
        r = self.b.reg()
        self.b.emit("MOV_IMM", type, r, immediate(type, value))
        return r

    def op(self, name: str, a: Reg, b: Reg | int, type: Type = I64) -> Reg:
        r = self.b.reg()
        self.b.emit(name, type, r, a, immediate(type, b) if isinstance(b, int) else b)
        return r

    def shape(self, slot: int, axis: int = 0) -> Reg:
        r = self.b.reg()
        self.b.emit("MOV_PARAM", I64, r, Slot(slot, Field.SHAPE, axis))
        return r

    def test(self, condition: str, a: Reg, b: Reg | int, type: Type = I64) -> Pred:
        p = self.b.pred()
        self.b.emit("SETcc", type, Condition(condition), p, a, immediate(type, b) if isinstance(b, int) else b)
        return p

    def combine(self, op: str, *parts: Pred) -> Pred:
        p = self.b.pred()
        self.b.emit(op, None, p, *parts)
        return p

    def address(self, slot: int, *index: Reg) -> RegisterIndirectComputed:
        handle = self.b.reg()
        self.b.emit("MOV_PARAM", U64, handle, Slot(slot))
        param = self.b.params[slot]
        if param.ndim == 1:
            return RegisterIndirectComputed(handle, self.op("MUL", index[0], param.type.size))
        total: Reg | None = None
        for axis, i in enumerate(index):
            stride = self.b.reg()
            self.b.emit("MOV_PARAM", I64, stride, Slot(slot, Field.STRIDE, axis))
            part = self.op("MUL", i, stride)
            total = part if total is None else self.op("ADD", total, part)
        assert total is not None
        return RegisterIndirectComputed(handle, total)

    def load(self, slot: int, *index: Reg) -> Reg:
        r = self.b.reg()
        self.b.emit("LDG", self.b.params[slot].type, r, self.address(slot, *index))
        return r

    def store(self, slot: int, *index: Reg) -> None:
        value = (
            self.const(0, self.b.params[slot].type) if self.b.params[slot].type.is_integer else self.load(slot, *index)
        )
        self.b.emit("STG", self.b.params[slot].type, value, self.address(slot, *index))

    def leave_if(self, p: Pred) -> None:
        self.b.emit("BRA", None, self.end, p)

    @contextmanager
    def when(self, p: Pred) -> Iterator[None]:
        after = self.b.label("after")
        self.b.emit("BRA", None, after, Pred(p.index, True))
        yield
        self.b.place(after)

    @contextmanager
    def loop(self, start: Reg | int, stop: Reg | int, step: int = 1, condition: str = "") -> Iterator[Reg]:
        """while counter < stop (or > for a negative step): body; counter += step."""
        counter = self.b.reg()
        begin = self.const(start) if isinstance(start, int) else start
        self.b.emit("MOV", I64, counter, begin)
        head, out = self.b.label("head"), self.b.label("out")
        self.b.place(head)
        p = self.test(condition or ("lt" if step > 0 else "gt"), counter, stop)
        self.b.emit("BRA", None, out, Pred(p.index, True))
        yield counter
        self.b.emit("MOV", I64, counter, self.op("ADD", counter, step))
        self.b.emit("BRA", None, head)
        self.b.place(out)
        self.b.release(p)

    def program(self, extent: Sequence[Poly] = ()) -> Program:
        self.b.place(self.end)
        self.b.emit("EXIT")
        return self.b.build(extent)


class Launchable:
    """A program with its extents, checked for given scalars and shapes."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.extents: Extents = derive(verify(program))

    def check(self, lanes: Sequence[int] = (1,), **given: int | tuple[int, ...]) -> None:
        values: dict[Slot, int] = {}
        for name, value in given.items():
            slot = self.program.param(name)
            if not self.program.params[slot].is_array:
                assert isinstance(value, int)
                values[Slot(slot)] = value
                continue
            shape = value if isinstance(value, tuple) else (value,)
            for axis, size in enumerate(shape):
                values[Slot(slot, Field.SHAPE, axis)] = size
                values[Slot(slot, Field.STRIDE, axis)] = 4
        x, y, z = (*lanes, 1, 1)[:3]
        check(self.extents, self.program, values, (x, y, z))

    def fits(self, lanes: Sequence[int] = (1,), **given: int | tuple[int, ...]) -> bool:
        try:
            self.check(lanes, **given)
        except ExtentError:
            return False
        return True


def saxpy(type: Type = U32) -> Launchable:
    k = Kernel("saxpy")
    x, y, n, i = k.array("x"), k.array("y"), k.scalar("n", type), k.lane()
    with k.when(k.test("lt", i, n)):
        k.load(x, i)
        k.store(y, i)
    return Launchable(k.program([Poly.slot(Slot(2))]))
