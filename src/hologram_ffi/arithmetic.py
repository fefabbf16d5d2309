"""Element-wise arithmetic on the first `len` elements; what follows them in the output is left alone."""

from __future__ import annotations

from hologram import ops
from hologram_ffi.arguments import U32, U64
from hologram_ffi.exported import exported
from hologram_ffi.launches import run


@exported
def vector_add_f32(exec: U64, a: U64, b: U64, c: U64, len: U32) -> None:
    """c = a + b."""
    run(ops.vector_add, exec, (a, b, c), len)


@exported
def vector_mul_f32(exec: U64, a: U64, b: U64, c: U64, len: U32) -> None:
    """c = a · b."""
    run(ops.vector_mul, exec, (a, b, c), len)


@exported
def vector_relu_f32(exec: U64, a: U64, c: U64, len: U32) -> None:
    """c = max(a, 0); NaN stays NaN."""
    run(ops.relu, exec, (a, c), len)
