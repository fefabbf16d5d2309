"""Compiled functions and modules beside the same in eager mode: results, strides, gradients, and every region."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from hologram_torch import compiler
from hologram_torch.compiler import Report, backend


def agreed(fn: Callable[..., Any], *inputs: Any, seed: int = 3, rtol: float | None = None, **options: Any) -> Report:
    """Assert that a compiled call is an eager one: values, dtypes, strides, changes of inputs, and gradients.

    Each region is compared with its operators in ATen as well (the backend's option `check`). Gives the report.
    """
    torch._dynamo.reset()
    backend.last_report = Report()
    ours = copy.deepcopy(fn) if isinstance(fn, torch.nn.Module) else fn
    compiled = torch.compile(ours, backend="hologram", options={"check": True}, **options)
    given, same = [_own(v) for v in inputs], [_own(v) for v in inputs]
    torch.manual_seed(seed)
    wanted = tree_leaves(fn(*given))
    torch.manual_seed(seed)
    found = tree_leaves(compiled(*same))
    bounds = {} if rtol is None else {"rtol": rtol, "atol": rtol}
    for mine, theirs in zip([*found, *same], [*wanted, *given], strict=True):
        close(mine, theirs, **bounds)
    _gradients(wanted)
    _gradients(found)
    parameters = [m.parameters() if isinstance(m, torch.nn.Module) else [] for m in (ours, fn)]
    buffers = [m.buffers() if isinstance(m, torch.nn.Module) else [] for m in (ours, fn)]
    for mine, theirs in zip([*same, *parameters[0]], [*given, *parameters[1]], strict=True):
        if isinstance(mine, torch.Tensor):
            assert (mine.grad is None) == (theirs.grad is None)
            if theirs.grad is not None:
                close(mine.grad, theirs.grad, **(bounds or {"rtol": 1e-4, "atol": 1e-5}))
    for mine, theirs in zip(*buffers, strict=True):
        close(mine, theirs, **bounds)
    return compiler.last_report()


def close(found: Any, wanted: Any, **bounds: float) -> None:
    """Assert that two values are equal but for rounding, and lie in memory alike."""
    if not isinstance(wanted, torch.Tensor):
        assert found == wanted
        return
    assert found.stride() == wanted.stride(), f"strides {found.stride()}, not {wanted.stride()}"
    torch.testing.assert_close(found, wanted, equal_nan=True, **bounds)


def _own(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    made = torch.empty_strided(value.shape, value.stride(), dtype=value.dtype)
    if 0 in value.stride():  # repeated elements are written once
        return value.detach().contiguous().as_strided(value.shape, value.stride())
    return made.copy_(value.detach()).requires_grad_(value.requires_grad)


def _gradients(results: list[Any]) -> None:
    ends = [r for r in results if isinstance(r, torch.Tensor) and r.requires_grad]
    if ends:
        weights = [torch.linspace(-1, 1, e.numel()).view(e.shape).to(e.dtype) for e in ends]
        torch.autograd.backward(ends, weights)
