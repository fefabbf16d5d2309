"""Losses over the first `len` elements: given back, and stored in the output's first cell, the only one touched."""

from __future__ import annotations

from hologram import ops
from hologram.runtime.buffer import Buffer
from hologram_ffi.arguments import F32, U32, U64
from hologram_ffi.exported import exported
from hologram_ffi.handles import executors
from hologram_ffi.launches import holding

LEAST_LOG = -100.0
"""Logarithms of probabilities are at least this, so that perfect predictions have a finite loss."""


def _mean(terms: Buffer, exec: int, output: int, sign: float = 1.0) -> float:
    """The mean of all terms, stored in the first cell of the output; NaN of none."""
    executor = executors[exec]
    cell = holding(executor, output, 1)[:1]
    ops.reduce_sum(executor, terms, cell, terms.size)
    ops.divide(cell, sign * terms.size, out=cell)
    return float(cell.numpy()[0])


def _operands(exec: int, pred: int, target: int, count: int) -> tuple[Buffer, Buffer]:
    executor = executors[exec]
    return holding(executor, pred, count)[:count], holding(executor, target, count)[:count]


def _log(values: Buffer) -> Buffer:
    logs: Buffer = ops.log(values)
    ops.maximum(logs, LEAST_LOG, out=logs)
    return logs


@exported
def mse_loss_f32(exec: U64, pred: U64, target: U64, output: U64, len: U32) -> F32:
    """The mean of (pred - target)²."""
    p, t = _operands(exec, pred, target, len)
    return _mean(ops.square(ops.subtract(p, t)), exec, output)


@exported
def cross_entropy_loss_f32(exec: U64, pred: U64, target: U64, output: U64, len: U32) -> F32:
    """Minus the mean of target · ln(pred) over all elements, logarithms at least -100."""
    p, t = _operands(exec, pred, target, len)
    return _mean(ops.multiply(t, _log(p)), exec, output, -1.0)


@exported
def binary_cross_entropy_loss_f32(exec: U64, pred: U64, target: U64, output: U64, len: U32) -> F32:
    """Minus the mean of target · ln(pred) + (1 - target) · ln(1 - pred), logarithms at least -100."""
    p, t = _operands(exec, pred, target, len)
    terms = ops.multiply(t, _log(p))
    ops.add(terms, ops.multiply(ops.subtract(1.0, t), _log(ops.subtract(1.0, p))), out=terms)
    return _mean(terms, exec, output, -1.0)
