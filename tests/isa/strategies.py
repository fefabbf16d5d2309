"""Hypothesis strategies for programs: any that can be written down, and ones that pass the verifier."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from hologram.errors import Location
from hologram.isa.affine import Poly
from hologram.isa.builder import Builder, immediate
from hologram.isa.instructions import TABLE, OperandSpec
from hologram.isa.operands import (
    Condition,
    Field,
    Imm,
    Label,
    Operand,
    PhiCoordinate,
    Pred,
    Reg,
    RegisterIndirect,
    RegisterIndirectComputed,
    Scope,
    Slot,
    SlotOffset,
    Special,
)
from hologram.isa.program import Instruction, Param, Program
from hologram.isa.variables import Variable
from hologram.types import FLOATS, INTEGERS, Type

REGISTERS = st.integers(0, 255).map(Reg)
PREDICATES = st.integers(0, 15).map(Pred)
OFFSETS = st.integers(-(1 << 40), 1 << 40)
NAMES = st.sampled_from(["x", "y", "n", "r1", "p3", "phi", "größe", "_", "none", "loop", "f32", "कि"])
LABELS = st.sampled_from(["end", "loop1", "a.b", "r0", "program", "größe", "none"])
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)


def slots(count: int) -> st.SearchStrategy[Slot]:
    """Any field of any of `count` parameters."""
    return st.one_of(
        st.integers(0, count - 1).map(Slot),
        st.builds(Slot, st.integers(0, count - 1), st.sampled_from([Field.SHAPE, Field.STRIDE]), st.integers(0, 2)),
    )


def addresses(count: int) -> st.SearchStrategy[Operand]:
    """All four addressing modes."""
    modes: list[st.SearchStrategy[Operand]] = [
        st.builds(PhiCoordinate, st.integers(0, 95), st.integers(0, 47), st.integers(0, 255)),
        st.builds(RegisterIndirect, REGISTERS, OFFSETS),
        st.builds(RegisterIndirectComputed, REGISTERS, REGISTERS),
    ]
    return st.one_of(*modes, *([st.builds(SlotOffset, st.integers(0, count - 1), OFFSETS)] if count else []))


def immediates(type: Type) -> st.SearchStrategy[Imm]:
    """All bit patterns of a type."""
    return st.integers(0, (1 << type.bits) - 1).map(Imm)


def operands(spec: OperandSpec, type: Type | None, params: int, labels: Sequence[str]) -> st.SearchStrategy[Operand]:
    """Operands that fit one position of the table."""
    number = st.integers(0, (1 << int(spec.kind[1:])) - 1) if spec.kind in ("u8", "u16", "u32", "u64") else st.nothing()
    kinds: dict[str, st.SearchStrategy[Operand]] = {
        "reg": REGISTERS,
        "src": REGISTERS if type is None else REGISTERS | immediates(type),
        "imm": immediates(type or Type.U64),
        "pred": PREDICATES,
        "guard": st.none() | st.builds(Pred, st.integers(0, 15), st.booleans()),
        "label": st.sampled_from(list(labels)).map(Label) if labels else st.nothing(),
        "addr": addresses(params),
        "slot": slots(params) if params else st.nothing(),
        "sreg": st.sampled_from(Special),
        "cond": st.sampled_from(Condition),
        "scope": st.sampled_from(Scope),
        "f64": st.floats(),
    }
    return kinds.get(spec.kind, number)


@st.composite
def instructions(draw: st.DrawFn, params: int, labels: Sequence[str]) -> Instruction:
    """An instruction of the right shape whose meaning may still be wrong."""
    missing = {kind for kind, names in (("label", labels), ("slot", params)) if not names}
    spec = draw(st.sampled_from([s for s in TABLE if not missing & {o.kind for o in s.operands}]))
    element = draw(st.sampled_from(sorted(spec.types, key=lambda t: t.value))) if spec.typed else None
    source = draw(st.sampled_from(Type)) if any(o.type == "S" for o in spec.operands) else None
    shape = Instruction(spec.name, element, (), source)
    args = [draw(operands(o, shape.operand_type(i), params, labels)) for i, o in enumerate(spec.operands)]
    return Instruction(spec.name, element, tuple(args), source)


def parameters() -> st.SearchStrategy[list[Param]]:
    """Arrays and scalars with distinct names."""
    arrays = st.builds(
        Param, NAMES, st.just("array"), st.sampled_from(Type), st.integers(1, 3), st.sampled_from(["r", "w", "rw"])
    )
    integers = st.builds(lambda n, v: Param(n, "scalar", Type.I64, default=v), NAMES, st.none() | st.integers(-9, 9))
    floats = st.builds(lambda n, v: Param(n, "scalar", Type.F64, default=v), NAMES, st.none() | st.floats())
    return st.lists(arrays | integers | floats, max_size=4, unique_by=lambda p: p.name)


def polynomials(count: int) -> st.SearchStrategy[Poly]:
    """Small polynomials over the slots of `count` parameters."""
    monomials = st.lists(slots(count), max_size=2) if count else st.just([])
    terms = st.lists(st.tuples(monomials, st.integers(-(1 << 40), 1 << 40)), max_size=3)

    def build(pairs: list[tuple[list[Slot], int]]) -> Poly:
        total = Poly()
        for monomial, coefficient in pairs:
            term = Poly.const(coefficient)
            for slot in monomial:
                term = term * Poly.slot(slot)
            total = total + term
        return total

    return terms.map(build)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Any program that the text and file forms can hold; most break some rule of the verifier."""
    params = draw(parameters())
    labels = draw(st.lists(LABELS, max_size=3, unique=True))
    code = draw(st.lists(instructions(len(params), labels), max_size=8))
    files, numbers = st.sampled_from(["a.py", "k/b.py", "<text>"]), st.integers(1, 99)
    places = st.none() | st.builds(Location, files, st.integers(1, 999), numbers, numbers)
    return Program(
        draw(st.sampled_from(["saxpy", "a.b", "two words", '"quoted"', "größe", "none"])),
        tuple(params),
        tuple(code),
        {name: draw(st.integers(0, len(code))) for name in labels},
        tuple(draw(st.lists(polynomials(len(params)), max_size=3))),
        draw(st.sampled_from([0, 64, 1 << 20])),
        draw(st.sampled_from([frozenset(), frozenset({"fast"})])),
        tuple(draw(st.lists(places, min_size=len(code), max_size=len(code)))) if draw(st.booleans()) else (),
        draw(st.dictionaries(TEXTS, TEXTS, max_size=2)),
        tuple(draw(st.lists(TEXTS, max_size=3))),
        tuple(draw(st.lists(variables(len(code)), max_size=3))),
    )


