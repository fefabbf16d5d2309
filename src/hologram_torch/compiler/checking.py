"""The option `check`: what a region made, and what a whole graph did, beside what ATen makes of the same nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from hologram_torch.compiler.evaluated import Nodes, distance
from hologram_torch.compiler.region_of import Launch

TOLERANCES = {
    torch.float16: (2e-3, 1e-3),
    torch.bfloat16: (1.6e-2, 8e-3),
    torch.float32: (2e-5, 2e-5),
    torch.float64: (1e-10, 1e-10),
}
"""Relative and absolute differences that rounding explains, the latter of the largest value."""
WHOLE = 8
"""How much larger they are at the ends of a graph."""
SPREAD = 32
"""What lies further from ATen's result than this many times what other roundings do is wrong."""


def compared(launch: Launch, nodes: Nodes, made: Sequence[torch.Tensor], given: Sequence[Any]) -> None:
    """Raise AssertionError with the region's listing where a tensor differs from ATen's by more than rounding."""
    for node, trouble in zip(nodes.asked, differences(nodes, made, given), strict=True):
        if trouble:
            raise AssertionError(f"a region differs from ATen in {node.name}: {trouble}\n{listing(launch)}")


def differences(nodes: Nodes, made: Sequence[torch.Tensor], given: Sequence[Any], looser: float = 1) -> list[str]:
    """How what was made of some nodes differs from what ATen makes of them, in words; empty where it does not.

    Other roundings are tried only where a difference is larger than usual.
    """
    asked = nodes.run(given)
    coarsest = nodes.coarsest
    wrong = [_difference(m, a, coarsest, looser) for m, a in zip(made, asked, strict=True)]
    if not any(wrong):
        return wrong
    spread = nodes.spread(given, asked)
    return [
        text and _difference(m, a, coarsest, looser, s)
        for text, m, a, s in zip(wrong, made, asked, spread, strict=True)
    ]


def _difference(
    ours: torch.Tensor, theirs: torch.Tensor, coarsest: torch.dtype, looser: float, spread: torch.Tensor | None = None
) -> str:
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return f"{ours.dtype} {tuple(ours.shape)} instead of {theirs.dtype} {tuple(theirs.shape)}"
    bound = torch.zeros(theirs.shape, dtype=torch.float64) if spread is None else SPREAD * spread
    if ours.dtype in TOLERANCES:
        relative, absolute = max(TOLERANCES[ours.dtype], TOLERANCES.get(coarsest, (0.0, 0.0)))
        sizes = theirs.abs().double().nan_to_num(0.0, 0.0)
        largest = float(sizes.max()) if sizes.numel() else 0.0
        bound = bound + looser * (relative * sizes + absolute * max(largest, 1e-6))
    far = distance(ours, theirs) > bound
    wrong = int(far.sum())
    if not wrong:
        return ""
    place = tuple(int(i) for i in far.nonzero()[0])
    return f"{wrong} of {ours.numel()} elements, first {place}: {ours[place].item()!r}, ATen {theirs[place].item()!r}"


def listing(launch: Launch) -> str:
    """A region in words: nodes, axes, steps."""
    region: Any = launch.region
    lines = [f"  {node.name} = {node.target}{node.args}" for node in launch.nodes]
    strides = dict(zip(region.stride_names, launch.strides, strict=True))
    lines.append(f"  axes {region.axes} of {launch.lengths}, strides {strides}")
    lines += [f"  reads {node} as {operand}" for node, operand in zip(launch.reads, region.inputs, strict=True)]
    lines += [f"  {step}" for step in region.steps]
    lines += [f"  stores {output}" for output in region.outputs]
    return "\n".join(lines)
