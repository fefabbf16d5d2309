"""Data races: two lanes touch an element, at least one stores to it, and nothing orders them.

Lanes of one block are ordered by the barriers they come to, lanes of different blocks by nothing; atomics are no stores
here, so atomics alone (or atomics and loads) are no race. Lanes that store the same value at once are none either.

Every element of an array that the program stores to has a *shadow*: who stored to it last, and two lanes that read it.
A record is one number: when (a count of memory instructions run so far) and which lane of the batch. Batches and blocks
run one after the other, so comparing a record with the times at which this block and its present stretch between two
barriers began says whether the two accesses are ordered.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from hologram.backends.interpreter.coordinates import Batch
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.memory import Region

LANE_BITS = 17
LANE = (1 << LANE_BITS) - 1


Changes = Callable[[], Array]
"""A mask over accesses, made when it is needed."""


class Access(NamedTuple):
    """One side of a race: the lane's number in the launch and the instruction."""

    lane: int
    instruction: int


class Race(NamedTuple):
    """An access by a lane of the batch that is not ordered with an earlier one; `position` is a byte of the shadow."""

    lane: int
    position: int
    earlier: Access


@dataclass
class Clock:
    """When things happen: a number for every memory instruction run, with its index and its batch of lanes."""

    block: int = 0
    stretch: int = 0
    indices: list[int] = field(default_factory=list)
    batches: list[tuple[int, Batch]] = field(default_factory=list)

    @property
    def has_past(self) -> bool:
        """True when lanes ran that those running now are not ordered with."""
        return len(self.batches) > 1

    def begin(self, batch: Batch) -> None:
        """Other lanes run from now on."""
        self.batches.append((len(self.indices) + 1, batch))
        self.block = self.stretch = (len(self.indices) + 1) << LANE_BITS

    def meet(self) -> None:
        """The lanes of the block have met at a barrier."""
        self.stretch = (len(self.indices) + 1) << LANE_BITS

    def tick(self, index: int) -> int:
        """The time of one more access, by an instruction; times begin at 1."""
        self.indices.append(index)
        return len(self.indices) << LANE_BITS

    def access(self, record: int) -> Access:
        """What a record says."""
        time = record >> LANE_BITS
        _, batch = self.batches[bisect_right(self.batches, time, key=lambda b: b[0]) - 1]
        return Access(int(batch.number[(record & LANE) - 1]), self.indices[time - 1])


class Shadow:
    """What lanes did to the elements of so many bytes; an element has `size` bytes."""

    def __init__(self, clock: Clock, length: int, size: int) -> None:
        self.clock, self.size = clock, size
        self._count = -(-length // size)
        self._stores: Array | None = None
        self._reads: tuple[Array, Array] | None = None

    def read(self, index: int, positions: Array, lanes: Array, size: int) -> Race | None:
        """Note loads or atomics at bytes of the shadow by lanes of the batch; gives the first race, if any."""
        time, clock = self.clock.tick(index), self.clock
        cells, lanes = self._cells(positions, lanes, size)
        race = None if self._stores is None else self._race(self._stores, cells, lanes)
        if race is not None:
            return race
        if self._reads is None:
            self._reads = np.zeros(self._count, np.int64), np.zeros(self._count, np.int64)
        first, second = self._reads
        records, known = lanes + time, first[cells]
        free = known < clock.stretch  # what is ordered with this access is forgotten, what is of other blocks stays
        if clock.has_past:
            free &= (known >= clock.block) | (known == 0)
        first[cells[free]] = records[free]
        known = first[cells]
        others = (known >= clock.stretch) & ((known & LANE) != lanes)
        if others.any():
            second[cells[others]] = records[others]
        return None

    def store(self, index: int, positions: Array, lanes: Array, size: int, changes: Changes) -> Race | None:
        """Note stores; `changes` says which of them are of another value than the element holds."""
        time = self.clock.tick(index)
        cells, lanes = self._cells(positions, lanes, size)
        if self._stores is None:
            self._stores = np.zeros(self._count, np.int64)
        race = self._race(self._stores, cells, lanes, changes)
        for reads in self._reads or ():
            race = race or self._race(reads, cells, lanes)
        if race is None:
            self._stores[cells] = lanes + time
        return race

    def collision(self, positions: Array, lanes: Array, size: int, changes: Changes) -> Race | None:
        """The race of lanes that stored to one element in one instruction; to be asked after `store`."""
        assert self._stores is not None
        return self._race(self._stores, *self._cells(positions, lanes, size), changes)

    def _cells(self, positions: Array, lanes: Array, size: int) -> tuple[Array, Array]:
        """Cell numbers and lanes (counted from 1) of accesses; an access may cover several cells."""
        lanes = lanes + 1
        if size == self.size and not (size > 1 and np.any(positions & (size - 1))):
            return positions // size, lanes
        reach = np.arange(0, size + self.size, self.size)
        covered = (positions[:, None] + np.minimum(reach, size - 1)) // self.size
        return covered.reshape(-1), np.repeat(lanes, len(reach))

    def _race(self, records: Array, cells: Array, lanes: Array, changes: Changes | None = None) -> Race | None:
        """The first access that a record of another lane is not ordered with."""
        clock, there = self.clock, records[cells]
        clash = (there >= clock.stretch) & ((there & LANE) != lanes)
        if clock.has_past:
            clash |= (there < clock.block) & (there != 0)
        if not clash.any():
            return None
        if changes is not None:
            clash &= np.repeat(changes(), len(cells) // len(changes()))
            if not clash.any():
                return None
        which = int(np.argmax(clash))
        return Race(int(lanes[which]) - 1, int(cells[which]) * self.size, clock.access(int(there[which])))


@dataclass(frozen=True)
class Tracked:
    """Where the bytes of a region lie in a shadow."""

    shadow: Shadow
    start: int


def attach(regions: Mapping[int, Region], written: frozenset[int], sizes: Sequence[int], clock: Clock) -> None:
    """Give a shadow to every region that the program stores to, and to those that lie in the same memory.

    Regions are by slot; `written` are the slots stored to, `sizes` has the bytes of an element of each slot.
    """
    groups: list[list[int]] = []
    end = -1
    for slot in sorted((s for s in regions if len(regions[s].bytes)), key=lambda s: regions[s].address):
        if regions[slot].address >= end:
            groups.append([])
        groups[-1].append(slot)
        end = max(end, regions[slot].end)
    for group in groups:
        if written.isdisjoint(group):
            continue
        start, end = regions[group[0]].address, max(regions[s].end for s in group)
        size = min(sizes[s] for s in group)
        aligned = all((regions[s].address - start) % size == 0 for s in group)
        shadow = Shadow(clock, end - start, size if aligned else 1)
        for slot in group:
            regions[slot].tracked = Tracked(shadow, regions[slot].address - start)
