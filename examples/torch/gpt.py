"""A small GPT that learns to write like Python's manual, eager and compiled by Hologram: the curves coincide.

python examples/torch/gpt.py
"""

from __future__ import annotations

import sys
from functools import cache
from pydoc_data.topics import topics
from typing import Any

import torch
from study import Study, apart, curves, main
from torch import Tensor, nn
from torch.nn import functional as F

import hologram_torch.compiler  # noqa: F401 - where the package is installed, PyTorch finds the backend by its name

WIDTH, HEADS, LAYERS, CONTEXT, BATCH = 48, 4, 2, 64, 12


class Block(nn.Module):
    """Attention to what came before, then two layers, each added to what goes in."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.behind = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.ask, self.answer = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, _ = x.shape
        q, k, v = self.ask(self.before(x)).view(batch, length, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        later = torch.ones(length, length, dtype=torch.bool).triu(1)
        weights = (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).masked_fill(later, -torch.inf).softmax(-1)
        x = x + self.answer((weights @ v).transpose(1, 2).reshape(batch, length, WIDTH))
        return x + self.narrow(F.gelu(self.wide(self.behind(x)), approximate="tanh"))


class GPT(nn.Module):
    """From characters to how likely each character is to come next."""

    def __init__(self, characters: int) -> None:
        super().__init__()
        self.letter, self.place = nn.Embedding(characters, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks, self.last = nn.Sequential(*(Block() for _ in range(LAYERS))), nn.LayerNorm(WIDTH)
        for weights in (self.letter.weight, self.place.weight):
            nn.init.normal_(weights, std=0.05)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.letter(tokens) + self.place(torch.arange(tokens.shape[1]))
        return self.last(self.blocks(x)) @ self.letter.weight.T


def text() -> str:
    """The manual that `help()` shows: small printable characters, one space at a time, without its tables."""
    lines = "\n".join(topics[name] for name in sorted(topics)).lower().splitlines()
    words = [" ".join(line.split()) for line in lines if not set(line) & set("|+")]
    return "".join(c for c in "\n".join(words) if c.isascii() and (c.isprintable() or c == "\n"))


@cache
def data() -> tuple[Tensor, str]:
    """The text as numbers of characters, and the characters."""
    written = text()
    letters = "".join(sorted(set(written)))
    number = {c: k for k, c in enumerate(letters)}
    return torch.tensor([number[c] for c in written]), letters


def train(steps: int, backend: str | None = None, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
    """Losses and the model; the weights begin the same, whatever the type."""
    tokens, letters = data()
    torch.manual_seed(0)
    model = GPT(len(letters)).to(dtype)
    step_model = torch.compile(model, backend=backend, fullgraph=True) if backend else model
    optimiser = torch.optim.AdamW(model.parameters(), 3e-3)
    losses = []
    for _ in range(steps):
        starts = torch.randint(len(tokens) - CONTEXT, (BATCH, 1))
        window = tokens[starts + torch.arange(CONTEXT + 1)]
        loss = F.cross_entropy(step_model(window[:, :-1]).flatten(0, 1), window[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return {"losses": losses, "model": model, "letters": letters}


@torch.no_grad()
def write(model: nn.Module, letters: str, begin: str, count: int) -> str:
    """What the model writes on."""
    torch.manual_seed(0)
    tokens = [letters.index(c) for c in begin]
    for _ in range(count):
        scores = model(torch.tensor([tokens[-CONTEXT:]]))[0, -1] / 0.6
        tokens.append(int(torch.multinomial(scores.softmax(-1), 1)))
    return "".join(letters[t] for t in tokens)


def run(steps: int, letters: int) -> dict[str, Any]:
    """Compiled and eager, and eager in float64: what float32 is away from that is the noise of rounding."""
    eager, compiled = train(steps), train(steps, "hologram")
    noise = apart(train(steps, dtype=torch.float64)["losses"], eager["losses"])
    written = write(compiled["model"], compiled["letters"], "the class", letters)
    size = sum(p.numel() for p in eager["model"].parameters())
    return {"eager": eager["losses"], "compiled": compiled["losses"], "noise": noise, "text": written, "size": size}


def draw(made: dict[str, Any]) -> Any:
    """The losses, how far they are apart, and a text."""
    from matplotlib import pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained", width_ratios=(4, 4, 4))
    curves(left, made["compiled"], made["eager"], ("compiled by Hologram", "eager"))
    left.set(title="loss per character")
    difference = [1e6 * abs(a - b) for a, b in zip(made["compiled"], made["eager"], strict=True)]
    middle.plot(difference, color="tab:blue", linewidth=1, label="compiled and eager")
    middle.axhline(
        1e6 * made["noise"], color="black", linestyle="--", linewidth=1, label="float32 and float64, at most"
    )
    middle.set(title="losses apart by millionths", xlabel="step")
    middle.grid(alpha=0.3)
    middle.legend()
    lines = made["text"].splitlines()
    folded = [line[k : k + 46] for line in lines for k in range(0, max(len(line), 1), 46)]
    right.text(0, 1, "\n".join(folded[:14]), family="monospace", fontsize=8, va="top", parse_math=False)
    right.axis("off")
    right.set_title("what it writes", fontsize=10)
    return figure


def found(made: dict[str, Any]) -> str:
    """The losses, and how far the curves are apart."""
    return (
        f"{made['size']} weights, loss {made['eager'][0]:.3f} -> {made['compiled'][-1]:.3f}, eager "
        f"{made['eager'][-1]:.3f}; at most {apart(made['compiled'], made['eager']):.1e} apart, float32 and float64 "
        f"{made['noise']:.1e}"
    )


def holds(made: dict[str, Any]) -> bool:
    """The curves are no farther apart than noise makes them, and the loss falls."""
    return (
        apart(made["compiled"], made["eager"]) <= 3 * made["noise"] + 1e-6 and made["compiled"][-1] < made["eager"][0]
    )


STUDY = Study("gpt", run, draw, found, holds, {"steps": 700, "letters": 400}, {"steps": 4, "letters": 10})

if __name__ == "__main__":
    sys.exit(main(STUDY))
