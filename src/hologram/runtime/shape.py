"""Launch shape: how many lanes run, from an explicit grid and block or from the program's extent."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

from hologram.backends.base import DEFAULT_BLOCK, MAX_LANES, Domain, LaunchConfig, Triple, triple
from hologram.errors import LaunchError
from hologram.isa.affine import Poly
from hologram.isa.operands import Slot
from hologram.isa.program import ROW, Program, works_by_blocks, works_by_rows

Dimensions = int | Sequence[int]

DEFAULT_BLOCKS: Mapping[int, Triple] = {0: (DEFAULT_BLOCK, 1, 1), 1: (DEFAULT_BLOCK, 1, 1), 2: (32, 8, 1), 3: (8, 8, 4)}
"""Block of a launch that names none, by the number of axes of the program's extent."""

_ONE_LANE = (Poly.const(1),)
MAX_BLOCK = 1024
"""Lanes of a block that work together."""


def launch_domain(
    program: Program,
    values: Mapping[Slot, int],
    grid: Dimensions | None = None,
    block: Dimensions | None = None,
) -> Domain:
    """The lanes of a launch: those of grid × block that lie within the extent.

    `values` hold the scalars, shapes and strides of this launch. A negative extent is none at all.
    Raises LaunchError where there is neither extent nor grid, or the lanes are too many.
    """
    # A program that reads no coordinate wants one lane; a grid that is given asks for more of them.
    extent = () if grid is not None and program.extent == _ONE_LANE else program.extent
    wanted = tuple(max(0, poly.evaluate(values)) for poly in extent)
    blocks = _block(program, block)
    grids = _grid(program, wanted, blocks, grid)
    available = [g * b for g, b in zip(grids, blocks, strict=True)]
    # A program with an extent reads no axis beyond it; more lanes there would do its work again. Lanes of a block that
    # work together do so beyond the extent, too.
    if works_by_blocks(program):
        wanted = tuple(available)
    beyond = (1, 1, 1) if extent else tuple(available)
    x, y, z = (min(a, w) for a, w in zip(available, (*wanted, *beyond[len(wanted) :]), strict=True))
    domain = Domain((x, y, z), grids, blocks)
    if domain.total > MAX_LANES:
        raise LaunchError(f"kernel '{program.name}': a launch of {x}·{y}·{z} lanes is more than {MAX_LANES}")
    return domain


def launch_config(
    program: Program,
    values: Mapping[Slot, int],
    grid: Dimensions | None = None,
    block: Dimensions | None = None,
) -> LaunchConfig:
    """Grid and block of a launch, inferred where they are not given."""
    domain = launch_domain(program, values, grid, block)
    return LaunchConfig(domain.grid, domain.block)


def _block(program: Program, block: Dimensions | None) -> Triple:
    if works_by_rows(program):
        if block is not None and triple(_integers(block), "block") != (ROW, 1, 1):
            raise LaunchError(
                f"program '{program.name}' works by rows: its blocks have {ROW} lanes, got block={block!r}"
            )
        return ROW, 1, 1
    if block is None:
        if works_by_blocks(program):
            raise LaunchError(
                f"kernel '{program.name}' works by blocks: give their size, block=256 at the call or @kernel(block=256)"
            )
        return DEFAULT_BLOCKS[len(program.extent)]
    chosen = triple(_integers(block), "block")
    if 0 in chosen:
        raise LaunchError(f"kernel '{program.name}': block must hold at least one lane on each axis, got {block!r}")
    if works_by_blocks(program) and chosen[0] * chosen[1] * chosen[2] > MAX_BLOCK:
        raise LaunchError(f"kernel '{program.name}' works by blocks of at most {MAX_BLOCK} lanes, got block={block!r}")
    return chosen


def _grid(program: Program, wanted: Sequence[int], block: Triple, grid: Dimensions | None) -> Triple:
    if grid is not None:
        chosen = triple(_integers(grid), "grid")
        if works_by_rows(program) and chosen[0] != 1:
            raise LaunchError(f"program '{program.name}' works by rows: it has one block along x, got grid={grid!r}")
        return chosen
    if not program.extent:
        reason = program.metadata.get("extent")
        raise LaunchError(
            f"kernel '{program.name}' does not say how many lanes it wants{f' ({reason})' if reason else ''}: "
            "give grid= (in blocks) and block= (in lanes), or guard its work with `if i < n:`"
        )
    x, y, z = (-(-w // b) for w, b in zip((*wanted, 1, 1, 1), block, strict=False))
    if max(x, y, z) >= 1 << 32:
        raise LaunchError(f"kernel '{program.name}': an extent of {tuple(wanted)} lanes is too large")
    return x, y, z


def _integers(value: Any) -> int | list[Any]:
    """Integers of any kind (NumPy's too) as int; what is none is left for `triple` to refuse."""
    if hasattr(value, "__index__"):
        return operator.index(value)
    parts = list(value) if isinstance(value, Sequence) else [value]
    return [operator.index(v) if hasattr(v, "__index__") else v for v in parts]
