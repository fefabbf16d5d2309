"""The bundled files: what they hold, and reading it back. The package's own files are trusted."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hologram.errors import KernelNotFoundError
from hologram.isa.binary import Entry, decode
from hologram.language.kernel import Kernel, kernel_type
from hologram.language.program import Program
from hologram.runtime.files import read_file

FAMILIES = ("vector", "activation", "math", "matrix", "search")
BUNDLE = Path(__file__).parent / "bundled.atlas"
OPERATIONS = Path(__file__).parent / "operations.atlas"


@cache
def _entries(path: Path = BUNDLE) -> dict[str, Entry]:
    return {entry.program.name: entry for entry in decode(read_file(path))}


def names() -> tuple[str, ...]:
    """The names of the bundled kernels."""
    return tuple(_entries())


@cache
def bundled(name: str) -> Kernel:
    """A kernel of the standard library by name, from the compiled file: no Python is parsed, nothing is generated."""
    entry = _entries().get(name)
    if entry is None:
        raise KernelNotFoundError(f"the standard library has no '{name}'; it has {', '.join(names())}")
    return _kernel(entry)


def shipped(name: str) -> Kernel | None:
    """The compiled program of an operation, by the name that its template gives it, where there is one."""
    entry = _entries(OPERATIONS).get(name)
    return None if entry is None else _kernel(entry)


def _kernel(entry: Entry) -> Kernel:
    return kernel_type()(program=Program.of(entry.program, entry.sections))
