"""Arguments: everything legal is accepted, everything else refused with name, want, given and cure."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hologram.errors import ArgumentTypeError, ArgumentValueError, BufferFreedError
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Param, Program
from hologram.runtime.arguments import bind_names, convert, marshal, round_float, slot_values
from hologram.runtime.executor import Executor
from hologram.types import Type

F32 = Param("x", "array", Type.F32, 1, "rw")
READ = Param("x", "array", Type.F32, 1, "r")


def scalar(element: Type) -> Param:
    return Param("n", "scalar", element)


def message(param: Param, value: Any) -> str:
    with pytest.raises((ArgumentTypeError, ArgumentValueError)) as caught:
        convert("k", param, value)
    assert str(caught.value).startswith(f"k(): {'array' if param.is_array else 'argument'} '{param.name}' ")
    return str(caught.value)


# Names.


def test_names_defaults_and_keywords(program: Callable[[str], Program]) -> None:
    divide = program("divide")
    assert bind_names(divide, ("a",), {"c": "c", "b": "b"}) == ("a", "b", "c", 4)
    assert bind_names(divide, ("a", "b", "c", 9), {}) == ("a", "b", "c", 9)


@pytest.mark.parametrize(
    ("args", "kwargs", "text"),
    [
        ((1, 2, 3, 4, 5), {}, "saxpy() takes 4 positional arguments but 5 were given"),
        ((1, 2, 3), {}, "saxpy() missing 1 required positional argument: 'n'"),
        ((1,), {"n": 1}, "saxpy() missing 2 required positional arguments: 'x' and 'y'"),
        ((1, 2), {"a": 3}, "saxpy() got multiple values for argument 'a'"),
        ((1, 2), {"alpha": 3}, "saxpy() got an unexpected keyword argument 'alpha'; it takes a, x, y, n"),
    ],
)
def test_wrong_names_read_like_python(
    program: Callable[[str], Program], args: tuple[int, ...], kwargs: dict[str, int], text: str
) -> None:
    with pytest.raises(TypeError) as caught:
        bind_names(program("saxpy"), args, kwargs)
    assert str(caught.value) == text


# Arrays.


def test_legal_arrays_that_are_not_the_plain_kind() -> None:
    plain = np.arange(4, dtype=np.float32)
    unpickled = pickle.loads(pickle.dumps(plain))
    subclass = plain.view(type("Mine", (np.ndarray,), {}))
    for value in (plain, unpickled, subclass, Executor("cpu").array(plain), memoryview(plain)):
        assert np.array_equal(convert("k", F32, value), plain)
    longlong = np.zeros(3, np.longlong)
    assert convert("k", Param("x", "array", Type.I64, 1), longlong) is longlong
    bf16 = np.zeros(3, ml_dtypes.bfloat16)
    assert convert("k", Param("x", "array", Type.BF16, 1), bf16) is bf16


@pytest.mark.parametrize("length", [0, 1])
def test_tiny_arrays_are_contiguous_whatever_their_strides(length: int) -> None:
    convert("k", F32, np.zeros((8, 8), np.float32)[:length, 0])


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (np.zeros(3), ("float32", "float64", "x.astype(np.float32)")),
        (np.zeros(3, ">f4"), ("float32", "foreign byte order", "x.astype(np.float32)")),
        (np.zeros(6, np.float32)[::2], ("contiguous", "8 bytes", "np.ascontiguousarray(x)")),
        (np.zeros(6, np.float32)[::-1], ("contiguous", "-4 bytes")),
        (np.zeros((2, 3), np.float32), ("1 dimension,", "(2, 3)", "x.ravel()")),
        (np.float32(1), ("an array of float32", "numpy.float32")),
        (np.array(1, np.float32), ("1 dimension,", "()")),
        ([1.0, 2.0], ("an array of float32", "list", "np.asarray(x, dtype=np.float32)")),
        (None, ("an array of float32", "NoneType")),
        (np.frombuffer(b"\0" * 9, np.uint8)[1:].view(np.float32), ("aligned", "x.copy()")),
        (np.frombuffer(b"\0" * 8, np.float32), ("read-only", "x.copy()")),
        (np.ma.masked_array(np.zeros(3, np.float32)), None),
    ],
)
def test_arrays_that_are_refused(value: Any, parts: tuple[str, ...] | None) -> None:
    if parts is None:
        with pytest.raises(ArgumentTypeError, match="filled"):
            convert("k", F32, value)
        return
    text = message(F32, value)
    assert all(part in text for part in parts), text


def test_read_only_is_fine_where_nothing_is_written() -> None:
    convert("k", READ, np.frombuffer(b"\0" * 8, np.float32))


def test_bool_arrays_are_told_how_to_be_bytes() -> None:
    assert "x.view(np.uint8)" in message(Param("x", "array", Type.U8, 1), np.zeros(2, bool))


def test_freed_buffers() -> None:
    buffer = Executor("cpu").allocate(3)
    buffer.free()
    with pytest.raises(BufferFreedError):
        convert("k", F32, buffer)


# Numbers.


@given(st.sampled_from([t for t in Type if t.is_integer]), st.integers(-(2**65), 2**65))
def test_integers_are_range_checked(element: Type, value: int) -> None:
    if element.minimum <= value <= element.maximum:
        assert convert("k", scalar(element), value) == value
    else:
        assert f"from {element.minimum} to {element.maximum}" in message(scalar(element), value)


@pytest.mark.parametrize("value", [7, np.int8(7), np.uint64(7)])
def test_integers_of_any_kind(value: Any) -> None:
    assert convert("k", scalar(Type.U32), value) == 7


@pytest.mark.parametrize("value", [True, np.True_])
def test_bools_are_bytes(value: Any) -> None:
    assert convert("k", scalar(Type.U8), value) == 1


@pytest.mark.parametrize(
    ("element", "value", "part"),
    [
        (Type.U32, 3.0, "int(n)"),
        (Type.U32, "3", "pass an int"),
        (Type.U32, np.array([3]), "x.item()"),
        (Type.U32, np.array(3), "x.item()"),
        (Type.F32, np.array([3.0]), "x.item()"),
        (Type.F32, "3", "float(n)"),
        (Type.F32, 3j, "complex"),
        (Type.F32, [1.0], "list"),
    ],
)
def test_numbers_that_are_refused(element: Type, value: Any, part: str) -> None:
    assert part in message(scalar(element), value)


@given(st.floats())
def test_floats_round_once_to_their_type(value: float) -> None:
    for element in (Type.F16, Type.F32, Type.F64):
        with np.errstate(over="ignore"):
            wanted = np.float64(value).astype(element.dtype)
        assert np.array_equal(np.float64(convert("k", scalar(element), value)), np.float64(wanted), equal_nan=True)


@pytest.mark.parametrize("value", [3, True, np.float32(3), np.int64(3), np.float16(3)])
def test_floats_of_any_kind(value: Any) -> None:
    assert convert("k", scalar(Type.F32), value) == float(value)


def test_huge_integers_become_infinite_floats() -> None:
    assert round_float(Type.F64, 10**400) == float("inf")
    assert round_float(Type.F32, -(10**39)) == float("-inf")


# The whole.


def test_slot_values(program: Callable[[str], Program]) -> None:
    a = np.zeros((3, 4))[::2, 1:]
    values = slot_values(program("scale2d"), marshal(program("scale2d"), (a, np.zeros((2, 3))), {}))
    assert values[Slot(0, Field.SHAPE, 0)] == 2
    assert [values[Slot(0, Field.STRIDE, k)] for k in (0, 1)] == [64, 8]
    assert Slot(2) not in values
    x = np.zeros(2, np.float32)
    assert slot_values(program("saxpy"), marshal(program("saxpy"), (1, x, x, 2), {}))[Slot(3)] == 2
