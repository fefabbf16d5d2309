"""Editors and type checkers know every function and module, and what it takes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.pytorch_stubs import STUBS

WRONG = """
import torch

from hologram_torch import functional as H, nn

x = torch.ones(3)
H.add(x, 2, alpha=3), H.gelu(x, approximate="tanh"), H.clamp(x, max=x), H.sum(x, 0, keepdim=True), H.relu_(x)
nn.Linear(3, 4)(x)
H.add(x, "2")
H.leaky_relu(x, 0.1, False, 5)
H.maximum(x, 1.0)
H.softmax(x, "rows")
H.tanh([1.0])
H.no_such_function(x)
nn.Linear("3", 4)
"""
ERRORS = {
    9: 'Argument 2 to "add" has incompatible type "str"; expected "Tensor | bool | int | float"',
    10: 'Too many arguments for "leaky_relu"',
    11: 'Argument 2 to "maximum" has incompatible type "float"; expected "Tensor"',
    12: 'Argument 2 to "softmax" has incompatible type "str"',
    13: 'Argument 1 to "tanh" has incompatible type "list[float]"; expected "Tensor"',
    14: 'Module has no attribute "no_such_function"',
    15: 'Argument 1 to "Linear" has incompatible type "str"; expected "int"',
}


@pytest.mark.parametrize("path", STUBS, ids=lambda path: path.name)
def test_stubs_are_those_of_the_tables(path: Path) -> None:
    assert path.read_text("utf-8") == STUBS[path](), "cure: python -m tests.house.pytorch_stubs"


@pytest.mark.slow
def test_wrong_arguments_are_found_by_a_type_checker(tmp_path: Path) -> None:
    program = tmp_path / "wrong.py"
    program.write_text(WRONG, "utf-8")
    home = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-m", "mypy", str(program)], capture_output=True, text=True, cwd=home)
    found = {int(line): text for line, text in re.findall(r"wrong\.py:(\d+): error: (.*)", ran.stdout)}
    assert found.keys() == ERRORS.keys(), ran.stdout + ran.stderr
    assert all(message in found[line] for line, message in ERRORS.items()), ran.stdout
