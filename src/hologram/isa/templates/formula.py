"""Formulas of the operator table as instructions: on one value each, or on all elements of arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from hologram.errors import BuildError
from hologram.isa.builder import Builder, Value
from hologram.isa.builder.emitters import METHODS
from hologram.isa.cache import ProgramKey
from hologram.isa.operands import Field, Pred, Slot
from hologram.isa.program import Program
from hologram.isa.templates.made import made
from hologram.operators import COMPARISONS, INTEGER_FORM, OPERANDS, Formula
from hologram.types import HALVES, Type

TRUTH = Type.U8
"""Elements that hold truth values, 0 and 1."""
MAX_RANK = 3
_PREDICATES = {"PAND": "pand", "POR": "por", "PNOT": "pnot"}
_SHIFTS = ("SHL", "SHR")


def computed_in(type: Type) -> Type:
    """The type of the registers for elements of a type: f16 and bf16 compute in f32."""
    return Type.F32 if type in HALVES else type


class Emission:
    """Emits a formula whose operands are in registers; equal parts are computed once.

    Values of type `type` all through; shifts count in u32. Operands may be truths; a truth is 1 or 0 as a number.
    """

    def __init__(self, builder: Builder, type: Type, operands: Mapping[str, Value | Pred]) -> None:
        self.b, self.type, self.operands = builder, type, operands
        self._made: dict[Formula, Value | Pred] = {}
        self._uses: Counter[Formula] = Counter()

    def value(self, formula: Formula) -> Value:
        """A formula as a number; a truth becomes 1 or 0."""
        return self.stored(formula, self.type)

    def stored(self, formula: Formula, result: Type) -> Value:
        """A formula as a number of another type."""
        made = self.result(formula)
        if isinstance(made, Pred):
            made = self.b.sel(made, 1, 0, type=result)
        elif made.type is not result:
            made = self.b.cvt(made, type=result)
        assert isinstance(made, Value)
        return made

    def result(self, formula: Formula) -> Value | Pred:
        """A formula as what it gives: a number or a truth."""
        self._count(formula)
        return self._emit(formula)

    def _count(self, formula: Formula) -> None:
        self._uses[formula] += 1
        if isinstance(formula, tuple) and self._uses[formula] == 1:
            for part in formula[1:]:
                self._count(part)

    def _emit(self, formula: Formula) -> Value | Pred:
        if isinstance(formula, str):
            return self.operands[formula]
        if formula in self._made:
            return self._made[formula]
        if not isinstance(formula, tuple):
            constant: Value = self.b.mov_imm(formula, type=self.type)
            self._made[formula] = constant
            return constant
        word, parts = str(formula[0]), formula[1:]
        made = self._word(word, parts)
        for part in parts:
            self._done_with(part)
        self._made[formula] = made
        return made

    def _word(self, word: str, parts: Sequence[Formula]) -> Value | Pred:
        made: Value | Pred
        if word in COMPARISONS:
            made = self.b.set(COMPARISONS[word], *(self._number(p) for p in parts))
        elif word in _PREDICATES:
            made = getattr(self.b, _PREDICATES[word])(*(self._truth(p) for p in parts))
        elif word == "SEL":
            chosen = self._truth(parts[0])
            made = self.b.sel(chosen, *(self._number(p) for p in parts[1:]))
        elif word in _SHIFTS:
            made = self._shift(word, *(self._number(p) for p in parts))
        elif word == "IPOW":
            made = self._integer_power(*(self._number(p) for p in parts))
        else:
            mnemonic = INTEGER_FORM.get(word, word) if self.type.is_integer else word
            made = getattr(self.b, METHODS[mnemonic])(*(self._number(p) for p in parts))
        return made

    def _shift(self, word: str, value: Value, count: Value) -> Value:
        amount = count if count.type is Type.U32 else self.b.cvt(count, type=Type.U32)
        made: Value = getattr(self.b, METHODS[word])(value, amount)
        if amount is not count:
            self.b.release(amount)
        return made

    def _integer_power(self, base: Value, exponent: Value) -> Value:
        """Square and multiply; to a negative power, what 1 / base to the power rounds to, towards 0."""
        b, type = self.b, self.type
        result: Value = b.mov_imm(1, type=type)
        square, left = b.mov(base), b.mov(exponent)
        if type.is_signed:
            with b.if_(b.set("lt", exponent, 0)):
                unit = b.pand(b.set("le", base, 1), b.set("ge", base, -1))
                b.sel(unit, base, 0, into=square)
                b.sel(b.set("eq", base, 0), 0, square, into=square)
                b.neg(exponent, into=left)
        more = b.pred()
        with b.while_(lambda: b.set("ne", left, 0, into=more)):
            with b.if_(b.set("ne", b.and_(left, 1), 0)):
                b.mul(result, square, into=result)
            b.mul(square, square, into=square)
            b.and_(b.shr(left, 1), type.maximum, into=left)
        return result

    def _number(self, formula: Formula) -> Value:
        made = self._emit(formula)
        if isinstance(made, Value):
            return made
        if ("SEL", formula, 1.0, 0.0) not in self._made:
            self._made["SEL", formula, 1.0, 0.0] = self.b.sel(made, 1, 0, type=self.type)
        held = self._made["SEL", formula, 1.0, 0.0]
        assert isinstance(held, Value)
        return held

    def _truth(self, formula: Formula) -> Pred:
        made = self._emit(formula)
        if isinstance(made, Pred):
            return made
        if ("!=", formula, 0.0) not in self._made:
            self._made["!=", formula, 0.0] = self.b.set("ne", made, 0)
        held = self._made["!=", formula, 0.0]
        assert isinstance(held, Pred)
        return held

    def _done_with(self, formula: Formula) -> None:
        """Give registers back that nothing reads any more."""
        self._uses[formula] -= 1
        if self._uses[formula]:
            return
        for derived in (formula, ("!=", formula, 0.0), ("SEL", formula, 1.0, 0.0)):
            held = self._made.pop(derived, None)
            if held is not None:
                self.b.release(held)


class Mode(Enum):
    """How an operand goes with the lanes along x: an element each, one element for all of them, or a plain number."""

    EACH = "each"
    FIXED = "fixed"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Source:
    """Where an operand comes from: elements of a type, converted to the type that is computed in unless `tested`."""

    type: Type
    mode: Mode = Mode.EACH
    tested: bool = False


def program_name(name: str, sources: Sequence[Source], result: Type, rank: int) -> str:
    """The name of an element-wise program: that of what it computes, its types, how operands go, and the axes.

    >>> program_name("add", [Source(Type.F32), Source(Type.F32, Mode.NUMBER)], Type.F32, 1)
    'add_f32e_f32n_f32_1'
    """
    return "_".join([name, *(s.type.value + s.mode.value[0] for s in sources), result.value, str(rank)])


def mapped(
    name: str,
    formula: Formula,
    sources: Sequence[Source],
    computed: Type,
    result: Type,
    rank: int,
    letters: Sequence[str] = OPERANDS,
) -> Program:
    """`name(x, y, …, out, n)`: out[i] = formula of x[i], y[i], …, computed in one type, stored as another.

    Beyond rank 1 arrays have any strides, lanes are the elements of `out`, and there is no n.
    """
    if not 1 <= rank <= MAX_RANK:
        raise BuildError(f"an element-wise program has 1 to {MAX_RANK} axes, got {rank}")
    shape = tuple((s.mode.value, s.tested) for s in sources)
    name = program_name(name, sources, result, rank)
    key = ProgramKey(
        name, (*(s.type for s in sources), computed, result), options=(formula, shape, rank, tuple(letters))
    )
    return made(key, lambda: _mapped(name, formula, dict(zip(letters, sources, strict=False)), computed, result, rank))


def _mapped(
    name: str, formula: Formula, sources: Mapping[str, Source], computed: Type, result: Type, rank: int
) -> Program:
    b = Builder(name)
    slots = []
    for letter, source in sources.items():
        called = "value" if letter == "out" else letter  # a derivative may go by the operator's own result
        number = source.mode is Mode.NUMBER
        slots.append(b.scalar(called, source.type) if number else b.array(called, source.type, rank))
    out = b.array("out", result, rank, access="w")
    count = b.scalar("n", Type.I64) if rank == 1 else None
    reads = [_reader(b, slot, source) for slot, source in zip(slots, sources.values(), strict=True)]
    target = b.view(out)
    extent = [Slot(out, Field.SHAPE, axis) for axis in reversed(range(rank))] if count is None else [Slot(count)]
    lanes = [b.global_id(axis) for axis in "xyz"[:rank]]
    inside = [b.set("lt", lane, b.mov_param(length)) for lane, length in zip(lanes, extent, strict=True)]
    while len(inside) > 1:
        inside.append(b.pand(inside.pop(), inside.pop()))
    index = tuple(reversed(lanes))
    with b.if_(inside[0]):
        held = {
            letter: _operand(b, source, read(index), computed)
            for (letter, source), read in zip(sources.items(), reads, strict=True)
        }
        b.store(Emission(b, computed, held).stored(formula, result), target, *index)
    return b.build(extent)


def vectors(
    name: str,
    formula: Formula,
    sources: Sequence[Source],
    computed: Type,
    result: Type,
    letters: Sequence[str] = OPERANDS,
) -> Program:
    """`name(x, y, …, out)`: out[i] = formula of x[i], y[i], … for vectors of one length, at least 1.

    Other lengths are refused by what launches it, since each lane also looks at the first where the others end.
    """
    name = program_name(name, sources, result, 1) + "_vectors"
    shape = tuple((s.mode.value, s.tested) for s in sources)
    key = ProgramKey(name, (*(s.type for s in sources), computed, result), options=(formula, shape, tuple(letters)))
    return made(key, lambda: _vectors(name, formula, dict(zip(letters, sources, strict=False)), computed, result))


def _vectors(name: str, formula: Formula, sources: Mapping[str, Source], computed: Type, result: Type) -> Program:
    b = Builder(name)
    slots = []
    for letter, source in sources.items():
        number = source.mode is Mode.NUMBER
        slots.append(b.scalar(letter, source.type) if number else b.array(letter, source.type, 1))
    out = b.array("out", result, 1, access="w")
    reads = [_reader(b, slot, source) for slot, source in zip(slots, sources.values(), strict=True)]
    target = b.view(out)
    arrays = [slot for slot, source in zip(slots, sources.values(), strict=True) if source.mode is not Mode.NUMBER]
    first, others = arrays[0], (*arrays[1:], out)
    extent = Slot(first, Field.SHAPE, 0)
    ends = [b.sub(b.mov_param(Slot(slot, Field.SHAPE, 0)), 1) for slot in others]
    lane = b.global_id("x")
    with b.if_(b.set("lt", lane, b.mov_param(extent))):
        held = {
            letter: _operand(b, source, read((lane,)), computed)
            for (letter, source), read in zip(sources.items(), reads, strict=True)
        }
        b.store(Emission(b, computed, held).stored(formula, result), target, lane)
        for end in ends:
            b.load(b.view(first), end)
    return b.build([extent])


def _reader(b: Builder, slot: int, source: Source) -> Callable[[tuple[Value, ...]], Value]:
    """What reads an operand at the place of a lane."""
    if source.mode is Mode.NUMBER:
        number: Value = b.mov_param(slot)
        return lambda index: number
    view = b.view(slot)
    fixed = source.mode is Mode.FIXED
    return lambda index: b.load(view, *index[:-1], 0 if fixed else index[-1])


def _operand(b: Builder, source: Source, value: Value, computed: Type) -> Value:
    if source.tested or value.type is computed:
        return value
    converted: Value = b.cvt(value, type=computed)
    return converted
