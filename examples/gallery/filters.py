"""Image filters on a photograph: blur, sharpen, edges, a median and a bilateral filter.

python examples/gallery/filters.py
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import numpy as np
from program import Program, main

import hologram as hg
from hologram import ops
from hologram.language import DeviceArray, exp, f32, get_global_id, kernel

GAUSS = (0.0614, 0.2448, 0.3876, 0.2448, 0.0614)
RADIUS, NEAR, ALIKE = 4, 2.0, 0.15

# Hologram: tensors are cut, added and compared as NumPy's arrays are; the last filter is a kernel.


def blurred(image):
    """A Gaussian blur along rows, then along columns."""
    height, width = image.shape[0] - 4, image.shape[1] - 4
    image = sum(w * image[:, k : k + width] for k, w in enumerate(GAUSS))
    return sum(w * image[k : k + height] for k, w in enumerate(GAUSS))


def sharpened(image):
    """The image and what a blur took away from it."""
    return ops.clip(2.5 * image[2:-2, 2:-2] - 1.5 * blurred(image), 0, 1)


def edges(image):
    """Sobel's slope of brightness."""
    down = image[:-2] + 2 * image[1:-1] + image[2:]
    right = image[:, :-2] + 2 * image[:, 1:-1] + image[:, 2:]
    return ops.hypot(down[:, 2:] - down[:, :-2], right[2:] - right[:-2])


def in_order(a, b, c):
    """Three images, sorted in each pixel."""
    a, b = ops.minimum(a, b), ops.maximum(a, b)
    b, c = ops.minimum(b, c), ops.maximum(b, c)
    return ops.minimum(a, b), ops.maximum(a, b), c


def median(image):
    """The middle of each 3×3 pixels: columns of three are sorted once."""
    low, middle, high = in_order(image[:-2], image[1:-1], image[2:])
    _, _, low = in_order(low[:, :-2], low[:, 1:-1], low[:, 2:])
    _, middle, _ = in_order(middle[:, :-2], middle[:, 1:-1], middle[:, 2:])
    high, _, _ = in_order(high[:, :-2], high[:, 1:-1], high[:, 2:])
    return in_order(low, middle, high)[1]


@kernel
def bilateral(image: DeviceArray[f32, 2], out: DeviceArray[f32, 2], near: f32, alike: f32):
    """The mean of what is near and alike: smooths grain, keeps edges."""
    i, j = get_global_id(1), get_global_id(0)
    if i < out.shape[0] and j < out.shape[1]:
        here = image[i + RADIUS, j + RADIUS]
        total, weights = 0.0, 0.0
        for di in range(-RADIUS, RADIUS + 1):
            for dj in range(-RADIUS, RADIUS + 1):
                value = image[i + RADIUS + di, j + RADIUS + dj]
                far, unlike = f32(di * di + dj * dj) / (near * near), (value - here) / alike
                weight = exp(-0.5 * (far + unlike * unlike))
                total += weight * value
                weights += weight
        out[i, j] = total / weights


def smoothed(image):
    """The bilateral filter, launched over the pixels that have all their neighbours."""
    out = image[RADIUS:-RADIUS, RADIUS:-RADIUS].copy()
    bilateral(image, out, NEAR, ALIKE)
    return out


def hologram(images):
    """All filters on tensors; `numpy()` shows their memory."""
    photo, speckled, grainy = (hg.tensor(images[name]) for name in ("photo", "speckled", "grainy"))
    made = {
        "blurred": blurred(photo),
        "sharpened": sharpened(photo),
        "edges": edges(photo),
        "median": median(speckled),
        "smoothed": smoothed(grainy),
    }
    return {name: image.numpy() for name, image in made.items()}


# NumPy


def blurred_numpy(image):
    height, width = image.shape[0] - 4, image.shape[1] - 4
    image = sum(w * image[:, k : k + width] for k, w in enumerate(GAUSS))
    return sum(w * image[k : k + height] for k, w in enumerate(GAUSS))


