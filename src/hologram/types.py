"""The twelve scalar types of the Atlas ISA."""

from __future__ import annotations

from enum import Enum
from functools import cache, cached_property
from typing import Any

import numpy as np


class Type(Enum):
    """One scalar type; the value is its name in every text form (``f32``, ``u8`` …)."""

    I8 = "i8"
    I16 = "i16"
    I32 = "i32"
    I64 = "i64"
    U8 = "u8"
    U16 = "u16"
    U32 = "u32"
    U64 = "u64"
    F16 = "f16"
    BF16 = "bf16"
    F32 = "f32"
    F64 = "f64"

    __hash__ = object.__hash__  # Enum's own is a function in Python, and types are in many sets

    @cached_property
    def bits(self) -> int:
        """Width in bits."""
        return int(self.value.lstrip("biuf"))

    @property
    def size(self) -> int:
        """Width in bytes."""
        return self.bits // 8

    @cached_property
    def is_float(self) -> bool:
        return "f" in self.value

    @property
    def is_integer(self) -> bool:
        return not self.is_float

    @cached_property
    def is_signed(self) -> bool:
        """True for signed integers and every float."""
        return not self.value.startswith("u")

    @property
    def is_unsigned(self) -> bool:
        return not self.is_signed

    @property
    def pattern(self) -> Type:
        """The unsigned integer type of the same size, which holds its bits."""
        return Type(f"u{self.bits}")

    @property
    def minimum(self) -> int:
        """Smallest value of an integer type."""
        return -(1 << (self.bits - 1)) if self.is_signed else 0

    @property
    def maximum(self) -> int:
        """Largest value of an integer type."""
        return (1 << (self.bits - self.is_signed)) - 1

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype that stores this type (``bf16`` comes from ml_dtypes)."""
        if self is Type.BF16:
            import ml_dtypes

            bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
            return bfloat16
        names = {Type.F16: "float16", Type.F32: "float32", Type.F64: "float64"}
        return np.dtype(names.get(self) or self.value.replace("i", "int").replace("u", "uint"))

    @classmethod
    def of_dtype(cls, dtype: Any) -> Type | None:
        """The type stored by a NumPy dtype in native byte order, or None."""
        return _of_dtype(np.dtype(dtype))

    def __repr__(self) -> str:
        return self.value


def _kind(type: Type) -> str:
    """NumPy's letter for the kind of number."""
    return "f" if type.is_float else "i" if type.is_signed else "u"


@cache
def _of_dtype(dtype: np.dtype[Any]) -> Type | None:
    if dtype.name == "bfloat16":
        return Type.BF16
    return _BY_KIND.get((dtype.kind, dtype.itemsize)) if dtype.isnative else None


_BY_KIND = {(_kind(t), t.size): t for t in Type if t is not Type.BF16}

SIGNED = frozenset({Type.I8, Type.I16, Type.I32, Type.I64})
UNSIGNED = frozenset({Type.U8, Type.U16, Type.U32, Type.U64})
INTEGERS = SIGNED | UNSIGNED
FLOATS = frozenset({Type.F32, Type.F64})
HALVES = frozenset({Type.F16, Type.BF16})
ALL = frozenset(Type)
