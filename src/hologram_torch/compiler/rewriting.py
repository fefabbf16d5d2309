"""The one place through which nodes are replaced: what takes a node's place is what later nodes were told of.

Regions and views go by the shapes, types, strides and beginnings that PyTorch's tracing said their operands have. A
node of other strides in the place of one gives them the wrong elements, and no operator of ATen would notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.fx import Graph, Node

from hologram_torch.compiler.sizes import is_one, plain, same

aten = torch.ops.aten
_SIZES = (int, torch.SymInt)


class WrongReplacement(AssertionError):
    """A rewriting would put something else in a node's place."""


class Rewriter:
    """Adds calls to a graph and puts them in the place of others.

    What does not fit is not put there: the graph stays as it was; with `strict` that raises WrongReplacement.
    """

    def __init__(self, graph: Graph, *, strict: bool = False) -> None:
        self.graph, self.strict = graph, strict

    def call(self, target: Any, *arguments: Any, **keywords: Any) -> Node:
        """A call at the place where the graph is being written, with what PyTorch knows of its result."""
        made = self.graph.call_function(target, arguments, keywords)
        nodes = [*made.all_input_nodes, *self.graph.nodes]
        mode = next(n.meta["val"].fake_mode for n in nodes if hasattr(n.meta.get("val"), "fake_mode"))
        values = torch.fx.node.map_arg((arguments, keywords), lambda n: n.meta["val"])
        with mode:
            made.meta["val"] = target(*values[0], **values[1])
        return made

    def fitted(self, by: Node, node: Node) -> Node | None:
        """A value in the order of axes that another one has: itself, or a copy; None where ATen has no such copy."""
        ours, theirs = by.meta["val"], node.meta["val"]
        if _same_order(ours, theirs):
            return by
        if not theirs.is_contiguous():
            return None
        with self.graph.inserting_before(node):
            return self.call(aten.clone.default, by, memory_format=torch.contiguous_format)

    def replace(self, node: Node, by: Node | None) -> bool:
        """Let all that read a node read another one; False where its shape, type, strides or beginning differ."""
        if by is None or not self._fits(node, by, difference(node.meta.get("val"), by.meta.get("val"))):
            return False
        node.replace_all_uses_with(by)
        return True

    def replace_operand(self, reader: Node, old: Node, by: Node, *, told: Any, ordered: bool = True) -> bool:
        """Let one node read another value than it did; `told` is what it was told of, `ordered` whether it goes by it.

        False where the value differs from that, as in `replace`.
        """
        if not self._fits(old, by, difference(told, by.meta.get("val"), ordered=ordered)):
            return False
        reader.replace_input_with(old, by)
        return True

    def _fits(self, node: Node, by: Node, trouble: str) -> bool:
        if trouble and self.strict:
            raise WrongReplacement(f"{by.name} = {by.target} cannot stand for {node.name} = {node.target}: {trouble}")
        return not trouble


def difference(told: Any, found: Any, *, ordered: bool = True) -> str:
    """What differs between two values as PyTorch's tracing knows them, in words; empty where nothing does.

    Strides of axes with one element, and of tensors without elements, decide nothing; with `ordered` False none do.
    """
    if isinstance(told, list | tuple) and isinstance(found, list | tuple) and len(told) == len(found):
        return next(filter(None, (difference(a, b, ordered=ordered) for a, b in zip(told, found, strict=True))), "")
    if not isinstance(told, torch.Tensor) or not isinstance(found, torch.Tensor):
        alike = (
            same(told, found) if isinstance(told, _SIZES) and isinstance(found, _SIZES) else type(told) is type(found)
        )
        return "" if alike else f"{found} instead of {told}"
    if told.dtype != found.dtype:
        return f"{found.dtype} instead of {told.dtype}"
    if not _all_same(told.shape, found.shape):
        return f"shape {tuple(found.shape)} instead of {tuple(told.shape)}"
    if ordered and told.layout is torch.strided and not _same_order(told, found):
        return f"strides {found.stride()} instead of {told.stride()}"
    if ordered and told.layout is torch.strided and not same(told.storage_offset(), found.storage_offset()):
        return f"beginning at {found.storage_offset()} instead of {told.storage_offset()}"
    return ""


def _all_same(told: Sequence[Any], found: Sequence[Any]) -> bool:
    return len(told) == len(found) and all(same(a, b) for a, b in zip(told, found, strict=True))


def _same_order(told: torch.Tensor, found: torch.Tensor) -> bool:
    """True for values of one shape whose elements lie alike in memory."""
    ours, theirs = told.stride(), found.stride()
    if len(ours) != len(theirs):
        return False
    apart = [d for d, (a, b) in enumerate(zip(ours, theirs, strict=True)) if not same(a, b)]
    return not apart or all(is_one(told.shape[d]) for d in apart) or any(plain(n) == 0 for n in told.shape)
