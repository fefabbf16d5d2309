"""The values an abstract interpretation knows, and what each instruction makes of them.

A 64-bit register is described modulo 2**64 (its value differs from the description by a multiple of 2**64, so wrapping
arithmetic stays true), a narrower one exactly; narrow arithmetic, which may wrap, gives a variable of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Flag
from functools import reduce
from operator import or_

from hologram.isa.affine import Affine, Poly, Variable
from hologram.isa.builder import value_of
from hologram.isa.instructions import Category
from hologram.isa.operands import Condition, Field, Imm, Pred, Slot, Special
from hologram.isa.program import Instruction, Program
from hologram.types import Type

MAX_TERMS = 24
MAX_DEGREE = 4
MAX_PREDICATE = 32
MAX_CHOICES = 4
WIDE = frozenset({Type.I64, Type.U64})


class Origin(Flag):
    """What a value was made from."""

    NONE = 0
    DATA = 1
    """memory"""
    PLACE = 2
    """lane coordinates, loop counters, anything else that tells lanes or rounds apart"""
    PARAMETER = 4
    """scalar parameters and shapes"""

    __hash__ = object.__hash__  # Flag's own is a function in Python; there is one object of each value


@dataclass(frozen=True, slots=True)
class Value:
    """A register's content: an affine description where there is one, and what it was made from."""

    affine: Affine | None = None
    origin: Origin = Origin.PLACE


UNKNOWN = Value()


@dataclass(frozen=True, slots=True)
class Choice:
    """What a "choice" variable stands for: the smaller (MIN) or larger (MAX) of two values compared in a type.

    Or one value (both are the same) wrapped to a narrow type (WRAP).
    """

    op: str
    type: Type
    first: Affine
    second: Affine
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Opaque:
    """A predicate about which only its origin is known."""

    origin: Origin = Origin.PLACE
    size: int = 1


@dataclass(frozen=True, slots=True)
class Compare:
    """`left condition right`, compared in a type."""

    condition: Condition
    type: Type
    left: Value
    right: Value
    size: int = 1


@dataclass(frozen=True, slots=True)
class Combined:
    """`PAND`, `POR`, `PXOR` or `PNOT` of other predicates."""

    op: str
    parts: tuple[Predicate, ...]
    size: int


Predicate = Opaque | Compare | Combined


def origin_of(predicate: Predicate) -> Origin:
    """What a predicate was made from."""
    if isinstance(predicate, Opaque):
        return predicate.origin
    if isinstance(predicate, Compare):
        return predicate.left.origin | predicate.right.origin
    return union(origin_of(p) for p in predicate.parts)


def union(origins: Iterable[Origin]) -> Origin:
    """All of some origins together."""
    different = set(origins)
    return reduce(or_, different) if different else Origin.NONE


def bounded(affine: Affine | None) -> Affine | None:
    """The description if it is small: programs come from strangers, and products of sums grow fast."""
    if affine is None:
        return None
    polys = [affine.base, *(c for _, c in affine.terms)]
    small = sum(len(p.terms) for p in polys) <= MAX_TERMS and all(p.degree <= MAX_DEGREE for p in polys)
    return affine if small and all(abs(c) < 1 << 64 for p in polys for _, c in p.terms) else None


def constant(type: Type, imm: Imm) -> int:
    """An immediate's value; 64-bit ones as signed, which is the same modulo 2**64."""
    return int(value_of(Type.I64 if type is Type.U64 else type, imm))


def result(program: Program, instruction: Instruction, reads: Sequence[Value], preds: Mapping[int, Predicate]) -> Value:
    """The value an instruction writes."""
    sources = [reads[i] for i, s in enumerate(instruction.spec.operands) if not s.written and s.kind in ("reg", "src")]
    origin = union(v.origin for v in sources)
    if instruction.spec.is_memory or instruction.op == "PoolLoad":
        return Value(None, Origin.DATA)
    if instruction.spec.category in (Category.ATLAS, Category.REDUCE, Category.POOL):
        return UNKNOWN
    if instruction.op == "SEL" and isinstance(p := instruction.args[1], Pred):
        chosen = origin_of(preds.get(p.index, Opaque()))
        same = sources[0].affine if sources[0].affine == sources[1].affine else None
        return Value(same, origin | chosen)
    if instruction.op == "MOV_PARAM":
        return Value(_parameter(program, instruction), Origin.PARAMETER)
    if instruction.op == "MOV_SREG":
        return Value(_coordinate(instruction), Origin.PLACE)
    rule = _RULES.get(instruction.op)
    affines = [v.affine for v in sources]
    known = [a for a in affines if a is not None]
    affine = rule(instruction, known) if rule and len(known) == len(affines) else None
    return Value(bounded(affine), origin)


