"""Numbers of the kernel language in plain Python: exact integers and fractions, rounded or wrapped once an operation.

Nothing here is shared with the compiler or with either backend, except for the elementary functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from hologram.backends.interpreter.convert import narrow, widen
from hologram.backends.interpreter.semantics import function_of
from hologram.types import HALVES, Type

PRECISION = {Type.F64: (53, -1022, 1023), Type.F32: (24, -126, 127), Type.F16: (11, -14, 15), Type.BF16: (8, -126, 127)}
"""Significant bits, least normal exponent and largest exponent of each float type."""


class Faults:
    """Set when an integer was divided by zero."""

    seen = False


def rounded(type: Type, value: float | Fraction) -> float:
    """The nearest number of a float type, ties to even."""
    if isinstance(value, float) and (type is Type.F64 or not math.isfinite(value)):
        return value
    exact = Fraction(value)
    if not exact:
        return math.copysign(0.0, value)
    sign = 1.0 if exact > 0 else -1.0
    bits, least, most = PRECISION[type]
    top = exact.numerator.bit_length() - exact.denominator.bit_length()
    if abs(exact) < Fraction(2) ** top:
        top -= 1
    quantum = Fraction(2) ** (max(top, least) - bits + 1)
    whole = round(exact / quantum) * quantum
    if abs(whole) >= Fraction(2) ** (most + 1):
        return sign * math.inf
    return math.copysign(float(whole), sign)


class Number:
    """A value and its type; integers are Python's, floats are f64 that the type holds exactly."""

    __slots__ = ("type", "value")

    def __init__(self, type: Type, value: Any) -> None:
        if type.is_integer:
            value = (int(value) - type.minimum) % (1 << type.bits) + type.minimum
        self.type, self.value = type, value

    def of(self, value: Any) -> Number:
        """The result of an operation in this type."""
        return Number(self.type, rounded(self.type, value) if self.type.is_float else value)

    def other(self, other: Any) -> Any:
        """The value of the other operand: of the same type, or a literal."""
        if isinstance(other, Number):
            assert other.type is self.type, (self.type, other.type)
            return other.value
        return rounded(self.type, float(other)) if self.type.is_float else int(other)

    def __index__(self) -> int:
        assert self.type.is_integer
        return int(self.value)

    def __add__(self, other: Any) -> Number:
        return self.of(self.value + self.other(other))

    def __radd__(self, other: Any) -> Number:
        return self.of(self.other(other) + self.value)

    def __sub__(self, other: Any) -> Number:
        return self.of(self.value - self.other(other))

    def __rsub__(self, other: Any) -> Number:
        return self.of(self.other(other) - self.value)

    def __mul__(self, other: Any) -> Number:
        return self.of(self.value * self.other(other))

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Number:
        total = self
        for _ in range(exponent - 1):
            total = total * self
        return total

    def __truediv__(self, other: Any) -> Number:
        a, b = self.value, self.other(other)
        if b == 0:
            undefined = a == 0 or math.isnan(a)
            return self.of(math.nan if undefined else math.copysign(math.inf, a) * math.copysign(1.0, b))
        return self.of(a / b)

    def __floordiv__(self, other: Any) -> Number:
        a, b = self.value, self.other(other)
        if self.type.is_integer:
            Faults.seen |= b == 0
            return self.of(a // b if b else 0)
        if b == 0 or math.isnan(a) or math.isnan(b) or math.isinf(a):
            return self / other if b == 0 else self.of(math.nan)
        if math.isinf(b):
            differ = a != 0 and (a < 0) != (b < 0)
            return self.of(-1.0 if differ else math.copysign(0.0, a) * math.copysign(1.0, b))
        whole = Fraction(a) / Fraction(b)
        down = Fraction(math.floor(whole))
        return self.of(down if down else math.copysign(0.0, a) * math.copysign(1.0, b))

    def __mod__(self, other: Any) -> Number:
        a, b = self.value, self.other(other)
        if self.type.is_integer:
            Faults.seen |= b == 0
            return self.of(a % b if b else 0)
        if b == 0 or math.isnan(a) or math.isnan(b) or math.isinf(a):
            return self.of(math.nan)
        if math.isinf(b):
            differ = a != 0 and (a < 0) != (b < 0)
            return self.of(b if differ else math.copysign(a, b) if a == 0 else a)
        rest = Fraction(a) - Fraction(b) * math.floor(Fraction(a) / Fraction(b))
        return self.of(rest if rest else math.copysign(0.0, b))

    def __and__(self, other: Any) -> Number:
        return self.of(self.value & self.other(other))

    def __or__(self, other: Any) -> Number:
        return self.of(self.value | self.other(other))

    def __xor__(self, other: Any) -> Number:
        return self.of(self.value ^ self.other(other))

    def __lshift__(self, other: Any) -> Number:
        return self.of(self.value << self.other(other))

    def __rshift__(self, other: Any) -> Number:
        return self.of(self.value >> self.other(other))

    def __invert__(self) -> Number:
        return self.of(~self.value)

    def __neg__(self) -> Number:
        return self.of(-self.value)

    def __abs__(self) -> Number:
        return self.of(abs(self.value))

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < self.other(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= self.other(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > self.other(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= self.other(other))

    def __eq__(self, other: object) -> bool:
        return bool(self.value == self.other(other))

    def __ne__(self, other: object) -> bool:
        return bool(self.value != self.other(other))

    __hash__ = None  # type: ignore[assignment]


def cast(type: Type) -> Callable[[Any], Number]:
    """`f32(x)` and the like: floats to integers cut and saturate, the rest wraps or rounds once."""

    def convert(x: Any) -> Number:
        value = x.value if isinstance(x, Number) else x
        if type.is_float:
            return Number(type, rounded(type, value if isinstance(value, float) else Fraction(value)))
        if isinstance(value, float):
            if math.isnan(value):
                return Number(type, 0)
            inside = max(min(value, 2.0**80), -(2.0**80))
            return Number(type, max(type.minimum, min(type.maximum, int(inside))))
        return Number(type, value)

    return convert


def _literals(a: Any, b: Any) -> tuple[Number, Number]:
    like = a if isinstance(a, Number) else b
    return (x if isinstance(x, Number) else Number(like.type, like.other(x)) for x in (a, b))  # type: ignore[return-value]


def smaller(a: Any, b: Any) -> Number:
    """NaN propagates, -0 is below +0."""
    a, b = _literals(a, b)
    if a.type.is_float and (math.isnan(a.value) or math.isnan(b.value)):
        return a.of(math.nan)
    if a.value == b.value == 0 and a.type.is_float:
        return a if math.copysign(1.0, a.value) < 0 else b
    return a if a.value <= b.value else b


def larger(a: Any, b: Any) -> Number:
    a, b = _literals(a, b)
    if a.type.is_float and (math.isnan(a.value) or math.isnan(b.value)):
        return a.of(math.nan)
    if a.value == b.value == 0 and a.type.is_float:
        return b if math.copysign(1.0, a.value) < 0 else a
    return a if a.value >= b.value else b


def fma(a: Number, b: Number, c: Number) -> Number:
    """a · b + c, rounded once; halves go through f32 as all their operations do."""
    values = a.value, b.value, c.value
    if not all(map(math.isfinite, values)) or 0 in values:
        with np.errstate(all="ignore"):
            return a.of(float(np.float64(a.value) * np.float64(b.value) + np.float64(c.value)))
    exact = Fraction(a.value) * Fraction(b.value) + Fraction(c.value)
    if a.type in HALVES:
        return a.of(rounded(Type.F32, exact if exact else 0.0))
    return a.of(exact if exact else 0.0)


def _whole(function: Callable[[float], int]) -> Callable[[Number], Number]:
    def apply(a: Number) -> Number:
        if not math.isfinite(a.value) or a.value == 0:
            return a
        return a.of(math.copysign(float(function(a.value)), a.value))

    return apply


def _sqrt(a: Number) -> Number:
    return a.of(math.nan if a.value < 0 else math.sqrt(a.value))


def _elementary(name: str) -> Callable[[Number], Number]:
    """As the instruction set defines them: bits of their own, shown to be near the true value elsewhere."""

    def apply(a: Number) -> Number:
        function = function_of(name, a.type)
        assert function is not None
        with np.errstate(all="ignore"):
            if a.type in HALVES:
                bits = narrow(a.type, np.array([a.value], np.float32))
                return Number(a.type, float(widen(a.type, function(a.type, bits))[0]))
            found = function(a.type, np.array([a.value], a.type.dtype))
        return Number(a.type, float(found[0]))

    return apply


ELEMENTARY = ("exp", "log", "sin", "tanh", "erf", "atan", "exp2", "log1p", "sigmoid", "cosh")
NAMES: dict[str, Any] = {
    **{t.value: cast(t) for t in Type},
    **{name: _elementary(name.upper()) for name in ELEMENTARY},
    "min": smaller,
    "max": larger,
    "abs": abs,
    "fma": fma,
    "sqrt": _sqrt,
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "round": _whole(round),
    "trunc": _whole(math.trunc),
}
"""What the functions of the language are here."""
