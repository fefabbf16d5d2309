"""Functions of one variable, element by element."""

import hologram.language as hl
from hologram.language import DeviceArray, f32, get_global_id, kernel, u32


@kernel
def sin(a: DeviceArray[f32], b: DeviceArray[f32], n: u32) -> None:
    """b[i] = sin(a[i]) for i < n, a in radians."""
    i = get_global_id()
    if i < n:
        b[i] = hl.sin(a[i])


@kernel
def cos(a: DeviceArray[f32], b: DeviceArray[f32], n: u32) -> None:
    """b[i] = cos(a[i]) for i < n, a in radians."""
    i = get_global_id()
    if i < n:
        b[i] = hl.cos(a[i])


@kernel
def exp(a: DeviceArray[f32], b: DeviceArray[f32], n: u32) -> None:
    """b[i] = e to the power a[i] for i < n."""
    i = get_global_id()
    if i < n:
        b[i] = hl.exp(a[i])


@kernel
def log(a: DeviceArray[f32], b: DeviceArray[f32], n: u32) -> None:
    """b[i] = the natural logarithm of a[i] for i < n; log(0) is -inf, below 0 it is NaN."""
    i = get_global_id()
    if i < n:
        b[i] = hl.log(a[i])
