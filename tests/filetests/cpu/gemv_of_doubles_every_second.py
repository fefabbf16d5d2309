# Row loads of f64 in steps of two, from the second column on, with a sum over all lanes at the end.
# lanes: 130 1 1
# grid: 1 1 1
# block: 256 1 1
# seed: 9
# strided: 0
from hologram.language import DeviceArray, f64, get_global_id, grid_sum, i64, kernel


@kernel
def rows(mat_f64: DeviceArray[f64, 2], own_f64: DeviceArray[f64], result_f64: DeviceArray[f64], nx: i64, cols: i64):
    i = get_global_id()
    if i < nx:
        total = f64(0.0)
        for j in range(1, cols, 2):
            total = total * f64(0.5) + mat_f64[i, j]
        own_f64[i] = total
        grid_sum(total, result_f64, 3)
