"""Under which conditions each block runs: comparisons of affine values on the way to it, and what ends its loops.

The condition of a block is a disjunction of paths, a path a conjunction of guards. A condition on loaded data is taken
to hold (for some data it does). One on places or parameters that is not affine makes the block's condition unknown:
it may keep the block from running where its accesses would not fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from hologram.isa.affine import Affine, Variable
from hologram.isa.cfg import EXIT, Loop
from hologram.isa.operands import Condition
from hologram.isa.symbolic import Symbolic
from hologram.isa.transfer import Combined, Compare, Origin, Predicate, origin_of
from hologram.types import Type

MAX_PATHS = 16
MAX_LENGTH = 160
MAX_STEPS = 200_000


@dataclass(frozen=True, slots=True)
class Guard:
    """`left < right + slack` with a slack of 0 or 1, or `left != right`, as compared in a type.

    The comparison is about the exact values as long as both sides fit the type.
    """

    left: Affine
    right: Affine
    type: Type
    slack: int = 0
    unequal: bool = False

    @property
    def difference(self) -> Affine:
        """left - right, without the slack."""
        return self.left - self.right

    def variables(self) -> frozenset[Variable]:
        return frozenset(v for side in (self.left, self.right) for v, _ in side.terms)


@dataclass(frozen=True, slots=True)
class Enter:
    """From here on the path is inside a loop."""

    header: int


@dataclass(frozen=True, slots=True)
class Control:
    """A guard that every round must pass in a block of the loop, with the loop's counter on one side."""

    guard: Guard
    block: int


Path = tuple[Guard | Enter, ...]


class Conditions:
    """Conditions of all blocks of an analysed program."""

    def __init__(self, symbolic: Symbolic) -> None:
        self.symbolic, self.cfg = symbolic, symbolic.cfg
        self._steps = MAX_STEPS
        self._around = {b: frozenset(h for h, loop in self.cfg.loops.items() if b in loop.body) for b in self.cfg.order}
        self._paths: dict[int, tuple[Path, ...] | None] = {}
        for block in self.cfg.order:
            paths = self._derive(block)
            if paths is not None and block in self.cfg.loops:
                paths = tuple((*p, Enter(block)) for p in paths)
            self._paths[block] = paths

    def paths(self, block: int) -> tuple[Path, ...] | None:
        """The ways to a block, or None where they cannot be described."""
        return self._paths[block]

    def controls(self, header: int) -> tuple[Control, ...]:
        """The guards that bound a loop's counter."""
        return self._loops[header][0]

    def ends_early(self, header: int) -> bool:
        """True when the loop may end for a reason that is neither one of its controls nor data."""
        return self._loops[header][1]

    def passed(self, control: Control, block: int) -> bool:
        """True when a block of the loop runs after the control of the same round."""
        return control.block != block and self.cfg.dominates(control.block, block)

    def _derive(self, block: int) -> tuple[Path, ...] | None:
        preds = [p for p in dict.fromkeys(self.cfg.blocks[block].preds) if not self._closes(p, block)]
        if not preds:
            return ((),)
        above = self._above(block)
        after_loop = bool(self._around[preds[0]] - self._around[block])
        if (len(preds) > 1 or after_loop) and self._always_reached(above, block):
            return self._inside(self._paths[above], block)
        out: list[Path] = []
        for p in preds:
            before, edge = self._paths[p], self._edge(p, block)
            if before is None or edge is None or len(before) * len(edge) > MAX_PATHS:
                return None
            out += [(*a, *b) for a in before for b in edge]
        return self._inside(out, block)

    def _closes(self, source: int, target: int) -> bool:
        return target in self.cfg.loops and source in self.cfg.loops[target].body

    def _above(self, block: int) -> int:
        """The nearest dominator that is outside of the loops which do not contain the block."""
        above = self.cfg.idom[block]
        left = self._around[above] - self._around[block]
        return max(left, key=lambda h: len(self.cfg.loops[h].body)) if left else above

    def _always_reached(self, above: int, block: int) -> bool:
        """True when a round (of the loops around the block) that comes to `above` also comes to the block.

        Loops in between are assumed to end.
        """
        seen, work = {above, block}, [above]
        while work:
            node = work.pop()
            self._steps -= 1
            if self._steps < 0:
                return False
            for s in self.cfg.blocks[node].succs:
                if s == EXIT or (self._closes(node, s) and s in self._around[block]):
                    return False
                if s not in seen and not self._closes(node, s):
                    seen.add(s)
                    work.append(s)
        return True

    def _edge(self, source: int, target: int) -> list[list[Guard]] | None:
        succs = self.cfg.blocks[source].succs
        return [[]] if len(succs) == 1 else alternatives(self._branch(source), target == succs[0])

    def _branch(self, block: int) -> Predicate:
        return self.symbolic.branches[block]

    def _inside(self, paths: Iterable[Path] | None, block: int) -> tuple[Path, ...] | None:
        """Paths without what is meaningless at a block: counters of loops that do not contain it."""
        if paths is None:
            return None
        around = self._around[block]
        kept = list(dict.fromkeys(tuple(i for i in dict.fromkeys(p) if self._means(i, around)) for p in paths))
        sets = [frozenset(p) for p in kept]
        kept = [p for p, items in zip(kept, sets, strict=True) if not any(other < items for other in sets)]
        return tuple(kept) if len(kept) <= MAX_PATHS and all(len(p) <= MAX_LENGTH for p in kept) else None

    @cached_property
    def _loops(self) -> dict[int, tuple[tuple[Control, ...], bool]]:
        return {header: self._exits(loop) for header, loop in self.cfg.loops.items()}

    def _exits(self, loop: Loop) -> tuple[tuple[Control, ...], bool]:
        controls: list[Control] = []
        early = False
        for block in sorted(loop.body):
            succs = self.cfg.blocks[block].succs
            if all(s in loop.body for s in succs):
                continue
            stay = alternatives(self._branch(block), succs[0] in loop.body)
            if stay is None or len(stay) != 1:
                early = True
                continue
            limits = [self._limits(g, loop) for g in stay[0]]
            every_round = all(self.cfg.dominates(block, latch) for latch in loop.latches)
            early |= None in limits or (bool(stay[0]) and not every_round)
            if every_round:
                controls += [Control(g, block) for g, limit in zip(stay[0], limits, strict=True) if limit]
        return tuple(controls), early

    def _means(self, item: Guard | Enter, around: frozenset[int]) -> bool:
        if isinstance(item, Enter):
            return item.header in around
        return self.symbolic.rounds(item.left) <= around and self.symbolic.rounds(item.right) <= around

    def _limits(self, guard: Guard, loop: Loop) -> bool | None:
        """Whether a guard bounds the rounds of a loop; None when it ends the loop in another way."""
        counter = Variable("loop", loop.header)
        if not self._means(guard, self._around[loop.header]):
            return None
        left, right = guard.left.coefficient(counter), guard.right.coefficient(counter)
        if not left.terms and not right.terms:
            rounds = self.symbolic.rounds(guard.left) | self.symbolic.rounds(guard.right)
            return None if loop.header in rounds else False
        step = (left - right).constant
        rising = step is None or step > 0
        return True if rising and not guard.unequal and not (left.terms and right.terms) else None


