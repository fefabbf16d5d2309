"""Totals of a trace: counted event by event, so that they hold however many events are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hologram.events import Category, Event
from hologram.metrics import AggregateStatistics, ExecutionMetrics


@dataclass(frozen=True, slots=True)
class TraceTotals:
    """What happened in a trace. A graph or circuit is one launch, whatever it has for steps.

    Seconds of launches are those of their code, without compiling and without Python. Bytes moved are those of whole
    arrays: once where a launch reads them, once where it writes them.
    """

    launches: int = 0
    lanes: int = 0
    bytes_moved: int = 0
    launch_seconds: float = 0.0
    steps: int = 0
    compiles: int = 0
    compile_seconds: float = 0.0
    memory_hits: int = 0
    memory_misses: int = 0
    disk_hits: int = 0
    disk_misses: int = 0
    copies: int = 0
    bytes_copied: int = 0
    allocations: int = 0
    bytes_allocated: int = 0


@dataclass(frozen=True, slots=True)
class KernelTotals:
    """All launches of one name; `kind` is "launch", "graph" (of graphs and circuits), or "step" (of those)."""

    name: str
    kind: str
    launches: int = 0
    lanes: int = 0
    bytes_moved: int = 0
    seconds: float = 0.0

    @property
    def bandwidth(self) -> float:
        """GB/s."""
        return self.bytes_moved / self.seconds / 1e9 if self.seconds else 0.0


class Tally:
    """Counts events. Time spent compiling is charged to the first launch of what was compiled."""

    def __init__(self) -> None:
        self.totals = TraceTotals()
        self.statistics = AggregateStatistics()
        self.kernels: dict[tuple[str, str], KernelTotals] = {}
        self._compiling: dict[str, float] = {}

    def add(self, event: Event) -> None:
        """Count one event."""
        seconds, facts = event.nanoseconds / 1e9, event.facts
        if event.category is Category.GRAPH:
            self._launched(event, sum(step["ns"] for step in facts["steps"]) / 1e9)
        elif event.category in (Category.LAUNCH, Category.STEP):
            self._launched(event, seconds)
        elif event.category is Category.COMPILE:
            self._count(compiles=1, compile_seconds=seconds)
            self._compiling[event.name] = self._compiling.get(event.name, 0.0) + seconds
        elif event.category is Category.CACHE:
            self._count(**{f"{facts['store']}_{'hits' if facts['hit'] else 'misses'}": 1})
        elif event.category is Category.COPY:
            self._count(copies=1, bytes_copied=facts["bytes"])
        else:
            self._count(allocations=1, bytes_allocated=facts["bytes"])

    def _launched(self, event: Event, seconds: float) -> None:
        lanes, moved = event.facts["lanes"], event.facts["bytes"]
        key = event.category.value, event.name
        row = self.kernels.get(key) or KernelTotals(event.name, event.category.value)
        self.kernels[key] = replace(
            row,
            launches=row.launches + 1,
            lanes=row.lanes + lanes,
            bytes_moved=row.bytes_moved + moved,
            seconds=row.seconds + seconds,
        )
        if event.category is Category.STEP:
            self._count(steps=1)
            return
        self._count(launches=1, lanes=lanes, bytes_moved=moved, launch_seconds=seconds)
        self.statistics.record(self._execution(event, seconds))

    def _execution(self, event: Event, seconds: float) -> ExecutionMetrics:
        names = {event.name, *(step["name"] for step in event.facts.get("steps", ()))}
        compiling = sum(self._compiling.pop(name, 0.0) for name in names)
        return ExecutionMetrics(
            event.name,
            (seconds + compiling) * 1e6,
            event.facts["lanes"],
            event.facts.get("generator_calls", 0),
            compiling * 1e6,
            seconds * 1e6,
        )

    def _count(self, **more: float) -> None:
        now = self.totals
        self.totals = replace(now, **{name: getattr(now, name) + value for name, value in more.items()})


def as_numbers(totals: TraceTotals) -> Mapping[str, float]:
    """The totals by name."""
    return {name: getattr(totals, name) for name in TraceTotals.__slots__}
