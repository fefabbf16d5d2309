"""Products of matrices of all types and layouts, in both forms, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hologram as hg
from hologram import ops
from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.types import Type
from tests.ops.layouts import LAYOUTS
from tests.ops.linalg.products import RNG, allowed, check, random


@pytest.mark.parametrize("type", Type, ids=lambda t: t.value)
def test_every_type(type: Type) -> None:
    a, b = random(type, 9, 7), random(type, 7, 13)
    check(ops.matmul(a, b), a, b, type)


@pytest.mark.parametrize("type", [Type.F32, Type.F16, Type.I16], ids=lambda t: t.value)
def test_large_ones_are_packed(type: Type) -> None:
    a, b = random(type, 45, 300), random(type, 300, 250)
    got = ops.matmul(a, b)
    check(got, a, b, type)
    for left in ("contiguous", "transposed"):
        for right in ("strided", "transposed"):
            laid = LAYOUTS[left](a), LAYOUTS[right](b)
            out = LAYOUTS["transposed"](np.zeros(got.shape, got.dtype))
            assert ops.matmul(*laid, out=out) is out
            check(out, a, b, type)


def test_order_of_additions_does_not_depend_on_where_elements_are() -> None:
    """Packed, in place, on one thread or two, on the interpreter: the same bits."""
    a, b = random(Type.F32, 40, 30), random(Type.F32, 30, 20)
    got = ops.matmul(a, b)
    wide = np.zeros((40, 60), np.float32)
    wide[:, ::2] = a
    assert np.array_equal(ops.matmul(wide[:, ::2], b.T.copy().T), got)
    assert np.array_equal(ops.matmul(a, np.concatenate([b, np.zeros((30, 4000), np.float32)], 1))[:, :20], got)
    assert np.array_equal(hg.Executor("interpreter").ops.matmul(a[:9], b), got[:9])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout(layout: str) -> None:
    a, b = random(Type.F32, 5, 6), random(Type.F32, 6, 9)
    check(ops.matmul(LAYOUTS[layout](a), b), a, b, Type.F32)
    check(ops.matmul(a, LAYOUTS[layout](b)), a, b, Type.F32)
    if layout != "read_only":
        out = LAYOUTS[layout](np.zeros((5, 9), np.float32))
        assert ops.matmul(a, b, out=out) is out
        check(out, a, b, Type.F32)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((3,), (3,)),
        ((3,), (3, 4)),
        ((2, 3), (3,)),
        ((5, 2, 3), (3,)),
        ((3,), (5, 3, 4)),
        ((5, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 4)),
        ((5, 2, 3), (5, 3, 4)),
        ((5, 1, 2, 3), (6, 3, 4)),
        ((2, 1, 2, 2, 3), (3, 1, 3, 4)),
        ((0, 3), (3, 4)),
        ((2, 0), (0, 4)),
        ((2, 3), (3, 0)),
        ((0,), (0,)),
        ((4, 2, 0), (0,)),
        ((1, 1), (1, 1)),
    ],
)
def test_numpy_rules(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    a, b = RNG.integers(-9, 9, first).astype(np.float32), RNG.integers(-9, 9, second).astype(np.float32)
    got, wanted = ops.matmul(a, b), np.matmul(a, b)
    assert type(got) is type(wanted)
    assert got.shape == wanted.shape
    assert np.array_equal(got, wanted)


def test_batches_that_no_strides_join() -> None:
    a = RNG.integers(-9, 9, (4, 3, 5, 2)).astype(np.float32)[:, ::2]
    b = RNG.integers(-9, 9, (2, 2, 3)).astype(np.float32)
    for left in (a, a[::-1], a.transpose(1, 0, 2, 3)[:, :2]):
        assert np.array_equal(ops.matmul(left, b), np.matmul(left, b))
    many = RNG.integers(-9, 9, (3, 20, 200)).astype(np.float32), RNG.integers(-9, 9, (200, 190)).astype(np.float32)
    assert np.array_equal(ops.matmul(*many), np.matmul(*many))
    assert np.array_equal(ops.matmul(many[0][::2], many[1]), np.matmul(many[0][::2], many[1]))


def test_types_meet() -> None:
    a, b = RNG.integers(-9, 9, (3, 4)).astype(np.int16), RNG.standard_normal((4, 5)).astype(np.float32)
    check(ops.matmul(a, b), a, b, Type.F32)
    assert ops.matmul(a, a.T.astype(np.int8)).dtype == np.int16
    out = np.zeros((3, 5))
    ops.matmul(a, b, out=out)
    assert np.array_equal(out, ops.matmul(a, b).astype(np.float64))


def test_in_place_is_right() -> None:
    a, b = random(Type.F32, 6, 6), random(Type.F32, 6, 6)
    wanted = ops.matmul(a, b)
    for target in (a, b):
        given = [a.copy(), b.copy()]
        into = given[0] if target is a else given[1]
        assert np.array_equal(ops.matmul(*given, out=into), wanted)
    square = a.copy()
    assert np.array_equal(ops.matmul(square, square, out=square), ops.matmul(a, a))
    shifted = np.concatenate([a.ravel(), np.zeros(6, np.float32)])
    out = shifted[6:].reshape(6, 6)
    assert np.array_equal(ops.matmul(shifted[:36].reshape(6, 6), b, out=out), wanted)


def test_nan_and_infinities() -> None:
    a = np.array([[np.nan, 0], [np.inf, 0], [-np.inf, np.inf], [1, 2]], np.float32)
    b = np.array([[1, 0, -1], [1, 2, np.inf]], np.float32)
    with np.errstate(invalid="ignore"):
        assert np.array_equal(ops.matmul(a, b), np.matmul(a, b), equal_nan=True)


def test_kinds() -> None:
    import torch

    ex = hg.Executor("cpu")
    a, b = random(Type.F32, 3, 4), random(Type.F32, 4, 2)
    made = ops.matmul(ex.array(a), ex.array(b))
    assert isinstance(made, hg.Buffer)
    assert np.array_equal(made.to_numpy(), ops.matmul(a, b))
    assert torch.equal(ops.mm(torch.from_numpy(a), torch.from_numpy(b)), torch.from_numpy(ops.matmul(a, b)))
    halves = torch.from_numpy(a).to(torch.bfloat16)
    assert ops.matmul(halves, halves.T).dtype is torch.bfloat16
    with pytest.raises(ArgumentTypeError, match="Buffers and NumPy"):
        ops.matmul(ex.array(a), b)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda a: ops.matmul(a, a), ArgumentValueError, r"\(2, 3\) and \(2, 3\).*3 columns meet 2 rows"),
        (lambda a: ops.matmul(a, a[0, :2]), ArgumentValueError, r"\(2, 3\) and \(2,\)"),
        (lambda a: ops.matmul(a[0, 0], a), ArgumentValueError, "too few axes"),
        (lambda a: ops.matmul(np.stack([a] * 2), np.stack([a.T] * 3)), ArgumentValueError, "do not broadcast"),
        (lambda a: ops.matmul(a, a.T, out=np.zeros((2, 3), np.float32)), ArgumentValueError, r"\(2, 3\).*\(2, 2\)"),
        (lambda a: ops.matmul(a, a.T, out=np.zeros((2, 2), np.int32)), ArgumentTypeError, "cannot hold"),
        (lambda a: ops.matmul(a, 3), ArgumentTypeError, "arrays, not int"),
        (lambda a: ops.matmul(a > 0, a.T), ArgumentTypeError, "truth values; cure"),
        (lambda a: ops.matmul(a.astype(complex), a.T), ArgumentTypeError, "complex128; cure"),
        (
            lambda a: ops.matmul(a, a.T, out=LAYOUTS["read_only"](np.zeros((2, 2), np.float32))),
            ArgumentValueError,
            "read-only",
        ),
        (lambda a: ops.matvec(a, a[0, :2]), ArgumentValueError, r"\(2, 3\) and \(2,\)"),
        (lambda a: ops.matvec(a[0], a), ArgumentValueError, "too few axes"),
        (lambda a: ops.vecdot(a, a, axis=2), ArgumentValueError, "axis 2"),
        (lambda a: ops.vecdot(a, a.T), ArgumentValueError, "3 and 2 elements"),
        (lambda a: ops.vdot(a, a[0]), ArgumentValueError, "differ in elements"),
        (lambda a: ops.tensordot(a, a, 1), ArgumentValueError, "do not fit"),
        (lambda a: ops.tensordot(a, a, "ab"), ArgumentValueError, "axes"),
        (lambda a: ops.tensordot(a, a, ([0, 0], [0, 1])), ArgumentValueError, "as many different"),
        (lambda a: ops.tensordot(a, a, 3), ArgumentValueError, "axes=3"),
        (lambda a: ops.dot(a, a), ArgumentValueError, "do not fit"),
        (lambda a: ops.inner(a, a.T), ArgumentValueError, "do not fit"),
    ],
)
def test_errors(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call(np.ones((2, 3), np.float32))


A3, B3, V = (RNG.integers(-9, 9, s).astype(np.float32) for s in ((2, 3, 4), (5, 4, 3), (4,)))
RELATIVES = [
    ("dot", (V, V)),
    ("dot", (A3, V)),
    ("dot", (A3, B3)),
    ("dot", (A3[0], B3[0])),
    ("dot", (np.float32(3), V)),
    ("inner", (V, V)),
    ("inner", (A3, V)),
    ("inner", (A3, B3.transpose(0, 2, 1))),
    ("inner", (V, np.float32(2))),
    ("outer", (V, V[:3])),
    ("outer", (A3, B3[0])),
    ("outer", (A3.T, V)),
    ("vdot", (A3, A3)),
    ("vdot", (A3.transpose(1, 0, 2), B3[:2].transpose(2, 0, 1))),
    ("matvec", (A3, V)),
    ("matvec", (A3, B3[:2, :, 0])),
    ("vecmat", (V, B3)),
    ("vecdot", (A3, V)),
    ("vecdot", (A3.transpose(0, 2, 1)[:, ::-1].transpose(0, 2, 1), A3[:1])),
    ("tensordot", (A3, B3.transpose(1, 2, 0), 1)),
    ("tensordot", (A3, A3.transpose(1, 2, 0))),
    ("tensordot", (A3, A3, 3)),
    ("tensordot", (A3, V, 0)),
    ("tensordot", (A3, B3, ([1, 2], [2, 1]))),
    ("tensordot", (A3, B3, (-1, 1))),
    ("trace", (A3,)),
    ("trace", (A3, 1, 1, 2)),
    ("trace", (A3[0], -1)),
    ("trace", (A3[0].astype(np.int8),)),
    ("trace", (A3, 9)),
]


@pytest.mark.parametrize(("name", "args"), RELATIVES, ids=lambda v: v if isinstance(v, str) else "")
def test_relatives(name: str, args: tuple[Any, ...]) -> None:
    wanted = getattr(np, name)(*args)
    got = getattr(ops, name)(*args)
    assert got.dtype == wanted.dtype
    assert np.shape(got) == np.shape(wanted)
    assert np.array_equal(got, wanted)
    out = np.full(np.shape(wanted), 7, wanted.dtype)
    assert getattr(ops, name)(*args, out=out) is out
    assert np.array_equal(out, wanted)


@pytest.mark.parametrize("type", [Type.F16, Type.F64, Type.U8, Type.I64], ids=lambda t: t.value)
def test_long_dot_products(type: Type) -> None:
    a, b = random(type, 10_001), random(type, 10_001)
    if type.is_integer:
        assert ops.dot(a, b) == np.dot(a, b)
        return
    exact = a.astype(np.longdouble) @ b.astype(np.longdouble)
    for left, right in ((a, b), (a[::-1], b[::-1])):
        got = ops.dot(left, right)
        assert got.dtype == type.dtype
        assert abs(got.astype(np.float64) - exact) <= allowed(type, a, b, exact)


def test_dot_in_the_original_form() -> None:
    ex = hg.Executor("cpu")
    a, out = np.arange(6, dtype=np.float32), np.full(3, 7, np.float32)
    assert ops.dot(ex, a, a, out) == 55.0
    assert out.tolist() == [55, 7, 7]
    assert ops.dot(ex, a, a, out, 3) == 5.0
    with pytest.raises(ArgumentValueError, match="n is 7"):
        ops.dot(ex, a, a, out, 7)
    with pytest.raises(ArgumentValueError, match="give n="):
        ops.dot(ex, a, a[:3], out)


@pytest.mark.parametrize("name", ["matmul", "matvec", "vecdot", "dot", "tensordot"])
def test_on_the_interpreter(name: str) -> None:
    args = next(args for op, args in RELATIVES if op == name) if name != "matmul" else (A3, B3[:1])
    on = hg.Executor("interpreter")
    assert np.array_equal(getattr(on.ops, name)(*args), getattr(np, name)(*args))


def test_recorded() -> None:
    ex = hg.Executor("cpu")
    a, b = random(Type.F32, 20, 200), random(Type.F32, 200, 180)
    x, w, y = ex.array(a), ex.array(b), ex.allocate((20, 20))
    with ex.record() as g:
        h = ops.matmul(x, w)
        ops.gemm(h, w, transpose_b=True)
        ops.matmul(h[:, :20], h[:, 20:40], out=y)
    g.launch()
    wanted = ops.matmul(a, b)
    assert np.array_equal(y.to_numpy(), ops.matmul(wanted[:, :20], wanted[:, 20:40]))
    x.from_numpy(a[::-1].copy())
    g.launch()
    wanted = wanted[::-1]
    assert np.array_equal(y.to_numpy(), ops.matmul(wanted[:, :20], wanted[:, 20:40]))


def test_bound() -> None:
    a, b, out = random(Type.F32, 4, 5), random(Type.F32, 5, 6), np.zeros((4, 6), np.float32)
    launch = ops.matmul.bind(a, b, out=out)
    launch()
    assert np.array_equal(out, ops.matmul(a, b))
    a[:] = 1
    launch()
    assert np.array_equal(out, ops.matmul(a, b))
    large, wide = random(Type.F32, 30, 400), np.zeros((30, 300), np.float32)
    graph = ops.matmul.bind(large, right := random(Type.F32, 400, 300), out=wide)
    graph()
    check(wide, large, right, Type.F32)


def test_remembered_calls() -> None:
    """The second call of a kind goes straight to the kernel; the third has other elements, the fourth shares memory."""
    for a, b in ((random(Type.F32, 6, 6), random(Type.F32, 6, 6)), (random(Type.F64, 6, 6).T, random(Type.F64, 6))):
        first = ops.matmul(a, b)
        assert np.array_equal(ops.matmul(a, b), first)
        assert np.array_equal(ops.matmul(b.T, a), np.asarray(ops.matmul(b.T.copy(), a.copy())))
        check(ops.matmul(a + 1, b), a + 1, b, Type.F32 if a.dtype == np.float32 else Type.F64)
        out = np.zeros_like(first)
        for _ in range(2):
            assert ops.matmul(a, b, out=out) is out
            assert np.array_equal(out, first)
    x, y = random(Type.F32, 6, 6), random(Type.F32, 6, 6)
    wanted = ops.matmul(x, y)
    assert np.array_equal(ops.matmul(x, y, out=x), wanted)


def test_threads_have_memory_of_their_own() -> None:
    from concurrent.futures import ThreadPoolExecutor

    pairs = [(random(Type.F32, 40, 200), random(Type.F32, 200, 200)) for _ in range(4)]
    wanted = [ops.matmul(*pair) for pair in pairs]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            for got, one in zip(pool.map(lambda pair: ops.matmul(*pair), pairs), wanted, strict=True):
                assert np.array_equal(got, one)
