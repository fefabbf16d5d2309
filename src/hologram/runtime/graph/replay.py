"""Running a compiled graph: one native call walks its steps, or Python does where there is no native code."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from hologram import events
from hologram.runtime import native, recording, watched
from hologram.runtime.launcher import run

if TYPE_CHECKING:
    from hologram.backends.base import Executable
    from hologram.runtime.entry.context import EntryContext
    from hologram.runtime.executor import Executor
    from hologram.runtime.launcher import Prepared


@dataclass(frozen=True, slots=True)
class BoundStep:
    """A program made runnable on an executor, with checked arguments; `calls` are the generator calls it does."""

    executable: Executable
    prepared: Prepared
    executor: Executor
    calls: int = 0

    @property
    def is_long(self) -> bool:
        """True where other threads may help."""
        lanes = getattr(self.executable, "long_lanes", None)
        return lanes is not None and self.prepared.domain.total >= lanes

    @property
    def nanoseconds(self) -> float:
        """A rough estimate of how long it takes."""
        cost: Any = getattr(self.executable, "cost", 0)
        return 0.3 * float(cost) * self.prepared.domain.total

    def run(self) -> None:
        """Run it from Python."""
        run(self.executable, self.prepared, self.executor)


class Replay:
    """Calling it runs a graph's steps in order. One thread at a time may do so."""

    __slots__ = ("__weakref__", "_context", "_kept", "_pending", "_waits", "steps")

    def __init__(self, pending: Callable[[], object] | None = None) -> None:
        self._pending = pending
        self.steps: tuple[BoundStep, ...] = ()
        self._context: EntryContext | None = None
        self._kept: Any = None
        self._waits = False

    def take(self, steps: Sequence[BoundStep], kept: Any) -> None:
        """Run these from now on; `kept` owns their memory."""
        native.clear_entry(self)
        previous = self._context
        self.steps, self._kept, self._pending = tuple(steps), kept, None
        self._context = None
        # The first run of long steps goes through Python, which starts the threads they want.
        self._waits = any(step.is_long for step in steps)
        if not self._waits:
            self._context = native.attach_replay(self, self.steps, kept)
        del previous

    def __call__(self) -> None:
        """Replay once. Raises an `ExecutionError` for faults found while running."""
        recording.refuse("a graph cannot be launched", "launch it before or after the recording")
        if self._pending is not None:
            self._pending()
        if events.listeners:
            self._run_watched()
        else:
            self._run()
        if self._waits:
            self._waits = False
            self._context = native.attach_replay(self, self.steps, self._kept)

    def _run(self) -> None:
        for step in self.steps:
            step.run()

    def _run_watched(self) -> None:
        first = self.steps[0].executor if self.steps else None
        with watched.together("graph", first, sum(step.calls for step in self.steps)):
            self._run()

    @property
    def is_native(self) -> bool:
        """True where a call goes straight to machine code."""
        return self._context is not None

    def __repr__(self) -> str:
        return f"Replay({len(self.steps)} steps)" if self._pending is None else "Replay(not compiled)"

    def __reduce__(self) -> Any:
        from hologram.errors import ArgumentTypeError

        raise ArgumentTypeError("a replay refers to memory of this process and cannot be pickled; save g.program")


def buffer_of(data: bytes | bytearray) -> ctypes.Array[ctypes.c_char]:
    """Bytes at an address that stays."""
    return ctypes.create_string_buffer(bytes(data), len(data))


@cache
def replay_type() -> type[Replay]:
    """`Replay` with a native entry where this Python can have them."""
    return native.callable_type(Replay, "hologram.runtime.graph.replay.Replay")
