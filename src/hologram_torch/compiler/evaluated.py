"""Nodes of a graph run by ATen, as PyTorch would run them, or with roundings that went another way.

How far the latter go apart is what rounding explains: a sum that cancels differs by as much as its terms' roundings do,
and of values that are equal but for rounding either may be called the larger one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.fx import Node
from torch.fx.node import map_arg

from hologram_torch.compiler.partition import is_view

aten = torch.ops.aten
NEAR = 64
"""Units of rounding by which equal values differ that were computed in two ways."""
DRAWS = 8
"""Runs with other roundings: all up, all down, and drawn ones."""
_RESHAPED = {aten.view.default: aten.reshape.default, aten._unsafe_view.default: aten.reshape.default}
"""Views that only are some where memory lies as PyTorch's tracing said."""
_COMPARISONS = {aten.eq: True, aten.ne: False, aten.ge: None, aten.le: None, aten.gt: None, aten.lt: None}
"""Comparisons, and what they answer for values that are equal but for rounding; None where that is drawn."""


@dataclass(frozen=True)
class Nodes:
    """Nodes as they were when this was made, whatever becomes of the graph: what they are given, what is asked for."""

    given: tuple[Node, ...]
    asked: tuple[Node, ...]
    constants: Mapping[Node, Any] = field(default_factory=dict)
    steps: tuple[tuple[Node, Any, Any, Any], ...] = ()

    @staticmethod
    def of(
        nodes: Sequence[Node], given: Sequence[Node], asked: Sequence[Node], constants: Mapping[Node, Any] | None = None
    ) -> Nodes:
        """Some nodes in the order they run."""
        steps = tuple((n, _RESHAPED.get(n.target, n.target), n.args, n.kwargs) for n in nodes)  # type: ignore[call-overload]
        return Nodes(tuple(given), tuple(asked), constants or {}, steps)

    @property
    def coarsest(self) -> torch.dtype:
        """The float type of the fewest digits among values; f64 where there are no floats."""
        values = [n.meta.get("val") for n, *_ in self.steps]
        found = {v.dtype for v in values if isinstance(v, torch.Tensor) and v.dtype.is_floating_point}
        return max(found, key=lambda dtype: torch.finfo(dtype).eps, default=torch.float64)

    def run(self, values: Sequence[Any], roundings: Roundings | None = None) -> list[Any]:
        """What is asked for, of values for what is given."""
        known: dict[Node, Any] = {**self.constants, **dict(zip(self.given, values, strict=True))}
        with torch.no_grad():
            for node, target, args, kwargs in self.steps:
                arguments, keywords = map_arg((args, kwargs), known.__getitem__)
                if roundings is None:
                    known[node] = target(*arguments, **keywords)
                else:
                    known[node] = roundings.called(node, target, arguments, keywords)
        return [known[node] for node in self.asked]

    def spread(self, values: Sequence[Any], plain: Sequence[Any]) -> list[torch.Tensor]:
        """How far elements of what is asked for lie from given ones, at most, in runs with other roundings."""
        found = [torch.zeros(p.shape, dtype=torch.float64) for p in plain]
        for number in range(DRAWS):
            for far, value, p in zip(found, self.run(values, Roundings(number)), plain, strict=True):
                torch.maximum(far, distance(value, p), out=far)
        return found


def distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """How far elements lie apart, infinity where only one of them is a number."""
    a, b = a.double(), b.double()
    alike = (a == b) | (a.isnan() & b.isnan())
    return torch.where(alike, 0.0, (a - b).abs().nan_to_num(torch.inf, torch.inf))


class Roundings:
    """Results with each element a unit of rounding up or down, and comparisons that take what is near for equal."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.drawn = torch.Generator().manual_seed(number)

    def called(self, node: Node, target: Any, arguments: Any, keywords: Any) -> Any:
        """The result of one node."""
        packet = getattr(target, "overloadpacket", None)
        if packet in _COMPARISONS and not keywords and _are_floats(arguments):
            return self._compared(target, _COMPARISONS[packet], *arguments)
        if torch.Tag.pointwise not in getattr(target, "tags", (torch.Tag.pointwise,)) and not is_view(node):
            arguments = tuple(self._rounded(a) for a in arguments)  # each of the terms that it adds up
        made = target(*arguments, **keywords)
        return made if is_view(node) else self._rounded(made)

    def _rounded(self, made: Any) -> Any:
        if not isinstance(made, torch.Tensor) or not made.dtype.is_floating_point:
            return made
        return made * (1 + self._signs(made.shape) * torch.finfo(made.dtype).eps).to(made.dtype)

    def _compared(self, target: Any, if_near: bool | None, a: Any, b: Any) -> torch.Tensor:
        floats = [v for v in (a, b) if isinstance(v, torch.Tensor) and v.dtype.is_floating_point]
        unit = max(torch.finfo(v.dtype).eps for v in floats)
        x, y = torch.broadcast_tensors(*(torch.as_tensor(v) for v in (a, b)))
        near = torch.isclose(x.double(), y.double(), rtol=NEAR * unit, atol=0.0)
        answer = self._signs(x.shape) > 0 if if_near is None else torch.tensor(if_near)
        return torch.where(near, answer, target(a, b))

    def _signs(self, shape: torch.Size) -> torch.Tensor:
        if self.number < 2:
            return torch.full(shape, 1.0 - 2 * self.number, dtype=torch.float64)
        return torch.randint(0, 2, shape, generator=self.drawn, dtype=torch.float64) * 2 - 1


def _are_floats(arguments: Any) -> bool:
    return any(isinstance(a, torch.Tensor) and a.dtype.is_floating_point for a in arguments)
