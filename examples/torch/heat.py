"""A physics-informed fit: a network learns a field of heat, and how well the material conducts, from a few readings.

python examples/torch/heat.py
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from study import Study, main

import hologram_torch
from hologram.language import DeviceArray, device, f32, get_global_id, grid_sum, i64, kernel

CONDUCTION, TIMES, PLACES = 0.06, 41, 33
DT, DX = 1 / (TIMES - 1), 1 / (PLACES - 1)

# What the equation of heat leaves over, u_t - kappa u_xx, on a grid of times (rows) and places; and its gradient


@device
def bend(u: DeviceArray[f32, 2], i: i64, j: i64) -> f32:
    """The second difference of a row."""
    return u[i, j - 1] - 2.0 * u[i, j] + u[i, j + 1]


@device
def at(g: DeviceArray[f32, 2], i: i64, j: i64) -> f32:
    """An element, 0 beyond the borders."""
    return g[i, j] if 0 <= i < g.shape[0] and 0 <= j < g.shape[1] else 0.0


@kernel
def left_over(u: DeviceArray[f32, 2], kappa: DeviceArray[f32], rest: DeviceArray[f32, 2], dt: f32, dx: f32):
    """How far each inner point is from the equation."""
    j, i = get_global_id(0), get_global_id(1)
    if i < rest.shape[0] and j < rest.shape[1]:
        spread = (bend(u, i, j + 1) + bend(u, i + 1, j + 1)) / (2.0 * dx * dx)
        rest[i, j] = (u[i + 1, j + 1] - u[i, j + 1]) / dt - kappa[0] * spread


@kernel
def left_over_gradient(
    u: DeviceArray[f32, 2],
    kappa: DeviceArray[f32],
    grad_rest: DeviceArray[f32, 2],
    grad_u: DeviceArray[f32, 2],
    grad_kappa: DeviceArray[f32],
    dt: f32,
    dx: f32,
):
    """What each point of u, and kappa, does to the rest."""
    j, i = get_global_id(0), get_global_id(1)
    if i < u.shape[0] and j < u.shape[1]:
        around = 0.0
        for row in range(i - 1, i + 1):
            around += at(grad_rest, row, j - 2) - 2.0 * at(grad_rest, row, j - 1) + at(grad_rest, row, j)
        change = (at(grad_rest, i - 1, j - 1) - at(grad_rest, i, j - 1)) / dt
        grad_u[i, j] = change - kappa[0] * around / (2.0 * dx * dx)
        spread = 0.0
        if i < grad_rest.shape[0] and j < grad_rest.shape[1]:
            spread = grad_rest[i, j] * (bend(u, i, j + 1) + bend(u, i + 1, j + 1)) / (2.0 * dx * dx)
        grid_sum(-spread, grad_kappa, 0)


residual = hologram_torch.op(left_over, left_over_gradient, shapes={"rest": lambda u: (u.shape[0] - 1, u.shape[1] - 2)})


# The fit


def field(kappa: float) -> Any:
    """What really happened, over times and places."""
    t, x = grid().unbind(-1)
    return sum(
        weight * torch.sin(k * torch.pi * x) * torch.exp(-kappa * (k * torch.pi) ** 2 * t)
        for k, weight in ((1, 1.0), (2, -0.7), (3, 0.5))
    )


def grid() -> Any:
    """Time and place of each point."""
    return torch.stack(torch.meshgrid(torch.linspace(0, 1, TIMES), torch.linspace(0, 1, PLACES), indexing="ij"), -1)


def fit(steps: int, readings: int = 100) -> dict[str, Any]:
    """The field and the conduction that fit the readings and the equation, and how they came about."""
    torch.manual_seed(0)
    truth, points = field(CONDUCTION), grid()
    where = torch.randperm(TIMES * PLACES)[:readings]
    read = truth.flatten()[where] + 0.01 * torch.randn(readings)
    network = torch.nn.Sequential(
        torch.nn.Linear(2, 32), torch.nn.Tanh(), torch.nn.Linear(32, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1)
    )
    kappa = torch.nn.Parameter(torch.tensor([0.2]))
    optimiser = torch.optim.Adam([*network.parameters(), kappa], 2e-2)
    walls = 4 * points[..., 1] * (1 - points[..., 1])  # where it is 0 degrees
    way = []
    for _ in range(steps):
        optimiser.zero_grad()
        u = walls * network(points).squeeze(-1)
        rest = residual(u, kappa, DT, DX)
        loss = ((u.flatten()[where] - read) ** 2).mean() + 0.1 * (rest**2).mean()
        loss.backward()
        optimiser.step()
        way.append((loss.item(), kappa.item()))
    return {"truth": truth, "u": u.detach(), "where": where, "way": way, "kappa": kappa.item()}


def draw(made: dict[str, Any]) -> Any:
    """The field that was found and the readings; what it is off by; the conduction on its way."""
    from matplotlib import pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    extent = (0, 1, 0, 1)
    image = left.imshow(made["u"].numpy(), origin="lower", extent=extent, cmap="inferno", aspect="auto")
    points = grid().reshape(-1, 2)[made["where"]].numpy()
    left.scatter(points[:, 1], points[:, 0], s=9, color="white", edgecolor="black", linewidth=0.5)
    left.set(xlabel="place", ylabel="time", title="heat from 100 readings", ylim=(-0.02, 1.02), xlim=(-0.02, 1.02))
    figure.colorbar(image, ax=left, pad=0.02)
    off = (made["u"] - made["truth"]).numpy()
    image = middle.imshow(off, origin="lower", extent=extent, cmap="RdBu", vmin=-0.06, vmax=0.06, aspect="auto")
    middle.set(xlabel="place", title="off the truth by")
    figure.colorbar(image, ax=middle, pad=0.02)
    right.plot([kappa for _, kappa in made["way"]], color="tab:blue", label="found")
    right.axhline(CONDUCTION, color="black", linestyle="--", linewidth=1, label="true")
    right.set(xlabel="step", title="conduction", ylim=(0, 0.3))
    right.grid(alpha=0.3)
    right.legend()
    return figure


def found(made: dict[str, Any]) -> str:
    """The conduction that was found."""
    off = (made["u"] - made["truth"]).abs().mean()
    return f"conduction {made['kappa']:.4f} (true {CONDUCTION}), field off by {off:.3f} in the mean"


def holds(made: dict[str, Any]) -> bool:
    """The loss fell; after enough steps the conduction is right to a tenth."""
    losses = [loss for loss, _ in made["way"]]
    return losses[-1] < 0.5 * losses[0] and (len(losses) < 500 or abs(made["kappa"] / CONDUCTION - 1) < 0.1)


STUDY = Study("heat", fit, draw, found, holds, {"steps": 1500}, {"steps": 30})

if __name__ == "__main__":
    sys.exit(main(STUDY))
