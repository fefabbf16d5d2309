"""Linear regression on the diabetes data of scikit-learn, by gradient descent on Hologram's operations.

python examples/torch/regression.py
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from sklearn.datasets import load_diabetes
from study import Study, main

from hologram_torch import functional as F


def data() -> tuple[torch.Tensor, torch.Tensor]:
    """Ten measures of 442 patients, and how far the disease went in a year; each of mean 0 and deviation 1."""
    found = load_diabetes()
    x, y = (torch.tensor(a, dtype=torch.float32) for a in (found.data, found.target[:, None]))
    return tuple((a - a.mean(0)) / a.std(0) for a in (x, y))


def fit(steps: int) -> dict[str, Any]:
    """The line by gradient descent with momentum, its losses, and the line that the normal equations give."""
    x, y = data()
    weight, bias = torch.zeros(1, 10, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.SGD([weight, bias], 0.05, momentum=0.95)
    losses = []
    for _ in range(steps):
        loss = F.mse_loss(F.linear(x, weight, bias), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    exact = torch.linalg.lstsq(x, y).solution.T
    best = ((x @ exact.T - y) ** 2).mean().item()
    return {"losses": losses, "weight": weight.detach(), "exact": exact, "best": best, "x": x, "y": y}


def draw(made: dict[str, Any]) -> Any:
    """The loss above the least one; the weights beside the exact ones; what was predicted."""
    from matplotlib import pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.4), layout="constrained")
    left.semilogy([max(loss - made["best"], 1e-9) for loss in made["losses"]], color="tab:blue")
    left.set(xlabel="step", title="loss above the least one")
    left.grid(alpha=0.3, which="both")
    names = [name.strip() for name in load_diabetes().feature_names]
    middle.bar(names, made["weight"][0].numpy(), color="tab:blue", alpha=0.6, label="by steps")
    middle.plot(names, made["exact"][0].numpy(), "o", color="tab:orange", label="exact")
    middle.set(title="weights")
    middle.legend()
    right.scatter(made["y"].numpy(), (made["x"] @ made["weight"].T).numpy(), s=8, alpha=0.6)
    right.axline((0, 0), slope=1, color="black", linewidth=1, linestyle="--")
    right.set(xlabel="measured", ylabel="predicted", title="deviations from the mean")
    return figure


def off(made: dict[str, Any]) -> float:
    """How far the weights are from the exact ones."""
    return (made["weight"] - made["exact"]).abs().max().item()


def found(made: dict[str, Any]) -> str:
    """The loss, and how far the weights are from the exact ones."""
    return f"loss {made['losses'][-1]:.4f} (least {made['best']:.4f}), weights off by {off(made):.1e}"


def holds(made: dict[str, Any]) -> bool:
    """The loss comes down to the least one, and many steps find the weights."""
    return made["losses"][-1] < made["best"] + 0.01 and (len(made["losses"]) < 400 or off(made) < 1e-3)


STUDY = Study("regression", fit, draw, found, holds, {"steps": 400}, {"steps": 100})

if __name__ == "__main__":
    sys.exit(main(STUDY))
