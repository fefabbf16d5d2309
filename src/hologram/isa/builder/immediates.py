"""Numbers as immediates of a type, and back."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from hologram.isa.operands import Imm
from hologram.types import Type

if TYPE_CHECKING:
    import numpy as np


def immediate(type: Type, value: int | float) -> Imm:
    """The bit pattern of a number in a type (floats are rounded to nearest-even, integers wrap).

    >>> hex(immediate(Type.F32, 1.0).bits)
    '0x3f800000'
    """
    if type is Type.F64:
        return Imm(int.from_bytes(struct.pack("<d", value), "little"))
    if type.is_float:
        import numpy as np

        with np.errstate(over="ignore"):
            near = _to_odd(value) if type is Type.BF16 else np.asarray(value)
            return Imm(int.from_bytes(near.astype(type.dtype).tobytes(), "little"))
    return Imm(int(value) & ((1 << type.bits) - 1))


def _to_odd(value: int | float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The f32 from which rounding to bf16 gives what rounding the number itself would: ml_dtypes rounds twice."""
    import numpy as np

    near = np.asarray(value, np.float32)
    if value != value or float(near) == value:
        return near
    bits = near.view(np.uint32) - np.uint32(abs(float(near)) > abs(value))
    return np.asarray(bits | np.uint32(1)).view(np.float32)


def value_of(type: Type, imm: Imm) -> int | float:
    """The number an immediate stands for in a type."""
    raw = (imm.bits & ((1 << type.bits) - 1)).to_bytes(type.size, "little")
    if type.is_integer:
        return int.from_bytes(raw, "little", signed=type.is_signed)
    import numpy as np

    return float(np.frombuffer(raw, type.dtype)[0])
