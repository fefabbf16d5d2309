"""Launch reductions against the definition of the tree, written down directly."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.backends.base import Domain
from hologram.errors import ExecutionError, OutOfBoundsError
from hologram.isa.operands import Condition, Imm, Pred, RegisterIndirectComputed, Slot, SlotOffset, Special
from hologram.types import Type

Combine = Callable[[Any, Any], Any]


def tree(rows: list[list[Any]], combine: Combine, wide: Combine | None = None) -> Any:
    """The result for rows in the order (z, y) of values a lane, None where a lane is absent; None if all are.

    Sums and products of floats leave the accumulators as f64, which `wide` combines.
    """

    def both(a: Any, b: Any, combine: Combine = combine) -> Any:
        return b if a is None else a if b is None else combine(a, b)

    last = wide or combine

    results = []
    for row in rows:
        for start in range(0, len(row), 4096):
            chunk, sections = row[start : start + 4096], []
            for first in range(0, len(chunk), 512):
                sections.append([None] * 64)
                for x, value in enumerate(chunk[first : first + 512]):
                    sections[-1][x % 64] = both(sections[-1][x % 64], value)
            while len(sections) > 1:
                pairs = zip(sections[::2], sections[1::2], strict=False)
                merged = [[both(a, b) for a, b in zip(*pair, strict=True)] for pair in pairs]
                sections = merged + sections[2 * len(merged) :]
            (accumulators,) = sections
            if wide is not None:
                accumulators = [None if a is None else np.float64(a) for a in accumulators]
            for stride in (32, 16, 8, 4, 2, 1):
                for i in range(stride):
                    accumulators[i] = both(accumulators[i], accumulators[i + stride], last)
            results.append(accumulators[0])
    while len(results) > 1:
        pairs = [both(results[i], results[i + 1], last) for i in range(0, len(results) - 1, 2)]
        results = pairs + results[len(pairs) * 2 :]
    return results[0] if results else None


def reduction(bench: Any, op: str, ty: Type, absent: int | None = None) -> Any:
    """Out[0] = reduction of a[lane] over the lanes whose number leaves a rest other than 0 by `absent`."""
    k = bench.Kernel("reduction")
    source, out = k.array("a", ty), k.array("out", ty, access="w")
    nx = k.scalar("nx", Type.I64)
    x, y = k.index(), k.new("MOV_SREG", Type.I64, Special.GLOBAL_Y)
    lane = k.new("MAD", Type.I64, y, k.new("MOV_PARAM", Type.I64, Slot(nx)), x)
    end = k.label("end")
    if absent is not None:
        k.emit("BRA", None, end, k.compare(Condition.EQ, Type.I64, k.new("REM", Type.I64, lane, Imm(absent)), Imm(0)))
    k.emit(op, ty, k.load(source, lane), SlotOffset(out, 0))
    k.place(end)
    return k.build()


def plane(nx: int, ny: int) -> Domain:
    return Domain((nx, ny, 1), (1, 1, 1), (max(nx, 1), max(ny, 1), 1))


ADD: dict[Type, Combine] = {
    Type.F32: lambda a, b: np.float32(a) + np.float32(b),
    Type.F64: lambda a, b: a + b,
    Type.I32: lambda a, b: np.int32((int(a) + int(b) + (1 << 31)) % (1 << 32) - (1 << 31)),
}
SHAPES = [
    (1, 1),
    (2, 1),
    (63, 1),
    (64, 1),
    (65, 1),
    (4095, 1),
    (4096, 1),
    (4097, 1),
    (20000, 1),
    (3, 7),
    (100, 33),
    (5000, 3),
]


@pytest.mark.parametrize(("nx", "ny"), SHAPES)
@pytest.mark.parametrize("ty", ADD)
def test_sum_follows_the_tree(bench: Any, ty: Type, nx: int, ny: int) -> None:
    rng = np.random.default_rng(nx)
    values = rng.standard_normal(nx * ny) * 10.0 ** rng.integers(-8, 8, nx * ny)
    if ty.is_integer:
        values = rng.integers(-(1 << 31), 1 << 31, nx * ny)
    values = values.astype(ty.dtype)
    for absent in (None, 3):
        out = np.zeros(1, ty.dtype)
        bench.run(reduction(bench, "GRED_ADD", ty, absent), [values, out, nx], plane(nx, ny))
        present = [v if absent is None or i % absent else None for i, v in enumerate(values)]
        want = tree([present[y * nx : y * nx + nx] for y in range(ny)], ADD[ty], operator.add if ty.is_float else None)
        assert out[0] == (0 if want is None else ty.dtype.type(want))


@settings(max_examples=25, deadline=None)
@given(nx=st.integers(1, 200), ny=st.integers(1, 40), absent=st.none() | st.integers(1, 70))
def test_order_shows_in_a_combination_that_is_not_associative(bench: Any, nx: int, ny: int, absent: int | None) -> None:
    values = np.random.default_rng(nx * ny).standard_normal(nx * ny).astype(np.float32)
    out = np.full(1, 7, np.float32)
    bench.run(reduction(bench, "GRED_MUL", Type.F32, absent), [values, out, nx], plane(nx, ny))
    present = [v if absent is None or i % absent else None for i, v in enumerate(values)]
    want = tree([present[y * nx : y * nx + nx] for y in range(ny)], operator.mul, operator.mul)
    assert out[0] == (1 if want is None else np.float32(want))


def test_several_batches_make_one_tree(bench: Any) -> None:
    n = 300_001
    values = np.random.default_rng(0).standard_normal(n).astype(np.float32)
    out = np.zeros(1, np.float32)
    bench.run(reduction(bench, "GRED_ADD", Type.F32), [values, out, n], plane(n, 1))
    assert out[0] == np.float32(tree([list(values)], operator.add, operator.add))
    rows = np.zeros(1, np.float32)
    bench.run(reduction(bench, "GRED_ADD", Type.F32), [values, rows, 1000], plane(1000, 300))
    by_rows = [list(values[y * 1000 : y * 1000 + 1000]) for y in range(300)]
    assert rows[0] == np.float32(tree(by_rows, operator.add, operator.add))


@pytest.mark.parametrize(("op", "others", "negative"), [("GRED_MIN", 3.0, True), ("GRED_MAX", -3.0, False)])
def test_minimum_and_maximum_order_zeros_and_propagate_nan(bench: Any, op: str, others: float, negative: bool) -> None:
    values = np.array([0.0, others, -0.0, 0.0] * 30)
    out = np.ones(1)
    bench.run(reduction(bench, op, Type.F64), [values, out, 120], plane(120, 1))
    assert out[0] == 0
    assert np.signbit(out[0]) == negative
    values[77] = math.nan
    bench.run(reduction(bench, op, Type.F64), [values, out, 120], plane(120, 1))
    assert np.isnan(out[0])


IDENTITIES = [
    ("GRED_ADD", Type.F32, 0.0),
    ("GRED_MUL", Type.I32, 1),
    ("GRED_MIN", Type.F64, math.inf),
    ("GRED_MAX", Type.F32, -math.inf),
    ("GRED_MIN", Type.U8, 255),
    ("GRED_MAX", Type.I64, -(1 << 63)),
]


@pytest.mark.parametrize(("op", "ty", "identity"), IDENTITIES)
def test_no_lanes_and_no_active_lanes_store_the_identity(bench: Any, op: str, ty: Type, identity: float) -> None:
    for domain, absent in ((plane(0, 1), None), (plane(5, 0), None), (plane(5, 1), 1), (plane(20000, 2), 1)):
        out = np.full(1, 42, ty.dtype)
        bench.run(reduction(bench, op, ty, absent), [np.zeros(40000, ty.dtype), out, 5], domain)
        assert out[0] == identity


def computed(bench: Any, uniform: bool) -> Any:
    """A sum over no lane, stored at an element that a chain of instructions computes (per lane if not uniform)."""
    k = bench.Kernel("computed")
    out, place = k.array("out", Type.I32, access="w"), k.scalar("place", Type.I32)
    end = k.label("end")
    source = k.new("MOV_PARAM", Type.I32, Slot(place)) if uniform else k.new("MOV_SREG", Type.U32, Special.GLOBAL_X)
    wide = k.new("CVT", Type.I64, source, source_type=Type.I32 if uniform else Type.U32)
    k.emit("ADD", Type.I64, wide, wide, Imm(1))
    k.place(k.label("next_block"))
    k.emit("SHL", Type.I64, wide, wide, Imm(2))
    handle = k.handle(out)
    nothing = k.compare(Condition.LT, Type.I64, k.index(), Imm(0))
    k.emit("BRA", None, end, Pred(nothing.index, negated=True))
    k.emit("GRED_ADD", Type.I32, k.constant(Type.I32, 1), RegisterIndirectComputed(handle, wide))
    k.place(end)
    return k.build()


def test_address_of_an_unreached_reduction_is_computed_from_the_parameters(bench: Any) -> None:
    for lanes in (0, 10):
        out = np.full(6, 9, np.int32)
        bench.run(computed(bench, uniform=True), [out, 3], lanes)
        assert out.tolist() == [9, 9, 9, 9, 0, 9]
        far = r"byte offset 24 of 'out', which is 24 bytes long \(element 6 of 6\).*gred_add.i32"
        with pytest.raises(OutOfBoundsError, match=far):
            bench.run(computed(bench, uniform=True), [out, 5], lanes)


def test_address_with_two_definitions_is_refused_where_no_lane_chose_one(bench: Any) -> None:
    k = bench.Kernel("either")
    out, place = k.array("out", Type.I32, access="w"), k.scalar("place", Type.I64)
    offset, same = k.constant(Type.I64, 0), k.label("same")
    given = k.new("MOV_PARAM", Type.I64, Slot(place))
    k.emit("BRA", None, same, k.compare(Condition.EQ, Type.I64, given, Imm(0)))
    k.emit("MOV_IMM", Type.I64, offset, Imm(4))
    k.place(same)
    k.emit("GRED_ADD", Type.I32, k.constant(Type.I32, 1), RegisterIndirectComputed(k.handle(out), offset))
    result = np.zeros(2, np.int32)
    bench.run(k.build(), [result, 1], 7)
    assert result.tolist() == [0, 7]
    with pytest.raises(ExecutionError, match=rf"{offset}, an address no lane computed, is not uniform"):
        bench.run(k.build(), [result, 1], 0)


def test_lanes_must_agree_on_the_address(bench: Any) -> None:
    with pytest.raises(ExecutionError, match="not uniform"):
        bench.run(computed(bench, uniform=False), [np.zeros(9, np.int32), 0], 0)
    k = bench.Kernel("scatter")
    out = k.array("out", Type.I64, access="w")
    k.emit("GRED_ADD", Type.I64, k.index(), k.element(out))
    with pytest.raises(ExecutionError, match="different addresses") as error:
        bench.run(k.build(), [np.zeros(9, np.int64)], 9)
    assert error.value.lane == 1


def test_result_is_stored_when_all_lanes_are_done(bench: Any) -> None:
    k = bench.Kernel("last")
    out = k.array("out", Type.I64, access="rw")
    one = k.constant(Type.I64, 1)
    k.emit("GRED_ADD", Type.I64, one, SlotOffset(out, 0))
    k.emit("STG", Type.I64, k.new("LDG", Type.I64, SlotOffset(out, 0)), SlotOffset(out, 8))
    result = np.array([-5, 0])
    bench.run(k.build(), [result], 100_000)
    assert result.tolist() == [100_000, -5]
