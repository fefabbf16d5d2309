"""The kernels that are timed, in the kernel language."""

from hologram.language import DeviceArray, f32, get_global_id, i32, kernel, u32


@kernel
def add(a: DeviceArray[f32], b: DeviceArray[f32], c: DeviceArray[f32], n: u32):
    """c = a + b."""
    i = get_global_id()
    if i < n:
        c[i] = a[i] + b[i]


@kernel(fast=True)
def gemv(a: DeviceArray[f32, 2], x: DeviceArray[f32], y: DeviceArray[f32]):
    """y = A x, one row a lane; like Numba's fastmath, free to add in any order."""
    row = get_global_id()
    if row < a.shape[0]:
        total = 0.0
        for k in range(a.shape[1]):
            total += a[row, k] * x[k]
        y[row] = total


@kernel
def gemv_in_order(a: DeviceArray[f32, 2], x: DeviceArray[f32], y: DeviceArray[f32]):
    """y = A x, one row a lane, every sum in the order of its columns."""
    row = get_global_id()
    if row < a.shape[0]:
        total = 0.0
        for k in range(a.shape[1]):
            total += a[row, k] * x[k]
        y[row] = total


@kernel
def mandelbrot(out: DeviceArray[i32, 2], left: f32, top: f32, step: f32, limit: i32):
    """Steps until z*z + c leaves the circle of radius 2, at most `limit`."""
    column, row = get_global_id(0), get_global_id(1)
    if row < out.shape[0] and column < out.shape[1]:
        cx, cy = left + step * f32(column), top + step * f32(row)
        x, y = 0.0, 0.0
        count = 0
        while count < limit and x * x + y * y <= 4.0:
            x, y = x * x - y * y + cx, 2.0 * x * y + cy
            count += 1
        out[row, column] = count


@kernel
def stencil(u: DeviceArray[f32, 2], out: DeviceArray[f32, 2], weight: f32):
    """One step of the heat equation on the inner points: u + weight * (sum of four neighbours - 4 u)."""
    column, row = get_global_id(0), get_global_id(1)
    if row < u.shape[0] - 2 and column < u.shape[1] - 2:
        around = u[row, column + 1] + u[row + 2, column + 1] + u[row + 1, column] + u[row + 1, column + 2]
        centre = u[row + 1, column + 1]
        out[row + 1, column + 1] = centre + weight * (around - 4.0 * centre)
