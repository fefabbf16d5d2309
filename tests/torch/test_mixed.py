"""Mixed precision: results inside of `torch.autocast` have PyTorch's types, and its values within their precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import hologram_torch.functional as ours
import hologram_torch.nn as modules

torch.manual_seed(0)
X, W, B = torch.randn(4, 6), torch.randn(3, 6), torch.randn(3)
LOW, TARGET, CLASSES = torch.randn(4, 6).bfloat16(), torch.rand(4, 6), torch.tensor([0, 5, 2, 1])
CASES: dict[str, Callable[[Any], torch.Tensor]] = {
    "linear": lambda f: f.linear(X, W, B),
    "mse_loss": lambda f: f.mse_loss(LOW, LOW * 0.5),
    "l1_loss": lambda f: f.l1_loss(LOW, TARGET),
    "smooth_l1_loss": lambda f: f.smooth_l1_loss(LOW, TARGET),
    "huber_loss": lambda f: f.huber_loss(LOW, TARGET),
    "kl_div": lambda f: f.kl_div(LOW, TARGET),
    "binary_cross_entropy": lambda f: f.binary_cross_entropy(LOW.sigmoid(), TARGET.bfloat16()),
    "binary_cross_entropy_with_logits": lambda f: f.binary_cross_entropy_with_logits(LOW, TARGET),
    "cross_entropy": lambda f: f.cross_entropy(LOW, CLASSES),
    "softmax of bf16": lambda f: f.softmax(LOW, -1),
    "softmax of f32": lambda f: f.softmax(X, -1),
    "layer_norm": lambda f: f.layer_norm(X, (6,)),
    "layer_norm of bf16": lambda f: f.layer_norm(LOW, (6,)),
}
TORCH_CASES: dict[str, Callable[[Any], torch.Tensor]] = {
    "matmul": lambda f: f.matmul(X, W.T),
    "mm": lambda f: f.mm(X, W.T),
    "bmm": lambda f: f.bmm(X[None], W.T[None]),
    "addmm": lambda f: f.addmm(B, X, W.T),
    "sum of bf16": lambda f: f.sum(LOW),
    "mean": lambda f: f.mean(X, 0),
    "prod": lambda f: f.prod(LOW, 1),
}


@pytest.mark.parametrize("name", [*CASES, *TORCH_CASES])
def test_types_are_those_of_pytorch(name: str) -> None:
    case, theirs = (CASES[name], torch.nn.functional) if name in CASES else (TORCH_CASES[name], torch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, wanted = case(ours), case(theirs)
    assert found.dtype is wanted.dtype
    torch.testing.assert_close(found, wanted, rtol=2e-2, atol=2e-2)


def test_a_step_of_training_has_gradients_in_the_type_of_the_weights() -> None:
    torch.manual_seed(1)
    layer = modules.made.MODULES["Linear"](6, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = layer(X)
        loss = ours.cross_entropy(out, CLASSES % 3)
    assert (out.dtype, loss.dtype) == (torch.bfloat16, torch.float32)
    loss.backward()
    assert layer.weight.grad.dtype is torch.float32
    plain = torch.nn.functional.cross_entropy(torch.nn.functional.linear(X, layer.weight, layer.bias), CLASSES % 3)
    (wanted,) = torch.autograd.grad(plain, layer.weight)
    torch.testing.assert_close(layer.weight.grad, wanted, rtol=5e-2, atol=2e-2)


def test_sums_of_half_precision_are_computed_in_f32() -> None:
    many = torch.full((4096,), 0.1, dtype=torch.bfloat16)
    assert abs(float(ours.sum(many)) - float(many.double().sum())) < 2.0  # one rounding of 410
