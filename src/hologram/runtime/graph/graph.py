"""`with executor.record() as g:` takes launches down instead of running them; `g.launch()` replays them fused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hologram.errors import ArgumentTypeError, RecordingError
from hologram.runtime import recording
from hologram.runtime.graph.plan import Plan, plan_of, replay_steps
from hologram.runtime.graph.recorder import GraphRecorder
from hologram.runtime.graph.replay import Replay, replay_type

if TYPE_CHECKING:
    from hologram.runtime.executor import Executor


class Graph:
    """A recorded graph. Nothing runs while it records; `launch()` runs everything in one call, as often as wanted.

    Operations without an output give temporaries that belong to the graph. All memory that the graph uses is held
    until the graph and its `launch` are dropped. A graph is launched by one thread at a time.
    """

    __slots__ = ("__weakref__", "_plan", "_recorder", "_state", "executor", "launch")

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self._recorder = GraphRecorder(executor)
        self._state = "new"
        self._plan: Plan | None = None
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

    # Running.

    def compile(self) -> Graph:
        """Optimise, fuse and compile now; the first launch does it otherwise."""
        if self._plan is not None:
            return self
        self._check_recorded()
        recorder = self._recorder
        plan = plan_of(recorder.tape, recorder.memory, recorder.taken, self.executor)
        self.launch.take(replay_steps(plan, recorder.memory), (recorder.pins, recorder.memory))
        self._plan = plan
        return self

    def _check_recorded(self) -> None:
        if self._state == "broken":
            raise RecordingError("the recording ended with an exception, so the graph is not complete; record it again")
        if self._state != "recorded":
            raise RecordingError("the graph is still being recorded; launch it after the with-block")

    def __call__(self) -> None:
        """Replay once, as `launch` does."""
        self.launch()

    @property
    def plan(self) -> Plan:
        """The steps of a replay (compiled now where they were not)."""
        self.compile()
        assert self._plan is not None
        return self._plan

    def __repr__(self) -> str:
        if self._plan is None:
            return f"Graph({self._recorder.launches} launches, {self._state})"
        return f"Graph({self._recorder.launches} launches in {len(self._plan.steps)} steps)"

    def __reduce__(self) -> Any:
        raise ArgumentTypeError("a graph refers to memory of this process and cannot be pickled")