@st.composite
def variables(draw: st.DrawFn, end: int) -> Variable:
    """A variable of a program with so many instructions."""
    first, last = sorted((draw(st.integers(0, end)), draw(st.integers(0, end))))
    ty = draw(st.sampled_from([None, *Type]))
    place = Pred(draw(st.integers(0, 15))) if ty is None else Reg(draw(st.integers(0, 255)))
    return Variable(draw(st.sampled_from(["total", "größe", "square2.x"])), place, ty, first, last)


UNARY = {True: ("ABS", "NEG", "MOV", "SQRT"), False: ("MOV", "NOT", "POPC")}
BINARY = ("ADD", "SUB", "MUL", "MIN", "MAX", "DIV")


@st.composite
def valid_programs(draw: st.DrawFn) -> Program:
    """Guarded element-wise programs, some with a loop, that pass the verifier: out[i] = f(x[i], …) for i < n."""
    element = draw(st.sampled_from(sorted(FLOATS | INTEGERS, key=lambda t: t.value)))
    b = Builder("generated")
    x, out, n = b.array("x", element), b.array("out", element, access="rw"), b.scalar("n", Type.I64)
    lane, limit, hx, ho, offset, value, count = (b.reg() for _ in range(7))
    guard, end = b.pred(), b.label("end")
    b.emit("MOV_SREG", Type.I64, lane, Special.GLOBAL_X)
    b.emit("MOV_PARAM", Type.I64, limit, Slot(n))
    b.emit("SETcc", Type.I64, Condition.GE, guard, lane, limit)
    b.emit("BRA", None, end, guard)
    b.emit("MOV_PARAM", Type.U64, hx, Slot(x))
    b.emit("MOV_PARAM", Type.U64, ho, Slot(out))
    b.emit("MUL", Type.I64, offset, lane, immediate(Type.I64, element.size))
    b.emit("LDG", element, value, RegisterIndirectComputed(hx, offset))
    defined = [value]
    body = b.label("body")
    looped = draw(st.booleans())
    if looped:
        b.emit("MOV_IMM", Type.U32, count, immediate(Type.U32, draw(st.integers(0, 5))))
        b.place(body)
    for _ in range(draw(st.integers(1, 6))):
        target = draw(st.sampled_from(defined)) if len(defined) > 3 else b.reg()
        source = draw(st.sampled_from(defined))
        if draw(st.booleans()):
            b.emit(draw(st.sampled_from(UNARY[element.is_float])), element, target, source)
        else:
            other = draw(st.sampled_from(defined).map(lambda r: r) | immediates(element))
            b.emit(draw(st.sampled_from(BINARY)), element, target, source, other)
        defined.append(target)
    if looped:
        b.emit("LOOP", None, count, body)
    b.emit("STG", element, defined[-1], RegisterIndirectComputed(ho, offset))
    b.place(end)
    return b.build([Poly.slot(Slot(n))])


def parts(program: Program) -> tuple[object, ...]:
    """Everything in a program as comparable values (labels in order, NaNs by their text)."""
    content = (program.name, program.params, program.instructions, sorted(program.labels.items()), program.extent)
    return (
        repr((*content, program.shared_bytes, program.flags)),
        program.debug,
        dict(program.metadata),
        program.messages,
        program.variables,
    )
