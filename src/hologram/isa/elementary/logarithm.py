"""LOG, LOG2, LOG10 and LOG1P: x = m·2**e with m between sqrt(1/2) and sqrt(2), and a polynomial in f = m - 1.

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
    """bits of sqrt(1/2), where mantissas begin"""
    log: tuple[float, ...]
    """(log(1 + f) - f) / f**2 for sqrt(1/2) - 1 <= f <= sqrt(2) - 1"""
    log2: tuple[float, ...]
    """log2(1 + f) / f less log2(e) rounded to the format"""


TABLES = {
    Type.F32: Logarithms(
        lowest=0x3F3504F3,
        log=(
            -0.4999999, 0.33333948, -0.2500181, 0.19962327, -0.16570294, 0.14916223, -0.14307648, 0.0873912,
        ),
        log2=(
            -1.7977031e-08, -0.72134733, 0.48091042, -0.36070395, 0.287919, -0.238937, 0.21568532, -0.2073049,
            0.12596208,
        ),
    ),
    Type.F64: Logarithms(
        lowest=0x3FE6A09E667F3BCD,
        log=(
            -0.5000000000000003, 0.33333333333333026, -0.24999999999974956, 0.20000000000085552,
            -0.16666666671350278, 0.1428571427957529, -0.124999996048268, 0.11111111101852714, -0.10000017929521522,
            0.09090927343201231, -0.08332864180804632, 0.0769143516519429, -0.07149938534540967, 0.06685911695342008,
            -0.06194330292199794, 0.056590972331466344, -0.05678428469698898, 0.06529368021252803,
            -0.06005096347640548, 0.026166436611805094,
        ),
        log2=(
            2.3908050375931898e-17, -0.7213475204444824, 0.48089834696298184, -0.3606737602218476,
            0.2885390081792249, -0.24044917355278267, 0.20609929145644681, -0.18033687419726535, 0.16029944907348687,
            -0.14426976955651033, 0.13115435896701483, -0.12021769141047318, 0.11096382428076267,
            -0.10315316460399492, 0.0964596938026462, -0.08935792944135135, 0.08162453703450688,
            -0.08193418783005886, 0.0942585556907709, -0.08666601700522542, 0.03773520695044384,
        ),
    ),
}  # fmt: skip


def decompose(x: Value[V]) -> tuple[Value[V], Value[V]]:
    """(e·2**mantissa, f) with x = (1 + f)·2**e, for positive normal x."""
    form = FORMATS[x.ty]
    exponent = (x.bits() - TABLES[x.ty].lowest) & form.exponent_mask
    return exponent.to(x.ty), (x.bits() - exponent).as_float() - 1.0


def _log1p_small(f: Value[V]) -> Value[V]:
    """log(1 + f) for sqrt(1/2) - 1 <= f <= sqrt(2) - 1."""
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
        e, f = decompose(select(subnormal, x * 2.0**form.mantissa, x))
        result = finish(e - select(subnormal, x.const(form.mantissa * 2.0**form.mantissa), 0.0), f)
        result = select(x > 0.0, result, select(x.equals(0.0), x.const(-math.inf), math.nan))
        return select(x < math.inf, result, x)

    return where_any(special, slow, finish(*decompose(x)))


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
    # The mask rounds down: with mantissa ones added it yields minus the exponent of `decompose`.
    negated = (table.lowest + (1 << form.mantissa) - 1 - (x + 1.0).bits()) & form.exponent_mask
    # 4·2**-e, as 2**-e itself is subnormal in the last binade.
    scale = (negated + (form.one_bits + (2 << form.mantissa))).as_float()
    f = (x.bits() + negated).as_float() - fma(scale, -0.25, 1.0)
    fast = fma(negated.to(x.ty), -form.nearest(LN2) * 2.0**-form.mantissa, _log1p_small(f))

    def slow() -> Value[V]:
        outside = select(x.equals(-1.0), x.const(-math.inf), math.nan)
        return select(x.equals(math.inf), x, outside)

    return where_any(~((x > -1.0) & (x < math.inf)), slow, fast)
