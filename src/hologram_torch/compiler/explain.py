"""`explain`: what the backend makes of a function or module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from hologram_torch.compiler import backend
from hologram_torch.compiler.report import Report


def explain(fn: Callable[..., Any], /, *inputs: Any, **keywords: Any) -> Report:
    """What `torch.compile(fn, backend="hologram")` makes of a call with these inputs.

    The function is compiled anew and called once, and once backward where its results can be differentiated (gradients
    of parameters are left as they were). The report prints as text. Raises what the function raises.
    """
    from torch._dynamo.utils import counters

    torch._dynamo.reset()
    counters.clear()
    report = backend.last_report = Report()
    result = torch.compile(fn, backend=backend.hologram)(*inputs, **keywords)
    _backward(fn, result, inputs)
    report.breaks = [f"{reason} ({count}×)" for reason, count in counters["graph_break"].items()]
    return report


def _backward(fn: Callable[..., Any], result: Any, inputs: tuple[Any, ...]) -> None:
    """Compile the backward graphs where there are some; nobody's gradients change."""
    from torch.utils._pytree import tree_leaves

    ends = [t for t in tree_leaves(result) if isinstance(t, torch.Tensor) and t.requires_grad]
    held = [t for t in tree_leaves(inputs) if isinstance(t, torch.Tensor) and t.requires_grad]
    held += [p for p in fn.parameters() if p.requires_grad] if isinstance(fn, torch.nn.Module) else []
    if ends and held:
        torch.autograd.grad(ends, held, [torch.ones_like(e) for e in ends], allow_unused=True)
