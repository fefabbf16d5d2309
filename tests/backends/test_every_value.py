"""All values of the 8- and 16-bit types, through every unary instruction and every conversion, on both backends."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from hologram.backends.base import Backend
from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.isa.instructions import BY_NAME
from hologram.types import HALVES, Type
from tests import tolerance
from tests.backends.cpu.columns import Array, Column, columns, conversions, launch, one_nan, program, pure_instructions
from tests.backends.halves import EVERY, EXACT, FUNCTIONS, nearest, numbers
from tests.backends.oracle import expected

EACH_BACKEND = pytest.mark.parametrize("backend", [InterpreterBackend(), CpuBackend()], ids=lambda b: b.name)
EACH_HALF = pytest.mark.parametrize("ty", sorted(HALVES, key=str), ids=lambda t: t.value)
SMALL = [t for t in Type if t.bits <= 16]
SMALL_INTEGERS = [t for t in SMALL if t.is_integer]


def assert_same(column: Column, got: Array, wanted: Array, given: Array = EVERY) -> None:
    wrong = np.flatnonzero(one_nan(column.type, got) != one_nan(column.type, wanted))
    assert not len(wrong), f"{column} of {given[wrong[0]]:#x}: {got[wrong[0]]:#x}, not {wanted[wrong[0]]:#x}"


def unary(ty: Type) -> list[str]:
    """The instructions that compute a value from one."""
    return [s.name for s in pure_instructions(ty) if len(s.operands) == 2 and not s.name.startswith("Reduce")]


def results(backend: Backend, chosen: list[Column], given: Array) -> list[Array]:
    return launch(backend.compile(program(chosen)), [given] * 3)[1]


@EACH_HALF
@EACH_BACKEND
def test_exact_instructions_of_halves(backend: Backend, ty: Type) -> None:
    chosen = [Column(op, ty) for op in EXACT]
    for column, got in zip(chosen, results(backend, chosen, EVERY), strict=True):
        with np.errstate(all="ignore"):
            assert_same(column, got, nearest(ty, EXACT[column.op](numbers(ty, EVERY))))


@cache
def singles(ty: Type) -> list[Array]:
    """What the functions give in f32 for all values of a narrower type."""
    wide = numbers(ty, EVERY).astype(np.float32).view(np.uint32)
    return results(CpuBackend(), [Column(op, Type.F32) for op in FUNCTIONS], wide)


@EACH_HALF
@EACH_BACKEND
def test_functions_of_halves_are_those_of_f32_rounded_once_more(backend: Backend, ty: Type) -> None:
    chosen = [Column(op, ty) for op in FUNCTIONS]
    for column, got, single in zip(chosen, results(backend, chosen, EVERY), singles(ty), strict=True):
        with np.errstate(invalid="ignore"):
            assert_same(column, got, nearest(ty, single.view(np.float32).astype(np.float64)))


@EACH_HALF
def test_functions_of_halves_are_near_the_exact_values(ty: Type) -> None:
    """The result is the exact value's, or that of a value the f32 function may give instead."""
    chosen = [Column(op, ty) for op in FUNCTIONS]
    for column, bits in zip(chosen, results(CpuBackend(), chosen, EVERY), strict=True):
        with np.errstate(all="ignore"):
            exact = np.asarray(FUNCTIONS[column.op](numbers(ty, EVERY)), np.float64)
            units = tolerance.of(column.op, ty)
            slack = units * np.maximum(np.abs(exact) * 2.0**-23, 2.0**-149)
            allowed = [one_nan(ty, nearest(ty, v)) for v in (exact, exact - slack, exact + slack)]
        got = one_nan(ty, bits)
        # A zero's sign is the function's own affair where the slack reaches across it.
        near_zero = (np.abs(exact) <= slack) & (got & 0x7FFF == 0)
        wrong = np.flatnonzero(~(np.any([got == a for a in allowed], axis=0) | near_zero))
        assert not len(wrong), f"{column} of {wrong[0]:#x}: {got[wrong[0]]:#x}, not {allowed[0][wrong[0]]:#x}"
        rounded = np.count_nonzero(got != allowed[0])
        assert rounded < 100, f"{column}: {rounded} results are not those of the exact values"


def test_no_unary_instruction_is_left_out() -> None:
    for ty in HALVES:
        assert set(unary(ty)) == EXACT.keys() | FUNCTIONS.keys()


def every(ty: Type) -> Array:
    """All bits of a type."""
    return np.arange(1 << ty.bits, dtype=np.uint64).astype(f"u{ty.size}")


def saturated(ty: Type, values: Array) -> Array:
    """Whole parts of f64 values as integers; beyond the limits the limits, 0 for NaN."""
    with np.errstate(invalid="ignore"):
        whole = np.trunc(np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf))
        out = whole.astype(ty.dtype)
    out[whole >= float(ty.maximum + 1)] = ty.maximum
    out[whole <= float(ty.minimum)] = ty.minimum
    return out


def converted(source: Type, target: Type, bits: Array) -> Array:
    """The bits of converted values, by NumPy on exact values."""
    if source is target:
        return bits
    value = numbers(source, bits) if source.is_float else bits.view(source.dtype).astype(np.float64)
    if target in HALVES:
        return nearest(target, value)
    if target.is_float:
        with np.errstate(invalid="ignore"):
            return value.astype(target.dtype).view(f"u{target.size}")
    if source.is_integer:
        return bits.view(source.dtype).astype(np.int64).astype(target.dtype).view(f"u{target.size}")
    return saturated(target, value).view(f"u{target.size}")


@pytest.mark.parametrize("ty", SMALL, ids=lambda t: t.value)
@EACH_BACKEND
def test_conversions_of_every_value(backend: Backend, ty: Type) -> None:
    chosen, given = conversions(ty), every(ty)
    for column, got in zip(chosen, results(backend, chosen, given), strict=True):
        assert_same(column, got, converted(ty, column.type, given), given)


@cache
def exact(column: Column) -> Array:
    """The results for all values; of two operands, all pairs."""
    given = every(column.type).tolist()
    pairs = [(a, 0) for a in given] if column.reads == 1 else [(a, b) for a in given for b in given]
    return np.array([expected(column, a, b, 0) for a, b in pairs], np.uint64).astype(f"u{column.type.size}")


@pytest.mark.parametrize("ty", SMALL_INTEGERS, ids=lambda t: t.value)
@EACH_BACKEND
def test_integer_instructions_of_every_value(backend: Backend, ty: Type) -> None:
    chosen, given = [Column(op, ty) for op in unary(ty)], every(ty)
    assert {c.op for c in chosen} >= {"MOV", "NOT", "POPC", "CLZ"}
    for column, got in zip(chosen, results(backend, chosen, given), strict=True):
        assert_same(column, got, exact(column), given)


@pytest.mark.slow
@pytest.mark.parametrize("ty", [Type.I8, Type.U8], ids=lambda t: t.value)
@EACH_BACKEND
def test_integer_instructions_of_every_pair(backend: Backend, ty: Type) -> None:
    chosen = [c for c in columns(ty, math=False) if c.reads == 2 and not c.op.startswith("Reduce")]
    first, second = (x.ravel() for x in np.meshgrid(every(ty), every(ty), indexing="ij"))
    for column in chosen:
        _, (got,) = launch(backend.compile(program([column])), [first, second, second])
        assert_same(column, got, exact(column), first)
    assert len(chosen) > 15 and {len(BY_NAME[c.op].operands) for c in chosen} <= {3, 4}
