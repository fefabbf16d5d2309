"""Channels last: convolutions and pooling work on images whose channels lie side by side, as they are fastest.

What PyTorch traced has the memory order of eager mode. Here images are turned where a convolution reads them, and stay
turned through what follows the order of its operands: element-wise operators, pooling, views. They are turned back
where an operator reads them that may depend on the order, and where they leave the graph, so nobody sees it.
"""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch.fx import Node

from hologram_torch.compiler.rewriting import Rewriter

aten = torch.ops.aten

_POOLS = frozenset(
    {
        *(aten.max_pool2d_with_indices.default, aten.max_pool2d_with_indices_backward.default),
        *(aten.avg_pool2d.default, aten.avg_pool2d_backward.default),
        *(aten._adaptive_avg_pool2d.default, aten._adaptive_avg_pool2d_backward.default),
        *(aten.upsample_nearest2d.default, aten.upsample_nearest2d_backward.default),
    }
)
_FOLDS = frozenset(
    {
        *(aten.sum.dim_IntList, aten.sum.default, aten.mean.dim, aten.mean.default, aten.amax.default),
        *(aten.amin.default, aten.prod.default, aten.prod.dim_int),
    }
)
_COPIES = frozenset({aten.clone.default, aten._to_copy.default})
_CONVERT = torch.ops.prims.convert_element_type.default
_LIKE = frozenset({aten.full_like.default, aten.zeros_like.default, aten.ones_like.default})


def with_channels_last(rewriter: Rewriter) -> None:
    """Turn the images of a graph with convolutions; a graph without them, or of unknown sizes, stays as it is."""
    convolutions = [n for n in rewriter.graph.nodes if n.target is aten.convolution.default]
    if convolutions and all(_is_plain(n) for n in convolutions):
        _Turning(rewriter).run()


def _is_plain(node: Node) -> bool:
    """True for a convolution of images on the CPU, of known sizes."""
    image: Any = node.args[0]
    value = image.meta["val"]
    known = all(isinstance(size, int) for size in (*value.shape, *value.stride()))
    return value.dim() == 4 and value.device.type == "cpu" and known and value.dtype is torch.float32


