"""What happens inside: launches, compilations, looks into caches, copies, allocations. Told only while someone listens.

A place that tells begins with `start = events.start()` and ends with `events.tell(…, start, …)`: while nobody listens
that is two comparisons (a short one asks `events.listeners` itself, which saves the calls). Launches that go straight
to machine code tell nothing; `runtime.detour` brings them back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter_ns
from typing import Any


class Category(StrEnum):
    """The kinds of events."""

    LAUNCH = "launch"
    GRAPH = "graph"
    STEP = "step"
    COMPILE = "compile"
    CACHE = "cache"
    COPY = "copy"
    ALLOCATION = "allocation"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that took `nanoseconds` from `start` on (of `time.perf_counter_ns`), on the thread that tells it.

    `facts` are values that JSON has.
    """

    category: Category
    name: str
    start: int
    nanoseconds: int
    facts: Mapping[str, Any]


Listener = Callable[[Event], None]

listeners: tuple[Listener, ...] = ()
"""Who is told, on the thread where it happens."""

_lock = threading.RLock()


def listen(listener: Listener) -> None:
    """Tell this one, too, from now on."""
    global listeners
    with _lock:
        listeners = (*listeners, listener)


def leave(listener: Listener) -> None:
    """Tell this one no longer."""
    global listeners
    with _lock:
        listeners = tuple(one for one in listeners if one != listener)


def silence() -> None:
    """Forget all listeners, for a forked child."""
    global listeners, _lock
    _lock = threading.RLock()
    listeners = ()


def start() -> int:
    """When something begins; 0 while nobody listens, and then nothing is told at its end."""
    return perf_counter_ns() if listeners else 0


def microseconds(stages: Mapping[str, float]) -> dict[str, float]:
    """Seconds of stages as a fact."""
    return {stage: round(seconds * 1e6, 1) for stage, seconds in stages.items()}


def tell(category: Category, name: str, start: int, **facts: Any) -> None:
    """Say that something ends now."""
    if listeners and start:
        report(Event(category, name, start, perf_counter_ns() - start, facts))


def report(event: Event) -> None:
    """Say that something has happened."""
    for listener in listeners:
        listener(event)


class _Thread(threading.local):
    span: tuple[int, int] | None = None


_thread = _Thread()


def ran(start: int) -> None:
    """Say that machine code ran from `start` till now: the time of the launch that this thread is in."""
    if start:
        _thread.span = start, perf_counter_ns() - start


def begin_launch() -> int:
    """When a launch of this thread begins."""
    _thread.span = None
    return perf_counter_ns()


def span_of_launch(begin: int) -> tuple[int, int]:
    """Start and nanoseconds of the launch that began then: of its machine code, or of all where nobody said `ran`."""
    return _thread.span or (begin, perf_counter_ns() - begin)
