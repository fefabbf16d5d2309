"""From a tape to programs: what runs in a replay, on which places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hologram.circuit.fuse import Group, Part, fuse
from hologram.circuit.generators import Single
from hologram.circuit.tape import Opaque, Removed, Tape, shortened
from hologram.runtime.graph.memory import GraphMemory
from hologram.runtime.graph.recorder import ArrayOf, StepArgument, Taken
from hologram.runtime.graph.replay import BoundStep
from hologram.runtime.launcher import Launcher, Shape

if TYPE_CHECKING:
    from hologram.runtime.executor import Executor


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One program of a replay: `calls` are those that became it (none for a launch that stays), `reason` why apart."""

    launcher: Launcher
    arguments: tuple[StepArgument, ...]
    shape: Shape
    executor: Executor
    calls: tuple[Single, ...] = ()
    scratch: int = 0
    reason: str = ""

    def bind(self, memory: GraphMemory) -> BoundStep:
        """Check the step's arguments and make its program runnable."""
        given = tuple(memory.array(a.place, a.shape) if isinstance(a, ArrayOf) else a for a in self.arguments)
        prepared = self.launcher.prepare(given, self.shape)
        return BoundStep(self.launcher.executable(self.executor), prepared, self.executor, len(self.calls))

    @property
    def places(self) -> tuple[int, ...]:
        """The places of its arrays."""
        return tuple(a.place for a in self.arguments if isinstance(a, ArrayOf))


@dataclass(frozen=True)
class Plan:
    """The steps of a replay, what was removed on the way, and bytes moved before and after."""

    steps: tuple[PlanStep, ...]
    removed: tuple[Removed, ...]
    bytes_before: int
    bytes_after: int

    @property
    def written(self) -> frozenset[int]:
        """The places that a replay writes."""
        found = set()
        for step in self.steps:
            for param, argument in zip(step.launcher.program.params, step.arguments, strict=True):
                if isinstance(argument, ArrayOf) and param.is_written:
                    found.add(argument.place)
        return frozenset(found)


def plan_of(tape: Tape, memory: GraphMemory, taken: Mapping[Opaque, Taken], executor: Executor) -> Plan:
    """Optimise and fuse what was recorded; every change is validated."""
    tape.places, tape.overlaps = memory.places(), memory.overlaps()
    items, removed = shortened(tape)
    steps = tuple(_step(tape, part, taken, executor) for part in fuse(tape, items))
    before = sum(tape.bytes_of(item) for item in tape.items)
    return Plan(steps, tuple(removed), before, _bytes_of(tape, steps))


def _step(tape: Tape, part: Part, taken: Mapping[Opaque, Taken], executor: Executor) -> PlanStep:
    if isinstance(part, Opaque):
        launch = taken[part]
        return PlanStep(launch.launcher, launch.arguments, launch.shape, launch.executor, reason=part.reason)
    made = part.step()
    count = tape.places[_counted(part)].count
    arrays = [ArrayOf(p, (tape.places[p].count,)) for p in made.places]
    shape = Shape() if made.block is None else Shape(1, made.block)
    scratch = len(part.segment.scratch)
    return PlanStep(Launcher(made.program), (*arrays, count), shape, executor, made.calls, scratch, part.reason)


def _counted(part: Group) -> int:
    """A place with as many elements as the program has lanes."""
    return next(p for p in sorted(part.segment.lane_wise))


def _bytes_of(tape: Tape, steps: Sequence[PlanStep]) -> int:
    """Bytes that the steps read and write."""
    total = 0
    for step in steps:
        for param, argument in zip(step.launcher.program.params, step.arguments, strict=True):
            if isinstance(argument, ArrayOf):
                total += tape.places[argument.place].nbytes * len(param.access)
    return total


def replay_steps(
    plan: Plan, memory: GraphMemory, before: GraphMemory | None = None, bound: Sequence[BoundStep] = ()
) -> list[BoundStep]:
    """All steps ready to run; those whose memory is still that of `before` are the ones `bound` there."""
    if before is None:
        return [step.bind(memory) for step in plan.steps]
    return [
        old if all(memory.array(p) is before.array(p) for p in step.places) else step.bind(memory)
        for step, old in zip(plan.steps, bound, strict=True)
    ]
