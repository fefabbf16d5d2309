"""Simple bounds of the variables of an index, for checks in generated code.

They are looser than the exact conditions where those are not simple, never tighter, as long as every slot that occurs
is smaller than 2**31 in size. What fails under them is decided exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from hologram.isa.affine import Affine, Poly, Variable
from hologram.isa.bounds import SAFE, Limit, Trip
from hologram.isa.conditions import Guard
from hologram.isa.operands import Slot
from hologram.isa.transfer import Choice
from hologram.types import Type

SMALL = 31
MAX_BOXES = 4
FAR = Poly.const(SAFE)


@dataclass(frozen=True, slots=True)
class Range:
    """max(lows) <= variable < min(highs); a lane is also in [0, lanes of the launch)."""

    variable: Variable
    lows: tuple[Poly, ...]
    highs: tuple[Poly, ...]


@dataclass(slots=True)
class _Sides:
    lows: list[Poly] = field(default_factory=list)
    highs: list[Poly] = field(default_factory=list)

    def range(self, variable: Variable) -> Range:
        return Range(variable, tuple(dict.fromkeys(self.lows)), tuple(dict.fromkeys(self.highs)))


def boxes(
    index: Affine, limits: Sequence[Limit], choices: Mapping[int, Choice], extent: Sequence[Poly]
) -> list[tuple[Range, ...]]:
    """Boxes that together hold all values of an index's variables.

    There are several where a variable stands for the smaller or larger of two values: one for each.
    """
    known = _base_sides(limits)
    alternatives: list[list[Range]] = []
    for variable, _ in index.terms:
        if variable.kind == "choice":
            alternatives.append([s.range(variable) for s in _chosen(choices[variable.id], known, extent)])
        else:
            alternatives.append([known.get(variable, _open(variable)).range(variable)])
    found = list(product(*alternatives))
    if len(found) > MAX_BOXES:
        return [tuple(Range(v, (-FAR,), (FAR,)) for v, _ in index.terms)]
    return found


def _open(variable: Variable) -> _Sides:
    return _Sides() if variable.kind == "lane" else _Sides([Poly()], [FAR])


def _base_sides(limits: Sequence[Limit]) -> dict[Variable, _Sides]:
    """Bounds of lanes and counters that follow from guards on them alone."""
    out: dict[Variable, _Sides] = {}
    for limit in limits:
        guard = limit if isinstance(limit, Guard) else limit.guard
        difference = guard.difference
        if guard.unequal or len(difference.terms) != 1 or not _is_simple(guard, difference.base.slots()):
            continue
        variable, coefficient = difference.terms[0]
        sides = out.setdefault(variable, _open(variable))
        sign, room = coefficient.constant, Poly.const(guard.slack) - difference.base
        if isinstance(limit, Trip):
            # Rounds are at most the way to go, whatever the step.
            sides.highs += [room] if sign is not None and sign > 0 and not limit.extra else []
        elif sign == 1:
            sides.highs.append(room)
        elif sign == -1:
            sides.lows.append(Poly.const(1) - room)
    return out


def _is_simple(guard: Guard, kept: frozenset[Slot]) -> bool:
    return _is_exact(guard.type, (guard.left, guard.right), kept)


def _is_exact(type: Type, sides: Sequence[Affine], kept: frozenset[Slot]) -> bool:
    """True when registers hold the sides exactly for slots below 2**31 in size, all of which are kept in the bounds."""
    polys = [p for side in sides for p in (side.base, *(c for _, c in side.terms))]
    small = all(sum(abs(c) << SMALL * len(m) for m, c in p.terms) <= SAFE // 2 for p in polys)
    return small and all(p.slots() <= kept for p in polys) and type is not Type.U64


def _chosen(choice: Choice, known: Mapping[Variable, _Sides], extent: Sequence[Poly]) -> list[_Sides]:
    """Bounds of the smaller or larger of two values: the looser side is one or the other's."""
    first, second = (_sides_of(part, known, extent) for part in (choice.first, choice.second))
    kept = frozenset(s for side in (first, second) for p in (*side.lows, *side.highs) for s in p.slots())
    if not _is_exact(choice.type, (choice.first, choice.second), kept):
        return [_Sides([-FAR], [FAR])]
    if choice.op == "MIN":
        return [_Sides(part.lows, first.highs + second.highs) for part in (first, second)]
    return [_Sides(first.lows + second.lows, part.highs) for part in (first, second)]


def _sides_of(affine: Affine, known: Mapping[Variable, _Sides], extent: Sequence[Poly]) -> _Sides:
    """Bounds of a value with one variable at most."""
    one = Poly.const(1)
    if not affine.terms:
        return _Sides([affine.base], [affine.base + one])
    (variable, coefficient), factor = affine.terms[0], affine.terms[0][1].constant
    if len(affine.terms) > 1 or factor is None or variable.kind == "choice":
        return _Sides([-FAR], [FAR])
    sides = known.get(variable, _open(variable))
    lows, highs = list(sides.lows), list(sides.highs)
    if variable.kind == "lane":
        lows.append(Poly())
        highs += extent[variable.id : variable.id + 1]
    least = [affine.base + coefficient * low for low in lows]
    most = [affine.base + coefficient * (high - 1) for high in highs]
    least, most = (least, most) if factor > 0 else (most, least)
    return _Sides(least or [-FAR], [p + one for p in most] or [FAR])
