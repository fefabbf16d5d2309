"""Training a case eager and compiled: everything a step gives and changes, compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from tests.tolerance import of_training
from tests.torch.architectures.case import Case

RATE = 0.05
STEPS = 2


@dataclass(frozen=True)
class Trained:
    """What came out of the steps: all tensors of the outputs and the loss, gradients, and the state afterwards."""

    outputs: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor]
    state: Mapping[str, Tensor]


def train(case: Case, compile: Callable[[Any], Any] = lambda objective: objective) -> Trained:
    """Steps of gradient descent on a copy of the case; the objective runs as `compile` makes it."""
    case = case.copy()
    objective = compile(case.objective)
    optimiser = torch.optim.SGD(case.objective.parameters(), lr=RATE, momentum=0.9)
    outputs, gradients = {}, {}
    for step in range(STEPS):
        optimiser.zero_grad()
        output, loss = objective(case.inputs, case.targets)
        loss.backward()
        found = [t for t in pytree.tree_leaves((output, loss)) if isinstance(t, Tensor)]
        outputs |= {f"step {step}, output {k}": tensor.detach().clone() for k, tensor in enumerate(found)}
        named = case.objective.named_parameters()
        gradients |= {f"step {step}, gradient of {name}": p.grad.clone() for name, p in named if p.grad is not None}
        optimiser.step()
    return Trained(outputs, gradients, {f"after, {name}": t for name, t in case.objective.state_dict().items()})


def infer(case: Case, compile: Callable[[Any], Any] = lambda objective: objective) -> dict[str, Tensor]:
    """The forward pass alone, without gradients, in evaluation mode."""
    case = case.copy()
    case.objective.eval()
    with torch.no_grad():
        leaves = pytree.tree_leaves(compile(case.objective)(case.inputs, case.targets))
    return {f"inference, output {k}": t for k, t in enumerate(leaves) if isinstance(t, Tensor)}


def layout(tensor: Tensor) -> tuple[torch.dtype, torch.Size, list[int]]:
    """Type, shape, and the strides that matter: an axis of one element may have any."""
    return tensor.dtype, tensor.shape, [s for s, n in zip(tensor.stride(), tensor.shape, strict=True) if n > 1]


def assert_same(got: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Each tensor is as near to the eager one as roundings in another order allow."""
    assert got.keys() == expected.keys()
    floor = max((float(t.abs().max()) for t in expected.values() if t.is_floating_point()), default=0.0)
    for name, tensor in expected.items():
        other = got[name]
        assert layout(other) == layout(tensor), name
        if not tensor.is_floating_point():
            assert torch.equal(other, tensor), name
            continue
        error = float((other - tensor).abs().max()) if tensor.numel() else 0.0
        bound = of_training(float(tensor.abs().max()) if tensor.numel() else 0.0, floor)
        assert error <= bound, f"{name}: {error:.3g} away, at most {bound:.3g} is allowed"


def assert_trained_alike(got: Trained, expected: Trained) -> None:
    """Outputs, losses, the gradient of every parameter, and parameters and buffers afterwards are the same."""
    assert_same(got.outputs, expected.outputs)
    assert_same(got.gradients, expected.gradients)
    assert_same(got.state, expected.state)
