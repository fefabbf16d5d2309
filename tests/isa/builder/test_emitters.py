"""Every instruction is a method of the builder, made from its row; wrong operands are refused by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from hologram.errors import BuildError
from hologram.isa.builder import Builder, Value, immediate
from hologram.isa.builder.emitters import given, method_name
from hologram.isa.instructions import BY_NAME, TABLE, Spec
from hologram.isa.operands import Condition, Imm, Pred, Reg, RegisterIndirect, Slot
from hologram.isa.program import Instruction
from hologram.types import Type


def sample(b: Builder, spec: Spec, kind: str, type: Type) -> Any:
    """Something legal for an operand of a kind."""
    plain: dict[str, Callable[[], Any]] = {
        "reg": lambda: b.mov_imm(1, type=type),
        "src": lambda: 1,
        "pred": b.pred,
        "guard": lambda: None,
        "imm": lambda: 1,
        "label": lambda: b.label("body"),
        "addr": lambda: RegisterIndirect(Reg(3), 0),
        "slot": lambda: 0,
        "sreg": lambda: "global.x",
        "cond": lambda: "eq",
        "scope": lambda: "block",
        "f64": lambda: 0.5,
    }
    return plain.get(kind, lambda: 2)()


@pytest.mark.parametrize("spec", TABLE, ids=lambda s: s.name)
def test_every_row_has_an_emitter(spec: Spec) -> None:
    b = Builder("p")
    type = Type.F32 if Type.F32 in spec.types else next((t for t in Type if t in spec.types), Type.I64)
    b.scalar("s", type)
    of = {"T": type, "S": Type.I32}
    args = [sample(b, spec, o.kind, of.get(o.type) or Type[o.type]) for o in given(spec)]
    before = len(b.build().instructions)
    named = {"type": type} if spec.typed else {}
    result = getattr(b, method_name(spec))(*args, **named)
    written = next((o for o in spec.operands if o.written), None)
    if written is None or spec.name == "LOOP":
        assert result is None
    elif written.kind == "pred":
        assert isinstance(result, Pred)
    else:
        assert isinstance(result, Value) and result.type is (of.get(written.type) or Type[written.type])
    made = b.build().instructions[before:][-1]
    assert made.op == spec.name and len(made.args) == len(spec.operands)
    assert made.type is (type if spec.typed else None)


def test_emitters_are_listed_and_described() -> None:
    b = Builder("p")
    assert {method_name(s) for s in TABLE} <= set(dir(b))
    assert not [s.name for s in TABLE if hasattr(Builder, method_name(s))], "a method hides an instruction"
    assert str(inspect.signature(b.fma)) == "(a, b, c, /, *, type=None, into=None)"
    assert str(inspect.signature(b.bra)) == "(target, guard=None, /)"
    assert b.fma.__doc__ == f"FMA: {BY_NAME['FMA'].doc}."
    with pytest.raises(AttributeError, match="no 'fadd', and there is no instruction of that name"):
        _ = b.fadd


def test_types_come_from_the_values_and_numbers_become_immediates() -> None:
    b = Builder("p")
    x = b.mov_imm(2, type=Type.F16)
    assert b.add(x, 0.5) == Value(Reg(1), Type.F16)
    assert b.fma(x, x, 3.0).type is Type.F16
    assert b.shl(b.mov_imm(1, type=Type.I8), 3).type is Type.I8
    p = b.set(Condition.LT, x, 1)
    assert b.sel(p, 1, x).type is Type.F16
    code = b.build().instructions
    assert code[1] == Instruction("ADD", Type.F16, (Reg(1), Reg(0), immediate(Type.F16, 0.5)))
    assert [i.op for i in code] == ["MOV_IMM", "ADD", "MOV_IMM", "FMA", "MOV_IMM", "SHL", "SETcc", "MOV_IMM", "SEL"]
    assert code[5].args[2] == Imm(3)


def test_results_may_go_into_a_value_that_exists() -> None:
    b = Builder("p")
    total = b.mov_imm(0, type=Type.I32)
    assert b.add(total, 1, into=total) is total
    p = b.pred()
    assert b.set("eq", total, 1, into=p) is p
    assert b.cvt(total, type=Type.F64).type is Type.F64


def test_slots_and_coordinates_have_their_types() -> None:
    b = Builder("p")
    x, s = b.array("x", Type.F32, 2), b.scalar("s", Type.BF16)
    assert b.mov_param(s).type is Type.BF16
    assert b.mov_param(x).type is Type.U64
    assert b.mov_sreg("lane.y").type is Type.I64
    assert b.mov_sreg("lane.y", type=Type.U32).type is Type.U32
    with pytest.raises(BuildError, match="no parameter slot 2; there are 2"):
        b.mov_param(Slot(2))


def i32(b: Builder) -> Value:
    value: Value = b.mov_imm(1, type=Type.I32)
    return value


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (
            lambda b: b.add(i32(b), b.mov_imm(1, type=Type.F32)),
            r"ADD: operand b is f32, i32 is needed; convert",
        ),
        (lambda b: b.add(i32(b)), r"ADD takes \(a, b\): 2 operands, got 1"),
        (lambda b: b.sqrt(i32(b)), r"SQRT does not exist for i32; it does for f16 bf16 f32 f64"),
        (lambda b: b.mov_imm(1), r"MOV_IMM: no operand tells the type; give type="),
        (lambda b: b.add(i32(b), 0.5), r"ADD: operand b is 0.5, which is no i32"),
        (lambda b: b.add(i32(b), "x"), r"ADD: operand b is a value of i32 or a number, not 'x'"),
        (lambda b: b.add(i32(b), True), r"ADD: operand b is a value of i32 or a number, not True"),
        (lambda b: b.set("lower", i32(b), 1), r"SETcc: cond is one of eq, ne, lt, .*, not 'lower'"),
        (lambda b: b.pand(b.pred(), i32(b)), r"PAND: operand b cannot be Value"),
        (
            lambda b: b.add(i32(b), 1, into=b.mov_imm(1, type=Type.I64)),
            r"ADD writes i32, which cannot go into r\d: i64",
        ),
        (lambda b: b.set("eq", i32(b), 1, into=i32(b)), r"SETcc writes a predicate, not r\d: i32"),
        (lambda b: b.bar_sync(0, type=Type.I32), r"BarSync has no type, got type=i32"),
        (lambda b: b.cvt(3, type=Type.F32), r"CVT: operand a is a value, not 3"),
        (lambda b: b.ldg(i32(b), type=Type.F32), r"LDG: operand addr is an address, for instance b.at\(view, i\)"),
        (lambda b: b.emit("FADD", Type.F32), r"there is no instruction 'FADD'"),
    ],
)
def test_mistakes_are_refused_by_name(write: Callable[[Builder], object], message: str) -> None:
    with pytest.raises(BuildError, match=message):
        write(Builder("p"))
