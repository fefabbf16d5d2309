"""What an executor counts: allocations, copies, compilations; launches only while they go through Python anyway."""

from __future__ import annotations

from typing import Any

from hologram import events
from hologram.backends.objects import Making
from hologram.events import Category
from hologram.metrics import ExecutorMetrics
from hologram.runtime.locks import fork_safe_lock

_lock = fork_safe_lock()


class Counters:
    """The counts of one executor. Nothing here is on the way of a launch."""

    __slots__ = ("_allocated", "_copied", "_hits", "_launched", "_made")

    def __init__(self) -> None:
        self._allocated = (0, 0)
        self._copied = (0, 0)
        self._launched = (0, 0, 0)
        self._hits = 0
        self._made: list[Making] = []

    def allocated(self, start: int, nbytes: int, **facts: Any) -> None:
        """Memory was made."""
        with _lock:
            times, total = self._allocated
            self._allocated = times + 1, total + nbytes
        events.tell(Category.ALLOCATION, "allocate", start, bytes=nbytes, **facts)

    def copied(self, what: str, start: int, nbytes: int) -> None:
        """Elements were copied, by the method `what`."""
        with _lock:
            times, total = self._copied
            self._copied = times + 1, total + nbytes
        events.tell(Category.COPY, what, start, bytes=nbytes)

    def launched(self, lanes: int, nanoseconds: int) -> None:
        """Something was launched while somebody listened."""
        with _lock:
            times, total, time = self._launched
            self._launched = times + 1, total + lanes, time + nanoseconds

    def looked_up(self, name: str, start: int, made: Making | None) -> None:
        """A program was asked for; `made` tells how it was made now, None that it was there."""
        with _lock:
            if made is None:
                self._hits += 1
            else:
                self._made.append(made)
        events.tell(Category.CACHE, name, start, store="memory", hit=made is None)

    def metrics(self, live_buffers: int) -> ExecutorMetrics:
        """All counts as they are now."""
        with _lock:
            return ExecutorMetrics(
                *self._allocated,
                live_buffers,
                *self._copied,
                compiles=sum(made.compiled for made in self._made),
                compile_seconds=sum(sum(made.stages.values()) for made in self._made),
                memory_hits=self._hits,
                disk_hits=sum(made.found for made in self._made),
                launches=self._launched[0],
                lanes=self._launched[1],
                launch_seconds=self._launched[2] / 1e9,
            )
