"""Kernels of the usual kinds, and cases that once differed made small: `tests/filetests/cpu`, launches in comments."""

from pathlib import Path

import pytest

from tests.differential.compare import compare
from tests.differential.launches import read_launch
from tests.differential.machines import machine
from tests.differential.minimise import KEPT, program_of

FILES = sorted(p for p in KEPT.iterdir() if p.suffix in (".atlasm", ".py"))


@pytest.mark.parametrize("number", [0, 1, 3], ids=["this-cpu", "lesser-cpu", "least-cpu"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_native_code_and_interpreter_agree(path: Path, number: int) -> None:
    text = path.read_text()
    assert compare(program_of(text, path.suffix), read_launch(text), machine(number)) is None
