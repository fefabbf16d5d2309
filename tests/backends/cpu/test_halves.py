"""Unary instructions on every f16 and bf16 there is, against f64 rounded by independent arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hologram.backends.cpu import CpuBackend
from hologram.backends.cpu.targets import BASELINES, runnable
from hologram.backends.llvm.elf import undefined_symbols
from hologram.backends.llvm.jit import host_target
from hologram.isa.binary import TargetSection
from hologram.types import Type
from tests.backends.cpu.columns import Array, Column, launch, one_nan, program

# Precision with the hidden bit, exponents of the smallest normal and of the largest number.
FORMATS = {Type.F16: (11, -14, 15), Type.BF16: (8, -126, 127)}
HALVES = [pytest.param(t, id=t.value) for t in FORMATS]
EVERY = np.arange(1 << 16, dtype=np.uint64).astype(np.uint16)
EXACT: dict[str, Callable[[Array], Any]] = {
    "MOV": lambda x: x,
    "NEG": np.negative,
    "ABS": np.abs,
    "FLOOR": np.floor,
    "CEIL": np.ceil,
    "ROUND": np.rint,
    "TRUNC": np.trunc,
    "SQRT": np.sqrt,
}
FUNCTIONS: dict[str, Callable[[Array], Any]] = {
    "EXP": np.exp,
    "EXP2": np.exp2,
    "EXPM1": np.expm1,
    "LOG": np.log,
    "LOG2": np.log2,
    "LOG10": np.log10,
    "LOG1P": np.log1p,
    "SIN": np.sin,
    "COS": np.cos,
    "TAN": np.tan,
    "ASIN": np.arcsin,
    "ACOS": np.arccos,
    "ATAN": np.arctan,
    "SINH": np.sinh,
    "COSH": np.cosh,
    "TANH": np.tanh,
    "SIGMOID": lambda x: 1 / (1 + np.exp(-x)),
    "ERF": np.vectorize(math.erf),
    "RSQRT": lambda x: 1 / np.sqrt(x),
}


def numbers(ty: Type, bits: Array) -> Array:
    """What bits stand for, in f64."""
    precision, least, _ = FORMATS[ty]
    wide = bits.astype(np.int64)
    field, fraction = (wide & 0x7FFF) >> (precision - 1), wide & ((1 << (precision - 1)) - 1)
    whole = np.where(field > 0, fraction | 1 << (precision - 1), fraction)
    size = np.ldexp(whole.astype(np.float64), np.maximum(field, 1) - 1 + least - precision + 1)
    top = (1 << (16 - precision)) - 1
    size = np.where(field == top, np.where(fraction > 0, np.nan, np.inf), size)
    return np.where(wide >> 15 != 0, -size, size)


def nearest(ty: Type, values: Array) -> Array:
    """The bits of f64 values rounded once, ties to even."""
    precision, least, greatest = FORMATS[ty]
    size = np.abs(values)
    finite = np.where(np.isfinite(size), size, 0.0)
    unit = np.where(
        finite > 0, np.maximum(np.frexp(finite)[1] - precision, least - precision + 1), least - precision + 1
    )
    whole = np.rint(np.ldexp(finite, -unit)).astype(np.int64)
    # Counting up through the bits of a float: a carry moves into the exponent.
    bits = ((unit - (least - precision + 1)).astype(np.int64) << (precision - 1)) + whole
    infinity = (greatest - least + 2) << (precision - 1)
    bits = np.where(np.isinf(size), infinity, np.minimum(bits, infinity))
    bits = np.where(np.isnan(size), infinity + 1, bits)
    return (bits | np.signbit(values).astype(np.int64) << 15).astype(np.uint16)


def results(ty: Type, ops: dict[str, Any]) -> list[Array]:
    made = program([Column(op, ty) for op in ops])
    return launch(CpuBackend().compile(made), [EVERY] * 3)[1]


@pytest.mark.parametrize("ty", HALVES)
def test_the_reference_rounds_every_value_to_itself(ty: Type) -> None:
    assert np.array_equal(one_nan(ty, nearest(ty, numbers(ty, EVERY))), one_nan(ty, EVERY))
    if ty is Type.F16:
        assert np.array_equal(one_nan(ty, EVERY.view(np.float16).astype(np.float64).astype(np.float16).view(np.uint16)),
                              one_nan(ty, EVERY))  # fmt: skip


@pytest.mark.parametrize("ty", HALVES)
def test_exact_operations(ty: Type) -> None:
    for (op, reference), got in zip(EXACT.items(), results(ty, EXACT), strict=True):
        with np.errstate(all="ignore"):
            wanted = nearest(ty, reference(numbers(ty, EVERY)))
        wrong = np.flatnonzero(one_nan(ty, got) != one_nan(ty, wanted))
        assert not len(wrong), f"{op} of {wrong[0]:#x}: {got[wrong[0]]:#x}, not {wanted[wrong[0]]:#x}"


@pytest.mark.parametrize("ty", HALVES)
def test_functions_round_an_f32_result_of_a_few_ulp(ty: Type) -> None:
    """The result is the exact value's, or that of a value the f32 function may give instead."""
    for (op, reference), got in zip(FUNCTIONS.items(), results(ty, FUNCTIONS), strict=True):
        with np.errstate(all="ignore"):
            exact = np.asarray(reference(numbers(ty, EVERY)), np.float64)
            slack = np.maximum(np.abs(exact) * 2.0**-21, 2.0**-147)
            allowed = [one_nan(ty, nearest(ty, v)) for v in (exact, exact - slack, exact + slack)]
        got = one_nan(ty, got)
        # A zero's sign is the function's own affair where the slack reaches across it.
        near_zero = (np.abs(exact) <= slack) & (got & 0x7FFF == 0)
        wrong = np.flatnonzero(~(np.any([got == a for a in allowed], axis=0) | near_zero))
        assert not len(wrong), f"{op} of {wrong[0]:#x}: {got[wrong[0]]:#x}, not {allowed[0][wrong[0]]:#x}"
        rounded = np.count_nonzero(got != allowed[0])
        assert rounded < 100, f"{op}: {rounded} results are not those of the exact values"


