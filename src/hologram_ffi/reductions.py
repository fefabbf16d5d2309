"""Reductions of the first `len` elements: given back, and stored in the output's first cell, the only one touched."""

from __future__ import annotations

from hologram import ops
from hologram_ffi.arguments import F32, U32, U64
from hologram_ffi.exported import exported
from hologram_ffi.launches import reduction


@exported
def reduce_sum_f32(exec: U64, input: U64, output: U64, len: U32) -> F32:
    """The sum, in the fixed tree of launch reductions."""
    return reduction(ops.reduce_sum, exec, (input, output), len)


@exported
def reduce_min_f32(exec: U64, input: U64, output: U64, len: U32) -> F32:
    """The smallest element; NaN where one is NaN."""
    return reduction(ops.reduce_min, exec, (input, output), len)


@exported
def reduce_max_f32(exec: U64, input: U64, output: U64, len: U32) -> F32:
    """The largest element; NaN where one is NaN."""
    return reduction(ops.reduce_max, exec, (input, output), len)
