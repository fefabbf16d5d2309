"""Which programs are element-wise operators or reductions, judged by what they compute."""

from __future__ import annotations

import pytest

from hologram.circuit.generators import Copy, Immediate, Merge, ReduceSum
from hologram.circuit.instance import calls_of_pattern
from hologram.circuit.pattern import Apply, Element, Fold, NoPattern, Number, Pattern, Result, Scalar, Store, pattern_of
from hologram.frontend import compile_source
from hologram.isa.program import Program

HEAD = "from hologram.language import *\nfrom hologram.language import kernel, DeviceArray\n"


def program(
    body: str, params: str = "a: DeviceArray[f32], b: DeviceArray[f32], c: DeviceArray[f32], n: u32"
) -> Program:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return compile_source(f"{HEAD}@kernel\ndef anything({params}):\n    i = get_global_id()\n{lines}", "k.py")[
        0
    ].program


def found(body: str, params: str = "a: DeviceArray[f32], b: DeviceArray[f32], c: DeviceArray[f32], n: u32") -> Pattern:
    pattern = pattern_of(program(body, params))
    assert isinstance(pattern, Pattern), pattern
    return pattern


def test_an_operator() -> None:
    pattern = found("if i < n:\n    c[i] = a[i] / b[i]")
    assert pattern.steps == (Apply("div", (Element(0), Element(1))), Store(2, Result(0)))
    assert len(pattern.bounds) == 1


def test_an_early_return_is_the_same_guard() -> None:
    assert found("if i >= n:\n    return\nc[i] = a[i] + b[i]") == found("if i < n:\n    c[i] = a[i] + b[i]")


def test_several_operators_and_a_scalar() -> None:
    pattern = found(
        "if i < n:\n    y[i] = alpha * x[i] + y[i]", "alpha: f64, x: DeviceArray[f64], y: DeviceArray[f64], n: i64"
    )
    assert pattern.steps == (
        Apply("mul", (Scalar(0), Element(1))),
        Apply("add", (Result(0), Element(2))),
        Store(2, Result(1)),
    )


def test_the_shape_may_be_the_guard() -> None:
    assert found("c[i] = max(a[i], 0.0)").bounds == ()


def test_a_reduction() -> None:
    pattern = found("if i < n:\n    grid_sum(a[i] * b[i], c, 0)")
    assert pattern.steps == (Apply("mul", (Element(0), Element(1))), Fold(2, "sum", Result(0)))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("if i < n:\n    c[i] = a[i + 1]", "something else than element i"),
        ("if i < n:\n    c[0] = a[i]", "something else than element i"),
        ("if i < n and a[i] > 0.0:\n    c[i] = a[i]", "not `i < n`"),
        ("if i < n:\n    if a[i] > 0.0:\n        c[i] = a[i]", "not `i < n`"),
        ("if i < n:\n    c[i] = f32(i)", "the index of the lane"),
        ("if i < n:\n    x = a[i]\n    c[i] = x if x < 0.5 else 1.0", "comparison"),
        ("if i < n:\n    for k in range(n):\n        c[i] = a[i]", "it loops"),
        ("if i < n:\n    grid_sum(a[i], c, 1)", "element 0"),
    ],
)
def test_what_is_no_circuit_says_why(body: str, reason: str) -> None:
    pattern = pattern_of(program(body))
    assert isinstance(pattern, NoPattern) and reason in pattern.reason


def test_two_types_are_no_circuit() -> None:
    pattern = pattern_of(program("if i < n:\n    c[i] = f64(a[i])", "a: DeviceArray[f32], c: DeviceArray[f64], n: u32"))
    assert isinstance(pattern, NoPattern) and "cvt" in pattern.reason


def test_a_choice_by_truth_is_where() -> None:
    pattern = found("if i < n:\n    x = a[i]\n    c[i] = x if x != 0.0 else 2.0")
    assert Apply("where", (Element(0), Element(0), Number(2.0))) in pattern.steps


def calls(
    pattern: Pattern,
    places: dict[int, int],
    cells: dict[int, int] | None = None,
    scalars: dict[int, float] | None = None,
):
    fresh = iter(range(100, 200))
    return calls_of_pattern(pattern, places, cells or {}, scalars or {}, lambda: next(fresh))


def test_calls_go_straight_to_where_the_result_is_stored() -> None:
    pattern = found(
        "if i < n:\n    y[i] = alpha * x[i] + y[i]", "alpha: f32, x: DeviceArray[f32], y: DeviceArray[f32], n: i64"
    )
    assert calls(pattern, {1: 7, 2: 8}, scalars={0: 0.5}) == (
        Merge(Immediate(0.5), 7, 100, "mul"),
        Merge(100, 8, 8, "add"),
    )


def test_a_copy_and_a_sum() -> None:
    pattern = found("if i < n:\n    c[i] = a[i]\n    grid_sum(a[i], b, 0)")
    assert calls(pattern, {0: 1, 2: 3}, {1: 2}) == (Copy(1, 3), ReduceSum(1, 2))


def test_arrays_that_are_one_where_order_matters_have_no_calls() -> None:
    pattern = found("if i < n:\n    b[i] = a[i] + 1.0\n    c[i] = a[i]")
    assert calls(pattern, {0: 1, 1: 2, 2: 3}) is not None
    assert calls(pattern, {0: 1, 1: 1, 2: 3}) is None
