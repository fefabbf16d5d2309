"""The listing of an optimised program is that program, and says what became of every instruction."""

from __future__ import annotations

import re

from hologram.backends.optimiser import optimise
from hologram.isa.optimise import listing
from hologram.isa.text import assemble
from tests.differential import generate

TEXT = """.program p
.param out: i32[1] w

.loc none
    call @twice
    mov_param.u64 r4, out
    stg.i32 [r4 + 0], r2
    exit
twice:
    mov_imm.i32 r1, 3
    add.i32 r2, r1, r1
    ret
"""


def test_what_changed_and_what_went_is_said_in_its_place() -> None:
    assert (
        listing(optimise(assemble(TEXT)))
        == """\
; 5 instructions with its calls inlined, 4 optimised
;   constants  1 rewritten, 0 left out
;   dead       0 rewritten, 1 left out
.program p
.param out: i32[1] w

.loc none
    ; - mov_imm.i32 r1, 3
    ; was add.i32 r2, r1, r1
    mov_imm.i32 r2, 6
    mov_param.u64 r4, out
    stg.i32 [r4 + 0], r2
    exit
"""
    )


def test_what_goes_at_the_end_is_listed_last() -> None:
    text = ".program p\n\nhere:\n    bra @end\nend:\n"
    assert listing(optimise(assemble(text))).splitlines()[-1] == "    ; - bra @end"


def test_listings_assemble_to_the_optimised_program_and_miss_nothing() -> None:
    for seed in range(20):
        made = optimise(generate.program(seed)[0])
        text = listing(made)
        assert assemble(text) == made.program
        gone = len(re.findall("^    ; - ", text, re.MULTILINE))
        assert gone == made.removed == sum(left_out for _, left_out in made.tally.values())
