"""The order of a region's work: what differs along which axes, and which folds go over the elements together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from hologram.errors import BuildError
from hologram.isa.instructions import BY_NAME
from hologram.isa.region import KEPT, REDUCED, WALKED, Fold, Let, Operand, Output, Region
from hologram.operators import COMPARISONS, TRUTHS, Formula, is_truth
from hologram.types import Type

FOLDS = ("ADD", "MUL", "MINP", "MAXP")
_WORDS = frozenset({*COMPARISONS, *TRUTHS, "IPOW", *BY_NAME})

_COSTLY = frozenset({"EXP", "EXP2", "LOG", "LOG2", "TANH", "SIGMOID", "ERF", "POW", "SIN", "COS"})
"""Words that cost more than to store a value and load it again."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A let of an earlier pass, which left its values where the output goes in the end."""

    name: str
    at: Operand


Step = Let | Fold | Output | Stored


@dataclass(frozen=True, slots=True)
class Pass:
    """One walk over the elements of a row: what is computed, folded and stored there, in order."""

    steps: tuple[Step, ...]

    @property
    def folds(self) -> tuple[Fold, ...]:
        return tuple(s for s in self.steps if isinstance(s, Fold))


@dataclass(frozen=True)
class Plan:
    """What a region's program does, row after row: values of the row, and passes over its elements.

    `along` holds the axes along which a name's value differs.
    """

    region: Region
    along: Mapping[str, frozenset[int]]
    schedule: tuple[Step | Pass, ...]

    @cached_property
    def kept(self) -> tuple[int, ...]:
        return _axes(self.region.axes, KEPT)

    @cached_property
    def walked(self) -> tuple[int, ...]:
        return _axes(self.region.axes, WALKED)

    @cached_property
    def reduced(self) -> tuple[int, ...]:
        return _axes(self.region.axes, REDUCED)

    @cached_property
    def inputs(self) -> Mapping[str, Operand]:
        return {i.name: i for i in self.region.inputs}

    @property
    def passes(self) -> tuple[Pass, ...]:
        return tuple(s for s in self.schedule if isinstance(s, Pass))

    def of_row(self, name: str) -> bool:
        """True for what has one value a row."""
        return not self.along[name] & set(self.reduced)


def reads(step: Step | Pass) -> frozenset[str]:
    """The names that a step reads; for a pass those that come from outside of it."""
    if isinstance(step, Output):
        return frozenset({step.of})
    if isinstance(step, Stored):
        return frozenset()
    if isinstance(step, Pass):
        made = {s.name for s in step.steps if not isinstance(s, Output)}
        return frozenset().union(*(reads(s) for s in step.steps)) - made
    return names(step.formula if isinstance(step, Let) else step.of)


def names(formula: Formula) -> frozenset[str]:
    """The operands of a formula."""
    found: set[str] = set()
    pending, seen = [formula], set()
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            found.add(part)
        elif isinstance(part, tuple) and part not in seen:
            seen.add(part)
            pending += part[1:]
    return frozenset(found)


def last_reads(steps: Sequence[Step | Pass]) -> Mapping[str, int]:
    """The number of the step that reads a name last."""
    return {name: number for number, step in enumerate(steps) for name in reads(step)}


def planned(region: Region) -> Plan:
    """The plan of a region; raises BuildError, naming what, where it has no meaning."""
    _check(region)
    along = _along(region)
    reduced = set(_axes(region.axes, REDUCED))
    level = _levels(region)
    needed = _needed(region)
    steps = [s for s in region.steps if s.name in needed]
    elements = [s for s in steps if isinstance(s, Fold) or along[s.name] & reduced]
    rows = [s for s in steps if isinstance(s, Let) and not along[s.name] & reduced]
    lets = [s for s in elements if isinstance(s, Let)]
    last = max((level[f.name] for f in steps if isinstance(f, Fold)), default=0)
    stored: dict[str, Operand] = {}
    schedule: list[Step | Pass] = []
    for number in range(last + 2):
        schedule += [s for s in rows if level[s.name] == number]
        if not reduced:
            break
        folds = [s for s in elements if isinstance(s, Fold) and level[s.name] == number + 1]
        stores = [o for o in region.outputs if _of_elements(o, reduced) and level[o.of] == number]
        if not folds and not stores:
            continue
        later = [o for o in region.outputs if _of_elements(o, reduced) and level[o.of] > number]
        before = dict(stored)
        stored |= _worth_storing(_pass(lets, [*folds, *stores], before), lets, later, before)
        new = [Output(name, at) for name, at in stored.items() if name not in before]
        schedule.append(_pass(lets, [*folds, *stores, *new], before))
        final = [o.to for o in stores]
        stored = {name: at for name, at in stored.items() if at not in final}
    schedule += [o for o in region.outputs if not _of_elements(o, reduced)]
    return Plan(region, along, _early(schedule))


