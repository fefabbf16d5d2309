"""Who records calls gets every one, or is told that it cannot; batches of gradients go through a backward pass."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from hologram.language import DeviceArray, f32, get_global_id, kernel
from hologram_torch import functional as H
from hologram_torch import nn, op

X, Y = torch.linspace(-2, 2, 20).reshape(4, 5), torch.linspace(3, -1, 20).reshape(4, 5)


@kernel
def tripled(x: DeviceArray[f32], out: DeviceArray[f32]):
    i = get_global_id()
    if i < x.shape[0]:
        out[i] = x[i] * f32(3.0)


@pytest.mark.parametrize(
    "function", [H.exp, lambda x: H.add(x, x), lambda x: H.sum(x), lambda x: H.matmul(x, x.T), nn.LayerNorm(5)]
)
def test_a_trace_of_torchscript_is_refused(function: Callable[[Tensor], Tensor]) -> None:
    function(X)
    with pytest.raises(RuntimeError, match=r"cure: torch\.export"):
        torch.jit.trace(function, (X,))


def test_an_export_computes_with_what_it_is_given() -> None:
    class Model(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            rows = H.log_softmax(H.gelu(x), -1) + H.cumsum(H.exp(x), 1)
            return H.layer_norm(rows, (5,)) + H.add(H.mean(x), x, alpha=2)

    exported = torch.export.export(Model(), (X,))
    torch.testing.assert_close(exported.module()(Y), Model()(Y))


def test_a_trace_has_operators_of_own_kernels() -> None:
    triple = op(tripled)
    triple(X[0])
    traced = torch.jit.trace(lambda x: triple(x) + 1, (X[0],))
    torch.testing.assert_close(traced(Y[0]), Y[0] * 3 + 1)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: H.relu(x) + 1,
        lambda x: H.add(X, x),
        lambda x: H.add(x, X, alpha=3),
        lambda x: H.softmax(x, dim=-1),
        lambda x: H.mse_loss(X, x),
        lambda x: H.clamp_(x + 0, min=0),
    ],
)
def test_symbolic_traces_call_the_functions(function: Callable[[Tensor], Tensor]) -> None:
    graph = torch.fx.symbolic_trace(function)
    targets = [node.target for node in graph.graph.nodes if node.op == "call_function"]
    assert any(getattr(H, getattr(t, "__name__", ""), None) is t for t in targets)
    torch.testing.assert_close(graph(Y.clone()), function(Y.clone()))


def test_symbolic_traces_of_modules() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(5, 8), nn.GELU(), nn.LayerNorm(8), nn.Softmax(-1))
    graph = torch.fx.symbolic_trace(model)
    torch.testing.assert_close(graph(Y), model(Y))


@pytest.mark.parametrize("zeros", [torch._efficientzerotensor(3), torch._efficientzerotensor(4)[1:]])
def test_zeros_of_autograd_that_have_no_memory_are_zeros(zeros: Tensor) -> None:
    ones, square = torch.ones(3), zeros.expand(3, 3)
    torch.testing.assert_close(H.exp(zeros), ones)
    torch.testing.assert_close(H.add(zeros, ones), ones)
    torch.testing.assert_close(H.add(zeros, torch.ones(3, 3)), torch.ones(3, 3))
    torch.testing.assert_close(H.softmax(zeros, 0), ones / 3)
    torch.testing.assert_close(H.mm(square, square), torch.zeros(3, 3))
    torch.testing.assert_close(H.cumsum(zeros, 0), torch.zeros(3))


def test_what_is_no_tensor_is_refused_as_before() -> None:
    with pytest.raises(TypeError, match="must be Tensor, not ndarray"):
        H.exp(X.numpy())


@pytest.mark.parametrize(
    "compute",
    [
        lambda f, x, w, b, r: f.prelu(x, r),
        lambda f, x, w, b, r: f.linear(x, w, b),
        lambda f, x, w, b, r: f.softmax(x * r, -1),
        lambda f, x, w, b, r: f.layer_norm(x, (4,), r, r),
        lambda f, x, w, b, r: f.cumsum(x, 0) * f.mv(x, r)[:, None],
        lambda f, x, w, b, r: f.cross_entropy(x, torch.tensor([1, 2, 0]), reduction="none"),
        lambda f, x, w, b, r: f.conv1d(x.unsqueeze(0), w.reshape(5, 2, 2).repeat(3, 1, 1)[:, :1], groups=3),
    ],
    ids=["prelu", "linear", "softmax", "layer_norm", "cumsum and mv", "cross_entropy", "conv1d"],
)
def test_a_backward_pass_goes_through_a_batch_of_gradients(compute: Callable[..., Tensor]) -> None:
    torch.manual_seed(0)
    given = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in ((3, 4), (5, 4), (5,), (4,))]
    theirs = SimpleNamespace(**{**vars(torch.nn.functional), "cumsum": torch.cumsum, "mv": torch.mv})
    found, wanted = (compute(f, *given) for f in (H, theirs))
    batch = torch.randn(6, *wanted.shape, dtype=torch.float64)
    gradients = [
        torch.autograd.grad(y, given, batch, is_grads_batched=True, allow_unused=True) for y in (found, wanted)
    ]
    torch.testing.assert_close(*gradients)
