"""The interface is the one that was promised: names, order of arguments, types, nothing else."""

from __future__ import annotations

import inspect
import re
import typing
from pathlib import Path

import pytest

import hologram_ffi as ffi
from hologram_ffi.exported import SIGNATURES
from tests.ffi.world import CALLS, function

TABLE = [line for line in (Path(__file__).parent / "functions.txt").read_text("utf-8").splitlines() if line[0] != "#"]
NAMES = [re.split(r"\(", line)[0] for line in TABLE]
PYTHON = {"u8": int, "u32": int, "u64": int, "i32": int, "f32": float, "string": str, "bytes": bytes, "": type(None)}


def test_there_are_74() -> None:
    assert len(set(NAMES)) == 74
    assert sorted(ffi.__all__) == sorted([*NAMES, "InternalError"])
    assert CALLS.keys() == set(NAMES)


@pytest.mark.parametrize("line", TABLE, ids=NAMES)
def test_signature(line: str) -> None:
    assert str(SIGNATURES[line.partition("(")[0]]) == line


@pytest.mark.parametrize("name", NAMES)
def test_annotations_say_the_same_in_python(name: str) -> None:
    row, called = SIGNATURES[name], function(name)
    assert list(inspect.signature(called).parameters) == [parameter for parameter, _ in row.parameters]
    hints = typing.get_type_hints(called)
    assert hints.pop("return") is PYTHON[row.result]
    for parameter, kind in row.parameters:
        wanted = bytes | bytearray | memoryview if kind == "bytes" else PYTHON[kind]
        assert hints[parameter] == wanted


def test_everything_is_documented_and_typed() -> None:
    assert all(row.summary.endswith(".") for row in SIGNATURES.values())
    assert (Path(ffi.__file__).parent / "py.typed").exists()


def test_functions_that_change_floats_say_so() -> None:
    for name in ("buffer_canonicalize_all", "buffer_copy_from_canonical_slice"):
        assert "1.0 becomes 0.25" in (function(name).__doc__ or "")


def test_import_of_all_names() -> None:
    names: dict[str, object] = {}
    exec("from hologram_ffi import *", names)
    assert names.keys() >= set(ffi.__all__)
