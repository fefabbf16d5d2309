"""`hologram run --debug` and `--trace`: what a user sees of a lane, line by line; commands come from stdin."""

from __future__ import annotations

import io
import json
import linecache
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Command, Said

SOURCE = """\
from hologram.language import DeviceArray, device, f32, get_global_id, i32, kernel, u32


@device
def cube(x: f32) -> f32:
    y = x * x
    return y * x


@kernel
def pick(x: DeviceArray[f32], at: DeviceArray[i32], y: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        total = f32(0)
        for k in range(2):
            total += cube(x[at[i] + k])
        if total > 100:
            total = f32(100)
        y[i] = total
"""

Debug = Callable[..., "Said"]


class Terminal(io.StringIO):
    """A standard input that says somebody sits at it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def debug(kernels: Path, hologram: Command, monkeypatch: pytest.MonkeyPatch) -> Debug:
    """`debug("n\\np total", "--lane", "4")` runs the kernel with those commands on stdin."""
    Path("pick.py").write_text(SOURCE, "utf-8")
    np.save("x.npy", np.arange(50, dtype=np.float32))
    np.save("at.npy", np.arange(40, dtype=np.int32))
    given = ("--in", "x=x.npy", "--in", "at=at.npy", "--in", "n=40", "--out", "y=y.npy")

    def run(commands: str, *options: str, mode: str = "--debug", stdin: type[io.StringIO] = io.StringIO) -> Said:
        monkeypatch.setattr("sys.stdin", stdin(commands))
        return hologram("run", "pick.py", *given, mode, *options)

    return run


def test_a_lane_is_followed_line_by_line(debug: Debug) -> None:
    said = debug("n\nn\n\n\n\nn\nc\n", "--lane", "4")
    assert said.status == 0
    lines = [line.rstrip() for line in said.out.splitlines()]
    assert lines[:7] == [
        "pick.py:12, pick, lane 4",
        "->   12      i = get_global_id()",
        "         n = 40",
        "(debug) n",
        "pick.py:13, pick, lane 4",
        "->   13      if i < n:",
        "         i = 4",
    ]
    stops = [line for line in lines if line.startswith("->")]
    assert [int(line.split()[1]) for line in stops] == [12, 13, 14, 15, 16, 6, 7]
    assert "         cube.x = 4.0" in lines and "lane 4 has run to its end" in lines
    assert np.load("y.npy")[4] == 100


def test_breakpoints(debug: Debug) -> None:
    said = debug("b\nc\np total\nd 16\nb 19\nc\np total\nb\n", "--lane", "4", "--break", "16")
    out = said.out
    assert [line.split()[1] for line in out.splitlines() if line.startswith("->")] == ["16", "16", "19"]
    assert out.count("breakpoints: 16\n") == 1 and "(debug) p total\ntotal = 64.0\n" in out and "total = 100.0\n" in out
    assert "breakpoints: none" in out and "breakpoints: 19\n" in out


def test_values_source_lanes_and_instructions(debug: Debug) -> None:
    commands = ["p", "p total", "p x[3]", "p x[i]", "p at", "p r0", "p k", "p zz", "p x[99]", "l", "lanes", "i", "h"]
    said = debug("\n".join(commands), "--lane", "4", "--break", "19")
    for wanted in (
        "i = 4\n",
        "x[3] = 3.0\n",
        "x[i] = 4.0\n",
        "at = int32, 40: [ 0  1  2 ... 37 38 39]\n",
        "r0 = 0\n",
        "k = 2\n",
        "no variable 'zz'; here are n, i, total, k",
        "x has shape 50\n",
        "     18              total = f32(100)\n",
        "->   19          y[i] = total\n",
        "40 of 40 lanes are here: 0-39\n",
        "instruction ",
        "n, next           run to the next line",
    ):
        assert wanted in said.out
    assert said.status == 0


def test_another_lane(debug: Debug) -> None:
    said = debug("lane 2\np\nlane 40\nlane x\nn\nn\n", "--break", "17")
    assert "pick.py:17, pick, lane 2\n" in said.out and "total = 35.0" in said.out
    assert "the launch has the lanes 0 to 39" in said.out and "write lane N" in said.out
    assert [line.split()[1] for line in said.out.splitlines() if line.startswith("->")] == ["17", "17", "19"]
    assert "lane 2 has run to its end" in said.out


def test_a_lane_that_is_elsewhere(debug: Debug) -> None:
    said = debug("lanes\nlane 2\n", "--lane", "4", "--break", "18")
    assert "36 of 40 lanes are here: 4-39\n" in said.out
    assert "lane 2 is not at this line; stopping where it comes to one" in said.out
    assert "pick.py:19, pick, lane 2" in said.out


def test_quitting_writes_nothing(debug: Debug) -> None:
    said = debug("n\nq\n")
    assert (said.status, Path("y.npy").exists()) == (0, False)
    assert said.out.endswith("the launch was stopped; nothing is written\n")


def test_the_end_of_the_input_at_a_terminal_ends_the_launch(debug: Debug) -> None:
    said = debug("n\n", stdin=Terminal)
    assert said.out.count("(debug) ") == 2 and said.out.endswith("the launch was stopped; nothing is written\n")
    assert not Path("y.npy").exists()


def test_json_stays_json(debug: Debug) -> None:
    said = debug("", "--json", "--lane", "2", mode="--trace")
    (row,) = json.loads(said.out)
    assert row["kernel"] == "pick" and "total = 35.0" in said.err


def test_unknown_commands_and_the_end_of_the_input(debug: Debug) -> None:
    said = debug("walk\n", "--break", "12")
    assert "there is no command 'walk'; h lists them" in said.out
    assert said.out.count("->   12") == 1 and Path("y.npy").exists()


def test_an_error_shows_place_and_variables(debug: Debug) -> None:
    at = np.arange(40, dtype=np.int32)
    at[30] = 49
    np.save("at.npy", at)
    said = debug("c\n", "--lane", "30", "--break", "13")
    assert said.status == 1 and "has run to its end" not in said.out
    assert "load of f32 at byte offset 200 of 'x'" in said.err and "pick.py:16:27" in said.err
    assert "            total += cube(x[at[i] + k])\n" in said.err
    assert "                          ^^^^^^^^^^^^\n" in said.err
    assert "where n = 40, i = 30, total = 117649.0, k = 1\n" in said.err


def test_trace(debug: Debug) -> None:
    said = debug("", "--lane", "2", mode="--trace")
    lines = [line for line in said.out.splitlines() if line[:5].strip().isdecimal()]
    assert [" ".join(line.split()) for line in lines] == [
        "12 i = get_global_id() i = 2",
        "13 if i < n:",
        "14 total = f32(0) total = 0.0",
        "15 for k in range(2): k = 0",
        "16 total += cube(x[at[i] + k]) cube.x = 2.0",
        "6 y = x * x cube.y = 4.0",
        "7 return y * x total = 8.0",
        "15 for k in range(2): k = 1",
        "16 total += cube(x[at[i] + k]) cube.x = 3.0",
        "6 y = x * x cube.y = 9.0",
        "7 return y * x total = 35.0",
        "15 for k in range(2): k = 2",
        "17 if total > 100:",
        "19 y[i] = total y[2] = 35.0",
    ]
    assert np.load("y.npy")[2] == 35


def test_trace_of_some_lines(debug: Debug) -> None:
    said = debug("", "--lane", "2", "--break", "14", "--break", "19", mode="--trace")
    lines = [" ".join(line.split()) for line in said.out.splitlines() if line[:5].strip().isdecimal()]
    assert lines == ["14 total = f32(0) total = 0.0", "19 y[i] = total y[2] = 35.0"]


def test_a_program_file_and_its_listing(debug: Debug, hologram: Command) -> None:
    """Without its source a program shows instructions."""
    assert hologram("compile", "pick.py").status == 0
    Path("pick.py").unlink()
    linecache.clearcache()
    Path("pick.atlas").rename("pick.py.atlas")
    given = ("--in", "x=x.npy", "--in", "at=at.npy", "--in", "n=40", "--out", "y=y.npy")
    said = hologram("run", "pick.py.atlas", *given, "--trace", "--lane", "2")
    assert said.status == 0
    assert "mov_sreg.i64" in said.out and "total = 35.0" in said.out and "y[2] = 35.0" in said.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--lane", "40"), "the launch has the lanes 0 to 39"),
        (("--backend", "cpu"), "run on the interpreter"),
    ],
)
def test_options_that_do_not_fit(debug: Debug, options: tuple[str, ...], message: str) -> None:
    said = debug("", *options)
    assert said.status == 1 and message in said.err


@pytest.mark.parametrize("options", [("--lane", "1"), ("--break", "12")])
def test_options_without_debug(kernels: Path, hologram: Command, options: tuple[str, ...]) -> None:
    np.save("x.npy", np.zeros(4, np.float32))
    given = ("--in", "x=x.npy", "--in", "factor=3", "--in", "n=4", "--out", "y=y.npy")
    said = hologram("run", "one.py", *given, *options)
    assert said.status == 1 and "needs --debug or --trace" in said.err
