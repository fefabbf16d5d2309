"""Which expressions may be computed although their value might not be wanted."""

from __future__ import annotations

from hologram.frontend.typed import AtlasValue, Element, Expr, Operation, SetLocal, Step
from hologram.frontend.walk import walk
from hologram.isa.instructions import BY_NAME, Category
from hologram.types import Type

CHEAP = 12
_DIVISIONS = frozenset({"DIV", "REM", "FLOORDIV", "FLOORMOD"})
_FREE_MATH = frozenset({"FLOOR", "CEIL", "ROUND", "TRUNC", "SQRT"})


def is_cheap(expr: Expr) -> bool:
    """True for a few operations that cannot fault: no load, no integer division, no transcendental function."""
    for size, item in enumerate(walk([expr])):
        if isinstance(item, Step) and not isinstance(item, SetLocal):
            return False
        if size >= CHEAP or isinstance(item, (Element, AtlasValue)) or (isinstance(item, Operation) and _is_dear(item)):
            return False
    return True


def _is_dear(operation: Operation) -> bool:
    op = operation.op
    if op in _DIVISIONS:
        return op != "DIV" or (isinstance(operation.kind, Type) and operation.kind.is_integer)
    return op == "POWI" or (op not in _FREE_MATH and BY_NAME[op].category in (Category.MATH, Category.CROSS))
