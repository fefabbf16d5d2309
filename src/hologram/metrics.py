"""Measures of one generator call, compilation, execution or optimisation, their derived values, and sums of them.

Bytes an ns are GB/s. A quotient whose denominator is zero is 0; only a pass that saved nothing costs infinitely much
a generator saved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter

CLASS_BYTES = 12_288
ELEMENT_BYTES = 4
"""What `ExecutionMetrics.bandwidth` counts an operation as: one stream of four-byte elements."""

CLASSES_OF_GENERATOR = {"mark": 1, "copy": 2, "swap": 2, "merge": 3, "split": 3}
"""Operands of a generator, each counted once."""


@dataclass(frozen=True, slots=True)
class GeneratorMetrics:
    """One generator call on whole classes, and how long it took."""

    generator_name: str
    duration_ns: float
    bytes_processed: int
    src_class: int
    dst_class: int | None = None
    context_class: int | None = None

    @classmethod
    def of(
        cls,
        generator_name: str,
        duration_ns: float,
        src_class: int,
        dst_class: int | None = None,
        context_class: int | None = None,
    ) -> GeneratorMetrics:
        """A call by its generator's name, which says how many bytes it works on; raises KeyError for another name.

        >>> GeneratorMetrics.of("mark", 100, src_class=21).throughput
        122.88
        """
        moved = CLASS_BYTES * CLASSES_OF_GENERATOR[generator_name]
        return cls(generator_name, duration_ns, moved, src_class, dst_class, context_class)

    @property
    def throughput(self) -> float:
        """GB/s."""
        return _quotient(self.bytes_processed, self.duration_ns)


@dataclass(frozen=True, slots=True)
class CompilationMetrics:
    """What a compilation made of how many operations, in how many microseconds."""

    operation_name: str
    original_ops: int
    canonical_ops: int
    duration_us: float

    @property
    def reduction(self) -> float:
        """Operations saved, in percent."""
        return _saved(self.original_ops, self.canonical_ops)


@dataclass(frozen=True, slots=True)
class ExecutionMetrics:
    """One execution: its operations, the generator calls in it, and its time in microseconds."""

    operation_name: str
    total_duration_us: float
    logical_ops: int
    generator_count: int
    compilation_time_us: float
    execution_time_us: float

    @classmethod
    def new(cls, operation_name: str, logical_ops: int, start: float) -> ExecutionMetrics:
        """An execution that began at `start` (a value of `time.perf_counter`) and ends now; none of it is compiling."""
        duration = (perf_counter() - start) * 1e6
        return cls(operation_name, duration, logical_ops, 0, 0.0, duration)

    @property
    def operations_per_second(self) -> float:
        """Operations in a second of the whole duration."""
        return 1e6 * _quotient(self.logical_ops, self.total_duration_us)

    @property
    def bandwidth(self) -> float:
        """GB/s, counting an operation as one stream of four-byte elements."""
        return _quotient(self.logical_ops * ELEMENT_BYTES, self.total_duration_us) / 1000

    @property
    def compilation_overhead(self) -> float:
        """The part of the whole duration that went into compiling, in percent."""
        return 100 * _quotient(self.compilation_time_us, self.total_duration_us)


@dataclass(frozen=True, slots=True)
class OptimizationMetrics:
    """What a pass made of how many generator calls, in how many microseconds."""

    pass_name: str
    duration_us: float
    generators_before: int
    generators_after: int
    transformations_applied: int

    @property
    def reduction(self) -> float:
        """Generator calls saved, in percent."""
        return _saved(self.generators_before, self.generators_after)

    @property
    def cost_benefit(self) -> float:
        """Microseconds a generator call saved; infinite where none was."""
        saved = self.generators_before - self.generators_after
        return self.duration_us / saved if saved > 0 else math.inf


@dataclass(slots=True)
class AggregateStatistics:
    """Sums over executions.

    >>> sums = AggregateStatistics()
    >>> sums.record(ExecutionMetrics("add", 100, 1000, 10, 5, 95))
    >>> sums.total_logical_ops, sums.average_execution_time_us
    (1000, 95.0)
    """

    operation_count: int = 0
    total_logical_ops: int = 0
    total_generator_calls: int = 0
    total_execution_time_us: float = 0.0
    total_compilation_time_us: float = 0.0

    def record(self, metrics: ExecutionMetrics) -> None:
        """Add one execution."""
        self.operation_count += 1
        self.total_logical_ops += metrics.logical_ops
        self.total_generator_calls += metrics.generator_count
        self.total_execution_time_us += metrics.execution_time_us
        self.total_compilation_time_us += metrics.compilation_time_us

    @property
    def average_logical_ops(self) -> float:
        """Operations an execution."""
        return _quotient(self.total_logical_ops, self.operation_count)

    @property
    def average_generator_calls(self) -> float:
        """Generator calls an execution."""
        return _quotient(self.total_generator_calls, self.operation_count)

    @property
    def average_execution_time_us(self) -> float:
        """Microseconds an execution took, without compiling."""
        return _quotient(self.total_execution_time_us, self.operation_count)

    @property
    def average_compilation_time_us(self) -> float:
        """Microseconds of compiling an execution."""
        return _quotient(self.total_compilation_time_us, self.operation_count)


@dataclass(frozen=True, slots=True)
class ExecutorMetrics:
    """What an executor has done since it was made: `executor.metrics()`.

    Allocations are buffers and linear pools with memory of their own. Compiles are programs compiled for it, cache hits
    those that this process (`memory_hits`) or the disk (`disk_hits`) had already; a program that is looked up by a call
    is not counted again. Launches, their lanes and seconds are counted while a trace is on and only then, because a
    launch goes straight to machine code otherwise.
    """

    allocations: int
    bytes_allocated: int
    live_buffers: int
    copies: int
    bytes_copied: int
    compiles: int
    compile_seconds: float
    memory_hits: int
    disk_hits: int
    launches: int
    lanes: int
    launch_seconds: float

    @property
    def cache_hits(self) -> int:
        """Programs that need not be compiled, for they were in memory or on disk."""
        return self.memory_hits + self.disk_hits


def _quotient(dividend: float, divisor: float) -> float:
    return dividend / divisor if divisor else 0.0


def _saved(before: int, after: int) -> float:
    return 100 * _quotient(before - after, before)
