"""Requirements equal what a launch touches, and `check` refuses exactly the launches that do not fit."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import pytest

from hologram.errors import ArgumentValueError, ExtentError, Location
from hologram.isa.affine import Poly, Variable
from hologram.isa.builder import Builder, immediate
from hologram.isa.extents import Extents, check, derive
from hologram.isa.formula import evaluate
from hologram.isa.operands import Condition, Field, Pred, Reg, RegisterIndirectComputed, Slot, SlotOffset, Special
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
        if type is I64:
            return r
        wide = self.b.reg()
        self.b.emit("CVT", I64, wide, r, source_type=type)
        return wide

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
        self.extents: Extents = derive(program, verify(program))

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


def test_a_guarded_kernel_needs_as_many_elements_as_the_guard_lets_through() -> None:
    kernel = saxpy()
    assert not kernel.extents.unknown
    kernel.check([256], n=10, x=10, y=10)
    kernel.check([4], n=10, x=4, y=4)
    kernel.check([0], n=10, x=0, y=0)
    with pytest.raises(ExtentError, match=r"array 'y' is too short: it has length 9, but kernel 'saxpy' needs 10"):
        kernel.check([256], n=10, x=10, y=9)


def test_the_error_is_both_an_index_and_a_value_error_and_names_line_and_cure() -> None:
    k = Kernel("short")
    a, n, i = k.array("a"), k.scalar("n"), k.lane()
    k.b.location = Location("kernel.py", 7, 5)
    with k.when(k.test("lt", i, n)):
        k.load(a, i)
    with pytest.raises(ArgumentValueError) as caught:
        Launchable(k.program()).check([256], n=10, a=9)
    assert isinstance(caught.value, IndexError)
    assert "kernel.py:7:5" in str(caught.value)
    assert "pass an array of at least 10 elements, or a smaller n" in str(caught.value)


def test_requirements_are_deduplicated_and_carry_simple_ranges() -> None:
    kernel = saxpy()
    assert [(r.slot, r.axis) for r in kernel.extents.requirements] == [(0, 0), (1, 0)]
    (only,) = kernel.extents.requirements[0].ranges
    assert (only.variable, only.lows, only.highs) == (Variable("lane", 0), (), (Poly.slot(Slot(2)),))


def gemm() -> Launchable:
    k = Kernel("gemm")
    a, b, c = (k.array(n) for n in "abc")
    m, n, kk, lda, ldb, ldc = (k.scalar(s, U32) for s in ("m", "n", "kk", "lda", "ldb", "ldc"))
    col, row = k.lane(0), k.lane(1)
    k.leave_if(k.combine("POR", k.test("ge", row, m), k.test("ge", col, n)))
    with k.loop(0, kk) as j:
        k.load(a, k.op("ADD", k.op("MUL", row, lda), j))
        k.load(b, k.op("ADD", k.op("MUL", j, ldb), col))
    k.store(c, k.op("ADD", k.op("MUL", row, ldc), col))
    return Launchable(k.program())


def test_gemm_with_leading_dimensions() -> None:
    kernel, sizes = gemm(), {"m": 3, "n": 4, "kk": 5, "lda": 7, "ldb": 6, "ldc": 8}
    assert not kernel.extents.unknown
    need = {"a": 2 * 7 + 5, "b": 4 * 6 + 4, "c": 2 * 8 + 4}
    kernel.check([16, 16], **sizes, **need)
    for name in need:
        assert not kernel.fits([16, 16], **sizes, **{**need, name: need[name] - 1})
    kernel.check([16, 16], **{**sizes, "kk": 0}, a=0, b=0, c=need["c"])
    kernel.check([16, 16], **{**sizes, "m": 0}, a=0, b=0, c=0)


def stencil() -> Launchable:
    k = Kernel("stencil")
    u, out = k.array("u", 2), k.array("out", 2)
    h, w = k.shape(u, 0), k.shape(u, 1)
    x, y = k.lane(0), k.lane(1)
    inside = k.combine("PAND", k.test("gt", y, 0), k.test("lt", y, k.op("SUB", h, 1)))
    inside = k.combine("PAND", inside, k.test("gt", x, 0))
    inside = k.combine("PAND", inside, k.test("lt", x, k.op("SUB", w, 1)))
    with k.when(inside):
        for dy, dx in [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]:
            k.load(u, k.op("ADD", y, dy), k.op("ADD", x, dx))
        k.store(out, y, x)
    return Launchable(k.program())


def test_stencil_with_an_interior_guard_always_fits_its_input() -> None:
    kernel = stencil()
    assert not kernel.extents.unknown
    for h, w in [(5, 9), (3, 3), (2, 9), (1, 1), (0, 0)]:
        kernel.check([16, 16], u=(h, w), out=(max(h - 1, 0), max(w - 1, 0)))
    with pytest.raises(ExtentError, match=r"'out' is too short along axis 1: it has length 7.*needs 8"):
        kernel.check([16, 16], u=(5, 9), out=(4, 7))


def test_an_interior_guard_with_branches_and_an_edge_case_beside_it() -> None:
    k = Kernel()
    u, h, x = k.array("u"), k.scalar("h"), k.lane()
    k.leave_if(k.test("ge", x, h))
    other, join = k.b.label("edge"), k.b.label("join")
    k.b.emit("BRA", None, other, k.test("eq", x, 0))
    k.b.emit("BRA", None, other, k.test("eq", x, k.op("SUB", h, 1)))
    k.load(u, k.op("ADD", x, 1))
    k.load(u, k.op("SUB", x, 1))
    k.b.emit("BRA", None, join)
    k.b.place(other)
    k.store(u, x)
    k.b.place(join)
    k.load(u, x)
    kernel = Launchable(k.program())
    assert not kernel.extents.unknown
    for h in range(6):
        assert kernel.fits([8], h=h, u=h)
        assert not h or not kernel.fits([8], h=h, u=h - 1)


def test_a_neighbour_without_a_guard_is_refused() -> None:
    k = Kernel()
    a, n, i = k.array("a"), k.scalar("n", U32), k.lane()
    with k.when(k.test("lt", i, n)):
        k.load(a, k.op("ADD", i, 1))
    kernel = Launchable(k.program())
    with pytest.raises(ExtentError, match="needs 11"):
        kernel.check([16], n=10, a=10)
    kernel.check([16], n=10, a=11)


def test_a_negative_index_is_refused_and_does_not_wrap() -> None:
    k = Kernel()
    a, i = k.array("a"), k.lane()
    k.load(a, k.op("SUB", i, 1))
    with pytest.raises(ExtentError, match=r"index -1 .*does not wrap"):
        Launchable(k.program()).check([4], a=100)


@pytest.mark.parametrize("condition", ["ne", "gt"])
def test_excluding_the_first_lane_makes_its_left_neighbour_legal(condition: str) -> None:
    k = Kernel()
    a, i = k.array("a"), k.lane()
    with k.when(k.test(condition, i, 0)):
        k.load(a, k.op("SUB", i, 1))
    assert Launchable(k.program()).fits([4], a=3)


def test_reversed_index() -> None:
    k = Kernel()
    a, n, i = k.array("a"), k.scalar("n"), k.lane()
    with k.when(k.test("lt", i, n)):
        k.load(a, k.op("SUB", k.op("SUB", n, 1), i))
    kernel = Launchable(k.program())
    assert kernel.fits([256], n=10, a=10)
    assert not kernel.fits([256], n=10, a=9)
    assert kernel.fits([4], n=10, a=10)


@pytest.mark.parametrize(("start", "step", "last"), [(0, 1, 9), (0, 2, 8), (1, 3, 7), (0, 4, 8)])
def test_strided_loops_reach_exactly_their_last_value(start: int, step: int, last: int) -> None:
    k = Kernel()
    a, n = k.array("a"), k.scalar("n")
    with k.loop(start, n, step) as j:
        k.load(a, k.op("ADD", j, 1))
    kernel = Launchable(k.program())
    assert kernel.fits(n=10, a=last + 2)
    assert not kernel.fits(n=10, a=last + 1)
    assert kernel.fits(n=start, a=0)


def test_negative_step() -> None:
    k = Kernel()
    a, n = k.array("a"), k.scalar("n")
    with k.loop(k.op("SUB", n, 1), -1, -2) as j:
        k.load(a, j)
    kernel = Launchable(k.program())
    assert kernel.fits(n=10, a=10)
    assert not kernel.fits(n=10, a=9)
    k = Kernel()
    a = k.array("a")
    with k.loop(9, 0, -2, "ge") as j:
        k.load(a, k.op("SUB", j, 1))
    kernel = Launchable(k.program())
    assert kernel.fits(a=9)
    assert not kernel.fits(a=8)


def test_triangular_loop_and_sum_of_two_counters_under_one_guard() -> None:
    k = Kernel()
    a, n, i = k.array("a"), k.scalar("n"), k.lane()
    k.leave_if(k.test("ge", i, n))
    with k.loop(0, i) as j:
        k.load(a, j)
    kernel = Launchable(k.program())
    assert kernel.fits([256], n=10, a=9)
    assert not kernel.fits([256], n=10, a=8)

    k = Kernel()
    a, w, n, r, i = k.array("a"), k.array("w"), k.scalar("n"), k.scalar("r", I32), k.lane()
    with k.loop(0, r) as j:
        at = k.op("SUB", k.op("ADD", i, j), 2)
        with k.when(k.combine("PAND", k.test("ge", at, 0), k.test("lt", at, n))):
            k.load(a, at)
            k.load(w, j)
    kernel = Launchable(k.program())
    assert not kernel.extents.unknown
    assert kernel.fits([256], n=10, r=5, a=10, w=5)
    assert not kernel.fits([256], n=10, r=5, a=9, w=5)
    assert not kernel.fits([256], n=10, r=5, a=10, w=4)


def test_a_guard_on_a_multiple_and_on_another_variable() -> None:
    k = Kernel()
    a, out, n, i, y = k.array("a"), k.array("out"), k.scalar("n"), k.lane(), k.lane(1)
    odd = k.op("ADD", k.op("MUL", i, 2), 1)
    with k.when(k.combine("PAND", k.test("lt", odd, n), k.test("lt", y, 3))):
        k.load(a, odd)
        k.store(out, i)
    kernel = Launchable(k.program())
    assert kernel.fits([256, 4], n=9, a=8, out=4)
    assert not kernel.fits([256, 4], n=9, a=7, out=4)
    assert not kernel.fits([256, 4], n=9, a=8, out=3)


def test_a_parameter_switches_an_access_on() -> None:
    k = Kernel()
    bias, mode, i = k.array("bias"), k.scalar("mode", I32), k.lane()
    with k.when(k.test("ne", mode, 0)):
        k.load(bias, i)
    kernel = Launchable(k.program())
    assert kernel.fits([8], mode=0, bias=1)
    assert not kernel.fits([8], mode=3, bias=1)


def test_a_disjunction_is_the_union_of_its_parts() -> None:
    k = Kernel()
    a, n, i = k.array("a"), k.scalar("n"), k.lane()
    with k.when(k.combine("POR", k.test("lt", i, 2), k.test("eq", i, n))):
        k.load(a, i)
    kernel = Launchable(k.program())
    assert kernel.fits([16], n=7, a=8)
    assert not kernel.fits([16], n=7, a=7)
    assert kernel.fits([16], n=99, a=2)


def test_branches_that_join_lose_what_they_disagree_on() -> None:
    k = Kernel()
    a, n, i = k.array("a"), k.scalar("n"), k.lane()
    j, same = k.b.reg(), k.b.reg()
    k.b.emit("MOV", I64, j, i)
    k.b.emit("MOV", I64, same, i)
    with k.when(k.test("gt", i, 3)):
        k.b.emit("MOV", I64, j, n)
        k.b.emit("MOV", I64, same, i)
    k.load(a, j)
    k.load(a, same)
    kernel = Launchable(k.program())
    assert len(kernel.extents.unknown) == 1
    assert not kernel.fits([8], n=0, a=7)


def test_indices_from_data_or_narrow_arithmetic_are_unknown() -> None:
    k = Kernel()
    a, idx, i = k.array("a"), k.array("idx", type=I64), k.lane()
    k.load(a, k.load(idx, i))
    narrow = k.b.reg()
    k.b.emit("CVT", U32, narrow, i, source_type=I64)
    k.load(a, k.widened(k.op("ADD", narrow, 1, U32), U32))
    kernel = Launchable(k.program())
    assert len(kernel.extents.unknown) == 2
    assert [r.slot for r in kernel.extents.requirements] == [idx]


def test_a_condition_on_data_keeps_the_requirement_and_one_on_places_that_is_not_affine_drops_it() -> None:
    k = Kernel()
    a, mask, i = k.array("a"), k.array("mask", type=I64), k.lane()
    with k.when(k.test("gt", k.load(mask, i), 0)):
        k.load(a, i)
    assert not Launchable(k.program()).fits([8], a=7, mask=8)
    k = Kernel()
    a, i = k.array("a"), k.lane()
    with k.when(k.test("eq", k.op("AND", i, 1), 0)):
        k.load(a, k.op("ADD", i, 1))
    assert len(Launchable(k.program()).extents.unknown) == 1


def test_a_loop_left_early_by_data_keeps_its_range() -> None:
    k = Kernel()
    a, n = k.array("a"), k.scalar("n")
    out = k.b.label("stop")
    with k.loop(0, n) as j:
        k.b.emit("BRA", None, out, k.test("eq", k.load(a, j), 0, F32) if False else _float_is_zero(k, k.load(a, j)))
    k.b.place(out)
    kernel = Launchable(k.program())
    assert kernel.fits(n=4, a=4)
    assert not kernel.fits(n=4, a=3)


def _float_is_zero(k: Kernel, value: Reg) -> Pred:
    p = k.b.pred()
    k.b.emit("SETcc", F32, Condition.EQ, p, value, immediate(F32, 0.0))
    return p


def test_a_counter_is_unknown_after_its_loop() -> None:
    k = Kernel()
    a, n = k.array("a"), k.scalar("n")
    with k.loop(0, n) as j:
        pass
    k.load(a, j)
    assert len(Launchable(k.program()).extents.unknown) == 1


def test_the_loop_instruction_runs_its_body_once_more_than_its_count() -> None:
    k = Kernel()
    a, i = k.array("a"), k.const(0)
    count = k.const(6, U32)
    j = k.b.reg()
    k.b.emit("MOV", I64, j, i)
    again = k.b.label("again")
    k.b.place(again)
    k.load(a, j)
    k.b.emit("ADD", I64, j, j, immediate(I64, 2))
    k.b.emit("LOOP", None, count, again)
    kernel = Launchable(k.program())
    assert not kernel.extents.unknown
    assert kernel.fits(a=13)
    assert not kernel.fits(a=12)


def test_a_test_at_the_end_of_the_body_comes_one_round_late() -> None:
    k = Kernel()
    a, n = k.array("a"), k.scalar("n")
    j = k.b.reg()
    k.b.emit("MOV", I64, j, k.const(0))
    again = k.b.label("again")
    k.b.place(again)
    k.load(a, j)
    k.b.emit("ADD", I64, j, j, immediate(I64, 1))
    k.b.emit("BRA", None, again, k.test("lt", j, n))
    kernel = Launchable(k.program())
    assert kernel.fits(n=5, a=5)
    assert not kernel.fits(n=5, a=4)
    assert kernel.fits(n=-3, a=1)
    assert not kernel.fits(n=-3, a=0)


def test_an_address_with_a_constant_offset() -> None:
    k = Kernel()
    a, i = k.array("a"), k.lane()
    r = k.b.reg()
    k.b.emit("LDG", F32, r, SlotOffset(a, 12))
    with k.when(k.test("lt", i, 0)):
        k.load(a, k.const(99))
    kernel = Launchable(k.program())
    assert kernel.fits([8], a=4)
    assert not kernel.fits([8], a=3)


def test_a_launch_reduction_stores_even_when_no_lane_runs() -> None:
    k = Kernel()
    out, n, i = k.array("out"), k.scalar("n"), k.lane()
    with k.when(k.test("lt", i, n)):
        one = k.b.reg()
        k.b.emit("MOV_IMM", F32, one, immediate(F32, 1.0))
        k.b.emit("GRED_ADD", F32, one, SlotOffset(out, 0))
    kernel = Launchable(k.program())
    assert not kernel.fits([0], n=0, out=0)
    assert kernel.fits([0], n=0, out=1)


@pytest.mark.parametrize("n", [-(2**63), 2**63 - 1, -(2**63) + 5])
def test_bounds_that_wrap_do_not_pass_for_guards(n: int) -> None:
    # n - 1 wraps to 2**63 - 1 for the smallest n, so the guard lets every lane through.
    k = Kernel()
    a, size, i = k.array("a"), k.scalar("n"), k.lane()
    with k.when(k.test("lt", i, k.op("SUB", size, 1))):
        k.load(a, i)
    kernel = Launchable(k.program())
    passes = ((n - 1 + 2**63) % 2**64) - 2**63 > 7
    assert kernel.fits([8], n=n, a=8)
    assert not (passes and kernel.fits([8], n=n, a=7))


def test_products_that_wrap_do_not_pass_for_guards() -> None:
    # p * q = -2**64 wraps to 0 + r, which lets lanes through although the exact product is very negative.
    k = Kernel()
    a, p, q, i = k.array("a"), k.scalar("p"), k.scalar("q"), k.lane()
    with k.when(k.test("lt", i, k.op("ADD", k.op("MUL", p, q), 100))):
        k.load(a, i)
    kernel = Launchable(k.program())
    assert not kernel.fits([8], p=-(2**32), q=2**32, a=7)
    assert kernel.fits([8], p=-1, q=100, a=0)


def test_an_offset_that_wraps_around_is_out_of_bounds() -> None:
    k = Kernel()
    a, s, i = k.array("a"), k.scalar("s"), k.lane()
    k.load(a, k.op("MUL", i, s))
    assert not Launchable(k.program()).fits([5], s=2**62, a=100)


@pytest.mark.parametrize("type", [U32, I32, I64, U64])
def test_a_bound_of_any_integer_type(type: Type) -> None:
    kernel = saxpy(type)
    assert kernel.fits([256], n=10, x=10, y=10)
    assert not kernel.fits([256], n=10, x=10, y=9)


def test_an_unsigned_comparison_with_a_check_of_the_sign() -> None:
    k = Kernel()
    a, i = k.array("a"), k.lane()
    n = k.b.scalar("n", U64)
    bound, index = k.b.reg(), k.b.reg()
    k.b.emit("MOV_PARAM", U64, bound, Slot(n))
    k.b.emit("CVT", U64, index, i, source_type=I64)
    below = k.b.pred()
    k.b.emit("SETcc", U64, Condition.LTU, below, index, bound)
    with k.when(k.combine("POR", k.test("lt", i, 0), below)):
        k.load(a, i)
    kernel = Launchable(k.program())
    assert kernel.fits([256], n=10, a=10)
    assert not kernel.fits([256], n=10, a=9)
    assert not kernel.fits([256], n=2**64 - 1, a=255)


def test_an_unsigned_counter_that_falls_below_zero_never_ends() -> None:
    k = Kernel()
    a, n = k.array("a"), k.scalar("n")
    counter, again = k.b.reg(), k.b.label("again")
    k.b.emit("CVT", U64, counter, n, source_type=I64)
    out = k.b.label("out")
    k.b.place(again)
    p = k.b.pred()
    k.b.emit("SETcc", U64, Condition.GEU, p, counter, immediate(U64, 0))
    k.b.emit("BRA", None, out, Pred(p.index, True))
    k.b.emit("LDG", F32, k.b.reg(), k.address(a, counter_as_signed(k, counter)))
    k.b.emit("SUB", U64, counter, counter, immediate(U64, 1))
    k.b.emit("BRA", None, again)
    k.b.place(out)
    assert not Launchable(k.program()).fits(n=5, a=1000)


def counter_as_signed(k: Kernel, counter: Reg) -> Reg:
    r = k.b.reg()
    k.b.emit("CVT", I64, r, counter, source_type=U64)
    return r


def test_clamped_neighbours_always_fit() -> None:
    k = Kernel()
    z, out = k.array("z"), k.array("out")
    n, i = k.shape(out), k.lane()
    with k.when(k.test("lt", i, n)):
        k.load(z, k.op("MAX", k.op("SUB", i, 1), 0))
        k.load(z, k.op("MIN", k.op("ADD", i, 1), k.op("SUB", k.shape(z), 1)))
    kernel = Launchable(k.program())
    assert not kernel.extents.unknown
    assert kernel.fits([256], z=10, out=10)
    assert not kernel.fits([256], z=8, out=10)
    assert kernel.fits([256], z=9, out=10)
    assert not kernel.fits([256], z=0, out=10)
    assert kernel.fits([256], z=0, out=0)


def test_a_window_around_every_lane() -> None:
    # for j in range(max(i - 2, 0), min(i + 3, n)): a[j] * w[j - i + 2]
    k = Kernel()
    a, w, n, i = k.array("a"), k.array("w"), k.scalar("n"), k.lane()
    k.leave_if(k.test("ge", i, n))
    start = k.op("MAX", k.op("SUB", i, 2), 0)
    with k.loop(start, k.op("MIN", k.op("ADD", i, 3), n)) as j:
        k.load(a, j)
        k.load(w, k.op("ADD", k.op("SUB", j, i), 2))
    kernel = Launchable(k.program())
    assert not kernel.extents.unknown
    assert kernel.fits([256], n=10, a=10, w=5)
    assert not kernel.fits([256], n=10, a=9, w=5)
    assert not kernel.fits([256], n=10, a=10, w=4)


def test_a_minimum_of_wrapped_values_is_either_of_them() -> None:
    # n + 1 wraps to the smallest integer, so the minimum is not i.
    k = Kernel()
    a, n, i = k.array("a"), k.scalar("n"), k.lane()
    k.load(a, k.op("MIN", i, k.op("ADD", n, 1)))
    kernel = Launchable(k.program())
    assert not kernel.fits([8], n=2**63 - 1, a=8)
    assert kernel.fits([8], n=100, a=8)


class Random:
    """A random kernel of loops, guards and accesses, written as a program and run by hand."""

    def __init__(self, seed: int, extreme: bool = False) -> None:
        self.random = random.Random(seed)
        self.kernel = Kernel()
        self.sizes = {"n": self.random.randint(-1, 6), "m": self.random.randint(0, 5)}
        if extreme:
            ends = (-(2**63), 2**63 - 1, 2**62, -(2**62), 2**61)
            self.sizes["m"] = self.random.choice(ends) + self.random.randint(0, 4)
            self.sizes["m"] = min(self.sizes["m"], 2**63 - 1)
        self.kinds = ["access", "when", "when" if extreme else "loop"]
        self.lanes = self.random.randint(0, 7), self.random.randint(1, 3), 1
        self.slots = [self.kernel.array(f"a{i}") for i in range(4)]
        self.registers = {"n": self.kernel.scalar("n", I32), "m": self.kernel.scalar("m")}
        self.registers |= {"x": self.kernel.lane(0), "y": self.kernel.lane(1)}
        self.names = ["x", "y"]
        self.tree = self._body(2)

    def _index(self) -> tuple[object, ...]:
        """A sum, or the smaller or larger of two."""
        op = self.random.choice(["", "", "MIN", "MAX"])
        return (op, self._sum(), self._sum() if self.random.random() < 0.5 else self._bound()) if op else self._sum()

    def _sum(self) -> tuple[dict[str, int], int]:
        names = self.random.sample(self.names, self.random.randint(1, min(2, len(self.names))))
        terms = {name: self.random.choice([1, 1, 1, -1, 2, 3]) for name in names}
        if self.random.random() < 0.3:
            terms[self.random.choice(["n", "m"])] = self.random.choice([1, -1])
        return terms, self.random.randint(-2, 3)

    def _emit(self, *index: object) -> Reg:
        if len(index) == 3:
            return self.kernel.op(str(index[0]), self._emit(*index[1]), self._emit(*index[2]))  # type: ignore[misc]
        terms, constant = cast("tuple[dict[str, int], int]", index)
        k, total = self.kernel, self.kernel.const(constant)
        for name, factor in terms.items():
            total = k.op("ADD", total, k.op("MUL", self.registers[name], factor))
        return total

    def _bound(self) -> tuple[dict[str, int], int]:
        return ({self.random.choice(["n", "m"]): 1} if self.random.random() < 0.7 else {}), self.random.randint(-1, 4)

    def _body(self, depth: int) -> list[tuple[object, ...]]:
        return [self._statement(depth) for _ in range(self.random.randint(1, 2))]

    def _statement(self, depth: int) -> tuple[object, ...]:
        k, kind = self.kernel, self.random.choice(self.kinds) if depth else "access"
        if kind == "access":
            index, slot = self._index(), self.random.choice(self.slots)
            k.load(slot, self._emit(*index))
            return "access", slot, index
        if kind == "when":
            tests = [(self._index(), self.random.choice(list(NEGATED)), self._bound()) for _ in range(2)]
            op = self.random.choice(["PAND", "POR", "PXOR"])
            preds = [k.test(c, self._emit(*a), self._emit(*b)) for a, c, b in tests]
            with k.when(k.combine(op, *preds)):
                k.b.release(*preds)
                body = self._body(depth - 1)
            return "when", op, tests, body
        start, stop, step = self._bound(), self._bound(), self.random.choice([1, 1, 2, 3, -1, -2])
        name = f"j{len(self.registers)}"
        with k.loop(self._emit(*start), self._emit(*stop), step) as counter:
            self.registers[name] = counter
            self.names.append(name)
            body = self._body(depth - 1)
            self.names.remove(name)
        return "loop", name, start, stop, step, body

    def touched(self) -> dict[int, list[set[int]]]:
        """For every access in program order the elements it touches."""
        out: dict[int, list[set[int]]] = {slot: [] for slot in self.slots}
        found: dict[int, set[int]] = {}
        order: list[tuple[int, int]] = []

        def note(body: list[tuple[object, ...]]) -> None:
            for s in body:
                if s[0] == "access":
                    order.append((id(s), int(str(s[1]))))
                    found[id(s)] = set()
                else:
                    note(s[-1])  # type: ignore[arg-type]

        note(self.tree)
        for y in range(self.lanes[1]):
            for x in range(self.lanes[0]):
                self._run(self.tree, {**self.sizes, "x": x, "y": y}, found)
        for key, slot in order:
            out[slot].append(found[key])
        return out

    def _run(self, body: list[tuple[object, ...]], env: dict[str, int], found: dict[int, set[int]]) -> None:
        def value(*index: object) -> int:
            if len(index) == 3:
                return {"MIN": min, "MAX": max}[str(index[0])](value(*index[1]), value(*index[2]))  # type: ignore[misc]
            terms, constant = cast("tuple[dict[str, int], int]", index)
            return wrapped(constant + sum(env[name] * factor for name, factor in terms.items()))

        compare = {"lt": "__lt__", "le": "__le__", "gt": "__gt__", "ge": "__ge__", "eq": "__eq__", "ne": "__ne__"}
        for s in body:
            if s[0] == "access":
                found[id(s)].add(value(*s[2]))  # type: ignore[misc]
            elif s[0] == "when":
                a, b = (getattr(value(*left), compare[c])(value(*right)) for left, c, right in s[2])  # type: ignore[attr-defined]
                if {"PAND": a and b, "POR": a or b, "PXOR": a != b}[str(s[1])]:
                    self._run(s[3], env, found)  # type: ignore[arg-type]
            else:
                for j in range(value(*s[2]), value(*s[3]), s[4]):  # type: ignore[misc, call-overload]
                    self._run(s[5], {**env, str(s[1]): j}, found)  # type: ignore[arg-type]


@pytest.mark.parametrize("block", range(8))
def test_random_affine_kernels_never_need_less_than_they_touch(block: int) -> None:
    """Sound for every kernel; and equal to brute force for the great majority."""
    exact = total = 0
    for seed in range(block * 40, block * 40 + 40):
        case = Random(seed)
        kernel = Launchable(case.kernel.program())
        assert not kernel.extents.unknown, seed
        for slot, accesses in case.touched().items():
            elements = set().union(*accesses) if accesses else set()
            low, high = needed(kernel, case, slot)
            assert not elements or low <= min(elements) <= max(elements) <= high, (seed, slot)
            shapes = dict.fromkeys(("a0", "a1", "a2", "a3"), 0) | {f"a{slot}": high + 1}
            assert not simply_fits(kernel, case, shapes) or kernel.fits(case.lanes, **case.sizes, **shapes), seed
            total += 1
            exact += (low, high) == ((min(elements), max(elements)) if elements else (0, -1))
    assert exact >= 0.9 * total


@pytest.mark.parametrize("block", range(3))
def test_random_kernels_with_wrapping_bounds_are_sound(block: int) -> None:
    """A launch that passes touches, with the wrapping arithmetic of registers, nothing outside its arrays."""
    passed = 0
    for seed in range(block * 100, block * 100 + 100):
        case = Random(seed, extreme=True)
        kernel = Launchable(case.kernel.program())
        touched = case.touched()
        for length in (0, 3, 6, 12, 40):
            if kernel.fits(case.lanes, **case.sizes, a0=length, a1=length, a2=length, a3=length):
                passed += 1
                assert all(0 <= wrapped(i * 4) <= 4 * length - 4 for uses in touched.values() for e in uses for i in e)
    assert passed > 150


def wrapped(value: int) -> int:
    """As a signed 64-bit register holds it."""
    return ((value + 2**63) % 2**64) - 2**63


def simply_fits(kernel: Launchable, case: Random, shapes: dict[str, int]) -> bool:
    """The check that generated code makes, from the simple ranges alone."""
    values = {Slot(kernel.program.param(k)): v for k, v in case.sizes.items()}
    for r in kernel.extents.requirements:
        low = high = r.index.base.evaluate(values)
        spans = []
        for bound in r.ranges:
            lows, highs = ([p.evaluate(values) for p in side] for side in (bound.lows, bound.highs))
            if bound.variable.kind == "lane":
                lows, highs = [*lows, 0], [*highs, case.lanes[bound.variable.id]]
            spans.append((max(lows), min(highs) - 1))
            ends = [r.index.coefficient(bound.variable).evaluate(values) * end for end in spans[-1]]
            low, high = low + min(ends), high + max(ends)
        if all(first <= last for first, last in spans) and not 0 <= low <= high < shapes[f"a{r.slot}"]:
            return False
    return True


def needed(kernel: Launchable, case: Random, slot: int) -> tuple[int, int]:
    """Smallest and largest index the extents allow for, (0, -1) for none."""
    program = kernel.program
    values = {Slot(s, Field.SHAPE): 0 for s in case.slots} | {Slot(program.param(k)): v for k, v in case.sizes.items()}
    formula = kernel.extents.formula
    nodes = evaluate(formula, values, case.lanes)
    results = [nodes[r] for r in formula.results]
    spans = [
        (low, high)
        for r, violated, low, high in zip(
            kernel.extents.requirements, results[::3], results[1::3], results[2::3], strict=True
        )
        if violated and r.slot == slot
    ]
    return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else (0, -1)
