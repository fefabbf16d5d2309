"""Which variables can be looked at: those whose register cannot hold anything else."""

from __future__ import annotations

import pytest

from hologram.errors import AssemblyError, ProgramFormatError
from hologram.frontend import compile_source
from hologram.isa import binary
from hologram.isa.builder import Builder
from hologram.isa.cfg import build_cfg
from hologram.isa.operands import Pred, Reg
from hologram.isa.program import Program
from hologram.isa.text import assemble
from hologram.isa.variables import Variable
from hologram.isa.verify import verify
from hologram.isa.visible import Visible
from hologram.types import Type

SOURCE = """
from hologram.language import *
@device
def cube(x: f32) -> f32:
    y = x * x
    return y * x
@kernel
def k(x: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        total = f32(0)
        for a in range(3):
            part = cube(x[i]) + cube(2.0)
            total += part
        big = total > 3
        if big:
            n = n + 1
            extra = x[n]
            total = total + extra
        x[i] = total
"""


def by_line(program: Program) -> dict[int, set[str]]:
    """The names visible before the last instruction of each source line."""
    facts = verify(program)
    visible = Visible(program, facts, build_cfg(facts.program))
    places = [facts.program.location(i) for i in range(len(facts.program.instructions))]
    return {p.line: {v.name for v in visible.at(i)} for i, p in enumerate(places) if p is not None}


def test_variables_of_a_kernel_line_by_line() -> None:
    (unit,) = compile_source(SOURCE, "k.py")
    lines = by_line(unit.program)
    assert lines[11] == {"n", "i"}
    assert lines[14] == {"n", "i", "total", "a", "part"}
    assert lines[5] >= {"n", "i", "total", "a", "cube2.x"}
    assert lines[19] >= {"n", "i", "total", "big", "extra"}
    types = {v.name: v.type for v in unit.program.variables}
    assert types["n"] is Type.U32 and types["i"] is Type.I64 and types["big"] is None and types["cube.y"] is Type.F32


def test_a_register_that_may_hold_another_value_shows_no_variable() -> None:
    b = Builder("k")
    b.array("x", Type.F32, access="w")
    index = b.global_id()
    spare = b.mov_imm(7, type=Type.I64)
    b.release(spare)
    with b.if_(b.set("lt", index, 3)):
        inside = b.reg()
        assert inside == spare.reg
        b.variable(inside, "late", Type.I64)
        b.emit("MOV", Type.I64, inside, index.reg)
        b.emit("MOV", Type.I64, b.reg(), inside)
    b.emit("MOV", Type.I64, b.reg(), index.reg)
    program = b.build()
    facts = verify(program)
    visible = Visible(program, facts, build_cfg(facts.program))
    assert [[v.name for v in visible.at(i)] for i in range(len(program.instructions))][-2:] == [["late"], []]


def test_variables_are_debug_data() -> None:
    (unit,) = compile_source(SOURCE, "k.py")
    bare = Program(**{**{f: getattr(unit.program, f) for f in Program.__dataclass_fields__}, "variables": ()})
    assert bare.digest == unit.program.digest and bare.debug_digest != unit.program.debug_digest


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (".variable x: f32 p0 0 1", "a register, r0 to r255"),
        (".variable x: bool r0 0 1", "a predicate, p0 to p15"),
        (".variable x: f31 r0 0 1", "f31"),
        (".variable x: f32 r0 2 1", "'x' ends before it starts"),
        (".variable x: f32 r0 0 9", "'x' ends behind the program's 1 instructions"),
    ],
)
def test_wrong_variables_in_a_text(line: str, message: str) -> None:
    with pytest.raises(AssemblyError, match=message):
        assemble(f".program k\n{line}\nexit\n")


@pytest.mark.parametrize(
    "variable",
    [
        Variable("a b", Reg(0), Type.F32, 0, 1),
        Variable("x", Pred(0), Type.F32, 0, 1),
        Variable("x", Reg(0), None, 0, 1),
        Variable("x", Reg(256), Type.F32, 0, 1),
        Variable("x", Reg(0), Type.F32, 0, 2),
        Variable("x", Reg(0), Type.F32, 1, 0),
    ],
)
def test_wrong_variables_are_not_written_to_a_file(variable: Variable) -> None:
    program = assemble(".program k\nexit\n")
    with pytest.raises(ProgramFormatError):
        binary.encode([Program("k", (), program.instructions, variables=(variable,))])


def test_a_file_with_too_many_variables_shows_none() -> None:
    """The work is bounded, whatever a program file says."""
    b = Builder("k")
    value = b.mov_imm(1, type=Type.I64)
    for _ in range(600):
        b.place(b.label("here"))
        b.emit("MOV", Type.I64, value.reg, value.reg)
    program = b.build()
    many = tuple(Variable(f"v{n}", Reg(n % 200), Type.I64, 0, len(program.instructions)) for n in range(1000))
    program = Program("k", (), program.instructions, program.labels, variables=many)
    facts = verify(program)
    visible = Visible(program, facts, build_cfg(facts.program))
    assert visible.at(len(program.instructions) - 1) == ()
