"""Kernel files in tests/filetests/frontend compile to the text beside them.

`HOLOGRAM_UPDATE_GOLDEN=1 pytest tests/frontend/test_golden.py` rewrites the texts; read the difference before
committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hologram.frontend import compile_source, compile_tree, schema

FOLDER = Path(__file__).parents[1] / "filetests" / "frontend"
FILES = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_file(path: Path) -> None:
    units = compile_source(path.read_text("utf-8"), path.name)
    text = "\n".join(u.program.disassemble() for u in units)
    golden = path.with_suffix(".atlasm")
    if os.environ.get("HOLOGRAM_UPDATE_GOLDEN"):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_file_through_json(path: Path) -> None:
    for unit in compile_source(path.read_text("utf-8"), path.name):
        (tree,) = schema.loads(schema.dumps([unit.tree]))
        assert compile_tree(tree, path.name).program.digest == unit.program.digest


def test_there_are_files() -> None:
    assert len(FILES) >= 4
