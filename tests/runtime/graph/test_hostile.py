"""Graphs from files that are wrong by accident or on purpose: typed errors, no crash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hologram import GraphProgram
from hologram.errors import HologramError, ProgramFormatError
from hologram.isa.binary import decode, encode
from hologram.isa.program import Program
from hologram.runtime.executor import Executor
from hologram.runtime.files import write_file
from hologram.runtime.graph.program import KEY

N = 50


@pytest.fixture(scope="module")
def program() -> GraphProgram:
    with Executor("cpu") as executor:
        x, y = executor.allocate(N), executor.allocate(N)
        with executor.record() as g:
            g.input("x", x)
            g.input("y", y)
            executor.ops.vector_add(x, x, out=y[:])
        return g.program


def altered(program: GraphProgram, path: Path, wiring: str) -> Path:
    from dataclasses import replace

    program.save(path)
    (entry,) = decode(path.read_bytes())
    changed: Program = replace(entry.program, metadata={**entry.program.metadata, KEY: wiring})
    write_file(path, encode([changed]))
    return path


def wiring_of(program: GraphProgram) -> Any:
    import msgspec

    return json.loads(msgspec.json.encode(program.wiring))


@pytest.mark.parametrize(
    ("where", "value", "told"),
    [
        (("version",), 2, "version"),
        (("blocks", 0, "type"), "f99", "no element type"),
        (("blocks", 0, "shape"), [-1], "shape"),
        (("blocks", 0, "name"), "y", "one name"),
        (("parts", 0, "block"), 7, "no block"),
        (("parts", 0, "offset"), 4, "outside"),
        (("parts", 0, "offset"), -4, "outside"),
        (("parts", 0, "shape"), [N + 1], "outside"),
        (("parts", 0, "shape"), [1 << 47], "outside"),
        (("parts", 0, "strides"), [3], "strides"),
        (("parts", 0, "strides"), [-4], "outside"),
        (("parts", 0, "type"), "f64", "outside"),
        (("steps", 0, "program"), 1, "no program"),
        (("steps", 0, "arguments"), [], "arguments"),
        (("steps", 0, "arguments", 0), 3, "something else"),
        (("steps", 0, "arguments", 0), [9, [N]], "no place"),
        (("steps", 0, "arguments", 0), [0, [N - 1]], "elements"),
        (("steps", 0, "resonance_class"), 96, "no class"),
        (("blocks", 1, "written"), False, "written"),
        (("surplus",), 1, "malformed"),
    ],
)
def test_wiring_that_does_not_fit_is_refused(
    program: GraphProgram, tmp_path: Path, where: tuple[Any, ...], value: Any, told: str
) -> None:
    wiring = wiring_of(program)
    part = wiring
    for key in where[:-1]:
        part = part[key]
    part[where[-1]] = value
    with pytest.raises(ProgramFormatError, match=told):
        GraphProgram.load(altered(program, tmp_path / "g.atlas", json.dumps(wiring)))


@given(st.data())
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_wiring_runs_or_is_refused(program: GraphProgram, tmp_path: Path, data: st.DataObject) -> None:
    wiring = wiring_of(program)
    spots = [(p, k) for p in _containers(wiring) for k in (p if isinstance(p, dict) else range(len(p)))]
    part, key = data.draw(st.sampled_from(spots))
    part[key] = data.draw(
        st.one_of(st.integers(-100, 100), st.sampled_from([None, "x", "0x1p3", "u8", [], [0], [2, 25], 1 << 70, {}]))
    )
    path = altered(program, tmp_path / "g.atlas", json.dumps(wiring))
    x, y = np.ones(N, np.float32), np.zeros(N, np.float32)
    try:
        loaded = GraphProgram.load(path)
        loaded(**dict(zip(loaded.inputs, (x, y), strict=False)))
    except HologramError:
        return


def _containers(value: Any) -> list[Any]:
    if not isinstance(value, dict | list) or not value:
        return []
    inner = value.values() if isinstance(value, dict) else value
    return [value, *(c for v in inner for c in _containers(v))]


def test_text_that_is_no_wiring(program: GraphProgram, tmp_path: Path) -> None:
    for text in ("", "[" * 5000, "null", "{}", '"x"'):
        with pytest.raises(ProgramFormatError):
            GraphProgram.load(altered(program, tmp_path / "g.atlas", text))
