"""Lane-wise calls as instructions: what one element of every class goes through, with its values in registers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from hologram.circuit.generators import (
    Copy,
    Immediate,
    Mark,
    Merge,
    Operand,
    Single,
    Split,
    Swap,
    operands,
)
from hologram.errors import CircuitError, Location
from hologram.isa.builder import Builder, immediate
from hologram.isa.instructions import BY_NAME
from hologram.isa.operands import Condition, Imm, Reg, RegisterIndirectComputed
from hologram.operators import INTEGER_FORM, OPERANDS, VARIANTS, Formula
from hologram.types import Type

LANE_WISE = (Mark, Copy, Swap, Merge, Split)
HIGHEST_BITS = 0x8080808080808080


def mnemonic_for(name: str, type: Type) -> str:
    """The mnemonic of a formula in a type: integers have no form that propagates NaN."""
    return INTEGER_FORM.get(name, name) if type.is_integer else name


def check_variant(variant: str, type: Type) -> None:
    """Refuse an operator that a type does not have."""
    pending: list[Formula | str] = [VARIANTS[variant].formula]
    while pending:
        part = pending.pop()
        if isinstance(part, tuple):
            mnemonic = mnemonic_for(str(part[0]), type)
            pending += part[1:]
            if type not in BY_NAME[mnemonic].types:
                raise CircuitError(
                    f"'{variant}' has no {type.value} form", Location("<circuit>", 1), "", "choose another element type"
                )
        elif isinstance(part, float) and type.is_integer and part != int(part):
            raise CircuitError(f"'{variant}' has no {type.value} form", Location("<circuit>", 1))


class Lanes:
    """Emits lane-wise calls on the element at a byte offset; nothing is stored before `finish`, marks apart.

    Places of `scratch` are never stored.
    """

    def __init__(
        self,
        builder: Builder,
        type: Type,
        handles: Mapping[int, Reg],
        offset: Reg,
        scratch: Collection[int] = (),
    ) -> None:
        self.b, self.type, self.handles, self.offset, self.scratch = builder, type, handles, offset, scratch
        self.held: dict[int, tuple[Reg, Type]] = {}
        self.dirty: set[int] = set()
        self._holders: Counter[Reg] = Counter()

    def step(self, call: Single) -> None:
        """One lane-wise call."""
        match call:
            case Mark(place):
                self._mark(place)
            case Copy(src, dst):
                if src != dst:
                    self._hold(dst, *self._any(src))
            case Swap(a, b):
                if a != b:
                    one, other = self._any(a), self._any(b)
                    self._holders[one[0]] += 1
                    self._hold(a, *other)
                    self._hold(b, *one)
                    self._let_go(one[0])
            case Merge() | Split():
                self._apply(call)

    def value(self, place: int) -> Reg:
        """The register that holds a class's element as a number."""
        register, type = self._any(place)
        if type is self.type:
            return register
        self._store(place)  # bits become a number by way of memory
        self._forget(place)
        return self._any(place)[0]

    def finish(self) -> None:
        """Store what the calls left in registers."""
        for place in sorted(self.dirty.difference(self.scratch)):
            self._store(place)

    def close(self) -> None:
        """Give all registers back."""
        for place in list(self.held):
            self._forget(place)

    # Registers --------------------------------------------------------------------------------------------

    def _address(self, place: int) -> RegisterIndirectComputed:
        return RegisterIndirectComputed(self.handles[place], self.offset)

    def _any(self, place: int) -> tuple[Reg, Type]:
        if place not in self.held:
            register = self.b.reg()
            self.b.emit("LDG", self.type, register, self._address(place))
            self.held[place] = register, self.type
            self._holders[register] += 1
        return self.held[place]

    def _hold(self, place: int, register: Reg, type: Type) -> None:
        self._holders[register] += 1
        self._forget(place)
        self.held[place] = register, type
        self.dirty.add(place)

    def _forget(self, place: int) -> None:
        old = self.held.pop(place, None)
        self.dirty.discard(place)
        if old is not None:
            self._let_go(old[0])

    def _let_go(self, register: Reg) -> None:
        self._holders[register] -= 1
        if not self._holders[register]:
            self.b.release(register)

    def _store(self, place: int) -> None:
        register, type = self.held[place]
        self.b.emit("STG", type, register, self._address(place))

    # Calls ------------------------------------------------------------------------------------------------

    def _mark(self, place: int) -> None:
        bits = self.type.pattern
        if place in self.held and self.held[place][1] is not bits:
            if place in self.dirty:
                self._store(place)
            self._forget(place)
        out = self.b.reg()
        if place in self.held:
            source = self.held[place][0]
        else:
            source = out
            self.b.emit("LDG", bits, out, self._address(place))
        self.b.emit("XOR", bits, out, source, Imm(HIGHEST_BITS & ((1 << bits.bits) - 1)))
        self._hold(place, out, bits)

    def _apply(self, call: Merge | Split) -> None:
        given = [self._operand(o) for o in operands(call)]
        registers = {name: given[k][0] for k, name in enumerate(OPERANDS[: len(given)])}
        out = self._formula(VARIANTS[call.variant].formula, registers)
        if any(out == register for register, _ in given):  # a formula that is an operand
            copied = self.b.reg()
            self.b.emit("MOV", self.type, copied, out)
            out = copied
        self._hold(call.dst, out, self.type)
        for register, own in given:
            if own:
                self.b.release(register)

    def _operand(self, operand: Operand) -> tuple[Reg, bool]:
        """A register, and whether it is nobody else's."""
        if not isinstance(operand, Immediate):
            return self.value(operand), False
        if self.type.is_integer and operand.value != int(operand.value):
            raise CircuitError(f"{operand} is no {self.type.value}", Location("<circuit>", 1))
        register = self.b.reg()
        self.b.emit("MOV_IMM", self.type, register, immediate(self.type, operand.value))
        return register, True

    def _formula(self, formula: Formula, operand: Mapping[str, Reg]) -> Reg:
        if isinstance(formula, str):
            return operand[formula]
        out: Reg
        if isinstance(formula, int | float):
            out = self.b.reg()
            self.b.emit("MOV_IMM", self.type, out, immediate(self.type, formula))
            return out
        parts = [self._formula(part, operand) for part in formula[1:]]
        out = self.b.reg()
        mnemonic = mnemonic_for(str(formula[0]), self.type)
        if mnemonic == "SEL":
            predicate = self.b.pred()
            zero = immediate(self.type, 0)
            self.b.emit("SETcc", self.type, Condition.NE, predicate, parts[0], zero)
            self.b.emit("SEL", self.type, out, predicate, *parts[1:])
            self.b.release(predicate)
        else:
            self.b.emit(mnemonic, self.type, out, *parts)
        for part in set(parts) - set(operand.values()):
            self.b.release(part)
        return out
