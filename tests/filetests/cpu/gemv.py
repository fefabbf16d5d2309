# A lane a row: tiles of rows turned in registers, and what is left of rows and lanes.
# lanes: 100 1 1
# grid: 1 1 1
# block: 256 1 1
# seed: 9
# strided: 0
from hologram.language import DeviceArray, f32, get_global_id, i64, kernel


@kernel
def gemv(mat_f32: DeviceArray[f32, 2], line_f32: DeviceArray[f32], own_f32: DeviceArray[f32], nx: i64, cols: i64):
    i = get_global_id()
    if i < nx:
        total = f32(0.0)
        for j in range(cols):
            total = total + mat_f32[i, j] * line_f32[j]
        own_f32[i] = total
