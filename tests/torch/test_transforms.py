"""Operators called as such: with dual tensors, and inside of transforms of `torch.func`, compiled ones, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, func
from torch.autograd import forward_ad
from torch.nn import functional as F

from hologram.types import Type
from hologram_torch import functional as H
from hologram_torch.formulas import text_of
from hologram_torch.rows.reductions import reduction

OPS = torch.ops.hologram
FORMULA = text_of(("MUL", "x", ("TANH", "y")))
SOFTMAX = reduction("softmax", Type.F64, torch.float64)
torch.manual_seed(0)
X, Y = torch.randn(3, 3, dtype=torch.float64), torch.randn(3, 3, dtype=torch.float64)
BATCH = torch.stack([X, Y])
Function = Callable[[Tensor, Tensor], Tensor]


def _rows(a: Tensor, b: Tensor) -> Tensor:
    return OPS.rows(SOFTMAX, [a], [], list(a.shape), [a.dim() - 1])[0] * b


PAIRS: dict[str, tuple[Function, Function]] = {
    "elementwise": (lambda a, b: OPS.elementwise(FORMULA, [a, b], [], []), lambda a, b: a * torch.tanh(b)),
    "elementwise with a number": (
        lambda a, b: OPS.elementwise(FORMULA, [b], [2.0], [0]) * a,
        lambda a, b: 2 * a * torch.tanh(b),
    ),
    "rows": (_rows, lambda a, b: torch.softmax(a, -1) * b),
    "product": (lambda a, b: OPS.product(a, b), lambda a, b: a @ b),
    "scan": (lambda a, b: OPS.scan("cumsum", a, a.dim() - 1, a.dtype) * b, lambda a, b: a.cumsum(-1) * b),
    "gelu": (lambda a, b: OPS.gelu(a) * b, lambda a, b: F.gelu(a) * b),
    "cumprod": (lambda a, b: OPS.cumprod(a, -1) * b, lambda a, b: a.cumprod(-1) * b),
}


def dual(f: Function) -> Any:
    with forward_ad.dual_level():
        return forward_ad.unpack_dual(f(forward_ad.make_dual(X, Y), forward_ad.make_dual(Y, X))).tangent


def dual_of_what_requires_grad(f: Function) -> Any:
    with forward_ad.dual_level():
        made = f(forward_ad.make_dual(X.clone().requires_grad_(), Y), Y)
        return forward_ad.unpack_dual(made).tangent


WAYS: dict[str, Callable[[Function], Any]] = {
    "dual tensors": dual,
    "one dual tensor": dual_of_what_requires_grad,
    "jvp": lambda f: func.jvp(f, (X, Y), (Y, X)),
    "grad": lambda f: func.grad(lambda a: f(a, Y).sum())(X),
    "vmap": lambda f: func.vmap(f)(BATCH, BATCH),
    "vmap of grad": lambda f: func.vmap(func.grad(lambda a: f(a, Y).sum()))(BATCH),
    "grad of vmap": lambda f: func.grad(lambda a: func.vmap(lambda e: f(e, Y))(a).sum())(BATCH),
    "vmap of jvp": lambda f: func.vmap(lambda a: func.jvp(lambda e: f(e, Y), (a,), (Y,)))(BATCH),
    "jvp of vmap": lambda f: func.jvp(func.vmap(f), (BATCH, BATCH), (BATCH, BATCH)),
    "jvp of grad": lambda f: func.jvp(lambda b: func.grad(lambda a: f(a, b).sum())(X), (Y,), (X,)),
    "hessian": lambda f: func.hessian(lambda b: f(X, b).square().sum())(Y),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PAIRS)
def test_operators_move_as_those_of_pytorch(name: str, way: str) -> None:
    ours, theirs = (WAYS[way](f) for f in PAIRS[name])
    torch.testing.assert_close(ours, theirs)


def compiled(call: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    torch._dynamo.reset()
    return torch.compile(call, backend="aot_eager", fullgraph=True)


FUNCTIONS: dict[str, tuple[Function, Function]] = {
    "gelu": (lambda a, b: H.gelu(a) * b, lambda a, b: F.gelu(a) * b),
    "softmax": (lambda a, b: H.softmax(a, -1) * b, lambda a, b: a.softmax(-1) * b),
    "rows": PAIRS["rows"],
    "scan": PAIRS["scan"],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_compiled_transforms_are_those_that_are_not(name: str) -> None:
    ours, theirs = FUNCTIONS[name]
    jvp = compiled(lambda v: func.jvp(lambda a: ours(a, Y), (v,), (v,))[1])
    torch.testing.assert_close(jvp(X), func.jvp(lambda a: theirs(a, Y), (X,), (X,))[1])
    grad = compiled(lambda v: func.vmap(func.grad(lambda a: ours(a, Y).sum()))(v))
    torch.testing.assert_close(grad(BATCH), func.vmap(func.grad(lambda a: theirs(a, Y).sum()))(BATCH))


@pytest.mark.parametrize("way", [WAYS["dual tensors"], WAYS["grad"]])
def test_what_has_no_gradient_says_what_has(way: Callable[[Function], Any]) -> None:
    with pytest.raises(RuntimeError, match=r"no gradient of cumprod; cure: torch\.ops\.hologram\.cumprod"):
        way(lambda a, b: OPS.scan("cumprod", a, 1, a.dtype))
