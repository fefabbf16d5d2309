"""Logistic regression trained by hand: two half moons, ten polynomial features, gradient descent with momentum.

python examples/gallery/logistic.py
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from program import Program, main

import hologram as hg
from hologram import ops

STEPS, RATE, MOMENTUM = 1000, 0.05, 0.9
POWERS = [(i, j) for i in range(4) for j in range(4 - i)]

# Hologram


def hologram(sets):
    """The loss at each step, and the probabilities on a grid."""
    x, y, grid = (hg.tensor(sets[name]) for name in ("x", "y", "grid"))
    weights, speed = hg.tensor(np.zeros((2, x.shape[1], 1), np.float32))
    loss, losses = hg.tensor(np.float32(0)), []
    with hg.default_executor().record() as step:  # taken down once, launched many times
        score = x @ weights
        ops.mean(ops.logaddexp(0, score) - y * score, out=loss)
        gradient = x.T @ (ops.sigmoid(score) - y) / len(y)
        ops.subtract(MOMENTUM * speed, RATE * gradient, out=speed)
        weights += speed
    for _ in range(STEPS):
        step.launch()
        losses.append(float(loss))
    return {"losses": np.array(losses), "grid": ops.sigmoid(grid @ weights).numpy()}


# NumPy


def numpy(sets):
    """The same on NumPy's arrays."""
    x, y, grid = sets["x"], sets["y"], sets["grid"]
    weights, speed = np.zeros((2, x.shape[1], 1), np.float32)
    losses = []
    for _ in range(STEPS):
        score = x @ weights
        losses.append(np.mean(np.logaddexp(0, score) - y * score))
        gradient = x.T @ (1 / (1 + np.exp(-score)) - y) / len(y)
        speed = MOMENTUM * speed - RATE * gradient
        weights += speed
    return {"losses": np.array(losses), "grid": 1 / (1 + np.exp(-(grid @ weights)))}


# The points and the picture


def features(points: Any) -> Any:
    """All products of powers of the coordinates up to the third."""
    return np.stack([points[:, 0] ** i * points[:, 1] ** j for i, j in POWERS], axis=1).astype(np.float32)


def data(count: int) -> dict[str, Any]:
    """Half moons with noise, and the points of a grid over them."""
    rng = np.random.default_rng(7)
    angle, second = rng.uniform(0, np.pi, count), np.arange(count) % 2
    points = np.stack([np.cos(angle), np.sin(angle)], 1) * np.where(second, -1, 1)[:, None]
    points += second[:, None] * (1.0, 0.4) - (0.5, 0.2) + rng.normal(0, 0.17, points.shape)
    u, v = np.meshgrid(np.linspace(-2.1, 2.1, 160), np.linspace(-1.5, 1.5, 120))
    return {
        "points": points,
        "x": features(points),
        "y": second[:, None].astype(np.float32),
        "grid": features(np.stack([u.ravel(), v.ravel()], 1)),
    }


def draw(sets: dict[str, Any], made: dict[str, Any]) -> Any:
    """The points over the probabilities; the loss."""
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained", width_ratios=(3, 2))
    grid, extent = made["grid"].reshape(120, 160), (-2.1, 2.1, -1.5, 1.5)
    image = left.imshow(grid, origin="lower", extent=extent, cmap="RdBu_r", vmin=0, vmax=1, alpha=0.75, aspect="auto")
    left.contour(grid, [0.5], origin="lower", extent=extent, colors="black", linewidths=1.5)
    for which, colour in ((0, "navy"), (1, "darkred")):
        points = sets["points"][sets["y"][:, 0] == which]
        left.scatter(*points.T, s=14, color=colour, edgecolor="white", linewidth=0.4)
    left.set(xlim=(-2.1, 2.1), ylim=(-1.5, 1.5), title="probability of the second class")
    figure.colorbar(image, ax=left, pad=0.02)
    right.semilogy(made["losses"], color="tab:purple")
    right.set(xlabel="step", title="mean cross-entropy")
    right.grid(alpha=0.3, which="both")
    return figure


def found(sets: dict[str, Any], made: dict[str, Any]) -> str:
    """How the loss fell."""
    losses = made["losses"]
    return f"{len(sets['y'])} points, {STEPS} steps, loss {losses[0]:.3f} -> {losses[-1]:.4f}"


PROGRAM = Program("logistic", data, hologram, numpy, draw, found, 400, 40, 1e-4, rounds=2)

if __name__ == "__main__":
    sys.exit(main(PROGRAM))