def _parameter(program: Program, instruction: Instruction) -> Affine | None:
    slot = instruction.args[1]
    assert isinstance(slot, Slot)
    param = program.params[slot.index]
    # An array's VALUE is its handle: an address, not a number.
    number = not param.is_array if slot.field is Field.VALUE else param.is_array
    read_as = param.type if slot.field is Field.VALUE else Type.I64
    exact = instruction.type is read_as and read_as.is_integer
    return Affine(Poly.slot(slot)) if number and exact else None


def _coordinate(instruction: Instruction) -> Affine | None:
    special = instruction.args[1]
    assert isinstance(special, Special)
    if instruction.type not in WIDE or not special.value.startswith("global"):
        return None
    return Affine.of(Poly(), [(Variable("lane", special.axis), Poly.const(1))])


def _product(a: Affine, b: Affine) -> Affine | None:
    if (factor := b.uniform) is not None:
        return a.scale(factor)
    return b.scale(factor) if (factor := a.uniform) is not None else None


def _shifted(a: Affine, amount: Affine) -> Affine | None:
    places = amount.uniform.constant if amount.uniform is not None else None
    return a.scale(Poly.const(1 << (places % 64))) if places is not None else None


def _sum(a: Affine | None, b: Affine) -> Affine | None:
    return None if a is None else a + b


def wrapped(instruction: Instruction, reads: Sequence[Value]) -> Affine | None:
    """The value that narrow arithmetic would have without wrapping, if it is a sum, product or conversion."""
    rule = _MODULAR.get(instruction.op)
    read = [v.affine for v, o in zip(reads, instruction.spec.operands, strict=True) if not o.written]
    known = [a for a in read if a is not None]
    if rule is None or len(known) < len(read) or instruction.type is None or instruction.type.is_float:
        return None
    return bounded(rule(*known))


def _immediate(instruction: Instruction, _: Sequence[Affine]) -> Affine | None:
    imm, read_as = instruction.args[1], instruction.type
    if not isinstance(imm, Imm) or read_as is None or not read_as.is_integer:
        return None
    return Affine(Poly.const(constant(read_as, imm)))


def _convert(instruction: Instruction, values: Sequence[Affine]) -> Affine | None:
    """Conversions that keep the value: to 64 bits always (modulo 2**64), to narrower when they hold all."""
    target, source = instruction.type, instruction.source_type
    if target is None or source is None or not (target.is_integer and source.is_integer):
        return None
    fits = target.minimum <= source.minimum and source.maximum <= target.maximum
    return values[0] if target in WIDE or fits else None


_MODULAR: dict[str, Callable[..., Affine | None]] = {
    "ADD": lambda a, b: a + b,
    "SUB": lambda a, b: a - b,
    "MUL": _product,
    "MAD": lambda a, b, c: _sum(_product(a, b), c),
    "NEG": lambda a: a.scale(Poly.const(-1)),
    "CVT": lambda a: a,
}
"""What stays true modulo any power of two."""


def _wide(rule: Callable[..., Affine | None]) -> Callable[[Instruction, Sequence[Affine]], Affine | None]:
    return lambda instruction, values: rule(*values) if instruction.type in WIDE else None


_RULES: dict[str, Callable[[Instruction, Sequence[Affine]], Affine | None]] = {
    **{op: _wide(rule) for op, rule in _MODULAR.items()},
    "SHL": _wide(_shifted),
    "MOV": lambda _, values: values[0],
    "MOV_IMM": _immediate,
    "CVT": _convert,
}


def predicate(instruction: Instruction, reads: Sequence[Value], preds: Mapping[int, Predicate]) -> Predicate:
    """The predicate an instruction writes."""
    if instruction.op == "SETcc":
        condition = instruction.args[0]
        assert isinstance(condition, Condition)
        assert instruction.type is not None
        return Compare(condition, instruction.type, reads[2], reads[3])
    if instruction.spec.category is Category.PREDICATE:
        return combine(
            instruction.op, [preds.get(p.index, Opaque()) for p in instruction.args[1:] if isinstance(p, Pred)]
        )
    return Opaque()


def combine(op: str, parts: Sequence[Predicate]) -> Predicate:
    """A predicate made of others; opaque where it would grow too large."""
    size = 1 + sum(p.size for p in parts)
    if size > MAX_PREDICATE:
        return Opaque(union(origin_of(p) for p in parts))
    return Combined(op, tuple(parts), size)
