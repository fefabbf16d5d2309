"""Typing of the Atlas instructions and of linear pools, which kernels call through `hologram.language.atlas`."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from hologram.frontend import tree
from hologram.frontend.builtins import Function
from hologram.frontend.conversion import is_constant
from hologram.frontend.promote import BOOL, Kind, Weak, is_integer, spelled
from hologram.frontend.typed import AtlasStep, AtlasValue, Const, Expr, number_type
from hologram.isa.classes import NEIGHBOURS
from hologram.isa.instructions import BY_NAME, OperandSpec
from hologram.isa.operands import BYTES_PER_PAGE, CLASSES, PAGES_PER_CLASS
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.frontend.expressions import Expressions

_INDICES = {"class": CLASSES, "page": PAGES_PER_CLASS, "byte": BYTES_PER_PAGE}
"""What the machine's indices are below."""
_NUMBERS = {
    "index": ("neighbour", max(len(found) for found in NEIGHBOURS)),
    "delta": ("step", 1 << Type.U16.bits),
    "size": ("size", 1 << Type.I64.bits - 1),
}
"""Numbers that are part of an instruction: what they are called, and what they are below."""


def gives_value(function: Function) -> bool:
    """True where a call has a value."""
    return any(o.written for o in BY_NAME[function.ops[0]].operands)


class AtlasCalls:
    """Types the calls of one kernel that become one instruction each."""

    def __init__(self, expressions: Expressions) -> None:
        self.expressions, self.source = expressions, expressions.source

    def value(self, node: tree.Call, function: Function) -> Expr:
        """A call for its value."""
        if not gives_value(function):
            self.source.type(node, f"{node.function} has no value", "use it as a statement")
        args, numbers = self._operands(node, function)
        return AtlasValue(self._result(function), function.ops[0], args, numbers, at=node.at)

    def step(self, node: tree.Call, function: Function, at: tree.Place | None) -> AtlasStep:
        """A call for its effect."""
        args, numbers = self._operands(node, function)
        kind = number_type(args[-1]) if BY_NAME[function.ops[0]].typed else None
        return AtlasStep(function.ops[0], kind, args, numbers, at=at or node.at)

    def _result(self, function: Function) -> Kind:
        op, *kind = function.ops
        if kind:
            return Type(kind[0])
        (written,) = (o for o in BY_NAME[op].operands if o.written)
        return BOOL if written.kind == "pred" else Type[written.type]

    def _operands(self, node: tree.Call, function: Function) -> tuple[tuple[Expr, ...], tuple[int | float, ...]]:
        """The operands in registers, and those that are part of the instruction."""
        args: list[Expr] = []
        numbers: list[int | float] = []
        wanted = [o for o in BY_NAME[function.ops[0]].operands if not o.written]
        for argument, operand in zip(node.args, wanted, strict=True):
            typed = self.expressions.typed(argument)
            if operand.kind == "reg":
                args.append(self._register(node, operand, typed, argument))
            else:
                numbers.append(self._number(node, operand, typed, argument))
        return tuple(args), tuple(numbers)

    def _register(self, node: tree.Call, operand: OperandSpec, typed: Expr, argument: tree.AnyExpression) -> Expr:
        conversions = self.expressions.conversions
        if operand.type == "T":
            if typed.kind is BOOL:
                self.source.type(argument, f"{node.function} stores numbers, not truth values", "convert it: u8(flag)")
            return conversions.settle(typed, argument)
        if operand.name == "offset":
            if not is_integer(typed.kind):
                self.source.type(argument, f"a byte offset must be an integer, not {spelled(typed.kind)}")
            if isinstance(typed, Const) and typed.value < 0:
                self.source.type(
                    argument, "a negative byte offset is out of bounds", "count from the start of the pool"
                )
            return conversions.cast(typed, Type.U64, argument)
        kind = Type[operand.type]
        if kind is Type.U8:
            self._check_index("class" if operand.name == "a" else operand.name, typed, argument)
        return conversions.widen(typed, kind, argument)

    def _check_index(self, name: str, typed: Expr, argument: tree.AnyExpression) -> None:
        limit = _INDICES[name]
        if isinstance(typed, Const) and is_integer(typed.kind) and not 0 <= typed.value < limit:
            self.source.type(argument, f"there is no {name} {typed.value}", f"there are {limit}, from 0 to {limit - 1}")

    def _number(self, node: tree.Call, operand: OperandSpec, typed: Expr, argument: tree.AnyExpression) -> int | float:
        """A literal of an instruction."""
        if operand.kind == "f64":
            if not isinstance(typed, Const) or typed.kind is BOOL or not (isfinite(typed.value) and typed.value >= 0):
                message = f"the bound of {node.function} must be a constant number from 0 on"
                self.source.type(argument, message, "it is part of the instruction: write it out")
            return float(typed.value)
        called, limit = _NUMBERS[operand.name]
        if not isinstance(typed, Const) or not is_constant(typed) or typed.kind is not Weak.INT:
            message = f"the {called} of {node.function} must be a constant integer"
            self.source.type(argument, message, "it is part of the instruction: write it out")
        if not 0 <= typed.value < limit:
            self.source.type(argument, f"{node.function} takes a {called} from 0 to {limit - 1}, not {typed.value}")
        return int(typed.value)
