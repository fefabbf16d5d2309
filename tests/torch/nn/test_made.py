"""Every module beside PyTorch's own: arguments, text, state, results, gradients, copies."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest
import torch

from hologram_torch import nn
from hologram_torch.nn.made import MODULES

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "Threshold": (0.1, 20.0),
    "Dropout": (0.0,),  # which draws other numbers than PyTorch, and keeps all of them
    "Softmin": (-1,),
    "Softmax": (1,),
    "LogSoftmax": (0,),
    "Linear": (6, 3),
    "LayerNorm": (6,),
    "RMSNorm": ((6,),),
    "GroupNorm": (2, 6),
    **{f"{kind}Norm{axes}d": (6,) for kind in ("Batch", "Instance") for axes in (1, 2, 3)},
    "Conv1d": (6, 4, 2),
    "Conv2d": (6, 4, 3),
}
KEYWORDS: dict[str, dict[str, Any]] = {
    **{f"InstanceNorm{axes}d": {"affine": True, "track_running_stats": True} for axes in (1, 2, 3)},
    "GELU": {"approximate": "tanh"},
    "CrossEntropyLoss": {"label_smoothing": 0.1},
    "KLDivLoss": {"reduction": "batchmean"},
    "SmoothL1Loss": {"beta": 0.5},
    "MSELoss": {"reduction": "sum"},
    "Conv1d": {"stride": 2, "padding": 1, "groups": 2},
    "Conv2d": {"padding": (1, 2), "padding_mode": "circular"},
}
PROBABILITIES = ("BCELoss",)


def given(name: str) -> list[torch.Tensor]:
    """An input, and a target for losses."""
    torch.manual_seed(0)
    axes = int(name[-2]) if name[-2].isdigit() else 0
    x = torch.randn(4, 6, *[3] * axes) if axes else torch.randn(4, 6)
    if name in PROBABILITIES:
        x = x.sigmoid()
    if "Loss" not in name:
        return [x]
    if name in ("CrossEntropyLoss", "NLLLoss"):
        return [x, torch.randint(0, 6, (4,))]
    target = torch.rand(4, 6)
    return [x, target.sub(0.5).sign() if name in ("HingeEmbeddingLoss", "SoftMarginLoss") else target]


def pair(name: str) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Our module and PyTorch's, made alike."""
    made = []
    for home in (nn, torch.nn):
        torch.manual_seed(1)
        made.append(getattr(home, name)(*ARGUMENTS.get(name, ()), **KEYWORDS.get(name, {})))
    return made[0], made[1]


def results(module: torch.nn.Module, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """What a module gives, the gradients of its input and parameters, and its state behind that."""
    x = inputs[0].clone().requires_grad_()
    out = module(x, *inputs[1:])
    gradients = torch.autograd.grad(
        out, [x, *module.parameters()], torch.linspace(0.5, 1.5, out.numel()).reshape(out.shape)
    )
    return [out.detach(), *gradients, *module.state_dict().values()]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_pytorchs_with_our_forward(name: str) -> None:
    ours, theirs = pair(name)
    assert isinstance(ours, getattr(torch.nn, name))
    assert inspect.signature(type(ours)) == inspect.signature(type(theirs))
    assert repr(ours) == repr(theirs)
    assert type(ours).__module__ == "hologram_torch.nn.made"
    inputs = given(name)
    torch.testing.assert_close(results(ours, inputs), results(theirs, inputs))
    ours.eval(), theirs.eval()
    torch.testing.assert_close(ours(*inputs), theirs(*inputs))


@pytest.mark.parametrize("name", MODULES)
def test_copies_and_states_go_both_ways(name: str) -> None:
    ours, theirs = pair(name)
    inputs = given(name)
    held = set(vars(ours))
    ours(*inputs)
    assert set(vars(ours)) == held, "a forward leaves nothing behind"
    wanted = ours.eval()(*inputs)
    for copied in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert torch.equal(copied(*inputs), wanted)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    torch.testing.assert_close(theirs.eval()(*inputs), wanted)
    ours.load_state_dict(theirs.state_dict())


def test_arguments_of_factories_are_honoured() -> None:

    layer = MODULES["Linear"](3, 2, device="meta", dtype=torch.float64)
    assert layer.weight.is_meta and layer.weight.dtype is torch.float64
    assert layer(torch.empty(5, 3, device="meta", dtype=torch.float64)).shape == (5, 2)


def test_a_reduction_that_there_is_not_is_refused_as_in_pytorch() -> None:
    loss = MODULES["MSELoss"](reduction="median")
    with pytest.raises(ValueError, match="median is not a valid value for reduction"):
        loss(torch.ones(2), torch.ones(2))
