"""Activations of the first `len` elements; what follows them in the output is left alone."""

from __future__ import annotations

from hologram import ops
from hologram_ffi.arguments import U32, U64
from hologram_ffi.exported import exported
from hologram_ffi.launches import run


@exported
def sigmoid_f32(exec: U64, input: U64, output: U64, len: U32) -> None:
    """output = 1 / (1 + exp(-input))."""
    run(ops.sigmoid, exec, (input, output), len)


@exported
def tanh_f32(exec: U64, input: U64, output: U64, len: U32) -> None:
    """output = tanh(input)."""
    run(ops.tanh, exec, (input, output), len)
