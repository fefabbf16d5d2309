"""TANH, SINH and COSH from the parts of e**x - 1 and e**x."""

from __future__ import annotations

from hologram.isa.elementary.constants import FORMATS, LN2, LOG2_E
from hologram.isa.elementary.exponential import TABLES, power_of_two, remainder
from hologram.isa.elementary.lanes import V
from hologram.isa.elementary.value import Value, copy_sign, fma, polynomial, select
from hologram.types import Type

_TANH_IS_ONE = {Type.F32: 9.5, Type.F64: 20.0}
_UNIT = 0.875
_LARGEST = {Type.F32: 89.5, Type.F64: 710.6}
"""sinh and cosh overflow below this, and 2**(k - 2) is still finite here"""


def tanh(x: Value[V]) -> Value[V]:
    """m / (m + 2) with m = e**(2|x|) - 1: never above 1, and accurate near 0.

    The doubling is folded into the coefficients. One constant for ln 2 / 2 is enough: its error grows with k, and
    where k is large tanh does not feel it. Both terms of the quotient carry the factor 7/8, which takes them from just
    above a power of two, where rounding costs most, to below it.
    """
    form = FORMATS[x.ty]
    a = abs(x).at_most(_TANH_IS_ONE[x.ty])
    shift = form.rounder + form.bias
    rounded = fma(a, float(2 * LOG2_E), shift)
    h = fma(rounded - shift, -form.nearest(LN2 / 2), a)
    coefficients = [_UNIT * c * 2.0 ** (k + 1) for k, c in enumerate((1.0, *TABLES[x.ty].expm1))]
    scale = power_of_two(rounded, form)
    m = fma(polynomial(h, coefficients), h * scale, fma(scale, _UNIT, -_UNIT))
    return copy_sign(m / (m + 2.0 * _UNIT), x)


def sinh(x: Value[V]) -> Value[V]:
    """(m + m / (m + 1)) / 2 with m = e**|x| - 1, on m / 4 so that nothing overflows early."""
    form = FORMATS[x.ty]
    a = abs(x).at_most(_LARGEST[x.ty])
    shift = form.rounder + (form.bias - 2)
    rounded = fma(a, float(LOG2_E), shift)
    r = remainder(a, rounded - shift, 1, form)
    quarter = power_of_two(rounded, form)
    m = fma(polynomial(r, (1.0, *TABLES[x.ty].expm1)), r * quarter, quarter - 0.25)
    half = m + m / fma(m, 4.0, 1.0)
    # sinh a = a to half an ulp for these, and quartering would lose bits of subnormals.
    tiny = a < 2.0 ** -(form.mantissa // 2 + 1)
    return copy_sign(select(tiny, a, half + half), x)


def cosh(x: Value[V]) -> Value[V]:
    """(e + 1/e) / 2 with e = e**|x|, on e / 4 so that nothing overflows early."""
    form = FORMATS[x.ty]
    a = abs(x).at_most(_LARGEST[x.ty])
    shift = form.rounder + (form.bias - 2)
    rounded = fma(a, float(LOG2_E), shift)
    r = remainder(a, rounded - shift, 1, form)
    e = polynomial(r, (1.0, *TABLES[x.ty].exp_short)) * power_of_two(rounded, form)
    half = e + 0.0625 / e
    return half + half
