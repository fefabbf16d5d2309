"""Bounds-checked reading and canonical writing of the primitive pieces of a program file."""

from __future__ import annotations

from hologram.errors import ProgramFormatError
from hologram.isa.binary.layout import MAX_TEXT

VARINT_BYTES = 10
U64_MAX = (1 << 64) - 1
I64_MIN, I64_MAX = -(1 << 63), (1 << 63) - 1


class Sink:
    """Collects bytes; every number has exactly one spelling."""

    def __init__(self) -> None:
        self.data = bytearray()

    def refuse(self, reason: str) -> ProgramFormatError:
        """The error for a program that the format cannot hold."""
        return ProgramFormatError(reason, len(self.data))

    def number(self, value: object, limit: int = U64_MAX) -> None:
        """Unsigned LEB128."""
        if not isinstance(value, int) or not 0 <= value <= limit:
            raise self.refuse(f"{value!r} is not a number from 0 to {limit}")
        while value > 0x7F:
            self.data.append(value & 0x7F | 0x80)
            value >>= 7
        self.data.append(value)

    def signed(self, value: object) -> None:
        """Zigzag LEB128 of a signed 64-bit number."""
        if not isinstance(value, int) or not I64_MIN <= value <= I64_MAX:
            raise self.refuse(f"{value!r} is not a signed 64-bit number")
        self.number(value << 1 if value >= 0 else (-value << 1) - 1)

    def raw64(self, value: int) -> None:
        """Eight bytes, little-endian."""
        if not 0 <= value <= U64_MAX:
            raise self.refuse(f"{value!r} is not a 64-bit pattern")
        self.data += value.to_bytes(8, "little")

    def text(self, value: object) -> None:
        """Length and UTF-8."""
        if not isinstance(value, str):
            raise self.refuse(f"{value!r} is not a text")
        try:
            raw = value.encode()
        except UnicodeEncodeError as error:
            raise self.refuse(f"{value!r} has no UTF-8 form") from error
        self.number(len(raw), MAX_TEXT)
        self.data += raw


class Source:
    """Reads a stretch of a byte string; nothing is read outside [position, end)."""

    def __init__(self, data: bytes, position: int = 0, end: int | None = None) -> None:
        self.data, self.position = data, position
        self.end = len(data) if end is None else end

    def refuse(self, reason: str) -> ProgramFormatError:
        """The error for what stands at the current position."""
        return ProgramFormatError(reason, self.position)

    @property
    def left(self) -> int:
        """Bytes not read so far."""
        return self.end - self.position

    def take(self, count: int, what: str) -> bytes:
        """The next `count` bytes."""
        if count > self.left:
            raise self.refuse(f"{what} needs {count} bytes, {self.left} are left")
        start = self.position
        self.position += count
        return self.data[start : self.position]

    def number(self, what: str, limit: int = U64_MAX) -> int:
        """Unsigned LEB128 in its shortest form, at most `limit`."""
        value, start = 0, self.position
        for shift in range(0, 7 * VARINT_BYTES, 7):
            if self.position >= self.end:
                raise self.refuse(f"{what} is cut off")
            byte = self.data[self.position]
            self.position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if byte == 0 and shift:
                    raise ProgramFormatError(f"{what} is not in its shortest form", start)
                if value > limit:
                    raise ProgramFormatError(f"{what} is {value}, more than {limit}", start)
                return value
        raise ProgramFormatError(f"{what} is longer than 64 bits", start)

    def signed(self, what: str) -> int:
        """Zigzag LEB128."""
        value = self.number(what)
        return value >> 1 if not value & 1 else -((value + 1) >> 1)

    def count(self, what: str, limit: int) -> int:
        """A number of items that follow; each takes a byte or more, so it cannot exceed what is left."""
        start, value = self.position, self.number(what, limit)
        if value > self.left:
            raise ProgramFormatError(f"{what} is {value}, but only {self.left} bytes follow", start)
        return value

    def choice(self, what: str, count: int) -> int:
        """One byte below `count`."""
        start, value = self.position, self.take(1, what)[0]
        if value >= count:
            raise ProgramFormatError(f"{what} {value} is unknown", start)
        return value

    def raw64(self, what: str) -> int:
        """Eight bytes, little-endian."""
        return int.from_bytes(self.take(8, what), "little")

    def text(self, what: str) -> str:
        """Length and UTF-8."""
        start, size = self.position, self.count(f"the length of {what}", MAX_TEXT)
        try:
            return self.take(size, what).decode()
        except UnicodeDecodeError as error:
            raise ProgramFormatError(f"{what} is not UTF-8", start) from error

    def finish(self, what: str) -> None:
        """Refuses bytes that nothing has read."""
        if self.left:
            raise self.refuse(f"{what} has {self.left} bytes too many")
