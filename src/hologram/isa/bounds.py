"""The box of lane coordinates and loop counters that reaches an access, as formulas.

Every variable has a lowest and a highest-plus-one value. Guards and loops narrow them one after the other: what a guard
says about one variable is what remains when the others take their most permissive values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from hologram.isa.affine import Affine, Poly, Variable
from hologram.isa.conditions import Guard
from hologram.isa.formula import FormulaBuilder, Interval
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Program
from hologram.isa.transfer import Choice
from hologram.types import Type

MAX_LANES = 1 << 48
ANY_BITS = 65
"""No limit: every parameter fits."""
SAFE = 1 << 62
"""Values up to here, added or subtracted once, stay inside 64 bits: comparisons of them are comparisons of integers."""


@dataclass(frozen=True, slots=True)
class Trip:
    """A guard that bounds a loop's counter: the access is in rounds that pass it, or one later (`extra` 1)."""

    counter: Variable
    guard: Guard
    extra: int


Limit = Guard | Trip


def slot_range(program: Program, slot: Slot, bits: int) -> Interval:
    """The values a slot can have, if its size is below 2**bits."""
    if slot.field is Field.SHAPE:
        low, high = 0, Type.I64.maximum
    else:
        kind = Type.I64 if slot.field is Field.STRIDE else program.params[slot.index].type
        low, high = kind.minimum, kind.maximum
    return max(low, 1 - (1 << bits)), min(high, (1 << bits) - 1)


