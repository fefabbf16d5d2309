"""Cases that once differed, made small: `tests/filetests/cpu` keeps them with their launch in comments."""

from pathlib import Path

import pytest

from tests.differential.compare import compare, read_launch
from tests.differential.minimise import KEPT, program_of

FILES = sorted(p for p in KEPT.iterdir() if p.suffix in (".atlasm", ".py") and "lanes:" in p.read_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_differed_once_agrees(path: Path) -> None:
    text = path.read_text()
    assert compare(program_of(text, path.suffix), read_launch(text)) is None
