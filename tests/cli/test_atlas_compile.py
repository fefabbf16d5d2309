"""`atlas-compile`: messages, files and exit statuses of the original command; the input is never executed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hologram.cli.atlas_compile import main


def test_one_kernel_is_an_object(kernels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["one.py", "-o", "out.json"]) == 0
    assert capsys.readouterr().out == "Compiled scale -> out.json\n"
    assert isinstance(json.loads(Path("out.json").read_text()), dict)
    assert not (kernels / "executed").exists()


def test_several_kernels_are_an_array_next_to_the_input(kernels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pair.py"]) == 0
    assert capsys.readouterr().out == "Compiled 2 kernels -> pair.json\n"
    assert len(json.loads(Path("pair.json").read_text())) == 2


def test_verbose_lists_kernels(kernels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pair.py", "-v"]) == 0
    said = capsys.readouterr()
    assert "scale(x: DeviceArray[f32]" in said.out
    assert said.err == ""


@pytest.mark.parametrize("name", ["wrong.py", "absent.py", "none.py", "pair.json"])
def test_refusals(kernels: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (kernels / "none.py").write_text("x = 1\n")
    assert main([name, "-o", "out.json"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err
    assert "Traceback" not in said.err
    assert not Path("out.json").exists()


def test_verbose_refusal_shows_where_it_came_from(kernels: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wrong.py", "-v"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([])
    assert end.value.code == 2
