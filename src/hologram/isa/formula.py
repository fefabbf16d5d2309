"""Straight-line integer formulas over parameter slots and launch sizes: one definition, any number of evaluators.

A check that must be made both by Python and by generated code is written once as a `Formula`: a list of nodes, each
refering to earlier ones. `evaluate` computes it with exact integers. Generated code may use 64-bit arithmetic that
notices overflow and then leave the decision to `evaluate`; it must never let a value wrap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hologram.isa.affine import Poly
from hologram.isa.operands import Slot

Interval = tuple[int | None, int | None]

OPERATIONS: dict[str, tuple[int, str]] = {
    "const": (0, "the integer in `value`"),
    "slot": (0, "the exact value of the slot in `value` (unsigned parameters are never negative)"),
    "lanes": (0, "lanes of the launch on the axis in `value`"),
    "add": (2, "a + b"),
    "sub": (2, "a - b"),
    "mul": (2, "a * b"),
    "min": (2, "the smaller of a and b"),
    "max": (2, "the larger of a and b"),
    "ceildiv": (2, "a / b rounded up; b is at least 1 by construction"),
    "less": (2, "truth of a < b"),
    "and": (2, "truth of a and b"),
    "not": (1, "truth of not a"),
    "select": (3, "b where a is true, else c"),
}
"""Every operation: number of arguments and meaning. Truths are 0 and 1."""

_EXACT: dict[str, Callable[..., int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "min": min,
    "max": max,
    "ceildiv": lambda a, b: -(-a // b),
    "less": lambda a, b: int(a < b),
    "and": lambda a, b: a & b,
    "not": lambda a: 1 - a,
    "select": lambda a, b, c: b if a else c,
}


@dataclass(frozen=True, slots=True)
class Node:
    """One step: `op` is a row of `OPERATIONS`, `args` are numbers of earlier nodes."""

    op: str
    args: tuple[int, ...] = ()
    value: int | Slot = 0


@dataclass(frozen=True, slots=True)
class Formula:
    """Nodes in order of evaluation; `results` are the nodes whose values are asked for.

    `bits` are those of the largest magnitude of a node, from the ranges of its sources; None where one has no bound.
    """

    nodes: tuple[Node, ...] = ()
    results: tuple[int, ...] = ()
    bits: int | None = None


def evaluate(formula: Formula, values: Mapping[Slot, int], lanes: Sequence[int]) -> list[int]:
    """Exact values of all nodes for given slots and lanes on the three axes."""
    out: list[int] = []
    for node in formula.nodes:
        if node.op in _EXACT:
            out.append(_EXACT[node.op](*(out[a] for a in node.args)))
        elif isinstance(node.value, Slot):
            out.append(values[node.value])
        else:
            out.append(lanes[node.value] if node.op == "lanes" else node.value)
    return out


class FormulaBuilder:
    """Appends nodes; equal ones are shared and those decided by the known ranges of their arguments are folded.

    >>> b = FormulaBuilder()
    >>> n = b.source("slot", Slot(0), (0, 100))
    >>> b.constant(b.less(n, b.const(200)))
    1
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._ranges: list[Interval] = []
        self._known: dict[tuple[str, tuple[int, ...], int | Slot], int] = {}

    def _put(self, op: str, args: tuple[int, ...], value: int | Slot, interval: Interval) -> int:
        low, high = interval
        if low is not None and low == high:
            op, args, value = "const", (), low
        known = self._known.get((op, args, value))
        if known is None:
            known = self._known[op, args, value] = len(self.nodes)
            self.nodes.append(Node(op, args, value))
            self._ranges.append(interval)
        return known

    def constant(self, a: int) -> int | None:
        """The value of a node when it is always the same, else None."""
        node = self.nodes[a]
        return node.value if node.op == "const" else None  # type: ignore[return-value]  # constants are integers

    def range(self, a: int) -> Interval:
        """What is known about a node's value whatever the launch: (lowest, highest), None where open."""
        return self._ranges[a]

    def const(self, value: int) -> int:
        return self._put("const", (), value, (value, value))

    def source(self, op: str, value: int | Slot, interval: Interval) -> int:
        """A "slot" or "lanes" node whose value is known to lie in an interval."""
        return self._put(op, (), value, interval)

    def add(self, a: int, b: int) -> int:
        if 0 in (self.constant(a), self.constant(b)):
            return b if self.constant(a) == 0 else a
        (al, ah), (bl, bh) = self._ranges[a], self._ranges[b]
        return self._put("add", (a, b), 0, (_plus(al, bl), _plus(ah, bh)))

    def sub(self, a: int, b: int) -> int:
        if self.constant(b) == 0 or a == b:
            return a if a != b else self.const(0)
        inner = self.nodes[b]
        if self.constant(a) == 0 and inner.op == "sub" and self.constant(inner.args[0]) == 0:
            return inner.args[1]
        (al, ah), (bl, bh) = self._ranges[a], self._ranges[b]
        return self._put("sub", (a, b), 0, (_plus(al, _negative(bh)), _plus(ah, _negative(bl))))

    def mul(self, a: int, b: int) -> int:
        if 1 in (self.constant(a), self.constant(b)):
            return b if self.constant(a) == 1 else a
        if 0 in (self.constant(a), self.constant(b)):
            return self.const(0)
        return self._put("mul", (a, b), 0, _product(self._ranges[a], self._ranges[b]))

    def min(self, a: int, b: int) -> int:
        if a == b or self._at_most(a, b):
            return a
        if self._at_most(b, a):
            return b
        (al, ah), (bl, bh) = self._ranges[a], self._ranges[b]
        low = None if al is None or bl is None else min(al, bl)
        return self._put("min", (a, b), 0, (low, min((h for h in (ah, bh) if h is not None), default=None)))

    def max(self, a: int, b: int) -> int:
        if a == b or self._at_most(b, a):
            return a
        if self._at_most(a, b):
            return b
        (al, ah), (bl, bh) = self._ranges[a], self._ranges[b]
        high = None if ah is None or bh is None else max(ah, bh)
        return self._put("max", (a, b), 0, (max((v for v in (al, bl) if v is not None), default=None), high))

    def ceildiv(self, a: int, b: int) -> int:
        """a / b rounded up; the range of b must start at 1 or above."""
        assert (self._ranges[b][0] or 0) >= 1
        if self.constant(b) == 1:
            return a
        divisor = self.constant(b)
        ends = [None if e is None or divisor is None else -(-e // divisor) for e in self._ranges[a]]
        return self._put("ceildiv", (a, b), 0, (ends[0], ends[1]))

    def less(self, a: int, b: int) -> int:
        high, low = self._ranges[a][1], self._ranges[b][0]
        if high is not None and low is not None and high < low:
            return self.const(1)
        if a == b or self._at_most(b, a):
            return self.const(0)
        return self._put("less", (a, b), 0, (0, 1))

    def both(self, a: int, b: int) -> int:
        """Truth of a and b."""
        if self.constant(a) is not None:
            return b if self.constant(a) else a
        if self.constant(b) is not None or a == b:
            return a if self.constant(b) != 0 else b
        return self._put("and", (a, b), 0, (0, 1))

    def negate(self, a: int) -> int:
        """Truth of not a."""
        known = self.constant(a)
        if self.nodes[a].op == "not":
            return self.nodes[a].args[0]
        return self._put("not", (a,), 0, (0, 1)) if known is None else self.const(1 - known)

    def select(self, test: int, a: int, b: int) -> int:
        """a where the test is true, else b."""
        known = self.constant(test)
        if known is not None or a == b:
            return b if known == 0 else a
        (al, ah), (bl, bh) = self._ranges[a], self._ranges[b]
        low = None if al is None or bl is None else min(al, bl)
        high = None if ah is None or bh is None else max(ah, bh)
        return self._put("select", (test, a, b), 0, (low, high))

    def poly(self, poly: Poly, bounds: Callable[[Slot], Interval]) -> int:
        """The value of a polynomial; `bounds` tells what values a slot can have."""
        total = self.const(0)
        for monomial, coefficient in poly.terms:
            term = self.const(abs(coefficient))
            for slot in monomial:
                term = self.mul(term, self.source("slot", slot, bounds(slot)))
            total = self.add(total, term) if coefficient > 0 else self.sub(total, term)
        return total

    def build(self, results: Sequence[int]) -> Formula:
        """The formula that computes some nodes, without the nodes they do not need."""
        needed = set(results)
        for number in range(len(self.nodes) - 1, -1, -1):
            if number in needed:
                needed.update(self.nodes[number].args)
        renumbered = {old: new for new, old in enumerate(sorted(needed))}
        nodes = tuple(
            Node(n.op, tuple(renumbered[a] for a in n.args), n.value)
            for n in (self.nodes[old] for old in sorted(needed))
        )
        ends = [end for number in needed for end in self._ranges[number]]
        known = [abs(end).bit_length() for end in ends if end is not None]
        bits = max(known, default=1) if len(known) == len(ends) else None
        return Formula(nodes, tuple(renumbered[r] for r in results), bits)

    def _at_most(self, a: int, b: int) -> bool:
        high, low = self._ranges[a][1], self._ranges[b][0]
        return high is not None and low is not None and high <= low


def _plus(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b


def _negative(a: int | None) -> int | None:
    return None if a is None else -a


def _product(a: Interval, b: Interval) -> Interval:
    ends = [None if x is None or y is None else x * y for x in a for y in b]
    known = [e for e in ends if e is not None]
    if len(known) == 4:
        return min(known), max(known)
    if all(low is not None and low >= 0 for low in (a[0], b[0])):
        return known[0] if known else 0, None
    return None, None
