"""All elements of an array combined into one."""

from __future__ import annotations

from hologram.errors import BuildError
from hologram.isa.builder import Builder
from hologram.isa.cache import ProgramKey
from hologram.isa.instructions import BY_NAME
from hologram.isa.operands import Slot
from hologram.isa.program import Program
from hologram.isa.templates.made import made
from hologram.types import Type

FOLDS = ("ADD", "MIN", "MAX", "MUL")


def reduction(op: str, type: Type) -> Program:
    """`op(a, out, n)`: out[0] = the sum, minimum, maximum or product of a[0] … a[n-1], in the order of the ISA's tree.

    `op` is ADD, MIN, MAX or MUL.
    """
    spec = BY_NAME.get(f"GRED_{op}")
    if spec is None:
        raise BuildError(f"a reduction is one of {', '.join(FOLDS)}, not '{op}'")
    if type not in spec.types:
        raise BuildError(f"{spec.name} does not exist for {type.value}")
    name = f"reduce_{op.lower()}_{type.value}"

    def make() -> Program:
        b = Builder(name)
        a, out, n = b.array("a", type), b.array("out", type, access="w"), b.scalar("n", Type.I64)
        source, target, i = b.view(a), b.view(out), b.global_id()
        with b.if_(b.set("lt", i, b.mov_param(n))):
            b.instruction(spec, [b.load(source, i), b.at(target, 0)])
        return b.build([Slot(n)])

    return made(ProgramKey(name, (type,)), make)
