"""Launch shape: inferred from the extent, or explicit and clamped to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hologram.backends.base import MAX_LANES
from hologram.errors import LaunchError
from hologram.isa.affine import Poly
from hologram.isa.operands import Slot
from hologram.isa.program import Param, Program, works_by_blocks
from hologram.runtime.shape import launch_config, launch_domain
from hologram.types import Type

N = Slot(0)
LINE = Program("line", (Param("n", "scalar", Type.I64),), (), extent=(Poly.slot(N),))
PLANE = Program("plane", LINE.params, (), extent=(Poly.slot(N), Poly.slot(N) * 2))
FREE = Program("free", LINE.params, ())


def lanes(program: Program, n: int, **options: Any) -> tuple[int, int, int]:
    return launch_domain(program, {N: n}, **options).lanes


@pytest.mark.parametrize(("n", "wanted"), [(0, 0), (1, 1), (256, 256), (1000, 1000), (-5, 0)])
def test_extent_is_the_lanes(n: int, wanted: int) -> None:
    assert lanes(LINE, n) == (wanted, 1, 1)


def test_axes_follow_the_extent() -> None:
    domain = launch_domain(PLANE, {N: 40})
    assert domain.lanes == (40, 80, 1)
    assert all(g * b >= n for g, b, n in zip(domain.grid, domain.block, domain.lanes, strict=True))


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"grid": 2, "block": 8}, 16),
        ({"grid": 100, "block": 8}, 100),
        ({"grid": np.int64(1)}, 100),
        ({"block": [10]}, 100),
        ({"grid": 0}, 0),
    ],
)
def test_explicit_shapes_are_clamped_to_the_extent(options: dict[str, Any], wanted: int) -> None:
    assert lanes(LINE, 100, **options)[0] == wanted


def test_without_extent_all_of_grid_and_block_runs() -> None:
    assert lanes(FREE, 0, grid=(3, 2), block=(4, 5)) == (12, 10, 1)


def test_one_lane_is_enough_without_coordinates_unless_a_grid_asks_for_more() -> None:
    alone = Program("alone", LINE.params, (), extent=(Poly.const(1),))
    assert lanes(alone, 0) == (1, 1, 1)
    assert lanes(alone, 0, block=64) == (1, 1, 1)
    assert lanes(alone, 0, grid=(2, 3), block=64) == (128, 3, 1)


def test_without_extent_and_grid_it_is_refused() -> None:
    with pytest.raises(LaunchError, match=r"'free'.*grid=.*block="):
        lanes(FREE, 0)


@pytest.mark.parametrize(
    "options",
    [
        {"block": 0},
        {"block": -1},
        {"grid": 1.5},
        {"grid": "ab"},
        {"grid": (1, 2, 3, 4)},
        {"grid": ()},
        {"grid": 1 << 32},
        {"grid": (1 << 31, 1 << 31)},
    ],
)
def test_impossible_shapes(options: dict[str, Any]) -> None:
    with pytest.raises(LaunchError):
        lanes(FREE, 0, **{"grid": 1, **options})


def test_too_many_lanes() -> None:
    assert lanes(LINE, 1 << 39) == (1 << 39, 1, 1)
    with pytest.raises(LaunchError, match=str(MAX_LANES)):
        lanes(PLANE, 1 << 25)
    with pytest.raises(LaunchError, match="too large"):
        lanes(LINE, 1 << 60)


def test_launch_config(program: Callable[[str], Program]) -> None:
    config = launch_config(LINE, {N: 1000})
    assert (config.grid, config.block) == ((4, 1, 1), (256, 1, 1))
    assert not works_by_blocks(program("saxpy"))


def test_programs_that_work_by_blocks_need_a_block() -> None:
    shared = Program("shared", LINE.params, (), extent=LINE.extent, shared_bytes=64)
    with pytest.raises(LaunchError, match="@kernel"):
        lanes(shared, 10)
    assert lanes(shared, 10, block=4) == (12, 1, 1), "blocks run whole"
