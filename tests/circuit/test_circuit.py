"""The builder and the compiled circuit: texts, metrics, what became of each call."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hologram.circuit import Circuit, Immediate, calls_text, compile_circuit
from hologram.circuit.compile import calls_of
from hologram.circuit.generators import KINDS, MergeRange, operands
from hologram.errors import CircuitError
from tests.circuit.random_calls import random_calls


def test_the_builder_has_every_generator() -> None:
    circuit = (
        Circuit()
        .mark(1)
        .mark(2, 5)
        .copy(0, 1)
        .swap(1, 2)
        .merge(0, 1, 2)
        .merge(0, Immediate(2), 3, "where", third=1.5)
        .merge(0, 10, 20, "mul", count=3)
        .split(0, 2.0, 1, "div")
        .quote(3)
        .quote(3, 4)
        .evaluate(3)
        .evaluate(3, 4)
        .reduce("sum", 0, 1)
        .reduce("min", 0, 1, n=7)
        .reduce("max", 0, 1)
        .softmax(0, 1, n=3)
    )
    assert {type(call) for call in circuit.calls} == set(KINDS)
    assert len(KINDS) == 15
    assert list(calls_of(circuit.text)) == circuit.calls


@given(st.integers(0, 2**32))
def test_the_text_of_calls_gives_the_calls_back(seed: int) -> None:
    calls = random_calls(seed)
    again = calls_of(calls_text(calls))
    assert calls_text(again) == calls_text(calls)
    for call, other in zip(calls, again, strict=True):
        assert type(call) is type(other) or isinstance(call, MergeRange)
        if hasattr(call, "variant"):
            assert operands(call) == operands(other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda c: c.mark(96),
        lambda c: c.mark(-1),
        lambda c: c.mark(True),
        lambda c: c.mark(5, 2),
        lambda c: c.merge(0, 1, 2, "nothing"),
        lambda c: c.merge(0, 1, 2, "where"),
        lambda c: c.merge(0, 1, 2, "add", third=3),
        lambda c: c.merge(0, 1, 90, count=10),
        lambda c: c.split(0, 1, 2, "add"),
        lambda c: c.reduce("mean", 0, 1),
        lambda c: c.softmax(0, 1, n=-1),
        lambda c: c.copy(0, 1.5),
    ],
)
def test_the_builder_refuses_what_cannot_be(make) -> None:  # type: ignore[no-untyped-def]
    circuit = Circuit()
    with pytest.raises(CircuitError):
        make(circuit)
    assert circuit.calls == []


def test_metrics_and_rewrites() -> None:
    compiled = compile_circuit("copy@c05->c06 . mark@c21 . copy@c05->c06 . mark@c21 . quote@c1 . merge@c0[c1,c2]")
    assert (compiled.original_calls, compiled.canonical_calls) == (6, 2)
    assert compiled.reduction == pytest.approx(100 * 4 / 6)
    assert compiled.bytes_moved == (12_288 * (4 * 2 + 3), 12_288 * 5)
    before, after = compiled.instructions
    assert 0 < after < before
    assert [str(r) for r in compiled.rewrites] == [
        "2: mark@c21: marks cancel in pairs",
        "3: copy@c05->c06: changes nothing",
        "4: mark@c21: marks cancel in pairs",
        "5: quote@c01: memory does not change",
    ]


def test_rewrites_name_the_call_that_computed_it() -> None:
    (rewrite,) = compile_circuit("merge@c0[c1,c2] . merge@c1[c0,c3]").rewrites
    assert str(rewrite) == "2: merge@c01[c00,c03]: call 1 computed it already"


def test_an_empty_circuit_needs_no_program() -> None:
    compiled = compile_circuit("mark@c21 . mark@c21")
    assert compiled.calls == () == compiled.steps
    assert compiled.text == ""


def test_compilation_and_optimisation_metrics() -> None:
    compiled = compile_circuit("copy@c05->c06 . mark@c21 . copy@c05->c06 . mark@c21")
    assert set(compiled.timings) == {"parse", "optimize", "lower"}
    metrics, optimised = compiled.metrics, compiled.optimization
    assert (metrics.original_ops, metrics.canonical_ops, metrics.reduction) == (4, 1, 75)
    assert metrics.duration_us == pytest.approx(1e6 * sum(compiled.timings.values()))
    assert (optimised.generators_before, optimised.generators_after, optimised.transformations_applied) == (4, 1, 3)
    assert (
        optimised.cost_benefit == pytest.approx(1e6 * compiled.timings["optimize"] / 3) and optimised.cost_benefit > 0
    )
    assert compile_circuit("mark@c21").optimization.cost_benefit == math.inf
    assert compile_circuit("mark@c21") == compile_circuit("mark@c21"), "times are no part of what a circuit is"
