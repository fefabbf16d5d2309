"""Regions without a meaning are refused, and the error names what is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hologram.errors import BuildError
from hologram.isa.region import Fold, Let, Operand, Output, Region
from hologram.isa.templates.regions import program
from hologram.types import Type

F32 = Type.F32
X, OUT = Operand("x", F32, ("sx", 1)), Operand("out", F32, ("so", 1))
FINE = Region("kk", (X,), (Let("y", ("NEG", "x"), F32),), (Output("y", OUT),))
WRONG = {
    "reads 'z', which nothing makes": replace(FINE, steps=(Let("y", ("NEG", "z"), F32),)),
    "'y' reads 'w', which comes later": replace(FINE, steps=(Let("y", ("NEG", "w"), F32), Let("w", ("NEG", "y"), F32))),
    "'y' reads 'y', which comes later": replace(FINE, steps=(Let("y", ("NEG", "y"), F32),)),
    "step 'x' has a name that is taken": replace(FINE, steps=(Let("x", ("NEG", "x"), F32),)),
    "a word 'NEGATE' that is in no formula": replace(FINE, steps=(Let("y", ("NEGATE", "x"), F32),)),
    "'y' is a fold, but no axis of 'kk' is reduced": replace(FINE, steps=(Fold("y", "ADD", "x", F32),)),
    "folds by ADD, MUL, MINP, MAXP, not by 'SUB'": replace(FINE, axes="kr", steps=(Fold("y", "SUB", "x", F32),)),
    "axes are one or more of 'k', 'w' and 'r', not 'kx'": replace(FINE, axes="kx"),
    "'x' has 2 strides for the axes 'k'": replace(FINE, axes="k"),
    "a stride of 'x' is 2: it is 0, 1 or the name": replace(FINE, inputs=(Operand("x", F32, ("sx", 2)),)),
    "without outputs": replace(FINE, outputs=()),
    "'out' stores 'z', which no step makes": replace(FINE, outputs=(Output("z", OUT),)),
    "'y' differs along axis 1, where output 'out' has stride 0": replace(
        FINE, outputs=(Output("y", Operand("out", F32, ("so", 0))),)
    ),
    "'x' is there twice": replace(FINE, outputs=(Output("y", Operand("x", F32, ("so", 1))),)),
    "'i1' is the name of a place": replace(FINE, numbers=(("i1", F32),)),
}


@pytest.mark.parametrize("message", WRONG)
def test_the_error_names_what_is_wrong(message: str) -> None:
    with pytest.raises(BuildError, match=message):
        program("wrong", WRONG[message])


def test_one_program_a_structure() -> None:
    assert program("neg", FINE) is program("neg", FINE)
    assert program("neg", FINE).digest != program("neg", replace(FINE, axes="kr", outputs=FINE.outputs)).digest
