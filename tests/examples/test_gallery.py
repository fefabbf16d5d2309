"""The programs of the gallery agree with NumPy and draw their pictures."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from hologram import Tensor

FOLDER = Path(__file__).parents[2] / "examples" / "gallery"
SHARED = {"program", "heat_numpy", "heat_hologram"}
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in SHARED)


@pytest.fixture(autouse=True)
def modules() -> Iterator[None]:
    """The folder's modules can be imported as its scripts see them; pictures need no screen."""
    mpl.use("Agg")
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))
    for path in FOLDER.glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_agrees_with_numpy_and_draws(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main, program = importlib.import_module("program").main, importlib.import_module(name).PROGRAM
    assert main(replace(program, rounds=1), [str(tmp_path), "--size", str(program.small)]) == 0
    assert capsys.readouterr().out.startswith(f"{name}: ")
    assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def plates() -> Any:
    """What the equation of heat gives in NumPy."""
    return module("heat_numpy").solve(24, 60, 3)


def module(name: str, **changed: str) -> Any:
    """A program of the folder as a module, some of its text replaced."""
    text = (FOLDER / f"{name}.py").read_text("utf-8")
    for old, new in changed.items():
        assert text.count(f"import {old}\n") == 1
        text = text.replace(f"import {old}\n", f"import {new}\n")
    made = ModuleType(name)
    exec(compile(text, name, "exec"), made.__dict__)
    return made


@pytest.mark.parametrize("moved", ["by its import alone", "with a recorded step"])
def test_a_program_moved_from_numpy_gives_the_same(plates: Any, moved: str, tmp_path: Path) -> None:
    alone = moved == "by its import alone"
    heat = module("heat_numpy", **{"numpy as np": "hologram.numpy as np"}) if alone else module("heat_hologram")
    pictures, history = heat.solve(24, 60, 3)
    assert all(isinstance(u, Tensor) for u in pictures)
    for ours, theirs in zip(pictures, plates[0], strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=2e-4)  # of 100 °C, after 60 steps
    np.testing.assert_allclose(history, plates[1], rtol=1e-5)
    if not alone:
        heat.draw(pictures, history, tmp_path / "heat.png")
        module("heat_numpy").draw(*plates, tmp_path / "numpy.png")
        assert same_picture(tmp_path)


def same_picture(folder: Path) -> bool:
    """The two pictures differ by less than what the eye sees."""
    from matplotlib.image import imread

    return float(np.abs(imread(folder / "heat.png") - imread(folder / "numpy.png")).mean()) < 1e-3


def test_a_difference_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main, program = importlib.import_module("program").main, importlib.import_module("kmeans").PROGRAM
    wrong = replace(
        program, rounds=1, numpy=lambda points: {**program.numpy(points), "way": program.numpy(points)["way"] + 0.01}
    )
    assert main(wrong, [str(tmp_path), "--size", "70"]) == 1
    assert "DIFFERS to 1" in capsys.readouterr().out


def test_difference_is_relative_and_sees_shapes_and_nan() -> None:
    difference: Any = importlib.import_module("program").difference
    assert difference({"a": np.array([1000.0, 1.0])}, {"a": np.array([1000.0, 2.0])}) == 1e-3
    assert difference({"a": np.array([np.nan, 1])}, {"a": np.array([np.nan, 1])}) == np.inf
    with pytest.raises(AssertionError, match="NumPy"):
        difference({"a": np.zeros(3)}, {"a": np.zeros((3, 1))})
