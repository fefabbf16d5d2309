"""What an executor counts: allocations, copies, compilations; launches only while they go through Python anyway."""

from __future__ import annotations

from collections import deque

from hologram import events
from hologram.backends.objects import Making
from hologram.events import Category
from hologram.metrics import ExecutorMetrics
from hologram.runtime.host import HostArray
from hologram.runtime.locks import fork_safe_lock

PENDING = 4096
_lock = fork_safe_lock()


class Sum:
    """How many numbers were added, and their sum: any thread may add, without a lock."""

    __slots__ = ("_pending", "_times", "_total")

    def __init__(self) -> None:
        self._times = self._total = 0
        self._pending: deque[int] = deque()

    def add(self, number: int) -> None:
        """Add one number."""
        self._pending.append(number)
        if len(self._pending) > PENDING:
            self.value()

    def value(self) -> tuple[int, int]:
        """Count and sum."""
        with _lock:
            for _ in range(len(self._pending)):
                self._total += self._pending.popleft()
                self._times += 1
            return self._times, self._total


class Counters:
    """The counts of one executor. Nothing here is on the way of a launch."""

    __slots__ = ("_copies", "_hits", "_launches", "_made", "_nanoseconds", "allocations")

    def __init__(self) -> None:
        self.allocations = Sum()
        self._copies = Sum()
        self._launches = Sum()
        self._nanoseconds = Sum()
        self._hits = Sum()
        self._made: list[Making] = []

    def copied(self, what: str, start: int, nbytes: int) -> None:
        """Elements were copied, by the method `what`."""
        self._copies.add(nbytes)
        if start:
            events.tell(Category.COPY, what, start, bytes=nbytes)

    def copy(self, what: str, source: HostArray) -> HostArray:
        """A copy of an array, made by the method `what`."""
        start = events.start() if events.listeners else 0
        made = source.copy()
        self.copied(what, start, made.nbytes)
        return made

    def launched(self, lanes: int, nanoseconds: int) -> None:
        """Something was launched while somebody listened."""
        self._launches.add(lanes)
        self._nanoseconds.add(nanoseconds)

    def looked_up(self, name: str, start: int, made: Making | None) -> None:
        """A program was asked for; `made` tells how it was made now, None that it was there."""
        if made is None:
            self._hits.add(1)
        else:
            self._made.append(made)
        events.tell(Category.CACHE, name, start, store="memory", hit=made is None)

    def metrics(self, live_buffers: int) -> ExecutorMetrics:
        """All counts as they are now."""
        made = tuple(self._made)
        launches, lanes = self._launches.value()
        return ExecutorMetrics(
            *self.allocations.value(),
            live_buffers,
            *self._copies.value(),
            compiles=sum(making.compiled for making in made),
            compile_seconds=sum(sum(tuple(making.stages.values())) for making in made),
            memory_hits=self._hits.value()[0],
            disk_hits=sum(making.found for making in made),
            launches=launches,
            lanes=lanes,
            launch_seconds=self._nanoseconds.value()[1] / 1e9,
        )
