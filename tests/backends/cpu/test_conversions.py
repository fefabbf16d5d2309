"""All 144 conversions round once from the exact source: native code against fractions and against the interpreter."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from hologram.backends.cpu import CpuBackend
from hologram.backends.cpu.backend import CpuExecutable
from hologram.backends.interpreter import InterpreterBackend
from hologram.types import Type
from tests.backends.cpu.columns import Array, conversions, launch, one_nan, program
from tests.backends.interpreter.conftest import Exact, edges

TYPES = [pytest.param(t, id=t.value) for t in Type]
FLOATS = [t for t in Type if t.is_float]


@cache
def compiled(source: Type, uniform: bool = False) -> CpuExecutable:
    """All conversions from a type, as vector code or scalar code."""
    return CpuBackend().compile(program(conversions(source), uniform))


def exactly(source: Type, target: Type, bits: int) -> int:
    """The converted bits, by exact arithmetic."""
    value = Exact.value(source, bits)
    if source is target:
        return bits
    if target.is_float:
        return Exact.round(target, value, negative_zero=Exact.is_negative(source, bits))
    if source.is_integer:
        return int(value) % (1 << target.bits)
    if value != value:
        return 0
    whole = target.maximum if value == math.inf else target.minimum if value == -math.inf else math.trunc(value)
    return min(max(whole, target.minimum), target.maximum) % (1 << target.bits)


def halfway(source: Type) -> list[int]:
    """Sources that lie halfway between two values of a narrower float, and next to such places."""
    out = []
    for target in FLOATS:
        for bits in edges(target):
            low, high = Exact.value(target, bits), Exact.value(target, bits + 1)
            if not (math.isfinite(low) and math.isfinite(high)):
                continue
            middle = Fraction(low + high) / 2
            if source.is_float:
                out += [Exact.round(source, middle) + d for d in (-1, 0, 1)]
            elif source.minimum <= middle <= source.maximum:
                out += [math.floor(middle) + d for d in (-1, 0, 1)]
    return [v % (1 << source.bits) for v in out]


def stepped(source: Type, count: int) -> list[int]:
    """Random values of all sizes: integers of any length, floats whose tails are nearly halfway."""
    rng = np.random.default_rng([7, list(Type).index(source)])
    out = []
    for bits in rng.integers(0, (1 << 64) - 1, count, np.uint64, endpoint=True):
        value = int(bits) >> int(rng.integers(64 - source.bits, 64))
        out.append(value ^ (int(rng.integers(2)) << (source.bits - 1)))
    return out


def as_array(source: Type, values: list[int]) -> Array:
    return np.array([v % (1 << source.bits) for v in values], np.uint64).astype(f"u{source.size}")


@pytest.mark.parametrize("source", TYPES)
def test_conversions_are_exact_or_rounded_once(source: Type) -> None:
    chosen = conversions(source)
    values = as_array(source, [*edges(source, 120), *halfway(source), *stepped(source, 120)])
    _, got = launch(compiled(source), [values] * 3)
    for column, bits in zip(chosen, got, strict=True):
        wanted = np.array([exactly(source, column.type, int(v)) for v in values], np.uint64).astype(bits.dtype)
        wrong = np.flatnonzero(one_nan(column.type, bits) != one_nan(column.type, wanted))
        assert not len(wrong), f"{column} of {values[wrong[0]]:#x}: {bits[wrong[0]]:#x}, not {wanted[wrong[0]]:#x}"


@pytest.mark.parametrize("source", TYPES)
def test_many_random_conversions_are_the_interpreter_s(source: Type) -> None:
    chosen = conversions(source)
    rng = np.random.default_rng(3)
    full = rng.integers(0, (1 << source.bits) - 1, 20_000, np.uint64, endpoint=True)
    values = np.concatenate([full.astype(f"u{source.size}"), as_array(source, stepped(source, 2_000))])
    made = program(chosen)
    _, wanted = launch(InterpreterBackend().compile(made), [values] * 3)
    _, got = launch(compiled(source), [values] * 3)
    for column, mine, theirs in zip(chosen, got, wanted, strict=True):
        assert np.array_equal(one_nan(column.type, mine), one_nan(column.type, theirs)), str(column)


@pytest.mark.parametrize("source", TYPES)
def test_scalar_code_converts_alike(source: Type) -> None:
    chosen = conversions(source)
    values = as_array(source, [*edges(source)[:40], *stepped(source, 40)])
    _, wanted = launch(compiled(source), [values] * 3)
    scalar = compiled(source, uniform=True)
    for k in range(len(values)):
        _, got = launch(scalar, [values[k : k + 1]] * 3)
        for column, mine, theirs in zip(chosen, got, wanted, strict=True):
            assert one_nan(column.type, mine)[0] == one_nan(column.type, theirs)[k], f"{column} of {values[k]:#x}"
