"""Arguments of an operation become those of its kernel: sizes agree, outputs are made, matrices get strides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.runtime import recording
from hologram.runtime.buffer import Buffer
from hologram.runtime.host import host_array
from hologram.types import Type


@dataclass(frozen=True, slots=True)
class Arranged:
    """Arguments of the kernel, and the array that holds the result."""

    arguments: tuple[Any, ...]
    out: Any


def elementwise(name: str, inputs: Sequence[Any], out: Any, n: int | None) -> Arranged:
    """All arrays have one shape (any, in C order), or at least n elements where n is given; `out` is made if None."""
    if out is None:
        out = _new(inputs, _shape(name, inputs[0]))
    arrays = (*inputs, out)
    return Arranged((*map(_flat, arrays), _count(name, arrays, n)), out)


def reduction(name: str, inputs: Sequence[Any], out: Any, n: int | None) -> Arranged:
    """Inputs as in `elementwise`; the result is cell 0 of `out`, whose further cells are left alone."""
    if out is None:
        out = _new(inputs, (1,))
    return Arranged((*map(_flat, inputs), _flat(out), _count(name, inputs, n)), out)


def matrix_vector(name: str, inputs: Sequence[Any], out: Any) -> Arranged:
    """y = A·x for a matrix A of shape (m, n) whose rows are contiguous."""
    matrix, vector = inputs
    m, n, lda, flat = _rows(name, "A", matrix)
    _expect(name, "x", vector, (n,))
    if out is None:
        out = _new(inputs, (m,))
    _expect(name, "out", out, (m,))
    return Arranged((flat, vector, out, m, n, lda), out)


def matrix_matrix(name: str, inputs: Sequence[Any], out: Any) -> Arranged:
    """C = A·B for matrices of shapes (m, k) and (k, n) whose rows are contiguous."""
    m, k, lda, a = _rows(name, "A", inputs[0])
    inner, n, ldb, b = _rows(name, "B", inputs[1])
    if inner != k:
        raise ArgumentValueError(f"{name}(): A has {k} columns and B {inner} rows; they must agree")
    if out is None:
        out = _new(inputs, (m, n))
    _expect(name, "out", out, (m, n))
    _, _, ldc, c = _rows(name, "out", out)
    return Arranged((a, b, c, m, n, k, lda, ldb, ldc), out)


def _new(inputs: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """An output of the same kind as the inputs."""
    recorder = recording.current()
    if recorder is not None:
        return recorder.temporary(shape, Type.F32)
    owner = next((value.executor for value in inputs if isinstance(value, Buffer)), None)
    return np.empty(shape, np.float32) if owner is None else owner.allocate(shape, "f32")


def _shape(name: str, value: Any) -> tuple[int, ...]:
    array = value if isinstance(value, np.ndarray | Buffer) else host_array(value)
    if array is None:
        raise ArgumentTypeError(
            f"{name}() takes arrays, not {type(value).__name__}; cure: np.asarray(x, dtype=np.float32)"
        )
    lengths: tuple[int, ...] = array.shape
    return lengths


def _count(name: str, arrays: Sequence[Any], n: int | None) -> int:
    shapes = [_shape(name, array) for array in arrays]
    sizes = [_product(shape) for shape in shapes]
    if n is not None:
        return n
    if len(set(shapes)) > 1 and (len(set(sizes)) > 1 or 1 not in map(len, shapes)):
        raise ArgumentValueError(f"{name}(): the shapes {', '.join(map(str, shapes))} do not agree; give n= for less")
    return sizes[0]


def _product(shape: Sequence[int]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count


def _flat(value: Any) -> Any:
    """One axis over the same memory; what has none is left for the kernel to refuse."""
    if isinstance(value, Buffer):
        return value if value.ndim == 1 else value.reshape(-1)
    array = value if isinstance(value, np.ndarray) else host_array(value)
    return array.reshape(-1) if array is not None and array.ndim != 1 and array.flags.c_contiguous else value


def _rows(name: str, label: str, value: Any) -> tuple[int, int, int, Any]:
    """Rows, columns, elements from row to row, and a matrix's memory as one axis."""
    shape = _shape(name, value)
    if len(shape) != 2:
        raise ArgumentTypeError(f"{name}(): {label} must have two dimensions, got shape {shape}")
    rows, columns = shape
    array = value.elements() if isinstance(value, Buffer) else host_array(value)
    if array is None or array.dtype != np.float32:
        return rows, columns, columns, _flat(value)
    if array.flags.c_contiguous:
        return rows, columns, columns, _flat(value)
    step, rest = divmod(array.strides[0], array.itemsize)
    if array.strides[1] != array.itemsize or rest or step < columns:
        raise ArgumentTypeError(
            f"{name}(): the rows of {label} must be contiguous; cure: np.ascontiguousarray({label})"
        )
    span = (rows - 1) * step + columns if rows else 0
    return rows, columns, step, np.lib.stride_tricks.as_strided(array, (span,), (array.itemsize,))


def _expect(name: str, label: str, value: Any, shape: tuple[int, ...]) -> None:
    found = _shape(name, value)
    if found != shape:
        raise ArgumentValueError(f"{name}(): {label} must have shape {shape}, got {found}")
