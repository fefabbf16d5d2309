"""What instructions that compute a value from values have to give: Python's integers, and fractions rounded once.

Values go in and out as bits. Transcendental functions have an error bound instead: see `math_error`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache

import numpy as np

from hologram.types import HALVES, Type
from tests.backends.cpu.columns import Column
from tests.backends.interpreter.conftest import FORMATS, Exact
from tests.isa.elementary.references import EXACT as EXACT_FUNCTIONS
from tests.isa.elementary.references import REFERENCES, WIDE, bound, precise_ulps

Number = Fraction | float
NAN = math.nan


@cache
def grid(ty: Type) -> tuple[int, ...]:
    """Bits of zeros, ones, limits, subnormals, infinities, NaN, neighbours, powers of two and what is next to them."""
    if ty.is_integer:
        near = [p + d for p in (1 << k for k in (0, 1, 3, 4, 5, 7, 8, 15, 16, 31, 32, 63)) for d in (-1, 0, 1)]
        both = [v for n in [0, 3, 10, ty.maximum, ty.maximum - 1, ty.minimum, ty.minimum + 1, *near] for v in (n, -n)]
        return tuple(dict.fromkeys(v % (1 << ty.bits) for v in both))
    precision = FORMATS[ty][0]
    infinity, hidden, one = Exact.round(ty, math.inf), 1 << (precision - 1), Exact.round(ty, Fraction(1))
    numbers = [Fraction(n) for n in (0.5, 1.5, 2, 2.5, 3, 10, 100, 255, 65504, 2**31, 2**63, 2**precision)]
    bits = [Exact.round(ty, n) for n in [*numbers, Fraction(1, 3), Fraction(2**precision - 1)]]
    bits += [one - 1, one, one + 1, 0, 1, 2, hidden - 1, hidden, hidden + 1, infinity - 2, infinity - 1, infinity]
    bits += [infinity + (hidden >> 1)]
    return tuple(dict.fromkeys(b | sign << (ty.bits - 1) for b in bits for sign in (0, 1)))


@cache
def corners(ty: Type) -> tuple[int, ...]:
    """The edge values that find most mistakes, few enough to try all pairs often."""
    if ty.is_integer:
        return tuple(v for v in grid(ty) if not 16 < number(ty, v) % (1 << ty.bits - 2) < (1 << ty.bits - 2) - 3)
    precision = FORMATS[ty][0]
    infinity, hidden, one = Exact.round(ty, math.inf), 1 << (precision - 1), Exact.round(ty, Fraction(1))
    bits = [Exact.round(ty, Fraction(n)) for n in (Fraction(1, 3), 0.5, 2.5, 2**precision)]
    bits += [one, one + 1, 0, 1, hidden - 1, hidden, infinity - 1, infinity, infinity + (hidden >> 1)]
    return tuple(b | sign << (ty.bits - 1) for b in bits for sign in (0, 1))


def halfway(source: Type) -> list[int]:
    """Sources that lie halfway between two values of a narrower float, and next to such places."""
    out = []
    for target in FORMATS:
        for bits in grid(target):
            low, high = Exact.value(target, bits), Exact.value(target, bits + 1)
            if math.isfinite(low) and math.isfinite(high):
                middle = Fraction(low + high) / 2
                at = Exact.round(source, middle) if source.is_float else math.floor(middle)
                out += [(at + d) % (1 << source.bits) for d in (-1, 0, 1)]
    return out


def number(ty: Type, bits: int) -> int:
    """The integer with these bits."""
    return bits - (bits > ty.maximum) * (1 << ty.bits)


def _quotient(a: int, b: int) -> int:
    size = abs(a) // abs(b) if b else 0
    return -size if (a < 0) != (b < 0) else size


INTEGER: dict[str, Callable[..., int]] = {
    "MOV": lambda t, a: a,
    "ADD": lambda t, a, b: a + b,
    "SUB": lambda t, a, b: a - b,
    "MUL": lambda t, a, b: a * b,
    "DIV": lambda t, a, b: _quotient(a, b),
    "REM": lambda t, a, b: a - _quotient(a, b) * b if b else 0,
    "MAD": lambda t, a, b, c: a * b + c,
    "MIN": lambda t, a, b: min(a, b),
    "MAX": lambda t, a, b: max(a, b),
    "ABS": lambda t, a: abs(a),
    "NEG": lambda t, a: -a,
    "AND": lambda t, a, b: a & b,
    "OR": lambda t, a, b: a | b,
    "XOR": lambda t, a, b: a ^ b,
    "NOT": lambda t, a: ~a,
    "SHL": lambda t, a, n: a << (n % t.bits),
    "SHR": lambda t, a, n: a >> (n % t.bits),
    "POPC": lambda t, a: (a % (1 << t.bits)).bit_count(),
    "CLZ": lambda t, a: t.bits - (a % (1 << t.bits)).bit_length(),
}
COMPARE: dict[str, Callable[[Number, Number], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


def _nearest(ty: Type, value: Number, negative_zero: bool) -> int:
    """Rounded once; f16 and bf16 by way of f32."""
    if ty in HALVES:
        first = Exact.round(Type.F32, value, negative_zero)
        return Exact.round(ty, Exact.value(Type.F32, first), Exact.is_negative(Type.F32, first))
    return Exact.round(ty, value, negative_zero)


def _special(function: Callable[..., float], values: Sequence[Number], signs: Sequence[bool]) -> float:
    """IEEE's result with an infinity, a NaN or a zero divisor among the operands: numbers may as well be ones."""
    small = []
    for value, negative in zip(values, signs, strict=True):
        size = abs(value) if not isinstance(value, Fraction) else float(value != 0)
        small.append(np.float64(-size if negative else size))
    with np.errstate(all="ignore"):
        return float(function(*small))


