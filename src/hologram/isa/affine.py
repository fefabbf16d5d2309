"""Integer polynomials over parameter slots, and index expressions affine in lanes and loop counters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hologram.isa.operands import Field, Slot

Monomial = tuple[Slot, ...]


def _order(slot: Slot) -> tuple[int, str, int]:
    return slot.index, slot.field.value, slot.axis


@dataclass(frozen=True)
class Poly:
    """A polynomial with integer coefficients over slots: ``terms`` is sorted, without zeros.

    >>> n = Poly.slot(Slot(0))
    >>> (n * 2 + 1).evaluate({Slot(0): 10})
    21
    """

    terms: tuple[tuple[Monomial, int], ...] = ()

    @staticmethod
    def of(terms: Mapping[Monomial, int]) -> Poly:
        kept = [t for t in terms.items() if t[1]]
        if len(kept) > 1:
            kept.sort(key=lambda t: (len(t[0]), [_order(s) for s in t[0]]))
        return Poly(tuple(kept))

    @staticmethod
    def const(value: int) -> Poly:
        return Poly((((), value),)) if value else _ZERO

    @staticmethod
    def slot(slot: Slot) -> Poly:
        return Poly((((slot,), 1),))

    def __add__(self, other: Poly | int) -> Poly:
        added = _poly(other).terms
        if not added or not self.terms:
            return self if not added else _poly(other)
        out = dict(self.terms)
        for mono, coefficient in added:
            out[mono] = out.get(mono, 0) + coefficient
        return Poly.of(out)

    def __neg__(self) -> Poly:
        return Poly(tuple((m, -c) for m, c in self.terms))

    def __sub__(self, other: Poly | int) -> Poly:
        return self + -_poly(other)

    def __mul__(self, other: Poly | int) -> Poly:
        factors = _poly(other).terms
        if len(factors) == 1 and not factors[0][0]:
            number = factors[0][1]
            return self if number == 1 else Poly(tuple((m, c * number) for m, c in self.terms))
        out: dict[Monomial, int] = {}
        for m1, c1 in self.terms:
            for m2, c2 in factors:
                mono = tuple(sorted(m1 + m2, key=_order))
                out[mono] = out.get(mono, 0) + c1 * c2
        return Poly.of(out)

    @property
    def constant(self) -> int | None:
        """The value when it depends on no slot, else None."""
        if not self.terms:
            return 0
        return self.terms[0][1] if len(self.terms) == 1 and not self.terms[0][0] else None

    @property
    def degree(self) -> int:
        return max((len(m) for m, _ in self.terms), default=0)

    def slots(self) -> frozenset[Slot]:
        return frozenset(s for mono, _ in self.terms for s in mono)

    def substitute(self, constants: Mapping[Slot, int]) -> Poly:
        """The polynomial with some slots replaced by their values."""
        if not constants:
            return self
        out: dict[Monomial, int] = {}
        for mono, coefficient in self.terms:
            rest = tuple(s for s in mono if s not in constants)
            for slot in mono:
                coefficient *= constants.get(slot, 1)
            out[rest] = out.get(rest, 0) + coefficient
        return Poly.of(out)

    def evaluate(self, values: Mapping[Slot, int]) -> int:
        """Exact value for given slots."""
        total = 0
        for mono, coefficient in self.terms:
            for slot in mono:
                coefficient *= values[slot]
            total += coefficient
        return total

    def render(self, name: Callable[[Slot], str]) -> str:
        """Readable text, for instance ``m*lda - 1``."""
        text = ""
        for mono, c in reversed(self.terms):
            factors = [name(s) for s in mono]
            if abs(c) != 1 or not factors:
                factors.insert(0, str(abs(c)))
            text += (" - " if c < 0 else " + ") + "*".join(factors)
        return (text.removeprefix(" + ") if text.startswith(" + ") else text.replace(" - ", "-", 1)) or "0"


_ZERO = Poly()


def _poly(value: Poly | int) -> Poly:
    return value if isinstance(value, Poly) else Poly.const(value)


def slot_name(names: list[str], slot: Slot) -> str:
    """`n`, `a.shape[0]`, `a.stride[1]` for a slot."""
    base = names[slot.index]
    return base if slot.field is Field.VALUE else f"{base}.{slot.field.value}[{slot.axis}]"


@dataclass(frozen=True, slots=True)
class Variable:
    """Something with many values: ("lane", axis), ("loop", header) counts rounds, ("choice", i) is a MIN or MAX."""

    kind: str
    id: int


@dataclass(frozen=True)
class Affine:
    """``base + sum(coefficient · variable)`` with polynomial coefficients."""

    base: Poly = Poly()
    terms: tuple[tuple[Variable, Poly], ...] = ()

    @staticmethod
    def of(base: Poly, terms: Iterable[tuple[Variable, Poly]] = ()) -> Affine:
        merged: dict[Variable, Poly] = {}
        for variable, coefficient in terms:
            merged[variable] = merged.get(variable, Poly()) + coefficient
        kept = [(v, c) for v, c in merged.items() if c.terms]
        return Affine(base, tuple(sorted(kept, key=lambda t: (t[0].kind, t[0].id))))

    def __add__(self, other: Affine) -> Affine:
        if not self.terms or not other.terms:
            return Affine(self.base + other.base, self.terms or other.terms)
        return Affine.of(self.base + other.base, [*self.terms, *other.terms])

    def __sub__(self, other: Affine) -> Affine:
        return self + Affine(-other.base, tuple((v, -c) for v, c in other.terms))

    def scale(self, factor: Poly) -> Affine:
        if not factor.terms:
            return Affine()
        return Affine(self.base * factor, tuple((v, c * factor) for v, c in self.terms))

    def substitute(self, constants: Mapping[Slot, int]) -> Affine:
        """The expression with some slots replaced by their values."""
        return Affine.of(self.base.substitute(constants), [(v, c.substitute(constants)) for v, c in self.terms])

    @property
    def uniform(self) -> Poly | None:
        """The polynomial when no variable occurs, else None."""
        return None if self.terms else self.base

    def coefficient(self, variable: Variable) -> Poly:
        return dict(self.terms).get(variable, Poly())