@pytest.mark.parametrize("ty", HALVES)
def test_conversions_to_floats_and_back(ty: Type) -> None:
    made = program([Column("CVT", target, source=ty) for target in (Type.F32, Type.F64)])
    _, (single, double) = launch(CpuBackend().compile(made), [EVERY] * 3)
    value = numbers(ty, EVERY)
    for got in (single.view(np.float32), double.view(np.float64)):
        with np.errstate(invalid="ignore"):
            assert np.array_equal(got.astype(np.float64), value, equal_nan=True)
        assert np.array_equal(np.signbit(got), np.signbit(value))
    for source, bits in ((Type.F32, single), (Type.F64, double)):
        back = launch(CpuBackend().compile(program([Column("CVT", ty, source=source)])), [bits] * 3)[1][0]
        assert np.array_equal(one_nan(ty, back), one_nan(ty, EVERY))


@pytest.mark.parametrize("ty", HALVES)
@pytest.mark.parametrize("name", BASELINES)
def test_shipped_code_calls_nothing_and_computes_alike(name: str, ty: Type) -> None:
    chosen = [Column(op, ty) for op in ("ADD", "FMA", "MIN", "REM")]
    made = program([*chosen, *(Column("CVT", target, source=ty) for target in (Type.F64, Type.I64, Type.U8))])
    narrowing = [program([Column("CVT", ty, source=source)]) for source in (Type.F32, Type.F64, Type.I64, Type.U64)]
    rng = np.random.default_rng(9)
    for one in (made, *narrowing):
        code = CpuBackend().object_for(one, name)
        assert not undefined_symbols(code)
        if not runnable(BASELINES[name], host_target()):
            continue
        operands = [rng.integers(0, 1 << 63, 4096, np.uint64).astype(f"u{one.params[0].type.size}") for _ in "abc"]
        shipped = launch(CpuBackend().compile(one, [TargetSection(f"cpu:{name}", code)]), operands)[1]
        here = launch(CpuBackend().compile(one), operands)[1]
        for param, mine, theirs in zip(one.params[3:], shipped, here, strict=True):
            assert np.array_equal(one_nan(param.type, mine), one_nan(param.type, theirs))
