"""Matrices in flat memory, as the original forms mean them: by their sizes, row after row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.ops.elementwise import flat
from hologram.ops.linalg.frame import Frame, Held
from hologram.ops.operation import Call


class Sized:
    """The sizes of a call, and matrices of them."""

    def __init__(self, frame: Frame, sizes: Mapping[str, int]) -> None:
        self.frame, self.sizes = frame, sizes

    @staticmethod
    def of(frame: Frame, call: Call, names: Sequence[str], needed: Sequence[str]) -> Sized:
        """The sizes that were given; raises ArgumentTypeError where one is missing or is no count."""
        missing = [name for name in needed if name not in call.sizes]
        if missing:
            raise ArgumentTypeError(f"{frame.name}() by sizes is missing {', '.join(missing)}")
        for name in names:
            value = call.sizes.get(name, 0)
            if not isinstance(value, int | np.integer) or isinstance(value, bool):
                raise ArgumentTypeError(f"{frame.name}(): {name} is a number of elements, not {type(value).__name__}")
            if value < 0:
                raise ArgumentValueError(f"{frame.name}(): {name} is {value}")
        return Sized(frame, {name: int(value) for name, value in call.sizes.items()})

    def __getitem__(self, name: str) -> int:
        return self.sizes[name]

    def get(self, name: str, default: int) -> int:
        """A size, or what it is if it was not given."""
        return self.sizes.get(name, default)

    def matrix(self, held: Held, label: str, shape: tuple[int, int], step: int) -> Held:
        """A matrix at the start of an array, its rows `step` elements apart; raises ArgumentValueError if too short."""
        name, (rows, columns) = self.frame.name, shape
        memory = flat(name, held.view)
        if step < columns and rows > 1:
            raise ArgumentValueError(f"{name}(): rows of {label} have {columns} elements and are {step} apart")
        wanted = (rows - 1) * step + columns if rows and columns else 0
        if memory.size < wanted:
            raise ArgumentValueError(
                f"{name}(): {label} of shape {shape} needs {wanted} elements, the array has {memory.size}"
            )
        strides = (step * memory.itemsize, memory.itemsize)
        made = np.lib.stride_tricks.as_strided(memory, shape, strides, writeable=memory.flags.writeable)
        return held.seen(made)
