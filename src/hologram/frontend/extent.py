"""How many lanes a kernel wants on each axis: from its guards, else from the arrays it indexes by the global id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hologram.frontend.effects import has_effect
from hologram.frontend.typed import (
    AtlasValue,
    Branch,
    Compare,
    Const,
    Convert,
    Coordinate,
    CountedLoop,
    Element,
    Expr,
    Inlined,
    Leave,
    Local,
    Logic,
    Operation,
    SetLocal,
    SlotValue,
    Step,
    TypedKernel,
)
from hologram.frontend.walk import walk
from hologram.isa.affine import Poly, slot_name
from hologram.isa.operands import Condition, Field, Slot
from hologram.types import Type

MAX_TERMS = 32
MAX_DEGREE = 6
_NEGATED = {
    Condition.LT: Condition.GE,
    Condition.LE: Condition.GT,
    Condition.GT: Condition.LE,
    Condition.GE: Condition.LT,
}
_SWAPPED = {
    Condition.LT: Condition.GT,
    Condition.LE: Condition.GE,
    Condition.GT: Condition.LT,
    Condition.GE: Condition.LE,
}
Bounds = dict[int, list[Poly]]


@dataclass(frozen=True)
class Extent:
    """Lanes wanted an axis, x first; empty with a `reason` where nothing can be said.

    `agree` holds, for axes taken from arrays, the other shapes that must equal the one taken.
    """

    lanes: tuple[Poly, ...] = ()
    reason: str = ""
    agree: tuple[tuple[Slot, Slot], ...] = ()

    def metadata(self, kernel: TypedKernel) -> dict[str, str]:
        """What the program's metadata says about the extent."""
        names = [p.name for p in kernel.params]
        pairs = ", ".join(f"{slot_name(names, b)} = {slot_name(names, a)}" for a, b in self.agree)
        return {k: v for k, v in {"extent": self.reason, "agree": pairs}.items() if v}


def extent_of(kernel: TypedKernel) -> Extent:
    """The extent of a kernel."""
    reading = _Reading(kernel)
    coordinates = {c.special for c in walk(kernel.body) if isinstance(c, Coordinate)}
    if any(isinstance(item, AtlasValue) and item.op == "ClsGet" for item in walk(kernel.body)) and not coordinates:
        return Extent((), "the class of a lane is that of its block")
    if not coordinates:
        return Extent((Poly.const(1),))
    lanes: list[Poly] = []
    agree: list[tuple[Slot, Slot]] = []
    bounds = reading.guards(kernel.body)
    for axis in range(max(c.axis for c in coordinates) + 1):
        if not any(c.axis == axis for c in coordinates):
            lanes.append(Poly.const(1))
            continue
        guards = list(dict.fromkeys(bounds.get(axis, ())))
        shapes = reading.shapes(axis) if not guards else []
        if len(guards) > 1:
            readings = " and ".join(reading.rendered(b) for b in guards)
            return Extent((), f"get_global_id({axis}) is compared with both {readings}")
        if not guards and not shapes:
            return Extent((), f"no guard and no array index tells how many lanes axis {axis} needs")
        lanes.append(guards[0] if guards else Poly.slot(shapes[0]))
        agree += [(shapes[0], s) for s in shapes[1:]]
    return Extent(tuple(lanes), agree=tuple(agree))


