"""A classifier of handwritten digits, trained with Hologram's layers and with PyTorch's: the curves coincide.

python examples/torch/digits.py
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import torch
from sklearn.datasets import load_digits
from study import Study, apart, curves, main

import hologram_torch

BATCH = 64


def network(nn: ModuleType) -> torch.nn.Module:
    """8 × 8 pixels to ten classes; `nn` is `hologram_torch.nn` or `torch.nn`."""
    return torch.nn.Sequential(
        nn.Linear(64, 96), nn.LayerNorm(96), nn.GELU(), nn.Linear(96, 48), nn.GELU(), nn.Linear(48, 10)
    )


def data() -> tuple[torch.Tensor, ...]:
    """Pictures and digits to learn from (1437), and others to try it on (360)."""
    digits = load_digits()
    order = torch.randperm(len(digits.target), generator=torch.Generator().manual_seed(0))
    x, y = torch.tensor(digits.data / 8 - 1, dtype=torch.float32)[order], torch.tensor(digits.target)[order]
    return x[:1437], y[:1437], x[1437:], y[1437:]


def train(nn: ModuleType, steps: int, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
    """Losses, accuracies and answers; the weights begin the same, whatever the type."""
    torch.manual_seed(1)
    model, cost = network(nn).to(dtype), nn.CrossEntropyLoss(label_smoothing=0.05)
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3)
    x, y, other, answers = data()
    x, other = x.to(dtype), other.to(dtype)
    losses, right = [], []
    for step in range(steps):
        which = torch.randint(len(x), (BATCH,))
        loss = cost(model(x[which]), y[which])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        if step % 20 == 19:
            with torch.no_grad():
                right.append((model(other).argmax(1) == answers).float().mean().item())
    return {"losses": losses, "right": right, "guesses": model(other).detach()}


def run(steps: int) -> dict[str, Any]:
    """Both, and PyTorch in float64: what its float32 is away from that is the noise of rounding."""
    made = {"ours": train(hologram_torch.nn, steps), "torch": train(torch.nn, steps)}
    return {**made, "noise": apart(train(torch.nn, steps, torch.float64)["losses"], made["torch"]["losses"])}


def draw(made: dict[str, Any]) -> Any:
    """The losses, the accuracies, and the digits that the classifier was least sure of."""
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(12, 3.6), layout="constrained")
    left, middle, right = figure.subfigures(1, 3, width_ratios=(4, 4, 3))
    axes = left.subplots()
    curves(axes, made["ours"]["losses"], made["torch"]["losses"], ("hologram_torch.nn", "torch.nn"))
    axes.set(title="loss", yscale="log")
    axes = middle.subplots()
    curves(axes, made["ours"]["right"], made["torch"]["right"], ("hologram_torch.nn", "torch.nn"), 20)
    axes.set(title="share of unseen digits that are right", ylim=(0.5, 1.0))
    _, _, x, y = data()
    guesses = made["ours"]["guesses"].softmax(1)
    hard = guesses[range(len(y)), y].argsort()[:12]
    for picture, k in zip(right.subplots(3, 4).flat, hard, strict=True):
        picture.imshow(x[k].reshape(8, 8).numpy(), cmap="gray_r")
        picture.set_title(f"{y[k]}: {guesses[k].argmax()}", fontsize=9, color="darkred", pad=2)
        picture.axis("off")
    right.suptitle("the hardest and what they were taken for", fontsize=10)
    return figure


def found(made: dict[str, Any]) -> str:
    """Accuracies, and how far the curves are apart."""
    ours, theirs = made["ours"], made["torch"]
    return (
        f"{ours['right'][-1]:.2%} of unseen digits right, PyTorch {theirs['right'][-1]:.2%}; losses at most "
        f"{apart(ours['losses'], theirs['losses']):.1e} apart, float32 and float64 {made['noise']:.1e}"
    )


def holds(made: dict[str, Any]) -> bool:
    """The curves are no farther apart than noise makes them, and enough steps give 96 % right."""
    ours, theirs = made["ours"], made["torch"]
    near = apart(ours["losses"], theirs["losses"]) <= 3 * made["noise"] + 1e-6
    return near and (len(ours["losses"]) < 500 or min(ours["right"][-1], theirs["right"][-1]) > 0.96)


STUDY = Study("digits", run, draw, found, holds, {"steps": 600}, {"steps": 20})

if __name__ == "__main__":
    sys.exit(main(STUDY))
