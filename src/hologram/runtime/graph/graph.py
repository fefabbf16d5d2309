"""`with executor.record() as g:` takes launches down instead of running them; `g.launch()` replays them fused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hologram import events
from hologram.errors import ArgumentTypeError, ArgumentValueError, RecordingError
from hologram.events import Category
from hologram.runtime import recording
from hologram.runtime.buffer import Buffer, as_buffer
from hologram.runtime.graph.explanation import explanation
from hologram.runtime.graph.memory import GraphMemory
from hologram.runtime.graph.plan import Plan, plan_of, replay_steps
from hologram.runtime.graph.rebinding import check_like, moved
from hologram.runtime.graph.recorder import GraphRecorder
from hologram.runtime.graph.replay import Replay, replay_type
from hologram.runtime.host import HostArray, host_array
from hologram.runtime.pins import Pins, pins_of

if TYPE_CHECKING:
    from hologram.runtime.executor import Executor
    from hologram.runtime.graph.program import GraphProgram


class Graph:
    """A recorded graph. Nothing runs while it records; `launch()` runs everything in one call, as often as wanted.

    Operations without an output give temporaries that belong to the graph. All memory that the graph uses is held
    until the graph and its `launch` are dropped. A graph is launched by one thread at a time.
    """

    __slots__ = ("__weakref__", "_held", "_memory", "_named", "_plan", "_recorder", "_state", "executor", "launch")

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self._recorder = GraphRecorder(executor)
        self._memory: GraphMemory = self._recorder.memory
        self._state = "new"
        self._plan: Plan | None = None
        self._named: dict[str, HostArray] = {}
        self._held: list[tuple[HostArray, Pins]] = []
        self.launch: Replay = replay_type()(self.compile)

    # Recording.

    def __enter__(self) -> Graph:
        if self._state != "new":
            raise RecordingError("a graph records once; begin another with executor.record()")
        recording.begin(self._recorder)
        self._state = "recording"
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        recording.end()
        self._state = "recorded" if kind is None else "broken"

    def input(self, name: str, buffer: Any) -> Any:
        """Give a buffer that the graph uses a name, for `bind` and for other processes; gives the buffer back."""
        held = as_buffer(buffer)
        array = held.elements() if isinstance(held, Buffer) else host_array(held)
        if array is None or not array.flags.c_contiguous:
            raise ArgumentTypeError(f"'{name}' names a contiguous Buffer or array, not {type(buffer).__name__}")
        if not isinstance(name, str) or not name.isidentifier() or name == "executor":
            raise ArgumentValueError(f"{name!r} cannot be the name of a buffer; use a Python name")
        if name in self._named:
            raise ArgumentValueError(f"there is a buffer '{name}' already")
        for other, taken in self._named.items():
            if np.may_share_memory(array, taken):
                raise ArgumentValueError(f"'{name}' shares memory with '{other}'; name the whole of it once")
        self._named[name] = array
        return buffer

    def output(self, name: str, buffer: Any) -> Any:
        """Name a buffer, as `input` does; a temporary's value is then kept, to be read after a launch."""
        held = as_buffer(buffer)
        if isinstance(held, Buffer) and held.is_hidden:
            if self._plan is not None:
                raise RecordingError(f"'{name}' is a temporary of a compiled graph; name it before the first launch")
            self.input(name, buffer)
            self._memory.keep(held.elements())
            held.hide("")
            return buffer
        return self.input(name, buffer)

    # Running.

    def compile(self) -> Graph:
        """Optimise, fuse and compile now; the first launch does it otherwise."""
        if self._plan is not None:
            return self
        self._check_recorded()
        recorder, start = self._recorder, events.start()
        plan = plan_of(recorder.tape, self._memory, recorder.taken, self.executor)
        self._held = recorder.holds()
        self._run(plan, self._memory)
        self._plan = plan
        recorder.let_go()
        events.tell(Category.COMPILE, "graph", start, to="programs", launches=recorder.launches, steps=len(plan.steps))
        return self

    def _run(self, plan: Plan, memory: GraphMemory) -> None:
        before = None if self._plan is None else self._memory
        steps = replay_steps(plan, memory, before, self.launch.steps)
        self.launch.take(steps, (list(self._held), memory))

    def _check_recorded(self) -> None:
        if self._state == "broken":
            raise RecordingError("the recording ended with an exception, so the graph is not complete; record it again")
        if self._state != "recorded":
            raise RecordingError("the graph is still being recorded; launch it after the with-block")

    def __call__(self) -> None:
        """Replay once, as `launch` does."""
        self.launch()

    def bind(self, **buffers: Any) -> Graph:
        """Use other buffers in place of named ones from now on: the same type and shape.

        Raises OverlapError where they share memory in another way than those of the recording; then nothing changes.
        """
        plan = self.plan
        buffers = {name: as_buffer(value) for name, value in buffers.items()}
        changes: dict[int, tuple[HostArray, HostArray]] = {}
        for name, value in buffers.items():
            old = self._named.get(name)
            if old is None:
                raise ArgumentTypeError(f"the graph has no '{name}'; it has {', '.join(self._named) or 'no names'}")
            changes[_address(old)] = old, self._replacement(name, value, old)
        memory = moved(self._memory, changes, plan.written)
        held = self._held
        self._held = [(a, p) for a, p in held if not any(_holds(old, a) for old, _ in changes.values())]
        self._held += [(c[1], pins_of((v,), (c[1],))) for c, v in zip(changes.values(), buffers.values(), strict=True)]
        try:
            self._run(plan, memory)
        except Exception:
            self._held = held
            raise
        self._memory = memory
        self._named |= {name: changes[_address(self._named[name])][1] for name in buffers}
        return self

    def _replacement(self, name: str, value: Any, old: HostArray) -> HostArray:
        if isinstance(value, Buffer) and value.executor is not self.executor:
            raise ArgumentValueError(f"'{name}' belongs to {value.executor!r}, the graph to {self.executor!r}")
        given = value.elements() if isinstance(value, Buffer) else host_array(value)
        if given is None:
            raise ArgumentTypeError(f"'{name}' is bound to a Buffer or an array, not {type(value).__name__}")
        written = any(_holds(old, self._memory.array(p)) for p in self.plan.written)
        check_like(name, old.dtype, old.shape, given, written)
        return given

    # What it is.

    @property
    def plan(self) -> Plan:
        """The steps of a replay (compiled now where they were not)."""
        self.compile()
        assert self._plan is not None
        return self._plan

    @property
    def program(self) -> GraphProgram:
        """The graph without its memory, to be saved; every buffer it uses must have a name."""
        from hologram.runtime.graph.program import GraphProgram
        from hologram.runtime.graph.wiring import wiring_of

        programs, wiring = wiring_of(self.plan, self._memory, self._named)
        return GraphProgram(programs, wiring, all(step.launcher.trusted for step in self.plan.steps))

    def explain(self) -> str:
        """What was fused, removed and kept, and why, with calls and bytes before and after."""
        names: dict[int, str] = {}
        for place in {p for step in self.plan.steps for p in step.places}:
            array = self._memory.array(place)
            found = [name for name, named in self._named.items() if _holds(named, array)]
            if found:
                names[place] = found[0]
        return explanation(self._recorder.launches, self._recorder.tape, self.plan, names)

    def __repr__(self) -> str:
        if self._plan is None:
            return f"Graph({self._recorder.launches} launches, {self._state})"
        return f"Graph({self._recorder.launches} launches in {len(self._plan.steps)} steps)"

    def __reduce__(self) -> Any:
        raise ArgumentTypeError("a graph refers to memory of this process and cannot be pickled; save g.program")


def _address(array: HostArray) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _holds(whole: HostArray, part: HostArray) -> bool:
    """True where all of an array lies in another one's memory."""
    low, high = np.lib.array_utils.byte_bounds(part)
    start, end = np.lib.array_utils.byte_bounds(whole)
    return bool(start <= low and high <= end)
