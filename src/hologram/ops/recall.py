"""Calls seen before: arrays of the same types, shapes and strides go to the same kernel in the same way."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hologram.ops.kinds import DType
from hologram.ops.plan import Plan, is_usual
from hologram.runtime import tensors
from hologram.runtime.buffer import Buffer
from hologram.runtime.host import HostArray

if TYPE_CHECKING:
    from hologram.language.kernel import Kernel

MOST = 512
"""Calls that an operation remembers."""
_NUMBERS = (int, float, bool)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a call becomes one launch: the kernel, and each array's shape and strides there (None for a number)."""

    kernel: Kernel
    ways: tuple[tuple[tuple[int, ...], tuple[int, ...]] | None, ...]
    counts: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: DType

    def arguments(self, arrays: Sequence[HostArray | None], numbers: Sequence[Any]) -> list[Any]:
        """What the kernel takes, for arrays and numbers in the order of the operands, the output last."""
        found: list[Any] = []
        for array, number, way in zip(arrays, numbers, self.ways, strict=True):
            if array is None or way is None:
                found.append(number)
            else:
                found.append(_laid(array, *way))
        return [*found, *self.counts]


def _laid(array: HostArray, shape: tuple[int, ...], strides: tuple[int, ...]) -> HostArray:
    if array.shape == shape and array.strides == strides:
        return array
    if len(shape) == 1 and array.flags.c_contiguous:
        return array.reshape(-1)
    return np.lib.stride_tricks.as_strided(array, shape, strides, writeable=array.flags.writeable)


def _of_owned(value: Any) -> HostArray | None:
    """The elements of what belongs to an executor, if that runs programs as calls do that name none."""
    elements: HostArray | None = value.elements() if is_usual(value.executor) else None
    return elements


READERS: dict[type, Callable[[Any], HostArray | None]] = {np.ndarray: lambda array: array, Buffer: _of_owned}
"""How arrays of a kind are read; None is for those that are planned each time."""


def read_as_owned(kind: type) -> None:
    """Remember calls with arrays of a kind that has `elements()` and an `executor`."""
    READERS[kind] = _of_owned


def _of_torch(value: Any) -> HostArray | None:
    if not value.is_cpu or value.requires_grad or value.is_neg() or value.dtype.itemsize == 2:
        return None
    try:
        return tensors.read(value) if value.data_ptr() else None
    except RuntimeError:  # what torch.func puts in the place of tensors
        return None


def _reader(kind: type) -> Callable[[Any], HostArray | None] | None:
    """How arrays of a kind are read, PyTorch's once there is one."""
    if kind.__module__ == "torch" and kind.__name__ == "Tensor":
        return READERS.setdefault(kind, _of_torch)
    return None


def quick(values: Sequence[Any]) -> list[HostArray | None] | None:
    """Arrays of one kind as they are in memory, None for numbers; None for the whole where there is anything else."""
    found: list[HostArray | None] = []
    common: type | None = None
    for value in values:
        kind = type(value)
        if kind in _NUMBERS:
            found.append(None)
            continue
        read = READERS.get(kind) or _reader(kind)
        array = read(value) if read is not None and common in (None, kind) else None
        if array is None:
            return None
        common = kind
        found.append(array)
    return found


def are_vectors(arrays: Sequence[HostArray | None]) -> bool:
    """True for contiguous vectors of one length, which both forms of a call treat alike."""
    first = arrays[0]
    if first is None or first.ndim != 1:
        return False
    return all(a is not None and a.shape == first.shape and a.flags.c_contiguous for a in arrays)


def key_of(arrays: Sequence[HostArray | None], values: Sequence[Any]) -> Hashable:
    """What decides how a call goes: kinds of operands (and of the output, if one is given), shapes, strides, types."""
    parts: list[Any] = []
    for array, value in zip(arrays, values, strict=True):
        parts.append(type(value) if array is None else (type(value), array.dtype, array.shape, array.strides))
    return tuple(parts)


def recipe_of(plan: Plan, given: Sequence[Any], target: HostArray) -> Recipe | None:
    """The recipe of a planned call, None where there is none so simple.

    `given` are the arrays of the call (None for numbers), the output last. What runs backwards is planned each time.
    """
    if len(plan.steps) != 1 or any(a is not None and min(a.strides, default=0) < 0 for a in given):
        return None
    (step,) = plan.steps
    taken = step.arguments[: len(given)]
    ways = tuple(None if a is None else (t.shape, t.strides) for a, t in zip(given, taken, strict=True))
    return Recipe(step.kernel, ways, step.arguments[len(given) :], target.shape, target.dtype)
