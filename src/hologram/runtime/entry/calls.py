"""Tables of remembered calls: how machine code gets from arguments to launches that Python once worked out.

A function has a table of slots that hold addresses of calls; a call is found by its key, which machine code builds out
of the arguments (`stub_ir/keys`). Whoever changes a table holds the GIL, and so do those that read it: they hold the
owner of a call before anything else can run.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from hologram.backends.llvm.layout import SLOT
from hologram.errors import UnsupportedError
from hologram.runtime.entry.context import MAX_BLOCK, EntryContext
from hologram.runtime.entry.recipe import MAX_ARRAYS, MAX_RESULTS, Recipe, Step

CALL_FIELDS = {
    "hash": "of the key",
    "words": "length of the key in words",
    "key": "address of the key",
    "owner": "object that owns this call and all that it points to",
    "blocks": "address of the arguments blocks of its launches, one behind the other, which each call starts from",
    "block_bytes": "length of these",
    "results": "address of the rows of tensors that are made",
    "result_count": "number of these",
    "arrays": "address of the rows of arrays of all launches",
    "array_count": "number of these",
    "pairs": "address of the rows of arrays that must not meet",
    "pair_count": "number of these",
    "steps": "address of the rows of launches",
    "step_count": "number of these",
    "returned": "address of the places of what is given back, a word each",
    "returned_count": "number of these; 0 where the first is given back alone",
    "named_tuple": "the type of a named tuple of C, as which they are given back; 0 where it is a tuple",
}
"""Places count the arguments first, then the tensors that are made."""
STEP_FIELDS = {
    "launch": "address of the context block of the launch",
    "block": "offset of its arguments block",
    "writes": "address of the places of arguments that are written, a word each",
    "write_count": "number of these",
    "expectations": "address of the rows of what is expected behind the launch",
    "expectation_count": "number of these",
}
EXPECTATION_FIELDS = {
    "array": "number of an array",
    "offset": "bytes from its first element to an i64",
    "low": "the smallest value with which the call goes on",
    "high": "the largest",
}
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
    "slot": "offset of the address in the arguments blocks",
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
SMALL_BYTES = 1 << 18
"""Results up to this size are made without looking whether there is memory for them."""
MOST = 256
"""Calls that a function remembers."""
_ALIGNED = 16
"""Bytes at whose multiples arguments blocks begin."""


class Call:
    """A remembered call in memory; `launches` are the contexts of its launches with their arguments blocks.

    `keep` are the objects whose addresses stand in its key. Raises UnsupportedError where it is too large for the C
    stack.
    """

    __slots__ = ("__weakref__", "_keep", "_launches", "_memory", "address", "hash")

    def __init__(self, key: bytes, launches: Sequence[tuple[EntryContext, bytes]], recipe: Recipe, keep: Any) -> None:
        blocks = [block.ljust(-(-len(block) // _ALIGNED) * _ALIGNED, b"\0") for _, block in launches]
        size, arrays = sum(map(len, blocks)), len(recipe.arrays)
        if size > MAX_BLOCK or len(recipe.results) > MAX_RESULTS or arrays > MAX_ARRAYS:
            raise UnsupportedError(f"a call of {arrays} arrays and {size} bytes is too large")
        self._launches, self._keep = launches, (keep, recipe.kind)
        self.hash = hash_of(key)
        contexts = [context.address for context, _ in launches]
        sized = _Memory(0)
        self._fill(sized, key, contexts, blocks, recipe)
        self._memory = ctypes.create_string_buffer(sized.size)
        memory = _Memory(ctypes.addressof(self._memory))
        self.address = self._fill(memory, key, contexts, blocks, recipe)
        memoryview(self._memory).cast("B")[:] = memory.content

    def _fill(
        self, memory: _Memory, key: bytes, contexts: Sequence[int], blocks: Sequence[bytes], recipe: Recipe
    ) -> int:
        """Put all parts into memory; gives the address of the first row."""
        starts = [sum(map(len, blocks[:k])) for k in range(len(blocks))]
        slots = [start for start, step in zip(starts, recipe.steps, strict=True) for _ in step.arrays]
        rows = zip(recipe.arrays, slots, strict=True)
        arrays = [words((a.source, a.offset, at + a.slot, a.itemsize - 1, a.bytes)) for a, at in rows]
        pairs = [words((m.first, m.second, m.same_allowed)) for m in recipe.meetings]
        results = [
            words((r.dtype, len(r.sizes), memory.put(words(r.sizes)), memory.put(words(r.strides)), _is_small(r.bytes)))
            for r in recipe.results
        ]
        steps = [_step(memory, *parts) for parts in zip(contexts, starts, recipe.steps, strict=True)]
        fields = {
            "hash": self.hash,
            "words": len(key) // SLOT,
            "key": memory.put(key),
            "owner": id(self),
            "blocks": memory.put(b"".join(blocks)),
            "block_bytes": sum(map(len, blocks)),
            "results": memory.put(b"".join(results)),
            "result_count": len(results),
            "arrays": memory.put(b"".join(arrays)),
            "array_count": len(arrays),
            "pairs": memory.put(b"".join(pairs)),
            "pair_count": len(pairs),
            "steps": memory.put(b"".join(steps)),
            "step_count": len(steps),
            "returned": memory.put(words(recipe.returned)),
            "returned_count": 0 if recipe.kind is None else len(recipe.returned),
            "named_tuple": 0 if recipe.kind in (None, tuple) else id(recipe.kind),
        }
        return memory.put(packed(CALL_FIELDS, fields))


class _Memory:
    """Parts one behind the other, from an address on."""

    def __init__(self, start: int) -> None:
        self._start, self.size, self._parts = start, 0, list[bytes]()

    def put(self, part: bytes) -> int:
        """Add a part of whole words; gives its address."""
        place = self._start + self.size
        self._parts.append(part)
        self.size += len(part)
        return place

    @property
    def content(self) -> bytes:
        return b"".join(self._parts)


def _step(memory: _Memory, context: int, start: int, step: Step) -> bytes:
    """The row of a launch."""
    expectations = b"".join(words((e.array, e.offset, e.low, e.high)) for e in step.expectations)
    fields = {
        "launch": context,
        "block": start,
        "writes": memory.put(words(step.writes)),
        "write_count": len(step.writes),
        "expectations": memory.put(expectations),
        "expectation_count": len(step.expectations),
    }
    return packed(STEP_FIELDS, fields)


def _is_small(size: int) -> bool:
    return size <= SMALL_BYTES


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
