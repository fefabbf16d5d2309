"""Loops: header, body, latch; `continue` goes to the latch, `break` to the end."""

from hologram.language import DeviceArray, f32, get_global_id, i32, kernel, u32


@kernel
def gemm(a: DeviceArray[f32], b: DeviceArray[f32], c: DeviceArray[f32], m: u32, n: u32, k: u32):
    i = get_global_id(1)
    j = get_global_id(0)
    if i < m and j < n:
        acc = 0.0
        for p in range(k):
            acc += a[i * k + p] * b[p * n + j]
        c[i * n + j] = acc


@kernel
def mandelbrot(out: DeviceArray[i32, 2], limit: i32):
    x = get_global_id(0)
    y = get_global_id(1)
    cr = 3.0 * x / out.shape[1] - 2.0
    ci = 2.0 * y / out.shape[0] - 1.0
    zr = zi = 0.0
    steps = 0
    while steps < limit and zr * zr + zi * zi < 4.0:
        zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
        steps += 1
    out[y, x] = steps


@kernel
def first_negative(x: DeviceArray[f32], out: DeviceArray[i32], n: u32):
    i = get_global_id()
    if i < out.shape[0]:
        found = -1
        for k in range(n):
            if (k + i) % 2 == 1:
                continue
            if x[k] < 0.0:
                found = i32(k)
                break
        out[i] = found
