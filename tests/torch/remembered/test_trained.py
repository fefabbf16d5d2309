"""Calls of which somebody wants gradients: these are the same however often the calls came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import forward_ad
from torch.utils.checkpoint import checkpoint

from hologram_torch import functional as H
from hologram_torch.remembered.calls import PATIENCE
from hologram_torch.remembered.trained import Trained

TIMES = PATIENCE + 4
"""After so many calls they are remembered."""
Function = Callable[..., Any]


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


CASES: list[tuple[str, Callable[[Any], Function], list[torch.Tensor]]] = [
    ("gelu", lambda m: m.gelu, [drawn(4, 6)]),
    ("softmax", lambda m: lambda x: m.softmax(x, -1), [drawn(4, 6)]),
    ("softmax", lambda m: lambda x: m.softmax(x, dim=0), [drawn(4, 6)]),
    ("log_softmax", lambda m: lambda x: m.log_softmax(x, 1), [drawn(4, 6)]),
    ("layer_norm", lambda m: lambda *t: m.layer_norm(t[0], (6,), *t[1:]), [drawn(4, 6), drawn(6), drawn(6)]),
    ("layer_norm", lambda m: lambda x: m.layer_norm(x, (6,), bias=x[0].detach()), [drawn(4, 6)]),
    ("rms_norm", lambda m: lambda *t: m.rms_norm(t[0], (6,), *t[1:]), [drawn(4, 6), drawn(6)]),
    ("linear", lambda m: m.linear, [drawn(4, 3), drawn(6, 3), drawn(6)]),
    ("matmul", lambda m: getattr(m, "matmul", torch.matmul), [drawn(4, 3), drawn(3, 6)]),
    ("leaky_relu", lambda m: lambda x: m.leaky_relu(x, 0.1), [drawn(4, 6)]),
]
IDS = [f"{name}-{place}" for place, (name, _, _) in enumerate(CASES)]


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Functions that remember nothing yet."""
    for name, _, _ in CASES:
        getattr(H, name)._slow.trained.clear()


@pytest.mark.parametrize(("name", "function", "tensors"), CASES, ids=IDS)
def test_gradients_are_the_same_however_often(name: str, function: Any, tensors: Any) -> None:
    wanted = torch.autograd.grad(function(F)(*tensors), tensors, torch.linspace(-1, 1, 24).double().reshape(4, 6))
    for gradient in (torch.linspace(-1, 1, 24).double().reshape(4, 6), torch.linspace(-1, 1, 48).double()[::2]):
        for _ in range(TIMES):
            found = function(H)(*tensors)
            torch.testing.assert_close(found, function(F)(*tensors))
            if gradient.dim() == 2:
                torch.testing.assert_close(torch.autograd.grad(found, tensors, gradient), wanted)
            else:
                (found * gradient.reshape(4, 6)).sum().backward(inputs=tensors[-1:])
    assert any(isinstance(known, Trained) for known in getattr(H, name)._slow.trained.values())


@pytest.mark.parametrize(("name", "function", "tensors"), CASES, ids=IDS)
def test_gradients_of_gradients(name: str, function: Any, tensors: Any) -> None:
    for _ in range(TIMES):
        function(H)(*tensors)
    assert torch.autograd.gradgradcheck(function(H), tensors)


def test_a_call_that_is_known_does_not_go_through_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w, b = drawn(4, 6), drawn(6), drawn(6)
    calls: list[tuple[Any, tuple[Any, ...]]] = [
        (H.softmax, (x, -1)),
        (H.layer_norm, (x, (6,), w, b)),
        (H.gelu, (x,)),
        (H.mul, (x, 2.0)),
    ]
    for function, args in calls:
        for _ in range(TIMES):
            function(*args).sum().backward()
        with monkeypatch.context() as patch:
            patch.setattr(function._slow, "whole", lambda *args, **named: pytest.fail("Python"))
            function(*args).sum().backward()


def test_calls_without_gradients_are_remembered_beside_those_with() -> None:
    x = drawn(4, 6)
    H.softmax.forget()
    for _ in range(TIMES):
        assert H.softmax(x, -1).grad_fn is not None
    before = len(H.softmax)
    for _ in range(TIMES):
        assert H.softmax(x.detach(), -1).grad_fn is None
        with torch.no_grad():
            assert H.softmax(x, -1).grad_fn is None
    assert len(H.softmax) == before + 1