def _rounded(ty: Type, function: Callable[..., Number], zero_is_negative: Callable[..., bool], *bits: int) -> int:
    values, signs = [Exact.value(ty, b) for b in bits], [Exact.is_negative(ty, b) for b in bits]
    try:
        if all(isinstance(v, Fraction) for v in values):
            return _nearest(ty, function(*values), zero_is_negative(values, signs))
    except ZeroDivisionError:
        pass
    result = _special(function, values, signs)
    whole: Number = Fraction(result) if math.isfinite(result) else result
    return _nearest(ty, whole, math.copysign(1, result) < 0)


def _sum_sign(values: Sequence[Number], signs: Sequence[bool]) -> bool:
    """A sum that is zero is -0 only where both terms are -0."""
    return values[0] == 0 and signs[0] and signs[1]


def _difference_sign(values: Sequence[Number], signs: Sequence[bool]) -> bool:
    return values[0] == 0 and signs[0] and not signs[1]


def _product_sign(values: Sequence[Number], signs: Sequence[bool]) -> bool:
    return signs[0] != signs[1]


def _fused_sign(values: Sequence[Number], signs: Sequence[bool]) -> bool:
    product_is_zero = values[0] == 0 or values[1] == 0
    total = Fraction(values[0]) * Fraction(values[1]) + Fraction(values[2])
    return total < 0 or (total == 0 and product_is_zero and signs[2] and signs[0] != signs[1])


def _add(ty: Type, a: int, b: int) -> int:
    return _rounded(ty, lambda x, y: x + y, _sum_sign, a, b)


def _multiply(ty: Type, a: int, b: int) -> int:
    return _rounded(ty, lambda x, y: x * y, _product_sign, a, b)


def _remainder(ty: Type, a: int, b: int) -> int:
    x, y = Exact.value(ty, a), Exact.value(ty, b)
    if not isinstance(x, Fraction) or y != y or y == 0:
        return Exact.round(ty, NAN)
    rest = x - math.trunc(x / y) * y if isinstance(y, Fraction) else x
    return Exact.round(ty, rest, negative_zero=Exact.is_negative(ty, a))


def _whole(function: Callable[[Fraction], int]) -> Callable[[Type, int], int]:
    def call(ty: Type, a: int) -> int:
        value = Exact.value(ty, a)
        whole = Fraction(function(value)) if isinstance(value, Fraction) else value
        return Exact.round(ty, whole, negative_zero=Exact.is_negative(ty, a))

    return call


