"""Arguments for generated programs, made from the names of their parameters, the lanes of the launch and a seed.

| name starts with | argument                                                                     |
|------------------|------------------------------------------------------------------------------|
| `nx ny nz`       | lanes of the launch along x, y, z                                            |
| `few`            | a number from 0 to 6                                                         |
| `cols`           | columns of the `mat` arrays, 0 to 70                                         |
| `table`          | 1-D, read only, 64 elements                                                  |
| `line`           | 1-D, read only, one element a lane and 16 more                               |
| `own`            | 1-D, one element a lane, each touched by its lane only                       |
| `slab`           | 1-D, four elements a lane                                                    |
| `cube`           | as many dimensions as the parameter says, shaped like the launch (z, y, x)   |
| `mat`            | 2-D, read only, a row a lane along x, `cols` columns                         |
| `result`         | 1-D, 16 elements, for launch reductions and values stored by all lanes alike |
| anything else    | a scalar: any value of its type                                              |
"""

from __future__ import annotations

import ctypes
import mmap
import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from hologram.isa.program import Param
from hologram.types import Type

Array = np.ndarray[Any, Any]
Triple = tuple[int, int, int]
TABLE_LENGTH = 64
MARGIN = 16
SLAB = 4
RESULTS = 16
SHORT_FROM = 1_000_000_000
"""Cases of these seeds are short, for many quick ones."""
_PAGE = mmap.PAGESIZE
_FLOATS = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1.5,
    -2.5,
    3.0,
    100.0,
    1e-3,
    1e10,
    -1e30,
    float("inf"),
    -float("inf"),
    float("nan"),
)


def edge_values(type: Type) -> list[int | float]:
    """Values of a type at which operations tend to go wrong."""
    if type.is_integer:
        near = [0, 1, 2, 3, 5, 7, 8, 31, 32, 33, 63, 64, 100, 127, 128, 255]
        far = [type.minimum, type.minimum + 1, type.maximum, type.maximum - 1, type.maximum // 3]
        values = [*near, *(-v for v in near), *far]
        return [v for v in dict.fromkeys(values) if type.minimum <= v <= type.maximum]
    info = {Type.F64: (2.0**-1074, 2.0**-1022, 1.7e308)}.get(type, (2.0**-149, 2.0**-126, 3.0e38))
    return [*_FLOATS, *info, *(-v for v in info)]


def array(type: Type, shape: Sequence[int], rng: random.Random) -> Array:
    """Edge values, small numbers and arbitrary bits, mixed."""
    count = int(np.prod(shape))
    draw = np.random.default_rng(rng.getrandbits(64))
    bits = np.frombuffer(draw.bytes(count * type.size), f"u{type.size}")
    small = draw.integers(0, 21, count) - 8 * type.is_signed
    picked = _edges(type)[draw.integers(0, len(_edges(type)), count)]
    kind = draw.choice((0, 1, 1, 1, 2, 2), count)
    out = np.where(kind == 0, bits.view(type.dtype), np.where(kind == 1, small.astype(type.dtype), picked))
    return out.astype(type.dtype).reshape(shape)


@cache
def _edges(type: Type) -> Array:
    values = edge_values(type)
    with np.errstate(over="ignore"):
        return np.array(values, object if type.is_integer else np.float64).astype(type.dtype)


def scalar(type: Type, rng: random.Random) -> int | float:
    return rng.choice(edge_values(type)) if rng.random() < 0.6 else rng.randint(0, 9)


def argument(param: Param, lanes: Triple, rng: random.Random, cols: int, strided: bool) -> Array | int | float:
    """One argument; `strided` arrays of two or more dimensions have gaps and reversed axes."""
    named = {"nx": lanes[0], "ny": lanes[1], "nz": lanes[2], "few": rng.randint(0, 6), "cols": cols}
    if not param.is_array:
        known = next((v for k, v in named.items() if param.name.startswith(k)), None)
        return scalar(param.type, rng) if known is None else known
    total = lanes[0] * lanes[1] * lanes[2]
    shapes = {
        "table": (TABLE_LENGTH,),
        "line": (total + MARGIN,),
        "own": (total,),
        "slab": (SLAB * total,),
        "cube": lanes[::-1][3 - param.ndim :],
        "mat": (lanes[0], cols),
        "result": (RESULTS,),
    }
    shape = next(v for k, v in shapes.items() if param.name.startswith(k))
    if param.ndim == 1 or not strided:
        return array(param.type, shape, rng)
    wide = array(param.type, [2 * s for s in shape], rng)
    steps = [rng.choice((1, 2, -1, -2)) for _ in shape]
    return wide[tuple(slice(None, None, s) for s in steps)][tuple(slice(0, s) for s in shape)]


def arguments(params: Sequence[Param], lanes: Triple, seed: int, strided: bool) -> list[Array | int | float]:
    """All arguments of a launch."""
    rng = random.Random(seed)
    cols = rng.choice((0, 1, 7, 15, 16, 17, 33, 70))
    return [argument(p, lanes, rng, cols, strided) for p in params]


def fenced(values: Array, at_end: bool) -> Array:
    """A copy that touches memory nobody may access: right behind it, or right before it.

    The copy has the same strides; code that goes astray by one element ends the process.
    """
    if not values.size:
        return values
    low, high = np.lib.array_utils.byte_bounds(values)
    first = values.__array_interface__["data"][0] - low
    room = -(-(high - low) // _PAGE) * _PAGE
    memory = mmap.mmap(-1, room + 2 * _PAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for page in (start, start + _PAGE + room):
        if ctypes.CDLL(None, use_errno=True).mprotect(ctypes.c_void_p(page), _PAGE, 0):
            raise OSError(ctypes.get_errno(), "mprotect")
    offset = _PAGE + (room - (high - low) if at_end else 0) + first
    copy = np.ndarray(values.shape, values.dtype, memory, offset, values.strides)
    copy[...] = values
    return copy
