"""Water behind a wall with two gaps: the wave equation, a kernel for each step in time.

python examples/gallery/waves.py
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from program import Program, main

import hologram as hg
from hologram.language import DeviceArray, f32, get_global_id, kernel, sin, u8

SPEED2, TURN, ABSORBED = 0.25, 0.35, 0.06  # (speed · dt / dx)², angle of the source a step, loss on a beach

# Hologram: a kernel, bound once for each direction between two fields, and launched


@kernel
def step(now: DeviceArray[f32, 2], field: DeviceArray[f32, 2], wall: DeviceArray[u8, 2], loss: DeviceArray[f32, 2]):
    """One step: `field` holds the moment before `now`, and the one after it afterwards."""
    i, j = get_global_id(1), get_global_id(0)
    if 0 < i < now.shape[0] - 1 and 0 < j < now.shape[1] - 1 and wall[i, j] == 0:
        around = now[i - 1, j] + now[i + 1, j] + now[i, j - 1] + now[i, j + 1]
        ahead = 2.0 * now[i, j] - field[i, j] + SPEED2 * (around - 4.0 * now[i, j])
        field[i, j] = ahead - loss[i, j] * (now[i, j] - field[i, j])


@kernel
def swing(field: DeviceArray[f32, 2], angle: f32):
    """The source: a plate that swings along the left side."""
    i = get_global_id()
    if 0 < i < field.shape[0] - 1:
        field[i, 1] = sin(angle)


def hologram(tank):
    """The water after all steps, and the mean of its square over the last ones."""
    one, other = hg.tensor(np.zeros((2, *tank["wall"].shape), np.float32))
    wall, loss = hg.tensor(tank["wall"]), hg.tensor(tank["loss"])
    energy = one * 0
    forth = other, step.bind(one, other, wall, loss), swing.bind(other, 0.0)
    back = one, step.bind(other, one, wall, loss), swing.bind(one, 0.0)
    for k in range(tank["steps"]):
        water, move, drive = back if k % 2 else forth
        move()
        drive.set(angle=TURN * k)
        drive()
        if k >= tank["steps"] - tank["shown"]:
            energy += water * water
    return {"water": water.numpy(), "energy": (energy / tank["shown"]).numpy()}


# NumPy


def numpy(tank):
    """The same with slices."""
    now, then = np.zeros((2, *tank["wall"].shape), np.float32)
    water, loss = tank["wall"][1:-1, 1:-1] == 0, tank["loss"][1:-1, 1:-1]
    energy = now * 0
    for k in range(tank["steps"]):
        middle, before = now[1:-1, 1:-1], then[1:-1, 1:-1]
        around = now[:-2, 1:-1] + now[2:, 1:-1] + now[1:-1, :-2] + now[1:-1, 2:]
        ahead = 2 * middle - before + SPEED2 * (around - 4 * middle)
        before[...] = np.where(water, ahead - loss * (middle - before), before)
        then[1:-1, 1] = np.sin(np.float32(TURN * k))
        if k >= tank["steps"] - tank["shown"]:
            energy += then * then
        now, then = then, now
    return {"water": now, "energy": energy / tank["shown"]}


# The tank and the picture


def data(width: int) -> dict[str, Any]:
    """A tank twice as wide as high, a wall with two gaps, beaches on three sides."""
    height = width * 2 // 3
    wall, loss = np.zeros((height, width), np.uint8), np.zeros((height, width), np.float32)
    wall[:, width // 4 : width // 4 + 3] = 1
    for gap in (height // 2 - height // 10, height // 2 + height // 10):
        wall[gap - 4 : gap + 4] = 0
    beach = max(width // 14, 2)
    ramp = (np.arange(beach, 0, -1) / beach) ** 2 * ABSORBED * 4
    behind = slice(width // 4 + 3, None)
    loss[:, -beach:] = ramp[::-1]
    loss[:beach, behind] = np.maximum(loss[:beach, behind], ramp[:, None])
    loss[-beach:, behind] = np.maximum(loss[-beach:, behind], ramp[::-1, None])
    return {"wall": wall, "loss": loss, "steps": width * 4, "shown": 72}


def draw(tank: dict[str, Any], made: dict[str, Any]) -> Any:
    """The water, and how bright a screen at its end would be."""
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(
        1, 2, figsize=(10.5, 5.2), layout="constrained", width_ratios=(5, 1), sharey=True
    )
    wall = np.ma.masked_equal(tank["wall"], 0)
    top = float(np.abs(made["water"][:, tank["wall"].shape[1] // 3 :]).max())
    left.imshow(made["water"], cmap="RdBu_r", vmin=-top, vmax=top, aspect="auto", interpolation="bilinear")
    left.imshow(wall, cmap="gray", vmin=0, vmax=4, aspect="auto")
    left.set_axis_off()
    screen = made["energy"][:, -tank["wall"].shape[1] // 8]
    right.fill_betweenx(np.arange(len(screen)), screen, color="tab:purple")
    right.set(xlabel="energy on a screen", xticks=[], xlim=(0, None))
    return figure


def found(tank: dict[str, Any], made: dict[str, Any]) -> str:
    """How many bright bands there are on the screen."""
    screen = np.convolve(made["energy"][:, -tank["wall"].shape[1] // 8], np.ones(5) / 5, "same")
    peak = (screen[1:-1] > screen[:-2]) & (screen[1:-1] >= screen[2:]) & (screen[1:-1] > 0.1 * screen.max())
    height, width = tank["wall"].shape
    return f"{tank['steps']} steps of {height} × {width} cells, {int(peak.sum())} bright bands behind two gaps"


PROGRAM = Program("waves", data, hologram, numpy, draw, found, 300, 48, 1e-4, rounds=2)

if __name__ == "__main__":
    sys.exit(main(PROGRAM))
