"""SIN, COS and TAN: subtract a multiple of π held in three parts, then one odd polynomial.

Beyond `Angles.moderate` the reduction of `reduction` takes over. Coefficients are minimax (see `exponential`).
"""

from __future__ import annotations

from dataclasses import dataclass

from hologram.isa.elementary.constants import FORMATS, PI
from hologram.isa.elementary.lanes import V
from hologram.isa.elementary.reduction import reduce_large
from hologram.isa.elementary.value import Value, fma, polynomial, select, where_any
from hologram.types import Type


@dataclass(frozen=True)
class Angles:
    """Constants of one format."""

    moderate: float
    """up to here three parts of π are enough"""
    guard: int
    """fraction bits of the quotient that COS looks at to find the nearest odd multiple of π/2"""
    sin: tuple[float, ...]
    """(sin r / r - 1) / r**2 in r**2, for |r| <= π/2 and a little more"""
    tan: tuple[float, ...]
    """(tan r / r - 1) / r**2 in r**2, for |r| <= π/4 and a little more"""


TABLES = {
    Type.F32: Angles(
        moderate=1e5,
        guard=7,
        sin=(-0.1666666, 0.00833307, -0.0001980988, 2.6061623e-06),
        tan=(0.33333123, 0.13339698, 0.053335946, 0.02470154, 0.0026812695, 0.009646651),
    ),
    Type.F64: Angles(
        moderate=1e8,
        guard=12,
        sin=(
            -0.16666666666666666, 0.008333333333333167, -0.0001984126984119905, 2.7557319209383307e-06,
            -2.5052106710149414e-08, 1.6058931437408387e-10, -7.642774232427168e-13, 2.718868354728509e-15,
        ),
        tan=(
            0.3333333333333276, 0.13333333333417335, 0.05396825392536739, 0.021869489640285816, 0.008863218722006802,
            0.003592293082444104, 0.00145473355981325, 0.0005951678092478622, 0.00022207475560037386,
            0.00013715641761309294, -2.7278974459829328e-05, 9.027614835096327e-05, -4.532303667402677e-05,
            2.097105125977587e-05,
        ),
    ),
}  # fmt: skip


def _subtract(a: Value[V], k: Value[V], divisor: int) -> Value[V]:
    """a - k·π/divisor; the first product cancels exactly."""
    for part in FORMATS[a.ty].split(PI / divisor, 3):
        a = fma(k, -part, a)
    return a


def _odd(r: Value[V], coefficients: tuple[float, ...]) -> Value[V]:
    """r + r**3·p(r**2)."""
    square = r * r
    return fma(square * r, polynomial(square, coefficients), r)


def reduced_sine(r: Value[V]) -> Value[V]:
    """sin r for |r| <= 1.6, never above 1: in F32 so for every r (a test tries all), in F64 by cutting off."""
    result = _odd(r, TABLES[r.ty].sin)
    return result if r.ty is Type.F32 else result.at_most(1.0).at_least(-1.0)


def _flip(value: Value[V], sign: Value[V]) -> Value[V]:
    """The value with its sign bit flipped by the top bit of an integer whose other bits are 0."""
    return (value.bits() ^ sign).as_float()


def sin(x: Value[V]) -> Value[V]:
    """Sine of an angle in radians."""
    form, table = FORMATS[x.ty], TABLES[x.ty]
    a = abs(x)
    rounded = fma(a, float(1 / PI), form.rounder)
    r = _subtract(a, rounded - form.rounder, 1)
    fast = _flip(reduced_sine(r), rounded.bits() << (form.width - 1))
    result = where_any(a > table.moderate, lambda: reduced_sine(reduce_large(a, 0.0)), fast)
    return _flip(result, x.bits() & form.sign_bit)


def cos(x: Value[V]) -> Value[V]:
    """Cosine of an angle in radians: minus or plus the sine of the distance to an odd multiple of π/2.

    The quotient is rounded to `guard` fraction bits, cut to an integer and moved to the middle of its unit.
    """
    form, table = FORMATS[x.ty], TABLES[x.ty]
    a = abs(x)
    shift = 1.5 * 2.0 ** (form.mantissa - table.guard)
    middle = fma(a, float(1 / PI), shift).bits() & -(1 << table.guard) | (1 << (table.guard - 1))
    r = _subtract(a, middle.as_float() - shift, 1)
    # The lowest bit left of the cut is the parity; the bit of 1/2 beside it lands below the sign and is cleared.
    even = (middle << (form.width - 1 - table.guard)) ^ (form.sign_bit >> 1)
    fast = _flip(reduced_sine(r), even)
    return where_any(a > table.moderate, lambda: reduced_sine(reduce_large(a, 0.5)), fast)


def tan(x: Value[V]) -> Value[V]:
    """Tangent of an angle in radians: of the rest modulo π/2, or minus its reciprocal."""
    form, table = FORMATS[x.ty], TABLES[x.ty]
    a = abs(x)
    rounded = fma(a, float(2 / PI), form.rounder)
    t = _odd(_subtract(a, rounded - form.rounder, 2), table.tan)
    odd = (rounded.bits() & 1).differs(0)
    fast = select(odd, -1.0, t) / select(odd, t, 1.0)

    def slow() -> Value[V]:
        # Angles whose sines are sin a and cos a: the smaller gives the tangent or its reciprocal, the other its sign.
        sine, cosine = reduce_large(a, 0.0), reduce_large(a, 0.5)
        flat = abs(sine) < abs(cosine)
        t = _odd(select(flat, sine, cosine), table.tan)
        sign = select(flat, cosine, sine).bits() & form.sign_bit
        return _flip(select(flat, t, 1.0) / select(flat, 1.0, t), sign)

    return _flip(where_any(a > table.moderate, slow, fast), x.bits() & form.sign_bit)
