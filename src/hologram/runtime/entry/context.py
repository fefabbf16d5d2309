"""Context blocks: what an entry function knows about the object it was called on.

Entry functions contain no addresses. Everything that belongs to one process or one object comes through a context
block, a row of 8-byte fields that the object's CONTEXT word points to. The dictionaries below are the layout: a
field's offset is eight times its position.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import combinations
from typing import Any

import numpy as np

from hologram.backends.llvm.layout import HEADER_BYTES, SLOT, Layout, header
from hologram.errors import UnsupportedError
from hologram.isa.program import Param
from hologram.runtime.dlpack import TRUTH as DLPACK_TRUTH
from hologram.runtime.dlpack import element as dlpack_element
from hologram.runtime.entry import tensors
from hologram.types import Type

CONTEXT_FIELDS = {
    "run": "address of `i64 run(ptr block, ptr piece)`, which returns 0 or a fault code; a null piece is all",
    "block": "address of the arguments block (bound) or of the header each call starts from (unbound)",
    "slow": "callable that gets the arguments of every call the entry does not take",
    "fault": "callable that gets (fault code, fault information) of a run that returned one",
    "none": "the object None",
    "owner": "object that owns this block and all it points to; held while a launch runs without the GIL",
    "release_lanes": "a launch of at least so many lanes releases the GIL",
    "check": "address of `i32 check(ptr block)`: writes the launch domain; not 0 where extents do not fit",
    "parameters": "address of the parameter rows",
    "parameter_count": "number of parameter rows",
    "pairs": "address of the pair rows",
    "pair_count": "number of pair rows",
    "tensors": "address of what is known of PyTorch's tensors (see `tensors`)",
    "array_type": "the type numpy.ndarray",
    "int_type": "the type int",
    "float_type": "the type float",
    "pool": "address of the pool of threads, 0 where long launches run on the caller alone",
    "recipe": "address of what the launch driver needs to know about the kernel",
    "attend": "callable without arguments that loads the launch driver and starts the workers that launches want",
    "calls": "address of the table of remembered calls (see `calls`)",
    "making": "address of what is known of making tensors (see `making`)",
}

PARAMETER_FIELDS = {
    "kind": "a Kind",
    "offset": "first slot of the parameter in the arguments block",
    "ndim": "dimensions of an array",
    "dtype": "the dtype object an array must have (the very object)",
    "flags": "NumPy flags an array must have",
    "itemsize": "bytes of an element, a power of two",
    "low": "smallest int accepted; of an array another dtype object that it may have as a span",
    "high": "largest int accepted; of an array both types as DLPack says them, 32 bits each",
}

PAIR_FIELDS = {
    "first": "parameter number of an array",
    "second": "parameter number of another; at least one of the two is written",
    "same_allowed": "1 where both may be the very same elements, 0 where no byte may be shared",
}


@dataclass(frozen=True, slots=True)
class Team:
    """The fields for running on several threads; `keep` owns the recipe."""

    pool: int
    recipe: int
    attend: Callable[[], Any]
    keep: Any = None

    @property
    def fields(self) -> dict[str, int]:
        return {"pool": self.pool, "recipe": self.recipe, "attend": id(self.attend)}


NEVER_RELEASE = 2**63 - 1
"""`release_lanes` of launches that always keep the GIL."""

MAX_BLOCK = 2048
MAX_PARAMETERS = 64
"""Bounds of an unbound call: its arguments block and byte ranges live on the C stack (3 KB, within one page)."""

NUMPY_C_CONTIGUOUS, _NUMPY_ALIGNED, NUMPY_WRITEABLE = 0x1, 0x100, 0x400
_TRUTHS = np.dtype(np.bool_)


class Kind(IntEnum):
    """How an argument is checked and stored."""

    ARRAY = 0
    INTEGER = 1
    F32 = 2
    F64 = 3
    SLOW = 4  # always left to the slow path
    SPAN = 5  # an array of any rank and strides, as the memory that it lies in


def offsets(fields: Mapping[str, str]) -> dict[str, int]:
    """Byte offset of every field of one of the tables above."""
    return {name: SLOT * position for position, name in enumerate(fields)}


CONTEXT_BYTES = SLOT * len(CONTEXT_FIELDS)
PARAMETER_BYTES = SLOT * len(PARAMETER_FIELDS)
PAIR_BYTES = SLOT * len(PAIR_FIELDS)

_CONTEXT = struct.Struct(f"<{len(CONTEXT_FIELDS)}Q")
_PARAMETER = struct.Struct(f"<{len(PARAMETER_FIELDS)}q")
_PAIR = struct.Struct(f"<{len(PAIR_FIELDS)}q")


class EntryContext:
    """The memory of one context block, and every object it points to.

    Machine code refers to it by `address` only: whoever hands that to `set_entry` keeps this object in a slot beside.
    The callables should not refer back to the object that is called, or only the cyclic collector can free it.
    """

    __slots__ = ("__weakref__", "_block", "_kept", "address", "block_address")

    def __init__(self, fields: Mapping[str, int], block: bytes, parameters: bytes, pairs: bytes, kept: Any) -> None:
        memory = ctypes.create_string_buffer(CONTEXT_BYTES + len(block) + len(parameters) + len(pairs))
        content = memoryview(memory).cast("B")
        self._block = content[CONTEXT_BYTES : CONTEXT_BYTES + len(block)]  # keeps the memory
        self._kept = kept
        self.address = ctypes.addressof(memory)
        self.block_address = self.address + CONTEXT_BYTES
        values = {
            "block": self.block_address,
            "parameters": self.block_address + len(block),
            "pairs": self.block_address + len(block) + len(parameters),
            "none": id(None),
            "owner": id(self),
            **fields,
        }
        words = [values.get(name, 0) for name in CONTEXT_FIELDS]
        content[:] = _CONTEXT.pack(*words) + block + parameters + pairs

    def write(self, offset: int, data: bytes) -> None:
        """Overwrite bytes of the arguments block (a scalar of a bound launch); ValueError outside of it."""
        self._block[offset : offset + len(data)] = data


def bound_context(
    run: int,
    block: bytes | bytearray,
    *,
    slow: Callable[..., Any],
    fault: Callable[[int, int], Any],
    release_lanes: int = NEVER_RELEASE,
    team: Team | None = None,
    keep: Any = None,
) -> EntryContext:
    """Context of the `bound` entry: a finished arguments block (copied) that `run` is called with.

    `slow` gets the arguments of calls that have any, `fault` what went wrong in a run; `keep` is held alive: the
    arrays whose addresses stand in the block.
    """
    fields = {"run": run, "slow": id(slow), "fault": id(fault), "release_lanes": release_lanes}
    fields |= team.fields if team else {}
    return EntryContext(fields, bytes(block), b"", b"", (slow, fault, team, keep))


def unbound_context(
    run: int,
    check: int,
    params: Sequence[Param],
    *,
    slow: Callable[..., Any],
    fault: Callable[[int, int], Any],
    same_allowed: Collection[tuple[int, int]] = (),
    release_lanes: int = NEVER_RELEASE,
    team: Team | None = None,
    block_header: bytes = header(),
    spans: bool = False,
    keep: Any = None,
) -> EntryContext:
    """Context of the `unbound` entry: how to check positional arguments and lay them into a block for `check`, `run`.

    `same_allowed` holds pairs (i, j), i < j, of parameters that may be given the very same array; every other overlap
    of a written array goes to `slow`, as does anything else that is not plainly right. With `spans` arrays of any rank
    and strides are taken as the memory they lie in.
    Raises UnsupportedError where the parameters are too many for the stack.
    """
    layout = Layout.of(params)
    if layout.size > MAX_BLOCK or len(params) > MAX_PARAMETERS:
        raise UnsupportedError(
            f"{len(params)} parameters of {layout.size} bytes do not fit a native call "
            f"(at most {MAX_PARAMETERS} parameters, {MAX_BLOCK} bytes)"
        )
    if len(block_header) != HEADER_BYTES:
        raise ValueError(f"a block header has {HEADER_BYTES} bytes, not {len(block_header)}")
    dtypes = [param.type.dtype for param in params]
    rows = [_row(p, place.offset, d, spans) for p, place, d in zip(params, layout.places, dtypes, strict=True)]
    pairs = [_PAIR.pack(i, j, (i, j) in same_allowed) for i, j in _conflicting_pairs(params)]
    fields = {
        "run": run,
        "check": check,
        "slow": id(slow),
        "fault": id(fault),
        "release_lanes": release_lanes,
        "parameter_count": len(rows),
        "pair_count": len(pairs),
        "tensors": tensors.address(),
        "array_type": id(np.ndarray),
        "int_type": id(int),
        "float_type": id(float),
        **(team.fields if team else {}),
    }
    return EntryContext(fields, block_header, b"".join(rows), b"".join(pairs), (slow, fault, dtypes, team, keep))


def remembering_context(calls: int, making: int, *, slow: Callable[..., Any], keep: Any) -> EntryContext:
    """Context of the entries of remembered calls; `calls` is the address of their table, which `keep` owns."""
    fields = {
        "slow": id(slow),
        "calls": calls,
        "making": making,
        "tensors": tensors.address(),
        "int_type": id(int),
        "float_type": id(float),
    }
    return EntryContext(fields, b"", b"", b"", (slow, keep))


def _conflicting_pairs(params: Sequence[Param]) -> Iterator[tuple[int, int]]:
    arrays = [i for i, param in enumerate(params) if param.is_array]
    return ((i, j) for i, j in combinations(arrays, 2) if params[i].is_written or params[j].is_written)


def _row(param: Param, offset: int, dtype: np.dtype[Any], spans: bool) -> bytes:
    fields = {"offset": offset, "itemsize": param.type.size}
    if param.is_array:
        flags = _NUMPY_ALIGNED | (NUMPY_WRITEABLE if param.is_written else 0)
        flags |= NUMPY_C_CONTIGUOUS if param.ndim == 1 and not spans else 0
        element, truths = dlpack_element(param.type), spans and param.type is Type.U8
        fields |= {"kind": Kind.SPAN if spans else Kind.ARRAY, "ndim": param.ndim, "flags": flags}
        fields |= {"dtype": id(dtype), "low": id(_TRUTHS if truths else dtype)}
        fields["high"] = element | (DLPACK_TRUTH if truths else element) << 32
    else:
        fields["kind"], fields["low"], fields["high"] = _scalar_kind(param.type)
    return _PARAMETER.pack(*(fields.get(name, 0) for name in PARAMETER_FIELDS))


def _scalar_kind(type: Type) -> tuple[Kind, int, int]:
    if type.is_integer:
        # Values above the signed range (u64) are rare enough for the slow path.
        return Kind.INTEGER, type.minimum, min(type.maximum, 2**63 - 1)
    # Ints up to 2^53 become a float with one rounding; larger ones need care, which the slow path takes.
    kind = {Type.F32: Kind.F32, Type.F64: Kind.F64}.get(type, Kind.SLOW)
    return kind, -(2**53), 2**53