def sharpened_numpy(image):
    return np.clip(2.5 * image[2:-2, 2:-2] - 1.5 * blurred_numpy(image), 0, 1)


def edges_numpy(image):
    down = image[:-2] + 2 * image[1:-1] + image[2:]
    right = image[:, :-2] + 2 * image[:, 1:-1] + image[:, 2:]
    return np.hypot(down[:, 2:] - down[:, :-2], right[2:] - right[:-2])


def median_numpy(image):
    around = np.lib.stride_tricks.sliding_window_view(image, (3, 3))
    return np.median(around, axis=(2, 3))


def smoothed_numpy(image):
    r = RADIUS
    here = image[r:-r, r:-r]
    total, weights = np.zeros_like(here), np.zeros_like(here)
    for di in range(2 * r + 1):
        for dj in range(2 * r + 1):
            value = image[di : di + here.shape[0], dj : dj + here.shape[1]]
            far, unlike = ((di - r) ** 2 + (dj - r) ** 2) / NEAR**2, (value - here) / ALIKE
            weight = np.exp(-0.5 * (far + unlike * unlike))
            total += weight * value
            weights += weight
    return total / weights


def numpy(images):
    """The same on NumPy's arrays."""
    return {
        "blurred": blurred_numpy(images["photo"]),
        "sharpened": sharpened_numpy(images["photo"]),
        "edges": edges_numpy(images["photo"]),
        "median": median_numpy(images["speckled"]),
        "smoothed": smoothed_numpy(images["grainy"]),
    }


# The photograph and the picture


@cache
def photograph(size: int) -> Any:
    """Grace Hopper in a square of `size` pixels, from Matplotlib's sample data."""
    import matplotlib.cbook as cbook
    from matplotlib.image import imread

    with cbook.get_sample_data("grace_hopper.jpg") as file:
        colours = imread(file, format="jpg")[20:420, 60:460]
    grey = (colours @ [0.299, 0.587, 0.114] / 255).astype(np.float32)
    at = np.linspace(0, 399, size).astype(int)
    return np.ascontiguousarray(grey[np.ix_(at, at)])


def data(size: int) -> dict[str, Any]:
    """The photograph, with salt and pepper, and with grain."""
    photo, rng = photograph(size), np.random.default_rng(1)
    speckled, chance = photo.copy(), rng.random(photo.shape)
    speckled[chance < 0.04], speckled[chance > 0.96] = 0, 1
    grainy = np.clip(photo + rng.normal(0, 0.08, photo.shape), 0, 1).astype(np.float32)
    return {"photo": photo, "speckled": speckled, "grainy": grainy}


def draw(images: dict[str, Any], made: dict[str, Any]) -> Any:
    """What went in, and what came out."""
    from matplotlib import pyplot as plt

    figure, grid = plt.subplots(2, 4, figsize=(11, 5.9), layout="constrained")
    shown = [("photo", images), ("blurred", made), ("sharpened", made), ("edges", made)]
    shown += [("speckled", images), ("median", made), ("grainy", images), ("smoothed", made)]
    titles = {"photo": "photograph", "speckled": "salt and pepper", "grainy": "grain", "smoothed": "bilateral"}
    for axes, (name, of) in zip(grid.flat, shown, strict=True):
        axes.imshow(of[name], cmap="gray", vmin=0, vmax=1.6 if name == "edges" else 1)
        axes.set_title(titles.get(name, name))
        axes.set_axis_off()
    return figure


def found(images: dict[str, Any], made: dict[str, Any]) -> str:
    """How much nearer to the photograph the repaired images are."""
    photo, speckled = images["photo"], images["speckled"]
    error = [float(np.abs(a - b).mean()) for a, b in ((speckled, photo), (made["median"], photo[1:-1, 1:-1]))]
    return (
        f"{len(made)} filters of {photo.shape[0]} × {photo.shape[1]}, salt and pepper {error[0]:.3f} -> {error[1]:.3f}"
    )


PROGRAM = Program("filters", data, hologram, numpy, draw, found, 360, 64, 2e-6)

if __name__ == "__main__":
    sys.exit(main(PROGRAM))