class _Turning:
    def __init__(self, rewriter: Rewriter) -> None:
        self.rewriter, self.graph = rewriter, rewriter.graph
        self.turned: dict[Node, torch.Tensor] = {}
        """Nodes that lie in another order than PyTorch traced, with the value as it was."""
        self.images: dict[Node, Node] = {}
        """Copies channels last, by what they are of."""
        self.restored: dict[Node, Node] = {}

    def run(self) -> None:
        for node in list(self.graph.nodes):
            if node.op == "call_function":
                self._visit(node)
            elif node.op == "output":
                self._restore(node)

    def _visit(self, node: Node) -> None:
        target: Any = node.target
        if target in (aten.convolution.default, aten.convolution_backward.default):
            self._turn_operands(node, 2 if target is aten.convolution.default else 3)
        elif not any(read in self.turned for read in node.all_input_nodes):
            return
        elif target in _POOLS:
            self._turn_operands(node, len(node.args))
        elif target is aten.cat.default:
            self._join(node)
        elif target in _FOLDS or target in _LIKE or (target in _COPIES and _is_ordered(node)):
            return
        elif target is operator.getitem:
            self._part(node)
        elif isinstance(target, torch._ops.OpOverload) and target.is_view:
            self._look(node)
        elif torch.Tag.pointwise in getattr(target, "tags", ()) or target in _COPIES or target is _CONVERT:
            self._follow(node)
        else:
            self._restore(node)

    # Nodes of which the order is chosen.

    def _turn_operands(self, node: Node, count: int) -> None:
        """Have images in the first places channels last, and so is what is made."""
        for operand in node.args[:count]:
            if isinstance(operand, Node) and isinstance(operand.meta.get("val"), torch.Tensor):
                self._read_turned(node, operand)
        value = node.meta["val"]
        if isinstance(value, torch.Tensor):
            self._change(node, _channels_last(value))
        else:
            self.turned[node] = value
            made = [_channels_last(v) if isinstance(v, torch.Tensor) and v.dim() == 4 else v for v in value]
            node.meta["val"] = type(value)(made)

    def _read_turned(self, node: Node, operand: Node) -> None:
        """Have an operator that takes any order read a value channels last."""
        told, image = operand.meta["val"], self._image(operand)
        if image is not operand:
            self.rewriter.replace_operand(node, operand, image, told=told, ordered=False)

    def _image(self, node: Node) -> Node:
        """A value channels last: itself where it lies so."""
        value = node.meta["val"]
        if value.dim() != 4 or value.is_contiguous(memory_format=torch.channels_last):
            return node
        if node not in self.images:
            with self.graph.inserting_after(node):
                made = self.graph.call_function(aten.clone.default, (node,), {"memory_format": torch.channels_last})
            made.meta = {**node.meta, "val": _channels_last(value)}
            self.turned[made] = value
            self.images[node] = made
        return self.images[node]

    def _join(self, node: Node) -> None:
        parts: Any = node.args[0]
        if node.meta["val"].dim() != 4:
            self._restore(node)
            return
        for part in parts:
            self._read_turned(node, part)
        self._change(node, _channels_last(node.meta["val"]))

    # Nodes that follow their operands.

    def _part(self, node: Node) -> None:
        source, place = node.args
        assert isinstance(source, Node)
        value = source.meta["val"][place]
        if isinstance(value, torch.Tensor) and value.stride() != node.meta["val"].stride():
            self._change(node, value)

    def _look(self, node: Node) -> None:
        """A view of what was turned, where it is one there as well."""
        arguments: list[Any] = [a.meta["val"] if isinstance(a, Node) else a for a in node.args]
        options = {k: a.meta["val"] if isinstance(a, Node) else a for k, a in node.kwargs.items()}
        target: Any = node.target
        try:
            with arguments[0].fake_mode:
                value = target(*arguments, **options)
        except (RuntimeError, ValueError):
            self._restore(node)
            return
        if isinstance(value, torch.Tensor):
            self._change(node, value)
        else:
            self._restore(node)

    def _follow(self, node: Node) -> None:
        """An element-wise operator: its result lies as the operand does that was turned."""
        value = node.meta["val"]
        if not isinstance(value, torch.Tensor):
            self._restore(node)
            return
        for read in node.all_input_nodes:
            if read in self.turned and read.meta["val"].shape == value.shape:
                self._change(node, _ordered(value, read.meta["val"]))
                for other in node.all_input_nodes:
                    if other in self.images and self.images[other].meta["val"].stride() == node.meta["val"].stride():
                        told = other.meta["val"]
                        self.rewriter.replace_operand(node, other, self.images[other], told=told, ordered=False)
                return

    def _change(self, node: Node, value: torch.Tensor) -> None:
        self.turned[node] = node.meta["val"]
        node.meta["val"] = value

    def _restore(self, node: Node) -> None:
        """Give an operator what it read in the order that PyTorch traced."""
        for read in node.all_input_nodes:
            if read in self.turned and isinstance(read.meta["val"], torch.Tensor):
                self.rewriter.replace_operand(node, read, self._as_it_was(read), told=self.turned[read])

    def _as_it_was(self, node: Node) -> Node:
        if node not in self.restored:
            value, source = self.turned[node], node.args[0]
            target: Any = node.target
            is_view = isinstance(target, torch._ops.OpOverload) and target.is_view
            if is_view and isinstance(source, Node):
                before = self._as_it_was(source) if source in self.turned else source
                with self.graph.inserting_after(before if source in self.turned else node):
                    made = self.rewriter.call(target, before, *node.args[1:], **node.kwargs)
                made.meta = {**node.meta, **made.meta}
            else:
                order: dict[str, Any] = {"memory_format": torch.contiguous_format} if value.is_contiguous() else {}
                with self.graph.inserting_after(node):
                    made = self.graph.call_function(aten.clone.default, (node,), order)
                made.meta = {**node.meta, "val": value}  # which regions lay it out by
            self.restored[node] = made
        return self.restored[node]


def _is_ordered(node: Node) -> bool:
    """True for a copy that says in which order it lies."""
    return node.kwargs.get("memory_format") not in (None, torch.preserve_format)


def _channels_last(value: torch.Tensor) -> torch.Tensor:
    _, c, h, w = value.shape
    return _laid(value, (c * h * w, 1, w * c, c))


def _ordered(value: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """A value without gaps, its axes in the order in which another one has them."""
    strides, step = [0] * value.dim(), 1
    for axis in sorted(range(value.dim()), key=lambda d: (like.stride(d), -d)):
        strides[axis] = step
        step *= max(value.shape[axis], 1)
    return _laid(value, tuple(strides))


def _laid(value: torch.Tensor, strides: tuple[int, ...]) -> torch.Tensor:
    with value.fake_mode:  # type: ignore[attr-defined]
        return torch.empty_strided(value.shape, strides, dtype=value.dtype, device=value.device)
