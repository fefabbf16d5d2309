"""Requirements equal what a launch touches, and `check` refuses exactly the launches that do not fit."""

from __future__ import annotations

import pytest

from hologram.errors import ArgumentValueError, ExtentError, Location
from hologram.isa.affine import Affine, Poly, Variable
from hologram.isa.builder import immediate
from hologram.isa.operands import Slot, SlotOffset
from tests.isa.affine_kernels import F32, I64, U32, Kernel, Launchable, saxpy


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


def test_requirements_are_deduplicated() -> None:
    kernel = saxpy()
    assert [(r.slot, r.axis) for r in kernel.extents.requirements] == [(0, 0), (1, 0)]
    assert kernel.extents.requirements[0].index == Affine.of(Poly(), [(Variable("lane", 0), Poly.const(1))])


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


def test_a_neighbour_without_a_guard_is_refused() -> None:
    k = Kernel()
    a, n, i = k.array("a"), k.scalar("n", U32), k.lane()
    with k.when(k.test("lt", i, n)):
        k.load(a, k.op("ADD", i, 1))
    kernel = Launchable(k.program())
    with pytest.raises(ExtentError, match="needs 11"):
        kernel.check([16], n=10, a=10)
    kernel.check([16], n=10, a=11)


def test_reversed_index() -> None:
    k = Kernel()
    a, n, i = k.array("a"), k.scalar("n"), k.lane()
    with k.when(k.test("lt", i, n)):
        k.load(a, k.op("SUB", k.op("SUB", n, 1), i))
    kernel = Launchable(k.program())
    assert kernel.fits([256], n=10, a=10)
    assert not kernel.fits([256], n=10, a=9)
    assert kernel.fits([4], n=10, a=10)


def test_indices_from_data_or_products_of_lanes_are_unknown() -> None:
    k = Kernel()
    a, idx, i = k.array("a"), k.array("idx", type=I64), k.lane()
    k.load(a, k.load(idx, i))
    k.load(a, k.op("MUL", i, i))
    kernel = Launchable(k.program())
    assert len(kernel.extents.unknown) == 2
    assert [r.slot for r in kernel.extents.requirements] == [idx]


def test_narrow_arithmetic_counts_as_long_as_it_cannot_wrap() -> None:
    # u32: if i < n - 1: a[u32(i) + 1]
    k = Kernel()
    a, i = k.array("a"), k.lane()
    n = k.b.scalar("n", U32)
    size = k.b.reg()
    k.b.emit("MOV_PARAM", U32, size, Slot(n))
    with k.when(k.test("lt", i, k.widened(k.op("SUB", size, 1, U32), U32))):
        k.load(a, k.widened(k.op("ADD", k.converted(i, I64, U32), 1, U32), U32))
    kernel = Launchable(k.program())
    assert not kernel.extents.unknown
    assert kernel.fits([256], n=10, a=10)
    assert not kernel.fits([256], n=10, a=9)
    # 0 - 1 wraps to 2**32 - 1, which lets every lane through.
    assert kernel.fits([256], n=0, a=257)
    assert not kernel.fits([256], n=0, a=256)


def test_a_guard_on_a_narrowed_copy_is_a_guard_on_the_lane() -> None:
    k = Kernel()
    a, i = k.array("a"), k.lane()
    n = k.b.scalar("n", U32)
    size = k.b.reg()
    k.b.emit("MOV_PARAM", U32, size, Slot(n))
    with k.when(k.test("lt", k.converted(i, I64, U32), size, U32)):
        k.load(a, i)
    kernel = Launchable(k.program())
    assert kernel.fits([256], n=10, a=10)
    assert not kernel.fits([256], n=10, a=9)
    assert not kernel.fits([2**33], n=10, a=10)


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
