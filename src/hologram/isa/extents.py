"""The array lengths a launch needs, from the index functions of a program's memory accesses.

Every access whose index is affine in lane coordinates and loop counters gives one `Requirement` per axis (and per way
to get there). Requirements never claim less than the launch can touch. `check` decides with exact integers; generated
code can compute the same formula and leave what it cannot decide to `check`. Accesses that depend on data are listed as
unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from hologram.errors import ExtentError
from hologram.isa.affine import Affine, Poly, Variable
from hologram.isa.bounds import ANY_BITS, Box, Limit, Trip, slot_range
from hologram.isa.conditions import Conditions, Enter, Guard, Path
from hologram.isa.elements import element_index
from hologram.isa.formula import Formula, FormulaBuilder, evaluate
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Program
from hologram.isa.symbolic import Symbolic
from hologram.isa.transfer import Choice

if TYPE_CHECKING:
    from hologram.isa.verify import Facts

MAX_REQUIREMENTS = 4096


@dataclass(frozen=True, slots=True)
class Requirement:
    """0 <= index < shape[axis] of array `slot`, for all lanes of the launch and loop rounds that pass the limits.

    The limits are in order of the way to the access. With `always` it happens even if no lane runs.
    """

    slot: int
    axis: int
    index: Affine
    limits: tuple[Limit, ...]
    instruction: int
    always: bool = False


@dataclass(frozen=True)
class Extents:
    """All requirements of a program, and the instructions whose accesses cannot be derived."""

    program: Program
    requirements: tuple[Requirement, ...]
    unknown: tuple[int, ...]
    choices: Mapping[int, Choice]

    @cached_property
    def formula(self) -> Formula:
        """The exact check: three results a requirement: truth of its violation, smallest and largest index."""
        return self._formula(ANY_BITS)

    def formula_below(self, bits: int) -> Formula:
        """The same check, much shorter, for launches in which every slot and number of lanes is below 2**bits."""
        return self._formula(bits)

    def _formula(self, bits: int) -> Formula:
        builder = FormulaBuilder()
        boxes: dict[tuple[bool, tuple[Limit, ...]], Box] = {}
        violations = []
        for r in self.requirements:
            way = r.always, r.limits
            if way not in boxes:
                boxes[way] = _box(builder, self, r, bits)
            violations.append(_violation(builder, self, r, boxes[way]))
        return builder.build([node for nodes in violations for node in nodes])


def derive(facts: Facts) -> Extents:
    """The extents of a verified program; they name the instructions of the program as written."""
    program, symbolic = facts.program, facts.symbolic
    accesses = sorted(facts.slot_of.items())
    if not symbolic.described:
        return Extents(program, (), tuple(facts.original(index) for index, _ in accesses), {})
    conditions = Conditions(symbolic)
    block_of = {i: b.id for b in symbolic.cfg.blocks.values() for i in range(b.start, b.end)}
    found: dict[tuple[object, ...], Requirement] = {}
    unknown = []
    for index, slot in accesses:
        if index not in block_of:
            continue
        derived = _requirements(program, symbolic, conditions, index, slot, block_of[index])
        if derived is None or len(found) + len(derived) > MAX_REQUIREMENTS:
            unknown.append(facts.original(index))
            continue
        for r in derived:
            found.setdefault(
                (r.slot, r.axis, r.index, r.limits, r.always), replace(r, instruction=facts.original(index))
            )
    return Extents(program, tuple(found.values()), tuple(unknown), symbolic.choices)


def _requirements(
    program: Program, symbolic: Symbolic, conditions: Conditions, index: int, slot: int, block: int
) -> list[Requirement] | None:
    """What one access needs; None where that cannot be derived."""
    elements = element_index(program, symbolic, index, slot)
    if elements is None:
        return None
    if program.instructions[index].op.startswith("GRED_"):
        # The result is stored once, at the end, whatever lanes took part.
        uniform = all(e.uniform is not None for e in elements)
        always = [Requirement(slot, axis, e, (), index, True) for axis, e in enumerate(elements)]
        return always if uniform else None
    paths = conditions.paths(block)
    if paths is None:
        return None
    out = []
    for path in paths:
        limits = _limits(conditions, path, block)
        if not _is_bounded(symbolic, conditions, elements, limits):
            return None
        out += [Requirement(slot, axis, e, limits, index) for axis, e in enumerate(elements)]
    return out


def _is_bounded(
    symbolic: Symbolic, conditions: Conditions, elements: Sequence[Affine], limits: Sequence[Limit]
) -> bool:
    """True when every loop that matters has a bound, and those in the index are run to their end."""
    bounded = {limit.counter.id for limit in limits if isinstance(limit, Trip)}
    guards = [x if isinstance(x, Guard) else x.guard for x in limits]
    inside = {h for e in elements for h in symbolic.rounds(e)}
    around = {h for g in guards for side in (g.left, g.right) for h in symbolic.rounds(side)}
    return inside | around <= bounded and not any(conditions.ends_early(h) for h in inside)


def _limits(conditions: Conditions, path: Path, block: int) -> tuple[Limit, ...]:
    """The guards of a path, with the controls of its loops as bounds of their counters."""
    limits: list[Limit] = []
    choices = conditions.symbolic.choices
    spent: set[Guard] = set()
    for item in path:
        if isinstance(item, Enter):
            for control in conditions.controls(item.header):
                passed, counter = conditions.passed(control, block), Variable("loop", item.header)
                limits += [Trip(counter, g, int(not passed)) for g in _parted(control.guard, choices)]
                spent |= {control.guard} if passed else set()
        elif item not in spent:
            limits += _parted(item, choices)
    return tuple(limits)


def _parted(guard: Guard, choices: Mapping[int, Choice]) -> list[Guard]:
    """The guard, and what it says of the parts: below a minimum is below both, a maximum below is both below."""
    out = [guard]
    if guard.unequal:
        return out
    right, left = _choice(guard.right, "MIN", choices), _choice(guard.left, "MAX", choices)
    if right is not None:
        for part in (right.first, right.second):
            out += _parted(Guard(guard.left, part, guard.type, guard.slack), choices)
    if left is not None:
        for part in (left.first, left.second):
            out += _parted(Guard(part, guard.right, guard.type, guard.slack), choices)
    return list(dict.fromkeys(out))


def _choice(affine: Affine, op: str, choices: Mapping[int, Choice]) -> Choice | None:
    """The choice that a value is, if it is nothing else."""
    alone = len(affine.terms) == 1 and not affine.base.terms and affine.terms[0][1] == Poly.const(1)
    variable = affine.terms[0][0] if alone else None
    choice = choices[variable.id] if variable is not None and variable.kind == "choice" else None
    return choice if choice is not None and choice.op == op else None


def _box(b: FormulaBuilder, extents: Extents, requirement: Requirement, bits: int) -> Box:
    """Where the lanes and loop rounds are that come to an access."""
    box = Box(b, extents.program, extents.choices, bits)
    if not requirement.always:
        box.launch()
    box.limit(requirement.limits)
    return box


def _violation(b: FormulaBuilder, extents: Extents, requirement: Requirement, box: Box) -> tuple[int, int, int]:
    """Nodes: the launch touches what is not there; smallest and largest index it touches."""
    with box.kept():
        low, high = box.index(requirement.index)
        reached = box.reached()
    slot = Slot(requirement.slot, Field.SHAPE, requirement.axis)
    shape = b.source("slot", slot, slot_range(extents.program, slot, box.bits))
    fits = b.both(b.negate(b.less(low, b.const(0))), b.less(high, shape))
    return b.both(reached, b.negate(fits)), low, high


def check(extents: Extents, program: Program, values: Mapping[Slot, int], lanes: tuple[int, int, int]) -> None:
    """Raise ExtentError unless every derived access of a launch is inside its array.

    `values` holds every scalar, shape and stride slot exactly; `lanes` how many lanes run on each axis.
    """
    computed = evaluate(extents.formula, values, lanes)
    results = [computed[r] for r in extents.formula.results]
    triples = list(zip(extents.requirements, results[::3], results[1::3], results[2::3], strict=True))
    failed = [(r, low, high) for r, violated, low, high in triples if violated]
    if not failed:
        return
    first = failed[0][0]
    same = [t for t in failed if (t[0].slot, t[0].axis) == (first.slot, first.axis)]
    length = values[Slot(first.slot, Field.SHAPE, first.axis)]
    worst = max(same, key=lambda t: t[2])
    if worst[2] >= length:
        raise ExtentError(_too_short(program, worst[0], length, worst[2] + 1))
    below = min(same, key=lambda t: t[1])
    raise ExtentError(_negative(program, below[0], length, below[1]))


def _too_short(program: Program, requirement: Requirement, length: int, needed: int) -> str:
    name = program.params[requirement.slot].name
    names = _scalars(program, requirement)
    smaller = f"or a smaller {' or '.join(names)}" if names else "or launch fewer lanes"
    what = (
        "an array of" if program.params[requirement.slot].ndim == 1 else f"an array whose axis {requirement.axis} has"
    )
    return (
        f"array '{name}' is too short{_axis(program, requirement)}: it has length {length}, "
        f"but kernel '{program.name}' needs {needed}{_place(program, requirement)}; "
        f"pass {what} at least {needed} elements, {smaller}"
    )


def _negative(program: Program, requirement: Requirement, length: int, index: int) -> str:
    name = program.params[requirement.slot].name
    return (
        f"array '{name}' would be accessed at index {index}{_axis(program, requirement)} "
        f"by kernel '{program.name}'{_place(program, requirement)}, outside its length {length}: "
        f"a negative index does not wrap around; guard the access so that the index is at least 0"
    )


def _axis(program: Program, requirement: Requirement) -> str:
    return f" along axis {requirement.axis}" if program.params[requirement.slot].ndim > 1 else ""


def _place(program: Program, requirement: Requirement) -> str:
    place = program.location(requirement.instruction)
    return f" ({place})" if place else f" (instruction {requirement.instruction})"


def _scalars(program: Program, requirement: Requirement) -> list[str]:
    """Names of the scalar parameters that the needed length depends on."""
    affines = [requirement.index]
    for limit in requirement.limits:
        guard = limit if isinstance(limit, Guard) else limit.guard
        affines += [guard.left, guard.right]
    slots = {s for a in affines for p in (a.base, *(c for _, c in a.terms)) for s in p.slots()}
    slots |= {s for p in program.extent for s in p.slots()}
    return [program.params[i].name for i in sorted({s.index for s in slots if s.field is Field.VALUE})]
