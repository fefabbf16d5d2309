"""Builds `bundled.atlas` and `operations.atlas`: `python -m hologram.stdlib.build`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from hologram.backends.cpu import CpuBackend
from hologram.backends.cpu.targets import BASELINES
from hologram.backends.llvm.jit import llvm_version
from hologram.frontend import compile_source
from hologram.isa.binary import Entry, TargetSection, encode
from hologram.isa.templates.folds import Folding, launch_fold, launch_fold_name
from hologram.isa.templates.formula import Source, mapped
from hologram.isa.templates.products import PACKED_ROWS, Product
from hologram.language.program import Program
from hologram.operators import REDUCTIONS, TABLE
from hologram.runtime.files import write_file
from hologram.stdlib.bundle import BUNDLE, FAMILIES, OPERATIONS
from hologram.types import Type


def programs() -> list[Program]:
    """The programs of all kernel files, in their order; source paths are as they stand in the package."""
    found = []
    for family in FAMILIES:
        text = (Path(__file__).parent / f"{family}.py").read_text(encoding="utf-8")
        for unit in compile_source(text, f"hologram/stdlib/{family}.py"):
            found.append(Program.of(unit.program, metadata={"doc": unit.doc, "llvm": llvm_version()}))
    return found


OPERATORS = (
    *("add", "mul", "sub", "div", "min", "max", "neg", "abs", "square", "sqrt", "exp", "log", "sin", "cos", "tanh"),
    *("sigmoid", "relu", "silu", "gelu"),
)
"""The operators whose programs on vectors of f32 are shipped."""
SHIPPED_REDUCTIONS = ("sum", "min", "max", "dot")
"""The reductions of whole vectors of f32 that are."""


PRODUCTS = (
    (Product(Type.F32, Type.F32, Type.F32, Type.F32), "products of matrices"),
    (Product(Type.F32, Type.F32, Type.F32, Type.F32, PACKED_ROWS), "products of matrices of nine to twelve rows"),
    (Product(Type.F32, Type.F32, Type.F32, Type.F32, 1, b_turned=True), "products of matrices and vectors"),
)
"""The programs on matrices of f32 that are shipped."""


def operations() -> list[Program]:
    """The programs of the most used operations, as their templates make them."""
    found = []
    for row in (TABLE[name] for name in OPERATORS):
        program = mapped(row.name, row.formula, [Source(Type.F32)] * row.arity, Type.F32, Type.F32, 1)
        found.append(Program.of(program, metadata={"doc": row.meaning, "llvm": llvm_version()}))
    for one in (REDUCTIONS[name] for name in SHIPPED_REDUCTIONS):
        folding = Folding(one.folds, (Type.F32,), (Type.F32,) * one.arity, Type.F32)
        program = launch_fold(launch_fold_name(one.name, folding, 1), folding, 1)
        found.append(Program.of(program, metadata={"doc": one.meaning, "llvm": llvm_version()}))
    for product, meaning in PRODUCTS:
        found.append(Program.of(product.program(), metadata={"doc": meaning, "llvm": llvm_version()}))
    return found


def build(found: Sequence[Program], targets: tuple[str, ...] = tuple(BASELINES)) -> bytes:
    """The bytes of a bundled file with native code for the targets named."""
    backend = CpuBackend()
    entries = []
    for program in found:
        sections = [TargetSection(f"cpu:{target}", backend.object_for(program, target)) for target in targets]
        entries.append(Entry(program, tuple(sections)))
    return encode(entries)


def main() -> int:
    """Write the bundled files; prints their sizes and what they hold."""
    for path, found in ((BUNDLE, programs()), (OPERATIONS, operations())):
        data = build(found)
        write_file(path, data)
        sys.stdout.write(f"{path.name}: {len(data)} bytes, {len(found)} programs for {', '.join(BASELINES)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
