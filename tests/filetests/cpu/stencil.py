# Five points of a grid with gaps, the border left as it is.
# lanes: 70 9 1
# grid: 1 9 1
# block: 256 1 1
# seed: 4
# strided: 1
from hologram.language import DeviceArray, f32, get_global_id, kernel, u32


@kernel
def stencil(cube_u: DeviceArray[f32, 2], cube_v: DeviceArray[f32, 2], few: u32):
    i = get_global_id(0)
    j = get_global_id(1)
    if i < cube_v.shape[1] and j < cube_v.shape[0]:
        if i > 0 and j > 0 and i < cube_v.shape[1] - 1 and j < cube_v.shape[0] - 1:
            around = cube_u[j, i - 1] + cube_u[j, i + 1] + cube_u[j - 1, i] + cube_u[j + 1, i]
            cube_v[j, i] = cube_u[j, i] + f32(few) * (around - 4.0 * cube_u[j, i])
        else:
            cube_v[j, i] = cube_u[j, i]
