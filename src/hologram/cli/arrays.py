"""The values of `hologram run`: numbers and arrays read from and written to files."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hologram.errors import (
    ArgumentTypeError,
    ArgumentValueError,
    CapacityError,
    HologramError,
    KernelFileError,
    UnsupportedError,
)
from hologram.isa.program import Param
from hologram.types import Type

Array = np.ndarray[Any, Any]
MAX_DIGITS = 20
ARRAY_SUFFIXES = (".npy", ".npz", ".png")
_INPUT = re.compile(r"(.*\.npz):(\w+)", re.DOTALL)
_OUTPUT = re.compile(r"(.*\.(?:npy|npz|png))(?::(\w+))?(?::([0-9x]+))?", re.DOTALL)


@dataclass(frozen=True)
class Output:
    """`name=path[:dtype[:shape]]`: where an array goes, and its dtype and shape if it has to be made."""

    path: Path
    dtype: np.dtype[Any] | None = None
    shape: tuple[int, ...] | None = None


def parse_assignment(text: str, option: str) -> tuple[str, str]:
    """Split `name=value`; raises `ArgumentValueError` naming the option."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier() or not value:
        raise ArgumentValueError(f"{option} {reprlib.repr(text)}: write {option} NAME=VALUE")
    return name, value


def parse_output(text: str) -> Output:
    """Read `path.npy`, `path.npy:f32` or `path.npy:f32:344x403`."""
    parts = _OUTPUT.fullmatch(text)
    if parts is None:
        suffixes = ", ".join(ARRAY_SUFFIXES)
        raise ArgumentValueError(
            f"--out {reprlib.repr(text)}: write PATH[:DTYPE[:SHAPE]], as in slope.npy:f32:344x403 ({suffixes})"
        )
    path, dtype, shape = parts.groups()
    return Output(Path(path), _dtype(dtype) if dtype else None, parse_lengths(shape, "shape") if shape else None)


def parse_lengths(text: str, what: str) -> tuple[int, ...]:
    """Read `344x403`; raises `ArgumentValueError` saying what it should have been."""
    parts = text.split("x")
    if not all(part.isascii() and part.isdecimal() and len(part) <= MAX_DIGITS for part in parts):
        raise ArgumentValueError(f"{what} {reprlib.repr(text)}: write lengths with x between them, as in 344x403")
    return tuple(map(int, parts))


def read_value(text: str, param: Param) -> Array | int | float:
    """Read an argument: a number for a scalar; `file.npy`, `file.npz[:key]` or `file.png` for an array."""
    if not param.is_array:
        return _number(text, param)
    parts = _INPUT.fullmatch(text)
    path, key = parts.groups() if parts else (text, None)
    array = read_array(Path(path), key or "")
    if array.dtype != param.type.dtype:
        raise ArgumentTypeError(f"{path} holds {array.dtype} and parameter '{param.name}' is {param}: convert it first")
    return np.ascontiguousarray(array) if param.ndim == 1 else array


def read_array(path: Path, key: str = "") -> Array:
    """Load an array; objects are never unpickled. Raises `KernelFileError` or `UnsupportedError`."""
    try:
        if path.suffix == ".png":
            return _pyplot(path).imread(path)  # type: ignore[no-any-return]
        if path.suffix not in ARRAY_SUFFIXES:
            raise UnsupportedError(f"{path}: arrays are read from {', '.join(ARRAY_SUFFIXES)}")
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            return _member(loaded, path, key)
    except HologramError:
        raise
    except Exception as error:  # a damaged file makes NumPy, zipfile, zlib and Pillow raise almost anything
        raise KernelFileError(f"cannot read {path}: {str(error) or type(error).__name__}") from error


def write_array(path: Path, array: Array) -> None:
    """Store an array as .npy, .npz (under the name `array`) or a grey .png; raises `KernelFileError`."""
    writers: dict[str, Callable[[], object]] = {
        ".npy": lambda: np.save(path, array),
        ".npz": lambda: np.savez_compressed(path, array=array),
        ".png": lambda: _pyplot(path).imsave(path, array, cmap="gray"),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writers[path.suffix]()
    except (OSError, ValueError) as error:
        raise KernelFileError(f"cannot write {path}: {error}") from error


def new_array(output: Output, param: Param, inputs: Sequence[Array]) -> Array:
    """A zeroed array for an output: its shape as asked, or that of the first input with as many dimensions."""
    if output.dtype is not None and output.dtype != param.type.dtype:
        raise ArgumentTypeError(f"--out {param.name}: the kernel writes {param}, not {output.dtype}")
    shape = output.shape or next((array.shape for array in inputs if array.ndim == param.ndim), None)
    if shape is None or len(shape) != param.ndim:
        raise ArgumentValueError(
            f"--out {param.name}: give the shape of {param}, as in PATH:{param.type.value}:344x403"
        )
    try:
        return np.zeros(shape, param.type.dtype)
    except (ValueError, MemoryError) as error:
        raise CapacityError(f"--out {param.name}: {error}") from error


def _number(text: str, param: Param) -> int | float:
    try:
        return float(text) if param.type.is_float else int(text, 0)
    except ValueError:
        kind = "a number" if param.type.is_float else "an integer"
        raise ArgumentTypeError(f"--in {param.name}={reprlib.repr(text)}: parameter {param} needs {kind}") from None


def _member(archive: Any, path: Path, key: str) -> Array:
    names = list(archive.files)
    if not key and len(names) == 1:
        key = names[0]
    if key not in names:
        raise ArgumentValueError(f"{path} holds {', '.join(names)}: name one as {path}:NAME")
    array = archive[key]
    if not isinstance(array, np.ndarray):
        raise KernelFileError(f"cannot read {path}: '{key}' is no array")
    return array


def _dtype(text: str) -> np.dtype[Any]:
    try:
        return Type(text).dtype
    except ValueError:
        raise ArgumentTypeError(f"unknown type '{text}': choose one of {', '.join(t.value for t in Type)}") from None


def _pyplot(path: Path) -> Any:
    try:
        from matplotlib import image
    except ImportError:
        raise UnsupportedError(f"{path}: pictures need matplotlib: pip install 'hologram-atlas[plot]'") from None
    return image
