"""Products of row-major matrices; what follows the result in its buffer is left alone."""

from __future__ import annotations

from hologram import ops
from hologram_ffi.arguments import U32, U64
from hologram_ffi.exported import exported
from hologram_ffi.launches import product


@exported
def gemm_f32(exec: U64, a: U64, b: U64, c: U64, m: U32, n: U32, k: U32) -> None:
    """C[m,n] = A[m,k] · B[k,n]."""
    product(ops.gemm_f32, exec, (a, b, c), m, n, k)


@exported
def matvec_f32(exec: U64, a: U64, x: U64, y: U64, m: U32, n: U32) -> None:
    """y[m] = A[m,n] · x[n]."""
    product(ops.matvec, exec, (a, x, y), m, n)
