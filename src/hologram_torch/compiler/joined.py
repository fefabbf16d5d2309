"""What is joined is made where it is to lie: regions write parts of a concatenation into it.

Launches that go over two arrays in one range of memory are slow, as they must take care: parts that lie between each
other are made in place only where each of them has a launch of its own, and nobody else reads it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import Node

from hologram_torch.compiler.meanings import option
from hologram_torch.compiler.partition import Partition, is_view

aten = torch.ops.aten


def joined_parts(parts: Partition) -> dict[Node, tuple[Node, int]]:
    """The values that regions make as parts of others, each with the whole and where it begins there.

    Their strides become those of the whole. Values that the graph gives out, or that ATen or a view reads, stay apart.
    """
    inside = {n for unit in parts.units if unit.group is not None for n in unit.nodes}
    found: dict[Node, tuple[Node, int]] = {}
    for unit in parts.units:
        (node, *_) = unit.nodes
        if unit.group is not None or node.target is not aten.cat.default:
            continue
        fit = [(p, begin) for p, begin in _placed(node) if p not in found and _is_inside(p, node, inside)]
        makers = [next(u for u in parts.units if p in u.nodes) for p, _ in fit]
        alone = len(set(map(id, makers))) == len(makers) and all(len(p.users) == 1 for p, _ in fit)
        if fit and (_lie_apart(node) or alone):
            found.update((part, (node, begin)) for part, begin in fit)
    for part, (whole, _) in found.items():
        value, strides = part.meta["val"], whole.meta["val"].stride()
        with value.fake_mode:
            part.meta["val"] = torch.empty_strided(value.shape, strides, dtype=value.dtype)
    return found


def _is_inside(part: Node, whole: Node, inside: set[Node]) -> bool:
    """True for a value that a region makes, and that nobody but regions and the whole reads."""
    return part in inside and all(user is whole or (user in inside and not is_view(user)) for user in part.users)


def _lie_apart(whole: Node) -> bool:
    """True where the parts lie one behind the other; else launches that go over two of them see memory they share."""
    value = whole.meta["val"]
    dim = int(option(whole, "dim")) % value.dim()
    return all(
        size == 1 or stride <= value.stride(dim) for size, stride in zip(value.shape, value.stride(), strict=True)
    )


def _placed(whole: Node) -> list[tuple[Node, int]]:
    """The parts of a concatenation that may lie in it, with their places in its memory."""
    values: Any = whole.args[0]
    value = whole.meta["val"]
    dim = int(option(whole, "dim")) % value.dim()
    sizes = [(*v.meta["val"].shape, *v.meta["val"].stride()) for v in (*values, whole)]
    if not all(isinstance(size, int) for each in sizes for size in each) or value.device.type != "cpu":
        return []
    if any(v.meta["val"].dim() != value.dim() or v.meta["val"].dtype != value.dtype for v in values):
        return []
    found, begin = [], 0
    for part in values:
        if list(values).count(part) == 1 and part.meta["val"].numel():
            found.append((part, begin * value.stride(dim)))
        begin += part.meta["val"].shape[dim]
    return found