def _root(ty: Type, a: int) -> int:
    value = Exact.value(ty, a)
    if not isinstance(value, Fraction) or value <= 0:
        return Exact.round(ty, NAN if value < 0 else value, negative_zero=Exact.is_negative(ty, a))
    scaled = value * (1 << 2600)
    root = math.isqrt(scaled.numerator // scaled.denominator)
    # On the same side of every rounding boundary as the root itself.
    return _nearest(ty, Fraction(2 * root + (root * root != scaled), 1 << 1301), False)


def _extreme(choose: Callable[..., int], nan_wins: bool) -> Callable[[Type, int, int], int]:
    def call(ty: Type, *bits: int) -> int:
        numbers = [b for b in bits if not Exact.is_nan(ty, b)]
        if not numbers or (nan_wins and len(numbers) < len(bits)):
            return Exact.round(ty, NAN)
        return choose(numbers, key=lambda b: (Exact.value(ty, b), not Exact.is_negative(ty, b)))

    return call


FLOAT: dict[str, Callable[..., int]] = {
    "MOV": lambda t, a: a,
    "ADD": _add,
    "SUB": lambda t, a, b: _rounded(t, lambda x, y: x - y, _difference_sign, a, b),
    "MUL": _multiply,
    "DIV": lambda t, a, b: _rounded(t, lambda x, y: x / y, _product_sign, a, b),
    "REM": _remainder,
    "MAD": lambda t, a, b, c: _add(t, _multiply(t, a, b), c),
    "FMA": lambda t, a, b, c: _rounded(t, lambda x, y, z: x * y + z, _fused_sign, a, b, c),
    "MIN": _extreme(min, nan_wins=False),
    "MAX": _extreme(max, nan_wins=False),
    "MINP": _extreme(min, nan_wins=True),
    "MAXP": _extreme(max, nan_wins=True),
    "ABS": lambda t, a: a & ((1 << (t.bits - 1)) - 1),
    "NEG": lambda t, a: a ^ (1 << (t.bits - 1)),
    "SQRT": _root,
    "FLOOR": _whole(math.floor),
    "CEIL": _whole(math.ceil),
    "ROUND": _whole(round),
    "TRUNC": _whole(math.trunc),
}


def identity(op: str, ty: Type) -> int:
    """Bits of the sum, product, least or greatest of nothing."""
    if op in ("ADD", "MUL"):
        value = Fraction(op == "MUL")
        return Exact.round(ty, value) if ty.is_float else int(value)
    if ty.is_float:
        return Exact.round(ty, math.inf if op == "MIN" else -math.inf)
    return (ty.maximum if op == "MIN" else ty.minimum) % (1 << ty.bits)


def compute(op: str, ty: Type, *bits: int) -> int:
    """The bits an exact instruction gives."""
    if ty.is_float:
        return FLOAT[op](ty, *bits)
    return INTEGER[op](ty, *(number(ty, b) for b in bits)) % (1 << ty.bits)


def converted(source: Type, target: Type, bits: int) -> int:
    """The bits of a converted value: the exact value rounded once, or truncated and saturated."""
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


def expected(column: Column, a: int, b: int, c: int) -> int:
    """The bits a column of `tests.backends.cpu.columns` has for three operands."""
    ty, op = column.type, column.op
    if column.immediate is not None and not op.startswith("Reduce"):
        b = column.immediate
    if op == "CVT":
        assert column.source is not None
        return converted(column.source, ty, a)
    if op == "SETcc":
        assert column.condition is not None
        return int(COMPARE[column.condition.value[:2]](Exact.value(ty, a), Exact.value(ty, b)))
    if op == "SEL":
        return b if Exact.value(ty, a) == Exact.value(ty, b) else c
    if op.startswith("Reduce"):
        fold = op.removeprefix("Reduce").upper()
        total = identity(fold, ty)
        for value in (a, b, c)[: column.folded]:
            total = compute(fold, ty, total, value)
        return total
    if op in ("SHL", "SHR"):
        return INTEGER[op](ty, number(ty, a), number(ty, b) % (1 << 32)) % (1 << ty.bits)
    return compute(op, ty, *(a, b, c)[: column.arity])


def is_exact(column: Column) -> bool:
    """False for functions that have an error bound."""
    return column.op not in REFERENCES or column.op in EXACT_FUNCTIONS


def math_error(op: str, ty: Type, operands: Sequence[float], result: float) -> float:
    """The error of a transcendental function in ulp, infinite for a wrong kind of number or sign of zero."""
    with np.errstate(all="ignore"):
        wide = np.float64 if op == "ERF" else WIDE[ty]
        near = REFERENCES[op](*(np.array(x, ty.dtype).astype(wide) for x in operands))
    if np.isnan(near) or math.isnan(result):
        return 0.0 if np.isnan(near) and math.isnan(result) else math.inf
    if not np.isfinite(near) or near == 0 or not all(map(math.isfinite, operands)):
        near = near.astype(ty.dtype)
        return 0.0 if result == near and math.copysign(1, result) == np.copysign(1, near) else _units(near, result, ty)
    return precise_ulps(op, ty, result, *operands)


def _units(near: float, result: float, ty: Type) -> float:
    """How many values lie between two results, one more at most where the limit itself is not a number of the type."""
    ordered = [np.array(v, ty.dtype).view(f"i{ty.size}").item() for v in (near, result)]
    return float(abs(ordered[0] - ordered[1])) if math.isfinite(near) and near * result > 0 else math.inf


def math_bound(op: str, ty: Type) -> float:
    """The largest error allowed."""
    return bound(op, ty)
