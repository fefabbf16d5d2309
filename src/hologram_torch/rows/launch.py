"""Launches of functions over rows on tensors in host memory: the region of a call, and where its arrays lie.

Axes of length 1 are left out and neighbours that all tensors step through alike become one, so that one program serves
nearly all shapes.
"""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hologram.isa.region import Fold, Let, Operand, Output, Region
from hologram.operators import Formula
from hologram.operators.calculus import substituted
from hologram.runtime import notes
from hologram_torch.roads import check_host, in_memory
from hologram_torch.rows.function import COUNT, DTYPES, PLACE, RowFunction, stored

if TYPE_CHECKING:
    from hologram.language.kernel import Kernel

MOST = 256
"""Calls that a function remembers."""
Lengths = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """How a call becomes a launch: its kernel, its results, lengths and strides, and the length of a row."""

    kernel: Any
    results: tuple[tuple[Lengths, torch.dtype], ...]
    lengths: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of all arrays: whether it is folded, its length, each array's stride."""

    is_folded: bool
    length: int
    strides: tuple[int, ...]


def run(
    function: RowFunction,
    tensors: Sequence[Tensor],
    numbers: Sequence[int | float],
    shape: Sequence[int],
    dims: Sequence[int],
    outputs: Sequence[Tensor | None] | None = None,
) -> list[Tensor]:
    """Compute a function; `outputs` are tensors for its results where there are any.

    Raises RuntimeError for tensors outside of host memory.
    """
    tensors = [in_memory(t) if t.is_neg() or t._is_zerotensor() else t for t in tensors]
    key: tuple[Any, ...] = (tuple(shape), tuple(dims), *((t.dtype, t.shape, t.stride()) for t in tensors))
    if outputs is not None:
        key = (*key, *(None if o is None else (o.dtype, o.shape, o.stride()) for o in outputs))
    way = function.ways.get(key)
    if way is None:
        way = _way(function, tensors, tuple(shape), tuple(dims), outputs)
        if len(function.ways) < MOST:
            function.ways[key] = way
    made = [torch.empty(lengths, dtype=dtype) for lengths, dtype in way.results]
    if outputs is not None:
        made = [m if o is None else o for m, o in zip(made, outputs, strict=True)]
    if way.kernel is not None:
        arrays = [t.detach() if t.requires_grad else t for t in tensors]
        taken = [way.count if name == COUNT else number for name, number in function.scalars(numbers)]
        arguments = (*arrays, *made, *way.lengths, *taken)
        way.kernel(*arguments)
        notes.launched(way.kernel, arguments)
    return made


def _way(
    function: RowFunction,
    tensors: Sequence[Tensor],
    shape: Lengths,
    dims: tuple[int, ...],
    outputs: Sequence[Tensor | None] | None,
) -> Way:
    check_host(tensors)
    narrow = tuple(1 if k in dims else n for k, n in enumerate(shape))
    count = math.prod(shape[k] for k in dims)
    results = tuple(
        (shape if name in function.wide_names else narrow, DTYPES[dtype]) for name, dtype in function.outputs
    )
    if not any(math.prod(lengths) for lengths, _ in results):
        return Way(None, results, (), count)
    places = [_Place(dtype, lengths, _packed(lengths)) for lengths, dtype in results]
    arrays = [_Place(t.dtype, tuple(t.shape), t.stride()) for t in tensors]
    for array in arrays:
        _check_spread(array.shape, shape)
    for place, out in zip(places, outputs or [None] * len(places), strict=True):
        if out is not None and tuple(out.shape) != place.shape:
            raise RuntimeError(f"rows: a result of shape {list(place.shape)} has no place in {list(out.shape)}")
        arrays.append(place if out is None else _Place(out.dtype, place.shape, out.stride()))
    apart = {k for k, (name, _) in enumerate(function.outputs, len(tensors)) if name in function.wide_names}
    axes = _merged(arrays, shape, dims, function.has_folds, apart)
    region, lengths = _region(function, [a.dtype for a in arrays], axes)
    return Way(_kernel(name_of(function), region), results, lengths, count)


def _check_spread(lengths: Lengths, shape: Lengths) -> None:
    """Raise RuntimeError for a tensor that does not broadcast to the shape of a call, which lies outside of it."""
    own = shape[len(shape) - len(lengths) :]
    if len(lengths) > len(shape) or any(n not in (1, whole) for n, whole in zip(lengths, own, strict=True)):
        raise RuntimeError(f"rows: a tensor of shape {list(lengths)} does not broadcast to {list(shape)}")


