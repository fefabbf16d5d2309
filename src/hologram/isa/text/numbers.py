"""Immediates in text: decimal where a finite number says it exactly, `0x…` bits otherwise."""

from __future__ import annotations

import math
from functools import lru_cache

from hologram.isa.builder import immediate, value_of
from hologram.isa.operands import Imm
from hologram.types import Type

DIGITS = {Type.F16: 5, Type.BF16: 4, Type.F32: 9, Type.F64: 17}


@lru_cache(maxsize=4096)
def spell_immediate(type: Type, bits: int) -> str:
    """The shortest decimal that reads back as the same bits, or the bits themselves.

    >>> spell_immediate(Type.F32, 0x3DCCCCCD), spell_immediate(Type.I8, 0xFF), spell_immediate(Type.F32, 0x7FC00000)
    ('0.1', '-1', '0x7fc00000')
    """
    if bits >> type.bits:
        return hex(bits)
    value = value_of(type, Imm(bits))
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return hex(bits)
    for digits in range(1, DIGITS[type] + 1):
        text = repr(float(f"{value:.{digits}g}"))
        if immediate(type, float(text)).bits == bits:
            return text
    return hex(bits)


def read_immediate(type: Type, text: str) -> int:
    """The bits of a number written for a type; ValueError with a reason when it has none.

    >>> hex(read_immediate(Type.I16, "-2")), hex(read_immediate(Type.F16, "1.5"))
    ('0xfffe', '0x3e00')
    """
    if text.startswith("0x"):
        bits = int(text, 16)
        if bits >> type.bits:
            raise ValueError(f"{text} has more bits than {type.value}")
        return bits
    if type.is_float:
        bits = immediate(type, float(text)).bits
        if not math.isfinite(value_of(type, Imm(bits))):
            raise ValueError(f"{text} is beyond the largest {type.value}; infinities are written as 0x bits")
        return bits
    if not text.lstrip("-").isdigit():
        raise ValueError(f"{text} is no integer, {type.value} needs one")
    value = int(text)
    if not type.minimum <= value <= type.maximum:
        raise ValueError(f"{text} does not fit {type.value} ({type.minimum} to {type.maximum})")
    return immediate(type, value).bits
