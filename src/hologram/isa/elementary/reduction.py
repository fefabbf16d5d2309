"""Reducing an angle of any size to at most half a turn, exactly enough for its sine.

After Payne and Hanek, "Radian reduction for trigonometric functions" (1983): of 1/π only those bits are multiplied
that matter for an argument of this exponent, because the higher ones give even multiples of π.
"""

from __future__ import annotations

from functools import cache

from hologram.isa.elementary.constants import FORMATS, PI
from hologram.isa.elementary.lanes import V
from hologram.isa.elementary.value import Value, fma
from hologram.types import Type

_FORM = FORMATS[Type.F64]
_BINADES = 8
"""exponents that share a table entry"""
_PIECES = 4
_PIECE_BITS = 53
_PRECISION = 1400
_SCALE = 512
"""arguments are scaled by 2**-512 and the table by 2**512, so that no entry is subnormal"""


@cache
def _pi_bits() -> int:
    """π·2**_PRECISION, rounded down a little, by Machin's formula."""
    guard = 32
    one = 1 << (_PRECISION + guard)

    def inverse_tangent(n: int) -> int:
        term = total = one // n
        divisor, sign = 3, -1
        while term:
            term //= n * n
            total += sign * (term // divisor)
            divisor, sign = divisor + 2, -sign
        return total

    return (16 * inverse_tangent(5) - 4 * inverse_tangent(239)) >> guard


@cache
def _inverse_pi() -> tuple[tuple[float, ...], ...]:
    """For each piece, its value by biased exponent // _BINADES: 53 bits of 1/π from the first that matters on."""
    inverse = (1 << (2 * _PRECISION)) // _pi_bits()  # 1/π·2**_PRECISION
    columns: list[list[float]] = [[] for _ in range(_PIECES)]
    for index in range((2 * _FORM.bias + 2) // _BINADES):
        exponent = index * _BINADES - _FORM.bias
        # Arguments are multiples of 2**(exponent - 52): bits of weight 2**(53 - exponent) and above make even numbers.
        top = _PRECISION + _FORM.mantissa + 1 - exponent
        for column in columns:
            low = top - _PIECE_BITS
            piece = (inverse >> low) & ((1 << _PIECE_BITS) - 1) if low >= 0 else 0
            # Small arguments never come here; their entries would overflow the scaling.
            column.append(float(piece) * 2.0 ** (low - _PRECISION + _SCALE) if exponent > 0 else 0.0)
            top = low
    return tuple(map(tuple, columns))


def two_sum(a: Value[V], b: Value[V]) -> tuple[Value[V], Value[V]]:
    """a + b and its rounding error (Knuth)."""
    total = a + b
    virtual = total - a
    return total, (a - (total - virtual)) + (b - virtual)


def _reduce(a: Value[V], offset: float) -> Value[V]:
    index = a.bits() >> (_FORM.mantissa + _BINADES.bit_length() - 1)
    first, second, third, fourth = (index.lookup(Type.F64, column) for column in _inverse_pi())
    a = a * 2.0**-_SCALE
    # a/π = p1 + e1 + p2 + e2 + p3 + e3 + p4, up to an even integer; whole turns are dropped from each part. No F64
    # number is nearer than about 2**-61 to a multiple of 1/2, which is why 159 bits would not do.
    p1, p2, p3, p4 = a * first, a * second, a * third, a * fourth
    e1, e2, e3 = fma(a, first, -p1), fma(a, second, -p2), fma(a, third, -p3)
    p1 = fma((p1 * 0.5).round_even(), -2.0, p1)
    n1, n2 = e1.round_even(), p2.round_even()
    part, tail1 = two_sum(p1, e1 - n1)
    part, tail2 = two_sum(part, p2 - n2)
    n3 = (part + offset).round_even()
    high, low = part - (n3 - offset), a.const(0.0)
    for term in (tail1, tail2, e2, p3, e3, p4):
        high, error = two_sum(high, term)
        low = low + error
    pi_high, pi_low = _FORM.split(PI, 2)
    angle = fma(high, pi_high, fma(high, pi_low, low * pi_high))
    odd = (n1 + n2 + n3 + _FORM.rounder).bits() << (_FORM.width - 1)
    return (angle.bits() ^ odd).as_float()


def reduce_large(a: Value[V], offset: float) -> Value[V]:
    """r in about [-π/2, π/2] with sin r = sin a (offset 0) or sin r = cos a (offset 0.5), for 2 <= a.

    Infinite and NaN give NaN; smaller arguments give some number.
    """
    return _reduce(a.to(Type.F64), offset).to(a.ty)
