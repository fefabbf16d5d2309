"""The types of the flat functions' parameters and results, and what Python values they take."""

from __future__ import annotations

import ctypes
import operator
from dataclasses import dataclass
from typing import Annotated, Protocol

from hologram.errors import ArgumentTypeError, ArgumentValueError


class Kind(Protocol):
    """A type by its name in the interface, and how a Python value becomes one."""

    @property
    def name(self) -> str:
        """The name in the interface: "u64", "f32", "string" …"""

    def take(self, what: str, value: object) -> object:
        """The value as it is passed on; `what` names the parameter in errors.

        Raises ArgumentTypeError for a value of another type, ArgumentValueError for one out of range.
        """


@dataclass(frozen=True, slots=True)
class Integer:
    """Integers from `low` to `high`, both included: any object with `__index__`, truth values excepted."""

    name: str
    low: int
    high: int

    def take(self, what: str, value: object) -> int:
        """The integer."""
        if type(value) is not int:
            value = self._index(what, value)
        if not self.low <= value <= self.high:
            raise ArgumentValueError(f"{what} must be a {self.name}, from {self.low} to {self.high}, got {value}")
        return value

    def _index(self, what: str, value: object) -> int:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise ArgumentTypeError(f"{what} must be an integer ({self.name}), not {type(value).__name__}")
        return operator.index(value)


@dataclass(frozen=True, slots=True)
class Float32:
    """Numbers, rounded to f32: any object with `__float__` or `__index__`, truth values and text excepted."""

    name: str = "f32"

    def take(self, what: str, value: object) -> float:
        """The nearest f32; infinity beyond the largest."""
        if isinstance(value, bool | str) or not (hasattr(value, "__float__") or hasattr(value, "__index__")):
            raise ArgumentTypeError(f"{what} must be a number (f32), not {type(value).__name__}")
        try:
            number = float(value)  # type: ignore[arg-type]
        except OverflowError as error:
            raise ArgumentValueError(f"{what} must be a number that a float can hold") from error
        return ctypes.c_float(number).value


@dataclass(frozen=True, slots=True)
class Text:
    """Strings."""

    name: str = "string"

    def take(self, what: str, value: object) -> str:
        """The text."""
        if not isinstance(value, str):
            raise ArgumentTypeError(f"{what} must be text (string), not {type(value).__name__}")
        return value


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes, and other objects that hold some: bytearray, memoryview (in C order)."""

    name: str = "bytes"

    def take(self, what: str, value: object) -> bytes | bytearray | memoryview:
        """The bytes; those of a memoryview without a copy where they are contiguous."""
        if isinstance(value, memoryview):
            return value.cast("B") if value.c_contiguous and value.nbytes else value.tobytes()
        if not isinstance(value, bytes | bytearray):
            cure = "; cure: bytes(values)" if isinstance(value, list | tuple) else ""
            raise ArgumentTypeError(f"{what} must be bytes, not {type(value).__name__}{cure}")
        return value


def _unsigned(bits: int) -> Integer:
    return Integer(f"u{bits}", 0, (1 << bits) - 1)


U8 = Annotated[int, _unsigned(8)]
U32 = Annotated[int, _unsigned(32)]
U64 = Annotated[int, _unsigned(64)]
I32 = Annotated[int, Integer("i32", -(1 << 31), (1 << 31) - 1)]
F32 = Annotated[float, Float32()]
String = Annotated[str, Text()]
Data = Annotated[bytes | bytearray | memoryview, Bytes()]
Raw = Annotated[bytes, Bytes()]
