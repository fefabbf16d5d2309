"""The generated manual: complete, and its examples are real text."""

from __future__ import annotations

from hologram.isa.instructions import TABLE
from hologram.isa.manual import example, manual, type_names
from hologram.isa.text import assemble, spell
from hologram.types import Type

HEAD = ".program example\n.param x: f32[1] rw\n.param a: f32\nbody: "


def test_every_instruction_has_its_entry() -> None:
    page = manual()
    for spec in TABLE:
        assert page.count(f"\n#### {spec.name}\n") == 1
    assert all(f"| `{t.value}` |" in page for t in Type)


def test_examples_assemble_to_what_they_show() -> None:
    for spec in TABLE:
        ins = example(spec)
        text = spell(assemble(HEAD + "exit"), ins)
        assert f"- Example: `{text}`" in manual()
        assert assemble(HEAD + text).instructions == (ins,)


def test_type_sets_have_names() -> None:
    assert {type_names(s.types) for s in TABLE if s.typed} == {
        "all",
        "floats",
        "integers",
        "integers, f32, f64",
        "signed integers, floats",
        "i64, u32, u64",
    }
