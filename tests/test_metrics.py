"""Derived values of the metrics: the reference's cases (§7.9) and the edges it names."""

from __future__ import annotations

import math
from time import perf_counter

import pytest

from hologram.isa.operands import BYTES_PER_CLASS
from hologram.metrics import (
    CLASS_BYTES,
    AggregateStatistics,
    CompilationMetrics,
    ExecutionMetrics,
    GeneratorMetrics,
    OptimizationMetrics,
)


def test_7_9_mark_of_a_hundred_nanoseconds() -> None:
    assert GeneratorMetrics.of("mark", 100, src_class=21).throughput == 122.88
    assert CLASS_BYTES == BYTES_PER_CLASS


@pytest.mark.parametrize(
    ("generator", "moved"), [("mark", 12_288), ("copy", 24_576), ("swap", 24_576), ("merge", 36_864), ("split", 36_864)]
)
def test_4_14_bytes_of_generators(generator: str, moved: int) -> None:
    assert GeneratorMetrics.of(generator, 1, 0, 1, 2).bytes_processed == moved


def test_7_9_execution() -> None:
    execution = ExecutionMetrics("add", 100, 1_000, 10, 5, 95)
    assert execution.operations_per_second == 1e7
    assert execution.compilation_overhead == 5
    assert execution.bandwidth == pytest.approx(1_000 * 4 / 100 / 1000)


def test_7_9_optimisation() -> None:
    optimised = OptimizationMetrics("fuse", 10, 100, 80, 20)
    assert optimised.reduction == 20
    assert optimised.cost_benefit == 0.5


def test_7_9_aggregate() -> None:
    sums = AggregateStatistics()
    sums.record(ExecutionMetrics("a", 100, 1_000, 10, 5, 95))
    sums.record(ExecutionMetrics("b", 200, 2_000, 20, 10, 190))
    assert (sums.operation_count, sums.total_logical_ops, sums.total_generator_calls) == (2, 3_000, 30)
    assert (sums.total_execution_time_us, sums.total_compilation_time_us) == (285, 15)
    assert (sums.average_logical_ops, sums.average_generator_calls) == (1_500, 15)
    assert (sums.average_execution_time_us, sums.average_compilation_time_us) == (142.5, 7.5)


def test_4_14_compilation() -> None:
    assert CompilationMetrics("circuit", 4, 1, 30).reduction == 75


def test_4_14_zero_denominators_give_zero() -> None:
    nothing = ExecutionMetrics("nothing", 0, 5, 0, 0, 0)
    assert nothing.operations_per_second == nothing.bandwidth == nothing.compilation_overhead == 0
    assert GeneratorMetrics.of("copy", 0, 1, 2).throughput == 0
    assert CompilationMetrics("empty", 0, 0, 1).reduction == OptimizationMetrics("p", 1, 0, 0, 0).reduction == 0
    sums = AggregateStatistics()
    assert sums.average_logical_ops == sums.average_generator_calls == 0
    assert sums.average_execution_time_us == sums.average_compilation_time_us == 0


@pytest.mark.parametrize("after", [100, 120])
def test_4_14_a_pass_that_saves_nothing_costs_infinitely_much(after: int) -> None:
    assert OptimizationMetrics("p", 10, 100, after, 0).cost_benefit == math.inf


def test_4_14_an_execution_from_its_start_is_all_execution() -> None:
    start = perf_counter() - 0.002
    execution = ExecutionMetrics.new("add", 10, start)
    assert execution.total_duration_us == execution.execution_time_us >= 2_000
    assert execution.compilation_time_us == execution.generator_count == 0


def test_executions_below_a_microsecond_have_a_rate() -> None:
    assert ExecutionMetrics("add", 0.5, 100, 0, 0, 0.5).operations_per_second == pytest.approx(2e8)
