"""`hologram run`: the kernel's result lands in the file, on both backends, and missing or wrong arguments are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Command

X = np.arange(10, dtype=np.float32)


@pytest.fixture
def data(kernels: Path) -> Path:
    """x.npy beside the kernel files."""
    np.save("x.npy", X)
    return kernels


@pytest.mark.parametrize("backend", ["cpu", "interpreter", "auto"])
def test_result_is_written(data: Path, hologram: Command, backend: str) -> None:
    options = ["--in", "x=x.npy", "--in", "factor=3", "--in", "n=10", "--out", "y=y.npy", "--backend", backend]
    assert hologram("run", "one.py", *options).status == 0
    assert np.array_equal(np.load("y.npy"), 3 * X)


def test_defaults_and_program_files(data: Path, hologram: Command) -> None:
    hologram("compile", "pair.py")
    said = hologram("run", "pair.atlas:shift", "--in", "x=x.npy", "--out", "y=y.npz:f32:4", "--json")
    assert said.status == 0
    (row,) = json.loads(said.out)
    assert (row["kernel"], row["dtype"], row["shape"]) == ("shift", "float32", [4])
    assert np.load("y.npz")["array"].tolist() == [1, 2, 3, 4]


def test_an_array_may_be_input_and_output(data: Path, hologram: Command) -> None:
    options = ("--in", "x=x.npy", "--in", "y=x.npy", "--in", "factor=2", "--in", "n=3", "--out", "y=y.npy")
    assert hologram("run", "one.py", *options).status == 0
    assert np.load("y.npy").tolist() == [0, 2, 4, *X[3:]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "missing arguments: give --in x=…"),
        (("--in", "z=1"), "there is no parameter 'z'"),
        (("--in", "x"), "write --in NAME=VALUE"),
        (("--out", "x=x2.npy"), "the kernel does not write 'x'"),
        (("--in", "x=x.npy", "--in", "n=many", "--in", "factor=1", "--out", "y=y.npy"), "needs an integer"),
        (("--in", "x=x.npy", "--in", "n=11", "--in", "factor=1", "--out", "y=y.npy"), "11"),
        (("--in", "x=x.npy", "--in", "n=3", "--in", "factor=1", "--out", "y=y.npy", "--backend", "abacus"), "abacus"),
        (("--in", "x=x.npy", "--in", "n=3", "--in", "factor=1", "--out", "y=y.npy", "--grid", "a"), "--grid 'a'"),
        (("--in", "x=no.npy", "--in", "n=3", "--in", "factor=1", "--out", "y=y.npy"), "cannot read no.npy"),
    ],
)
def test_refusals_name_the_option_and_write_nothing(
    data: Path, hologram: Command, options: tuple[str, ...], message: str
) -> None:
    said = hologram("run", "one.py", *options)
    assert said.status == 1
    assert message in said.err
    assert not Path("y.npy").exists()


def test_one_kernel_has_to_be_named(data: Path, hologram: Command) -> None:
    assert "name one as pair.py:NAME (scale, shift)" in hologram("run", "pair.py").err


def test_checked_runs_stop_at_the_first_wrong_access(data: Path, hologram: Command) -> None:
    Path("far.py").write_text(
        "from hologram.language import DeviceArray, f32, get_global_id, i32, kernel\n\n\n"
        "@kernel\ndef far(x: DeviceArray[f32], y: DeviceArray[f32], n: i32, m: i32):\n"
        "    i = get_global_id()\n    if i < n:\n        y[i] = 1.0 / x[(i + m) * (i + m)]\n"
    )
    options = ["far.py", "--in", "x=x.npy", "--out", "y=y.npy", "--in", "n=3", "--checked"]
    assert hologram("run", *options, "--in", "m=1").status == 0
    said = hologram("run", *options, "--in", "m=3")
    assert said.status != 0
    assert "element 16 of 10" in said.err
    assert "far.py:8" in said.err
    assert "gave infinity" in hologram("run", *options, "--in", "m=0", "--nan").err
    assert "more than 4 instructions" in hologram("run", *options, "--in", "m=1", "--max-steps", "4").err
    assert "add checked=True" in hologram("run", *options[:-1], "--in", "m=0", "--nan").err
