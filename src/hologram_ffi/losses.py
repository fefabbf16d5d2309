"""Losses over the first `len` elements: given back, and stored in the output's first cell, the only one touched."""

from __future__ import annotations

from hologram import ops
from hologram_ffi.arguments import F32, U32, U64
from hologram_ffi.exported import exported
from hologram_ffi.launches import reduction


@exported
def mse_loss_f32(exec: U64, pred: U64, target: U64, output: U64, len: U32) -> F32:
    """The mean of (pred - target)²."""
    return reduction(ops.mse_loss, exec, (pred, target, output), len)


@exported
def cross_entropy_loss_f32(exec: U64, pred: U64, target: U64, output: U64, len: U32) -> F32:
    """Minus the mean of target · ln(pred) over all elements, logarithms at least -100."""
    return reduction(ops.cross_entropy_loss, exec, (pred, target, output), len)


@exported
def binary_cross_entropy_loss_f32(exec: U64, pred: U64, target: U64, output: U64, len: U32) -> F32:
    """Minus the mean of target · ln(pred) + (1 - target) · ln(1 - pred), logarithms at least -100."""
    return reduction(ops.binary_cross_entropy_loss, exec, (pred, target, output), len)
