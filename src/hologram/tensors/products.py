"""Products of matrices of one type and any strides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.isa.templates import gemm
from hologram.runtime.executor import Executor
from hologram.runtime.launcher import Launcher

if TYPE_CHECKING:
    from hologram.tensors.array import Tensor

TILE = 16
"""Rows and columns of a block of lanes in products of matrices."""


def product_of(a: Tensor, b: Tensor, executor: Executor) -> Tensor:
    """a · b for two matrices of one type and any strides."""
    for name, matrix in (("first", a), ("second", b)):
        if matrix.ndim != 2:
            raise ArgumentValueError(f"matmul takes matrices, the {name} tensor has shape {matrix.shape}")
    if a.dtype != b.dtype or a.is_bool:
        raise ArgumentTypeError(f"matmul takes matrices of one numeric type, got {a.dtype} and {b.dtype}; use astype()")
    (m, k), (inner, n) = a.shape, b.shape
    if inner != k:
        raise ArgumentValueError(f"the shapes {a.shape} and {b.shape} do not fit: {k} columns and {inner} rows")
    result = type(a).new(executor, (m, n), a.dtype)
    matrices = (t.buffer.strided(t.shape, t.strides, t.offset) for t in (a, b, result))
    Launcher(gemm(a.type, TILE), block=(TILE, TILE)).call(*matrices, m, n, k, executor=executor)
    return result
