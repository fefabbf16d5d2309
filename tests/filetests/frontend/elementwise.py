"""Guarded 1-D kernels: one offset for equal indices, constants as immediates."""

from hologram.language import DeviceArray, exp, f32, get_global_id, i32, kernel, u32

LIMIT = 3 * 2


@kernel
def saxpy(a: f32, x: DeviceArray[f32], y: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        y[i] = a * x[i] + y[i]


@kernel(block=64)
def clamp(x: DeviceArray[f32], low: f32 = -1.0, high: f32 = 1.0):
    """Limit every element."""
    i = get_global_id()
    x[i] = min(max(x[i], low), high)


@kernel
def choose(x: DeviceArray[f32], y: DeviceArray[i32], n: u32):
    i = get_global_id()
    if i >= n:
        return
    y[i] = (y[i] // 4 if x[i] > 0.5 else y[i] % LIMIT) + 1
    x[i] = exp(x[i]) if x[i] < 0.0 else 2.0 * x[i]