@dataclass
class _Reading:
    kernel: TypedKernel
    once: dict[str, Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts: dict[str, int] = {}
        for item in walk(self.kernel.body):
            if isinstance(item, (SetLocal, CountedLoop)):
                counts[item.name] = counts.get(item.name, 0) + (1 if isinstance(item, SetLocal) else 2)
        for item in walk(self.kernel.body):
            if isinstance(item, SetLocal) and counts[item.name] == 1:
                self.once[item.name] = item.value

    def rendered(self, bound: Poly) -> str:
        """A bound as text."""
        names = [p.name for p in self.kernel.params]
        return bound.render(lambda slot: slot_name(names, slot))

    def shapes(self, axis: int) -> list[Slot]:
        """Array shapes that are indexed by exactly the global id of an axis, in parameter order."""
        found = {
            Slot(item.slot, Field.SHAPE, k)
            for item in walk(self.kernel.body)
            if isinstance(item, Element) and not self.kernel.is_shared(item.slot)
            for k, index in enumerate(item.index)
            if self.global_axis(index) == axis
        }
        return sorted(found, key=lambda s: (s.index, s.axis))

    def global_axis(self, expr: Expr) -> int | None:
        """The axis whose global id an expression is, if it is one."""
        seen = 0
        while isinstance(expr, (Local, Inlined)) and expr.name in self.once and seen < len(self.once):
            expr, seen = self.once[expr.name], seen + 1
        is_global = isinstance(expr, Coordinate) and expr.special.value.startswith("global")
        return expr.special.axis if is_global and isinstance(expr, Coordinate) else None

    # Guards

    def guards(self, body: Sequence[Step]) -> Bounds:
        """Bounds that hold wherever one of the statements has an effect."""
        for position, step in enumerate(body):
            if not has_effect([step]) and not _returns([step]):
                continue
            rest = body[position + 1 :]
            if not isinstance(step, Branch) or has_effect(step.else_body) or _returns(step.else_body):
                return {}
            if has_effect([step.condition]):
                return {}
            if has_effect(step.then_body):
                if has_effect(rest):
                    return {}
                return _merged(self.bounds(step.condition, True), self.guards(step.then_body))
            always = bool(step.then_body) and isinstance(step.then_body[-1], Leave)
            return _merged(self.bounds(step.condition, False) if always else {}, self.guards(rest))
        return {}

    def bounds(self, condition: Expr, holds: bool) -> Bounds:
        """Upper bounds of global ids in a condition that holds (or does not)."""
        match condition:
            case Logic(op="and", args=args) if holds:
                return _merged(*(self.bounds(a, True) for a in args))
            case Logic(op="or", args=args) if not holds:
                return _merged(*(self.bounds(a, False) for a in args))
            case Logic(op="not", args=(operand,)):
                return self.bounds(operand, not holds)
            case Inlined(name=name) if name in self.once:
                return self.bounds(self.once[name], holds)
            case Compare(condition=how, left=left, right=right):
                if self.global_axis(left) is None:
                    left, right, how = right, left, _SWAPPED.get(how, how)
                how = how if holds else _NEGATED.get(how, how)
                axis = self.global_axis(left)
                bound = self.poly(right) if axis is not None and how in (Condition.LT, Condition.LE) else None
                if axis is not None and bound is not None:
                    return {axis: [bound + 1 if how is Condition.LE else bound]}
        return {}

    def poly(self, expr: Expr, depth: int = 0) -> Poly | None:
        """An integer expression as a polynomial in parameters and shapes.

        It counts exactly where the kernel's own type may wrap: `n - 1` of an unsigned n = 0 wants no lane.
        """
        match expr:
            case Const(value=int(value)):
                return Poly.const(value)
            case SlotValue(kind=Type() as kind, slot=slot) if kind.is_integer:
                return Poly.slot(slot)
            case Convert(kind=Type() as kind, value=value) if kind.is_integer:
                return self.poly(value, depth)
            case Local(name=name) | Inlined(name=name) if name in self.once and depth < 16:
                return self.poly(self.once[name], depth + 1)
            case Operation(kind=Type() as kind, op="ADD" | "SUB" | "MUL" as op, args=(left, right)) if kind.is_integer:
                a, b = self.poly(left, depth), self.poly(right, depth)
                if a is None or b is None:
                    return None
                return _combined(op, a, b)
        return None


def _combined(op: str, a: Poly, b: Poly) -> Poly | None:
    if op == "ADD":
        out = a + b
    elif op == "SUB":
        out = a - b
    elif len(a.terms) * len(b.terms) > MAX_TERMS or a.degree + b.degree > MAX_DEGREE:
        return None
    else:
        out = a * b
    return out if len(out.terms) <= MAX_TERMS and all(abs(c) < 1 << 63 for _, c in out.terms) else None


def _merged(*bounds: Bounds) -> Bounds:
    out: Bounds = {}
    for item in bounds:
        for axis, polys in item.items():
            out.setdefault(axis, []).extend(polys)
    return out


def _returns(body: Iterable[Step]) -> bool:
    return any(isinstance(item, Leave) and item.how == "return" for item in walk(body))
