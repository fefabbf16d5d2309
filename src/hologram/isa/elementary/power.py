"""POW and RSQRT.

A relative error in y·log(x) is multiplied by its size, up to 1075, in the result. F32 has F64 to compute in; F64 takes
the logarithm from a table of 128 entries in two parts (after Tang, "Table-driven implementation of the logarithm
function", 1990), good to about 2**-66.
"""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache

from hologram.isa.elementary import exponential, logarithm
from hologram.isa.elementary.constants import FORMATS, LN2, LOG2_E
from hologram.isa.elementary.lanes import V
from hologram.isa.elementary.reduction import two_sum
from hologram.isa.elementary.value import Value, copy_sign, fma, polynomial, select
from hologram.types import Type

_FORM = FORMATS[Type.F64]
_INDEX_BITS = 7

# Minimax in F64 (see `exponential`), for F32 results: log2(1 + f) / f to 2**-36, 2**r - 1 for |r| <= 1/2 to 2**-34.
_LOG2 = (
    1.4426950408687071, -0.7213475208687342, 0.48089836139549824, -0.36067367483191987, 0.28853729346999224,
    -0.24045316538905456, 0.2061753593644047, -0.18030060563792455, 0.15876980641528884, -0.1431564204314044,
    0.1447483864198897, -0.14283946123399546, 0.07737061771727131,
)  # fmt: skip
_EXP2 = (
    0.6931471807045324, 0.24022651066561268, 0.055504103659909876, 0.009618038132040192, 0.001333393505595227,
    0.0001546675632168854, 1.519615644487636e-05,
)  # fmt: skip


def rsqrt(x: Value[V]) -> Value[V]:
    """1 / sqrt(x)."""
    return 1.0 / x.sqrt()


def _power_f32(a: Value[V], y: Value[V]) -> Value[V]:
    """a**y for a >= 0, as 2**(y·log2 a) in F64, rounded to F32 at the end."""
    wide = a.to(Type.F64)
    e, f = logarithm.decompose(wide)
    binary = fma(f, polynomial(f, _LOG2), e * 2.0**-_FORM.mantissa)
    binary = select(wide.equals(0.0), -math.inf, select(wide < math.inf, binary, wide))
    exponent = (y.to(Type.F64) * binary).at_least(-160.0).at_most(160.0)
    shift = _FORM.rounder + _FORM.bias
    rounded = exponent + shift
    r = exponent - (rounded - shift)
    result = polynomial(r, (1.0, *_EXP2)) * exponential.power_of_two(rounded, _FORM)
    return result.to(Type.F32)


@cache
def _log_table() -> tuple[tuple[float, ...], ...]:
    """(1/m, -log(1/m) to a multiple of 2**-42, rest) for each slice of the mantissas `logarithm.decompose` yields."""
    lowest, step = logarithm.TABLES[Type.F64].lowest, 1 << (_FORM.mantissa - _INDEX_BITS)
    rows = []
    with localcontext() as context:
        context.prec = 50
        for index in range(1 << _INDEX_BITS):
            first, last = (_float_of(lowest + (index + k) * step) for k in (0, 1))
            inverse = 1.0 if first <= 1.0 < last else 2.0 / (first + last)
            exact = -Fraction(Decimal(inverse).ln())
            high = round(exact * 2**42) / 2**42
            rows.append((inverse, high, float(exact - Fraction(high))))
    return tuple(zip(*rows, strict=True))


def _float_of(bits: int) -> float:
    """The positive F64 number with these bits."""
    mantissa = bits & ((1 << _FORM.mantissa) - 1)
    return math.ldexp(1 + mantissa * 2.0**-_FORM.mantissa, (bits >> _FORM.mantissa) - _FORM.bias)


def _log_in_two_parts(a: Value[V]) -> tuple[Value[V], Value[V]]:
    """(high, low) with high + low = log a to about 2**-66 of it, for finite a > 0."""
    subnormal = a < _FORM.smallest_normal
    a = select(subnormal, a * 2.0**_FORM.mantissa, a)
    from_lowest = a.bits() - logarithm.TABLES[Type.F64].lowest
    exponent = from_lowest & _FORM.exponent_mask
    index = (from_lowest >> (_FORM.mantissa - _INDEX_BITS)) & ((1 << _INDEX_BITS) - 1)
    inverse, table_high, table_low = (index.lookup(Type.F64, column) for column in _log_table())
    k = exponent.to(Type.F64) * 2.0**-_FORM.mantissa - select(subnormal, a.const(_FORM.mantissa), 0.0)
    # m / m_index = 1 + r + rest exactly; |r| < 2**-7.
    mantissa = (a.bits() - exponent).as_float()
    product = mantissa * inverse
    rest = fma(mantissa, inverse, -product)
    r = product - 1.0
    ln2_high = round(LN2 * 2**41) / 2**41
    base = fma(k, ln2_high, table_high)  # exact: both are multiples of 2**-42
    # log(1 + r) = r - r²/2 + r³·q(r); the first two terms are kept exactly.
    square = r * -0.5 * r
    square_rest = fma(r * -0.5, r, -square)
    high, error1 = two_sum(base, r)
    high, error2 = two_sum(high, square)
    series = polynomial(r, [(-1.0) ** (n + 1) / n for n in range(3, 10)])
    low = fma(k, float(LN2 - Fraction(ln2_high)), table_low) + fma(-rest, r, rest) + square_rest
    low = low + (error1 + error2) + r * r * r * series
    total = high + low
    return total, (high - total) + low


def _power_f64(a: Value[V], y: Value[V]) -> Value[V]:
    """a**y for a >= 0 as e**(y·log a), the product in two parts."""
    log_high, log_low = _log_in_two_parts(a)
    special = select(a.equals(0.0), -math.inf, select(a < math.inf, log_high, a))
    table = exponential.TABLES[Type.F64]
    product = y * special
    low = fma(y, log_low, fma(y, log_high, -product))
    # It means nothing where an operand is 0 or infinite, and is this large only where the product is out of bounds.
    low = select(abs(low) < 2.0**-20, low, 0.0)
    high = product.at_least(table.underflow).at_most(table.overflow)
    k = (high * float(LOG2_E)).round_even()
    r = exponential.remainder(high, k, 1, _FORM)
    # e**(r + low) as 1 + (r + small terms), which rounds so little that exact results are found exactly.
    curved = r * r * polynomial(r, table.expm1)
    terms = curved + fma(low, r + curved, low)
    return _scale(1.0 + (r + terms), k)


def _scale(a: Value[V], k: Value[V]) -> Value[V]:
    """a·2**k in two steps, as 2**k itself may be out of range."""
    whole = k.to(Type.I64)
    half = whole >> 1
    for part in (half, whole - half):
        a = a * ((part + _FORM.bias) << _FORM.mantissa).as_float()
    return a


def power(x: Value[V], y: Value[V]) -> Value[V]:
    """x**y with the special cases of C and IEEE 754: x**0 = 1**y = 1, and (-1)**±inf = 1."""
    a = abs(x)
    size = _power_f32(a, y) if x.ty is Type.F32 else _power_f64(a, y)
    size = select(a.equals(1.0) & y.equals(y), 1.0, size)
    integral = y.trunc().equals(y)
    half = y * 0.5
    odd = integral & half.trunc().differs(half)
    signed = select(odd, copy_sign(size, x), size)
    signed = select((x < 0.0) & (x > -math.inf) & ~integral, math.nan, signed)
    return select(y.equals(0.0) | x.equals(1.0), 1.0, signed)
