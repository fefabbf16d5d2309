"""What a remembered call does, as numbers: launches one after the other, and the memory that they work on.

Places count the arguments first, then the tensors that are made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MAX_RESULTS = 8
MAX_ARRAYS = 24
MAX_SCRATCH = 1024
"""Bytes that the launches of a call have for themselves on the C stack."""
SCRATCH = -1


@dataclass(frozen=True, slots=True)
class Result:
    """A tensor that a call makes."""

    dtype: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class Array:
    """An array of a launch, as a part of the tensor at a place; its address goes to `slot` of the arguments block."""

    source: int
    offset: int
    slot: int
    itemsize: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """An i64 that a launch wrote into the array of a number, and the range in which the call goes on."""

    array: int
    offset: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Step:
    """A launch: its arrays, the places of arguments that it writes, and what is expected after it."""

    arrays: tuple[Array, ...]
    writes: tuple[int, ...] = ()
    expectations: tuple[Expectation, ...] = ()


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two arrays that must not share memory, unless they begin at one place where that is allowed."""

    first: int
    second: int
    same_allowed: bool


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a call does: tensors made, launches, which arrays (counted through all launches) must not meet, and the
    places of what is given back: a tensor alone, or a tuple of a `kind`, which may be a named one of C.
    """

    results: tuple[Result, ...]
    steps: tuple[Step, ...]
    meetings: tuple[Meeting, ...]
    returned: tuple[int, ...]
    kind: type[tuple[Any, ...]] | None = None

    @property
    def arrays(self) -> tuple[Array, ...]:
        """The arrays of all launches."""
        return tuple(array for step in self.steps for array in step.arrays)
