"""Products of row-major matrices; what follows the result in its buffer is left alone."""

from __future__ import annotations

from hologram import ops
from hologram_ffi.arguments import U32, U64
from hologram_ffi.exported import exported
from hologram_ffi.handles import buffers, executors


@exported
def gemm_f32(exec: U64, a: U64, b: U64, c: U64, m: U32, n: U32, k: U32) -> None:
    """C[m,n] = A[m,k] · B[k,n]."""
    executor = executors[exec]
    ops.gemm_f32(executor, *(buffers.of(executor, handle) for handle in (a, b, c)), m, n, k)


@exported
def matvec_f32(exec: U64, a: U64, x: U64, y: U64, m: U32, n: U32) -> None:
    """y[m] = A[m,n] · x[n]."""
    executor = executors[exec]
    ops.matvec(executor, *(buffers.of(executor, handle) for handle in (a, x, y)), m, n)
