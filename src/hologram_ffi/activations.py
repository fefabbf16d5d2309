"""Activations of the first `len` elements; what follows them in the output is left alone."""

from __future__ import annotations

from hologram import ops
from hologram_ffi.arguments import U32, U64
from hologram_ffi.exported import exported
from hologram_ffi.launches import elementwise


@exported
def sigmoid_f32(exec: U64, input: U64, output: U64, len: U32) -> None:
    """output = 1 / (1 + exp(-input))."""
    elementwise(ops.sigmoid, exec, (input, output), len)


@exported
def tanh_f32(exec: U64, input: U64, output: U64, len: U32) -> None:
    """output = tanh(input)."""
    elementwise(ops.tanh, exec, (input, output), len)


@exported
def gelu_f32(exec: U64, input: U64, output: U64, len: U32) -> None:
    """output = the GELU of the input in its tanh form: x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³)))."""
    elementwise(ops.gelu_tanh, exec, (input, output), len)


@exported
def softmax_f32(exec: U64, input: U64, output: U64, len: U32) -> None:
    """output = exp(input) / the sum of exp(input) over the first `len` elements."""
    elementwise(ops.softmax, exec, (input, output), len)
