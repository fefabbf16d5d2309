"""Calls that every operation of the memory family is tried with, and what NumPy makes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hologram.ops import memory
from hologram.types import Type

Array = np.ndarray[Any, Any]
SHAPE = (3, 4, 5)
DTYPES: list[np.dtype[Any]] = [np.dtype(np.bool_), *(t.dtype for t in Type)]
ROWS = {row.name: row for row in memory.ROWS}


@dataclass(frozen=True)
class Case:
    """A call: inputs behind x, and parameters; `of` is x's shape."""

    name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    of: tuple[int, ...] = SHAPE

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{k}={v}" for k, v in self.parameters.items())]).replace(" ", "")

    def expected(self, x: Array) -> Array:
        """What NumPy gives."""
        names = {**ROWS[self.name].parameters, **self.parameters}
        found = eval(ROWS[self.name].numpy, {"np": np, "x": x, "arrays": [x, x[::-1]], **names})
        return np.asarray(found)


def arguments(case: Case, x: Any) -> tuple[Any, ...]:
    return ([x, x[::-1]],) if case.name in ("concatenate", "stack") else (x,)


CASES = [
    Case("copy"),
    Case("transpose"),
    Case("transpose", {"axes": (1, 2, 0)}),
    Case("transpose", {"axes": (0, -1, 1)}),
    Case("flip"),
    Case("flip", {"axis": 1}),
    Case("flip", {"axis": (0, -1)}),
    Case("broadcast_to", {"shape": (2, 3, 4, 5)}),
    Case("roll", {"shift": 7}),
    Case("roll", {"shift": -2, "axis": 1}),
    Case("roll", {"shift": (1, 3), "axis": (0, 2)}),
    Case("concatenate"),
    Case("concatenate", {"axis": -1}),
    Case("concatenate", {"axis": None}),
    Case("stack"),
    Case("stack", {"axis": 2}),
    Case("stack", {"axis": -1}),
    Case("repeat", {"repeats": 3}),
    Case("repeat", {"repeats": 2, "axis": 1}),
    Case("repeat", {"repeats": 0, "axis": 1}),
    Case("tile", {"reps": 2}),
    Case("tile", {"reps": (2, 1, 3)}),
    Case("tile", {"reps": (2, 1, 1, 2)}),
    Case("pad", {"pad_width": 2}),
    Case("pad", {"pad_width": ((1, 2), (0, 1), (2, 0)), "mode": "edge"}),
    Case("pad", {"pad_width": ((1, 2), (0, 3), (4, 1)), "mode": "reflect"}),
    Case("pad", {"pad_width": ((3, 2), (0, 1), (2, 5)), "mode": "wrap"}),
    Case("diagonal"),
    Case("diagonal", {"offset": -1, "axis1": 2, "axis2": 0}),
    Case("diag", of=(6,)),
    Case("diag", {"k": -2}, (6,)),
    Case("diag", {"k": 1}, (4, 6)),
    Case("tril"),
    Case("tril", {"k": 1}),
    Case("triu", {"k": -1}),
    Case("flatnonzero"),
    Case("argwhere"),
]


def elements(dtype: np.dtype[Any], shape: tuple[int, ...], seed: int = 0) -> Array:
    """Random elements, some of them 0."""
    values = np.random.default_rng(seed).integers(-100, 100, shape)
    kept = np.where(np.abs(values) < 30, 0, values)
    return (kept if dtype.kind != "u" else np.abs(kept)).astype(dtype)
