"""The programs for PyTorch train, agree with plain PyTorch, and draw their pictures."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
import torch

FOLDER = Path(__file__).parents[2] / "examples" / "torch"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "study")
LONG = {"gpt"}
"""Those that trace and compile a model."""


@pytest.fixture(autouse=True)
def modules() -> Iterator[None]:
    """The folder's modules can be imported as its scripts see them; pictures need no screen."""
    mpl.use("Agg")
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))
    for path in FOLDER.glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in LONG)) for n in PROGRAMS])
def test_program_trains_and_draws(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main, study = importlib.import_module("study").main, importlib.import_module(name).STUDY
    assert main(study, [str(tmp_path), "--small"]) == 0
    assert capsys.readouterr().out.startswith(f"{name}: ")
    assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_equation_of_heat_and_its_gradient_are_those_of_torch() -> None:
    residual = importlib.import_module("heat").residual
    torch.manual_seed(0)
    u, kappa = torch.randn(6, 7, requires_grad=True), torch.tensor([0.3], requires_grad=True)
    bend = (u[:, :-2] - 2 * u[:, 1:-1] + u[:, 2:]) / 0.2**2
    wanted = (u[1:, 1:-1] - u[:-1, 1:-1]) / 0.1 - kappa * (bend[1:] + bend[:-1]) / 2
    made = residual(u, kappa, 0.1, 0.2)
    torch.testing.assert_close(made, wanted)
    weights = torch.randn(5, 5)
    for ours, theirs in zip(*(torch.autograd.grad(r, (u, kappa), weights) for r in (made, wanted)), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_what_must_be_so_and_is_not_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main, study = importlib.import_module("study").main, importlib.import_module("heat").STUDY
    wrong: Any = replace(study, run=lambda: {}, draw=lambda made: mpl.figure.Figure(), found=str, holds=bool, small={})
    assert main(wrong, [str(tmp_path), "--small"]) == 1
    assert "NOT AS EXPECTED" in capsys.readouterr().out
