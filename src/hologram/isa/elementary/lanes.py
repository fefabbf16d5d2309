"""The basic operations that elementary functions are written in.

An expansion (``exp``, ``sin`` …) is one Python function that calls these methods. Each backend supplies an object with
them: NumPy arrays in the interpreter, LLVM vectors on the CPU. Every operation is exact or correctly rounded, so two
emitters that follow the protocol give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeVar

from hologram.types import Type

V = TypeVar("V")

Comparison = Literal["eq", "ne", "lt", "le", "gt", "ge"]


class Lanes(Protocol[V]):
    """Basic operations on lane values of an opaque type `V`.

    `ty` is the type of the operands (and of the result, where nothing else is said): F32, F64 or an integer type.
    A mask is a `V` too; it comes from `compare` and goes only to `select`, `where_any` and the mask operations.
    Float operations round to nearest-even, keep subnormals and are never contracted or reassociated.
    """

    def const(self, ty: Type, value: float | int) -> V:
        """The constant `value`, representable in `ty`, in every lane (infinities and NaN included)."""

    def add(self, ty: Type, a: V, b: V) -> V:
        """a + b; integers wrap."""

    def sub(self, ty: Type, a: V, b: V) -> V:
        """a - b; integers wrap."""

    def mul(self, ty: Type, a: V, b: V) -> V:
        """a * b; integers wrap."""

    def div(self, ty: Type, a: V, b: V) -> V:
        """a / b, floats only."""

    def fma(self, ty: Type, a: V, b: V, c: V) -> V:
        """a * b + c rounded once, floats only."""

    def neg(self, ty: Type, a: V) -> V:
        """-a; floats flip the sign bit, integers wrap."""

    def abs(self, ty: Type, a: V) -> V:
        """|a|, floats only: clears the sign bit."""

    def sqrt(self, ty: Type, a: V) -> V:
        """Correctly rounded square root, floats only."""

    def round_even(self, ty: Type, a: V) -> V:
        """Nearest integer, ties to even, as a float; keeps the sign of zero."""

    def floor(self, ty: Type, a: V) -> V:
        """Largest integer not above a, as a float."""

    def trunc(self, ty: Type, a: V) -> V:
        """Integer part of a, as a float."""

    def and_(self, ty: Type, a: V, b: V) -> V:
        """Bitwise and, integers only."""

    def or_(self, ty: Type, a: V, b: V) -> V:
        """Bitwise or, integers only."""

    def xor(self, ty: Type, a: V, b: V) -> V:
        """Bitwise exclusive or, integers only."""

    def shl(self, ty: Type, a: V, b: V) -> V:
        """a << b, integers only; 0 <= b < width."""

    def shr(self, ty: Type, a: V, b: V) -> V:
        """a >> b, arithmetic on signed types; 0 <= b < width."""

    def compare(self, condition: Comparison, ty: Type, a: V, b: V) -> V:
        """The mask of lanes where the condition holds; with NaN only "ne" does."""

    def mask_and(self, a: V, b: V) -> V:
        """Lanes set in both masks."""

    def mask_or(self, a: V, b: V) -> V:
        """Lanes set in either mask."""

    def mask_not(self, a: V) -> V:
        """Lanes not set in the mask."""

    def select(self, ty: Type, mask: V, a: V, b: V) -> V:
        """a where the mask is set, else b."""

    def bits(self, ty: Type, a: V) -> V:
        """The bits of a float of type `ty` as the signed integer of the same width."""

    def from_bits(self, ty: Type, a: V) -> V:
        """The float of type `ty` whose bits are a signed integer of the same width."""

    def convert(self, target: Type, source: Type, a: V) -> V:
        """The value of a, of type `source`, as a `target`, rounding to nearest-even where it is a float.

        Between integers of one width the bits are kept. Float to integer is asked only of integral values in range of
        the target; a NaN there may give any integer.
        """

    def lookup(self, ty: Type, table: tuple[float | int, ...], index_ty: Type, index: V) -> V:
        """table[index] for constants of type `ty`; every index is in range."""

    def where_any(self, mask: V, ty: Type, slow: Callable[[], V], fast: V) -> V:
        """select(mask, slow(), fast), but `slow` need not be evaluated when no lane's mask is set.

        A lane's result must not depend on its neighbours: where the mask is clear the lane gets `fast`.
        """
