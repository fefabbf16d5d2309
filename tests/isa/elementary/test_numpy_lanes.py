"""NumPy's side of the basic operations: fused multiply-add against exact fractions, and the operations NumPy lacks."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hologram.backends.interpreter.lanes import NumpyLanes
from hologram.isa.elementary.value import Value, polynomial, select, where_any
from hologram.types import Type

Array = np.ndarray[Any, np.dtype[Any]]

LANES = NumpyLanes()


def rounded(exact: Fraction, ty: Type) -> float:
    """A fraction rounded to nearest-even in a float type, by integers alone."""
    info = np.finfo(ty.dtype)
    if exact == 0:
        return 0.0
    size = abs(exact)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    exponent -= size < Fraction(2) ** exponent
    unit = Fraction(2) ** (max(exponent, int(info.minexp)) - int(info.nmant))
    nearest = round(size / unit) * unit
    value = math.inf if nearest > Fraction(float(info.max)) else float(nearest)
    return -value if exact < 0 else value


def _check(ty: Type, a: Array, b: Array, c: Array) -> None:
    results = LANES.fma(ty, a, b, c)
    assert results.dtype == ty.dtype
    for x, y, z, result in zip(a.tolist(), b.tolist(), c.tolist(), results.tolist(), strict=True):
        exact = Fraction(x) * Fraction(y) + Fraction(z)
        assert result == rounded(exact, ty), (x, y, z)


@pytest.mark.parametrize("ty", [Type.F32, Type.F64])
def test_fma_of_random_bits_and_of_cancelling_operands(ty: Type) -> None:
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 1 << ty.bits, (3, 3_000), dtype=f"u{ty.size}", endpoint=False).view(ty.dtype)
    a, b, c = bits[:, np.isfinite(bits).all(axis=0)]
    _check(ty, a, b, c)
    a, b = rng.normal(0, 1, (2, 3_000)).astype(ty.dtype)
    _check(ty, a, b, -(a * b))
    _check(ty, a, b, rng.normal(0, 1e-7, 3_000).astype(ty.dtype))


def test_fma_in_f32_rounds_once_where_f64_lies_half_way() -> None:
    # 1 + 2**-23 + 2**-24 is a tie in f32; the addend's last bit, lost in f64, decides it.
    a = np.array([1 + 2**-12], np.float32)
    b = np.array([1 + 2**-12], np.float32)
    for tail in (2.0**-80, -(2.0**-80)):
        _check(Type.F32, a, b, np.array([tail], np.float32))
    tie = np.array([2.0**-24], np.float32)
    for sign in (1, -1):
        _check(Type.F32, np.array([2.0**-40], np.float32), np.array([sign * 2.0**-45], np.float32), 1 + tie)


@pytest.mark.parametrize("ty", [Type.F32, Type.F64])
@given(data=st.data())
def test_fma_of_chosen_numbers(ty: Type, data: st.DataObject) -> None:
    numbers = st.floats(width=ty.bits, allow_nan=False, allow_infinity=False)  # type: ignore[call-overload]
    a, b, c = (np.array([data.draw(numbers)], ty.dtype) for _ in range(3))
    _check(ty, a, b, c)


@pytest.mark.parametrize("ty", [Type.F32, Type.F64])
def test_fma_keeps_signed_zeros_infinities_and_nan(ty: Type) -> None:
    inf, nan = math.inf, math.nan
    rows = [
        (0.0, -1, 0.0),
        (0.0, -1, -0.0),
        (inf, 0, 1),
        (inf, 2, -inf),
        (inf, 2, 1),
        (2, 3, -inf),
        (nan, 1, 1),
        (1, 1, nan),
    ]
    wanted = [0.0, -0.0, nan, nan, inf, -inf, nan, nan]
    a, b, c = (np.array(column, ty.dtype) for column in zip(*rows, strict=True))
    results = LANES.fma(ty, a, b, c)
    np.testing.assert_array_equal(results, wanted)
    np.testing.assert_array_equal(np.signbit(results[:2]), [False, True])


def test_fma_broadcasts_constants_and_takes_strided_operands() -> None:
    x = np.arange(24.0).reshape(4, 6)[:, ::2]
    np.testing.assert_array_equal(LANES.fma(Type.F64, x, np.array(2.0), np.array(1.0)), 2 * x + 1)
    narrow = x.astype(np.float32)
    np.testing.assert_array_equal(
        LANES.fma(Type.F32, narrow, np.array(2, np.float32), np.array(1, np.float32)), 2 * x + 1
    )
    assert LANES.fma(Type.F64, np.empty(0), np.array(2.0), np.array(1.0)).shape == (0,)


def test_bits_and_shifts_are_those_of_signed_integers() -> None:
    x = np.array([-1.5, 1.0, -0.0], np.float32)
    bits = LANES.bits(Type.F32, x)
    assert bits.tolist() == [-1077936128, 0x3F800000, -(2**31)]
    np.testing.assert_array_equal(LANES.from_bits(Type.F32, bits), x)
    assert LANES.shr(Type.I32, bits, LANES.const(Type.I32, 23)).tolist() == [-129, 127, -256]
    assert LANES.convert(Type.U32, Type.I32, bits).tolist() == [0xBFC00000, 0x3F800000, 0x80000000]


def test_the_slow_side_runs_only_where_needed_and_changes_only_its_lanes() -> None:
    calls = []

    def slow() -> Value[Array]:
        calls.append(1)
        return x * 100.0

    x = Value(LANES, Type.F64, np.array([1.0, 2.0, 3.0]))
    assert where_any(x > 5.0, slow, x).raw.tolist() == [1, 2, 3]
    assert not calls
    assert where_any(x > 2.5, slow, x).raw.tolist() == [1, 2, 300]
    assert calls == [1]


def test_values_read_like_formulas() -> None:
    x = Value(LANES, Type.F32, np.array([-2.0, 0.1, np.nan], np.float32))
    assert polynomial(x, (1.0, 2.0, 3.0)).raw[0] == 9
    np.testing.assert_array_equal(select(x < 0.0, -x, 1.0 - x).raw, np.array([2, 0.9, np.nan], np.float32))
    np.testing.assert_array_equal(x.at_least(0.0).at_most(0.05).raw, np.array([0, 0.05, np.nan], np.float32))
    assert (x.bits() & -1).raw.tolist() == x.bits().raw.tolist()
