"""The memory of a graph: which arrays are one place, and which places share memory without being the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hologram.circuit.tape import Place
from hologram.runtime.buffer import aligned_zeros
from hologram.runtime.host import HostArray
from hologram.runtime.overlap import MAX_WORK
from hologram.types import Type


@dataclass(slots=True)
class Region:
    """The elements of a place: one contiguous axis, or as they were given where they are not contiguous.

    None stands for a value in between that has no memory unless the programs need some.
    """

    array: HostArray | None
    type: Type
    count: int
    lives: bool


class GraphMemory:
    """All places of a graph by number."""

    def __init__(self) -> None:
        self.regions: list[Region] = []
        self._known: dict[object, int] = {}

    def place(self, array: HostArray, lives: bool) -> int:
        """The number of the place that an array is; the same elements are the same place."""
        type = Type.of_dtype(array.dtype)
        assert type is not None, "arguments have one of the twelve types"
        address = array.__array_interface__["data"][0]
        flat = array.reshape(-1) if array.flags.c_contiguous else array
        key = (address, type, flat.shape, None if flat.ndim == 1 and flat.flags.c_contiguous else flat.strides)
        number = self._known.setdefault(key, len(self.regions))
        if number == len(self.regions):
            self.regions.append(Region(flat, type, array.size, lives))
        region = self.regions[number]
        if region.array is not None and flat.flags.writeable and not region.array.flags.writeable:
            region.array = flat
        return number

    def keep(self, array: HostArray) -> None:
        """The places inside an array's memory are looked at after the replay."""
        start, end = _span(array)
        for region in self.regions:
            if region.array is not None and start <= _span(region.array)[0] and _span(region.array)[1] <= end:
                region.lives = True

    def fresh(self, type: Type, count: int) -> int:
        """A place for a value in between."""
        self.regions.append(Region(None, type, count, False))
        return len(self.regions) - 1

    def places(self) -> list[Place]:
        """What the optimiser needs to know."""
        return [Place(r.type, r.count, r.lives) for r in self.regions]

    def array(self, place: int, shape: Sequence[int] | None = None) -> HostArray:
        """The elements of a place, which gets memory now if it had none, in a shape."""
        region = self.regions[place]
        if region.array is None:
            region.array = aligned_zeros(region.count, region.type)
        if shape is None or region.array.shape == tuple(shape):
            return region.array
        return region.array.reshape(tuple(shape))

    def overlaps(self) -> dict[int, frozenset[int]]:
        """The places that share memory with each place, where there are any."""
        spans = sorted((*_span(r.array), p) for p, r in enumerate(self.regions) if r.array is not None and r.count)
        found: dict[int, set[int]] = {}
        reaching: list[tuple[int, int]] = []
        for start, end, place in spans:
            reaching = [(e, p) for e, p in reaching if e > start]
            for _, other in reaching:
                if self._share(place, other):
                    found.setdefault(place, set()).add(other)
                    found.setdefault(other, set()).add(place)
            reaching.append((end, place))
        return {p: frozenset(others) for p, others in found.items()}

    def _share(self, place: int, other: int) -> bool:
        one, two = self.regions[place].array, self.regions[other].array
        assert one is not None and two is not None
        try:
            return bool(np.shares_memory(one, two, max_work=MAX_WORK))  # type: ignore[arg-type]  # any count is legal
        except np.exceptions.TooHardError:
            return True


def _span(array: HostArray | None) -> tuple[int, int]:
    """The first byte and the one after the last."""
    assert array is not None
    low, high = np.lib.array_utils.byte_bounds(array)
    return low, high
