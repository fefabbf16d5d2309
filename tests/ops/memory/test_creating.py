"""New arrays: filled, counted, with a diagonal, of every type and kind, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hologram as hg
from hologram import ops
from hologram.errors import ArgumentTypeError, ArgumentValueError
from tests.ops.layouts import LAYOUTS
from tests.ops.memory.cases import DTYPES

NUMBERS = DTYPES[1:]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_filled(dtype: np.dtype[Any]) -> None:
    for name, value in (("zeros", 0), ("ones", 1)):
        made = getattr(ops, name)((2, 3), dtype)
        assert made.dtype == dtype and np.array_equal(made, np.full((2, 3), value, dtype))
    assert np.array_equal(ops.full(4, 1, dtype), np.ones(4, dtype))
    assert np.array_equal(ops.eye(3, 4, 1, dtype), np.eye(3, 4, 1, dtype))
    assert np.array_equal(ops.ones_like(np.zeros((2, 0), dtype)), np.ones((2, 0), dtype))
    for layout in ("strided", "transposed", "offset"):
        x = LAYOUTS[layout](np.zeros((3, 4, 2), dtype))
        assert ops.fill(x, 1) is x
        assert np.array_equal(x, np.ones((3, 4, 2), dtype))


@pytest.mark.parametrize("dtype", NUMBERS, ids=str)
def test_counted(dtype: np.dtype[Any]) -> None:
    for args in ((0, 7), (3, 100, 5), (20, 1, -3), (5, 5), (5, 2)):
        made = ops.arange(*args, dtype=dtype)
        assert made.dtype == dtype and made.tolist() == list(range(*args))
    strided = np.zeros(20, dtype)[::2]
    ops.arange(10, dtype=dtype, out=strided)
    assert strided.tolist() == list(range(10))
    for num in (0, 1, 2, 9):
        wanted = np.linspace(2, 10, num).astype(dtype)
        assert ops.linspace(2, 10, num, dtype=dtype).tolist() == wanted.tolist()


def test_counted_in_floats() -> None:
    assert np.array_equal(ops.linspace(-3, 7.3, 101, dtype="f64"), np.linspace(-3, 7.3, 101))
    assert np.array_equal(ops.linspace(-3, 7.3, 101, False, "f64"), np.linspace(-3, 7.3, 101, False))
    assert np.array_equal(ops.linspace(-3, 7, 17, dtype="i32"), np.linspace(-3, 7, 17, dtype=int))
    assert np.allclose(ops.arange(0.1, 9.7, 0.3, "f64"), np.arange(0.1, 9.7, 0.3), rtol=1e-15)
    big = 2**63 + 5
    assert ops.arange(big, big + 3, dtype="u64").tolist() == [big, big + 1, big + 2]


def test_types_of_numbers() -> None:
    assert ops.zeros(3).dtype == np.float32
    assert ops.full(2, True).dtype == np.bool_
    assert ops.full(2, 3).dtype == np.int32 and ops.arange(3).dtype == np.int32
    assert ops.full(2, 1.5).dtype == np.float32 and ops.arange(0, 1, 0.5).dtype == np.float32
    assert ops.full(2, np.int8(3)).dtype == np.int8
    assert ops.full_like(np.zeros(2, np.uint8), 7).tolist() == [7, 7]


def test_where_they_lie() -> None:
    import torch

    ex = hg.Executor("cpu")
    assert isinstance(ops.zeros(3), np.ndarray)
    for made in (ops.zeros(ex, 3), ex.ops.zeros(3), ops.zeros(3, executor=ex), ops.zeros_like(ex.allocate(3))):
        assert isinstance(made, hg.Buffer) and made.executor is ex
    assert isinstance(ops.eye(2, like=torch.zeros(1)), torch.Tensor)
    assert isinstance(ops.arange(2, like=hg.tensor([1.0])), hg.Tensor)
    assert np.array_equal(hg.Executor("interpreter").ops.arange(1, 9, 2).to_numpy(), [1, 3, 5, 7])


def test_the_original_fill() -> None:
    ex = hg.Executor("cpu")
    buffer = ex.allocate(5)
    assert ops.fill(ex, buffer, 42) is None
    assert buffer.to_numpy().tolist() == [42] * 5
    ops.fill(ex, buffer, 7.5, 2)
    ops.fill(ex, buffer, 1, n=1)
    assert buffer.to_numpy().tolist() == [1, 7.5, 42, 42, 42]


REFUSED = [
    ("zeros", (), {}, ArgumentTypeError, "missing shape"),
    ("zeros", ((-1, 2),), {}, ArgumentValueError, "at least 0, got -1"),
    ("zeros", (2.0,), {}, ArgumentTypeError, "is an integer, not float"),
    ("ones", (2, "f31"), {}, ArgumentValueError, "unknown dtype 'f31'"),
    ("full", (2, 300, "u8"), {}, ArgumentValueError, "300 is no u8; that holds 0 to 255"),
    ("full", (2, 2.5, "i8"), {}, ArgumentTypeError, r"cannot be 2.5; cure: int\(2.5\)"),
    ("full", (2, "1"), {}, ArgumentTypeError, "a number is needed, not str"),
    ("arange", (0, 5, 0), {}, ArgumentValueError, "step is 0"),
    ("arange", (300,), {"dtype": "u8"}, ArgumentValueError, "299 is no u8"),
    ("arange", (2**40,), {}, ArgumentValueError, "is no i32"),
    ("arange", (3,), {"dtype": bool}, ArgumentTypeError, "not in truth values; cure: dtype='i32'"),
    ("arange", ("3",), {}, ArgumentTypeError, "takes numbers, not str"),
    ("linspace", (0, 1, -1), {}, ArgumentValueError, "num is at least 0"),
    ("linspace", (0, 1, 3), {"dtype": bool}, ArgumentTypeError, "not truth values"),
    ("eye", (2.5,), {}, ArgumentTypeError, "n is an integer"),
    ("fill", (np.zeros(2), None), {}, ArgumentTypeError, "a number is needed, not NoneType"),
    ("fill", (np.zeros(2), 1), {"out": np.zeros(2)}, ArgumentTypeError, "leave out= away"),
    ("zeros_like", (3,), {}, ArgumentTypeError, "takes arrays here, not int"),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "error", "message"), REFUSED)
def test_refused(name: str, args: Any, kwargs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        getattr(ops, name)(*args, **kwargs)
