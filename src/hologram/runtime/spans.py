"""Arrays as spans: the memory from an array's first element to its last, as one contiguous axis.

A program that gets strides as numbers finds the elements of arrays of any rank and strides in such a span, so one
program, and one launch without reshaping, serves them all. Gaps between the elements belong to the span as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hologram.errors import ArgumentValueError

if TYPE_CHECKING:
    from hologram.backends.base import Argument
    from hologram.isa.program import Program


def check_spans(program: Program) -> None:
    """Raises ArgumentValueError for a program whose arrays have several axes: it has no use for spans."""
    for param in program.params:
        if param.is_array and param.ndim != 1:
            raise ArgumentValueError(
                f"kernel '{program.name}' cannot work on spans: its array '{param.name}' has {param.ndim} axes; "
                "give it one, and the strides as numbers"
            )


def span_of(argument: Argument) -> Argument:
    """An array without negative strides as the span it lies in; a number stays as it is.

    >>> span_of(np.zeros((4, 6), np.int16)[1:3, ::2]).shape
    (11,)
    """
    if not isinstance(argument, np.ndarray):
        return argument
    if argument.flags.c_contiguous:
        return argument.reshape(-1)
    steps = sum((n - 1) * s for n, s in zip(argument.shape, argument.strides, strict=True) if n > 1)
    count = steps // argument.itemsize + 1 if argument.size else 0
    writeable = argument.flags.writeable
    return np.lib.stride_tricks.as_strided(argument, (count,), (argument.itemsize,), writeable=writeable)
