"""Gradients of parts, put together: what sums zeros around each part is one concatenation of the parts.

The gradient of a slice is the slice's own among zeros. Where slices were taken of all of a value (queries, keys and
values of one product, the halves that a rotary embedding exchanges), the sum of such gradients only moves elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Node

from hologram_torch.compiler.rewriting import Rewriter

aten = torch.ops.aten


@dataclass(frozen=True)
class _Part:
    """The gradient of the places from `begin` to `end` along an axis, in a node that has zeros around them."""

    node: Node
    begin: int
    end: int
    axis: int


def with_gathered_gradients(rewriter: Rewriter) -> None:
    """Put concatenations for sums of gradients of parts; what is left of `select` becomes a choice at each place."""
    graph = rewriter.graph
    for node in reversed(list(graph.nodes)):
        if _is_sum(node) and not any(_is_sum(user) and len(node.users) == 1 for user in node.users):
            _gather(rewriter, node)
    for node in list(graph.nodes):
        if node.target is aten.select_backward.default and node.users:
            _chosen(rewriter, node)
    for node in list(graph.nodes):
        if node.target is aten.stack.default:
            _as_concatenation(rewriter, node)
    for node in list(graph.nodes):
        if node.target is aten.cat.default:
            _in_order(rewriter, node)
    graph.eliminate_dead_code()


def _is_sum(node: Node) -> bool:
    if node.target is not aten.add.Tensor or node.kwargs or not all(isinstance(a, Node) for a in node.args):
        return False
    made = node.meta["val"]
    return all(
        isinstance(v := a.meta["val"], torch.Tensor) and v.shape == made.shape and v.dtype == made.dtype
        for a in node.all_input_nodes
    )


def _leaves(node: Node, top: bool = True) -> Iterator[Node]:
    """What a sum of sums adds up, in order."""
    if _is_sum(node) and (top or len(node.users) == 1):
        for each in node.args:
            assert isinstance(each, Node)
            yield from _leaves(each, top=False)
    else:
        yield node


def _part(node: Node) -> _Part | None:
    if node.target not in (aten.slice_backward.default, aten.select_backward.default) or len(node.users) != 1:
        return None
    shape = node.meta["val"].shape
    if not all(isinstance(a, int) for a in (*shape, *node.args[2:])):
        return None
    axis = int(node.args[2]) % len(shape)  # type: ignore[arg-type]
    size = shape[axis]
    if node.target is aten.select_backward.default:
        place = int(node.args[3]) % size  # type: ignore[arg-type]
        return _Part(node, place, place + 1, axis)
    begin, end, step = (int(a) for a in node.args[3:6])  # type: ignore[arg-type]
    return _Part(node, *slice(begin, end).indices(size)[:2], axis) if step == 1 else None


def _gather(rewriter: Rewriter, node: Node) -> None:
    leaves = list(_leaves(node))
    parts = [p for p in map(_part, leaves) if p is not None]
    for axis in dict.fromkeys(p.axis for p in parts):
        found = sorted((p for p in parts if p.axis == axis), key=lambda p: p.begin)
        ends = [0, *(p.end for p in found)]
        if len(found) < 2 or ends[:-1] != [p.begin for p in found] or ends[-1] != node.meta["val"].shape[axis]:
            continue
        with rewriter.graph.inserting_before(node):
            whole = rewriter.call(aten.cat.default, [_value(rewriter, p) for p in found], axis)
            first = min(leaves.index(p.node) for p in found)
            gone = {p.node for p in found}
            leaves = [whole if n == first else leaf for n, leaf in enumerate(leaves) if n == first or leaf not in gone]
            total = leaves[0]
            for leaf in leaves[1:]:
                total = rewriter.call(aten.add.Tensor, total, leaf)
        rewriter.replace(node, rewriter.fitted(total, node))
        return


def _value(rewriter: Rewriter, part: _Part) -> Node:
    held = part.node.args[0]
    assert isinstance(held, Node)
    if part.node.target is aten.select_backward.default:
        return rewriter.call(aten.unsqueeze.default, held, part.axis)
    return held


def _chosen(rewriter: Rewriter, node: Node) -> None:
    """A gradient at one place of an axis as a choice, which fuses with what reads it."""
    held, sizes, axis, place = node.args
    rank = node.meta["val"].dim()
    if not isinstance(axis, int) or not isinstance(place, int) or not isinstance(held, Node):
        return
    axis %= rank
    size: Any = sizes[axis]  # type: ignore[index]
    if place < 0 and not isinstance(size, int):
        return
    kind = {"dtype": node.meta["val"].dtype, "device": node.meta["val"].device}
    with rewriter.graph.inserting_before(node):
        places = rewriter.call(aten.arange.start_step, 0, size, **{**kind, "dtype": torch.int64})
        places = rewriter.call(aten.view.default, places, [-1, *[1] * (rank - 1 - axis)])
        here = rewriter.call(aten.eq.Scalar, places, place if place >= 0 else place + size)
        value = rewriter.call(aten.unsqueeze.default, held, axis)
        zero = rewriter.call(aten.full.default, [], 0, **kind)
        chosen = rewriter.call(aten.where.self, here, value, zero)
    rewriter.replace(node, rewriter.fitted(chosen, node))


def _as_concatenation(rewriter: Rewriter, node: Node) -> None:
    parts: Any = node.args[0]
    axis = (int(node.args[1]) if len(node.args) > 1 else 0) % node.meta["val"].dim()  # type: ignore[arg-type]
    with rewriter.graph.inserting_before(node):
        views = [rewriter.call(aten.unsqueeze.default, p, axis) for p in parts]
        whole = rewriter.call(aten.cat.default, views, axis)
    rewriter.replace(node, rewriter.fitted(whole, node))


def _in_order(rewriter: Rewriter, node: Node) -> None:
    """A concatenation that is only copied in another order of its axes is made in that order."""
    (turned, *more) = node.users
    if more or turned.target is not aten.permute.default or len(turned.users) != 1:
        return
    (copied,) = turned.users
    if copied.target is not aten.clone.default or not copied.meta["val"].is_contiguous():
        return
    parts: Any = node.args[0]
    order: Any = turned.args[1]
    rank = node.meta["val"].dim()
    axis = (int(node.args[1]) if len(node.args) > 1 else 0) % rank  # type: ignore[arg-type]
    place = [int(d) % rank for d in order].index(axis)
    if any(p.meta["val"].dim() != rank for p in parts):
        return
    with rewriter.graph.inserting_before(copied):
        views = [rewriter.call(aten.permute.default, p, order) for p in parts]
        copies = [rewriter.call(aten.clone.default, v, memory_format=torch.contiguous_format) for v in views]
        whole = rewriter.call(aten.cat.default, copies, place)
    rewriter.replace(copied, whole)