def test_only_the_gradients_that_are_asked_for_are_computed() -> None:
    x, w, b = drawn(4, 6), drawn(6), drawn(6)
    for tensors in ([w], [x], [b, x], [w, b]):
        for _ in range(TIMES):
            found = torch.autograd.grad(H.layer_norm(x, (6,), w, b).square().sum(), tensors)
            wanted = torch.autograd.grad(F.layer_norm(x, (6,), w, b).square().sum(), tensors)
            torch.testing.assert_close(found, wanted)


def test_who_asks_otherwise_is_answered_otherwise() -> None:
    x = drawn(4, 6)
    for _ in range(TIMES):
        H.softmax(x, -1).sum().backward()
    with forward_ad.dual_level():
        moved = forward_ad.unpack_dual(H.softmax(forward_ad.make_dual(x, torch.ones_like(x)), -1)).tangent
    torch.testing.assert_close(moved, torch.zeros_like(x))
    ours, theirs = (torch.func.vmap(lambda r, f=f: f.softmax(r + x[0], -1)) for f in (H, F))
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(
        torch.func.hessian(lambda r: H.softmax(r, -1)[1])(x[0]), torch.func.hessian(lambda r: F.softmax(r, -1)[1])(x[0])
    )
    batch = torch.eye(6).double().reshape(6, 1, 6).expand(6, 4, 6)
    for _ in range(TIMES):
        (found,) = torch.autograd.grad(H.softmax(x, -1), x, batch, is_grads_batched=True)
    torch.testing.assert_close(found, torch.autograd.grad(F.softmax(x, -1), x, batch, is_grads_batched=True)[0])
    with torch.autocast("cpu", torch.bfloat16):
        assert H.linear(x.float(), x.float()).dtype is torch.bfloat16


def test_what_is_kept_is_the_same_before_and_after_a_call_is_known() -> None:
    x, w = drawn(4, 6), drawn(6)
    for _ in range(TIMES):  # which compares what is kept the second time
        checkpoint(lambda a: H.gelu(H.layer_norm(a, (6,), w)).sum(), x, use_reentrant=False).backward()


def test_what_was_kept_must_not_be_written() -> None:
    x = drawn(4, 6)
    for _ in range(TIMES):
        made = H.softmax(x, -1)
        with torch.no_grad():
            made.add_(1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            made.sum().backward()


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("shape", [(4, 5), (5,), (2, 5, 3)])
def test_a_loss_of_classes_is_one_node(name: str, shape: tuple[int, ...]) -> None:
    x, weight = drawn(*shape), torch.linspace(0.5, 2, 5).double()
    target = torch.arange(x.numel() // 5).remainder(5).reshape(shape[: len(shape) > 1] + shape[2:])
    if target.dim():
        target.view(-1)[0] = -100
    function = getattr(H, name)
    function._slow.trained.clear()
    for named in ({}, {"reduction": "sum"}, {"weight": weight}, {"weight": weight, "reduction": "sum"}):
        wanted = torch.autograd.grad(getattr(F, name)(x, target, **named), x)
        for _ in range(TIMES):
            found = function(x, target, **named)
            torch.testing.assert_close(torch.autograd.grad(found, x), wanted)
        known = function._slow.trained.values()
        assert len(known) and all(isinstance(call, Trained) for call in known)
        assert torch.autograd.gradgradcheck(lambda a, named=named: function(a, target, **named), x)
    with pytest.raises(IndexError, match="Target 7 is out of bounds"):
        function(x, target.clone().fill_(7))


def test_what_is_more_than_one_node_is_not_remembered() -> None:
    x = drawn(4, 6)
    mean, variance = torch.zeros(6, dtype=torch.float64), torch.ones(6, dtype=torch.float64)
    H.batch_norm._slow.trained.clear()
    for _ in range(TIMES):
        H.batch_norm(x, mean, variance, training=True)
    assert not any(isinstance(known, Trained) for known in H.batch_norm._slow.trained.values())
    torch.testing.assert_close(mean, (1 - 0.9**TIMES) * x.mean(0).detach())
