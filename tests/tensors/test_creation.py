"""Tensors made of arrays, lists, numbers and buffers have the elements and the type that was meant."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from hologram import Executor, tensor
from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.types import Type


@pytest.mark.parametrize("element", list(Type))
def test_arrays_keep_their_type_and_are_copied(element: Type) -> None:
    array = np.arange(12).astype(element.dtype).reshape(3, 4)
    made = tensor(array.T)
    assert (made.type, made.shape, made.is_contiguous()) == (element, (4, 3), True)
    assert made.numpy().tobytes() == array.T.tobytes()
    assert not np.shares_memory(made.numpy(), array)


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1, np.int64),
        (1.5, np.float32),
        (True, np.bool_),
        ([], np.float32),
        ([[1, 2], [3, 4]], np.int64),
        ([1, 2.5], np.float32),
        ([True, False], np.bool_),
        (np.float64(2), np.float64),
        ([np.float64(2)], np.float64),
        (np.int8(2), np.int8),
        (ml_dtypes.bfloat16(2), ml_dtypes.bfloat16),
        (range(3), np.int64),
    ],
)
def test_numbers_have_these_types(data: Any, dtype: Any) -> None:
    made = tensor(data)
    assert made.dtype == dtype
    assert made.tolist() == np.asarray(data).tolist()


def test_python_floats_are_rounded_once() -> None:
    between = 1 + 2.0**-8 + 2.0**-30  # above the middle of two bf16 numbers, and in the middle once it is f32
    assert tensor([between], dtype="bf16").tolist() == [1 + 2.0**-7]
    assert tensor([0.1]).tolist() == [float(np.float32(0.1))]


def test_integers_reach_their_type_exactly() -> None:
    assert tensor([2**64 - 1], dtype="u64").tolist() == [2**64 - 1]
    assert tensor(2**63).dtype == np.uint64


@pytest.mark.parametrize(
    ("data", "dtype", "error", "words"),
    [
        ([[1, 2], [3]], None, ArgumentValueError, "no tensor can be made of this"),
        ([256], "u8", ArgumentValueError, "an integer does not fit u8"),
        ([-1], "u64", ArgumentValueError, "an integer does not fit u64"),
        ([2**70], None, ArgumentTypeError, "made of numbers"),
        ("text", None, ArgumentTypeError, "made of numbers"),
        ([1j], None, ArgumentTypeError, "made of numbers, not of complex128"),
        (None, None, ArgumentTypeError, "not of NoneType"),
        (np.zeros(2, complex), None, ArgumentTypeError, "complex128 has no element type"),
        ([1], "f128", ArgumentValueError, "unknown dtype 'f128'"),
    ],
)
def test_what_is_no_tensor_is_refused(data: Any, dtype: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        tensor(data, dtype=dtype)


def test_the_executor_is_the_one_named_or_that_of_the_data() -> None:
    ex, other = Executor("interpreter"), Executor("cpu")
    buffer = ex.array(np.arange(6, dtype=np.int16).reshape(2, 3))
    made = tensor(buffer)
    assert (made.executor, made.tolist()) == (ex, [[0, 1, 2], [3, 4, 5]])
    assert tensor(made).executor is ex
    moved = tensor(made.T, dtype="f64", executor=other)
    assert (moved.executor, moved.tolist()) == (other, [[0, 3], [1, 4], [2, 5]])


def test_a_copy_of_a_tensor_shares_nothing() -> None:
    made = tensor([1, 2, 3])
    other = tensor(made)
    other[0] = 9
    assert made.tolist() == [1, 2, 3]
