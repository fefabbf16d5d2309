"""What a node may mean to the backend: an element-wise formula, a fold, a number, places; or that it stays in ATen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Node

from hologram.operators import Formula
from hologram.operators.calculus import substituted
from hologram.types import Type

COMPUTED: Mapping[torch.dtype, Type] = {
    torch.float16: Type.F32,
    torch.bfloat16: Type.F32,
    torch.float32: Type.F32,
    torch.float64: Type.F64,
    torch.int32: Type.I32,
    torch.int64: Type.I64,
    torch.bool: Type.U8,
}
"""The type in which values of a type are computed."""
STORED: Mapping[torch.dtype, Type] = {
    **COMPUTED,
    torch.float16: Type.F16,
    torch.bfloat16: Type.BF16,
    torch.uint8: Type.U8,
    torch.int8: Type.I8,
    torch.int16: Type.I16,
}
"""The type of elements in memory."""


class Stays(Exception):
    """An operator stays in ATen; the text says why."""


@dataclass(frozen=True, slots=True)
class Pointwise:
    """An element-wise operator: a formula over "x", "y", "z", which are the arguments, computed in a type."""

    formula: Formula
    arguments: tuple[Any, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Reduced:
    """A reduction of an argument over axes: a fold of a formula over "x", divided by the count where it is a mean.

    Where truths are folded, `asked` is the type in which the argument is asked whether it is 0.
    """

    op: str
    formula: Formula
    argument: Node
    dims: tuple[int, ...]
    keeps: bool
    type: Type
    is_mean: bool = False
    asked: Type | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """One number everywhere."""

    value: float


@dataclass(frozen=True, slots=True)
class Places:
    """start + step · i along the only axis."""

    start: Any
    step: Any
    type: Type


Lowered = Pointwise | Reduced | Constant | Places


def values(node: Node, count: int) -> tuple[Any, ...]:
    """The first arguments, with defaults and keywords in their places."""
    schema = node.target._schema.arguments  # type: ignore[union-attr]
    found = []
    for place, argument in enumerate(schema[:count]):
        if place < len(node.args):
            found.append(_plain(node.args[place]))
        else:
            found.append(
                node.kwargs.get(argument.name, argument.default_value if argument.has_default_value() else None)
            )
    return tuple(found)


def _plain(argument: Any) -> Any:
    """A node that gives a size or another number as that."""
    if isinstance(argument, Node) and not isinstance(argument.meta.get("val"), torch.Tensor):
        return argument.meta["val"]
    return argument


def option(node: Node, name: str) -> Any:
    """An argument by name, or its default."""
    for place, argument in enumerate(node.target._schema.arguments):  # type: ignore[union-attr]
        if argument.name == name:
            if place < len(node.args):
                return node.args[place]
            return node.kwargs.get(name, argument.default_value if argument.has_default_value() else None)
    return None


def computed_in(dtype: torch.dtype) -> Type:
    """The type in which values of a type are computed; raises Stays where that is none."""
    if dtype not in COMPUTED:
        raise Stays(f"arithmetic of {dtype} stays in ATen")
    return COMPUTED[dtype]


def pointwise(formula: Formula, arguments: tuple[Any, ...], type: Type) -> Pointwise:
    """An element-wise operator with the arguments that are numbers put into the formula."""
    letters = dict(zip(("x", "y", "z"), arguments, strict=False))
    known = {k: number(v) for k, v in letters.items() if isinstance(v, bool | int | float)}
    return Pointwise(substituted(formula, known) if known else formula, tuple(arguments), type)


def number(value: float) -> float:
    """A number as formulas have it; raises Stays for what they cannot hold."""
    if math.isnan(value):
        raise Stays("a constant is NaN")
    if isinstance(value, int) and int(float(value)) != value:
        raise Stays(f"the integer {value} is not exact in 64 bits of float")
    return float(value)
