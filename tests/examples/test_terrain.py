"""The terrain kernels are right at edges, on flats and on known slopes, on both backends; the pictures are drawn."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from hologram import Executor, load_library
from hologram.isa.binary import encode

FOLDER = Path(__file__).parents[2] / "examples" / "terrain"
KERNELS = ("slope", "aspect", "hillshade")
TOLERANCE = {"slope": 1e-3, "aspect": 1e-2, "hillshade": 1e-5}


@pytest.fixture(scope="module")
def example() -> Any:
    """The example's modules, imported as its scripts see them."""
    names = ("elevation", "pictures", "reference")
    sys.path.insert(0, str(FOLDER))
    try:
        import elevation
        import pictures
        import reference

        yield {"elevation": elevation, "pictures": pictures, "reference": reference}
    finally:
        sys.path.remove(str(FOLDER))
        for name in names:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The kernels, compiled ahead of time and loaded from the file."""
    from hologram.frontend import compile_source

    path = tmp_path_factory.mktemp("terrain") / "terrain.atlas"
    units = compile_source((FOLDER / "terrain.py").read_text("utf-8"), "terrain.py")
    path.write_bytes(encode([unit.program for unit in units]))
    return load_library(path, trust=True)


def launched(programs: Any, name: str, z: np.ndarray[Any, Any], backend: str = "cpu") -> np.ndarray[Any, Any]:
    out = np.full(z.shape, np.nan, np.float32)
    with Executor(backend) as executor:
        programs[name](z, out, 30.0, 25.0, executor=executor)
    return out


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1), (2, 2), (3, 40), (17, 33)])
def test_agrees_with_numpy_at_every_cell(
    programs: Any, example: dict[str, ModuleType], name: str, shape: tuple[int, int]
) -> None:
    z = np.random.default_rng(1).integers(-500, 3000, shape, dtype=np.int16)
    reference = example["reference"]
    expected = getattr(reference, name)(z, 30.0, 25.0)
    ours = launched(programs, name, z)
    assert reference.difference(name, ours, expected) <= TOLERANCE[name]
    assert np.array_equal(ours.view(np.uint32), launched(programs, name, z, "interpreter").view(np.uint32))


def test_any_strides(programs: Any) -> None:
    z = np.random.default_rng(2).integers(0, 900, (20, 30), dtype=np.int16)
    assert np.array_equal(launched(programs, "slope", z.T), launched(programs, "slope", np.ascontiguousarray(z.T)))
    assert np.array_equal(
        launched(programs, "slope", z[::2, ::3]), launched(programs, "slope", np.ascontiguousarray(z[::2, ::3]))
    )


def test_known_slopes(programs: Any) -> None:
    down_to_the_east = np.repeat(np.arange(9, dtype=np.int16)[None, ::-1] * 30, 9, axis=0)
    inner = (slice(1, -1), slice(1, -1))
    assert np.allclose(launched(programs, "slope", down_to_the_east)[inner], 45)
    assert np.allclose(launched(programs, "aspect", down_to_the_east)[inner], 90)
    down_to_the_south = np.repeat(np.arange(9, dtype=np.int16)[::-1, None] * 25, 9, axis=1)
    assert np.allclose(launched(programs, "aspect", down_to_the_south)[inner], 180)
    flat = np.full((4, 4), 7, np.int16)
    assert (launched(programs, "aspect", flat) == -1).all()
    assert np.allclose(launched(programs, "hillshade", flat), np.sin(np.radians(45)))


def test_slopes_facing_the_sun_are_brightest(programs: Any) -> None:
    rise = np.arange(9, dtype=np.int16) * 10
    facing = launched(programs, "hillshade", (rise[:, None] + rise[None, :]).astype(np.int16))[4, 4]
    averted = launched(programs, "hillshade", (-rise[:, None] - rise[None, :]).astype(np.int16))[4, 4]
    assert facing > averted


def test_elevation_model(example: dict[str, ModuleType]) -> None:
    model = example["elevation"].load()
    assert model.z.shape == (344, 403)
    assert model.z.dtype == np.int16
    assert 70 < model.dx < 80
    assert 90 < model.dy < 95
    west, east, south, north = model.extent
    assert west < east
    assert south < north


def test_circular_difference(example: dict[str, ModuleType]) -> None:
    ours, theirs = np.array([359.9, 10.0, -1.0]), np.array([0.1, 10.0, -1.0])
    difference = example["reference"].difference
    assert difference("aspect", ours, theirs) == pytest.approx(0.2)
    assert difference("aspect", ours, np.array([0.1, 10.0, 5.0])) == float("inf")


@pytest.mark.slow
def test_pictures(example: dict[str, ModuleType], tmp_path: Path) -> None:
    z = np.random.default_rng(3).integers(0, 900, (20, 30), dtype=np.int16)
    maps = {name: getattr(example["reference"], name)(z, 30.0, 25.0) for name in KERNELS}
    drawn = example["pictures"].draw(z, maps, (0.0, 1.0, 2.0, 3.0), tmp_path)
    assert [path.name for path in drawn] == ["slope.png", "aspect.png", "hillshade.png", "terrain.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
