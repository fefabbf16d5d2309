"""Runs one instruction over arrays, and arithmetic on exact numbers to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest

from hologram.backends.base import Domain
from hologram.backends.interpreter import InterpreterBackend
from hologram.errors import Location
from hologram.isa.builder import Builder
from hologram.isa.operands import Imm, Pred, Reg, RegisterIndirectComputed, Slot, Special
from hologram.isa.program import Program
from hologram.types import HALVES, Type

Array = np.ndarray[Any, Any]
FORMATS = {Type.F16: (11, -14, 15), Type.BF16: (8, -126, 127), Type.F32: (24, -126, 127), Type.F64: (53, -1022, 1023)}


def linear(lanes: int, block: int = 256) -> Domain:
    """Lanes on the x axis alone."""
    return Domain((lanes, 1, 1), (-(-lanes // block), 1, 1), (block, 1, 1))


def run(program: Program, arguments: Sequence[Any], lanes: int | Domain, **options: Any) -> None:
    """Compile and launch once."""
    domain = linear(lanes) if isinstance(lanes, int) else lanes
    InterpreterBackend(**options).compile(program).launch(arguments, domain)


class Kernel(Builder):
    """A builder with loads and stores of element `global.x`; instruction k is on line k + 1 of `k.py`."""

    def __init__(self, name: str = "k") -> None:
        super().__init__(name)
        self.handles: dict[int, Reg] = {}
        self.offsets: dict[int, Reg] = {}

    def emit(self, op: str, type: Type | None = None, *args: Any, **more: Any) -> None:
        self.location = Location("k.py", len(self._code) + 1)
        super().emit(op, type, *args, **more)

    def new(self, op: str, type: Type, *args: Any, **more: Any) -> Reg:
        """Emit an instruction into a fresh register."""
        register = self.reg()
        self.emit(op, type, register, *args, **more)
        return register

    def constant(self, type: Type, bits: int) -> Reg:
        return self.new("MOV_IMM", type, Imm(bits))

    def index(self) -> Reg:
        return self.new("MOV_SREG", Type.I64, Special.GLOBAL_X)

    def handle(self, slot: int) -> Reg:
        if slot not in self.handles:
            self.handles[slot] = self.new("MOV_PARAM", Type.U64, Slot(slot))
        return self.handles[slot]

    def element(self, slot: int, index: Reg | None = None) -> RegisterIndirectComputed:
        """Address of element `index` (by default the lane's own)."""
        handle = self.handle(slot)
        size = self.params[slot].type.size
        offset = self.new("MUL", Type.I64, index or self.index(), Imm(size))
        return RegisterIndirectComputed(handle, offset)

    def load(self, slot: int, index: Reg | None = None) -> Reg:
        return self.new("LDG", self.params[slot].type, self.element(slot, index))

    def store(self, slot: int, value: Reg, index: Reg | None = None) -> None:
        self.emit("STG", self.params[slot].type, value, self.element(slot, index))

    def compare(self, condition: Any, type: Type, a: Reg, b: Reg | Imm) -> Pred:
        predicate = self.pred()
        self.emit("SETcc", type, condition, predicate, a, b)
        return predicate


def bits_of(type: Type, values: Sequence[int]) -> Array:
    """An array holding values given by their bits."""
    mask = (1 << type.bits) - 1
    raw = np.array([v & mask for v in values], f"u{type.size}")
    return raw if type in HALVES else raw.view(type.dtype)


def to_bits(values: Array) -> list[int]:
    """The bits of an array's values."""
    return [int(v) for v in values.view(f"u{values.itemsize}")]


def calculate(
    op: str, type: Type, *operands: Sequence[int], operand_types: Sequence[Type] = (), **more: Any
) -> list[int]:
    """The bits an instruction gives for operands given by their bits, one lane each."""
    kernel = Kernel(op.lower())
    types = list(operand_types) or [type] * len(operands)
    slots = [kernel.array(f"a{k}", ty) for k, ty in enumerate(types)]
    out = kernel.array("out", type, access="w")
    kernel.store(out, kernel.new(op, type, *(kernel.load(s) for s in slots), **more))
    arrays = [bits_of(ty, values) for ty, values in zip(types, operands, strict=True)]
    result = np.zeros(len(operands[0]), f"u{type.size}")
    run(kernel.build(), [*arrays, result], len(result))
    return to_bits(result)


class Exact:
    """Floats as fractions, and fractions rounded to floats; independent of the interpreter."""

    @staticmethod
    @cache
    def value(type: Type, bits: int) -> Fraction | float:
        """The number with these bits: a fraction, or a float for infinities and NaN."""
        if type.is_integer:
            return Fraction(bits - (bits > type.maximum) * (1 << type.bits))
        precision, least, _ = FORMATS[type]
        sign = -1 if bits >> (type.bits - 1) else 1
        field = (bits >> (precision - 1)) & ((1 << (type.bits - precision)) - 1)
        fraction = bits & ((1 << (precision - 1)) - 1)
        if field == (1 << (type.bits - precision)) - 1:
            return float("nan") if fraction else sign * float("inf")
        whole = fraction + ((1 << (precision - 1)) if field else 0)
        return sign * whole * _power(max(field, 1) - 1 + least - precision + 1)

    @staticmethod
    def is_nan(type: Type, bits: int) -> bool:
        value = Exact.value(type, bits)
        return value != value

    @staticmethod
    def is_negative(type: Type, bits: int) -> bool:
        return bool(bits >> (type.bits - 1)) and type.is_signed

    @staticmethod
    def round(type: Type, value: Fraction | float, negative_zero: bool = False) -> int:
        """Bits of the nearest float, ties to even; NaN gives the quiet NaN."""
        precision, least, greatest = FORMATS[type]
        infinity = (1 << (type.bits - 1)) - (1 << (precision - 1))
        if value != value:
            return infinity | 1 << (precision - 2)
        top = (value < 0 or (value == 0 and negative_zero)) << (type.bits - 1)
        if isinstance(value, float):
            return top | infinity
        size = abs(value)
        if size == 0:
            return top
        exponent = max(_log2(size), least)
        whole = round(size / _power(exponent - precision + 1))
        if whole == 1 << precision:
            whole, exponent = whole // 2, exponent + 1
        if exponent > greatest:
            return top | infinity
        return top | (whole if whole < 1 << (precision - 1) else ((exponent - least) << (precision - 1)) + whole)


def _log2(value: Fraction) -> int:
    guess = value.numerator.bit_length() - value.denominator.bit_length()
    return guess if _power(guess) <= value else guess - 1


@cache
def _power(exponent: int) -> Fraction:
    return Fraction(2) ** exponent


def edges(type: Type, random: int = 0, seed: int = 1) -> list[int]:
    """Bit patterns that find mistakes, and some random ones."""
    rng = np.random.default_rng([seed, list(Type).index(type)])
    out = [int(v) for v in rng.integers(0, 1 << type.bits, random, np.uint64, endpoint=False)] if type.bits < 64 else []
    if type.bits == 64:
        out = [int(v) for v in rng.integers(0, (1 << 64) - 1, random, np.uint64, endpoint=True)]
    out += [0, 1, 2, 3, 5, 7, type.bits - 1, type.bits]
    out += [1 << (type.bits - 1), (1 << (type.bits - 1)) - 1, (1 << (type.bits - 1)) + 1, (1 << type.bits) - 1]
    if type.is_float:
        numbers = [
            1,
            0.5,
            1.5,
            2.5,
            3.5,
            0.49,
            1 / 3,
            100,
            127.5,
            255.5,
            65504,
            65519,
            65520,
            2.0**31,
            2.0**63,
            2.0**64,
        ]
        magnitudes = [Exact.round(type, Fraction(n)) for n in numbers]
        precision = FORMATS[type][0]
        infinity = Exact.round(type, float("inf"))
        hidden = 1 << (precision - 1)
        magnitudes += [0, 1, hidden - 1, hidden, hidden + 1, infinity - 1, infinity, infinity + (hidden >> 1)]
        magnitudes += [Exact.round(type, Fraction(1)) + 1, Exact.round(type, Fraction(1)) - 1]
        out += [m | sign << (type.bits - 1) for m in magnitudes for sign in (0, 1)]
    return list(dict.fromkeys(out))


class Bench:
    """What the tests of this folder share."""

    Kernel = Kernel
    Exact = Exact
    run = staticmethod(run)
    calculate = staticmethod(calculate)
    edges = staticmethod(edges)
    linear = staticmethod(linear)
    bits_of = staticmethod(bits_of)


@pytest.fixture(scope="session")
def bench() -> type[Bench]:
    """Builders, launchers and exact arithmetic."""
    return Bench
