"""Control flow: loops, divergence and every kind of graph (irreducible ones too), as if each lane ran alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.backends.base import Domain
from hologram.backends.executor_memory import ExecutorMemory
from hologram.backends.interpreter.coordinates import batches
from hologram.backends.interpreter.launch import Launch
from hologram.backends.interpreter.machine import decode_blocks, run
from hologram.backends.interpreter.schedule import reconvergent_order
from hologram.backends.interpreter.state import State
from hologram.errors import ExecutionError, StepLimitError, UninitializedReadError
from hologram.isa.cfg import build_cfg
from hologram.isa.operands import Condition, Imm, Pred, Slot, SlotOffset
from hologram.types import Type


def negated(predicate: Pred) -> Pred:
    return Pred(predicate.index, negated=True)


def collatz(bench: Any) -> Any:
    """Steps until a number is 1: a while loop whose length differs from lane to lane."""
    k = bench.Kernel("collatz")
    source, out = k.array("a", Type.I32), k.array("out", Type.I32, access="w")
    value, steps = k.load(source), k.constant(Type.I32, 0)
    head, even, join, end = (k.label(n) for n in ("head", "even", "join", "end"))
    k.place(head)
    k.emit("BRA", None, end, k.compare(Condition.LE, Type.I32, value, Imm(1)))
    k.emit("ADD", Type.I32, steps, steps, Imm(1))
    k.emit("BRA", None, even, k.compare(Condition.EQ, Type.I32, k.new("AND", Type.I32, value, Imm(1)), Imm(0)))
    k.emit("MUL", Type.I32, value, value, Imm(3))
    k.emit("ADD", Type.I32, value, value, Imm(1))
    k.emit("BRA", None, join)
    k.place(even)
    k.emit("SHR", Type.I32, value, value, Imm(1))
    k.place(join)
    k.emit("BRA", None, head)
    k.place(end)
    k.store(out, steps)
    return k.build()


def test_divergent_while_loop(bench: Any) -> None:
    numbers = np.arange(1, 301, dtype=np.int32)
    out = np.zeros_like(numbers)
    bench.run(collatz(bench), [numbers, out], len(numbers))
    want = []
    for value in numbers.tolist():
        steps = 0
        while value > 1:
            value, steps = (value // 2 if value % 2 == 0 else 3 * value + 1), steps + 1
        want.append(steps)
    assert out.tolist() == want


def nested(bench: Any) -> Any:
    """For i in range(n): for j in range(i): if j == limit: break; count += i * j."""
    k = bench.Kernel("nested")
    n, out = k.array("n", Type.I64), k.array("out", Type.I64, access="w")
    bound, lane = k.load(n), k.index()
    i, count = k.constant(Type.I64, 0), k.constant(Type.I64, 0)
    j = k.reg()
    outer, inner, after, end = (k.label(x) for x in ("outer", "inner", "after", "end"))
    k.place(outer)
    k.emit("BRA", None, end, negated(k.compare(Condition.LT, Type.I64, i, bound)))
    k.emit("MOV_IMM", Type.I64, j, Imm(0))
    k.place(inner)
    k.emit("BRA", None, after, negated(k.compare(Condition.LT, Type.I64, j, i)))
    k.emit("BRA", None, after, k.compare(Condition.EQ, Type.I64, j, lane))
    k.emit("MAD", Type.I64, count, i, j, count)
    k.emit("ADD", Type.I64, j, j, Imm(1))
    k.emit("BRA", None, inner)
    k.place(after)
    k.emit("ADD", Type.I64, i, i, Imm(1))
    k.emit("BRA", None, outer)
    k.place(end)
    k.store(out, count)
    return k.build()


def test_nested_loops_with_break(bench: Any) -> None:
    bounds = np.array([0, 5, 1, 9, 7, 3, 12], np.int64)
    out = np.full_like(bounds, -1)
    bench.run(nested(bench), [bounds, out], len(bounds))
    want = [sum(i * j for i in range(n) for j in range(min(i, lane))) for lane, n in enumerate(bounds.tolist())]
    assert out.tolist() == want


def test_loops_are_contiguous_and_left_together(bench: Any) -> None:
    for program in (nested(bench), collatz(bench)):
        cfg = build_cfg(program)
        order = reconvergent_order(cfg)
        assert sorted(order) == sorted(cfg.order)
        for loop in cfg.loops.values():
            places = sorted(order.index(block) for block in loop.body)
            assert places == list(range(places[0], places[0] + len(places)))
            assert order[places[0]] == loop.header


def test_loop_runs_its_body_once_more_than_its_count(bench: Any) -> None:
    k = bench.Kernel("counted")
    counts, out = k.array("n", Type.U32), k.array("out", Type.U32, access="w")
    count, total, body = k.load(counts), k.constant(Type.U32, 0), k.label("body")
    k.place(body)
    k.emit("ADD", Type.U32, total, total, Imm(1))
    k.emit("LOOP", None, count, body)
    k.store(out, k.new("MAD", Type.U32, count, k.constant(Type.U32, 1000), total))
    result = np.zeros(4, np.uint32)
    bench.run(k.build(), [np.array([0, 3, 1, 200], np.uint32), result], 4)
    assert result.tolist() == [1, 4, 2, 201]


def test_lanes_that_exit_early_leave_the_others_running(bench: Any) -> None:
    k = bench.Kernel("early")
    out = k.array("out", Type.I64, access="w")
    lane, go_on = k.index(), k.label("go_on")
    k.store(out, lane)
    k.emit("BRA", None, go_on, k.compare(Condition.GE, Type.I64, lane, Imm(3)))
    k.emit("EXIT")
    k.place(go_on)
    k.store(out, k.new("NEG", Type.I64, lane))
    result = np.zeros(6, np.int64)
    bench.run(k.build(), [result], 6)
    assert result.tolist() == [0, 1, 2, -3, -4, -5]


def test_predicate_logic(bench: Any) -> None:
    k = bench.Kernel()
    out = k.array("out", Type.U8, access="w")
    lane = k.index()
    p = k.compare(Condition.NE, Type.I64, k.new("AND", Type.I64, lane, Imm(1)), Imm(0))
    q = k.compare(Condition.GE, Type.I64, lane, Imm(2))
    total = k.constant(Type.U8, 0)
    zero = k.constant(Type.U8, 0)
    for weight, (op, operands) in enumerate([("PAND", (p, q)), ("POR", (p, q)), ("PXOR", (p, q)), ("PNOT", (p,))]):
        k.emit(op, None, r := k.pred(), *operands)
        k.emit("ADD", Type.U8, total, total, k.new("SEL", Type.U8, r, k.constant(Type.U8, 1 << weight), zero))
    k.store(out, total)
    result = np.zeros(4, np.uint8)
    bench.run(k.build(), [result], 4)
    assert result.tolist() == [8, 2 | 4, 2 | 4 | 8, 1 | 2]


def test_empty_program_and_no_lanes(bench: Any) -> None:
    bench.run(bench.Kernel().build(), [], 5)
    given, steps = np.full(3, 7, np.int32), np.full(3, -1, np.int32)
    bench.run(collatz(bench), [given, steps], 0)
    assert steps.tolist() == [-1, -1, -1]


def unverified(kernel: Any, arguments: list[Any], lanes: int) -> None:
    """Run a program the verifier would refuse."""
    program = kernel.build()
    slots = {register: slot for slot, register in kernel.handles.items()}
    addresses = {i: a.handle for i, ins in enumerate(program.instructions) for a in ins.args if hasattr(a, "handle")}
    code = decode_blocks(build_cfg(program), {i: slots[handle] for i, handle in addresses.items()})
    domain = Domain((lanes, 1, 1), (lanes, 1, 1), (1, 1, 1))
    for batch in batches(domain):
        run(code, State(Launch(program, domain, arguments, ExecutorMemory()), batch), 1000)


@dataclass(frozen=True)
class Node:
    """A block of a random program: x = x * factor + term, then a branch on one bit of x."""

    factor: int
    term: int
    bit: int
    taken: int
    fall: int


def walk(nodes: list[Node], x: int, fuel: int) -> tuple[int, int]:
    """What one lane computes: its x and how much fuel is left."""
    at = 0
    while at < len(nodes) and fuel:
        node, fuel = nodes[at], fuel - 1
        x = (x * node.factor + node.term) % (1 << 32)
        at = node.taken if x >> node.bit & 1 else node.fall
    return x, fuel


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    count = draw(st.integers(1, 7))
    number = st.integers(0, (1 << 32) - 1)
    place = st.integers(0, count)
    return [
        Node(draw(number) | 1, draw(number), draw(st.integers(0, 31)), draw(place), draw(place)) for _ in range(count)
    ]


@settings(max_examples=60, deadline=None)
@given(nodes=graphs())
def test_any_graph_gives_what_each_lane_alone_would(bench: Any, nodes: list[Node]) -> None:
    k = bench.Kernel("graph")
    xs, fuels = k.array("x", Type.U32, access="rw"), k.array("fuel", Type.U32, access="rw")
    x, fuel = k.load(xs), k.load(fuels)
    bit = k.reg()
    empty, goes = k.pred(), k.pred()
    labels = [k.label("b") for _ in range(len(nodes) + 1)]
    for node, label in zip(nodes, labels, strict=False):
        k.place(label)
        k.emit("SETcc", Type.U32, Condition.EQ, empty, fuel, Imm(0))
        k.emit("BRA", None, labels[-1], empty)
        k.emit("SUB", Type.U32, fuel, fuel, Imm(1))
        k.emit("MUL", Type.U32, x, x, Imm(node.factor))
        k.emit("ADD", Type.U32, x, x, Imm(node.term))
        k.emit("AND", Type.U32, bit, x, Imm(1 << node.bit))
        k.emit("SETcc", Type.U32, Condition.NE, goes, bit, Imm(0))
        k.emit("BRA", None, labels[node.taken], goes)
        k.emit("BRA", None, labels[node.fall])
    k.place(labels[-1])
    k.store(xs, x)
    k.store(fuels, fuel)
    start, budget = np.arange(37, dtype=np.uint32) * 2654435761, np.arange(37, dtype=np.uint32)
    got, left = start.astype(np.uint32), budget.copy()
    unverified(k, [got, left], 37)
    want = [walk(nodes, int(a), int(b)) for a, b in zip(start.astype(np.uint32), budget, strict=True)]
    assert list(zip(got.tolist(), left.tolist(), strict=True)) == want


def test_step_limit_names_the_lane_and_line_of_an_endless_loop(bench: Any) -> None:
    k = bench.Kernel("endless")
    again, end = k.label("again"), k.label("end")
    lane = k.index()
    k.emit("BRA", None, end, k.compare(Condition.NE, Type.I64, lane, Imm(2)))
    k.place(again)
    k.emit("BRA", None, again)
    k.place(end)
    with pytest.raises(StepLimitError, match="more than 1000 instructions") as error:
        bench.run(k.build(), [], 5, max_steps=1000)
    assert (error.value.lane, error.value.index, str(error.value.location)) == (2, 3, "k.py:4:1")
    with pytest.raises(StepLimitError):
        bench.run(collatz(bench), [np.array([27], np.int32), np.zeros(1, np.int32)], 1, max_steps=500)
    bench.run(collatz(bench), [np.array([27], np.int32), np.zeros(1, np.int32)], 1, max_steps=5000)


def test_step_limit_is_exact(bench: Any) -> None:
    k = bench.Kernel("five")
    for _ in range(5):
        k.constant(Type.I32, 0)
    bench.run(k.build(), [], 3, max_steps=5)
    with pytest.raises(StepLimitError):
        bench.run(k.build(), [], 3, max_steps=4)


def test_lanes_that_came_together_again_are_in_order(bench: Any) -> None:
    k = bench.Kernel("order")
    out, join, end = k.array("out", Type.I64, access="w"), k.label("join"), k.label("end")
    lane = k.index()
    odd = k.compare(Condition.NE, Type.I64, k.new("AND", Type.I64, lane, Imm(1)), Imm(0))
    k.emit("BRA", None, end, k.compare(Condition.GT, Type.I64, lane, Imm(7)))
    k.emit("BRA", None, join, odd)
    k.constant(Type.I64, 0)
    k.place(join)
    k.emit("STG", Type.I64, lane, SlotOffset(out, 0))
    k.place(end)
    result = np.zeros(1, np.int64)
    bench.run(k.build(), [result], 10, races=False)
    assert result[0] == 7


def test_a_handle_of_another_array_is_noticed(bench: Any) -> None:
    k = bench.Kernel("mixed")
    a, b = k.array("a", Type.I32), k.array("b", Type.I32)
    k.load(a)
    k.emit("MOV_PARAM", Type.U64, k.handles[a], Slot(b))
    k.load(a)
    with pytest.raises(ExecutionError, match="not the handle of slot 0"):
        unverified(k, [np.zeros(1, np.int32), np.zeros(1, np.int32)], 1)


def skipping(bench: Any) -> tuple[Any, Any]:
    """A kernel in which lane 3 jumps over what follows, and the label to place after it."""
    k = bench.Kernel("skips")
    after = k.label("after")
    k.emit("BRA", None, after, k.compare(Condition.EQ, Type.I64, k.index(), Imm(3)))
    return k, after


def test_read_of_an_unwritten_register(bench: Any) -> None:
    k, after = skipping(bench)
    value = k.constant(Type.F32, 0)
    k.place(after)
    k.emit("NEG", Type.F32, value, value)
    with pytest.raises(UninitializedReadError, match=rf"{value}, which has not been written") as error:
        unverified(k, [], 8)
    assert (error.value.lane, error.value.index, error.value.location.line) == (3, 4, 5)


def test_read_of_a_register_as_another_type(bench: Any) -> None:
    k, after = skipping(bench)
    value = k.constant(Type.I32, 0)
    k.emit("MOV_IMM", Type.F32, value, Imm(0))
    k.place(after)
    k.emit("MOV_IMM", Type.I32, k.reg(), Imm(0))
    k.emit("NEG", Type.F32, value, value)
    with pytest.raises(UninitializedReadError) as error:
        unverified(k, [], 8)
    assert error.value.lane == 3
    k.emit("MOV_IMM", Type.I32, value, Imm(0))
    plain = bench.Kernel()
    plain.emit("NEG", Type.F32, plain.reg(), plain.constant(Type.I32, 1))
    with pytest.raises(UninitializedReadError, match="holds i32, not f32"):
        unverified(plain, [], 1)


def test_read_of_an_unwritten_predicate(bench: Any) -> None:
    k, after = skipping(bench)
    predicate = k.compare(Condition.EQ, Type.I64, k.index(), Imm(0))
    k.place(after)
    k.emit("PNOT", None, predicate, predicate)
    with pytest.raises(UninitializedReadError, match=f"{predicate}, which has not been written") as error:
        unverified(k, [], 8)
    assert error.value.lane == 3
