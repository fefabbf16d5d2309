"""The instruction table: its size, its grammar, and codes that never change."""

from __future__ import annotations

import pytest

from hologram.isa.instructions import BY_NAME, BY_TEXT, TABLE, TERMINATORS, Category, Spec
from hologram.types import Type

BASE = """
LDG STG LDS STS MOV MOV_IMM CVT ADD SUB MUL DIV MAD FMA MIN MAX ABS NEG AND OR XOR NOT SHL SHR SETcc SEL
BRA CALL RET LOOP EXIT BarSync MemFence ClsGet MIRROR UnityTest NbrCount NbrGet ResAccum PhaseGet PhaseAdv BoundMap
ReduceAdd ReduceMin ReduceMax ReduceMul EXP LOG LOG2 LOG10 SQRT RSQRT SIN COS TAN TANH SIGMOID
PoolAlloc PoolFree PoolLoad PoolStore
"""

REGISTERS, NUMBERS = {"reg", "src", "pred", "guard"}, {"imm", "u8", "u16", "u32", "u64", "f64"}
KINDS = REGISTERS | NUMBERS | {"label", "addr", "slot", "sreg", "cond", "scope"}


def test_codes_of_the_base_set_are_pinned() -> None:
    assert [s.name for s in TABLE if s.base] == BASE.split()
    assert [s.code for s in TABLE] == list(range(len(TABLE)))
    assert len(BASE.split()) == 60


def test_first_codes_of_the_extensions_are_pinned() -> None:
    names = ["REM", "PAND", "EXP2", "POPC", "MOV_PARAM", "ATOM_ADD", "BRED_ADD", "GRED_ADD", "Print", "Assert"]
    assert [BY_NAME[name].code for name in names] == [60, 63, 67, 82, 84, 86, 94, 98, 102, 103]


def test_counts_by_category() -> None:
    counts = {c: sum(s.base and s.category is c for s in TABLE) for c in Category}
    assert [counts[c] for c in list(Category)[:9]] == [7, 10, 8, 5, 2, 9, 4, 11, 4]
    assert not any(counts[c] for c in list(Category)[9:])


def test_names_and_texts_are_unique() -> None:
    assert len(BY_NAME) == len(BY_TEXT) == len(TABLE)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MOV_IMM", "mov_imm"),
        ("BarSync", "bar.sync"),
        ("MemFence", "memfence"),
        ("ClsGet", "cls.get"),
        ("MIRROR", "mirror"),
        ("ReduceAdd", "reduce.add"),
        ("LOG10", "log10"),
        ("PoolStore", "pool.store"),
        ("SETcc", "set"),
        ("ATOM_CAS", "atom_cas"),
        ("Print", "print"),
        ("Assert", "assert"),
    ],
)
def test_spelling_of_mnemonics(name: str, text: str) -> None:
    assert BY_NAME[name].text == text


@pytest.mark.parametrize("spec", TABLE, ids=lambda s: s.name)
def test_rows_follow_the_grammar(spec: Spec) -> None:
    assert spec.doc
    assert not spec.doc.endswith(".")
    names = [o.name for o in spec.operands]
    assert len(set(names)) == len(names)
    for operand in spec.operands:
        assert operand.kind in KINDS
        assert operand.type in {"T", "S"} | {t.name for t in Type}
        assert not operand.written or operand.kind in ("reg", "pred")
        if operand.kind in ("reg", "src", "imm") and operand.type == "T":
            assert spec.typed, "an operand of the instruction's type needs one"
    assert sum(o.written for o in spec.operands) <= 1
    assert sum(o.kind == "addr" for o in spec.operands) <= 1


def test_terminators_are_the_control_flow() -> None:
    assert {s.name for s in TABLE if s.category is Category.CONTROL} == TERMINATORS


def test_types_of_some_rows() -> None:
    assert Type.F16 in BY_NAME["FMA"].types
    assert Type.I32 not in BY_NAME["EXP"].types
    assert Type.U8 not in BY_NAME["NEG"].types
    assert BY_NAME["CVT"].types == frozenset(Type)
    assert not BY_NAME["BRA"].types
