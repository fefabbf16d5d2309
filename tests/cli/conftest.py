"""A kernel file to work on, and the commands called as a user calls them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hologram.cli import main
from tests.cli.sources_text import ONE, SOURCE, WRONG


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with the kernel files pair.py, one.py and wrong.py."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name, text in {"pair.py": SOURCE, "one.py": ONE, "wrong.py": WRONG}.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@pytest.fixture
def hologram(capsys: pytest.CaptureFixture[str]) -> Command:
    """`hologram("check", "one.py")` runs that command in this process."""

    def run(*arguments: str) -> Said:
        status = main(arguments)
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err)

    return run