def alternatives(predicate: Predicate, truth: bool) -> list[list[Guard]] | None:
    """The guards under which a predicate has a truth value, as alternatives; None when it cannot be said."""
    if isinstance(predicate, Compare):
        known = _compare(predicate, truth)
        if known is not None:
            return known
    if isinstance(predicate, Combined):
        return _combined(predicate, truth)
    origin = origin_of(predicate)
    return [[]] if Origin.DATA in origin and Origin.PLACE not in origin else None


_NEGATED = {
    Condition.EQ: Condition.NE,
    Condition.NE: Condition.EQ,
    Condition.LT: Condition.GE,
    Condition.GE: Condition.LT,
    Condition.LE: Condition.GT,
    Condition.GT: Condition.LE,
}


def _compare(compare: Compare, truth: bool) -> list[list[Guard]] | None:
    left, right, type_ = compare.left.affine, compare.right.affine, compare.type
    if left is None or right is None:
        return None
    signed = Condition(compare.condition.value.removesuffix("u"))
    guards = {
        Condition.EQ: [Guard(left, right, type_, 1), Guard(right, left, type_, 1)],
        Condition.NE: [Guard(left, right, type_, unequal=True)],
        Condition.LT: [Guard(left, right, type_)],
        Condition.LE: [Guard(left, right, type_, 1)],
        Condition.GT: [Guard(right, left, type_)],
        Condition.GE: [Guard(right, left, type_, 1)],
    }
    return [guards[signed if truth else _NEGATED[signed]]]


def _combined(predicate: Combined, truth: bool) -> list[list[Guard]] | None:
    parts = predicate.parts
    if predicate.op == "PNOT":
        return alternatives(parts[0], not truth)
    a, b = parts
    if predicate.op == "PXOR":
        return _either(
            _both(alternatives(a, True), alternatives(b, not truth)),
            _both(alternatives(a, False), alternatives(b, truth)),
        )
    both = (predicate.op == "PAND") is truth
    return (_both if both else _either)(alternatives(a, truth), alternatives(b, truth))


def _both(a: Sequence[list[Guard]] | None, b: Sequence[list[Guard]] | None) -> list[list[Guard]] | None:
    if a is None or b is None or len(a) * len(b) > MAX_PATHS:
        return None
    return [[*x, *y] for x in a for y in b]


def _either(a: Sequence[list[Guard]] | None, b: Sequence[list[Guard]] | None) -> list[list[Guard]] | None:
    if a is None or b is None or len(a) + len(b) > MAX_PATHS:
        return None
    return [*a, *b]
