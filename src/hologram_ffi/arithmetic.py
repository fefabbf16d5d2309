"""Element-wise arithmetic on the first `len` elements; what follows them in the output is left alone."""

from __future__ import annotations

from hologram import ops
from hologram_ffi.arguments import F32, U32, U64
from hologram_ffi.exported import exported
from hologram_ffi.launches import elementwise


@exported
def vector_add_f32(exec: U64, a: U64, b: U64, c: U64, len: U32) -> None:
    """c = a + b."""
    elementwise(ops.vector_add, exec, (a, b, c), len)


@exported
def vector_sub_f32(exec: U64, a: U64, b: U64, c: U64, len: U32) -> None:
    """c = a - b."""
    elementwise(ops.vector_sub, exec, (a, b, c), len)


@exported
def vector_mul_f32(exec: U64, a: U64, b: U64, c: U64, len: U32) -> None:
    """c = a · b."""
    elementwise(ops.vector_mul, exec, (a, b, c), len)


@exported
def vector_div_f32(exec: U64, a: U64, b: U64, c: U64, len: U32) -> None:
    """c = a / b."""
    elementwise(ops.vector_div, exec, (a, b, c), len)


@exported
def vector_min_f32(exec: U64, a: U64, b: U64, c: U64, len: U32) -> None:
    """c = the smaller of a and b; NaN where either is."""
    elementwise(ops.vector_min, exec, (a, b, c), len)


@exported
def vector_max_f32(exec: U64, a: U64, b: U64, c: U64, len: U32) -> None:
    """c = the larger of a and b; NaN where either is."""
    elementwise(ops.vector_max, exec, (a, b, c), len)


@exported
def vector_abs_f32(exec: U64, a: U64, c: U64, len: U32) -> None:
    """c = |a|."""
    elementwise(ops.vector_abs, exec, (a, c), len)


@exported
def vector_neg_f32(exec: U64, a: U64, c: U64, len: U32) -> None:
    """c = -a."""
    elementwise(ops.vector_neg, exec, (a, c), len)


@exported
def vector_relu_f32(exec: U64, a: U64, c: U64, len: U32) -> None:
    """c = max(a, 0); NaN stays NaN."""
    elementwise(ops.vector_relu, exec, (a, c), len)


@exported
def vector_clip_f32(exec: U64, a: U64, c: U64, len: U32, min_val: F32, max_val: F32) -> None:
    """c = a, at least `min_val` and at most `max_val`; NaN stays NaN."""
    elementwise(ops.vector_clip, exec, (a, c), len, min_val, max_val)


@exported
def scalar_add_f32(exec: U64, a: U64, c: U64, len: U32, scalar: F32) -> None:
    """c = a + scalar."""
    elementwise(ops.scalar_add, exec, (a, c), len, scalar)


@exported
def scalar_mul_f32(exec: U64, a: U64, c: U64, len: U32, scalar: F32) -> None:
    """c = a · scalar."""
    elementwise(ops.scalar_mul, exec, (a, c), len, scalar)
