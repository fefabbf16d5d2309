"""Every operator of the table, for every type and layout of memory, against NumPy."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import hologram as hg
from hologram import ops
from hologram.operators import TABLE, Form, Operator
from hologram.types import Type
from tests.ops.layouts import LAYOUTS, Array
from tests.ops.references import expected, largest_error, operands, types_of

SHAPE = (3, 4, 5)
CASES = [pytest.param(row, t, id=f"{row.name}-{t.value}") for row in TABLE.values() for t in types_of(row)]
FIRST = {row.name: types_of(row)[-1 if row.domain.value == "reals" else 0] for row in TABLE.values()}
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 1e-30, -1e-30, 1e30, -1e30, 0.5, -0.5]


def check(row: Operator, type: Type, given: list[Array], got: Array) -> None:
    assert isinstance(got, np.ndarray)
    exact = expected(row, type, given)
    result = (
        np.bool_ if row.gives_truth else np.float32 if row.domain.value == "reals" and type.is_integer else type.dtype
    )
    assert got.dtype == result
    assert got.shape == exact.shape
    error = largest_error(row, type, got, exact)
    assert error <= 1, f"{row.name} {type.value}: {error:.3g} times what is allowed"


@pytest.mark.parametrize(("row", "type"), CASES)
def test_every_type(row: Operator, type: Type) -> None:
    given = operands(row, type, (211,), 1)
    check(row, type, given, getattr(ops, row.names[0])(*given))


def assert_right_in_every_layout(row: Operator, type: Type) -> None:
    call = getattr(ops, row.names[0])
    given = operands(row, type, SHAPE, 2)
    exact_call = call(*given)
    check(row, type, given, exact_call)
    for name, layout in LAYOUTS.items():
        laid = [layout(x) for x in given]
        got = call(*laid)
        assert np.array_equal(got, exact_call, equal_nan=True), name
        if name != "read_only":
            out = layout(np.zeros(SHAPE, got.dtype))
            assert call(*laid, out=out) is out
            assert np.array_equal(out, exact_call, equal_nan=True), f"out= {name}"
    narrow = [x[tuple(slice(0, 1) if axis == k else slice(None) for axis in range(3))] for k, x in enumerate(given)]
    spread = np.broadcast_arrays(*narrow) if len(narrow) > 1 else narrow
    check(row, type, [np.ascontiguousarray(x) for x in spread], call(*narrow))
    check(row, type, given, call(*[x.copy() for x in given]))
    zero = call(*[x[0, 0, 0] for x in given])
    assert zero.dtype == exact_call.dtype and np.array_equal(zero, exact_call[0, 0, 0], equal_nan=True)
    assert call(*[x[:, :0] for x in given]).shape == (3, 0, 5)
    if exact_call.dtype == given[0].dtype:
        place = given[0].copy()
        call(place, *given[1:], out=place)
        assert np.array_equal(place, exact_call, equal_nan=True), "in place"


@pytest.mark.parametrize("name", TABLE)
def test_every_layout(name: str) -> None:
    assert_right_in_every_layout(TABLE[name], FIRST[name])


@pytest.mark.slow
@pytest.mark.parametrize(("row", "type"), CASES)
def test_every_layout_of_every_type(row: Operator, type: Type) -> None:
    assert_right_in_every_layout(row, type)


IN_F32 = [row for row in TABLE.values() if Type.F32 in types_of(row)]
ODD_PLACES = {
    "hypot",
    "logaddexp",
    "fma",
    "lerp",
    "asinh",
    "acosh",
    "atanh",
    "cbrt",
    "sinc",
    "deg2rad",
    "rad2deg",
    "gelu",
    "gelu_tanh",
    "silu",
    "mish",
    "logit",
    "softplus",
    "celu",
    "elu",
    "selu",
    "softsign",
    "tanhshrink",
    "hardswish",
    "softshrink",
    "logsigmoid",
    "hardshrink",
    "pow",
    "floor_divide",
    "remainder",
    "sin",
    "cos",
    "tan",
}
"""Compared at infinities and NaN only where the libraries agree on what the formula gives there."""


@pytest.mark.parametrize("row", [r for r in IN_F32 if r.name not in ODD_PLACES], ids=lambda r: r.name)
def test_nan_and_infinities(row: Operator) -> None:
    values = np.array(SPECIAL, np.float32)
    given = [x.ravel() for x in np.meshgrid(*[values] * row.arity)]
    if row.name in ("clamp", "hardtanh"):
        kept = given[1] <= given[2]
        given = [x[kept] for x in given]
    got = getattr(ops, row.names[0])(*given)
    with np.errstate(all="ignore"):
        assert largest_error(row, Type.F32, got, expected(row, Type.F32, given)) <= 1


@pytest.mark.parametrize("row", [r for r in TABLE.values() if Form.BOOL in r.forms], ids=lambda r: r.name)
def test_truth_values(row: Operator) -> None:
    given = [np.array(x) for x in np.meshgrid(*[[False, True]] * row.arity)]
    got = getattr(ops, row.names[0])(*given)
    assert got.dtype == np.bool_
    assert np.array_equal(got, eval(row.numpy, {"np": np}, dict(zip("xyz", given, strict=False))))


@pytest.mark.parametrize("name", ["subtract", "negative", "floor_divide"])
def test_what_truth_values_do_not_have(name: str) -> None:
    truth = np.array([True, False])
    with pytest.raises(hg.errors.ArgumentTypeError, match="truth values; cure"):
        getattr(ops, name)(*[truth] * (1 if name == "negative" else 2))


def test_promotion() -> None:
    i8, u8, f16, f32 = (np.ones(3, t) for t in (np.int8, np.uint8, np.float16, np.float32))
    assert ops.add(i8, u8).dtype == np.int16
    assert ops.add(i8, f16).dtype == np.float16
    assert ops.add(f16, f32).dtype == np.float32
    assert ops.add(i8, 3).dtype == np.int8
    assert ops.add(i8, 2.5).dtype == np.float32
    assert ops.add(f16, 2.5).dtype == np.float16
    assert ops.add(i8 > 0, i8).dtype == np.int8
    assert ops.divide(i8, u8).dtype == np.float32
    with pytest.raises(hg.errors.ArgumentTypeError, match="u64 with i8"):
        ops.add(np.ones(3, np.uint64), i8)


def test_python_numbers() -> None:
    x = np.arange(6, dtype=np.float32)
    assert np.array_equal(ops.add(1, x), x + 1)
    assert np.array_equal(ops.where(x > 2, x, -1), np.where(x > 2, x, -1))
    assert ops.multiply(3, 4) == 12
    assert np.array_equal(ops.clip(x, 1, None), x.clip(1))
    assert np.array_equal(ops.clip(x.astype(np.int32), max=3), x.clip(max=3))
    with pytest.raises(hg.errors.ArgumentValueError, match="-128 to 127"):
        ops.add(np.ones(2, np.int8), 300)


def test_integers_divided_by_zero() -> None:
    with pytest.warns(RuntimeWarning, match="divided by zero"):
        got = ops.floor_divide(np.array([7, -7]), np.array([0, 2]))
    assert got.tolist() == [0, -4]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isinf(ops.floor_divide(np.float32(7), np.float32(0)))


def test_scalar_forms() -> None:
    ex = hg.Executor("cpu")
    a, c = ex.array(np.arange(10, dtype=np.float32)), ex.allocate(12)
    ops.scalar_add(ex, a, c, 10, 10)
    assert c.to_numpy().tolist() == [*range(10, 20), 0, 0]
    ops.scalar_mul(ex, a, c, 2.0, n=3)
    assert c.to_numpy()[:4].tolist() == [0, 2, 4, 13]
    ops.vector_clip(ex, a, c, 2.0, 5.0, 10)
    assert c.to_numpy()[:10].tolist() == [2, 2, 2, 3, 4, 5, 5, 5, 5, 5]
    assert ops.scalar_add(np.ones(3), 1.5).tolist() == [2.5] * 3


@pytest.mark.parametrize("name", ["add", "gelu", "floor_divide", "where", "power", "left_shift"])
def test_on_the_interpreter(name: str) -> None:
    row = next(r for r in TABLE.values() if r.names[0] == name)
    given: list[Any] = operands(row, FIRST[row.name], SHAPE, 3)
    given[0] = LAYOUTS["transposed"](given[0])
    got = getattr(hg.Executor("interpreter").ops, name)(*given)
    assert np.array_equal(got, getattr(ops, name)(*given), equal_nan=True)
