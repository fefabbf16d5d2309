"""Typing of calls of built-in functions, by the rules named in `builtins`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hologram.frontend import tree
from hologram.frontend.atlas import AtlasCalls, gives_value
from hologram.frontend.atomics import atomic
from hologram.frontend.builtins import FUNCTIONS, Function
from hologram.frontend.conversion import is_constant, operation
from hologram.frontend.promote import BOOL, SCALARS, Weak, is_integer, join, spelled
from hologram.frontend.typed import Barrier, Const, Coordinate, Element, Expr, Local, Operation, Perform, Reduce, Step
from hologram.frontend.walk import walk
from hologram.isa.operands import Special
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.frontend.expressions import Expressions

MAX_EXPONENT = 64
_ROUNDING = frozenset({"FLOOR", "CEIL", "ROUND", "TRUNC"})


class Calls:
    """Types the calls of one kernel."""

    def __init__(self, expressions: Expressions) -> None:
        self.expressions, self.source = expressions, expressions.source
        self.atlas = AtlasCalls(expressions)
        self._rules: dict[str, Callable[[tree.Call, Function], Expr]] = {
            "real": self._real,
            "coordinate": self._coordinate,
            "power": lambda n, f: self.power(n, *self._args(n)),
            "absolute": self._absolute,
            "fold": self._fold,
            "reduction": self._no_value,
            "together": self._together,
            "barrier": self._nothing,
            "declaration": self._nothing,
            "atomic": lambda n, f: atomic(self.expressions, n, f),
            "atlas": lambda n, f: self.atlas.value(n, f),
        }

    def typed(self, node: tree.Call) -> Expr:
        """The value of a call."""
        if node.function in SCALARS:  # the cast of version 1.0
            if len(node.args) != 1:
                self.source.type(node, f"{node.function}(…) converts one value")
            return self.expressions.typed(tree.Cast(node.function, node.args[0], at=node.at))
        function = self._function(node)
        return self._rules[function.rule](node, function)

    def statement(self, node: tree.Call, at: tree.Place | None, in_loop: bool) -> Step:
        """A call for its effect: an atomic, a barrier, a launch reduction or an Atlas instruction."""
        function = self._function(node)
        if function.rule == "barrier":
            return Barrier(at=at)
        if function.rule == "atomic":
            return Perform(self.typed(node), at=at)
        if function.rule == "atlas" and not gives_value(function):
            return self.atlas.step(node, function, at)
        if function.rule != "reduction":
            self.source.type(node, f"the value of {node.function}(…) is not used", "assign it to a variable")
        if in_loop:
            hint = "add up in a variable and reduce once after the loop"
            self.source.type(at or node, f"{node.function} inside a loop", hint)
        return self._reduction(node, function, at)

    def _reduction(self, node: tree.Call, function: Function, at: tree.Place | None) -> Reduce:
        value, out, index = node.args
        slot, param = self.expressions.array(out, node)
        if slot in self.expressions.shared:
            self.source.type(out, f"{node.function} stores into an array parameter, '{param.name}' is shared memory")
        if param.ndim != 1:
            self.source.type(out, f"{node.function} stores into a 1-D array, '{param.name}' has {param.ndim} axes")
        target = self.expressions.element(tree.Index(out, index, at=out.at))
        if any(isinstance(part, (Coordinate, Element, Local)) for part in walk(target.index)):
            message = f"the index of {node.function} must be the same for all lanes"
            self.source.type(index, message, "write a number, or an expression of parameters")
        typed = self.expressions.typed(value)
        if typed.kind not in (param.type, Weak.INT, Weak.FLOAT):
            self.source.type(
                value,
                f"{node.function} of {spelled(typed.kind)} into '{param.name}' of {param.type.value}",
                f"write {node.function}({param.type.value}(…), {param.name}, …)",
            )
        return Reduce(function.ops[0], self.expressions.conversions.widen(typed, param.type, value), target, at=at)

    def _function(self, node: tree.Call) -> Function:
        name = node.function
        if name not in FUNCTIONS:
            self.source.syntax(node, f"'{name}' is no function of the kernel language")
        function = FUNCTIONS[name]
        low, high = function.arity
        if not low <= len(node.args) <= high:
            takes = str(low) if low == high else f"{low} to {high}"
            self.source.type(node, f"{name} takes {takes} argument(s), got {len(node.args)}")
        return function

    def _args(self, node: tree.Call) -> list[Expr]:
        args = [self.expressions.typed(a) for a in node.args]
        for arg in args:
            if arg.kind is BOOL:
                self.source.type(node, f"{node.function} needs numbers, not truth values", "convert it: f32(flag)")
        return args

    def _coordinate(self, node: tree.Call, function: Function) -> Expr:
        axis = self.expressions.typed(node.args[0]) if node.args else Const(Weak.INT, 0)
        if not (isinstance(axis, Const) and axis.kind is Weak.INT and 0 <= axis.value <= 2):
            self.source.type(node, f"the axis of {node.function} must be the literal 0, 1 or 2")
        return Coordinate(Type.I64, Special(f"{function.ops[0]}.{'xyz'[int(axis.value)]}"), at=node.at)

    def _real(self, node: tree.Call, function: Function) -> Expr:
        args, op = self._args(node), function.ops[0]
        kind = self.expressions.meet(node, node.function, *args)
        if op in _ROUNDING and isinstance(kind, Type) and kind.is_integer:
            return args[0]
        return self.real(node, op, node.function, *args)

    def real(self, node: tree.Node, op: str, shown: str, *args: Expr) -> Expr:
        """A function on floats; integers become f32."""
        kind = join(self.expressions.meet(node, shown, *args), Weak.FLOAT)
        assert kind is not None
        if not isinstance(kind, Weak):
            widen = self.expressions.conversions.widen
            args = tuple(widen(a, kind, node) for a in args)
        return Operation(kind, op, args, at=node.at)

    def power(self, node: tree.Node, base: Expr, exponent: Expr) -> Expr:
        """`base ** exponent`: repeated multiplication for a literal integer, POW otherwise."""
        if BOOL in (base.kind, exponent.kind):
            self.source.type(node, "'**' needs numbers, not truth values", "convert them: f32(flag)")
        if isinstance(exponent, Const) and exponent.kind is Weak.INT:
            n = int(exponent.value)
            if abs(n) > MAX_EXPONENT:
                self.source.type(node, f"a literal exponent must lie within ±{MAX_EXPONENT}", "use pow(x, f32(n))")
            if n < 0 and is_integer(base.kind):
                self.source.type(node, "an integer to a negative power is no integer", "convert the base: f32(x)")
            base = self.expressions.conversions.settle(base, node)
            return operation(base.kind, "POWI", (base, Const(Type.I32, n)), node.at)
        if is_integer(base.kind) and is_integer(exponent.kind):
            self.source.type(
                node, "an integer to a power that is no literal integer", "convert the base: f32(x), or write a loop"
            )
        return self.real(node, "POW", "**", base, exponent)

    def _absolute(self, node: tree.Call, function: Function) -> Expr:
        arg = self._args(node)[0]
        if isinstance(arg, Const) and is_constant(arg):
            return Const(arg.kind, abs(arg.value), at=node.at)
        if isinstance(arg.kind, Type) and arg.kind.is_unsigned:
            return arg
        return self.expressions.arithmetic(node, "ABS", "abs", arg)

    def _fold(self, node: tree.Call, function: Function) -> Expr:
        args = self._args(node)
        kind = self.expressions.meet(node, node.function, *args)
        constants = [a.value for a in args if isinstance(a, Const) and is_constant(a)]
        if len(constants) == len(args) and all(v == v for v in constants):
            value = min(constants) if node.function == "min" else max(constants)
            return Const(kind, float(value) if kind is Weak.FLOAT else value, at=node.at)
        if isinstance(kind, Weak):
            kind = Type.F32 if kind is Weak.FLOAT else Type.I32
        assert isinstance(kind, Type)
        op = function.ops[kind.is_float]
        out, *rest = [self.expressions.conversions.widen(a, kind, node) for a in args]
        for arg in rest:
            out = Operation(kind, op, (out, arg), at=node.at)
        return out

    def _together(self, node: tree.Call, function: Function) -> Expr:
        """A value of every lane of the block in, one for all of them out."""
        value = self.expressions.conversions.settle(self._args(node)[0], node)
        return Operation(value.kind, function.ops[0], (value,), at=node.at)

    def _nothing(self, node: tree.Call, function: Function) -> Expr:
        self.source.type(node, f"{node.function}() has no value", "use it as a statement")

    def _no_value(self, node: tree.Call, function: Function) -> Expr:
        self.source.type(
            node, f"{node.function} has no value: its result is stored once, after the launch", "use it as a statement"
        )
