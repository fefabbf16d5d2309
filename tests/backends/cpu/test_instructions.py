"""Every pure instruction on every type: native code gives the interpreter's bits, in vectors and in scalars."""

from __future__ import annotations

import numpy as np
import pytest

from hologram.backends.cpu import CpuBackend
from hologram.backends.interpreter import InterpreterBackend
from hologram.isa.instructions import TABLE, Category
from hologram.types import Type
from tests.backends.cpu.columns import Array, Column, columns, launch, one_nan, program, pure_instructions
from tests.backends.interpreter.conftest import edges

TYPES = [pytest.param(t, id=t.value) for t in Type]
REALS = [pytest.param(t, id=t.value) for t in Type if t.is_float]


def grid(ty: Type, random: int) -> list[Array]:
    """Three operands: all pairs of edge values, then random ones; the third is a shuffle of both."""
    values = np.array(edges(ty, 20), np.uint64)
    a, b = (m.ravel() for m in np.meshgrid(values, values))
    rng = np.random.default_rng(list(Type).index(ty))
    more = rng.integers(0, (1 << ty.bits) - 1, (2, random), np.uint64, endpoint=True)
    # Close exponents, where sums cancel and quotients are near one.
    more[1, ::2] = more[0, ::2] + rng.integers(0, 1 << (ty.bits // 2), len(more[0, ::2]), np.uint64)
    a, b = np.concatenate([a, more[0]]), np.concatenate([b, more[1]])
    return [x.astype(f"u{ty.size}") for x in (a, b, rng.permutation(a))]


def assert_same(chosen: list[Column], operands: list[Array], got: list[Array], wanted: list[Array]) -> None:
    wrong = []
    for column, mine, theirs in zip(chosen, got, wanted, strict=True):
        differ = np.flatnonzero(one_nan(column.type, mine) != one_nan(column.type, theirs))
        if len(differ):
            k = differ[0]
            shown = ", ".join(hex(x[k]) for x in operands)
            wrong.append(f"{column} of {shown}: {mine[k]:#x}, wanted {theirs[k]:#x} ({len(differ)} differ)")
    assert not wrong, "\n".join(wrong)


def compare(chosen: list[Column], operands: list[Array]) -> None:
    made = program(chosen)
    fault, wanted = launch(InterpreterBackend().compile(made), operands)
    native_fault, got = launch(CpuBackend().compile(made), operands)
    assert native_fault == fault
    assert_same(chosen, operands, got, wanted)
    # The same instructions on values that all lanes share are scalar code: some lanes, one launch each.
    scalar = CpuBackend().compile(program(chosen, uniform=True))
    for lane in np.linspace(0, len(operands[0]) - 1, 150).astype(int):
        one = [x[lane : lane + 1] for x in operands]
        assert_same(chosen, one, launch(scalar, one)[1], [x[lane : lane + 1] for x in wanted])


@pytest.mark.parametrize("ty", TYPES)
def test_arithmetic_logic_and_comparison(ty: Type) -> None:
    compare(columns(ty, math=False), grid(ty, 2000))


@pytest.mark.parametrize("ty", REALS)
def test_functions(ty: Type) -> None:
    compare(columns(ty, math=True), grid(ty, 2000))


@pytest.mark.parametrize("ty", TYPES)
def test_the_cpu_has_every_pure_instruction(ty: Type) -> None:
    backend = CpuBackend()
    missing = [spec.name for spec in pure_instructions(ty) if not backend.implements(spec, ty)]
    assert not missing
    untyped = [s for s in TABLE if s.category is Category.PREDICATE]
    assert all(backend.implements(spec, None) for spec in untyped)
