"""Totals of a trace: counted event by event, so that they hold however many events are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

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
    launches: int
    lanes: int
    bytes_moved: int
    seconds: float

    @property
    def bandwidth(self) -> float:
        """GB/s."""
        return self.bytes_moved / self.seconds / 1e9 if self.seconds else 0.0


@dataclass(slots=True)
class _Row:
    launches: int = 0
    lanes: int = 0
    bytes_moved: int = 0
    nanoseconds: int = 0


class Tally:
    """Counts events. Time spent compiling is charged to the first launch of what was compiled."""

    def __init__(self) -> None:
        self.statistics = AggregateStatistics()
        self._counts: Counter[str] = Counter()
        self._rows: dict[tuple[str, str], _Row] = {}
        self._compiling: dict[str, int] = {}

    def add(self, event: Event) -> None:
        """Count one event."""
        spent, facts, counts = event.nanoseconds, event.facts, self._counts
        match event.category:
            case Category.LAUNCH | Category.STEP:
                self._launched(event, spent)
            case Category.GRAPH:
                self._launched(event, sum(step["ns"] for step in facts["steps"]))
            case Category.COMPILE:
                counts["compiles"] += 1
                counts["compiling"] += spent
                self._compiling[event.name] = self._compiling.get(event.name, 0) + spent
            case Category.CACHE:
                counts[f"{facts['store']}_{'hits' if facts['hit'] else 'misses'}"] += 1
            case Category.COPY:
                counts["copies"] += 1
                counts["bytes_copied"] += facts["bytes"]
            case Category.ALLOCATION:
                counts["allocations"] += 1
                counts["bytes_allocated"] += facts["bytes"]

    def _launched(self, event: Event, spent: int) -> None:
        key = event.category.value, event.name
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = _Row()
        row.launches += 1
        row.lanes += event.facts["lanes"]
        row.bytes_moved += event.facts["bytes"]
        row.nanoseconds += spent
        if event.category is not Category.STEP:
            self.statistics.record(self._execution(event, spent))

    def _execution(self, event: Event, spent: int) -> ExecutionMetrics:
        compiling = 0
        if self._compiling:
            names = {event.name, *(step["name"] for step in event.facts.get("steps", ()))}
            compiling = sum(self._compiling.pop(name, 0) for name in names)
        facts = event.facts
        calls = facts.get("generator_calls", 0)
        return ExecutionMetrics(
            event.name, (spent + compiling) / 1e3, facts["lanes"], calls, compiling / 1e3, spent / 1e3
        )

    @property
    def kernels(self) -> Iterable[KernelTotals]:
        """Launches by kind and name."""
        return [
            KernelTotals(name, kind, row.launches, row.lanes, row.bytes_moved, row.nanoseconds / 1e9)
            for (kind, name), row in self._rows.items()
        ]

    @property
    def totals(self) -> TraceTotals:
        """Everything so far."""
        launches = [row for (kind, _), row in self._rows.items() if kind != Category.STEP]
        counts = dict(self._counts)
        return TraceTotals(
            launches=sum(row.launches for row in launches),
            lanes=sum(row.lanes for row in launches),
            bytes_moved=sum(row.bytes_moved for row in launches),
            launch_seconds=sum(row.nanoseconds for row in launches) / 1e9,
            steps=sum(row.launches for (kind, _), row in self._rows.items() if kind == Category.STEP),
            compile_seconds=counts.pop("compiling", 0) / 1e9,
            **counts,
        )
