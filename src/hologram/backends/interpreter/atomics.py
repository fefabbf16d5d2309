"""Atomics in lock-step: lanes take their turns in ascending order, and each finds what those before it left."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from hologram.backends.interpreter.convert import STORAGE
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.memory import Region
from hologram.backends.interpreter.semantics import FUNCTIONS
from hologram.types import Type

Update = Callable[..., Array]
"""(type, old values, operands …) to new values."""


def _exchange(ty: Type, old: Array, new: Array) -> Array:
    return new


def _compare_and_swap(ty: Type, old: Array, expected: Array, new: Array) -> Array:
    return np.where(old == expected, new, old)


UPDATES: Mapping[str, Update] = {
    **{f"ATOM_{name}": FUNCTIONS[name] for name in ("ADD", "MIN", "MAX", "AND", "OR", "XOR")},
    "ATOM_EXCH": _exchange,
    "ATOM_CAS": _compare_and_swap,
}
"""What each atomic makes of a cell."""


_FOLDS: Mapping[str, np.ufunc] = {
    "ATOM_ADD": np.add,
    "ATOM_MIN": np.minimum,
    "ATOM_MAX": np.maximum,
    "ATOM_AND": np.bitwise_and,
    "ATOM_OR": np.bitwise_or,
    "ATOM_XOR": np.bitwise_xor,
}
"""Operations whose running result NumPy gives at once (floats: addition only, where NaN and zeros are the same)."""


def update(region: Region, offsets: Array, ty: Type, op: str, operands: list[Array]) -> Array:
    """Apply an atomic at byte offsets, one a lane, and give the old value of each; all offsets are multiples of a size.

    `operands` have shape (lanes,) or (1,).
    """
    full = [np.broadcast_to(o, offsets.shape) for o in operands]
    old, groups = np.empty(offsets.shape, STORAGE[ty]), turns(offsets)
    folds = op in _FOLDS and (ty.is_integer or op == "ATOM_ADD")
    if folds and groups and len(groups) > len(groups[0]):  # few cells that many lanes meet in
        for cell in np.unique(offsets):
            lanes = np.flatnonzero(offsets == cell)
            at = np.array([cell])
            values = np.concatenate([region.load(at, STORAGE[ty]), full[0][lanes]])
            running = _FOLDS[op].accumulate(values, dtype=STORAGE[ty])
            old[lanes] = running[:-1]
            region.store(at, running[-1:])
        return old
    for lanes in groups:
        old[lanes] = region.load(offsets[lanes], STORAGE[ty])
        region.store(offsets[lanes], UPDATES[op](ty, old[lanes], *(o[lanes] for o in full)))
    return old


def turns(offsets: Array) -> list[Array]:
    """The lanes in groups without conflicts: a lane is in group k when k lower lanes have its offset.

    >>> [t.tolist() for t in turns(np.array([4, 0, 4, 4]))]
    [[1, 0], [2], [3]]
    """
    if len(offsets) == 0:
        return []
    order = np.argsort(offsets, kind="stable")
    ordered = offsets[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    lengths = np.diff(np.append(starts, len(ordered)))
    rank = np.arange(len(ordered)) - np.repeat(starts, lengths)
    by_rank = order[np.argsort(rank, kind="stable")]
    return np.split(by_rank, np.cumsum(np.bincount(rank))[:-1])
