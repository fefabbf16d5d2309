"""Heat in a plate of two materials with a hot rod, a cold rod and a warm edge: explicit steps in time."""

import sys
from pathlib import Path

import matplotlib

import hologram as hg
import hologram.numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt

RATE = 0.2  # time step × diffusivity of copper / cell²


def plate(n):
    """Temperature, diffusivity of each cell, and where the rods hold the temperature."""
    x = np.linspace(-1, 1, n, dtype=np.float32)
    y = x[:, None]
    hot = (x + 0.45) ** 2 + (y + 0.39) ** 2 < 0.03
    cold = (x - 0.5) ** 2 + (y - 0.35) ** 2 < 0.02
    copper = np.exp(-25 * (y - 0.4 * np.sin(4 * x)) ** 2)  # a wavy strip conducts well
    start = 20 + 60 * np.where(y < -0.9, 1 - x**2, 0)
    start = np.where(hot, 100, np.where(cold, 0, start)).astype(np.float32)
    return start, (0.05 + 0.95 * copper).astype(np.float32), hot | cold


def step(u, diffusivity, held):
    """One step: every inner cell gains what flows in from its four neighbours."""
    middle = u[1:-1, 1:-1]
    flow = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4 * middle
    u[1:-1, 1:-1] += np.where(held[1:-1, 1:-1], 0, RATE * diffusivity[1:-1, 1:-1] * flow)


def solve(n, steps, shots):
    """Temperatures at `shots` moments, and their mean and mean change in time."""
    u, diffusivity, held = plate(n)
    with hg.default_executor().record() as recorded:
        step(u, diffusivity, held)
    pictures, history = [], []
    for k in range(steps + 1):
        if k % (steps // (shots - 1)) == 0:
            pictures.append(u.copy())
        if k % 50 == 0:
            history.append((k, float(u.mean()), float(np.abs(u - pictures[0]).mean())))
        recorded.launch()
    return pictures, history


def draw(pictures, history, path):
    """The moments in a row, and the curves below."""
    figure, axes = plt.subplots(1, len(pictures) + 1, figsize=(14, 3), layout="constrained")
    for axis, u in zip(axes, pictures, strict=False):
        image = axis.imshow(u, cmap="inferno", vmin=0, vmax=100)
        axis.contour(u, levels=range(5, 100, 10), colors="white", linewidths=0.4)
        axis.set_axis_off()
    figure.colorbar(image, ax=axes[:-1], label="°C", shrink=0.9)
    k, mean, change = zip(*history, strict=True)
    axes[-1].plot(k, mean, label="mean")
    axes[-1].plot(k, change, label="mean change")
    axes[-1].set(xlabel="step", ylabel="°C", box_aspect=1)
    axes[-1].legend(frameon=False)
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
    out.mkdir(parents=True, exist_ok=True)
    pictures, history = solve(100, 3000, 4)
    draw(pictures, history, out / "heat_hologram.png")
    print(f"mean temperature {history[0][1]:.3f} -> {history[-1][1]:.3f} °C")
