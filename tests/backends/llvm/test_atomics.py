"""Atomics as machine code: what every lane finds and leaves is what the interpreter says."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.backends.base import Domain, Executable
from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.frontend import compile_source
from hologram.isa.instructions import BY_NAME
from hologram.isa.program import Program
from hologram.types import FLOATS, INTEGERS, Type

NAMES = {"add": "ADD", "min": "MIN", "max": "MAX", "and_": "AND", "or_": "OR", "xor": "XOR", "exch": "EXCH"}
CASES = [(n, t) for n, op in NAMES.items() for t in Type if t in BY_NAME[f"ATOM_{op}"].types]


def program(text: str) -> Program:
    (unit,) = compile_source(f"from hologram.language import *\n@kernel\n{text}", "k.py")
    return unit.program


@cache
def _executables(made: Program) -> tuple[Executable, ...]:
    return CpuBackend().compile(made), InterpreterBackend().compile(made)


def both(made: Program, arguments: list[Any], lanes: int) -> list[Any]:
    """Arguments after a launch; the interpreter must leave the same."""
    out = []
    for executable in _executables(made):
        mine = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        with np.errstate(all="ignore"):
            executable.launch(mine, Domain((lanes, 1, 1), (lanes, 1, 1), (1, 1, 1)))
        out.append(mine)
    for cpu, interpreter in zip(*out, strict=True):
        if isinstance(cpu, np.ndarray):
            unsigned = f"u{cpu.itemsize}"
            nan = np.isnan(cpu) & np.isnan(interpreter) if cpu.dtype.kind == "f" else False
            assert np.all((cpu.view(unsigned) == interpreter.view(unsigned)) | nan)
    return out[0]


@cache
def scattered(name: str, ty: str) -> Program:
    return program(
        f"def k(c: DeviceArray[{ty}], at: DeviceArray[u8], v: DeviceArray[{ty}], old: DeviceArray[{ty}], n: u32):\n"
        "    i = get_global_id()\n"
        "    if i < n and at[i] < 200:\n"
        f"        old[i] = atomic_{name}(c, at[i], v[i])\n"
    )


def values(generator: np.random.Generator, ty: Type, size: int) -> Any:
    if ty in INTEGERS:
        return generator.integers(0, 256, size * ty.size).astype(np.uint8).view(ty.dtype)
    special = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e30, -1e-40]
    drawn = np.where(generator.random(size) < 0.3, generator.choice(special, size), generator.normal(size=size))
    return drawn.astype(ty.dtype)


@pytest.mark.parametrize(("name", "ty"), CASES, ids=[f"{n}-{t.value}" for n, t in CASES])
def test_conflicting_cells(name: str, ty: Type) -> None:
    generator = np.random.default_rng(ty.bits)
    made = scattered(name, ty.value)
    for lanes, cells in ((1, 1), (63, 3), (64, 1), (333, 4), (1000, 255)):
        at = generator.integers(0, cells, lanes).astype(np.uint8)
        at[generator.random(lanes) < 0.2] = 255  # these lanes stand aside
        arguments = [values(generator, ty, 256), at, values(generator, ty, lanes), values(generator, ty, lanes), lanes]
        both(made, arguments, lanes)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_random_indices_of_integers(data: st.DataObject) -> None:
    lanes = data.draw(st.integers(1, 150))
    at = data.draw(st.lists(st.integers(0, 5) | st.just(255), min_size=lanes, max_size=lanes))
    name = data.draw(st.sampled_from(sorted(NAMES)))
    generator = np.random.default_rng(data.draw(st.integers(0, 1 << 16)))
    v = values(generator, Type.I32, lanes)
    both(scattered(name, "i32"), [values(generator, Type.I32, 6), np.array(at, np.uint8), v, v * 0, lanes], lanes)


@pytest.mark.parametrize("ty", ["i8", "u16", "i32", "u64"])
def test_compare_and_swap(ty: str) -> None:
    made = program(
        f"def k(c: DeviceArray[{ty}], at: DeviceArray[u8], v: DeviceArray[{ty}], old: DeviceArray[{ty}], n: u32):\n"
        "    i = get_global_id()\n"
        "    if i < n:\n"
        f"        old[i] = atomic_cas(c, at[i], v[i], {ty}(v[i] + 1))\n"
    )
    generator = np.random.default_rng(3)
    dtype = Type(ty).dtype
    at, v = generator.integers(0, 3, 500).astype(np.uint8), generator.integers(0, 4, 500).astype(dtype)
    after = both(made, [np.zeros(3, dtype), at, v, np.zeros(500, dtype), 500], 500)
    assert after[0].max() > 1, "some lanes must have swapped"


@pytest.mark.parametrize("ty", [t.value for t in Type if t in INTEGERS | FLOATS])
@pytest.mark.parametrize("name", ["add", "min", "max"])
def test_one_cell_for_all(name: str, ty: str) -> None:
    made = program(
        f"def k(c: DeviceArray[{ty}], v: DeviceArray[{ty}], n: u32):\n"
        "    i = get_global_id()\n"
        "    if i < n:\n"
        f"        if v[i] != 3:\n            atomic_{name}(c, 1, v[i])\n"
        f"        atomic_{name}(c, 0, v[i])\n"
    )
    generator = np.random.default_rng(9)
    for lanes in (1, 64, 100, 999):
        both(made, [values(generator, Type(ty), 2), values(generator, Type(ty), lanes), lanes], lanes)


def test_integers_are_combined_before_they_meet_the_cell_and_floats_never() -> None:
    text = "def k(c: DeviceArray[{0}], v: DeviceArray[{0}]):\n    i = get_global_id()\n    atomic_add(c, 0, v[i])\n"
    integers = CpuBackend().compile(program(text.format("i32"))).inspect("llvm")
    floats = CpuBackend().compile(program(text.format("f32"))).inspect("llvm")
    assert "atomicrmw add" in integers and "vector.reduce.add" in integers and "cttz" not in integers
    assert "cmpxchg" in floats or "atomicrmw fadd" in floats
    assert "reduce.fadd" not in floats


def test_an_atomic_in_a_divergent_loop_and_a_uniform_value() -> None:
    made = program(
        "def k(c: DeviceArray[u32], rounds: DeviceArray[u8], last: DeviceArray[u32], n: u32):\n"
        "    i = get_global_id()\n"
        "    if i < n:\n"
        "        k = u8(0)\n"
        "        while k < rounds[i]:\n"
        "            last[i] = atomic_add(c, k, 2)\n"
        "            k = u8(k + 1)\n"
    )
    rounds = np.random.default_rng(4).integers(0, 9, 300).astype(np.uint8)
    after = both(made, [np.zeros(8, np.uint32), rounds, np.zeros(300, np.uint32), 300], 300)
    assert after[0].tolist() == [2 * int((rounds > k).sum()) for k in range(8)]
