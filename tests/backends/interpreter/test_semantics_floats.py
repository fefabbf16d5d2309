"""Float instructions of all four types against fractions rounded once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from hologram.isa.operands import Condition
from hologram.types import Type

REALS = [Type.F16, Type.BF16, Type.F32, Type.F64]
Number = Fraction | float


def same(bench: Any, ty: Type, got: int, want: int) -> bool:
    """Equal bits, all NaNs being one."""
    return got == want or (bench.Exact.is_nan(ty, got) and bench.Exact.is_nan(ty, want))


FRACTION_BITS = {Type.F16: 10, Type.BF16: 7, Type.F32: 23, Type.F64: 52}


def cases(bench: Any, ty: Type, operands: int) -> list[list[int]]:
    """Columns of operands: all pairs of edges (a sample of triples), then random values of similar size."""
    values, rng = bench.edges(ty), np.random.default_rng(7)
    rows = [[a, b, values[(i * 7 + j) % len(values)]] for i, a in enumerate(values) for j, b in enumerate(values)]
    span = 40 << FRACTION_BITS[ty] if ty.bits > 16 else 1 << 13
    one = bench.Exact.round(ty, Fraction(1))
    near = rng.integers(max(0, one - span // 2), one + span // 2, (400, 3))
    signs = rng.integers(0, 2, near.shape).astype(object) * (1 << (ty.bits - 1))
    rows += (near.astype(object) + signs).tolist()
    rows += [[*row[:2], row[0] ^ (1 << (ty.bits - 1))] for row in rows[-50:]]
    return [list(column) for column in zip(*rows, strict=True)][:operands]


def check(bench: Any, ty: Type, op: str, columns: list[list[int]], want: Callable[..., int]) -> None:
    got = bench.calculate(op, ty, *columns)
    for result, *bits in zip(got, *columns, strict=True):
        expected = want(*bits)
        assert same(bench, ty, result, expected), (op, ty, [hex(b) for b in bits], hex(result), hex(expected))


def special(op: Callable[..., Any], values: Iterable[Number], signs: Iterable[bool]) -> float:
    """Result with an infinity, a NaN or a zero divisor among the operands, by representatives of small size."""
    small = []
    for value, negative in zip(values, signs, strict=True):
        finite = isinstance(value, Fraction)
        magnitude = (0.0 if value == 0 else 1.0) if finite else abs(float(value))
        small.append(np.float64(-magnitude if negative else magnitude))
    with np.errstate(all="ignore"):
        return float(op(*small))


EXACT: dict[str, tuple[Callable[..., Any], Callable[[bool, bool], bool]]] = {
    "ADD": (lambda a, b: a + b, lambda a, b: a and b),
    "SUB": (lambda a, b: a - b, lambda a, b: a and not b),
    "MUL": (lambda a, b: a * b, lambda a, b: a != b),
    "DIV": (lambda a, b: a / b, lambda a, b: a != b),
}


def correctly_rounded(bench: Any, ty: Type, op: str, a: int, b: int) -> int:
    function, zero_sign = EXACT[op]
    values = [bench.Exact.value(ty, v) for v in (a, b)]
    signs = [bench.Exact.is_negative(ty, v) for v in (a, b)]
    if all(isinstance(v, Fraction) for v in values) and not (op == "DIV" and values[1] == 0):
        # An exact zero of a sum of numbers that are not zero is +0 in this rounding mode.
        cancelled = op in ("ADD", "SUB") and values[0] != 0
        return int(bench.Exact.round(ty, function(*values), negative_zero=not cancelled and zero_sign(*signs)))
    result = special(function, values, signs)
    exact = Fraction(0) if result == 0 else result
    return int(bench.Exact.round(ty, exact, negative_zero=math.copysign(1, result) < 0))


@pytest.mark.parametrize("ty", REALS)
@pytest.mark.parametrize("op", EXACT)
def test_arithmetic_is_correctly_rounded(bench: Any, op: str, ty: Type) -> None:
    check(bench, ty, op, cases(bench, ty, 2), lambda a, b: correctly_rounded(bench, ty, op, a, b))


def fused(bench: Any, ty: Type, a: int, b: int, c: int) -> int:
    values = [bench.Exact.value(ty, v) for v in (a, b, c)]
    signs = [bench.Exact.is_negative(ty, v) for v in (a, b, c)]
    if all(isinstance(v, Fraction) for v in values):
        total = values[0] * values[1] + values[2]
        cancelled = values[2] != 0 or (signs[0] != signs[1]) != signs[2]
        negative = total < 0 or (total == 0 and signs[2] and not cancelled)
        if ty.bits == 16:
            total = bench.Exact.value(Type.F32, bench.Exact.round(Type.F32, total))
        return int(bench.Exact.round(ty, total, negative_zero=negative))
    return int(bench.Exact.round(ty, special(lambda x, y, z: x * y + z, values, signs)))


@pytest.mark.parametrize("ty", REALS)
def test_fused_multiply_add_rounds_once(bench: Any, ty: Type) -> None:
    check(bench, ty, "FMA", cases(bench, ty, 3), lambda a, b, c: fused(bench, ty, a, b, c))


@pytest.mark.parametrize("ty", REALS)
def test_multiply_add_rounds_twice(bench: Any, ty: Type) -> None:
    def want(a: int, b: int, c: int) -> int:
        return correctly_rounded(bench, ty, "ADD", correctly_rounded(bench, ty, "MUL", a, b), c)

    check(bench, ty, "MAD", cases(bench, ty, 3), want)


def exact_root(value: Number) -> Number:
    """A fraction on the same side of every rounding boundary as the root."""
    if not isinstance(value, Fraction) or value < 0:
        return float("nan") if value < 0 else value
    scaled = value * (1 << 2600)
    root = math.isqrt(scaled.numerator // scaled.denominator)
    return Fraction(2 * root + (root * root != scaled), 1 << 1301)


@pytest.mark.parametrize("ty", REALS)
def test_square_root_is_correctly_rounded(bench: Any, ty: Type) -> None:
    def want(a: int) -> int:
        return int(bench.Exact.round(ty, exact_root(bench.Exact.value(ty, a)), bench.Exact.is_negative(ty, a)))

    check(bench, ty, "SQRT", [bench.edges(ty, random=500)], want)


@pytest.mark.parametrize("ty", [Type.F32, Type.F64])
def test_reciprocal_root_rounds_the_root_then_the_quotient(bench: Any, ty: Type) -> None:
    one = bench.Exact.round(ty, Fraction(1))

    def want(a: int) -> int:
        root = bench.Exact.round(ty, exact_root(bench.Exact.value(ty, a)), bench.Exact.is_negative(ty, a))
        return correctly_rounded(bench, ty, "DIV", one, root)

    check(bench, ty, "RSQRT", [bench.edges(ty, random=200)], want)


@pytest.mark.parametrize("ty", REALS)
def test_remainder_is_exact_with_the_sign_of_the_dividend(bench: Any, ty: Type) -> None:
    def want(a: int, b: int) -> int:
        x, y = bench.Exact.value(ty, a), bench.Exact.value(ty, b)
        if not isinstance(x, Fraction) or y != y or y == 0:
            return int(bench.Exact.round(ty, float("nan")))
        rest = x - math.trunc(x / y) * y if isinstance(y, Fraction) else x
        return int(bench.Exact.round(ty, rest, negative_zero=bench.Exact.is_negative(ty, a)))

    check(bench, ty, "REM", cases(bench, ty, 2), want)


WHOLE: dict[str, Callable[[Fraction], int]] = {
    "FLOOR": math.floor,
    "CEIL": math.ceil,
    "ROUND": round,
    "TRUNC": math.trunc,
}


@pytest.mark.parametrize("ty", REALS)
@pytest.mark.parametrize("op", WHOLE)
def test_rounding_to_integers_keeps_the_sign_of_zero(bench: Any, op: str, ty: Type) -> None:
    def want(a: int) -> int:
        value = bench.Exact.value(ty, a)
        whole = Fraction(WHOLE[op](value)) if isinstance(value, Fraction) else value
        return int(bench.Exact.round(ty, whole, negative_zero=bench.Exact.is_negative(ty, a)))

    check(bench, ty, op, [bench.edges(ty, random=300)], want)


def key(bench: Any, ty: Type, bits: int) -> tuple[Number, int]:
    """Orders numbers, -0 before +0."""
    return bench.Exact.value(ty, bits), -int(bench.Exact.is_negative(ty, bits))


@pytest.mark.parametrize("ty", REALS)
@pytest.mark.parametrize("op", ["MIN", "MAX", "MINP", "MAXP"])
def test_minimum_and_maximum_order_zeros_and_treat_nan_as_named(bench: Any, op: str, ty: Type) -> None:
    def want(a: int, b: int) -> int:
        nans = [v for v in (a, b) if bench.Exact.is_nan(ty, v)]
        numbers = [v for v in (a, b) if not bench.Exact.is_nan(ty, v)]
        if nans and (op.endswith("P") or not numbers):
            return nans[0]
        return (min if op.startswith("MIN") else max)(numbers, key=lambda v: key(bench, ty, v))

    check(bench, ty, op, cases(bench, ty, 2), want)


@pytest.mark.parametrize("ty", REALS)
def test_absolute_value_and_negation_change_the_sign_bit_alone(bench: Any, ty: Type) -> None:
    sign = 1 << (ty.bits - 1)
    values = [[v for v in bench.edges(ty, random=100) if not bench.Exact.is_nan(ty, v)]]
    check(bench, ty, "NEG", values, lambda a: a ^ sign)
    check(bench, ty, "ABS", values, lambda a: a & ~sign)


@pytest.mark.parametrize("ty", REALS)
@pytest.mark.parametrize("condition", [c for c in Condition if len(c.value) == 2])
def test_comparisons_with_nan_hold_for_not_equal_alone(bench: Any, condition: Condition, ty: Type) -> None:
    a, b = cases(bench, ty, 2)
    kernel = bench.Kernel()
    slots = [kernel.array("a", ty), kernel.array("b", ty), kernel.array("out", Type.U8, access="w")]
    x, y = kernel.load(slots[0]), kernel.load(slots[1])
    holds = kernel.compare(condition, ty, x, y)
    kernel.store(slots[2], kernel.new("SEL", Type.U8, holds, kernel.constant(Type.U8, 1), kernel.constant(Type.U8, 0)))
    out = np.zeros(len(a), np.uint8)
    bench.run(kernel.build(), [bench.bits_of(ty, a), bench.bits_of(ty, b), out], len(a))
    for got, p, q in zip(out, a, b, strict=True):
        x, y = bench.Exact.value(ty, p), bench.Exact.value(ty, q)
        relations = {"eq": x == y, "ne": x != y, "lt": x < y, "le": x <= y, "gt": x > y, "ge": x >= y}
        assert got == relations[condition.value]


@pytest.mark.parametrize("ty", REALS)
def test_fold_of_registers_starts_from_the_identity(bench: Any, ty: Type) -> None:
    numbers = [bench.Exact.round(ty, Fraction(n, 8)) for n in (3, 20, -7)]
    kernel = bench.Kernel()
    out = kernel.array("out", ty, access="w")
    registers = [kernel.constant(ty, n) for n in numbers]
    for place, op in enumerate(("ReduceAdd", "ReduceMin", "ReduceMax", "ReduceMul")):
        kernel.store(out, kernel.new(op, ty, registers[0], 3), kernel.constant(Type.I64, place))
        kernel.store(out, kernel.new(op, ty, registers[0], 0), kernel.constant(Type.I64, 4 + place))
    result = np.zeros(8, f"u{ty.size}")
    bench.run(kernel.build(), [result], 1)
    exact = [Fraction(16, 8), Fraction(-7, 8), Fraction(20, 8), Fraction(3 * 20 * -7, 512)]
    identities: list[Number] = [Fraction(0), float("inf"), float("-inf"), Fraction(1)]
    want = [bench.Exact.round(ty, Fraction(v) if not isinstance(v, float) else v) for v in [*exact, *identities]]
    want[3] = bench.Exact.round(ty, bench.Exact.value(ty, bench.Exact.round(ty, Fraction(60, 64))) * Fraction(-7, 8))
    assert [int(r) for r in result] == want