def _of_elements(output: Output, reduced: set[int]) -> bool:
    """True for an output that goes to each element of a row."""
    return any(output.to.strides[axis] != 0 for axis in reduced)


def _early(schedule: Sequence[Step | Pass]) -> tuple[Step | Pass, ...]:
    """Values of the row that are only stored go to memory as soon as they are there."""
    out: list[Step | Pass] = [s for s in schedule if not isinstance(s, Output)]
    for output in (s for s in schedule if isinstance(s, Output)):
        made = [n for n, s in enumerate(out) if output.of in _makes(s)]
        out.insert(made[0] + 1 if made else 0, output)
    return tuple(out)


def _makes(step: Step | Pass) -> set[str]:
    if isinstance(step, Pass):
        return {f.name for f in step.folds}
    return set() if isinstance(step, Output) else {step.name}


def _pass(lets: Sequence[Let], users: Sequence[Step], stored: Mapping[str, Operand]) -> Pass:
    """The lets that folds and stores need, in order, each followed by what can be done with it."""
    needed = _behind(lets, users, stored)
    wanted = [let for let in lets if let.name in needed]
    place = {let.name: number for number, let in enumerate(wanted)}
    ready: list[list[Step]] = [[] for _ in range(len(wanted) + 1)]
    for step in users:
        ready[max((place[name] + 1 for name in reads(step) if name in place), default=0)].append(step)
    steps: list[Step] = [*ready[0]]
    for let, done in zip(wanted, ready[1:], strict=True):
        steps += [Stored(let.name, stored[let.name]) if let.name in stored else let, *done]
    return Pass(tuple(steps))


def _behind(lets: Sequence[Let], users: Iterable[Step], stored: Mapping[str, Operand]) -> set[str]:
    """The names that steps come of; not those behind a let that is stored."""
    needed = {name for user in users for name in reads(user)}
    for let in reversed(lets):
        if let.name in needed and let.name not in stored:
            needed |= reads(let)
    return needed


def _worth_storing(
    step: Pass, lets: Sequence[Let], later: Sequence[Output], before: Mapping[str, Operand]
) -> dict[str, Operand]:
    """Costly lets of a pass that a later output comes of: they go to its place, and are not computed again."""
    found: dict[str, Operand] = {}
    for output in later:
        to = output.to
        if 0 in to.strides or to in before.values():
            continue
        behind = _behind(lets, [output], before)
        costly = [s for s in step.steps if isinstance(s, Let) and s.name in behind and s.name not in found]
        fits = [s for s in costly if s.type is to.type and not is_truth(s.formula) and _COSTLY & _words(s.formula)]
        if fits:
            found[fits[-1].name] = to
    return found


def _axes(pattern: str, letter: str) -> tuple[int, ...]:
    return tuple(axis for axis, one in enumerate(pattern) if one == letter)


def _own(region: Region) -> dict[str, frozenset[int]]:
    """The names that need no step, and the axes along which they differ."""
    axes = range(len(region.axes))
    own = {f"i{axis}": frozenset({axis}) for axis in axes}
    own |= {f"n{axis}": frozenset[int]() for axis in axes}
    own |= {name: frozenset[int]() for name, _ in region.numbers}
    for operand in region.inputs:
        own[operand.name] = frozenset(axis for axis in axes if operand.strides[axis] != 0)
    return own


