"""gemm and its relatives against NumPy, in both forms; the reference's cases by their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg.blas
import torch

import hologram as hg
from hologram import ops
from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.ops.linalg.table import TABLE
from hologram.types import Type
from tests.ops.layouts import LAYOUTS, Array
from tests.ops.linalg.products import RNG, check, random

EX = hg.Executor("cpu")


def whole(*shape: int) -> Array:
    """Small whole numbers: every order of additions gives the same sum."""
    return RNG.integers(-9, 9, shape).astype(np.float32)


A, B, C = whole(5, 7), whole(7, 6), whole(5, 6)


# The reference's cases (7.6).


@pytest.mark.parametrize("type", [Type.F32, Type.F64, Type.I32, Type.F16], ids=lambda t: t.value)
def test_7_6_gemm_and_matvec_of_any_type(type: Type) -> None:
    a = np.arange(1, 7).astype(type.dtype).reshape(2, 3)
    b = np.arange(7, 13).astype(type.dtype).reshape(3, 2)
    x = np.array([7, 8, 9], type.dtype)
    c, y = EX.allocate(4, type), EX.allocate(2, type)
    ops.gemm(EX, EX.array(a.ravel()), EX.array(b.ravel()), c, 2, 2, 3)
    ops.matvec(EX, EX.array(a.ravel()), EX.array(x), y, 2, 3)
    assert c.to_numpy().tolist() == [58, 64, 139, 154]
    assert y.to_numpy().tolist() == [50, 122]


def test_7_6_gemm_of_a_16_by_8_and_a_8_by_12_matrix() -> None:
    a, b, c = random(Type.F32, 16, 8), random(Type.F32, 8, 12), EX.allocate(16 * 12)
    ops.gemm(EX, EX.array(a.ravel()), EX.array(b.ravel()), c, 16, 12, 8)
    check(c.to_numpy().reshape(16, 12), a, b, Type.F32)


def test_7_6_linear_with_bias() -> None:
    x, w, bias = (torch.from_numpy(whole(*s)) for s in ((8, 16), (12, 16), (12,)))
    assert torch.equal(ops.linear(x, w, bias), torch.nn.functional.linear(x, w, bias))


def test_7_6_what_follows_the_product_is_left_alone() -> None:
    c = EX.array(np.full(9, 7, np.float32))
    ops.gemm(EX, EX.array(A[:2, :3].ravel()), EX.array(B[:3, :2].ravel()), c, 2, 2, 3)
    assert c.to_numpy()[:4].tolist() == (A[:2, :3] @ B[:3, :2]).ravel().tolist()
    assert (c.to_numpy()[4:] == 7).all()


def test_7_6_offset_tensors() -> None:
    wide = hg.tensor(whole(6, 9))
    a, b = wide[1:4, 2:7], wide[1:6, 4:8]
    got = ops.matmul(a, b)
    assert isinstance(got, hg.Tensor)
    assert np.array_equal(got.numpy(), a.numpy() @ b.numpy())


# Both forms of gemm.


@pytest.mark.parametrize(("alpha", "beta"), [(1, 0), (2, 0), (1, 1), (3, -2), (0, 1)])
@pytest.mark.parametrize("transposed", [(False, False), (True, False), (False, True), (True, True)])
def test_scales_and_transposes(alpha: int, beta: int, transposed: tuple[bool, bool]) -> None:
    a, b = (np.ascontiguousarray(m.T) if t else m for m, t in zip((A, B), transposed, strict=True))
    got = ops.gemm(a, b, C, alpha, beta, *transposed)
    assert np.array_equal(got, alpha * (A @ B) + beta * C)
    out = C.copy()
    assert ops.gemm(a, b, out, alpha, beta, *transposed, out=out) is out
    assert np.array_equal(out, got)


def test_scaled_sums_of_large_and_of_many_matrices() -> None:
    a, b, c = whole(2, 40, 200), whole(200, 300), whole(2, 40, 300)
    assert np.array_equal(ops.gemm(a, b, c, 2, 3), 2 * (a @ b) + 3 * c)
    assert np.array_equal(ops.gemm(a, b, c[0, 0], 2, 3), 2 * (a @ b) + 3 * c[0, 0])
    out = LAYOUTS["transposed"](c)
    ops.gemm(a, b, out, -1, 1, out=out)
    assert np.array_equal(out, c - a @ b)


def test_what_beta_0_leaves_out_is_not_read() -> None:
    assert np.array_equal(ops.gemm(A, B, np.full_like(C, np.nan), 2), 2 * (A @ B))


@pytest.mark.parametrize("type", [Type.I8, Type.U32, Type.I64, Type.F64, Type.BF16], ids=lambda t: t.value)
def test_scales_of_other_types(type: Type) -> None:
    a, b, c = (m.astype(type.dtype) for m in (abs(A), abs(B), abs(C)))
    exact = 2 * (abs(A) @ abs(B)) + 3 * abs(C)
    wanted = exact.astype(np.int64).astype(type.dtype) if type.is_integer else exact.astype(type.dtype)
    assert np.array_equal(ops.gemm(a, b, c, 2, 3), wanted)


def test_rows_apart() -> None:
    a, b, c = whole(60), whole(60), np.full(60, 7, np.float32)
    ops.gemm_f32(EX, a, b, c, 3, 4, 5, 7, 6, 8)
    left, right = a[:21].reshape(3, 7)[:, :5], b[:30].reshape(5, 6)[:, :4]
    assert np.array_equal(c[:24].reshape(3, 8)[:, :4], left @ right)
    assert (c[:24].reshape(3, 8)[:, 4:] == 7).all() and (c[24:] == 7).all()
    y = np.full(4, 7, np.float32)
    ops.gemv_f32(EX, a, b, y, 3, 5, lda=7)
    assert np.array_equal(y, [*(left @ b[:5]), 7])


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: ops.gemm(A, A), ArgumentValueError, r"\(5, 7\) and \(5, 7\).*7 columns meet 5 rows"),
        (lambda: ops.gemm(A[0], B), ArgumentValueError, "two axes or more"),
        (lambda: ops.gemm(A[0], B, transpose_a=True), ArgumentValueError, "cannot be transposed"),
        (lambda: ops.gemm(A, B, A, 1, 1), ArgumentValueError, r"c of shape \(5, 7\)"),
        (lambda: ops.gemm(A, B, A), ArgumentValueError, r"c of shape \(5, 7\) does not broadcast to.*\(5, 6\)"),
        (lambda: ops.gemm(A, B, alpha="2"), ArgumentTypeError, "alpha is a number"),
        (lambda: ops.gemm(A.astype(int), B.astype(int), alpha=0.5), ArgumentTypeError, "is an integer, got 0.5"),
        (lambda: ops.gemm(A, B, out=np.zeros((6, 5), np.float32)), ArgumentValueError, r"\(6, 5\).*\(5, 6\)"),
        (lambda: ops.gemm(EX, A, B, C, 5, 6), ArgumentTypeError, "missing k"),
        (lambda: ops.gemm(EX, A, B, C, 5, 6, 8), ArgumentValueError, r"A of shape \(5, 8\) needs 40.*has 35"),
        (lambda: ops.gemm(EX, A, B, C, 5, 6, 2.0), ArgumentTypeError, "k is a number of elements"),
        (lambda: ops.gemm(EX, A, B, C, 5, 6, -1), ArgumentValueError, "k is -1"),
        (lambda: ops.gemm_f32(EX, A, B, C, 5, 6, 7, 3), ArgumentValueError, "7 elements and are 3 apart"),
        (lambda: ops.gemm(EX, A, B, A.astype(int), 5, 6, 7), ArgumentTypeError, "cannot hold"),
        (lambda: ops.matvec(EX, A, B, C, 5), ArgumentTypeError, "missing n"),
        (lambda: ops.ger(A, B), ArgumentValueError, "vectors"),
        (lambda: ops.symm(A, B), ArgumentValueError, "square"),
        (lambda: ops.symm(A[:, :5], C, side="up"), ArgumentValueError, "'left' or 'right', got 'up'"),
        (lambda: ops.trmm(A[:, :5], C, side="right"), ArgumentValueError, "6 columns meet 5 rows"),
        (lambda: ops.trace(A[0]), ArgumentValueError, r"\(7,\)"),
        (lambda: ops.trace(A, 0, 1, 1), ArgumentValueError, "axis"),
        (lambda: ops.linear(A, B), ArgumentValueError, r"\(5, 7\).*\(7, 6\)"),
        (lambda: ops.linear(A, B.T, A[0]), ArgumentValueError, r"bias has shape \(7,\), it needs \(6,\)"),
    ],
)
def test_errors(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()


# The others.


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("side", ["left", "right"])
def test_symmetric_and_triangular(lower: bool, side: str) -> None:
    a = whole(6, 6)
    b, c = (whole(6, 4), whole(6, 4)) if side == "left" else (whole(4, 6), whole(4, 6))
    right = int(side == "right")
    got = ops.symm(LAYOUTS["transposed"](a), b, c, 2, 3, side=side, lower=lower)
    assert np.array_equal(got, scipy.linalg.blas.ssymm(2, a, b, 3, c, right, int(lower)))
    for transpose in (False, True):
        for unit in (False, True):
            got = ops.trmm(a, b, 2, side=side, lower=lower, transpose=transpose, unit_diagonal=unit)
            flags = (right, int(lower), int(transpose), int(unit))
            assert np.array_equal(got, scipy.linalg.blas.strmm(2, a, b, *flags))
    place = b.copy()
    assert np.array_equal(ops.trmm(a, place, 2, side=side, lower=lower, out=place), ops.trmm(a, b, 2, side, lower))


def test_rank_one_updates() -> None:
    x, y, a = A[0], B[:, 0], whole(7, 7)
    assert np.array_equal(ops.ger(x, y), np.outer(x, y))
    assert np.array_equal(ops.ger(x, y, a, 2), 2 * np.outer(x, y) + a)
    into = a.copy()
    ops.ger(x[::-1], y, into, 3, out=into)
    assert np.array_equal(into, 3 * np.outer(x[::-1], y) + a)
    assert np.array_equal(ops.addr(x, y, a[0]), np.outer(x, y) + a[0])


def test_linear() -> None:
    x, w, bias = whole(2, 3, 7), whole(6, 7), whole(6)
    assert np.array_equal(ops.linear(x, w), x @ w.T)
    assert np.array_equal(ops.linear(x[0, 0], w, bias), x[0, 0] @ w.T + bias)
    large = whole(200, 300), whole(250, 300), whole(250)
    assert np.array_equal(ops.linear(*large), large[0] @ large[1].T + large[2])


@pytest.mark.parametrize("name", ["gemm", "symm", "trmm", "ger", "linear", "trace"])
def test_on_the_interpreter(name: str) -> None:
    a = whole(5, 5)
    args = {"gemm": (a, a, a, 2, 3), "ger": (a[0], a[1], a, 2), "linear": (a, a, a[0]), "trace": (a, 1)}.get(
        name, (a, a)
    )
    on = hg.Executor("interpreter")
    assert np.array_equal(getattr(on.ops, name)(*args), getattr(ops, name)(*args))


def test_every_row_says_what_it_is() -> None:
    for row in TABLE.values():
        assert row.meaning and row.derivative, row.name
        assert row.numpy or row.torch, row.name
        assert getattr(ops, row.name).__doc__
        for alias in row.aliases:
            assert getattr(ops, alias) is getattr(ops, row.name)
