"""`hologram check`: ok or the error of each file, whatever is in it; the exit status says whether all are ok."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Command


def test_every_file_is_reported(kernels: Path, hologram: Command) -> None:
    said = hologram("check", "pair.py", "wrong.py", "one.py")
    assert said.status == 1
    assert said.out == "pair.py: ok (scale, shift)\none.py: ok (scale)\n"
    assert said.err.startswith("wrong.py:")
    assert "^" in said.err


def test_json_report(kernels: Path, hologram: Command) -> None:
    said = hologram("check", "--json", "one.py", "wrong.py")
    good, bad = json.loads(said.out)
    assert good == {"file": "one.py", "ok": True, "kernels": ["scale"]}
    assert not bad["ok"]
    assert "wrong.py:" in bad["error"]


@pytest.mark.parametrize("suffix", [".py", ".json", ".atlasm", ".atlas"])
@pytest.mark.parametrize("content", [b"", b"\0", b"\xff\xfe", b"[" * 5000, b"{}", b"garbage", b"\x7fELF" * 100])
def test_hostile_files_are_refused(kernels: Path, hologram: Command, suffix: str, content: bytes) -> None:
    (kernels / f"hostile{suffix}").write_bytes(content)
    said = hologram("check", f"hostile{suffix}")
    assert said.status == 1
    assert said.err
    assert "Traceback" not in said.err


def test_a_directory_is_no_file(kernels: Path, hologram: Command) -> None:
    (kernels / "folder.py").mkdir()
    said = hologram("check", "folder.py")
    assert said.status == 1
    assert "cannot read folder.py" in said.err
