"""ATAN, ATAN2, ASIN and ACOS: a polynomial on a small interval and the identities that lead there.

Coefficients are minimax (see `exponential`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hologram.isa.elementary.constants import FORMATS, PI
from hologram.isa.elementary.lanes import V
from hologram.isa.elementary.value import Value, copy_sign, fma, polynomial, select
from hologram.types import Type


@dataclass(frozen=True)
class Arcs:
    """Constants of one format."""

    atan: tuple[float, ...]
    """(atan t / t - 1) / t**2 in t**2, for 0 <= t <= 1"""
    asin: tuple[float, ...]
    """(asin t / t - 1) / t**2 in t**2, for 0 <= t <= 1/2"""


TABLES = {
    Type.F32: Arcs(
        atan=(
            -0.33333153, 0.19993767, -0.14211003, 0.10665786, -0.07551729, 0.043205976, -0.016364245, 0.00291976,
        ),
        asin=(0.16666752, 0.074953094, 0.04546915, 0.024184778, 0.042158306),
    ),
    Type.F64: Arcs(
        atan=(
            -0.3333333333333186, 0.19999999999755275, -0.14285714271347333, 0.11111110679060411, -0.09090901240012482,
            0.07692212975405742, -0.06665860666102233, 0.05877309250637118, -0.05239238365259221, 0.04673964298037661,
            -0.04092668919998957, 0.03406830235702681, -0.025827398178184018, 0.016978593176487446,
            -0.009184942971974419, 0.003856164847785333, -0.0011641355097249816, 0.00022303536321483173,
            -2.0259755623925457e-05,
        ),
        asin=(
            0.1666666666666541, 0.07500000000336762, 0.044642856828531474, 0.03038195912880611, 0.022371758240968643,
            0.017359701964115227, 0.013885262430805597, 0.01216903876151132, 0.0065287062302016976,
            0.019526307324546015, -0.016221242217475118, 0.03191024523631521,
        ),
    ),
}  # fmt: skip


def _arc(t: Value[V], coefficients: tuple[float, ...]) -> Value[V]:
    """t + t**3·p(t**2)."""
    square = t * t
    return fma(square * t, polynomial(square, coefficients), t)


def _complement(a: Value[V], halves: int) -> Value[V]:
    """halves·π/2 - a with the constant in two parts."""
    high, low = FORMATS[a.ty].split(PI * halves / 2, 2)
    return high - (a - low)


def atan(x: Value[V]) -> Value[V]:
    """Inverse tangent; beyond 1 it is π/2 less that of the reciprocal."""
    a = abs(x)
    beyond = a > 1.0
    t = _arc(select(beyond, 1.0, a) / select(beyond, a, 1.0), TABLES[x.ty].atan)
    return copy_sign(select(beyond, _complement(t, 1), t), x)


def atan2(y: Value[V], x: Value[V]) -> Value[V]:
    """Angle of the point (x, y) in (-π, π], with the signs of zeros and infinities of IEEE 754."""
    form = FORMATS[y.ty]
    ay, ax = abs(y), abs(x)
    steep = ay > ax
    small, large = select(steep, ax, ay), select(steep, ay, ax)
    # 0/0 becomes 0 by a divisor that is never 0, and inf/inf becomes 1.
    smallest = 2.0 ** (1 - form.bias - form.mantissa)
    both_infinite = small.equals(math.inf) & large.equals(math.inf)
    ratio = select(both_infinite, 1.0, small / large.at_least(smallest))
    # x > 0: a or π/2 - a; x < 0: π - a or π/2 + a, where a is the angle to the nearer axis.
    base = select(steep, float(PI / 2), select(x.bits() < 0, y.const(float(PI)), 0.0))
    flip = select(steep, x.bits().const(form.sign_bit), 0) ^ (x.bits() & form.sign_bit)
    angle = base + (_arc(ratio, TABLES[y.ty].atan).bits() ^ flip).as_float()
    return copy_sign(angle, y)


def _half_chord(a: Value[V]) -> tuple[Value[V], Value[V]]:
    """(t, asin-polynomial of t) with t = a up to 1/2 and sqrt((1 - a) / 2) beyond; t is NaN beyond 1."""
    beyond = a > 0.5
    t = select(beyond, fma(a, -0.5, 0.5).sqrt(), a)
    return t, _arc(t, TABLES[a.ty].asin)


def asin(x: Value[V]) -> Value[V]:
    """Inverse sine; beyond 1/2 it is π/2 - 2·asin(sqrt((1 - x) / 2))."""
    a = abs(x)
    _, arc = _half_chord(a)
    return copy_sign(select(a > 0.5, _complement(arc + arc, 1), arc), x)


def acos(x: Value[V]) -> Value[V]:
    """Inverse cosine: 2·asin(sqrt((1 - x) / 2)) above 1/2, π less that below -1/2, π/2 - asin x between."""
    a = abs(x)
    _, arc = _half_chord(a)
    outer = arc + arc
    outer = select(x < 0.0, _complement(outer, 2), outer)
    return select(a > 0.5, outer, _complement(copy_sign(arc, x), 1))
