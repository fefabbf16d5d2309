"""Which lanes run together and where each of them is in the launch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hologram.backends.base import Domain, Triple
from hologram.backends.interpreter.lanes import Array
from hologram.isa.operands import Special
from hologram.isa.reductions import ACCUMULATORS, CHUNK

LANES_AT_ONCE = 1 << 16  # keeps the registers of a batch within the processor's caches


@dataclass(frozen=True)
class Batch:
    """Lanes that run in lock-step: whole reduction chunks, in the order (z, y, x).

    `number` counts lanes of the launch x first; `cell` is a lane's place in arrays of shape (chunks, width).
    """

    domain: Domain
    number: Array
    position: tuple[Array, Array, Array]
    cell: Array
    chunks: int

    @property
    def count(self) -> int:
        return len(self.number)

    def coordinates(self, lane: int) -> Triple:
        """Global (x, y, z) of a lane of the batch."""
        x, y, z = (int(axis[lane]) for axis in self.position)
        return x, y, z

    @property
    def block_size(self) -> int:
        """Lanes of a whole block."""
        x, y, z = self.domain.block
        return x * y * z

    def special(self, special: Special) -> Array:
        """A launch coordinate of every lane as i64; shape (1,) where all agree."""
        axis, kind = special.axis, special.value.split(".")[0]
        block = self.domain.block[axis]
        if kind == "block_dim":
            return np.array([block])
        if kind == "grid_dim":
            return np.array([self.domain.grid[axis]])
        position = self.position[axis]
        return {"lane": position % block, "block": position // block, "global": position}[kind]

    def global_number(self) -> Array:
        """Block number times lanes per block, plus the lane's number in its block (r255), u64."""
        bx, by, bz = self.domain.block
        gx, gy, _ = self.domain.grid
        x, y, z = self.position
        block = ((z // bz) * gy + y // by) * gx + x // bx
        lane = ((z % bz) * by + y % by) * bx + x % bx
        return np.asarray(block * (bx * by * bz) + lane).astype(np.uint64)


def width(domain: Domain) -> int:
    """Cells a reduction chunk takes: 4096, less for short rows, a multiple of 64."""
    return min(CHUNK, -(-domain.lanes[0] // ACCUMULATORS) * ACCUMULATORS)


def batches(domain: Domain) -> Iterator[Batch]:
    """The launch in pieces of about `LANES_AT_ONCE` lanes."""
    nx, ny, nz = domain.lanes
    if domain.total == 0:
        return
    per_row = -(-nx // CHUNK)
    total, most = per_row * ny * nz, max(1, LANES_AT_ONCE // min(nx, CHUNK))
    for first in range(0, total, most):
        yield _batch(domain, np.arange(first, min(first + most, total)), per_row)


def blocks(domain: Domain) -> Iterator[Batch]:
    """The launch block by block, for lanes that work together; nothing of a launch reduction."""
    (nx, ny, _), (bx, by, bz) = domain.lanes, domain.block
    gx, gy, gz = (-(-n // b) for n, b in zip(domain.lanes, domain.block, strict=True))
    for number in range(gx * gy * gz):
        start = number % gx * bx, number // gx % gy * by, number // (gx * gy) * bz
        x, y, z = (np.arange(s, min(s + b, n)) for s, b, n in zip(start, domain.block, domain.lanes, strict=True))
        grid = np.meshgrid(z, y, x, indexing="ij")
        zs, ys, xs = (axis.reshape(-1) for axis in grid)
        yield Batch(domain, (zs * ny + ys) * nx + xs, (xs, ys, zs), np.arange(len(xs)), 0)


def _batch(domain: Domain, chunks: Array, per_row: int) -> Batch:
    nx, ny, _ = domain.lanes
    rows, starts = chunks // per_row, chunks % per_row * CHUNK
    lengths = np.minimum(nx - starts, CHUNK)
    chunk = np.repeat(np.arange(len(chunks)), lengths)
    inside = np.arange(len(chunk)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    row, x = rows[chunk], starts[chunk] + inside
    return Batch(domain, row * nx + x, (x, row % ny, row // ny), chunk * width(domain) + inside, len(chunks))
