"""Integer instructions of all types against Python's integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hologram.backends.interpreter.semantics import identity
from hologram.errors import DivisionByZeroError
from hologram.isa.operands import Condition, Imm
from hologram.types import INTEGERS, SIGNED, UNSIGNED, Type

ORDERED = sorted(INTEGERS, key=lambda t: t.value)
Reference = Callable[..., int]


def truncated(a: int, b: int) -> int:
    quotient = abs(a) // abs(b) if b else 0
    return -quotient if (a < 0) != (b < 0) else quotient


BINARY: dict[str, Reference] = {
    "ADD": lambda t, a, b: a + b,
    "SUB": lambda t, a, b: a - b,
    "MUL": lambda t, a, b: a * b,
    "MIN": lambda t, a, b: min(a, b),
    "MAX": lambda t, a, b: max(a, b),
    "AND": lambda t, a, b: a & b,
    "OR": lambda t, a, b: a | b,
    "XOR": lambda t, a, b: a ^ b,
}
DIVISION: dict[str, Reference] = {
    "DIV": lambda t, a, b: truncated(a, b),
    "REM": lambda t, a, b: a - truncated(a, b) * b if b else 0,
}
UNARY: dict[str, Reference] = {
    "MOV": lambda t, a: a,
    "NOT": lambda t, a: ~a,
    "POPC": lambda t, a: (a % (1 << t.bits)).bit_count(),
    "CLZ": lambda t, a: t.bits - (a % (1 << t.bits)).bit_length(),
}
SIGNED_UNARY: dict[str, Reference] = {"ABS": lambda t, a: abs(a), "NEG": lambda t, a: -a}
SHIFTS: dict[str, Reference] = {
    "SHL": lambda t, a, n: a << (n % t.bits),
    "SHR": lambda t, a, n: a >> (n % t.bits),
}


def numbers(ty: Type, bits: list[int]) -> list[int]:
    return [b - (b > ty.maximum) * (1 << ty.bits) for b in bits]


def grid(bench: Any, ty: Type) -> tuple[list[int], list[int]]:
    values = bench.edges(ty, random=20)
    pairs = [(a, b) for a in values for b in values]
    return [a for a, _ in pairs], [b for _, b in pairs]


def check(op: str, ty: Type, got: list[int], reference: Reference, *operands: list[int]) -> None:
    for result, *values in zip(got, *operands, strict=True):
        assert result == reference(ty, *values) % (1 << ty.bits), (op, ty, values)


@pytest.mark.parametrize("ty", ORDERED)
@pytest.mark.parametrize("op", BINARY)
def test_binary(bench: Any, op: str, ty: Type) -> None:
    a, b = grid(bench, ty)
    check(op, ty, bench.calculate(op, ty, a, b), BINARY[op], numbers(ty, a), numbers(ty, b))


@pytest.mark.parametrize("ty", ORDERED)
@pytest.mark.parametrize("op", DIVISION)
def test_division(bench: Any, op: str, ty: Type) -> None:
    a, b = grid(bench, ty)
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if y]
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    check(op, ty, bench.calculate(op, ty, a, b), DIVISION[op], numbers(ty, a), numbers(ty, b))


@pytest.mark.parametrize("ty", ORDERED)
@pytest.mark.parametrize("op", DIVISION)
def test_division_by_zero_gives_zero_in_its_lane_and_raises_at_the_end(bench: Any, op: str, ty: Type) -> None:
    kernel = bench.Kernel("quotients")
    slots = [kernel.array("a", ty), kernel.array("b", ty), kernel.array("out", ty, access="w")]
    a, b = kernel.load(slots[0]), kernel.load(slots[1])
    line = len(kernel.build().instructions) + 1
    kernel.store(slots[2], kernel.new(op, ty, a, b))
    out = np.full(5, 99, ty.dtype)
    arguments = [np.array([7, 8, 9, 10, 11], ty.dtype), np.array([2, 0, 4, 0, 5], ty.dtype), out]
    with pytest.raises(DivisionByZeroError, match="kernel 'quotients'") as error:
        bench.run(kernel.build(), arguments, 5)
    assert (error.value.lane, error.value.index, error.value.location.line) == (1, line - 1, line)
    assert out.tolist() == ([3, 0, 2, 0, 2] if op == "DIV" else [1, 0, 1, 0, 1])


UNARY_CASES = [(op, ty) for ty in ORDERED for op in [*UNARY, *(SIGNED_UNARY if ty in SIGNED else ())]]


@pytest.mark.parametrize(("op", "ty"), UNARY_CASES)
def test_unary(bench: Any, op: str, ty: Type) -> None:
    a = bench.edges(ty, random=200)
    check(op, ty, bench.calculate(op, ty, a), {**UNARY, **SIGNED_UNARY}[op], numbers(ty, a))


@pytest.mark.parametrize("ty", ORDERED)
@pytest.mark.parametrize("op", SHIFTS)
def test_shifts_take_the_count_modulo_the_width(bench: Any, op: str, ty: Type) -> None:
    values, counts = bench.edges(ty, random=20), [*range(70), 127, 128, 1 << 31, (1 << 32) - 1]
    a, n = [v for v in values for _ in counts], counts * len(values)
    got = bench.calculate(op, ty, a, n, operand_types=[ty, Type.U32])
    check(op, ty, got, SHIFTS[op], numbers(ty, a), n)


@pytest.mark.parametrize("ty", ORDERED)
def test_multiply_add_wraps(bench: Any, ty: Type) -> None:
    a, b = grid(bench, ty)
    c = a[::-1]
    got = bench.calculate("MAD", ty, a, b, c)
    check("MAD", ty, got, lambda t, x, y, z: x * y + z, numbers(ty, a), numbers(ty, b), numbers(ty, c))


CONDITIONS: dict[str, Callable[[int, int], bool]] = {
    "EQ": lambda a, b: a == b,
    "NE": lambda a, b: a != b,
    "LT": lambda a, b: a < b,
    "LE": lambda a, b: a <= b,
    "GT": lambda a, b: a > b,
    "GE": lambda a, b: a >= b,
}


COMPARISONS = [(c, ty) for ty in ORDERED for c in Condition if c.name in CONDITIONS or ty in UNSIGNED]


@pytest.mark.parametrize(("condition", "ty"), COMPARISONS)
def test_compare_and_select(bench: Any, condition: Condition, ty: Type) -> None:
    name = condition.name
    a, b = grid(bench, ty)
    kernel = bench.Kernel()
    slots = [kernel.array("a", ty), kernel.array("b", ty), kernel.array("out", ty, access="w")]
    x, y = kernel.load(slots[0]), kernel.load(slots[1])
    holds = kernel.compare(condition, ty, x, y)
    kernel.store(slots[2], kernel.new("SEL", ty, holds, kernel.constant(ty, 1), kernel.constant(ty, 0)))
    out = np.zeros(len(a), ty.dtype)
    bench.run(kernel.build(), [bench.bits_of(ty, a), bench.bits_of(ty, b), out], len(a))
    relation = CONDITIONS[name.removesuffix("U") if name not in CONDITIONS else name]
    assert out.tolist() == [relation(p, q) for p, q in zip(numbers(ty, a), numbers(ty, b), strict=True)]


@pytest.mark.parametrize("ty", ORDERED)
def test_immediate_operands(bench: Any, ty: Type) -> None:
    kernel = bench.Kernel()
    source, out = kernel.array("a", ty), kernel.array("out", ty, access="w")
    kernel.store(out, kernel.new("SUB", ty, kernel.load(source), Imm((1 << ty.bits) - 1)))
    values = bench.edges(ty)
    result = np.zeros(len(values), ty.dtype)
    bench.run(kernel.build(), [bench.bits_of(ty, values), result], len(values))
    check("SUB", ty, [int(r) % (1 << ty.bits) for r in result], lambda t, a: a + 1 - (1 << t.bits), values)


FOLDS = [("ReduceAdd", "ADD"), ("ReduceMin", "MIN"), ("ReduceMax", "MAX"), ("ReduceMul", "MUL")]


@pytest.mark.parametrize("ty", ORDERED)
@pytest.mark.parametrize(("op", "base"), FOLDS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_register_folds(bench: Any, op: str, base: str, ty: Type, count: int) -> None:
    kernel = bench.Kernel()
    out = kernel.array("out", ty, access="w")
    values = [ty.maximum, 3, 2][:count]
    registers = [kernel.constant(ty, v) for v in values] or [kernel.constant(ty, 0)]
    kernel.store(out, kernel.new(op, ty, registers[0], count))
    result = np.zeros(1, ty.dtype)
    bench.run(kernel.build(), [result], 1)
    want = int(identity(base, ty)[0])
    for value in values:
        want = BINARY[base](ty, want, value)
    assert int(result[0]) % (1 << ty.bits) == want % (1 << ty.bits)
