"""Half-precision numbers through native code: to floats and back, and in the code that is shipped."""

from __future__ import annotations

import numpy as np
import pytest

from hologram.backends.cpu import CpuBackend
from hologram.backends.cpu.targets import BASELINES, runnable
from hologram.backends.llvm.elf import undefined_symbols
from hologram.backends.llvm.jit import host_target
from hologram.isa.binary import TargetSection
from hologram.types import Type
from tests.backends.cpu.columns import Column, launch, one_nan, program
from tests.backends.halves import EVERY, FORMATS, nearest, numbers

HALVES = [pytest.param(t, id=t.value) for t in FORMATS]


@pytest.mark.parametrize("ty", HALVES)
def test_the_reference_rounds_every_value_to_itself(ty: Type) -> None:
    assert np.array_equal(one_nan(ty, nearest(ty, numbers(ty, EVERY))), one_nan(ty, EVERY))
    if ty is Type.F16:
        assert np.array_equal(one_nan(ty, EVERY.view(np.float16).astype(np.float64).astype(np.float16).view(np.uint16)),
                              one_nan(ty, EVERY))  # fmt: skip


@pytest.mark.parametrize("ty", HALVES)
def test_conversions_to_floats_and_back(ty: Type) -> None:
    made = program([Column("CVT", target, source=ty) for target in (Type.F32, Type.F64)])
    _, (single, double) = launch(CpuBackend().compile(made), [EVERY] * 3)
    value = numbers(ty, EVERY)
    for got in (single.view(np.float32), double.view(np.float64)):
        with np.errstate(invalid="ignore"):
            assert np.array_equal(got.astype(np.float64), value, equal_nan=True)
        assert np.array_equal(np.signbit(got), np.signbit(value))
    for source, bits in ((Type.F32, single), (Type.F64, double)):
        back = launch(CpuBackend().compile(program([Column("CVT", ty, source=source)])), [bits] * 3)[1][0]
        assert np.array_equal(one_nan(ty, back), one_nan(ty, EVERY))


@pytest.mark.parametrize("ty", HALVES)
@pytest.mark.parametrize("name", BASELINES)
def test_shipped_code_calls_nothing_and_computes_alike(name: str, ty: Type) -> None:
    chosen = [Column(op, ty) for op in ("ADD", "FMA", "MIN", "REM")]
    made = program([*chosen, *(Column("CVT", target, source=ty) for target in (Type.F64, Type.I64, Type.U8))])
    narrowing = [program([Column("CVT", ty, source=source)]) for source in (Type.F32, Type.F64, Type.I64, Type.U64)]
    rng = np.random.default_rng(9)
    for one in (made, *narrowing):
        code = CpuBackend().object_for(one, name)
        assert not undefined_symbols(code)
        if not runnable(BASELINES[name], host_target()):
            continue
        operands = [rng.integers(0, 1 << 63, 4096, np.uint64).astype(f"u{one.params[0].type.size}") for _ in "abc"]
        shipped = launch(CpuBackend().compile(one, [TargetSection(f"cpu:{name}", code)]), operands)[1]
        here = launch(CpuBackend().compile(one), operands)[1]
        for param, mine, theirs in zip(one.params[3:], shipped, here, strict=True):
            assert np.array_equal(one_nan(param.type, mine), one_nan(param.type, theirs))
