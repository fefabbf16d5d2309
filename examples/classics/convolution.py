"""Two-dimensional convolution with a small kernel; outside of the image there are zeros.

convolve(image, weights, out): out is as large as the image, as scipy.signal.convolve2d(image, weights, "same").
"""

from hologram.language import DeviceArray, f32, get_global_id, kernel


@kernel
def convolve(image: DeviceArray[f32, 2], weights: DeviceArray[f32, 2], out: DeviceArray[f32, 2]):
    """out[i, j] is the sum of weights[p, q] * image[i + r - p, j + s - q], (r, s) being the middle of the weights."""
    i, j = get_global_id(1), get_global_id(0)
    if i < out.shape[0] and j < out.shape[1]:
        top = i + (weights.shape[0] - 1) // 2
        left = j + (weights.shape[1] - 1) // 2
        total = 0.0
        for p in range(weights.shape[0]):
            for q in range(weights.shape[1]):
                y, x = top - p, left - q
                if 0 <= y < image.shape[0] and 0 <= x < image.shape[1]:
                    total += weights[p, q] * image[y, x]
        out[i, j] = total
