"""2-D arrays of any strides."""

from hologram.language import DeviceArray, f32, get_global_id, grid_sum, kernel


@kernel
def laplace(a: DeviceArray[f32, 2], out: DeviceArray[f32, 2]):
    j = get_global_id(0)
    i = get_global_id(1)
    if 0 < i < a.shape[0] - 1 and 0 < j < a.shape[1] - 1:
        out[i, j] = a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1] - 4.0 * a[i, j]


@kernel
def total(a: DeviceArray[f32, 2], result: DeviceArray[f32]):
    grid_sum(a[get_global_id(1), get_global_id(0)], result, 0)
