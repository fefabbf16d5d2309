"""ERF: an odd polynomial near 0, one minus a power of a polynomial beyond.

The complement's 8th (F32) or 16th (F64) root is smooth and close to linear, and raising to that power costs a few
multiplications where the usual e**(-x**2) costs a whole exponential. Coefficients are minimax (see `exponential`).
"""

from __future__ import annotations

from dataclasses import dataclass

from hologram.isa.elementary.lanes import V
from hologram.isa.elementary.value import Value, copy_sign, fma, polynomial, select
from hologram.types import Type


@dataclass(frozen=True)
class ErrorFunction:
    """Constants of one format."""

    near: float
    """up to here the odd polynomial"""
    one: float
    """from here on the result is 1"""
    odd: tuple[float, ...]
    """erf(x) / x - 1 in x**2"""
    squarings: int
    root: tuple[float, ...]
    """(1 - erf(x)) ** 2**-squarings"""


TABLES = {
    Type.F32: ErrorFunction(
        near=1.0,
        one=4.0,
        odd=(0.12837912, -0.3761232, 0.112801135, -0.026709221, 0.0049149087, -0.00056199182),
        squarings=3,
        root=(1.0008347, -0.14506055, -0.061426394, -0.0113735134, 0.012925841, -0.0024697292, 0.00014984966),
    ),
    Type.F64: ErrorFunction(
        near=1.0,
        one=6.0,
        odd=(
            0.12837916709551256, -0.3761263890318352, 0.11283791670944193, -0.026866170643112662,
            0.005223977606126859, -0.0008548325929664771, 0.00012055293586145296, -1.4924712460267118e-05,
            1.6447133325743618e-06, -1.620632592214563e-07, 1.3711028367098585e-08, -7.779550681176688e-10,
        ),
        squarings=4,
        root=(
            0.9999999640343258, -0.07052334102504654, -0.03730358589026972, -0.00367102014293316,
            0.00233302804012704, 0.00012785532932676523, -0.00017090306840815528, 4.5173568198633735e-05,
            -4.820335736999525e-06, -2.383205035071177e-06, 1.6718257351694725e-06, -5.754328917465607e-07,
            1.341739012186528e-07, -2.250643652424309e-08, 2.7044783140543437e-09, -2.2231822072726145e-10,
            1.1232306735997535e-11, -2.6342789028574434e-13,
        ),
    ),
}  # fmt: skip


def erf(x: Value[V]) -> Value[V]:
    """Error function."""
    table = TABLES[x.ty]
    a = abs(x).at_most(table.one)
    power = polynomial(a, table.root)
    for _ in range(table.squarings):
        power = power * power
    near = fma(polynomial(a * a, table.odd), a, a)
    return copy_sign(select(a > table.near, 1.0 - power, near), x)
