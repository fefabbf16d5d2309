"""Random functions of tensors: element-wise operators, folds, views, changes in place, gathers and products, in a row.

`agrees(seed)` draws a function, its inputs, whether it is differentiated and whether sizes are symbols, and asserts
that what is compiled gives what eager PyTorch gives: values, strides and gradients.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

MOST_ELEMENTS = 200_000
LARGEST = 1e4
"""Larger gradients are not compared: their functions are too steep."""
Unary = Callable[[Tensor], Tensor]


def _changed(x: Tensor) -> Tensor:
    y = x.clone()
    y[..., 0].add_(1)
    return y


def _halves(x: Tensor) -> Tensor:
    parts = x.chunk(2, -1)
    a, b = parts[0], parts[-1]
    return a * b.tanh() if a.shape == b.shape else x


UNARY: Mapping[str, Unary] = {
    "neg": torch.neg,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "exp": lambda x: x.clamp(-3, 3).exp(),
    "relu": torch.relu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "softplus": F.softplus,
    "abs": torch.abs,
    "square": lambda x: x * x,
    "cube": lambda x: x**3,
    "sqrt": lambda x: (x.abs() + 0.1).sqrt(),
    "rsqrt": lambda x: (x * x + 1).rsqrt(),
    "log1p": lambda x: torch.log1p(x.abs()),
    "floor": lambda x: x - x.floor(),
    "remainder": lambda x: torch.remainder(x, 1.7),
    "where": lambda x: torch.where(x > 0, x, x * 0.1),
    "masked": lambda x: x.masked_fill(x > 1, 0.5),
    "truths": lambda x: x * ((x > 0) | (x < -1)).float(),
    "to f64": lambda x: (x.double() * 1.1).float(),
    "to integers": lambda x: x + (x > 0).int(),
    "ones": lambda x: x * torch.ones_like(x) + torch.zeros(x.shape[-1]),
    "places": lambda x: x + torch.arange(x.shape[-1]) * 0.01,
    "largest place": lambda x: x + x.argmax(-1, keepdim=True) * 0.1,
    "softmax": lambda x: x.softmax(-1),
    "softmax of columns": lambda x: x.softmax(0),
    "log_softmax": lambda x: x.log_softmax(-1),
    "logsumexp": lambda x: x - x.logsumexp(-1, keepdim=True),
    "layer_norm": lambda x: F.layer_norm(x, x.shape[-1:]),
    "normalize": lambda x: F.normalize(x, dim=-1),
    "sum": lambda x: x.sum(-1, keepdim=True),
    "sum of columns": lambda x: x.sum(0) if x.dim() > 1 else x,
    "mean": lambda x: x.mean(-1, keepdim=True) + x,
    "mean of columns": lambda x: x - x.mean(0),
    "amax": lambda x: x.amax(-1, keepdim=True) - x,
    "max": lambda x: x.max(-1).values.unsqueeze(-1) + x,
    "var": lambda x: x / (1 + x.var(-1, keepdim=True, unbiased=False)),
    "cumsum": lambda x: x.cumsum(-1) * 0.3,
    "detached": lambda x: x - x.detach().mean(),
    "transposed": lambda x: x.transpose(-1, -2) if x.dim() > 1 else x,
    "copied": lambda x: x.transpose(-1, -2).contiguous() if x.dim() > 1 else x,
    "permuted": lambda x: x.permute(*reversed(range(x.dim()))),
    "flipped": lambda x: x.flip(0),
    "rolled": lambda x: x.roll(1, -1),
    "cut": lambda x: x[..., 1:] if x.shape[-1] > 2 else x,
    "every other": lambda x: x[..., ::2] if x.shape[-1] > 3 else x,
    "unsqueezed": lambda x: x.unsqueeze(0) if x.dim() < 4 else x.sum(0),
    "rows": lambda x: x.reshape(-1, x.shape[-1]),
    "column": lambda x: x.flatten()[:60].reshape(-1, 1),
    "expanded": lambda x: x.unsqueeze(-2).expand(*x.shape[:-1], 3, x.shape[-1]).sum(-2) if x.dim() < 4 else x,
    "repeated": lambda x: x.repeat(1, 2) if x.dim() == 2 else x,
    "unfolded": lambda x: x.unfold(-1, 2, 1).sum(-1) if x.shape[-1] > 2 else x,
    "selected": lambda x: x.select(0, 0) if x.dim() > 2 else x,
    "taken": lambda x: x[torch.tensor([0, 0])] if x.dim() > 1 else x,
    "gathered": lambda x: x.gather(-1, x.detach().argsort(-1)),
    "joined": lambda x: torch.cat([x, x * 2], -1),
    "stacked": lambda x: torch.stack([x, -x]).sum(0),
    "halves": _halves,
    "padded": lambda x: F.pad(x, (1, 0)),
    "lower half": lambda x: x.tril() if x.dim() > 1 else x,
    "in place": lambda x: x.clone().mul_(0.7).add_(1),
    "in place of a view": _changed,
}
BINARY: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "mul": torch.mul,
    "sub": lambda a, b: torch.sub(a, b, alpha=2),
    "div": lambda a, b: a / (b.abs() + 1),
    "maximum": torch.maximum,
    "where": lambda a, b: torch.where(a > b, a, b * 0.5),
    "lerp": lambda a, b: torch.lerp(a, b, 0.3),
    "atan2": lambda a, b: torch.atan2(a, b.abs() + 1),
    "squares": lambda a, b: ((a - b) ** 2).mean() + a,
    "matmul": lambda a, b: a.reshape(-1, a.shape[-1]) @ a.reshape(-1, a.shape[-1]).T * 0.1,
}


@dataclass
class Drawn:
    """Steps, each the name of an operator and the values it reads; which values come out."""

    steps: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    outputs: int = 1
    broadcasts: dict[int, bool] = field(default_factory=dict)

    def __call__(self, x: Tensor, w: Tensor) -> tuple[Tensor, ...]:
        values = [x + w]
        for place, (name, read) in enumerate(self.steps):
            given = [values[k] for k in read]
            if len(given) == 1:
                values.append(UNARY[name](given[0]))
            else:
                first, second = given
                values.append(BINARY[name](first, second if self.fits(place, first, second) else second.mean()))
        return tuple(values[-self.outputs :])

    def fits(self, place: int, first: Tensor, second: Tensor) -> bool:
        """Whether a pair broadcasts, as the first run, which is eager, has found."""
        if place not in self.broadcasts:
            try:
                torch.broadcast_shapes(first.shape, second.shape)
            except RuntimeError:
                self.broadcasts[place] = False
            else:
                self.broadcasts[place] = True
        return self.broadcasts[place]


def drawn(chance: random.Random) -> Drawn:
    """A function of up to twelve steps, each mostly of the value before it."""
    made = Drawn(outputs=chance.randint(1, 2))
    for count in range(1, chance.randint(4, 13)):
        if count > 1 and chance.random() < 0.3:
            made.steps.append((chance.choice([*BINARY]), (chance.randrange(count), chance.randrange(count))))
        else:
            made.steps.append((chance.choice([*UNARY]), (max(0, count - 1 - int(chance.expovariate(1.0))),)))
    return made


def inputs(chance: random.Random, seed: int) -> tuple[Tensor, Tensor]:
    """A tensor of one to four axes, some not lying in order, and one that broadcasts to it."""
    shape = [chance.choice([1, 2, 3, 4, 5, 7, 8, 17]) for _ in range(chance.choice([1, 2, 2, 3, 3, 4]))]
    torch.manual_seed(seed)
    x, w = torch.randn(shape), torch.randn(shape[-1:])
    if len(shape) > 1 and chance.random() < 0.2:
        x = x.transpose(-1, -2).contiguous().transpose(-1, -2)
    return x, w


def agrees(seed: int) -> str:
    """Assert that a random function is compiled right; says what was drawn, or "" where PyTorch refuses it."""
    chance = random.Random(seed)
    function, given = drawn(chance), inputs(chance, seed)
    grad, dynamic = chance.random() < 0.7, chance.choice([None, None, True])
    mine, theirs = ([t.clone().requires_grad_(grad) for t in given] for _ in range(2))
    try:
        wanted = function(*theirs)
    except (RuntimeError, IndexError):
        return ""
    if sum(t.numel() for t in wanted) > MOST_ELEMENTS:
        return ""
    torch._dynamo.reset()
    found = torch.compile(function.__call__, backend="hologram", dynamic=dynamic)(*mine)
    for ours, eager in zip(found, wanted, strict=True):
        assert _strides(ours) == _strides(eager)
        torch.testing.assert_close(ours, eager, rtol=2e-4, atol=2e-4, equal_nan=True)
        assert ours.requires_grad == eager.requires_grad
    moving = [k for k, t in enumerate(wanted) if t.requires_grad]
    if moving:
        weights = [torch.randn_like(wanted[k]) for k in moving]
        for results in (wanted, found):
            torch.autograd.backward([results[k] for k in moving], weights)
        for ours, eager in zip(mine, theirs, strict=True):
            _same_gradient(ours.grad, eager.grad)
    return f"{function.steps} {tuple(given[0].shape)} grad {grad} dynamic {dynamic}"


def _same_gradient(ours: Tensor | None, eager: Tensor | None) -> None:
    if ours is None or eager is None:
        shown = ours if eager is None else eager
        assert shown is None or not shown.any(), "no gradient, or one of zeros, in both"
        return
    size = float(eager.abs().nan_to_num().max()) if eager.numel() else 0.0
    if size < LARGEST:
        torch.testing.assert_close(ours, eager, rtol=1e-3, atol=1e-3 * max(1.0, size), equal_nan=True)


def _strides(tensor: Tensor) -> list[Any]:
    """The strides that matter: an axis of one element may have any."""
    return [s for s, n in zip(tensor.stride(), tensor.shape, strict=True) if n > 1 and tensor.numel()]
