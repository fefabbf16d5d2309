"""Nearest upsampling as one operator: PyTorch traces it as elements taken from places, which is ten times slower."""

from __future__ import annotations

from typing import Any

import torch
from torch._subclasses.fake_tensor import unset_fake_temporarily
from torch.fx import Node

from hologram_torch.compiler.rewriting import Rewriter

aten = torch.ops.aten
FACTORS = (1, 2, 4, 8)
"""How often a row or column is repeated; for these, places are exact in floats."""
MOST_PLACES = 1 << 14


def with_whole_upsampling(rewriter: Rewriter) -> None:
    """Put upsampling, and its gradient, where images are taken from, or added up at, places that only repeat."""
    for node in list(rewriter.graph.nodes):
        if node.target is aten._unsafe_index.Tensor:
            _replace_taking(rewriter, node)
        elif node.target is aten._unsafe_index_put.default:
            _replace_adding(rewriter, node)


def _replace_taking(rewriter: Rewriter, node: Node) -> None:
    source, places = node.args
    assert isinstance(source, Node)
    shape = source.meta["val"].shape
    if _repeats(places, shape, node.meta["val"].shape):
        _put(rewriter, node, aten.upsample_nearest2d.default, (source, list(node.meta["val"].shape[2:])))


def _replace_adding(rewriter: Rewriter, node: Node) -> None:
    base, places, gradient, *further = node.args
    assert isinstance(base, Node) and isinstance(gradient, Node)
    is_zero = base.target is aten.full.default and base.args[1] == 0
    large = gradient.meta["val"].shape
    if is_zero and further == [True] and _repeats(places, base.meta["val"].shape, large):
        sizes = list(large[2:]), list(base.meta["val"].shape)
        _put(rewriter, node, aten.upsample_nearest2d_backward.default, (gradient, *sizes))


def _put(rewriter: Rewriter, node: Node, target: Any, arguments: tuple[Any, ...]) -> None:
    with rewriter.graph.inserting_before(node):
        made = rewriter.call(target, *arguments)
    made.meta = {**node.meta, **made.meta}
    if rewriter.replace(node, rewriter.fitted(made, node)):
        rewriter.graph.erase_node(node)


def _repeats(places: Any, small: Any, large: Any) -> bool:
    """True for places (None, None, rows, columns) that repeat each row and column of images as often."""
    if len(small) != 4 or len(large) != 4 or len(places) != 4 or places[:2] != [None, None]:
        return False
    if not all(isinstance(n, int) for n in (*small, *large)):
        return False
    with unset_fake_temporarily():
        rows, columns = (_value(p) for p in places[2:])
        if rows is None or columns is None or rows.shape != (large[2], 1) or columns.shape != (large[3],):
            return False
        return all(
            n % m == 0 and n // m in FACTORS and torch.equal(found.flatten(), torch.arange(n) // (n // m))
            for found, m, n in ((rows, small[2], large[2]), (columns, small[3], large[3]))
        )


def _value(node: Any) -> torch.Tensor | None:
    """What a node gives that reads nothing but its own numbers; None for others, and for large ones."""
    held = node.meta.get("val") if isinstance(node, Node) else None
    if not isinstance(held, torch.Tensor) or held.numel() > MOST_PLACES or held.device.type != "cpu":
        return None
    if node.op != "call_function" or not isinstance(node.target, torch._ops.OpOverload):
        return None
    known: dict[Node, torch.Tensor] = {}
    for read in node.all_input_nodes:
        value = _value(read)
        if value is None:
            return None
        known[read] = value
    arguments = torch.fx.map_arg(node.args, known.__getitem__)
    made = node.target(*arguments, **torch.fx.map_arg(node.kwargs, known.__getitem__))
    return made if isinstance(made, torch.Tensor) else None
