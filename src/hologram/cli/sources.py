"""Reading whatever holds kernels: .py, .json, .atlasm, .atlas and .sigil files become verified programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from hologram.errors import KernelFileError, KernelNotFoundError, UnsupportedError
from hologram.language.program import Program, load_library
from hologram.runtime.files import read_file, write_file

if TYPE_CHECKING:
    from hologram.circuit import CompiledCircuit
    from hologram.frontend import Unit

Programs = tuple[Program, ...]
CIRCUIT = ".sigil"
"""The suffix of circuit text."""
MAX_TEXT = 1 << 24
"""Most bytes of a text that are read."""


def split_target(target: str) -> tuple[Path, str | None]:
    """`FILE[:KERNEL]` as a path and a kernel's name; a file that exists under the whole text wins."""
    head, colon, name = target.rpartition(":")
    if colon and name.isidentifier() and not Path(target).exists():
        return Path(head), name
    return Path(target), None


def load_target(target: str, trust: bool = False) -> Programs:
    """The programs `FILE[:KERNEL]` names: one, or all of the file.

    Raises `KernelFileError`, `KernelNotFoundError`, or whatever the reader of that kind of file raises.
    """
    path, name = split_target(target)
    found = load(path, trust)
    if name is None:
        return found
    chosen = tuple(program for program in found if program.name == name)
    if not chosen:
        raise KernelNotFoundError(f"{path} has no kernel '{name}'; it has {names(found)}")
    return chosen


def load_one(target: str, trust: bool = False) -> Program:
    """The single kernel `FILE[:KERNEL]` names; refused when the file holds several and none is named."""
    found = load_target(target, trust)
    if len(found) != 1:
        raise KernelNotFoundError(f"{target} holds {len(found)} kernels: name one as {target}:NAME ({names(found)})")
    return found[0]


def load(path: Path, trust: bool = False) -> Programs:
    """All programs of a file, read by its suffix and verified; nothing in it is executed.

    `trust` is that of `Program.load`; a Python source is trusted as it is.
    """
    reader = READERS.get(path.suffix)
    if reader is None:
        raise UnsupportedError(f"{path}: unknown kind of file '{path.suffix}'; kernels come as {', '.join(READERS)}")
    found = reader(path, trust)
    if not found:
        raise KernelNotFoundError(f"{path} holds no kernel")
    return found


def read_text(path: Path) -> str:
    """A UTF-8 file's content; raises `KernelFileError`."""
    try:
        return read_file(path, MAX_TEXT).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise KernelFileError(f"cannot read {path}: not UTF-8 text (byte {error.start})") from error


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, in a directory that is made if need be; raises `KernelFileError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KernelFileError(f"cannot make {path.parent}: {error.strerror or error}") from error
    write_file(path, data)


def names(programs: Programs) -> str:
    """The programs' names for a message."""
    return ", ".join(program.name for program in programs)


def _of_units(units: Iterable[Unit], trusted: bool) -> Programs:
    return tuple(Program.of(unit.program, trusted=trusted, tree=unit.tree) for unit in units)


def _read_python(path: Path, trust: bool) -> Programs:
    from hologram.frontend import compile_source

    return _of_units(compile_source(read_text(path), str(path)), trusted=True)


def _read_json(path: Path, trust: bool) -> Programs:
    from hologram.frontend import compile_tree, schema

    return _of_units(
        (compile_tree(tree, file=str(path)) for tree in schema.loads(read_file(path, schema.MAX_BYTES))), trust
    )


def _read_assembly(path: Path, trust: bool) -> Programs:
    from hologram.isa.text import assemble
    from hologram.isa.verify import verify

    program = assemble(read_text(path), file=str(path))
    verify(program)
    return (Program.of(program, trusted=trust),)


def _read_program_file(path: Path, trust: bool) -> Programs:
    return tuple(load_library(path, trust).values())


def _read_circuit(path: Path, trust: bool) -> Programs:
    return tuple(Program.of(step.program, trusted=trust) for step in read_circuit(path).steps)


def read_circuit(path: Path) -> CompiledCircuit:
    """The compiled circuit of a text file; raises `CircuitError`."""
    from hologram.circuit import compile_circuit

    return compile_circuit(read_text(path), file=str(path))


READERS: dict[str, Callable[[Path, bool], Programs]] = {
    ".py": _read_python,
    ".json": _read_json,
    ".atlasm": _read_assembly,
    ".atlas": _read_program_file,
    CIRCUIT: _read_circuit,
}
