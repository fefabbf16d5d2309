"""Wrong input for every element-wise operation: which exception, and that its message names the cause and the cure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hologram import Executor, ops
from hologram.errors import ArgumentTypeError, ArgumentValueError, BufferFreedError, OverlapError
from hologram.operators import TABLE, Domain, Operator
from tests.ops.references import operands, types_of

ROWS = pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.names[0])
MANY = pytest.mark.parametrize("row", [r for r in TABLE.values() if r.arity > 1], ids=lambda row: row.names[0])


def call(row: Operator, *given: Any, **options: Any) -> Any:
    return getattr(ops, row.names[0])(*given, **options)


def some(row: Operator, shape: tuple[int, ...] = (4, 6)) -> list[Any]:
    """Operands of the first type that the operator has."""
    return operands(row, types_of(row)[-1 if row.domain is Domain.REALS else 0], shape, 1)


@ROWS
def test_too_few_and_too_many_arguments(row: Operator) -> None:
    with pytest.raises(ArgumentTypeError, match=rf"{row.names[0]}\(\) is missing"):
        call(row)
    with pytest.raises(ArgumentTypeError, match=rf"{row.names[0]}\(\) takes at most .*out; got"):
        call(row, *some(row), None, None)
    with pytest.raises(ArgumentTypeError, match="unexpected keyword argument 'axes'"):
        call(row, *some(row), axes=0)
    with pytest.raises(ArgumentTypeError, match="multiple values for argument 'out'"):
        call(row, *some(row), np.empty(3), out=np.empty(3))


@ROWS
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("text", "takes arrays and numbers, not str"),
        ([1.0, 2.0], r"not list; cure: np.asarray\(x\)"),
        (None, "not None"),
        (np.zeros(24, np.complex64).reshape(4, 6), "no elements of dtype complex64; cure"),
        (np.zeros((4, 6), "datetime64[s]"), r"no elements of dtype datetime64\[s\]"),
        (np.zeros((4, 6), ">i4"), r"in foreign byte order; cure: x.astype\(x.dtype.newbyteorder"),
        (np.ma.masked_array(np.zeros((4, 6))), r"mask would be lost|masked array cannot be used"),
    ],
    ids=["str", "list", "None", "complex", "datetime", "byte order", "masked"],
)
def test_what_is_no_operand(row: Operator, wrong: Any, message: str) -> None:
    given = some(row)
    place = 1 if row.tested else 0
    with pytest.raises(ArgumentTypeError, match=message):
        call(row, *given[:place], wrong, *given[place + 1 :])


@MANY
def test_shapes_that_do_not_broadcast(row: Operator) -> None:
    first, *others = some(row)
    with pytest.raises(ArgumentValueError, match=r"shapes .*\(4, 6\).*\(5, 6\).* do not broadcast"):
        call(row, first, *[np.resize(x, (5, 6)) for x in others])


@ROWS
def test_outputs_that_do_not_fit(row: Operator) -> None:
    given = some(row)
    result = call(row, *given)
    with pytest.raises(ArgumentValueError, match=r"out has shape \(4, 5\), the result \(4, 6\)"):
        call(row, *given, out=np.empty((4, 5), result.dtype))
    if result.dtype != np.bool_:
        with pytest.raises(ArgumentTypeError, match="out= of bool cannot hold"):
            call(row, *given, out=np.empty((4, 6), np.bool_))
    locked = np.empty((4, 6), result.dtype)
    locked.flags.writeable = False
    with pytest.raises(ArgumentValueError, match="read-only"):
        call(row, *given, out=locked)
    with pytest.raises(ArgumentTypeError, match="use one kind"):
        call(row, *given, out=Executor("cpu").allocate((4, 6)))


@pytest.mark.parametrize("row", [r for r in TABLE.values() if not r.gives_truth], ids=lambda row: row.names[0])
def test_outputs_that_share_memory_with_an_operand(row: Operator) -> None:
    given = [x.astype(np.float32) for x in some(row)] if row.domain is Domain.REALS else some(row)
    whole = np.resize(given[0], (5, 6))
    kept = whole.copy()
    with pytest.raises(OverlapError, match=r"share memory.*pass .*copy"):
        call(row, whole[:4], *given[1:], out=whole[1:])
    assert np.array_equal(whole, kept)


@ROWS
def test_the_original_form(row: Operator) -> None:
    ex = Executor("cpu")
    given = some(row, (6,))
    result = call(row, *given)
    inputs, numbers = given[: row.arity - len(row.parameters)], [1.0] * len(row.parameters)
    with pytest.raises(ArgumentTypeError, match="is missing"):
        call(row, ex, *inputs)
    with pytest.raises(ArgumentValueError, match=r"elements; give n= for less"):
        call(row, ex, *inputs, np.empty(5, result.dtype), *numbers)
    for n in (-1, 7):
        with pytest.raises(ArgumentValueError, match=rf"n is {n}, the arrays have 6"):
            call(row, ex, *inputs, np.empty(6, result.dtype), *numbers, n)
    with pytest.raises(ArgumentTypeError, match="n is a number of elements, not float"):
        call(row, ex, *inputs, np.empty(6, result.dtype), *numbers, 2.0)
    with pytest.raises(ArgumentTypeError, match="contiguous arrays; cure"):
        call(row, ex, *[np.repeat(x, 2)[::2] for x in inputs], np.empty(6, result.dtype), *numbers)


@ROWS
def test_freed_buffers(row: Operator) -> None:
    ex = Executor("cpu")
    given = [ex.array(x) for x in some(row)]
    given[-1].free()
    with pytest.raises(BufferFreedError):
        call(row, *given)


@ROWS
def test_kinds_are_not_mixed(row: Operator) -> None:
    torch = pytest.importorskip("torch")
    given = some(row)
    if row.arity > 1:
        with pytest.raises(ArgumentTypeError, match="NumPy arrays and torch tensors; use one kind"):
            call(row, torch.from_numpy(given[0]), *given[1:])
    if given[0].dtype.kind == "f":
        with pytest.raises(ArgumentTypeError, match=r"does not record gradients; cure: x.detach\(\)"):
            call(row, *[torch.from_numpy(x).requires_grad_() for x in given])


@pytest.mark.parametrize("row", [r for r in TABLE.values() if r.domain is Domain.BITS], ids=lambda row: row.names[0])
def test_bits_of_floats(row: Operator) -> None:
    with pytest.raises(ArgumentTypeError, match="works on bits of integers and truth values, not of f32"):
        call(row, *[np.ones(3, np.float32)] * row.arity)


def test_binding_needs_an_output() -> None:
    x = np.ones(3, np.float32)
    with pytest.raises(ArgumentTypeError, match=r"exp.bind\(\) needs an output: give out="):
        ops.exp.bind(x)
    launch = ops.exp.bind(x, out=x)
    launch()
    assert x[0] == np.float32(np.exp(1))
