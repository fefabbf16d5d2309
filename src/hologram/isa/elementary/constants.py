"""The two float formats and the exact constants that expansions split into them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hologram.types import Type

LN2 = Fraction("0.693147180559945309417232121458176568075500134360255254120680009")
LOG2_E = Fraction("1.442695040888963407359924681001892137426645954152985934135449407")
LOG10_2 = Fraction("0.301029995663981195213738894724493026768189881462108541310427461")
LOG10_E = Fraction("0.434294481903251827651128918916605082294397005803666566114453783")
PI = Fraction("3.141592653589793238462643383279502884197169399375105820974944592")


@dataclass(frozen=True)
class Format:
    """A binary float format: explicit mantissa bits and exponent bias."""

    ty: Type
    mantissa: int
    bias: int

    @property
    def width(self) -> int:
        return self.ty.bits

    @property
    def rounder(self) -> float:
        """Adding and subtracting it rounds |x| < 2**(mantissa - 1) to an integer, found in the low bits of the sum."""
        return 1.5 * 2.0**self.mantissa

    @property
    def one_bits(self) -> int:
        return self.bias << self.mantissa

    @property
    def exponent_mask(self) -> int:
        """Sign and exponent bits, as a signed integer."""
        return -1 << self.mantissa

    @property
    def sign_bit(self) -> int:
        return -1 << (self.width - 1)

    @property
    def smallest_normal(self) -> float:
        return 2.0 ** (1 - self.bias)

    def nearest(self, number: Fraction) -> float:
        """The number rounded to this format."""
        return float(self.ty.dtype.type(float(number)))

    def split(self, number: Fraction, parts: int) -> tuple[float, ...]:
        """Numbers of this format, each the nearest to what those before it leave over."""
        pieces = []
        for _ in range(parts):
            pieces.append(self.nearest(number))
            number -= Fraction(pieces[-1])
        return tuple(pieces)


FORMATS = {Type.F32: Format(Type.F32, 23, 127), Type.F64: Format(Type.F64, 52, 1023)}
