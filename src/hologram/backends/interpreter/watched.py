"""Steps that look for NaN and infinity made of finite numbers."""

from __future__ import annotations

from typing import cast

import numpy as np

from hologram.backends import faults
from hologram.backends.interpreter.convert import convert
from hologram.backends.interpreter.decode import Reader, Site, Step, make_step
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.registers import Active
from hologram.backends.interpreter.state import State
from hologram.errors import NumericError
from hologram.types import Type


def make_watched_step(site: Site) -> Step:
    """The step of an instruction, after which finite operands must have given finite numbers."""
    step = make_step(site)
    if not faults.makes_floats(site.instruction):
        return step
    sources = _float_operands(site)
    target, ty = site.register(0)

    def watched(state: State, active: Active) -> None:
        bad = np.array([True])
        for read, held in sources:
            bad = bad & _finite(held, read(state, active))
        step(state, active)
        result = state.read(target, ty, active)
        bad = bad & ~_finite(ty, result)
        if bad.any():
            is_nan = bool(np.isnan(convert(Type.F64, ty, result[[int(np.argmax(bad))]]))[0])
            state.fail(NumericError, faults.not_finite(site.instruction, is_nan), state.lane(active, bad))

    return watched


def _float_operands(site: Site) -> list[tuple[Reader, Type]]:
    """Readers and types of the floats that an instruction reads."""
    instruction, ty = site.instruction, site.type
    if instruction.op.startswith("Reduce"):
        base, count = site.register(1)[0], cast(int, instruction.args[2])
        return [(_register(r, ty), ty) for r in range(base, base + count)]
    out: list[tuple[Reader, Type]] = []
    for position, operand in enumerate(instruction.spec.operands):
        held = instruction.operand_type(position) if operand.type else None
        if not operand.written and held is not None and held.is_float:
            out.append((site.source(position), held))
    return out


def _finite(ty: Type, values: Array) -> Array:
    return np.asarray(np.isfinite(convert(Type.F64, ty, values)))


def _register(number: int, ty: Type) -> Reader:
    return lambda state, active: state.read(number, ty, active)