def _along(region: Region) -> dict[str, frozenset[int]]:
    """The axes along which each name differs; steps read what comes before them."""
    along = _own(region)
    reduced = frozenset(_axes(region.axes, REDUCED))
    for step in region.steps:
        axes = frozenset[int]().union(*(along[name] for name in reads(step)))
        along[step.name] = axes - reduced if isinstance(step, Fold) else axes
    return along


def _levels(region: Region) -> dict[str, int]:
    """How many folds, one after the other, a name comes of."""
    level = dict.fromkeys(_own(region), 0)
    for step in region.steps:
        before = max((level[name] for name in reads(step)), default=0)
        level[step.name] = before + isinstance(step, Fold)
    return level


def _needed(region: Region) -> set[str]:
    """The names that outputs come of."""
    needed = {o.of for o in region.outputs}
    for step in reversed(region.steps):
        if step.name in needed:
            needed |= reads(step)
    return needed


def _check(region: Region) -> None:
    pattern = region.axes
    if not pattern or set(pattern) - {KEPT, WALKED, REDUCED}:
        raise BuildError(f"a region's axes are one or more of '{KEPT}', '{WALKED}' and '{REDUCED}', not '{pattern}'")
    if not region.outputs:
        raise BuildError("a region without outputs does nothing")
    parameters = Counter(region.parameters)
    twice = [name for name, count in parameters.items() if count > 1]
    if twice:
        raise BuildError(f"a region's parameters have names of their own: '{twice[0]}' is there twice")
    for name in parameters.keys() & {f"i{axis}" for axis in range(len(pattern))}:
        raise BuildError(f"'{name}' is the name of a place along an axis, not of a parameter")
    for operand in (*region.inputs, *(o.to for o in region.outputs)):
        _check_operand(operand, pattern)
    known = set(_own(region))
    for step in region.steps:
        _check_step(step, known, region)
        known.add(step.name)
    along = _along(region)
    for output in region.outputs:
        if output.of not in known:
            raise BuildError(f"output '{output.to.name}' stores '{output.of}', which no step makes")
        flat = sorted(axis for axis in along[output.of] if output.to.strides[axis] == 0)
        if flat:
            raise BuildError(
                f"'{output.of}' differs along axis {flat[0]}, where output '{output.to.name}' has stride 0"
            )


def _check_operand(operand: Operand, pattern: str) -> None:
    if len(operand.strides) != len(pattern):
        raise BuildError(f"'{operand.name}' has {len(operand.strides)} strides for the axes '{pattern}'")
    wrong: Iterable[object] = (s for s in operand.strides if not isinstance(s, str) and s not in (0, 1))
    for stride in wrong:
        raise BuildError(f"a stride of '{operand.name}' is {stride!r}: it is 0, 1 or the name of a number")


def _check_step(step: Let | Fold, known: set[str], region: Region) -> None:
    if step.name in known:
        raise BuildError(f"step '{step.name}' has a name that is taken")
    unknown = sorted(reads(step) - known)
    if unknown:
        later = any(s.name == unknown[0] for s in region.steps)
        what = "which comes later: steps run in order, and none reads itself" if later else "which nothing makes"
        raise BuildError(f"step '{step.name}' reads '{unknown[0]}', {what}")
    for word in _words(step.formula if isinstance(step, Let) else step.of):
        if word not in _WORDS:
            raise BuildError(f"step '{step.name}' has a word '{word}' that is in no formula")
    if isinstance(step, Fold):
        if step.op not in FOLDS:
            raise BuildError(f"step '{step.name}' folds by {', '.join(FOLDS)}, not by '{step.op}'")
        if REDUCED not in region.axes:
            raise BuildError(f"step '{step.name}' is a fold, but no axis of '{region.axes}' is reduced")
        if step.type is Type.U8 and step.op in ("ADD", "MUL"):
            raise BuildError(f"step '{step.name}' would add up truths in u8: fold them in i64")


def _words(formula: Formula) -> set[str]:
    found: set[str] = set()
    pending, seen = [formula], set()
    while pending:
        part = pending.pop()
        if isinstance(part, tuple) and part not in seen:
            seen.add(part)
            found.add(str(part[0]))
            pending += part[1:]
    return found