def _kernel(name: str, region: Region) -> Any:
    """The kernel of a region; what makes programs is loaded when the first one is needed."""
    from hologram.isa.templates.regions import program
    from hologram.ops.plan import kernel_for

    return _spanning(kernel_for(("rows", region), name, lambda: program(name, region, whole=True)))


@lru_cache(2048)
def _spanning(kernel: Kernel) -> Kernel:
    """The kernel on spans, the same for all calls of a program, so that its entry is made once."""
    return kernel.spanning()


def name_of(function: RowFunction) -> str:
    """The name of a function's programs."""
    return "rows_" + "_".join(name for name, _ in function.outputs)


@dataclass(frozen=True, slots=True)
class _Place:
    """A tensor's type and how it lies in memory."""

    dtype: torch.dtype
    shape: Lengths
    strides: Lengths

    def stride(self, axis: int, rank: int) -> int:
        """The stride along an axis of a shape of so many that the tensor broadcasts to."""
        own = axis - rank + len(self.shape)
        return 0 if own < 0 or self.shape[own] == 1 else self.strides[own]


def _packed(shape: Lengths) -> Lengths:
    """The strides of a contiguous tensor."""
    return tuple(math.prod(shape[k + 1 :]) for k in range(len(shape)))


def _merged(
    arrays: Sequence[_Place], shape: Lengths, dims: Sequence[int], has_folds: bool, apart: Container[int]
) -> list[Axis]:
    """The axes of all arrays, neighbours that can be one as one; there is a kept one, and one to fold for folds.

    The arrays at the places `apart` have an element for each place of a row, also where rows are of one element, and
    where there is one row each row would have its own.
    """
    merged: list[Axis] = []
    for k, length in enumerate(shape):
        if length == 1:
            continue
        axis = Axis(k in dims, length, tuple(a.stride(k, len(shape)) for a in arrays))
        above = merged[-1] if merged else None
        if above is not None and above.is_folded == axis.is_folded and _continues(above, axis):
            merged[-1] = Axis(axis.is_folded, above.length * axis.length, axis.strides)
        else:
            merged.append(axis)
    for is_folded in {False, has_folds} - {axis.is_folded for axis in merged}:
        is_row = is_folded or not has_folds
        behind = [merged[0].length * s for s in merged[0].strides] if merged else [0] * len(arrays)
        strides = tuple((1 if is_row else behind[k]) if k in apart else 0 for k in range(len(arrays)))
        merged.insert(0, Axis(is_folded, 1, strides))
    return merged


def _continues(above: Axis, below: Axis) -> bool:
    return all(a == below.length * b for a, b in zip(above.strides, below.strides, strict=True))


def _region(function: RowFunction, types: Sequence[torch.dtype], axes: Sequence[Axis]) -> tuple[Region, Lengths]:
    """The region of a function for some axes, and its lengths and strides in the order of its parameters."""
    folded = [k for k, axis in enumerate(axes) if axis.is_folded]
    names = [*function.inputs, *(f"to_{k}" for k in range(len(function.outputs)))]
    operands = []
    values: dict[str, int] = {}
    for place, (name, dtype) in enumerate(zip(names, types, strict=True)):
        strides: list[int | str] = []
        for k, axis in enumerate(axes):
            stride = axis.strides[place]
            if stride > 1 or (stride == 1 and k != len(axes) - 1):
                values[f"s{place}_{k}"] = stride
                strides.append(f"s{place}_{k}")
            else:
                strides.append(stride)
        operands.append(Operand(name, stored(dtype), tuple(strides)))
    count = len(function.inputs)
    outputs = tuple(Output(of, to) for (of, _), to in zip(function.outputs, operands[count:], strict=True))
    steps = tuple(_placed(step, f"i{folded[0]}" if folded else "i0") for step in function.steps)
    letters = "".join("r" if axis.is_folded else "k" for axis in axes)
    region = Region(letters, tuple(operands[:count]), steps, outputs, function.typed_numbers)
    lengths = (*(axis.length for axis in axes), *(values[name] for name in region.stride_names))
    return region, lengths


def _placed(step: Let | Fold, place: str) -> Let | Fold:
    """A step that reads the place in a row by the name that regions have for it."""
    renamed: dict[str, Formula] = {PLACE: place}
    if isinstance(step, Let):
        return replace(step, formula=substituted(step.formula, renamed))
    return replace(step, of=substituted(step.of, renamed))
