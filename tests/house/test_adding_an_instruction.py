"""The page on adding an instruction, followed to the letter on a copy of the source."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.house.doc_blocks import run_page

ROOT = Path(__file__).parents[2]


def test_five_steps_add_an_instruction(tmp_path: Path) -> None:
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "data", "golden"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert run_page(ROOT / "docs" / "adding-an-instruction.md", tmp_path) == 8
