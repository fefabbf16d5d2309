"""Tables of remembered calls: how machine code gets from arguments to a launch that Python once worked out.

A function has a table of slots that hold addresses of calls; a call is found by its key, which machine code builds out
of the arguments (`stub_ir/keys`). Whoever changes a table holds the GIL, and so do those that read it: they hold the
owner of a call before anything else can run.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hologram.backends.llvm.layout import SLOT
from hologram.errors import UnsupportedError
from hologram.runtime.entry.context import MAX_BLOCK, EntryContext

CALL_FIELDS = {
    "hash": "of the key",
    "words": "length of the key in words",
    "key": "address of the key",
    "owner": "object that owns this call and all that it points to",
    "launch": "address of the context block of its launch, whose arguments block each call starts from",
    "block_bytes": "length of that arguments block",
    "results": "address of the rows of tensors that are made",
    "result_count": "number of these",
    "arrays": "address of the rows of arrays of the launch",
    "array_count": "number of these",
    "pairs": "address of the rows of arrays that must not meet",
    "pair_count": "number of these",
    "writes": "address of the places of arguments that are written, a word each",
    "write_count": "number of these",
    "returned": "address of the places of what is given back, a word each",
    "returned_count": "number of these; 0 where the first is given back alone",
}
"""Places count the arguments first, then the tensors that are made."""
RESULT_FIELDS = {
    "dtype": "PyTorch's number of the type",
    "ndim": "number of axes",
    "sizes": "address of the lengths",
    "strides": "address of the strides in elements",
    "is_small": "1 where memory for it may be taken as given",
}
ARRAY_FIELDS = {
    "source": "place of the tensor; -1 for memory that only the launch uses",
    "offset": "bytes from the tensor's first element, or the beginning of that memory, to the array's first element",
    "slot": "offset of the address in the arguments block",
    "misplaced": "bits of an address that are 0 where elements lie as they should",
    "bytes": "length of the array",
}
MEETING_FIELDS = {
    "first": "number of an array",
    "second": "number of another",
    "same_allowed": "1 where both may begin at one place",
}

MAX_KEY = 160
"""Words of a key, which lies on the C stack."""
MAX_RANK = 8
MAX_RESULTS = 8
MAX_ARRAYS = 24
MAX_SCRATCH = 1024
"""Bytes that launches have for themselves on the C stack."""
SCRATCH = -1
SMALL_BYTES = 1 << 18
"""Results up to this size are made without looking whether there is memory for them."""
MOST = 256
"""Calls that a function remembers."""


@dataclass(frozen=True, slots=True)
class Result:
    """A tensor that a call makes."""

    dtype: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    bytes: int


@dataclass(frozen=True, slots=True)
class Array:
    """An array of a launch, as a part of the tensor at a place."""

    source: int
    offset: int
    slot: int
    itemsize: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two arrays that must not share memory, unless they begin at one place where that is allowed."""

    first: int
    second: int
    same_allowed: bool


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a call does: tensors made, arrays of the launch, places of arguments written and of what is given back."""

    results: tuple[Result, ...]
    arrays: tuple[Array, ...]
    meetings: tuple[Meeting, ...]
    writes: tuple[int, ...]
    returned: tuple[int, ...]
    is_alone: bool


class Call:
    """A remembered call in memory; `keep` are the objects whose addresses stand in its key.

    Raises UnsupportedError where it is too large for the C stack.
    """

    __slots__ = ("__weakref__", "_keep", "_launch", "_memory", "address", "hash")

    def __init__(self, key: bytes, launch: EntryContext, block_bytes: int, recipe: Recipe, keep: Any) -> None:
        if block_bytes > MAX_BLOCK or len(recipe.results) > MAX_RESULTS or len(recipe.arrays) > MAX_ARRAYS:
            raise UnsupportedError(f"a call of {len(recipe.arrays)} arrays and {block_bytes} bytes is too large")
        self._launch, self._keep = launch, keep
        self.hash = hash_of(key)
        lengths = [words(axes) for r in recipe.results for axes in (r.sizes, r.strides)]
        arrays = [words((a.source, a.offset, a.slot, a.itemsize - 1, a.bytes)) for a in recipe.arrays]
        pairs = [words((m.first, m.second, m.same_allowed)) for m in recipe.meetings]
        parts = [key, words(recipe.writes), words(recipe.returned), b"".join(arrays), b"".join(pairs), *lengths]
        head = SLOT * (len(CALL_FIELDS) + len(RESULT_FIELDS) * len(recipe.results))
        self._memory = ctypes.create_string_buffer(head + sum(map(len, parts)))
        self.address = start = ctypes.addressof(self._memory)
        places = [start + head + sum(map(len, parts[:k])) for k in range(len(parts))]
        fields = {
            "hash": self.hash,
            "words": len(key) // SLOT,
            "key": places[0],
            "owner": id(self),
            "launch": launch.address,
            "block_bytes": block_bytes,
            "results": start + SLOT * len(CALL_FIELDS),
            "result_count": len(recipe.results),
            "arrays": places[3],
            "array_count": len(recipe.arrays),
            "pairs": places[4],
            "pair_count": len(recipe.meetings),
            "writes": places[1],
            "write_count": len(recipe.writes),
            "returned": places[2],
            "returned_count": 0 if recipe.is_alone else len(recipe.returned),
        }
        rows = [
            words((r.dtype, len(r.sizes), places[5 + 2 * k], places[6 + 2 * k], r.bytes <= SMALL_BYTES))
            for k, r in enumerate(recipe.results)
        ]
        memoryview(self._memory).cast("B")[:] = packed(CALL_FIELDS, fields) + b"".join(rows) + b"".join(parts)


def words(values: Sequence[int]) -> bytes:
    """Numbers as words."""
    return struct.pack(f"<{len(values)}q", *values)


def packed(table: Mapping[str, str], values: Mapping[str, int]) -> bytes:
    """The fields of a table as words."""
    return struct.pack(f"<{len(table)}Q", *(values[name] for name in table))


_MULTIPLIER, _BITS = 0x9E3779B97F4A7C15, 2**64 - 1


def hash_of(key: bytes) -> int:
    """The hash of a key, as machine code computes it."""
    found = 0
    for word in struct.unpack(f"<{len(key) // SLOT}Q", key):
        found = ((found ^ word) * _MULTIPLIER) & _BITS
        found ^= found >> 32
    return found


class Calls:
    """The calls that a function remembers; `pointer` is the address of a word with the address of their slots.

    Where there are too many the older half is forgotten.
    """

    __slots__ = ("_calls", "_memory", "_pointer", "_slots")

    def __init__(self) -> None:
        self._pointer = (ctypes.c_uint64 * 1)()
        self._calls: dict[bytes, Call] = {}
        self._rebuild(8)

    @property
    def pointer(self) -> int:
        return ctypes.addressof(self._pointer)

    def __len__(self) -> int:
        return len(self._calls)

    def __contains__(self, key: bytes) -> bool:
        return key in self._calls

    def add(self, key: bytes, call: Call) -> None:
        """Remember a call; an older one of the key is forgotten."""
        replaces = self._calls.pop(key, None) is not None
        self._calls[key] = call
        if len(self._calls) > MOST:
            for old in list(self._calls)[: MOST // 2]:
                del self._calls[old]
            self._rebuild(self._slots)
        elif replaces or 2 * len(self._calls) > self._slots:
            self._rebuild(self._slots if replaces else 2 * self._slots)
        else:
            self._place(call)

    def clear(self) -> None:
        """Forget all calls."""
        self._calls.clear()
        self._rebuild(8)

    def _rebuild(self, slots: int) -> None:
        """Other slots, which take the place of the old ones when they are filled."""
        memory: Any = (ctypes.c_uint64 * (slots + 1))(slots - 1)
        self._slots, previous = slots, getattr(self, "_memory", None)
        self._memory = memory
        for call in self._calls.values():
            self._place(call)
        self._pointer[0] = ctypes.addressof(memory)
        del previous  # lived until nobody could find it

    def _place(self, call: Call) -> None:
        place = call.hash & (self._slots - 1)
        while self._memory[1 + place]:
            place = (place + 1) & (self._slots - 1)
        self._memory[1 + place] = call.address
