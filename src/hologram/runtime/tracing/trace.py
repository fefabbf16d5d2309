"""Traces: every event between the beginning and the end of `with`, on all threads of the process."""

from __future__ import annotations

import itertools
import os
import threading
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from hologram import events
from hologram.errors import ArgumentValueError, KernelFileError, TraceError
from hologram.events import Event
from hologram.metrics import AggregateStatistics
from hologram.runtime import detour
from hologram.runtime.files import write_file
from hologram.runtime.locks import fork_safe_lock
from hologram.runtime.tracing.chrome import TraceEvent, encode
from hologram.runtime.tracing.tally import KernelTotals, Tally, TraceTotals

MOST_EVENTS = 1_000_000
"""Events that a trace keeps, a quarter of a gigabyte or so; later ones are counted only."""


class _Thread(threading.local):
    number = 0


_thread = _Thread()
_numbers = itertools.count(1)
_lock = fork_safe_lock()
_running: set[Trace] = set()


class Trace:
    """What happens inside `with hologram.trace() as t:`, in this process, on all its threads.

    While it is on, launches go through Python, where they are timed. Traces may overlap and be nested: each has all
    events of its time. A child forked inside goes on without it.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, most: int = MOST_EVENTS) -> None:
        if most < 0:
            raise ArgumentValueError(f"a trace keeps most=0 events or more, got {most}")
        self.path = None if path is None else Path(path)
        self.most = most
        self.dropped = 0
        """Events that were counted and not kept."""
        self._state = "new"
        self._process = os.getpid()
        self._begin = 0
        self._lock = threading.RLock()
        self._events: list[TraceEvent] = []
        self._threads: dict[int, str] = {}
        self._tally = Tally()

    def __enter__(self) -> Trace:
        if self._state != "new":
            raise TraceError("a trace is taken once; begin another with hologram.trace()")
        if self.path is not None and not self.path.absolute().parent.is_dir():
            raise KernelFileError(f"cannot write {self.path}: there is no directory {self.path.parent}")
        self._state, self._begin = "on", perf_counter_ns()
        with _lock:
            _running.add(self)
            events.listen(self._hear)
            detour.begin(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        self._state = "done"
        if os.getpid() != self._process:
            return
        with _lock:
            _running.discard(self)
            detour.end(self)
            events.leave(self._hear)
        if self.path is None:
            return
        try:
            self.save(self.path)
        except KernelFileError as trouble:
            if error is None:
                raise
            error.add_note(f"the trace is lost, too: {trouble}")

    def _hear(self, event: Event) -> None:
        if not _thread.number:
            _thread.number = next(_numbers)
        number = _thread.number
        with self._lock:
            self._tally.add(event)
            if len(self._events) >= self.most:
                self.dropped += 1
                return
            if number not in self._threads:
                self._threads[number] = threading.current_thread().name
            since = event.start - self._begin
            start, spent = max(0, since) / 1000, (event.nanoseconds + min(0, since)) / 1000
            self._events.append(TraceEvent(event.name, event.category.value, start, spent, number, event.facts))

    def let_go(self) -> None:
        """Hear no more, in a forked child, where another thread may have held the lock."""
        self._lock = threading.RLock()
        detour.end(self)

    @property
    def events(self) -> tuple[TraceEvent, ...]:
        """The events so far, in the order in which they ended."""
        with self._lock:
            return tuple(self._events)

    @property
    def totals(self) -> TraceTotals:
        """Counts, bytes and seconds of everything so far."""
        with self._lock:
            return self._tally.totals

    @property
    def kernels(self) -> tuple[KernelTotals, ...]:
        """Launches by kind and name, the longest first."""
        with self._lock:
            return tuple(sorted(self._tally.kernels, key=lambda row: -row.seconds))

    @property
    def statistics(self) -> AggregateStatistics:
        """Sums over the launches; compiling is charged to the first launch of what was compiled."""
        with self._lock:
            return replace(self._tally.statistics)

    def to_bytes(self) -> bytes:
        """What `save` writes: JSON in Chrome's trace-event format."""
        about: dict[str, Any] = {"totals": asdict(self.totals), "dropped": self.dropped}
        with self._lock:
            return encode(self._events, self._threads, about)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace, whole or not at all; raises KernelFileError."""
        write_file(Path(path), self.to_bytes())

    def __repr__(self) -> str:
        totals = self.totals
        return f"Trace({totals.launches} launches, {totals.compiles} compiles, {totals.copies} copies, {self._state})"


def trace(path: str | os.PathLike[str] | None = None, most: int = MOST_EVENTS) -> Trace:
    """A trace of what happens inside `with hologram.trace(path) as t:`, written to `path` at the end, if one is given.

    It has launches, compilations, looks into caches, copies and allocations. The file is written after an exception,
    too. `most` is the number of events that are kept; the totals count all. Raises KernelFileError where the file
    cannot be written.
    """
    return Trace(path, most)


def _after_fork() -> None:
    """In a child nobody listens: the file is the parent's."""
    events.silence()
    for running in _running:
        running.let_go()
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
