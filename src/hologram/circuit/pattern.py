"""Programs that work element by element, seen as operators: what becomes of one element, read off the data flow.

A program is judged by what its instructions compute, never by its name. Lane i must touch element i of its arrays and
nothing else, all in one element type, with operators of the table; sums, minima and maxima over all lanes may follow.
Whatever differs is no pattern, and the reason says which instruction made the difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hologram.errors import Location
from hologram.isa.affine import Affine, Poly, Variable
from hologram.isa.builder.immediates import value_of
from hologram.isa.cache import ProgramCache
from hologram.isa.elements import element_index
from hologram.isa.operands import Condition, Field, Imm, Label, Pred, Reg, Slot
from hologram.isa.program import FLAG_FAST, Instruction, Program
from hologram.isa.symbolic import Symbolic, analyze
from hologram.isa.transfer import Combined, Compare
from hologram.isa.verify import Facts, verify
from hologram.operators import INTEGER_FORM, OPERANDS, VARIANTS
from hologram.types import Type


@dataclass(frozen=True, slots=True)
class Element:
    """The lane's element of an array parameter, as it is at that step."""

    slot: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar parameter."""

    slot: int


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the program."""

    value: int | float


@dataclass(frozen=True, slots=True)
class Result:
    """What an earlier `Apply` gave, by its position among the steps."""

    step: int


Source = Element | Scalar | Number | Result


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator of the table on its sources."""

    variant: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Store:
    """The lane's element of an array := a source."""

    slot: int
    source: Source


@dataclass(frozen=True, slots=True)
class Fold:
    """Element 0 of an array := the "sum", "min" or "max" of a source over all lanes."""

    slot: int
    kind: str
    source: Source


Step = Apply | Store | Fold


@dataclass(frozen=True)
class Pattern:
    """What an element goes through, in order; lanes from the smallest of `bounds` on do nothing."""

    type: Type
    steps: tuple[Step, ...]
    bounds: tuple[Poly, ...]


@dataclass(frozen=True, slots=True)
class NoPattern:
    """Why a program has none, and the source place where that is known."""

    reason: str
    location: Location | None = None


FOLDS = MappingProxyType({"GRED_ADD": "sum", "GRED_MIN": "min", "GRED_MAX": "max"})
LANE = Affine.of(Poly(), [(Variable("lane", 0), Poly.const(1))])


def _single_instructions() -> Mapping[str, str]:
    """The operator of each mnemonic that is a whole operator."""
    found = {}
    for name, row in VARIANTS.items():
        if isinstance(row.formula, tuple) and row.formula[1:] == OPERANDS[: row.arity] and row.formula[0] != "SEL":
            found[str(row.formula[0])] = name
    return MappingProxyType(found | {INTEGER_FORM[m]: v for m, v in found.items() if m in INTEGER_FORM})


VARIANT_OF = _single_instructions()
_patterns: ProgramCache[Pattern | NoPattern] = ProgramCache()


def pattern_of(program: Program) -> Pattern | NoPattern:
    """What a program does to an element, or why it has no such form. Raises VerificationError for an invalid one."""
    found = _patterns.get_or_create(program.digest, lambda: _found(program))
    if isinstance(found, NoPattern) and found.location is not None and not program.debug:
        return NoPattern(found.reason)
    return found


def _found(program: Program) -> Pattern | NoPattern:
    if FLAG_FAST in program.flags:
        return NoPattern("it was compiled with fast=True, so its operations have no fixed order")
    if program.demands:
        return NoPattern("it uses the executor's state")
    facts = verify(program)
    reader = _Reader(facts, analyze(facts.program))
    try:
        return reader.read()
    except _NoneError as error:
        where = facts.original(error.index) if error.index >= 0 else -1
        return NoPattern(error.reason, program.location(where))


class _NoneError(Exception):
    def __init__(self, reason: str, index: int = -1) -> None:
        self.reason, self.index = reason, index


