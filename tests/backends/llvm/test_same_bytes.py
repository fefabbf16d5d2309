"""The same program gives the same native code in every process, whatever the hashes of strings are there."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from hologram.backends.cpu import CpuBackend
from hologram.backends.cpu.source import source
from hologram.backends.llvm.jit import Target
from hologram.circuit import Circuit
from hologram.frontend import compile_source
from hologram.isa.binary import Entry, TargetSection, encode
from hologram.isa.program import Program
from tests.differential import generate

ROOT = Path(__file__).parents[3]
FILES = (
    *(ROOT / "src" / "hologram" / "stdlib" / f"{name}.py" for name in ("matrix", "vector")),
    *(ROOT / "examples" / "classics" / f"{name}.py" for name in ("matmul", "scan")),
)
"""gemm, gemv, reductions and elementwise kernels; a matrix product in tiles and a scan with shared memory."""
RANDOM = range(25)
OBJECTS = ("gemm_f32", "gemv_f32", "matmul", "scan_blocks", "vector_sum")
TARGET = Target("x86_64-unknown-linux-gnu", "x86-64-v3", "")


def programs() -> Iterator[tuple[str, Program]]:
    """Programs of all the kinds that lowering treats in ways of their own."""
    for file in FILES:
        for unit in compile_source(file.read_text(encoding="utf-8"), file.name):
            yield unit.program.name, unit.program
    chain = Circuit().merge(0, 1, 2).evaluate(2).merge(2, 0, 3).compile(live_out=[3])
    yield from ((f"chain {k}", step.program) for k, step in enumerate(chain.steps))
    for seed in RANDOM:
        yield f"random {seed}", generate.program(seed)[0]


def main() -> None:
    """Print a line a program: its name, the hash of its LLVM IR, and for some that of a file with native code."""
    for name, program in programs():
        out = [name, hashlib.sha256(source(program, TARGET).text.encode()).hexdigest()]
        if name.startswith(("chain", *OBJECTS)):
            code = CpuBackend().object_for(program, TARGET.cpu)
            data = encode([Entry(program, (TargetSection(f"cpu:{TARGET.cpu}", code),))])
            out.append(hashlib.sha256(data).hexdigest())
        sys.stdout.write("\t".join(out) + "\n")


def test_ir_and_files_do_not_depend_on_hashes() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.backends.llvm.test_same_bytes"]
    running = [
        subprocess.Popen(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        for seed in ("1", "2")
    ]
    first, second = (process.communicate(timeout=120)[0].splitlines() for process in running)
    assert sum(line.count("\t") == 2 for line in first) >= len(OBJECTS)
    assert first == second


if __name__ == "__main__":
    main()
