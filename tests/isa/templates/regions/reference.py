"""What regions compute, by NumPy in float64 and int64; arrays laid out as spans, and launches of programs on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import hologram
from hologram.isa.region import Fold, Operand, Region
from hologram.isa.templates.regions import program
from hologram.operators import TRUTHS, Formula
from hologram.types import Type

Array = np.ndarray[Any, Any]
BACKENDS = ("interpreter", "cpu")
EXECUTORS = {name: hologram.Executor(name) for name in BACKENDS}

ERF = np.vectorize(math.erf, otypes=[np.float64])
WORDS: Mapping[str, Callable[..., Any]] = {
    "ADD": np.add, "SUB": np.subtract, "MUL": np.multiply, "DIV": np.divide, "MINP": np.minimum, "MAXP": np.maximum,
    "NEG": np.negative, "ABS": np.abs, "SQRT": np.sqrt, "EXP": np.exp, "LOG": np.log, "TANH": np.tanh,
    "ERF": ERF,
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
    "PAND": np.logical_and, "POR": np.logical_or, "PNOT": np.logical_not,
    "SEL": lambda c, a, b: np.where(np.asarray(c) != 0, a, b),
}  # fmt: skip
FOLDS: Mapping[str, Any] = {"ADD": np.sum, "MUL": np.prod, "MINP": np.min, "MAXP": np.max}


def evaluate(region: Region, lengths: Sequence[int], given: Mapping[str, Any]) -> dict[str, Array]:
    """The values of all outputs, in the shape of the axes (1 where an output has no stride)."""
    known: dict[str, Any] = {name: np.asarray(value) for name, value in given.items()}
    rank = len(lengths)
    known |= {f"n{axis}": n for axis, n in enumerate(lengths)}
    for axis, n in enumerate(lengths):
        known[f"i{axis}"] = np.arange(n).reshape([-1 if k == axis else 1 for k in range(rank)])
    reduced = tuple(axis for axis, letter in enumerate(region.axes) if letter == "r")
    for step in region.steps:
        if isinstance(step, Fold):
            shape = [lengths[a] if a in reduced else 1 for a in range(rank)]
            terms = np.asarray(_as(_of(step.of, known, step.type), step.type))
            terms = np.broadcast_to(terms, np.broadcast_shapes(terms.shape, tuple(shape)))
            known[step.name] = FOLDS[step.op](terms, axis=reduced, keepdims=True, initial=_neutral(step.op, step.type))
        else:
            known[step.name] = _of(step.formula, known, step.type)
    return {o.to.name: _as(np.asarray(known[o.of]), o.to.type) for o in region.outputs}


def _neutral(op: str, type: Type) -> float:
    """What a fold of nothing gives."""
    if op in ("ADD", "MUL"):
        return 0 if op == "ADD" else 1
    if type.is_float:
        return math.inf if op == "MINP" else -math.inf
    return type.maximum if op == "MINP" else type.minimum


def _as(value: Any, type: Type) -> Any:
    """A value as it is computed with: truths and integers in float64 or int64; infinities saturate."""
    found = np.asarray(value)
    if type.is_float or found.dtype.kind != "f":
        return found.astype(np.float64 if type.is_float else np.int64)
    inside = np.where(np.isinf(found), 0, found).astype(np.int64)
    return np.where(np.isinf(found), np.where(found > 0, type.maximum, type.minimum), inside)


def _of(formula: Formula, known: Mapping[str, Any], type: Type) -> Any:
    if isinstance(formula, str):
        value = np.asarray(known[formula])
        return value if value.dtype == bool else _as(value, type)
    if not isinstance(formula, tuple):
        return formula
    word, parts = str(formula[0]), [_of(part, known, type) for part in formula[1:]]
    if word not in TRUTHS:
        parts = [_as(p, type) if np.asarray(p).dtype.kind == "b" else p for p in parts]
    return WORDS[word](*parts)


def spanned(operand: Operand, steps: Mapping[str, int]) -> tuple[int, ...]:
    """The strides of an operand, in elements."""
    return tuple(steps[s] if isinstance(s, str) else s for s in operand.strides)


def span(operand: Operand, lengths: Sequence[int], steps: Mapping[str, int]) -> int:
    """The elements that an operand spans."""
    strides = spanned(operand, steps)
    along = [(n, s) for n, s, written in zip(lengths, strides, operand.strides, strict=True) if written != 0]
    return 0 if any(n == 0 for n, _ in along) else 1 + sum((n - 1) * s for n, s in along)


def viewed(flat: Array, operand: Operand, lengths: Sequence[int], steps: Mapping[str, int]) -> Array:
    """The elements of a span in the shape of the axes; 1 where the stride is 0."""
    strides = spanned(operand, steps)
    written = operand.strides
    shape = [1 if written[k] == 0 else n for k, n in enumerate(lengths)]
    return np.lib.stride_tricks.as_strided(flat, shape, [s * flat.itemsize for s in strides])


def launched(
    name: str, region: Region, lengths: Sequence[int], steps: Mapping[str, int], given: Mapping[str, Any], backend: str
) -> dict[str, Array]:
    """The outputs of a launch on one backend, in the shape of the axes; lengths decide its form."""
    made = hologram.Program.of(program(name, region, whole=sum(lengths) % 2 == 0))
    out = {o.to.name: np.full(span(o.to, lengths, steps), 77, o.to.type.dtype) for o in region.outputs}
    scalars = {f"n{axis}": n for axis, n in enumerate(lengths)} | dict(steps)
    values = {**given, **out, **scalars}
    made(*(values[p] for p in region.parameters), executor=EXECUTORS[backend])
    return {o.to.name: viewed(out[o.to.name], o.to, lengths, steps) for o in region.outputs}
