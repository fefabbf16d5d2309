"""Activation functions, element by element."""

import hologram.language as hl
from hologram.language import DeviceArray, f32, get_global_id, kernel, u32


@kernel
def relu(a: DeviceArray[f32], b: DeviceArray[f32], n: u32) -> None:
    """b[i] = a[i] where it is positive, else 0, for i < n; NaN stays NaN."""
    i = get_global_id()
    if i < n:
        b[i] = max(a[i], 0.0)


@kernel
def sigmoid(a: DeviceArray[f32], b: DeviceArray[f32], n: u32) -> None:
    """b[i] = 1 / (1 + exp(-a[i])) for i < n."""
    i = get_global_id()
    if i < n:
        b[i] = hl.sigmoid(a[i])


@kernel
def tanh(a: DeviceArray[f32], b: DeviceArray[f32], n: u32) -> None:
    """b[i] = tanh(a[i]) for i < n."""
    i = get_global_id()
    if i < n:
        b[i] = hl.tanh(a[i])
