"""Which thread records what: a recording takes the launches of its thread instead of their being run."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from hologram.errors import RecordingError
from hologram.runtime import detour
from hologram.runtime.locks import fork_safe_lock
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.circuit.lower import Step
    from hologram.runtime.buffer import Buffer
    from hologram.runtime.executor import Executor
    from hologram.runtime.launcher import Launcher, Shape


class Recorder(Protocol):
    """What takes the launches of a thread."""

    executor: Executor

    def take(self, launcher: Launcher, given: Sequence[Any], shape: Shape, executor: Executor | None) -> None:
        """Note a launch instead of running it."""
        ...

    def take_steps(self, steps: Sequence[Step], memory: Mapping[int, Any], executor: Executor) -> None:
        """Note the calls of a circuit that is bound to memory."""
        ...

    def temporary(self, shape: int | Sequence[int], type: Type) -> Buffer:
        """A buffer for a result that nobody gave a place."""
        ...


class _Thread(threading.local):
    recorder: Recorder | None = None


_thread = _Thread()
_lock = fork_safe_lock()
_active = 0
_REASON = "recording"


def current() -> Recorder | None:
    """The recording of this thread, if there is one."""
    return _thread.recorder if _active else None


def is_active() -> bool:
    """True while any thread records: launches then go through Python, where they can be taken."""
    return _active > 0


def begin(recorder: Recorder) -> None:
    """Let a recorder take the launches of this thread. Raises RecordingError where one does already."""
    global _active
    if current() is not None:
        raise RecordingError("this thread records already; end that recording before beginning another")
    with _lock:
        _active += 1
        detour.begin(_REASON)
        _thread.recorder = recorder


def end() -> None:
    """Let the launches of this thread run again."""
    global _active
    with _lock:
        _thread.recorder = None
        _active -= 1
        if _active == 0:
            detour.end(_REASON)


def refuse(what: str, cure: str) -> None:
    """Raise RecordingError while this thread records."""
    if current() is not None:
        raise RecordingError(f"{what} during a recording: nothing has run; {cure}")


def _after_fork() -> None:
    """In a child only the forking thread lives on."""
    global _active
    if _active:
        _active = int(_thread.recorder is not None)
        if not _active:
            detour.end(_REASON)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
