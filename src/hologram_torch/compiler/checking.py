"""The option `check`: what a region made beside what ATen makes of the same nodes."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import Node

from hologram_torch.compiler.region_of import Launch

TOLERANCES = {
    torch.float16: (2e-3, 1e-3),
    torch.bfloat16: (1.6e-2, 8e-3),
    torch.float32: (2e-5, 2e-5),
    torch.float64: (1e-10, 1e-10),
}
"""Relative and absolute differences that rounding explains, the latter of the largest value."""


def compared(launch: Launch, made: tuple[torch.Tensor, ...], asked: tuple[torch.Tensor, ...]) -> None:
    """Raise AssertionError with the region's listing where a tensor differs from ATen's by more than rounding."""
    dtypes = {n.meta["val"].dtype for n in launch.nodes} & TOLERANCES.keys()
    coarsest = max(dtypes, key=lambda d: TOLERANCES[d], default=torch.float64)
    makes = [n for n in launch.makes if isinstance(n, Node)]
    for node, ours, theirs in zip(makes, made, asked, strict=True):
        trouble = _difference(ours, theirs, coarsest)
        if trouble:
            raise AssertionError(f"a region differs from ATen in {node.name}: {trouble}\n{listing(launch)}")


def _difference(ours: torch.Tensor, theirs: torch.Tensor, coarsest: torch.dtype) -> str:
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return f"{ours.dtype} {tuple(ours.shape)} instead of {theirs.dtype} {tuple(theirs.shape)}"
    if ours.dtype not in TOLERANCES:
        wrong = int((ours != theirs).sum())
        return f"{wrong} of {ours.numel()} elements" if wrong else ""
    relative, absolute = max(TOLERANCES[ours.dtype], TOLERANCES[coarsest])
    finite = theirs[theirs.isfinite()].abs().double()
    bound = absolute * max(float(finite.max()) if finite.numel() else 0.0, 1e-6)
    same = torch.isclose(ours.double(), theirs.double(), relative, bound, equal_nan=True)
    wrong = int((~same).sum())
    if not wrong:
        return ""
    place = tuple(int(i) for i in (~same).nonzero()[0])
    return f"{wrong} of {ours.numel()} elements, first {place}: {float(ours[place])!r}, ATen {float(theirs[place])!r}"


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
