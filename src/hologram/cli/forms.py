"""The forms programs are written out in: program file, tree as JSON, assembly text, LLVM IR, machine code, C header."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hologram.cli.sources import Programs, names
from hologram.errors import UnsupportedError
from hologram.language.program import TREE, Program

if TYPE_CHECKING:
    from hologram.frontend.tree import Kernel as Tree

HOST = "host"
SHIPPED_TARGETS = ("x86-64-v3", "x86-64-v4", "aarch64")
TARGETS = (HOST, *SHIPPED_TARGETS)


@dataclass(frozen=True)
class Form:
    """One form: the suffix of its files, whether one file holds several kernels, and its writer."""

    suffix: str
    several: bool
    write: Callable[[Programs, Sequence[str]], bytes]


def render(form: str, programs: Programs, targets: Sequence[str] = ()) -> bytes:
    """Write programs in a form; raises `UnsupportedError` for an unknown form, target or combination."""
    chosen = FORMS.get(form)
    if chosen is None:
        raise UnsupportedError(f"unknown form {reprlib.repr(form)}: choose one of {', '.join(FORMS)}")
    for target in targets:
        if target not in TARGETS:
            raise UnsupportedError(f"unknown target {reprlib.repr(target)}: choose from {', '.join(TARGETS)}")
    if len(programs) > 1 and not chosen.several:
        many = f"the file has {len(programs)} ({names(programs)})"
        raise UnsupportedError(f"'{form}' is a form of one kernel and {many}: name it as FILE:KERNEL")
    return chosen.write(programs, targets)


def _atlas(programs: Programs, targets: Sequence[str]) -> bytes:
    from hologram.isa.binary import Entry, TargetSection, encode

    if HOST in targets:
        raise UnsupportedError(f"a program file is for other machines too: name one of {', '.join(SHIPPED_TARGETS)}")
    entries = []
    for program in programs:
        sections = [TargetSection(f"cpu:{target}", _native(program, target)) for target in targets]
        entries.append(Entry(_with_tree(program), tuple(sections)))
    return encode(entries)


def _with_tree(program: Program) -> Program:
    from hologram.frontend import schema

    if program.tree is None:
        return program
    return replace(program, metadata={**program.metadata, TREE: schema.dumps([program.tree])})


def _json(programs: Programs, targets: Sequence[str]) -> bytes:
    from hologram.frontend import schema

    return schema.dumps([_tree(program) for program in programs]).rstrip("\n").encode() + b"\n"


def _assembly(programs: Programs, targets: Sequence[str]) -> bytes:
    return programs[0].disassemble().encode()


def _optimised(programs: Programs, targets: Sequence[str]) -> bytes:
    return programs[0].inspect("optimised").encode()


def _llvm(programs: Programs, targets: Sequence[str]) -> bytes:
    return _inspected(programs[0], "llvm", targets)


def _machine_text(programs: Programs, targets: Sequence[str]) -> bytes:
    return _inspected(programs[0], "asm", targets)


def _object(programs: Programs, targets: Sequence[str]) -> bytes:
    if len(targets) > 1:
        raise UnsupportedError("an object file is for one target: give --target once")
    return _native(programs[0], *(targets or (HOST,)))


def _header(programs: Programs, targets: Sequence[str]) -> bytes:
    from hologram.backends.llvm.c_header import c_header

    if targets:
        raise UnsupportedError("a C header is the same for every target: leave --target out")
    return c_header(programs[0]).encode()


def _inspected(program: Program, form: str, targets: Sequence[str]) -> bytes:
    if any(target != HOST for target in targets):
        raise UnsupportedError(f"the form '{form}' shows the code for this machine: leave --target out")
    return program.inspect(form).encode()


def _native(program: Program, target: str) -> bytes:
    from hologram.backends.cpu import CpuBackend

    return CpuBackend().object_for(program, target)


def _tree(program: Program) -> Tree:
    if program.tree is None:
        raise UnsupportedError(f"'{program.name}' carries no tree: compile its .py or .json source")
    return program.tree


FORMS: dict[str, Form] = {
    "atlas": Form(".atlas", True, _atlas),
    "json": Form(".json", True, _json),
    "tree": Form(".json", True, _json),
    "atlasm": Form(".atlasm", False, _assembly),
    "optimised": Form(".optimised.atlasm", False, _optimised),
    "llvm": Form(".ll", False, _llvm),
    "asm": Form(".s", False, _machine_text),
    "object": Form(".o", False, _object),
    "header": Form(".h", False, _header),
}
