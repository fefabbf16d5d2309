"""EXP, EXP2, EXPM1 and SIGMOID: 2**k times a polynomial in what is left of the argument.

k is found by adding a large number that leaves it in the low bits of the sum; the same bits, shifted into the
exponent field, are the power of two. Coefficients are minimax on Chebyshev points: those of F64 by Remez exchange in 60
digits, those of F32 by Lawson's algorithm, rounded one at a time with the rest refitted, then improved by hill climbing
on the measured error.
"""

from __future__ import annotations

from dataclasses import dataclass

from hologram.isa.elementary.constants import FORMATS, LN2, LOG2_E, Format
from hologram.isa.elementary.lanes import V
from hologram.isa.elementary.value import Value, fma, polynomial, select
from hologram.types import Type


@dataclass(frozen=True)
class Exponentials:
    """Constants of one format; polynomials leave out their constant term 1."""

    underflow: float
    """exp of this and of anything below rounds to 0"""
    overflow: float
    """exp of this and of anything above rounds to infinity"""
    exp: tuple[float, ...]
    """e**r for |r| <= ln 2"""
    exp2: tuple[float, ...]
    """2**r for |r| <= 1"""
    exp_short: tuple[float, ...]
    """e**r for |r| <= ln 2 / 2"""
    expm1: tuple[float, ...]
    """(e**r - 1) / r for |r| <= ln 2 / 2"""


TABLES = {
    Type.F32: Exponentials(
        underflow=-104.0,
        overflow=89.0,
        exp=(1.0, 0.50000036, 0.16666618, 0.041661188, 0.008335929, 0.00141048, 0.00019630716),
        exp2=(0.69314724, 0.24022669, 0.05550366, 0.009616844, 0.001334172, 0.00015645292, 1.4916963e-05),
        exp_short=(1.0, 0.49999994, 0.16666523, 0.041668292, 0.008368532, 0.0013818298),
        expm1=(0.49999997, 0.16666543, 0.04166749, 0.00836607, 0.001387075),
    ),
    Type.F64: Exponentials(
        underflow=-746.0,
        overflow=710.0,
        exp=(
            0.9999999999999996, 0.49999999999999956, 0.16666666666669291, 0.04166666666669235, 0.008333333332889879,
            0.001388888888458343, 0.00019841270160460178, 2.4801590388891026e-05, 2.755720833137345e-06,
            2.755624449519242e-07, 2.5070368324724067e-08, 2.1056081338636443e-09, 1.4954203559661553e-10,
        ),
        exp2=(
            0.6931471805599453, 0.24022650695910072, 0.05550410866482138, 0.009618129107628364,
            0.0013333558146447584, 0.00015403530393477344, 1.5252733795787517e-05, 1.3215486755307875e-06,
            1.0178087841187654e-07, 7.054917803625908e-09, 4.445321327275345e-10, 2.5673060668755934e-11,
            1.3822094725734949e-12, 6.975096785273162e-14,
        ),
        exp_short=(
            1.0000000000000007, 0.5000000000000006, 0.16666666666657304, 0.041666666666573635, 0.008333333337715309,
            0.00138888889323396, 0.00019841261491610043, 2.4801504512313354e-05, 2.7564254737484412e-06,
            2.762629626457516e-07, 2.2981389800884022e-08,
        ),
        expm1=(
            0.5000000000000007, 0.16666666666666696, 0.04166666666656163, 0.008333333333293102, 0.0013888888936442797,
            0.00019841269987220966, 2.4801499430820148e-05, 2.7557116698113716e-06, 2.762836006127782e-07,
            2.516136674404949e-08,
        ),
    ),
}  # fmt: skip


def power_of_two(rounded: Value[V], form: Format) -> Value[V]:
    """2**k from a sum whose low bits hold k + bias."""
    return (rounded.bits() << form.mantissa).as_float()


def remainder(x: Value[V], k: Value[V], step: int, form: Format) -> Value[V]:
    """x - step·k·ln 2; the first product cancels exactly, so only the last step rounds."""
    high, low = form.split(step * LN2, 2)
    return fma(k, -low, fma(k, -high, x))


def exp(x: Value[V]) -> Value[V]:
    """e**x, halving k: two factors 2**(k/2) reach subnormal results and the last binade with one rounding.

    Far down, as in masked softmax, one of them is 0: a product that underflows takes a processor some 150 cycles.
    """
    form, table = FORMATS[x.ty], TABLES[x.ty]
    x = x.at_least(table.underflow).at_most(table.overflow)
    shift = form.rounder + form.bias
    rounded = fma(x, float(LOG2_E / 2), shift)
    r = remainder(x, rounded - shift, 2, form)
    scale = power_of_two(rounded, form)
    return polynomial(r, (1.0, *table.exp)) * scale * select(x <= table.underflow, 0.0, scale)


def exp2(x: Value[V]) -> Value[V]:
    """2**x, in the manner of `exp`; the remainder is exact."""
    form, table = FORMATS[x.ty], TABLES[x.ty]
    underflow = -form.bias - form.mantissa - 2.0
    x = x.at_least(underflow).at_most(form.bias + 2.0)
    shift = form.rounder + form.bias
    rounded = fma(x, 0.5, shift)
    r = fma(rounded - shift, -2.0, x)
    scale = power_of_two(rounded, form)
    return polynomial(r, (1.0, *table.exp2)) * scale * select(x <= underflow, 0.0, scale)


def expm1(x: Value[V]) -> Value[V]:
    """e**x - 1 as twice ((2**k - 1) + 2**k·(e**r - 1)) / 2, which overflows only where the result does."""
    form, table = FORMATS[x.ty], TABLES[x.ty]
    bounded = x.at_least(-20.0 if x.ty is Type.F32 else -40.0).at_most(table.overflow)
    shift = form.rounder + (form.bias - 1)
    rounded = fma(bounded, float(LOG2_E), shift)
    r = remainder(bounded, rounded - shift, 1, form)
    half = power_of_two(rounded, form)
    result = fma(polynomial(r, (1.0, *table.expm1)), r * half, half - 0.5)
    # Arguments this small are their own result; halving them would lose bits of subnormals and the sign of zero.
    return select(abs(x) < 2.0 ** (-form.mantissa - 2), x, result + result)


def sigmoid(x: Value[V]) -> Value[V]:
    """1 / (1 + e**-x), both scaled down so that e**-x stays finite where the result is subnormal."""
    form, table = FORMATS[x.ty], TABLES[x.ty]
    x = x.at_least(table.underflow).at_most(40.0)
    down = form.width * (2 if x.ty is Type.F32 else 8)
    shift = form.rounder + (form.bias - down)
    rounded = fma(x, float(-LOG2_E), shift)
    r = remainder(x, rounded - shift, -1, form)
    alternating = [c if k % 2 else -c for k, c in enumerate(table.exp_short)]
    unit = 2.0**-down
    return unit / fma(polynomial(r, (1.0, *alternating)), power_of_two(rounded, form), unit)
