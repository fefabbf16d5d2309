"""Every conversion rounds once from the exact value: compared with fractions for all 144 pairs."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from hologram.backends.interpreter.convert import convert, leading_zeros, narrow, widen
from hologram.types import HALVES, Type

PAIRS = [pytest.param(s, t, id=f"{s.value}-{t.value}") for s, t in itertools.product(Type, Type)]


def expected(bench: Any, source: Type, target: Type, bits: int) -> int:
    value = bench.Exact.value(source, bits)
    if source is target:
        return bits
    if target.is_float:
        return int(bench.Exact.round(target, value, negative_zero=bench.Exact.is_negative(source, bits)))
    if source.is_integer:
        return int(value) % (1 << target.bits)
    if value != value:
        return 0
    whole = target.maximum if value == math.inf else target.minimum if value == -math.inf else math.trunc(value)
    return min(max(whole, target.minimum), target.maximum) % (1 << target.bits)


def midpoints(bench: Any, source: Type, target: Type) -> list[int]:
    """Sources that lie halfway between two targets, and next to such places."""
    if not target.is_float:
        return []
    out = []
    for bits in bench.edges(target):
        low, high = bench.Exact.value(target, bits), bench.Exact.value(target, bits + 1)
        if math.isfinite(low) and high == high and math.isfinite(high):
            middle = (low + high) / 2
            if source.is_float:
                out += [bench.Exact.round(source, middle) + d for d in (-1, 0, 1)]
            elif source.minimum <= middle <= source.maximum:
                out += [int(middle) + d for d in (-1, 0, 1)]
    return [b % (1 << source.bits) for b in out]


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_conversion_of_edges_and_random_values(bench: Any, source: Type, target: Type) -> None:
    values = bench.edges(source, random=150) + midpoints(bench, source, target)
    if source.is_integer and target.is_float:
        values += [(1 << shift) + d for shift in range(source.bits - 1) for d in (-1, 0, 1) if (1 << shift) + d >= 0]
    got = bench.calculate("CVT", target, values, operand_types=[source], source_type=source)
    for bits, result in zip(values, got, strict=True):
        want = expected(bench, source, target, bits)
        both_nan = target.is_float and bench.Exact.is_nan(target, result) and bench.Exact.is_nan(target, want)
        assert result == want or both_nan, (hex(bits), hex(result), hex(want))


@pytest.mark.parametrize("half", sorted(HALVES, key=str))
def test_every_half_survives_widening_and_narrowing(bench: Any, half: Type) -> None:
    values = np.arange(1 << 16, dtype=np.uint16)
    wide = widen(half, values)
    numbers = ~np.isnan(wide)
    assert (narrow(half, wide) == values)[numbers].all()
    for bits in range(0, 1 << 16, 37):
        want = bench.Exact.value(half, bits)
        assert float(wide[bits]) == float(want) or want != want


def test_leading_zeros_normalises() -> None:
    values = np.array([1 << k for k in range(64)], np.uint64)
    count, top = leading_zeros(values)
    assert count.tolist() == list(range(63, -1, -1))
    assert (top == np.uint64(1 << 63)).all()


def test_i64_to_bf16_does_not_round_twice() -> None:
    # Through f32 this value first becomes a tie, which then goes to even, downward.
    value = (1 << 60) + (1 << 52) + 1
    assert convert(Type.BF16, Type.I64, np.array([value]))[0] == 0x5D81
