# A matrix times the transpose of another, a lane an element.
# lanes: 65 40 1
# grid: 1 40 1
# block: 256 1 1
# seed: 9
# strided: 0
from hologram.language import DeviceArray, f32, get_global_id, i64, kernel


@kernel
def gemm(mat_a: DeviceArray[f32, 2], mat_b: DeviceArray[f32, 2], cube_c: DeviceArray[f32, 2], cols: i64):
    i = get_global_id(0)
    j = get_global_id(1)
    if i < cube_c.shape[1] and j < cube_c.shape[0]:
        total = f32(0.0)
        for k in range(cols):
            total = total + mat_a[j, k] * mat_b[i, k]
        cube_c[j, i] = total
