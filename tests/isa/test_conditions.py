"""Guards: what lets an access happen, in which combinations, and when comparisons wrap."""

from __future__ import annotations

import pytest

from hologram.errors import ExtentError
from hologram.isa.operands import Condition, Slot
from hologram.types import Type
from tests.isa.affine_kernels import I32, I64, U32, U64, Kernel, Launchable, saxpy


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


def test_a_minimum_of_wrapped_values_is_either_of_them() -> None:
    # n + 1 wraps to the smallest integer, so the minimum is not i.
    k = Kernel()
    a, n, i = k.array("a"), k.scalar("n"), k.lane()
    k.load(a, k.op("MIN", i, k.op("ADD", n, 1)))
    kernel = Launchable(k.program())
    assert not kernel.fits([8], n=2**63 - 1, a=8)
    assert kernel.fits([8], n=100, a=8)
