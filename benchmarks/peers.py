"""The same computations in Numba: fastmath, one thread (all where a name says parallel), as its users write them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np


def numba_functions() -> SimpleNamespace:
    """`add`, `chain`, `gemv`, `mandelbrot` and `stencil` as Numba functions (compiled on first call)."""
    from numba import njit, prange

    fast = njit(fastmath=True)
    f32 = np.float32

    def add(a: Any, b: Any, c: Any) -> None:
        for i in range(c.shape[0]):
            c[i] = a[i] + b[i]

    def gemv(a: Any, x: Any, y: Any) -> None:
        for row in range(a.shape[0]):
            total = f32(0)
            for k in range(a.shape[1]):
                total += a[row, k] * x[k]
            y[row] = total

    def mandelbrot(out: Any, left: Any, top: Any, step: Any, limit: Any) -> None:
        for row in range(out.shape[0]):
            cy = top + step * f32(row)
            for column in range(out.shape[1]):
                cx = left + step * f32(column)
                x = y = f32(0)
                count = 0
                while count < limit and x * x + y * y <= f32(4):
                    x, y = x * x - y * y + cx, f32(2) * x * y + cy
                    count += 1
                out[row, column] = count

    def stencil(u: Any, out: Any, weight: Any) -> None:
        for row in range(1, u.shape[0] - 1):
            for column in range(1, u.shape[1] - 1):
                around = u[row - 1, column] + u[row + 1, column] + u[row, column - 1] + u[row, column + 1]
                out[row, column] = u[row, column] + weight * (around - f32(4) * u[row, column])

    def chain(x: Any, w: Any, b: Any, y: Any) -> None:
        for i in range(y.shape[0]):
            t = max(x[i] * w[i] + b[i], f32(0))
            t = max(t * w[i] + x[i], f32(0))
            y[i] = (t * b[i] + w[i]) * x[i]

    def chain_parallel(x: Any, w: Any, b: Any, y: Any) -> None:
        for i in prange(y.shape[0]):
            t = max(x[i] * w[i] + b[i], f32(0))
            t = max(t * w[i] + x[i], f32(0))
            y[i] = (t * b[i] + w[i]) * x[i]

    made = {f.__name__: fast(f) for f in (add, chain, gemv, mandelbrot, stencil)}
    return SimpleNamespace(**made, chain_parallel=njit(fastmath=True, parallel=True)(chain_parallel))


def torch_module() -> Any | None:
    """PyTorch on one thread, or None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    return torch
