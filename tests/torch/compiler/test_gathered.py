"""Gradients of parts of a value are put together by one concatenation, or chosen at their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from hologram_torch.compiler import backend as compiler
from hologram_torch.compiler import hologram


def rotary(x: Tensor, angle: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    turned = torch.cat((-x[..., half:], x[..., :half]), -1)
    return x * angle.cos() + turned * angle.sin()


def attention(y: Tensor, angle: Tensor) -> Tensor:
    parts = y.view(4, 6, 3, 2, 8).permute(2, 0, 3, 1, 4)
    q, k, v = parts[0], parts[1], parts[2]
    return torch.softmax(q @ k.transpose(-1, -2), -1) @ v * angle[..., 0].mean()


def unbound(y: Tensor, angle: Tensor) -> Tensor:
    q, k, v = y.view(4, 6, 3, 2, 8).permute(2, 0, 3, 1, 4).unbind(0)
    return (q * k).exp() + v * angle.sum()


def overlapping(x: Tensor, angle: Tensor) -> Tensor:
    return x[:, :3].sum(1) + x[:, 1:].exp().sum(1) + x[:, 0] * angle.sum()


def one_place(x: Tensor, angle: Tensor) -> Tensor:
    return x[:, -1].tanh() + x[:, 1:3].exp().sum(1) * angle.sum()


CASES: list[tuple[Callable[..., Any], tuple[int, ...], bool]] = [
    (rotary, (2, 4, 6, 8), False),
    (attention, (24, 48), False),
    (unbound, (24, 48), False),
    (overlapping, (3, 4, 5), True),
    (one_place, (3, 4, 5), True),
]


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize(("function", "shape", "is_left"), CASES)
def test_gradients_are_those_of_eager(
    function: Callable[..., Any], shape: tuple[int, ...], is_left: bool, dynamic: bool
) -> None:
    torch.manual_seed(1)
    torch._dynamo.reset()
    eager = torch.randn(*shape, requires_grad=True), torch.randn(2, 4, 6, 8, requires_grad=True)
    given = tuple(t.detach().clone().requires_grad_() for t in eager)
    compiled = torch.compile(function, backend=hologram, dynamic=dynamic, options={"check": True})
    function(*eager).square().sum().backward()
    compiled(*given).square().sum().backward()
    for mine, theirs in zip(given, eager, strict=True):
        assert mine.grad is not None
        assert theirs.grad is not None
        assert mine.grad.stride() == theirs.grad.stride()
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-4, atol=1e-4)
    kept = {call.operator for call in compiler.last_report.graphs[-1].calls}
    assert dynamic or "select_backward.default" not in kept
    assert dynamic or is_left == ("slice_backward.default" in kept)


@pytest.mark.parametrize("place", [0, 2])
def test_a_gradient_at_one_place_keeps_the_order_of_axes_that_what_follows_reads(place: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 4, 4)

    def last(x: Tensor) -> Tensor:
        return torch.nn.functional.softplus(x).transpose(-1, -2).select(0, place)

    gradients = []
    for function in (last, torch.compile(last, backend=hologram)):
        given = x.clone().requires_grad_()
        function(given).backward(torch.arange(16.0).reshape(4, 4))
        gradients.append(given.grad)
    torch.testing.assert_close(*gradients)
