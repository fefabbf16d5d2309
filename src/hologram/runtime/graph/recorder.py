"""Taking launches down: element-wise ones as generator calls on places, all others as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hologram.circuit.generators import relabelled
from hologram.circuit.instance import calls_of_pattern
from hologram.circuit.pattern import Apply, Element, Fold, NoPattern, Pattern, Store, pattern_of
from hologram.circuit.tape import Opaque, Tape
from hologram.errors import RecordingError
from hologram.isa.demands import Demand
from hologram.runtime import tensors
from hologram.runtime.arguments import slot_values
from hologram.runtime.buffer import Buffer
from hologram.runtime.graph.memory import GraphMemory
from hologram.runtime.pins import Pins, pins_of

if TYPE_CHECKING:
    from hologram.backends.base import Argument
    from hologram.circuit.lower import Step
    from hologram.runtime.executor import Executor
    from hologram.runtime.host import HostArray
    from hologram.runtime.launcher import Launcher, Prepared, Shape
    from hologram.types import Type

POOLED = Demand.BOUNDARY | Demand.POOLS
EFFECTS = frozenset({"Print", "Assert"})
HIDDEN = (
    "this is a temporary of a recorded graph, whose value is not kept; "
    "give the operation out=, or call g.output(name, buffer) before the first launch"
)


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """An array argument of a step: a place in a shape."""

    place: int
    shape: tuple[int, ...]


StepArgument = ArrayOf | int | float


@dataclass(frozen=True, slots=True)
class Taken:
    """A launch that stays as it is: what runs, on what, in what shape, where."""

    launcher: Launcher
    arguments: tuple[StepArgument, ...]
    shape: Shape
    executor: Executor


class GraphRecorder:
    """Collects the launches of a recording."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.memory = GraphMemory()
        self.tape = Tape()
        self.taken: dict[Opaque, Taken] = {}
        self.held: dict[int, tuple[HostArray, Pins]] = {}
        self._given: list[Any] = []
        self.temporaries: list[Buffer] = []
        self.launches = 0

    def temporary(self, shape: int | Sequence[int], type: Type) -> Buffer:
        """A buffer for a result that nobody gave a place; its content is not to be seen unless it becomes an output."""
        made = self.executor.allocate(shape, type)
        made.hide(HIDDEN)
        self.temporaries.append(made)
        return made

    def take(self, launcher: Launcher, given: Sequence[Any], shape: Shape, executor: Executor | None) -> None:
        """Note a launch; all its checks are made now."""
        self._check_executor(launcher.program.name, given, executor)
        chosen = launcher.executor_for(given, self.executor)
        prepared = launcher.prepare(tuple(given), shape)
        self._hold(given, prepared.arguments)
        tensors.tell_written(launcher.program, given)
        lives = [not (isinstance(v, Buffer) and v.is_hidden) for v in given]
        self.launches += 1
        pattern = pattern_of(launcher.program)
        reason = pattern.reason if isinstance(pattern, NoPattern) else ""
        if isinstance(pattern, Pattern) and chosen is self.executor:
            reason = self._take_pattern(launcher, pattern, prepared, lives)
        if reason or chosen is not self.executor:
            self._take_whole(launcher, prepared, lives, shape, chosen, reason)

    def take_steps(self, steps: Sequence[Step], memory: Mapping[int, Any], executor: Executor) -> None:
        """Note the calls of a circuit: they are generator calls already."""
        self._check_executor("circuit", tuple(memory.values()), executor)
        self.launches += 1
        for step in steps:
            places: dict[int, int] = {}
            for place in step.places:
                value = memory[place]
                array = value.elements() if isinstance(value, Buffer) else value
                self._hold((value,), (array,))
                part = array[:1] if place in step.cells else array
                places[place] = self.memory.place(part, not (isinstance(value, Buffer) and value.is_hidden))
            self.tape.items += (relabelled(call, places) for call in step.calls)

    def _hold(self, given: Sequence[Any], arrays: Sequence[Any]) -> None:
        """Keep every array that is given from being freed, once each."""
        for value, array in zip(given, arrays, strict=True):
            if isinstance(array, np.ndarray) and id(value) not in self.held:
                self.held[id(value)] = array, pins_of((value,), (array,))
                tensors.hold((value,))
                self._given.append(value)  # so that nothing else gets its id

    def holds(self) -> list[tuple[HostArray, Pins]]:
        """Every array that was given, and what keeps it from being freed."""
        return list(self.held.values())

    def let_go(self) -> None:
        """Leave the holding to somebody else."""
        self.held, self._given = {}, []

    def _check_executor(self, name: str, given: Sequence[Any], executor: Executor | None) -> None:
        owners = [value.executor for value in given if isinstance(value, Buffer)]
        for owner in (*([] if executor is None else [executor]), *owners):
            if owner is not self.executor:
                raise RecordingError(
                    f"{name}() belongs to {owner!r}, and this thread records for {self.executor!r}; "
                    "use buffers of one executor, or launch before recording"
                )

    def _take_pattern(self, launcher: Launcher, pattern: Pattern, prepared: Prepared, lives: Sequence[bool]) -> str:
        """Note a launch as generator calls; gives the reason where that cannot be."""
        program, arguments, lanes = launcher.program, prepared.arguments, prepared.domain.lanes
        if lanes[1:] != (1, 1):
            return "it has lanes along several axes"
        values = slot_values(program, arguments)
        count = max(0, min(lanes[0], *(b.evaluate(values) for b in pattern.bounds), lanes[0]))
        folds = {s.slot for s in pattern.steps if isinstance(s, Fold)}
        if folds and count != lanes[0]:
            return "its reduction runs over more lanes than elements"
        if not count and not folds:
            return ""
        places = {k: self._part(arguments[k], count, lives[k]) for k in _touched(pattern)}
        cells = {k: self._part(arguments[k], 1, lives[k]) for k in folds}
        scalars = {k: a for k, a in enumerate(arguments) if not isinstance(a, np.ndarray)}
        calls = calls_of_pattern(pattern, places, cells, scalars, lambda: self.memory.fresh(pattern.type, count))
        if calls is None:
            return "two of its arrays are the same, and the order of loads and stores between them matters"
        self.tape.items += calls
        return ""

    def _part(self, argument: Argument, count: int, lives: bool) -> int:
        assert isinstance(argument, np.ndarray)
        return self.memory.place(argument[:count], lives)

    def _take_whole(
        self, launcher: Launcher, prepared: Prepared, lives: Sequence[bool], shape: Shape, chosen: Executor, reason: str
    ) -> None:
        program = launcher.program
        arguments: list[StepArgument] = []
        read, written = set(), set()
        for param, value, lived in zip(program.params, prepared.arguments, lives, strict=True):
            if not isinstance(value, np.ndarray):
                arguments.append(value)
                continue
            place = self.memory.place(value, lived)
            arguments.append(ArrayOf(place, value.shape))
            read.add(place)
            if param.is_written:
                written.add(place)
        if program.demands & POOLED:  # it may touch any class, and the pool of handle 0 is the boundary pool
            pool = self.memory.place(chosen.memory.boundary, True)
            read.add(pool)
            written.add(pool)
        effects = bool(program.demands) or any(i.op in EFFECTS for i in program.instructions)
        item = Opaque(program.name, frozenset(read), frozenset(written), effects, reason or "it runs checked")
        self.taken[item] = Taken(launcher, tuple(arguments), shape, chosen)
        self.tape.items.append(item)


def _touched(pattern: Pattern) -> set[int]:
    """The arrays whose elements a pattern loads or stores."""
    stored = {s.slot for s in pattern.steps if isinstance(s, Store)}
    sources = [x for s in pattern.steps for x in (s.sources if isinstance(s, Apply) else (s.source,))]
    return stored | {s.slot for s in sources if isinstance(s, Element)}
