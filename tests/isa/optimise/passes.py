"""What one pass makes of a program given as text."""

from __future__ import annotations

from hologram.backends.optimiser import evaluate
from hologram.isa.optimise import Code, Pass
from hologram.isa.text import assemble, spell
from hologram.isa.verify import verify

PARAMETERS = """.program p
.param x: i32[1] r
.param out: i32[1] w
.param n: i32
.param f: f32
"""


def code_of(text: str) -> Code:
    program = assemble(PARAMETERS + text)
    verify(program)
    return Code(program, tuple(range(len(program.instructions))), evaluate)


def after(each: Pass, text: str, times: int = 1) -> list[str]:
    """The instructions after a pass, with labels as `name:` before them; the result is verified."""
    code = code_of(text)
    for _ in range(times):
        code = code.edited(each(code))
    verify(code.program)
    return listing(code)


def listing(code: Code) -> list[str]:
    """Instructions and labels as text."""
    lines = []
    for index in range(len(code.instructions) + 1):
        lines += [f"{name}:" for name, at in code.program.labels.items() if at == index]
        lines += [spell(code.program, ins) for ins in code.instructions[index : index + 1]]
    return lines
