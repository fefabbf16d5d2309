"""`hologram trace`: the script runs as under Python, and the totals and the file say what it did."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hologram.runtime import detour

if TYPE_CHECKING:
    from tests.cli.conftest import Command

SCRIPT = """
import sys

import numpy as np

import hologram
import neighbour
from hologram.language import DeviceArray, f32, get_global_id, kernel


@kernel
def double(x: DeviceArray[f32]):
    i = get_global_id()
    if i < x.shape[0]:
        x[i] = x[i] + x[i]


assert __name__ == "__main__"
ex = hologram.Executor("cpu")
x = ex.array(np.ones(1000, np.float32))
for _ in range(int(sys.argv[1])):
    double(x)
print("x is", x.to_numpy()[0], neighbour.NAME, sys.argv[2:])
"""


@pytest.fixture
def script(kernels: Path) -> Path:
    folder = kernels / "scripts"
    folder.mkdir()
    (folder / "neighbour.py").write_text("NAME = 'beside'\n", "utf-8")
    path = folder / "double.py"
    path.write_text(SCRIPT, "utf-8")
    return path


def test_a_script_runs_as_main_and_its_launches_are_counted(script: Path, hologram: Command) -> None:
    before = sys.argv, list(sys.path)
    said = hologram("trace", str(script), "3", "--depth", "9", "-o", "run.json")
    assert (sys.argv, sys.path) == before
    assert said.status == 0, said.err
    assert "x is 8.0 beside ['--depth', '9']" in said.out
    assert "double" in said.out and "Wrote run.json" in said.out
    written = json.loads(Path("run.json").read_text("utf-8"))
    launches = [e["name"] for e in written["traceEvents"] if e.get("cat") == "launch"]
    assert launches == ["double"] * 3
    assert not detour.is_active()


def test_json_alone_goes_to_stdout(script: Path, hologram: Command) -> None:
    said = hologram("trace", "--json", str(script), "2")
    facts = json.loads(said.out)
    assert "x is 4.0" in said.err
    assert facts["file"] is None and facts["totals"]["launches"] == 2 and facts["totals"]["copies"] == 2
    (row,) = facts["kernels"]
    assert (row["name"], row["launches"], row["lanes"], row["bytes_moved"]) == ("double", 2, 2000, 2 * 8_000)


def test_options_after_two_dashes_are_the_scripts(script: Path, hologram: Command) -> None:
    said = hologram("trace", str(script), "--", "1", "-o", "other.json", "--json")
    assert "['-o', 'other.json', '--json']" in said.out
    assert not Path("other.json").exists()


@pytest.mark.parametrize(
    ("end", "status", "told"),
    [
        ("raise ValueError('wrong turn')", 1, "ValueError: wrong turn"),
        ("sys.exit(7)", 7, ""),
        ("sys.exit('no more')", 1, "no more"),
        ("sys.exit()", 0, ""),
        ("def (", 1, "SyntaxError"),
    ],
)
def test_the_end_of_the_script_is_that_of_the_command(
    kernels: Path, hologram: Command, end: str, status: int, told: str
) -> None:
    Path("ends.py").write_text(f"import sys\n{end}\n", "utf-8")
    said = hologram("trace", "ends.py", "-o", "run.json")
    assert said.status == status and told in said.err
    assert json.loads(Path("run.json").read_text("utf-8"))["otherData"]["totals"]["launches"] == 0
    assert "runpy" not in said.err, "the traceback begins in the script"


def test_what_cannot_be_read_or_written_is_refused_before_the_script_runs(kernels: Path, hologram: Command) -> None:
    Path("loud.py").write_text("print('has run')\n", "utf-8")
    said = hologram("trace", "missing.py")
    assert (said.status, said.err) == (1, "error: cannot read missing.py: there is no such file\n")
    said = hologram("trace", "loud.py", "-o", "nowhere/run.json")
    assert said.status == 1 and "there is no directory nowhere" in said.err
    assert "has run" not in said.out
