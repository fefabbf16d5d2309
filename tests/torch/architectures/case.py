"""What an architecture is: a model, what goes into it, and the loss it is trained on."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

SEED = 20_240


class Objective(nn.Module):
    """A model together with its loss: called with inputs and targets it gives (output, loss)."""

    def __init__(self, model: nn.Module, loss: Callable[..., Tensor]) -> None:
        super().__init__()
        self.model = model
        self.loss = loss

    def forward(self, inputs: tuple[Tensor, ...], targets: tuple[Tensor, ...]) -> tuple[Any, Tensor]:
        output = self.model(*inputs)
        return output, self.loss(output, *targets)


@dataclass(frozen=True)
class Case:
    """An objective and one batch."""

    objective: Objective
    inputs: tuple[Tensor, ...]
    targets: tuple[Tensor, ...]

    @classmethod
    def of(cls, model: nn.Module, loss: Callable[..., Tensor], inputs: tuple[Tensor, ...], *targets: Tensor) -> Case:
        return cls(Objective(model, loss), inputs, targets)

    def copy(self) -> Case:
        """The same weights, statistics and batch in memory of its own."""
        return copy.deepcopy(self)


@dataclass(frozen=True)
class Architecture:
    """A name, how to build it, and its sizes in the tests and in the benchmarks."""

    name: str
    builder: Callable[..., Case]
    small: Mapping[str, int]
    large: Mapping[str, int] = field(default_factory=dict)
    needs: str | None = None
    """The package beside PyTorch it is built with."""

    def build(self, large: bool = False) -> Case:
        """The case with the same random weights and batch each time, whatever ran before."""
        with torch.random.fork_rng():
            torch.manual_seed(SEED)
            return self.builder(**(self.large if large else self.small))

    def __str__(self) -> str:
        return self.name
