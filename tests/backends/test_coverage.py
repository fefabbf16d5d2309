"""The coverage table: complete, truthful about a made-up backend, and readable."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hologram.backends.base import Executable
from hologram.backends.coverage import render, table
from hologram.backends.interpreter import InterpreterBackend
from hologram.isa.instructions import TABLE, Spec
from hologram.isa.program import Program
from hologram.types import Type


@dataclass
class Toy:
    """A backend that adds f32 and f64, multiplies all but bf16, and exits."""

    name: str = "toy"

    def implements(self, spec: Spec, type: Type | None) -> bool:
        some = {"ADD": type in (Type.F32, Type.F64), "MUL": type is not Type.BF16, "EXIT": type is None}
        return some.get(spec.name, False)

    def compile(self, program: Program) -> Executable:
        raise AssertionError("the table must not compile")


def test_every_instruction_has_a_row() -> None:
    rows = table([Toy()])
    assert [row.mnemonic for row in rows] == [spec.name for spec in TABLE]
    implemented = {row.mnemonic: row.implemented["toy"] for row in rows if row.implemented["toy"]}
    assert implemented == {
        "ADD": {Type.F32, Type.F64},
        "MUL": set(Type) - {Type.BF16},
        "EXIT": {None},
    }


def test_cells_say_all_some_or_none() -> None:
    text = render(table([Toy(), InterpreterBackend()]))
    assert re.search(r"^instruction +toy +interpreter$", text, re.M)
    assert re.search(r"^ADD +f32 f64 +all$", text, re.M)
    assert re.search(r"^MUL +all but bf16 +all$", text, re.M)
    assert re.search(r"^EXIT +all +all$", text, re.M)
    assert re.search(r"^BarSync +- +all$", text, re.M)
    assert text.index("[arithmetic]") < text.index("\nADD ") < text.index("\nREM ") < text.index("[logic]")
    assert f"toy: 1 of {len(TABLE)} instructions for all their types, 2 for some" in text


def test_nothing_is_claimed_outside_the_table() -> None:
    backend = InterpreterBackend()
    for spec in TABLE:
        for ty in [*Type, None]:
            if ty not in (spec.types or {None}):
                assert not backend.implements(spec, ty)
