"""Element-wise arithmetic on vectors, and sums over them."""

from hologram.language import DeviceArray, f32, get_global_id, grid_sum, kernel, u32


@kernel
def vector_add(a: DeviceArray[f32], b: DeviceArray[f32], c: DeviceArray[f32], n: u32) -> None:
    """c[i] = a[i] + b[i] for i < n."""
    i = get_global_id()
    if i < n:
        c[i] = a[i] + b[i]


@kernel
def vector_mul(a: DeviceArray[f32], b: DeviceArray[f32], c: DeviceArray[f32], n: u32) -> None:
    """c[i] = a[i] · b[i] for i < n."""
    i = get_global_id()
    if i < n:
        c[i] = a[i] * b[i]


@kernel
def vector_dot(a: DeviceArray[f32], b: DeviceArray[f32], result: DeviceArray[f32], n: u32) -> None:
    """result[0] = the sum of a[i] · b[i] over i < n, in the fixed tree of launch reductions."""
    i = get_global_id()
    if i < n:
        grid_sum(a[i] * b[i], result, 0)


@kernel
def vector_sum(a: DeviceArray[f32], result: DeviceArray[f32], n: u32) -> None:
    """result[0] = the sum of a[i] over i < n, in the fixed tree of launch reductions."""
    i = get_global_id()
    if i < n:
        grid_sum(a[i], result, 0)
