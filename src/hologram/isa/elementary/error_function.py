"""ERF: an odd polynomial near 0, one minus a power of a polynomial beyond.

The complement's 8th root is smooth and close to linear, and raising to that power costs a few
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
    root: tuple[float, ...]
    """(1 - erf(x))**(1/8)"""


TABLES = {
    Type.F32: ErrorFunction(
        near=1.0,
        one=4.0,
        odd=(0.12837912, -0.3761232, 0.112801135, -0.026709221, 0.0049149087, -0.00056199182),
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
        root=(
            0.9999999720167715, -0.1410471208610491, -0.06963153471482343, -0.002086610683803344,
            0.0065878189651846905, 0.0001819451007513926, -0.0004992105168101933, 6.893398351310299e-05,
            1.4414303559825557e-05, -1.284860175359023e-05, 6.0280756060232e-06, -2.0094496069258912e-06,
            4.870294409250742e-07, -8.809095589121835e-08, 1.2022110839168134e-08, -1.2171411662693768e-09,
            8.663719404295821e-11, -3.866965474001254e-12, 8.120862833667322e-14,
        ),
    ),
}  # fmt: skip


def erf(x: Value[V]) -> Value[V]:
    """Error function."""
    table = TABLES[x.ty]
    a = abs(x).at_most(table.one)
    power = polynomial(a, table.root)
    for _ in range(3):
        power = power * power
    near = fma(polynomial(a * a, table.odd), a, a)
    return copy_sign(select(a > table.near, 1.0 - power, near), x)
