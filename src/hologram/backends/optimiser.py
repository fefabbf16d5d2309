"""Programs optimised with the interpreter's arithmetic: what is folded is what a launch would have computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from hologram.backends.interpreter.convert import constant, convert
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.semantics import compare, function_of
from hologram.isa import optimise as passes
from hologram.isa.operands import Condition
from hologram.isa.optimise import Optimised
from hologram.isa.program import Instruction, Program
from hologram.types import Type


def optimise(program: Program) -> Optimised:
    """The program with constants folded, values computed once, and what nobody needs left out.

    Raises VerificationError where the program is not valid.
    """
    return passes.optimise(program, evaluate)


def evaluate(ins: Instruction, operands: Sequence[int]) -> int | None:
    """What an instruction gives for known operands, as bits; None for those that are not folded."""
    with np.errstate(all="ignore"):
        result = _result(ins, operands)
    if result is None:
        return None
    if result.dtype == np.bool_:
        return int(result[0])
    return int(np.ascontiguousarray(result).view(f"u{result.dtype.itemsize}")[0])


def _result(ins: Instruction, operands: Sequence[int]) -> Array | None:
    if ins.op in _LOGIC:
        return np.asarray(_LOGIC[ins.op](*(np.array([bool(o)]) for o in operands)))
    if ins.type is None:
        return None
    if ins.op == "MOV_IMM":
        return constant(ins.type, operands[0])
    if ins.op == "CVT":
        source = cast(Type, ins.source_type)
        return convert(ins.type, source, constant(source, operands[0]))
    if ins.op == "SETcc":
        left, right = (constant(ins.type, o) for o in operands)
        return compare(cast(Condition, ins.args[0]), ins.type, left, right)
    function = function_of(ins.op, ins.type)
    if function is None:
        return None
    return np.asarray(function(ins.type, *_arrays(ins, ins.type, operands)))


def _arrays(ins: Instruction, type: Type, operands: Sequence[int]) -> list[Array]:
    """Known operands as the interpreter's functions take them."""
    if ins.op.startswith("Reduce"):
        return [constant(type, o) for o in operands]
    out = []
    for position, (spec, bits) in enumerate(zip(ins.spec.operands[1:], operands, strict=True), 1):
        of = ins.operand_type(position) if spec.kind != "pred" else None
        out.append(np.array([bool(bits)]) if of is None else constant(of, bits))
    return out


_LOGIC = {"PAND": np.logical_and, "POR": np.logical_or, "PXOR": np.logical_xor, "PNOT": np.logical_not}
