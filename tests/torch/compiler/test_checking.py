"""The option `check`: it sees wrong regions and wrong rewritings, and takes no rounding for a fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from hologram_torch import compiler
from hologram_torch.compiler import hologram, rewriting
from hologram_torch.compiler.rewriting import Rewriter
from tests.torch.compiler.against_eager import agreed

aten = torch.ops.aten


@pytest.fixture(autouse=True)
def _fresh() -> None:
    torch._dynamo.reset()
    torch.manual_seed(0)


def last(x: Tensor) -> Tensor:
    return torch.nn.functional.softplus(x).transpose(-1, -2).select(0, 2)


def checked(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    made: Callable[..., Any] = torch.compile(function, backend=hologram, options={"check": True}, **options)
    return made


def test_a_rewriting_in_another_order_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were another order of axes put in a gradient's place, it would differ from the graph as it came."""
    monkeypatch.setattr(Rewriter, "fitted", lambda self, by, node: by)
    monkeypatch.setattr(rewriting, "difference", lambda *values, **options: "")
    made = checked(last)(torch.randn(3, 4, 4, requires_grad=True))
    with pytest.raises(
        AssertionError, match=r"a graph differs from ATen in the gradient of primals_1, where.*: 12 of 48 el"
    ):
        made.backward(torch.arange(16.0).reshape(4, 4))


@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("dynamic", [False, True])
def test_another_operator_in_a_place_is_seen(monkeypatch: pytest.MonkeyPatch, grad: bool, dynamic: bool) -> None:
    """What only rewriting does wrong is right in every region: it is seen where it leaves the graph, by its number."""
    from hologram_torch.compiler import backend, joint

    def wrong(rewriter: Rewriter) -> None:
        for node in rewriter.graph.nodes:
            if node.target is aten.sin.default:
                node.target = aten.cos.default

    monkeypatch.setattr(joint if grad else backend, "with_channels_last", wrong)
    x = torch.randn(5, 3, requires_grad=grad)
    with pytest.raises(AssertionError, match=r"a graph differs from ATen in output 1, sin.*: 15 of 15 elements"):
        checked(lambda x: (x.exp(), x.sin(), x + 1), dynamic=dynamic)(x)


def test_what_is_written_to_arguments_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    from hologram_torch.compiler import backend

    def wrong(rewriter: Rewriter) -> None:
        for node in rewriter.graph.nodes:
            if node.target is aten.sin.default:
                node.target = aten.cos.default

    def written(x: Tensor) -> Tensor:
        x.copy_(x.sin())
        return x + 1

    agreed(written, torch.randn(7))
    monkeypatch.setattr(backend, "with_channels_last", wrong)
    torch._dynamo.reset()
    with pytest.raises(AssertionError, match="a graph differs from ATen in"):
        checked(written)(torch.randn(7))


def cancelling(x: Tensor) -> Tensor:
    return ((x - x.mean()) * 3.7).sum() + torch.cat((x * 1e4, x * -1e4)).sum(0).sin()


def amax(x: Tensor) -> Tensor:
    y = (x * 1.7 + 0.3).exp().sigmoid() / 3
    return y.amax(-1) * y.amax(0).sum()


def thresholds(x: Tensor) -> Tensor:
    y = x * (1 / 3)
    return torch.where(y * 3 >= x, y, -y).cumsum(0) + (y * 3 == x) + torch.floor(y * 3 / x)


def biases(x: Tensor) -> Tensor:
    weight = torch.linspace(-1, 1, x.shape[-1])
    return torch.nn.functional.layer_norm(x + x.mean(), x.shape[-1:]) * weight


@pytest.mark.parametrize("function", [cancelling, amax, thresholds, biases])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_rounding_is_no_fault(function: Callable[..., Any], dtype: torch.dtype) -> None:
    for seed in range(3):
        torch.manual_seed(seed)
        x = torch.randn(33, 129).to(dtype).requires_grad_()
        checked(function)(x).float().sum().backward()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_gradients_of_maxima_of_halves_are_numbers(dtype: torch.dtype) -> None:
    """The maximum was rounded when it was stored; what it is looked for in is rounded, too."""
    x = torch.randn(3, 8).to(dtype)
    report = agreed(lambda x: (x * 1.7 + 0.3).exp().amax(-1), x.requires_grad_(), rtol=2e-2)
    assert "eq.Tensor: halves are equal as they are rounded" in str(report)


def drawn(x: Tensor) -> Tensor:
    y = torch.nn.functional.dropout(x.exp(), 0.5)
    return y * torch.rand_like(y) + torch.nn.functional.scaled_dot_product_attention(y, y, y, dropout_p=0.0)


def test_random_numbers_are_the_same() -> None:
    agreed(drawn, torch.randn(2, 3, 8, 16, requires_grad=True), rtol=1e-4)


def test_comparisons_are_no_calls_of_the_graph() -> None:
    report = agreed(lambda x: (x.exp() * 2, x.sum(0)), torch.randn(4, 4, requires_grad=True))
    assert len(report.graphs) == 2 and not any(g.calls for g in report.graphs)
    assert compiler.last_report().share == 1
