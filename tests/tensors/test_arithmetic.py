"""Operators of tensors are the operations of NumPy's names, on any layout, with numbers of both sides."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import hologram as hg
from hologram import Executor, Tensor, from_dlpack, ops, tensor
from hologram.errors import ArgumentTypeError, ArgumentValueError, HologramError

X = np.array([[1, -2, 3], [4, 5, -6]], np.float32)
Y = np.array([[2, 2, -3], [0.5, 4, 1]], np.float32)
K = np.array([[1, -2, 3], [4, 5, -6]], np.int16)
J = np.array([[2, 1, 3], [1, 4, 1]], np.int16)

FLOATS = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "gt", "ge", "eq", "ne"]
INTEGERS = ["and_", "or_", "xor", "lshift", "rshift", *FLOATS]
LAYOUTS = [lambda a: a, lambda a: a.T, lambda a: a[:, ::-1], lambda a: a[:1], lambda a: a[0, 1:2], lambda a: a[:0]]


def same(got: Tensor, wanted: Any) -> bool:
    return got.shape == np.shape(wanted) and np.allclose(got.numpy(), wanted, rtol=1e-6)


@pytest.mark.parametrize(("name", "layout"), [*((n, LAYOUTS[0]) for n in INTEGERS), *(("sub", v) for v in LAYOUTS)])
def test_two_tensors(name: str, layout: Callable[[Any], Any]) -> None:
    apply = getattr(operator, name)
    for x, y in ((X, Y), (K, J)) if name in FLOATS else ((K, J),):
        x = abs(x) if name == "pow" and x is X else x
        a, b = layout(x), layout(y)
        assert same(apply(layout(tensor(x)), layout(tensor(y))), apply(a, b))


@pytest.mark.parametrize("name", INTEGERS)
def test_numbers_on_either_side(name: str) -> None:
    apply = getattr(operator, name)
    for x, number in ((abs(X), 2), (abs(X), 0.5)) if name in ("sub", "le") else ((J, 3),):
        for value in (number, np.asarray(number, x.dtype)[()]):
            assert same(apply(tensor(x), value), apply(x, number))
            assert same(apply(value, tensor(x)), apply(number, x))


@pytest.mark.parametrize("name", ["sub", "floordiv", "mod", "pow", "and_", "lshift"])
def test_in_place_keeps_the_memory(name: str) -> None:
    inplace = getattr(operator, "i" + name.strip("_") if name != "and_" else "iand")
    made = tensor(J)
    view, wanted = made.T[::-1], J.T[::-1].copy()
    wanted = inplace(wanted, np.int16(3))
    kept = view.numpy()
    assert inplace(view, 3) is view
    assert np.array_equal(kept, wanted) and np.array_equal(made.T[::-1].numpy(), wanted)


@pytest.mark.parametrize("name", ["neg", "pos", "abs", "invert"])
def test_one_tensor(name: str) -> None:
    apply = getattr(operator, name)
    assert same(apply(tensor(K).T), apply(K).T)
    if name != "invert":
        assert same(apply(tensor(X)), apply(X))


def test_products_of_matrices_stacks_and_vectors() -> None:
    a, b, stack = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4), np.arange(24.0).reshape(2, 4, 3)
    for x, y in ((a, b), (stack, b), (a[0], b), (b.T, a[1]), (stack[:, ::2], stack.swapaxes(1, 2))):
        assert same(tensor(x) @ tensor(y), x @ y)
    assert same(tensor(a[0]).dot(tensor(a[1])), a[0].dot(a[1])) and same(tensor(b).trace(1), b.trace(1))
    with pytest.raises(ArgumentTypeError, match=r"matmul\(\)"):
        a @ tensor(b)


def test_shapes_broadcast() -> None:
    row, column = tensor(X[0]), tensor(X[:, :1])
    assert same(row + column, X[0] + X[:, :1])
    assert same(tensor(1.5) * column, 1.5 * X[:, :1])
    with pytest.raises(ArgumentValueError, match="do not broadcast"):
        row + tensor([1.0, 2.0])


def test_types_follow_the_lattice() -> None:
    made = tensor([1, 2], dtype="i32")
    assert (made + 1).dtype == (made * True).dtype == np.int32
    assert (made + 0.5).dtype == (made / 2).dtype == np.float32
    assert (made + np.float64(1)).dtype == (made + tensor([1.0], dtype="f64")).dtype == np.float64
    assert (made < 2).dtype == bool
    assert (made < 2).tolist() == [True, False]


def test_truth_values_compute_and_choose() -> None:
    low, high = tensor(X) < 3, tensor(X) > -3
    assert same(low & ~high, (X < 3) & ~(X > -3)) and (low | high).dtype == bool
    assert same(tensor(X)[low], X[X < 3])


def test_functions_of_numpy_become_operations() -> None:
    made = tensor(X)
    got = np.exp(made)
    assert isinstance(got, Tensor) and same(got, np.exp(X))
    assert same(np.maximum(made, 0), np.maximum(X, 0))
    out = tensor(np.zeros((2, 3), np.float32))
    assert np.add(made, 1, out=out) is out and same(out, X + 1)
    with pytest.raises(ArgumentTypeError, match=r"np\.add\.reduce takes no tensors"):
        np.add.reduce(made)
    with pytest.raises(ArgumentTypeError, match=r"np\.spacing has no operation here"):
        np.spacing(made)


@pytest.mark.parametrize("other", [X, X.tolist(), Executor().array(X)])
def test_other_kinds_of_arrays_are_refused(other: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=r"add\(\)"):
        tensor(X) + other
    with pytest.raises((ArgumentTypeError, TypeError)):
        other + tensor(X)


def test_what_is_no_operand_is_left_to_python() -> None:
    made = tensor(X)
    assert (made == None) is False and (made != "text") is True  # noqa: E711
    for other in (None, "text", object()):
        with pytest.raises(TypeError, match="unsupported operand"):
            made + other


def test_integers_cannot_become_floats_in_place() -> None:
    made = tensor(J)
    with pytest.raises(ArgumentTypeError, match="cannot hold"):
        made /= 2
    assert np.array_equal(made.numpy(), J)


def test_parts_change_in_place() -> None:
    made, wanted = tensor(X), X.copy()
    made[:, 1:] += 10
    made[[1, 0], 0] *= 2
    made[made > 10] -= 1
    made[1, 2] /= 4
    wanted[:, 1:] += 10
    wanted[[1, 0], 0] *= 2
    wanted[wanted > 10] -= 1
    wanted[1, 2] /= 4
    assert same(made, wanted)


def test_a_part_that_is_written_to_itself_launches_nothing() -> None:
    ex = Executor()
    made = tensor(X, executor=ex)
    with ex.record() as g:
        part = made[:, 1:]
        part += 1
        made[:, 1:] = part
    g.launch()
    assert "recorded: 1 launch" in str(g.explain())
    assert same(made[:, 1:], X[:, 1:] + 1)


def test_overlapping_parts_in_place_are_right_or_refused() -> None:
    made = tensor(np.arange(6.0))
    wanted = np.arange(6.0)
    wanted[1:] += wanted[:-1].copy()
    try:
        made[1:] += made[:-1]
    except HologramError:
        assert made.tolist() == [0, 1, 2, 3, 4, 5]
    else:
        assert made.tolist() == wanted.tolist()


def test_operations_give_tensors_on_the_executor_of_the_tensor() -> None:
    ex = Executor("interpreter")
    made = tensor(X, executor=ex)
    assert (made + 1).executor is ex and same(made + 1, X + 1)
    assert isinstance(ops.add(made, made), Tensor) and isinstance(ex.ops.exp(made), Tensor)
    out = tensor(np.zeros_like(X), executor=ex)
    assert ops.multiply(made, 2, out=out) is out and same(out, X * 2)


def test_shared_memory_is_computed_in_place() -> None:
    array = X.copy()
    shared = from_dlpack(array[:, ::2])
    shared *= 10
    assert array.tolist() == [[10, -2, 30], [40, 5, -60]]


def test_hash_is_by_identity() -> None:
    one, two = tensor([1]), tensor([1])
    assert len({one, two, one}) == 2


def test_operators_are_taken_down_in_a_recording() -> None:
    ex = Executor()
    x, out = tensor(X, executor=ex), tensor(np.zeros_like(X), executor=ex)
    with ex.record() as g:
        y = (x + 1) * 2
        chosen = y > 4
        assert (y.shape, y.dtype, chosen.dtype) == ((2, 3), np.float32, bool)
        out[...] = y
        x -= 1
    assert not out.numpy().any()
    for _ in range(2):
        before = x.to_numpy()
        g.launch()
        assert same(out, (before + 1) * 2) and same(x, before - 1)
    with pytest.raises(HologramError, match="temporary"):
        y.numpy()


def test_clip() -> None:
    assert same(tensor(X).clip(-1, 2), X.clip(-1, 2))
    assert same(tensor(X).clip(max=2), X.clip(max=2))


def test_package_has_it() -> None:
    assert hg.ops is ops
