"""Immediates as LLVM constants."""

from __future__ import annotations

import struct

from hologram.backends.llvm.ir import float_constant
from hologram.isa.operands import Imm
from hologram.types import Type


def constant_text(ty: Type, imm: Imm) -> str:
    """An immediate as an LLVM constant of its type (floats keep every bit)."""
    if ty is Type.F32:
        exponent_all_ones = (imm.bits >> 23) & 0xFF == 0xFF
        if exponent_all_ones:
            sign, rest = imm.bits >> 31, imm.bits & 0x7FFFFF
            return f"0x{(sign << 63) | (0x7FF << 52) | (rest << 29):016x}"
        return float_constant(ty, struct.unpack("<f", struct.pack("<I", imm.bits & 0xFFFFFFFF))[0])
    if ty is Type.F64:
        return f"0x{imm.bits:016x}"
    bits = imm.bits & ((1 << ty.bits) - 1)
    return str(bits - (1 << ty.bits) if bits >> (ty.bits - 1) else bits)
