"""Compiling a text and running it on the interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hologram.backends.base import Domain
from hologram.backends.interpreter import InterpreterBackend
from hologram.frontend import Unit, compile_source
from hologram.isa.program import Program

HEADER = "from hologram.language import *\nimport math\n"


def unit(text: str) -> Unit:
    """The only kernel of a text (imports are added)."""
    (only,) = compile_source(HEADER + text, "kernel.py")
    return only


def program(text: str) -> Program:
    return unit(text).program


def body(parameters: str, *lines: str) -> str:
    """A kernel called `k`."""
    return f"@kernel\ndef k({parameters}):\n" + "".join(f"    {line}\n" for line in lines)


def launch(text_or_program: str | Program, arguments: Sequence[Any], lanes: int | Sequence[int] = 1) -> None:
    """Run a kernel on the interpreter over so many lanes."""
    made = program(text_or_program) if isinstance(text_or_program, str) else text_or_program
    sizes = [lanes] if isinstance(lanes, int) else list(lanes)
    x, y, z = [*sizes, 1, 1][:3]
    with np.errstate(all="ignore"):
        InterpreterBackend().compile(made).launch(list(arguments), Domain((x, y, z), (x, y, z), (1, 1, 1)))
