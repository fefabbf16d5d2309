"""The bundled file: which kernels it holds, and reading them back. The package's own file is trusted."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hologram.errors import KernelNotFoundError
from hologram.isa.binary import Entry, decode
from hologram.language.kernel import Kernel, kernel_type
from hologram.language.program import Program
from hologram.runtime.files import read_file

FAMILIES = ("vector", "activation", "math", "matrix")
BUNDLE = Path(__file__).parent / "bundled.atlas"


@cache
def _entries() -> dict[str, Entry]:
    return {entry.program.name: entry for entry in decode(read_file(BUNDLE))}


def names() -> tuple[str, ...]:
    """The names of the bundled kernels."""
    return tuple(_entries())


@cache
def bundled(name: str) -> Kernel:
    """A kernel of the standard library by name, from the compiled file: no Python is parsed, nothing is generated."""
    entry = _entries().get(name)
    if entry is None:
        raise KernelNotFoundError(f"the standard library has no '{name}'; it has {', '.join(names())}")
    return kernel_type()(program=Program.of(entry.program, entry.sections))