class Box:
    """Ranges of variables under a sequence of limits, and whether anything is left (`alive`, a truth)."""

    def __init__(self, builder: FormulaBuilder, program: Program, choices: Mapping[int, Choice], bits: int) -> None:
        self.builder, self.program, self.choices, self.bits = builder, program, choices, bits
        self.alive = builder.const(1)
        self._ranges: dict[Variable, tuple[int, int]] = {}
        self._caps: list[tuple[Affine, int, int]] = []

    def launch(self) -> None:
        """Begin with the lanes of the launch on all three axes."""
        for axis in range(3):
            lanes = self.builder.source("lanes", axis, (0, min(MAX_LANES, (1 << self.bits) - 1)))
            self._ranges[Variable("lane", axis)] = self.builder.const(0), lanes

    def limit(self, limits: Sequence[Limit]) -> None:
        """Narrow the box by limits in the order of the path; twice, where one may help an earlier one."""
        for limit in limits:
            self._trip(limit) if isinstance(limit, Trip) else self._guard(limit)
        if any(isinstance(g, Guard) and len(g.difference.terms) > 1 for g in limits):
            for limit in limits:
                if isinstance(limit, Guard):
                    self._guard(limit)

    def reached(self) -> int:
        """Truth: some lane, in some round, gets there."""
        out = self.alive
        for low, high in self._ranges.values():
            out = self.builder.both(out, self.builder.less(low, high))
        return out

    @contextmanager
    def kept(self) -> Iterator[None]:
        """What is found inside is forgotten behind it."""
        alive = self.alive
        yield
        self.alive = alive

    def index(self, index: Affine) -> tuple[int, int]:
        """Smallest and largest value of an index; a guard about (nearly) the same sum, or a multiple, bounds it."""
        b = self.builder
        low, high = self._extremes(index)
        caps = self._caps + [cap for v, _ in index.terms if v.kind == "choice" for cap in self._chosen(v)]
        for difference, exact, slack in caps:
            for factor in _factors(index, difference):
                # difference <= slack - 1, and index is factor * difference + rest
                if _simplifies(index, difference, factor):
                    rest = index - difference.scale(factor)
                    times = self._poly(factor)
                    end, (least, most) = b.mul(times, b.const(slack - 1)), self._extremes(rest)
                    rising, falling = b.less(b.const(-1), times), b.less(times, b.const(1))
                    high = b.select(b.both(exact, rising), b.min(high, b.add(end, most)), high)
                    low = b.select(b.both(exact, falling), b.max(low, b.add(end, least)), low)
        if caps:
            self.alive = b.both(self.alive, b.negate(b.less(high, low)))
        return low, high

    def _chosen(self, variable: Variable) -> list[tuple[Affine, int, int]]:
        """A minimum is at most either of its parts, a maximum at least, what does not wrap is what it was."""
        choice = self.choices[variable.id]
        itself = Affine.of(Poly(), [(variable, Poly.const(1))])
        if choice.op == "WRAP":
            fits = self._fits(choice, *self._extremes(choice.first))
            return [(itself - choice.first, fits, 1), (choice.first - itself, fits, 1)]
        exact = self._exact(choice.type, choice.first, choice.second)
        parts = choice.first, choice.second
        return [(itself - p if choice.op == "MIN" else p - itself, exact, 1) for p in parts]

    def _fits(self, choice: Choice, low: int, high: int) -> int:
        """Truth: a value that may wrap does not."""
        b = self.builder
        least, most = b.const(choice.type.minimum - 1), b.const(choice.type.maximum + 1)
        return b.both(b.less(least, low), b.less(high, most))

    def _range(self, variable: Variable) -> tuple[int, int]:
        """Lowest value and highest plus one."""
        if variable.kind != "choice":
            return self._ranges[variable]
        b, choice = self.builder, self.choices[variable.id]
        (low1, high1), (low2, high2) = self._extremes(choice.first), self._extremes(choice.second)
        exact = self._exact(choice.type, choice.first, choice.second)
        if choice.op == "WRAP":
            fits = self._fits(choice, low1, high1)
            low, high = (
                b.select(fits, low1, b.const(choice.type.minimum)),
                b.select(fits, high1, b.const(choice.type.maximum)),
            )
        elif choice.op == "MIN":
            low, high = b.min(low1, low2), b.select(exact, b.min(high1, high2), b.max(high1, high2))
        else:
            low, high = b.select(exact, b.max(low1, low2), b.min(low1, low2)), b.max(high1, high2)
        high = b.add(high, b.const(1))
        if variable in self._ranges:
            low, high = b.max(low, self._ranges[variable][0]), b.min(high, self._ranges[variable][1])
        return low, high

    def _poly(self, poly: Poly) -> int:
        return self.builder.poly(poly, lambda slot: slot_range(self.program, slot, self.bits))

    def _spans(self, terms: Iterable[tuple[Variable, Poly]]) -> list[tuple[int, int]]:
        """Smallest and largest value of every term."""
        b, out = self.builder, []
        for variable, coefficient in terms:
            low, high = self._range(variable)
            factor = self._poly(coefficient)
            ends = b.mul(factor, low), b.mul(factor, b.sub(high, b.const(1)))
            sign = coefficient.constant
            if sign is None:
                ends = b.min(*ends), b.max(*ends)
            out.append(ends if sign is None or sign > 0 else ends[::-1])
        return out

    def _extremes(self, affine: Affine) -> tuple[int, int]:
        low = high = self._poly(affine.base)
        for least, most in self._spans(affine.terms):
            low, high = self.builder.add(low, least), self.builder.add(high, most)
        return low, high

    def _exact(self, type: Type, *sides: Affine) -> int:
        """Truth: registers of a type that are described by the sides hold their exact values."""
        b = self.builder
        out = b.const(1)
        if type.bits < 64:
            return out
        lowest = b.const(-SAFE - 1 if type.is_signed else -1)
        for side in sides:
            low, high = self._extremes(side)
            out = b.both(out, b.both(b.less(lowest, low), b.less(high, b.const(SAFE + 1))))
        return out

    def _trip(self, trip: Trip) -> None:
        """Give a counter its range: it starts at 0 and rises until its guard fails."""
        b, guard = self.builder, trip.guard
        left, right = (_without(side, trip.counter) for side in (guard.left, guard.right))
        step = guard.difference.coefficient(trip.counter)
        factor = self._poly(step)
        exact = self._exact(guard.type, left, right)
        if step.constant is None:
            rising = b.both(b.less(b.const(0), factor), b.less(factor, b.const(SAFE // 2)))
            exact, factor = b.both(exact, rising), b.max(factor, b.const(1))
        elif step.constant > SAFE // 2:
            exact = b.const(0)
        if guard.type.is_unsigned and guard.type.bits == 64 and guard.right.coefficient(trip.counter).terms:
            # The falling side must not pass below zero in the round that ends the loop.
            lowest = b.sub(b.add(self._extremes(left)[0], b.const(1 - guard.slack)), factor)
            exact = b.both(exact, b.less(b.const(-1), lowest))
        room = b.add(self._extremes(right - left)[1], b.const(guard.slack))
        rounds = b.ceildiv(room, factor)
        if trip.extra:
            rounds = b.add(b.max(rounds, b.const(0)), b.const(trip.extra))
        high = b.select(exact, rounds, b.const(SAFE))
        if not trip.extra:
            self._remember(guard, exact)
        before = self._ranges.get(trip.counter)
        self._ranges[trip.counter] = b.const(0), high if before is None else b.min(before[1], high)

    def _guard(self, guard: Guard) -> None:
        difference, exact = guard.difference, self._exact(guard.type, guard.left, guard.right)
        if guard.unequal:
            self._unequal(difference, exact)
            return
        self._apply(difference, exact, guard.slack)
        for variable, _ in difference.terms:
            if variable.kind == "choice" and self.choices[variable.id].op == "WRAP":
                for known in self._chosen(variable):
                    self._apply(*known)
        self._remember(guard, exact)

    def _apply(self, difference: Affine, exact: int, slack: int) -> None:
        """Narrow the ranges to where difference < slack, if that is exact."""
        b = self.builder
        base, spans = self._poly(difference.base), self._spans(difference.terms)
        least = base
        for low, _ in spans:
            least = b.add(least, low)
        if len(spans) != 1:
            # With one variable, what is impossible shows as an empty range.
            self.alive = b.both(self.alive, b.negate(b.both(exact, b.negate(b.less(least, b.const(slack))))))
        narrowed = {}
        for number, (variable, coefficient) in enumerate(difference.terms):
            rest = base
            for other, (low, _) in enumerate(spans):
                rest = rest if other == number else b.add(rest, low)
            narrowed[variable] = self._narrow(variable, coefficient, b.sub(b.const(slack), rest), exact)
        self._ranges.update(narrowed)

    def _remember(self, guard: Guard, exact: int) -> None:
        """Keep a guard about several variables: it may be about the index itself."""
        cap = guard.difference, exact, guard.slack
        if len(guard.difference.terms) > 1 and cap not in self._caps:
            self._caps.append(cap)

    def _narrow(self, variable: Variable, coefficient: Poly, room: int, exact: int) -> tuple[int, int]:
        """The range of a variable for which coefficient * variable < room."""
        b = self.builder
        low, high = self._range(variable)
        factor, sign = self._poly(coefficient), coefficient.constant
        if sign is None or sign > 0:
            test = exact if sign is not None else b.both(exact, b.less(b.const(0), factor))
            end = b.ceildiv(room, b.max(factor, b.const(1)))
            high = b.select(test, b.min(high, end), high)
        if sign is None or sign < 0:
            test = exact if sign is not None else b.both(exact, b.less(factor, b.const(0)))
            size = b.max(b.sub(b.const(0), factor), b.const(1))
            begin = b.sub(b.const(1), b.ceildiv(room, size))
            low = b.select(test, b.max(low, begin), low)
        return low, high

    def _unequal(self, difference: Affine, exact: int) -> None:
        """Cut off the one end of a range that a variable must not have; elsewhere the box stays as it is."""
        b = self.builder
        if not difference.terms:
            self.alive = b.both(
                self.alive, b.negate(b.both(exact, self._same(self._poly(difference.base), b.const(0))))
            )
        elif len(difference.terms) == 1 and (sign := difference.terms[0][1].constant) in (1, -1):
            variable = difference.terms[0][0]
            low, high = self._range(variable)
            excluded = self._poly(difference.base * -sign)
            at_low = b.both(exact, self._same(low, excluded))
            at_high = b.both(exact, self._same(b.sub(high, b.const(1)), excluded))
            one = b.const(1)
            self._ranges[variable] = b.select(at_low, b.add(low, one), low), b.select(at_high, b.sub(high, one), high)

    def _same(self, a: int, c: int) -> int:
        b = self.builder
        return b.both(b.negate(b.less(a, c)), b.negate(b.less(c, a)))


def _factors(index: Affine, difference: Affine) -> list[Poly]:
    """The multiples of a difference that may be a part of an index."""
    signs = [(v, c.constant) for v, c in difference.terms if c.constant in (1, -1)]
    found = [index.coefficient(v) * sign for v, sign in signs if sign is not None]
    return list(dict.fromkeys([Poly.const(1), Poly.const(-1), *(f for f in found if f.terms)]))


def _simplifies(index: Affine, difference: Affine, factor: Poly) -> bool:
    """True where index - factor * difference has fewer variables than the index."""
    held = dict(index.terms)
    gone = sum(1 if held.get(v) == c * factor else -1 if v not in held else 0 for v, c in difference.terms)
    return gone > 0


def _without(affine: Affine, variable: Variable) -> Affine:
    return Affine(affine.base, tuple(t for t in affine.terms if t[0] != variable))
