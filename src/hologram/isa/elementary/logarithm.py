"""LOG, LOG2, LOG10 and LOG1P: x = m·2**e with m between 2/3 and 4/3, and a polynomial in f = m - 1.

The exponent is used where it lies in the bits, as e·2**mantissa, and scaled by its constant. Coefficients are minimax
(see `exponential`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from hologram.isa.elementary.constants import FORMATS, LN2, LOG2_E, LOG10_2, LOG10_E
from hologram.isa.elementary.lanes import V
from hologram.isa.elementary.value import Value, fma, polynomial, select, where_any
from hologram.types import Type

_UNSIGNED = {Type.F32: Type.U32, Type.F64: Type.U64}


@dataclass(frozen=True)
class Logarithms:
    """Constants of one format."""

    lowest: int
    """Bits of 2/3, where mantissas begin"""
    log: tuple[float, ...]
    """(log(1 + f) - f) / f**2 for -1/3 <= f <= 1/3"""
    log2: tuple[float, ...]
    """log2(1 + f) / f less log2(e) rounded to the format"""


TABLES = {
    Type.F32: Logarithms(
        lowest=0x3F2AAAAB,
        log=(
            -0.49999937, 0.333332, -0.2500777, 0.20011044, -0.16417009, 0.13997135, -0.15383793, 0.14020608,
        ),
        log2=(
            2.440312e-08, -0.72134656, 0.480896, -0.36078873, 0.2887102, -0.23679921, 0.20181488, -0.2221626, 0.20271812,
        ),
    ),
    Type.F64: Logarithms(
        lowest=0x3FE5555555555555,
        log=(
            -0.5, 0.33333333333333154, -0.24999999999999156, 0.20000000000077378, -0.16666666666880872,
            0.1428571427408372, -0.12499999975895787, 0.11111111975202481, -0.10000001478271184, 0.0909087229846734,
            -0.08333278599845062, 0.07693272919835233, -0.07144146304975031, 0.06650577564530015,
            -0.062302912941806114, 0.06052338918549179, -0.057494113768759667, 0.04173066851597123,
            -0.038303223854038705, 0.08503808816072789, -0.08348334142667484,
        ),
        log2=(
            2.2017032013783763e-17, -0.721347520444481, 0.48089834696298417, -0.360673760222685, 0.28853900817911365,
            -0.2404491733958306, 0.20609929137022392, -0.18033688767647504, 0.1602994622803949, -0.14426913765843388,
            0.13115354040530547, -0.12023521822625413, 0.11099088334809463, -0.10285739834821746, 0.0959428685621569,
            -0.09234189050016083, 0.08734915499329231, -0.06538108540342943, 0.06007926167111537,
            -0.1255192299273156, 0.12289256428033905,
        ),
    ),
}  # fmt: skip


def _decompose(x: Value[V]) -> tuple[Value[V], Value[V]]:
    """(e·2**mantissa, f) with x = (1 + f)·2**e, for positive normal x."""
    form = FORMATS[x.ty]
    exponent = (x.bits() - TABLES[x.ty].lowest) & form.exponent_mask
    return exponent.to(x.ty), (x.bits() - exponent).as_float() - 1.0


def _log1p_small(f: Value[V]) -> Value[V]:
    """log(1 + f) for |f| <= 1/3."""
    return fma(polynomial(f, TABLES[f.ty].log), f * f, f)


def _natural(e: Value[V], f: Value[V]) -> Value[V]:
    form = FORMATS[f.ty]
    return fma(e, form.nearest(LN2) * 2.0**-form.mantissa, _log1p_small(f))


def _binary(e: Value[V], f: Value[V]) -> Value[V]:
    form = FORMATS[f.ty]
    inner = fma(polynomial(f, TABLES[f.ty].log2), f, e * 2.0**-form.mantissa)
    return fma(f, form.nearest(LOG2_E), inner)


def _decimal(e: Value[V], f: Value[V]) -> Value[V]:
    form = FORMATS[f.ty]
    high, low = (part * 2.0**-form.mantissa for part in form.split(LOG10_2, 2))
    return fma(e, high, fma(e, low, _log1p_small(f) * float(LOG10_E)))


def _over_all(x: Value[V], finish: Callable[[Value[V], Value[V]], Value[V]]) -> Value[V]:
    """finish(e, f), with zero, subnormals, negative numbers, infinity and NaN on a path of their own."""
    form = FORMATS[x.ty]
    first = 1 << form.mantissa
    finite = ((1 << (form.width - 1)) - first) - first
    special = (x.bits() - first).to(_UNSIGNED[x.ty]) >= finite

    def slow() -> Value[V]:
        subnormal = x < form.smallest_normal
        e, f = _decompose(select(subnormal, x * 2.0**form.mantissa, x))
        result = finish(e - select(subnormal, x.const(form.mantissa * 2.0**form.mantissa), 0.0), f)
        result = select(x > 0.0, result, select(x.equals(0.0), x.const(-math.inf), math.nan))
        return select(x < math.inf, result, x)

    return where_any(special, slow, finish(*_decompose(x)))


def log(x: Value[V]) -> Value[V]:
    """Natural logarithm."""
    return _over_all(x, _natural)


def log2(x: Value[V]) -> Value[V]:
    """Logarithm to base 2, exact at powers of two."""
    return _over_all(x, _binary)


def log10(x: Value[V]) -> Value[V]:
    """Logarithm to base 10."""
    return _over_all(x, _decimal)


def log1p(x: Value[V]) -> Value[V]:
    """log(1 + x): 1 + x gives the exponent only, the mantissa is made of x itself.

    With 1 + x = (1 + f)·2**e, f = x·2**-e + (2**-e - 1). The negated exponent is what is needed most; it also keeps
    the sign of a zero, as products with a zero exponent then are -0.
    """
    form, table = FORMATS[x.ty], TABLES[x.ty]
    # The mask rounds down: with mantissa ones added it yields minus the exponent of `_decompose`.
    negated = (table.lowest + (1 << form.mantissa) - 1 - (x + 1.0).bits()) & form.exponent_mask
    # 4·2**-e, as 2**-e itself is subnormal in the last binade.
    scale = (negated + (form.one_bits + (2 << form.mantissa))).as_float()
    f = (x.bits() + negated).as_float() - fma(scale, -0.25, 1.0)
    fast = fma(negated.to(x.ty), -form.nearest(LN2) * 2.0**-form.mantissa, _log1p_small(f))

    def slow() -> Value[V]:
        outside = select(x.equals(-1.0), x.const(-math.inf), math.nan)
        return select(x.equals(math.inf), x, outside)

    return where_any(~(abs(x) < math.inf) | (x <= -1.0), slow, fast)
