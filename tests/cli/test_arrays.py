"""What `hologram run` takes as arguments: each spelling gives the value meant, each mistake its own message."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hologram.cli import arrays
from hologram.errors import ArgumentTypeError, ArgumentValueError, KernelFileError, UnsupportedError
from hologram.isa.program import Param
from hologram.types import Type

VECTOR = Param("x", "array", Type.F32, 1, "r")
PLANE = Param("z", "array", Type.I16, 2, "w")


def test_output_parts() -> None:
    assert arrays.parse_output("a/b.npy") == arrays.Output(Path("a/b.npy"))
    assert arrays.parse_output("b.npy:f32:344x403") == arrays.Output(Path("b.npy"), np.dtype("float32"), (344, 403))


@pytest.mark.parametrize("text", ["b.txt", "b.npy:f32:3:4", "b.npy:f32:axb", "b"])
def test_output_refused(text: str) -> None:
    with pytest.raises(ArgumentValueError, match=r"write PATH\[:DTYPE\[:SHAPE\]\]"):
        arrays.parse_output(text)


def test_output_of_unknown_type() -> None:
    with pytest.raises(ArgumentTypeError, match=r"unknown type 'float'.*f32"):
        arrays.parse_output("b.npy:float")


def test_output_with_missing_length() -> None:
    with pytest.raises(ArgumentValueError, match="lengths with x between"):
        arrays.parse_output("b.npy:f32:3x")


@pytest.mark.parametrize("text", ["x", "=3", "x=", "a b=3"])
def test_assignment_refused(text: str) -> None:
    with pytest.raises(ArgumentValueError, match="NAME=VALUE"):
        arrays.parse_assignment(text, "--in")


def test_numbers_follow_the_parameter() -> None:
    assert arrays.read_value("0x10", Param("n", "scalar", Type.U32)) == 16
    assert arrays.read_value("1e3", Param("a", "scalar", Type.F32)) == 1000.0
    with pytest.raises(ArgumentTypeError, match="needs an integer"):
        arrays.read_value("1.5", Param("n", "scalar", Type.U32))


def test_array_of_wrong_dtype_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(ArgumentTypeError, match=r"float64 .*x: DeviceArray\[f32\]"):
        arrays.read_value(str(tmp_path / "x.npy"), VECTOR)


def test_npz_member_by_name(tmp_path: Path) -> None:
    path = tmp_path / "both.npz"
    np.savez(path, x=np.arange(3, dtype=np.float32), y=np.zeros(1))
    assert arrays.read_value(f"{path}:x", VECTOR).tolist() == [0, 1, 2]  # type: ignore[union-attr]
    with pytest.raises(ArgumentValueError, match="holds x, y: name one"):
        arrays.read_value(str(path), VECTOR)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"not an array"])
def test_malformed_array_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    with pytest.raises(KernelFileError, match=r"cannot read .*x\.npy"):
        arrays.read_array(path)


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(KernelFileError, match="pickle"):
        arrays.read_array(tmp_path / "x.npy")


def test_unknown_kind_of_array_file(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"\.npy, \.npz, \.png"):
        arrays.read_array(tmp_path / "x.csv")


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_written_arrays_read_back(tmp_path: Path, suffix: str) -> None:
    array = np.arange(6, dtype=np.int16).reshape(2, 3)
    arrays.write_array(tmp_path / f"deep/z{suffix}", array)
    assert np.array_equal(arrays.read_array(tmp_path / f"deep/z{suffix}"), array)


def test_picture_keeps_order_of_brightness(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    arrays.write_array(tmp_path / "z.png", np.array([[0.0, 0.5, 1.0]], np.float32))
    red = arrays.read_array(tmp_path / "z.png")[0, :, 0]
    assert red[0] < red[1] < red[2]


def test_new_array_takes_the_shape_of_the_first_input_that_fits() -> None:
    inputs = [np.zeros(5), np.zeros((2, 3))]
    made = arrays.new_array(arrays.Output(Path("z.npy")), PLANE, inputs)
    assert made.shape == (2, 3)
    assert made.dtype == np.int16
    with pytest.raises(ArgumentValueError, match="give the shape"):
        arrays.new_array(arrays.Output(Path("z.npy")), PLANE, [np.zeros(5)])
    with pytest.raises(ArgumentTypeError, match="the kernel writes z"):
        arrays.new_array(arrays.Output(Path("z.npy"), np.dtype("float32")), PLANE, inputs)
