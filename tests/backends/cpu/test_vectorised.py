"""The hot loops of the bundled kernels and of the examples are vector code: read off the assembly, kernel by kernel."""

import re
from functools import cache
from pathlib import Path

import pytest

from hologram import stdlib
from hologram.backends.cpu.source import source
from hologram.backends.cpu.targets import target
from hologram.backends.llvm import jit
from hologram.frontend import compile_source
from hologram.isa.program import Program

ROOT = Path(__file__).parents[3]
TABLE = ROOT / "tests" / "filetests" / "cpu" / "vectorised.txt"
KERNEL_FILES = [
    *(Path(stdlib.__file__).parent / f"{family}.py" for family in stdlib.FAMILIES),
    ROOT / "benchmarks" / "kernels.py",
    ROOT / "examples" / "terrain" / "terrain.py",
]
ONE_BY_ONE = {"quantum_search", "optimal_path", "constraint_solve"}
"""Bundled kernels whose work is one lane's, or meets at an atomic."""
ARITHMETIC = r"v(?:add|sub|mul|div|sqrt|max|min|fn?m(?:add|sub)\d+)"


def rows() -> list[list[str]]:
    lines = [line for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    return [[part.strip() for part in f"{line} | |".split("|")][:4] for line in lines]


@cache
def programs() -> dict[str, Program]:
    units = [u for path in KERNEL_FILES for u in compile_source(path.read_text(), path.name)]
    return {u.name: u.program for u in units}


def assembly(name: str) -> str:
    machine = target("x86-64-v4")
    module = source(programs()[name], machine)
    return jit.assembly(module.text, machine, module.level, module.vectorize)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_hot_loops_are_vector_code(row: list[str]) -> None:
    name, wanted, scalar, gather = row
    code = assembly(name).splitlines()
    whole = {m[1] for line in code if (m := re.match(rf"\s+({ARITHMETIC}p[sd])\s.*zmm", line))}
    assert set(wanted.split()) <= whole, f"missing on whole vectors: {set(wanted.split()) - whole}"
    single = {m[1] for line in code if (m := re.match(rf"\s+({ARITHMETIC}s[sd])\s", line))}
    assert scalar == "any" or single <= set(scalar.split()), f"scalar arithmetic: {single}"
    assert gather or not any("gather" in line for line in code)
    called = {m[1] for line in code if (m := re.match(r"\s+call\w*\s+(\w+)", line))}
    assert called <= set(jit.MEMORY_FUNCTIONS), "a vector kernel calls nothing; reductions move what they put by"


def test_every_bundled_kernel_is_in_the_table() -> None:
    assert set(stdlib.names()) - ONE_BY_ONE <= {row[0] for row in rows()}
