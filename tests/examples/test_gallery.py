"""The programs of the gallery agree with NumPy and draw their pictures."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

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


def test_a_difference_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main, program = importlib.import_module("program").main, importlib.import_module("kmeans").PROGRAM
    wrong = replace(
        program, rounds=1, numpy=lambda points: {**program.numpy(points), "way": program.numpy(points)["way"] + 0.01}
    )
    assert main(wrong, [str(tmp_path), "--size", "70"]) == 1
    assert "DIFFERS to 1" in capsys.readouterr().out


def test_difference_is_relative_and_sees_shapes() -> None:
    difference: Any = importlib.import_module("program").difference
    assert difference({"a": np.array([1000.0, 1.0])}, {"a": np.array([1000.0, 2.0])}) == 1e-3
    with pytest.raises(AssertionError, match="NumPy"):
        difference({"a": np.zeros(3)}, {"a": np.zeros((3, 1))})
