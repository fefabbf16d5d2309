"""k-means: seven clusters found in a cloud of points, a kernel and operations together.

python examples/gallery/kmeans.py
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from program import Program, main

import hologram as hg
from hologram import ops
from hologram.language import DeviceArray, atomic_add, f32, get_global_id, i32, kernel, u32

CLUSTERS, STEPS = 7, 25

# Hologram: a kernel finds the nearest centre of each point and adds the point to it; a step of all is recorded once.


@kernel
def assign(
    points: DeviceArray[f32, 2],
    centres: DeviceArray[f32, 2],
    labels: DeviceArray[i32],
    sums: DeviceArray[f32],
    counts: DeviceArray[u32],
):
    """The nearest centre of each point, the sums of the points of each centre, and how many they are."""
    i = get_global_id()
    if i < labels.shape[0]:
        best, nearest = 1e30, 0
        for k in range(centres.shape[0]):
            dx, dy = points[i, 0] - centres[k, 0], points[i, 1] - centres[k, 1]
            if dx * dx + dy * dy < best:
                best, nearest = dx * dx + dy * dy, i32(k)
        labels[i] = nearest
        atomic_add(sums, 2 * nearest, points[i, 0])
        atomic_add(sums, 2 * nearest + 1, points[i, 1])
        atomic_add(counts, nearest, 1)


def hologram(points):
    """Labels, and centres on their way."""
    cloud = hg.tensor(points)
    centres = cloud[:CLUSTERS].copy()
    labels = hg.tensor(np.zeros(len(points), np.int32))
    sums = hg.tensor(np.zeros(2 * CLUSTERS, np.float32))
    counts = hg.tensor(np.zeros(CLUSTERS, np.uint32))
    with hg.default_executor().record() as step:
        ops.fill(sums, 0)
        ops.fill(counts, 0)
        assign(cloud, centres, labels, sums, counts)
        ops.divide(sums.reshape(CLUSTERS, 2), ops.maximum(counts, 1)[:, None], out=centres)
    way = [centres.to_numpy()]
    for _ in range(STEPS):
        step.launch()
        way.append(centres.to_numpy())
    return {"labels": labels.numpy(), "way": np.stack(way)}


# NumPy


def numpy(points):
    """The same with distances of all pairs."""
    centres = points[:CLUSTERS].copy()
    way = [centres]
    for _ in range(STEPS):
        apart = ((points[:, None] - centres) ** 2).sum(axis=2)
        labels = apart.argmin(axis=1)
        belongs = labels[:, None] == np.arange(CLUSTERS)
        centres = belongs.T.astype(np.float32) @ points / np.maximum(belongs.sum(axis=0), 1)[:, None]
        centres = centres.astype(np.float32)
        way.append(centres)
    return {"labels": labels, "way": np.stack(way)}


# The points and the picture


def data(count: int) -> Any:
    """Points around seven places, the first ones apart from each other."""
    rng = np.random.default_rng(4)
    places = np.array([(0, 0), (4, 1), (-3.5, 2), (1, 4.2), (-2.5, -3), (3, -3.5), (6, 4.5)])
    which = np.concatenate([np.arange(CLUSTERS), rng.integers(0, CLUSTERS, count - CLUSTERS)])
    spread = rng.uniform(0.5, 1.0, (CLUSTERS, 2))[which]
    return (places[which] + spread * rng.normal(size=(count, 2))).astype(np.float32)


def draw(points: Any, made: dict[str, Any]) -> Any:
    """Points by cluster, the centres' ways, and the borders between centres."""
    from matplotlib import pyplot as plt

    way, labels = made["way"], made["labels"]
    figure, axes = plt.subplots(figsize=(7.5, 6), layout="constrained")
    low, high = points.min(axis=0) - 0.3, points.max(axis=0) + 0.3
    u, v = np.meshgrid(np.linspace(low[0], high[0], 400), np.linspace(low[1], high[1], 400))
    grid = np.stack([u, v], 2)[:, :, None] - way[-1]
    axes.imshow(
        (grid**2).sum(axis=3).argmin(axis=2), origin="lower", extent=(low[0], high[0], low[1], high[1]),
        cmap="Dark2", vmin=0, vmax=7, alpha=0.18, interpolation="nearest",
    )  # fmt: skip
    axes.scatter(*points.T, c=labels, s=5, cmap="Dark2", vmin=0, vmax=7, linewidth=0)
    for k in range(CLUSTERS):
        axes.plot(*way[:, k].T, color="black", linewidth=1, marker=".", markersize=3)
    axes.scatter(*way[-1].T, marker="X", s=110, color="black", edgecolor="white", zorder=3)
    axes.set(aspect="equal", xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    return figure


def found(points: Any, made: dict[str, Any]) -> str:
    """How large the clusters are."""
    sizes = sorted(np.bincount(made["labels"], minlength=CLUSTERS).tolist())
    return f"{len(points)} points in clusters of {', '.join(map(str, sizes))}"


PROGRAM = Program("kmeans", data, hologram, numpy, draw, found, 4000, 210, 1e-5)

if __name__ == "__main__":
    sys.exit(main(PROGRAM))
