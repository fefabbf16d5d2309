"""The types of kernel parameters and casts: names a kernel is written with.

They have no values in Python: a kernel is parsed, not executed. For type checkers a scalar is a number on which all
arithmetic is allowed.
"""

from __future__ import annotations

from types import GenericAlias
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from hologram.errors import UnsupportedError
from hologram.types import Type

T = TypeVar("T")


def outside_kernel(name: str) -> UnsupportedError:
    """The error of using a kernel's vocabulary in ordinary Python."""
    return UnsupportedError(
        f"'{name}' is part of the kernel language and works only inside a function decorated with @kernel, "
        "which is compiled, not executed"
    )


class Scalar:
    """Base of the scalar types; inside a kernel calling one casts."""

    type: ClassVar[Type]

    def __new__(cls, value: Any) -> Any:
        raise outside_kernel(cls.__name__)

    if TYPE_CHECKING:
        # What arithmetic gives is settled by the kernel compiler, so it is Any here.
        def _binary(self, other: Any) -> Any: ...
        def _unary(self) -> Any: ...

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _binary
        __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = _binary
        __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _binary
        __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = _binary
        __lt__ = __le__ = __gt__ = __ge__ = _binary
        __neg__ = __pos__ = __invert__ = __abs__ = _unary

        def __index__(self) -> int: ...
        def __float__(self) -> float: ...


class i8(Scalar):
    """Signed integer of 8 bits."""

    type = Type.I8


class i16(Scalar):
    """Signed integer of 16 bits."""

    type = Type.I16


class i32(Scalar):
    """Signed integer of 32 bits."""

    type = Type.I32


class i64(Scalar):
    """Signed integer of 64 bits."""

    type = Type.I64


class u8(Scalar):
    """Unsigned integer of 8 bits."""

    type = Type.U8


class u16(Scalar):
    """Unsigned integer of 16 bits."""

    type = Type.U16


class u32(Scalar):
    """Unsigned integer of 32 bits."""

    type = Type.U32


class u64(Scalar):
    """Unsigned integer of 64 bits."""

    type = Type.U64


class usize(Scalar):
    """An array size: u64."""

    type = Type.U64


class f16(Scalar):
    """IEEE 754 half precision; computed in f32 and rounded."""

    type = Type.F16


class bf16(Scalar):
    """bfloat16; computed in f32 and rounded."""

    type = Type.BF16


class f32(Scalar):
    """IEEE 754 single precision."""

    type = Type.F32


class f64(Scalar):
    """IEEE 754 double precision."""

    type = Type.F64


class DeviceArray(Generic[T]):
    """An array parameter: `DeviceArray[f32]`, or `DeviceArray[f32, 2]` for two dimensions (three at most)."""

    def __class_getitem__(cls, parameters: Any) -> Any:
        return GenericAlias(cls, parameters)

    def __init__(self) -> None:
        raise outside_kernel("DeviceArray")

    if TYPE_CHECKING:
        shape: tuple[int, ...]

        def __getitem__(self, index: Any) -> Any: ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
