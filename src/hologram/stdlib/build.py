"""Builds `bundled.atlas` from the kernel files: `python -m hologram.stdlib.build`."""

from __future__ import annotations

import sys
from pathlib import Path

from hologram.backends.cpu import CpuBackend
from hologram.backends.cpu.targets import BASELINES
from hologram.backends.llvm.jit import llvm_version
from hologram.frontend import compile_source
from hologram.isa.binary import Entry, TargetSection, encode
from hologram.language.program import Program
from hologram.runtime.files import write_file
from hologram.stdlib.bundle import BUNDLE, FAMILIES


def programs() -> list[Program]:
    """The programs of all kernel files, in their order; source paths are as they stand in the package."""
    found = []
    for family in FAMILIES:
        text = (Path(__file__).parent / f"{family}.py").read_text(encoding="utf-8")
        for unit in compile_source(text, f"hologram/stdlib/{family}.py"):
            found.append(Program.of(unit.program, metadata={"doc": unit.doc, "llvm": llvm_version()}))
    return found


def build(targets: tuple[str, ...] = tuple(BASELINES)) -> bytes:
    """The bytes of the bundled file with native code for the targets named."""
    backend = CpuBackend()
    entries = []
    for program in programs():
        sections = [TargetSection(f"cpu:{target}", backend.object_for(program, target)) for target in targets]
        entries.append(Entry(program, tuple(sections)))
    return encode(entries)


def main() -> int:
    """Write the bundled file; prints its size and what it holds."""
    data = build()
    write_file(BUNDLE, data)
    sys.stdout.write(f"{BUNDLE.name}: {len(data)} bytes, {len(programs())} kernels for {', '.join(BASELINES)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