@dataclass(frozen=True, slots=True)
class _Other:
    """A value that circuits do not have; only using it is a reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Test:
    """A predicate that holds where a value is not 0."""

    value: Source | _Other


_Known = Source | _Other
_INDEX = _Other("the index of the lane is used as a value")
_CONTROL = frozenset({"BRA", "LOOP", "CALL", "RET", "EXIT", "BarSync"})


class _Reader:
    """Follows the instructions once; registers hold sources."""

    def __init__(self, facts: Facts, symbolic: Symbolic) -> None:
        self.facts, self.program, self.symbolic = facts, facts.program, symbolic
        self.registers: dict[int, _Known] = {}
        self.predicates: dict[int, _Test | _Other] = {}
        self.types: dict[Source, Type] = {}
        self.type: Type | None = None
        self.steps: list[Step] = []
        self.bounds: list[Poly] = []

    def read(self) -> Pattern:
        if not self.symbolic.described:
            raise _NoneError("its control flow is not understood")
        for header in self.symbolic.cfg.loops:
            raise _NoneError("it loops", self.symbolic.cfg.blocks[header].start)
        for index, instruction in enumerate(self.program.instructions):
            self._step(index, instruction)
        if self.type is None:
            raise _NoneError("it stores nothing")
        return Pattern(self.type, _used(self.steps), tuple(self.bounds))

    def _step(self, index: int, instruction: Instruction) -> None:
        op = instruction.op
        if op == "BRA":
            self._guard(index, instruction)
        elif op in ("LDG", "STG"):
            self._access(index, instruction)
        elif op in FOLDS:
            self._fold(index, instruction)
        elif instruction.spec.is_memory or op in _CONTROL or not self._writes(instruction):
            raise _NoneError(f"it has {_called(instruction)}, which is not element-wise", index)
        elif op == "SETcc":
            self._compare(instruction)
        else:
            self._write(instruction, self._value(instruction))

    def _writes(self, instruction: Instruction) -> bool:
        return any(o.written for o in instruction.spec.operands)

    def _write(self, instruction: Instruction, value: _Known) -> None:
        for spec, argument in zip(instruction.spec.operands, instruction.args, strict=True):
            if spec.written and isinstance(argument, Reg):
                self.registers[argument.index] = value
            elif spec.written and isinstance(argument, Pred):
                self.predicates[argument.index] = value if isinstance(value, _Other) else _INDEX

    # Control and memory -----------------------------------------------------------------------------------

    def _guard(self, index: int, instruction: Instruction) -> None:
        """A jump to the end of lanes that are not below a bound."""
        label = next(a for a in instruction.args if isinstance(a, Label))
        block = next(b for b in self.symbolic.cfg.blocks.values() if b.end == index + 1)
        taken = self.symbolic.branches.get(block.id)
        if self.program.labels[label.name] != len(self.program.instructions) or taken is None:
            raise _NoneError("it branches", index)
        bound = _bound(taken)
        if bound is None:
            raise _NoneError("its guard is not `i < n`", index)
        if self.steps:
            raise _NoneError("its guard stands behind other work", index)
        self.bounds.append(bound)

    def _access(self, index: int, instruction: Instruction) -> None:
        slot = self.facts.slot_of.get(index)
        elements = None if slot is None else element_index(self.program, self.symbolic, index, slot)
        if slot is None or elements != (LANE,):
            raise _NoneError("lane i touches something else than element i", index)
        assert instruction.type is not None
        if self.program.params[slot].type is not instruction.type:
            raise _NoneError("it reads an array as another type", index)
        register = next(a for a in instruction.args if isinstance(a, Reg))
        if instruction.op == "LDG":
            self._remember(register, Element(slot), instruction.type)
            return
        source = self._source(register, instruction.type, index)
        self.steps.append(Store(slot, source))
        for other, held in self.registers.items():
            if held == Element(slot):
                self.registers[other] = _Other("it uses what an element was before it was stored to")

    def _fold(self, index: int, instruction: Instruction) -> None:
        slot = self.facts.slot_of.get(index)
        elements = None if slot is None else element_index(self.program, self.symbolic, index, slot)
        if slot is None or elements != (Affine(),):
            raise _NoneError("its result goes somewhere else than to element 0", index)
        assert instruction.type is not None
        register = next(a for a in instruction.args if isinstance(a, Reg))
        self.steps.append(Fold(slot, FOLDS[instruction.op], self._source(register, instruction.type, index)))

    # Values -----------------------------------------------------------------------------------------------

    def _remember(self, register: Reg, source: Source, type: Type) -> None:
        self.registers[register.index] = source
        self.types[source] = type

    def _source(self, argument: Reg | Imm, type: Type, index: int) -> Source:
        """What a register holds; it must be a value of the one type of the circuit."""
        found = self._known(argument, type)
        if isinstance(found, _Other):
            raise _NoneError(found.reason, index)
        if self.type not in (None, type):
            assert self.type is not None
            raise _NoneError(f"it works in two types, {self.type.value} and {type.value}", index)
        self.type = type
        return found

    def _known(self, argument: Reg | Imm, type: Type) -> _Known:
        if isinstance(argument, Imm):
            return Number(value_of(type, argument))
        found = self.registers.get(argument.index, _Other("a register nobody wrote"))
        if not isinstance(found, _Other | Number) and self.types.get(found) is not type:
            return _Other("bits of one type are read as another")
        return found

    def _compare(self, instruction: Instruction) -> None:
        condition, predicate, register, other = instruction.args
        assert instruction.type is not None and isinstance(predicate, Pred) and isinstance(register, Reg)
        against = self._known(other, instruction.type) if isinstance(other, Reg | Imm) else _INDEX
        plain = condition is Condition.NE and isinstance(against, Number) and against.value == 0
        value = self._known(register, instruction.type) if plain else _Other("it chooses by a comparison")
        self.predicates[predicate.index] = _Test(value)

    def _value(self, instruction: Instruction) -> _Known:
        op, type = instruction.op, instruction.type
        if op == "MOV_PARAM":
            slot = next(a for a in instruction.args if isinstance(a, Slot))
            param = self.program.params[slot.index]
            if param.is_array or slot.field is not Field.VALUE or type is not param.type:
                return _Other("an address or a length is used as a value")
            self.types[Scalar(slot.index)] = param.type
            return Scalar(slot.index)
        given = [a for a, o in zip(instruction.args, instruction.spec.operands, strict=True) if not o.written]
        if op == "SEL":
            return self._choice(instruction)
        if op not in VARIANT_OF and op not in ("MOV", "MOV_IMM"):
            held = [self.registers.get(a.index) for a in given if isinstance(a, Reg)]
            other = next((h for h in held if isinstance(h, _Other)), _Other(f"circuits have no {_called(instruction)}"))
            return _INDEX if op == "MOV_SREG" else other
        values = [a for a in given if isinstance(a, Reg | Imm)]
        if type is None or len(values) < len(given):
            return _Other(f"circuits have no {_called(instruction)}")
        return self._applied(VARIANT_OF.get(op), type, [self._known(a, type) for a in values])

    def _choice(self, instruction: Instruction) -> _Known:
        predicate = next(a for a in instruction.args if isinstance(a, Pred))
        test = self.predicates.get(predicate.index, _INDEX)
        if isinstance(test, _Other) or isinstance(test.value, _Other) or instruction.type is None:
            return test.value if isinstance(test, _Test) and isinstance(test.value, _Other) else _INDEX
        if not isinstance(test.value, Number) and self.types[test.value] is not instruction.type:
            return _Other("it chooses by a value of another type")
        both = [self._known(a, instruction.type) for a in instruction.args[2:] if isinstance(a, Reg)]
        return self._applied("where", instruction.type, [test.value, *both])

    def _applied(self, variant: str | None, type: Type, given: list[_Known]) -> _Known:
        sources: list[Source] = []
        for value in given:
            if isinstance(value, _Other):
                return value
            sources.append(value)
        if variant is None:
            return sources[0]
        self.steps.append(Apply(variant, tuple(sources)))
        result = Result(len(self.steps) - 1)
        self.types[result] = type
        return result


def _bound(taken: object) -> Poly | None:
    """The n of a jump that lanes take unless `lane < n`."""
    negated = isinstance(taken, Combined) and taken.op == "PNOT"
    test = taken.parts[0] if isinstance(taken, Combined) and negated else taken
    if not isinstance(test, Compare) or test.type is not Type.I64 or test.left.affine != LANE:
        return None
    right = test.right.affine
    bound = None if right is None else right.uniform
    if bound is None:
        return None
    wanted = (Condition.LT, Condition.LE) if negated else (Condition.GE, Condition.GT)
    if test.condition is wanted[0]:
        return bound
    return bound + 1 if test.condition is wanted[1] else None


def _used(steps: list[Step]) -> tuple[Step, ...]:
    """The steps whose results matter, renumbered."""
    used: set[int] = set()
    for position in range(len(steps) - 1, -1, -1):
        step = steps[position]
        if position in used or not isinstance(step, Apply):
            sources = step.sources if isinstance(step, Apply) else (step.source,)
            used |= {position} | {s.step for s in sources if isinstance(s, Result)}
    number = {old: new for new, old in enumerate(sorted(used))}
    out: list[Step] = []
    for position in sorted(used):
        step = steps[position]
        if isinstance(step, Apply):
            out.append(Apply(step.variant, tuple(_moved(s, number) for s in step.sources)))
        elif isinstance(step, Store):
            out.append(Store(step.slot, _moved(step.source, number)))
        else:
            out.append(Fold(step.slot, step.kind, _moved(step.source, number)))
    return tuple(out)


def _moved(source: Source, number: Mapping[int, int]) -> Source:
    return Result(number[source.step]) if isinstance(source, Result) else source


def _called(instruction: Instruction) -> str:
    suffix = f".{instruction.type.value}" if instruction.type else ""
    return f"'{instruction.spec.text}{suffix}'"
