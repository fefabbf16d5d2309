"""The programs behind tensors: elements moved and converted between any layouts, and products of matrices."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.isa.builder import Builder
from hologram.isa.cache import ProgramKey
from hologram.isa.operands import Slot
from hologram.isa.program import Program
from hologram.isa.templates import convert, gemm
from hologram.isa.templates import copy as packed_copy
from hologram.isa.templates.made import made
from hologram.runtime.executor import Executor
from hologram.runtime.launcher import Launcher
from hologram.tensors.layout import merged
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.tensors.array import Tensor

AXES = 3
"""The most axes of an array that a program takes; more are gone over one launch after the other."""
TILE = 16
"""Rows and columns of a block of lanes in products of matrices."""


def copy(source: Tensor, target: Tensor) -> None:
    """Write elements to a tensor of the same shape, converted to its type. The two must not share memory."""
    if not source.size:
        return
    to_bool = target.is_bool and not source.is_bool
    shape, (steps, out_steps) = merged(source.shape, source.strides, target.strides)
    if not to_bool and steps in ((), (1,)) and out_steps in ((), (1,)):
        program = convert(target.type, source.type) if source.type is not target.type else packed_copy(source.type)
        parts = (t.stored.strided((t.size,), (1,), t.offset) for t in (source, target))
        Launcher(program).call(*parts, source.size, executor=source.executor)
        return
    launcher = Launcher(_program(source.type, target.type, to_bool))
    fill = (1,) * (AXES - len(shape))
    inner, strides, out_strides = (fill + part[-AXES:] for part in (shape, steps, out_steps))
    outer = tuple(zip(steps, out_steps, strict=True))[:-AXES]
    for place in product(*map(range, shape[:-AXES])):
        start = source.offset + sum(i * s for i, (s, _) in zip(place, outer, strict=True))
        out_start = target.offset + sum(i * s for i, (_, s) in zip(place, outer, strict=True))
        read = source.stored.strided(inner, strides, start)
        written = target.stored.strided(inner, out_strides, out_start)
        launcher.call(read, written, *inner, executor=source.executor)


def _program(source: Type, target: Type, to_bool: bool) -> Program:
    """`copy(a, out, planes, rows, columns)`: out[z, y, x] = a[z, y, x], converted, for arrays of any strides."""
    name = f"copy_{'bool' if to_bool else target.value}_{source.value}"

    def make() -> Program:
        b = Builder(name)
        slots = b.array("a", source, AXES), b.array("out", target, AXES, "w")
        sizes = [b.scalar(size, Type.I64) for size in ("planes", "rows", "columns")]
        values, out = (b.view(slot) for slot in slots)
        lane = [b.global_id(axis) for axis in ("z", "y", "x")]
        inside = [b.set("lt", i, b.mov_param(n)) for i, n in zip(lane, sizes, strict=True)]
        with b.if_(b.pand(b.pand(inside[0], inside[1]), inside[2])):
            value = b.load(values, *lane)
            if to_bool:
                value = b.sel(b.set("ne", value, 0), 1, 0, type=target)
            elif source is not target:
                value = b.cvt(value, type=target)
            b.store(value, out, *lane)
        return b.build([Slot(n) for n in reversed(sizes)])

    return made(ProgramKey(f"strided_{name}", (source, target)), make)


def product_of(a: Tensor, b: Tensor, executor: Executor) -> Tensor:
    """a · b for two matrices of one type and any strides."""
    for name, matrix in (("first", a), ("second", b)):
        if matrix.ndim != 2:
            raise ArgumentValueError(f"matmul takes matrices, the {name} tensor has shape {matrix.shape}")
    if a.dtype != b.dtype or a.is_bool:
        raise ArgumentTypeError(f"matmul takes matrices of one numeric type, got {a.dtype} and {b.dtype}; use astype()")
    (m, k), (inner, n) = a.shape, b.shape
    if inner != k:
        raise ArgumentValueError(f"the shapes {a.shape} and {b.shape} do not fit: {k} columns and {inner} rows")
    result = type(a).new(executor, (m, n), a.dtype)
    matrices = (t.buffer.strided(t.shape, t.strides, t.offset) for t in (a, b, result))
    Launcher(gemm(a.type, TILE), block=(TILE, TILE)).call(*matrices, m, n, k, executor=executor)
    return result
