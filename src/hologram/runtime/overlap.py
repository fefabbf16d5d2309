"""Which arrays of one launch may share memory: none that is written, but for the very same array used element-wise."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations

import numpy as np

from hologram.backends.base import Argument
from hologram.errors import OverlapError
from hologram.isa.program import Program
from hologram.runtime.host import HostArray

MAX_WORK = 10_000
"""Steps spent on finding out whether two interleaved arrays really meet; undecided counts as meeting."""


def check_overlap(
    program: Program,
    arguments: Sequence[Argument],
    exact_allowed: Collection[tuple[int, int]],
    laid: Sequence[Argument] | None = None,
) -> None:
    """Refuse arrays that make the result depend on the order of lanes.

    `exact_allowed` holds the pairs of parameters that may be the very same elements, `laid` what the program sees of
    the arrays where that differs. Raises OverlapError.
    """
    seen = arguments if laid is None else laid
    arrays = [(i, a) for i, a in enumerate(arguments) if isinstance(a, np.ndarray) and a.size]
    for index, array in arrays:
        if program.params[index].is_written and array.size > 1 and _meets_itself(array):
            raise OverlapError(
                f"{program.name}(): array '{program.params[index].name}' is written, and several of its elements are "
                f"the same memory (strides {array.strides}); pass a copy"
            )
    for (i, first), (j, second) in combinations(arrays, 2):
        written = program.params[i].is_written or program.params[j].is_written
        if written and _share(first, second) and not ((i, j) in exact_allowed and _same(seen[i], seen[j])):
            raise OverlapError(_message(program, i, j))


def _share(first: HostArray, second: HostArray) -> bool:
    if not np.may_share_memory(first, second):
        return False
    try:
        return bool(np.shares_memory(first, second, max_work=MAX_WORK))  # type: ignore[arg-type]  # any count is legal
    except np.exceptions.TooHardError:
        return True


def _same(first: Argument, second: Argument) -> bool:
    assert isinstance(first, np.ndarray) and isinstance(second, np.ndarray)
    places = [a.__array_interface__["data"][0] for a in (first, second)]
    return places[0] == places[1] and first.shape == second.shape and first.strides == second.strides


def _meets_itself(array: HostArray) -> bool:
    """True unless each stride steps over all that the smaller ones span (an odd lattice may be called a meeting)."""
    span = array.itemsize
    for stride, length in sorted((abs(s), n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1):
        if stride < span:
            return True
        span += stride * (length - 1)
    return False


def _message(program: Program, i: int, j: int) -> str:
    first, second = program.params[i], program.params[j]
    written = first if first.is_written else second
    return (
        f"{program.name}(): arrays '{first.name}' and '{second.name}' share memory and '{written.name}' is written, "
        f"so the result would depend on the order of lanes; pass {written.name}.copy() or another array"
    )
