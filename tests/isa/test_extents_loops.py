"""Loop counters: ranges, steps, early ends, and what stays unknown."""

from __future__ import annotations

import pytest

from hologram.isa.builder import immediate
from hologram.isa.operands import Condition, Pred, Reg
from tests.isa.affine_kernels import F32, I32, I64, U32, U64, Kernel, Launchable


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


def test_a_loop_left_early_by_data_keeps_its_range() -> None:
    k = Kernel()
    a, n = k.array("a"), k.scalar("n")
    out = k.b.label("stop")
    with k.loop(0, n) as j:
        k.b.emit("BRA", None, out, k.test("eq", k.load(a, j), 0, F32))
    k.b.place(out)
    kernel = Launchable(k.program())
    assert kernel.fits(n=4, a=4)
    assert not kernel.fits(n=4, a=3)


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
