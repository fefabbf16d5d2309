"""Typing of expressions: tree nodes in, typed expressions out.

While variable types are still being inferred a result may be weak; afterwards only literals are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

from hologram.frontend import tree
from hologram.frontend.atomics import ONCE
from hologram.frontend.calls import Calls
from hologram.frontend.constants import NotConstant, bounded
from hologram.frontend.conversion import Conversions, is_constant, operation
from hologram.frontend.effects import has_effect
from hologram.frontend.literals import FOLDS, fold_comparison, weak
from hologram.frontend.promote import BOOL, SCALARS, AnyKind, Weak, is_integer, join, spelled
from hologram.frontend.source import Source
from hologram.frontend.typed import (
    Compare,
    Const,
    Element,
    Expr,
    Inlined,
    Local,
    Logic,
    Operation,
    Select,
    SlotValue,
    Step,
)
from hologram.isa.operands import Condition, Field, Slot
from hologram.isa.program import Param
from hologram.types import Type

SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "floor_div": "//", "mod": "%", "pow": "**",
    "bit_and": "&", "bit_or": "|", "bit_xor": "^", "shl": "<<", "shr": ">>",
    "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "and": "and", "or": "or",
    "neg": "-", "pos": "+", "invert": "~", "not": "not",
}  # fmt: skip
_ARITHMETIC = {"add": "ADD", "sub": "SUB", "mul": "MUL", "floor_div": "FLOORDIV", "mod": "FLOORMOD"}
_BITS = {"bit_and": "AND", "bit_or": "OR", "bit_xor": "XOR"}
_LOGIC = {"bit_and": "and", "bit_or": "or", "bit_xor": "xor"}
_SHIFTS = {"shl": "SHL", "shr": "SHR"}
_UNSIGNED = {
    Condition.LT: Condition.LTU,
    Condition.LE: Condition.LEU,
    Condition.GT: Condition.GTU,
    Condition.GE: Condition.GEU,
}


@dataclass(frozen=True)
class Signature:
    """The parameters by name; `bools` are those of type bool, which travel as u8.

    Shared arrays have slots beyond the parameters; `shared` holds how many elements each has.
    """

    slots: Mapping[str, tuple[int, Param]]
    bools: frozenset[str]
    shared: Mapping[int, int] = field(default_factory=dict)


class Expressions:
    """Types the expressions of one kernel; `variables` holds what is known of its locals so far."""

    def __init__(self, source: Source, signature: Signature, variables: Mapping[str, AnyKind]) -> None:
        self.source, self.params, self.bools, self.variables = source, signature.slots, signature.bools, variables
        self.shared = signature.shared
        self.conversions = Conversions(source)
        self.calls = Calls(self)
        self.evaluated = 0
        self._rules: dict[type[tree.Node], Callable[..., Expr]] = {
            tree.Var: self._var,
            tree.Literal: self._literal,
            tree.Constant: self._constant,
            tree.BinaryOp: self._binary,
            tree.UnaryOp: self._unary,
            tree.Cast: self._cast,
            tree.Conditional: self._conditional,
            tree.Index: self.element,
            tree.Shape: self._shape,
            tree.Call: lambda n: self.calls.typed(n),
            tree.Inline: self._inline,
        }
        self.inlined: Callable[[tree.Inline], tuple[Step, ...]] = lambda node: ()  # while types are inferred

    def typed(self, node: tree.AnyExpression) -> Expr:
        """The typed form; raises `KernelTypeError` where types do not fit."""
        self.evaluated += 1
        return self._rules[type(node)](node)

    def condition(self, node: tree.AnyExpression) -> Expr:
        """A truth value; numbers are refused."""
        expr = self.typed(node)
        if expr.kind is BOOL:
            return expr
        shown = node.name if isinstance(node, tree.Var) else "x"
        self.source.type(node, f"a condition must be a truth value, not {spelled(expr.kind)}", f"write {shown} != 0")

    def index(self, node: tree.AnyExpression) -> Expr:
        """An array index as i64."""
        expr = self.typed(node)
        if is_integer(expr.kind):
            return self.conversions.cast(expr, Type.I64, node)
        self.source.type(node, f"an index must be an integer, not {spelled(expr.kind)}", "write i64(x)")

    def element(self, node: tree.Index) -> Element:
        """An array element, read or written."""
        slot, param = self.array(node.array, node)
        index = (node.index, *node.rest)
        if len(index) != param.ndim:
            self.source.type(node, f"'{param.name}' has {param.ndim} dimension(s), the index has {len(index)}")
        places = tuple(self.index(i) for i in index)
        for place, written in zip(places, index, strict=True):
            self._inside(slot, param, place, written)
        return Element(param.type, slot, places, at=node.at)

    def _inside(self, slot: int, param: Param, place: Expr, where: tree.AnyExpression) -> None:
        """Refuses an index that is a number and lies outside whatever the launch."""
        if not isinstance(place, Const):
            return
        if place.value < 0:
            self.source.type(where, "a negative index is out of bounds, it does not wrap", "count from a.shape[k]")
        size = self.shared.get(slot)
        if size is not None and place.value >= size:
            told = f"'{param.name}' has {size} elements, from 0 to {size - 1}; there is no element {place.value}"
            self.source.type(where, told, f"share more elements: {param.name} = shared({param.type.value}, …)")

    def array(self, node: tree.AnyExpression, where: tree.Node) -> tuple[int, Param]:
        """Slot and declaration of an array parameter."""
        if isinstance(node, tree.Var):
            found = self.params.get(node.name)
            if found and found[1].is_array:
                return found
            if not found and node.name not in self.variables:
                self.undefined(node)
            self.source.type(where, f"'{node.name}' is a number, not an array")
        self.source.type(where, "only arrays have elements and shapes")

    def undefined(self, node: tree.Var) -> NoReturn:
        """Refuses a name nothing is known of."""
        self.source.syntax(
            node,
            f"'{node.name}' is not defined",
            "a kernel sees its parameters, its variables and numeric constants of the module",
        )

    def _var(self, node: tree.Var) -> Expr:
        kind = self.variables.get(node.name)
        if kind is not None:
            return Local(kind, node.name, at=node.at)
        found = self.params.get(node.name)
        if found is None:
            self.undefined(node)
        slot, param = found
        if param.is_array:
            self.source.type(node, f"the array '{node.name}' is not a number", f"write {node.name}[i]")
        return SlotValue(BOOL if node.name in self.bools else param.type, Slot(slot), at=node.at)

    def _literal(self, node: tree.Literal) -> Expr:
        try:
            value = bounded(node.value)
        except NotConstant:
            self.source.type(node, "the number does not fit in 64 bits")
        if isinstance(value, bool):
            return Const(BOOL, value, at=node.at)
        return weak(value, node.at)

    def _constant(self, node: tree.Constant) -> Expr:
        if node.name not in ("inf", "nan"):
            self.source.type(node, f"there is no constant '{node.name}'")
        return Const(Weak.FLOAT, float(node.name), at=node.at)

    def _shape(self, node: tree.Shape) -> Expr:
        slot, param = self.array(node.array, node)
        if not 0 <= node.axis < param.ndim:
            self.source.type(node, f"'{param.name}' has {param.ndim} dimension(s), there is no axis {node.axis}")
        if slot in self.shared:
            return Const(Type.I64, self.shared[slot], at=node.at)
        return SlotValue(Type.I64, Slot(slot, Field.SHAPE, node.axis), at=node.at)

    def _conditional(self, node: tree.Conditional) -> Expr:
        condition = self.condition(node.condition)
        then_value, else_value = self.typed(node.then_value), self.typed(node.else_value)
        kind = self.meet(node, "if/else", then_value, else_value)
        if isinstance(condition, Const):
            return then_value if condition.value else else_value
        if kind is BOOL and has_effect([condition]):  # a choice of truth values looks at its condition twice
            self.source.type(node.condition, "an atomic in the condition of a truth value", ONCE)
        arms = self._together((then_value, else_value), kind, node)
        return Select(kind, condition, arms[0], arms[1], at=node.at)

    def _cast(self, node: tree.Cast) -> Expr:
        if node.to not in SCALARS:
            self.source.type(node, f"there is no type '{node.to}'")
        return self.conversions.cast(self.typed(node.value), SCALARS[node.to], node)

    def _inline(self, node: tree.Inline) -> Expr:
        if not isinstance(node.value, tree.Var):
            self.source.type(node, f"'{node.function}' gives no value", "use it as a statement")
        body = self.inlined(node)
        kind = self.variables.get(node.value.name)
        if kind is None:
            hint = f"annotate it: def {node.function}(…) -> f32:"
            self.source.type(node, f"the type that '{node.function}' gives cannot be told", hint)
        return Inlined(kind, body, node.value.name, at=node.at)

    # Operators

    def meet(self, node: tree.Node, op: str, *operands: Expr) -> AnyKind:
        """The type all operands take; refuses pairs that only a cast can settle."""
        kind: AnyKind = operands[0].kind
        for operand in operands[1:]:
            met = join(kind, operand.kind)
            if met is None:
                pair = f"{spelled(kind)} and {spelled(operand.kind)}"
                if BOOL in (kind, operand.kind):
                    self.source.type(node, f"'{op}' cannot mix {pair}", "convert the truth value: i32(flag)")
                self.source.type(node, f"'{op}' on {pair} needs a cast", "write i64(x) or u64(x) on one side")
            kind = met
        return kind

    def arithmetic(self, node: tree.Node, op: str, shown: str, *operands: Expr) -> Expr:
        """An operation whose operands and result have one type."""
        kind = self.meet(node, shown, *operands)
        if kind is BOOL:
            self.source.type(node, f"'{shown}' needs numbers, not truth values", "convert them: i32(flag)")
        return operation(kind, op, self._together(operands, kind, node), node.at)

    def _together(self, operands: tuple[Expr, ...], kind: AnyKind, node: tree.Node) -> tuple[Expr, ...]:
        if isinstance(kind, Weak):
            return operands
        return tuple(self.conversions.widen(e, kind, node) for e in operands)

    def _binary(self, node: tree.BinaryOp) -> Expr:
        op = node.op
        if op in ("and", "or"):
            return self._logic(node)
        if op not in SYMBOLS or op in ("neg", "pos", "invert", "not"):
            self.source.type(node, f"there is no binary operator '{op}'")
        left, right = self.typed(node.left), self.typed(node.right)
        if (
            isinstance(left, Const)
            and isinstance(right, Const)
            and is_constant(left)
            and is_constant(right)
            and op in FOLDS
        ):
            try:
                return FOLDS[op](left, right, node.at)
            except NotConstant as error:
                self.source.type(node, str(error) or "the constant does not fit in 64 bits")
        if op in _CONDITIONS:
            return self._comparison(node, left, right)
        shown = SYMBOLS[op]
        if op == "div":
            return self._division(node, left, right)
        if op == "pow":
            return self.calls.power(node, left, right)
        if op in _ARITHMETIC:
            by_zero = isinstance(right, Const) and right.value == 0 and is_integer(left.kind) and is_integer(right.kind)
            if by_zero and op in ("floor_div", "mod"):
                self.source.type(node, f"an integer '{shown}' by the constant zero")
            return self.arithmetic(node, _ARITHMETIC[op], shown, left, right)
        if left.kind is BOOL and right.kind is BOOL and op in _LOGIC:
            return Logic(BOOL, _LOGIC[op], (left, right), at=node.at)
        for operand in (left, right):
            if not is_integer(operand.kind):
                self.source.type(node, f"'{shown}' needs integers, not {spelled(operand.kind)}")
        if op in _BITS:
            return self.arithmetic(node, _BITS[op], shown, left, right)
        return self._shift(node, left, right)

    def _division(self, node: tree.BinaryOp, left: Expr, right: Expr) -> Expr:
        kind = self.meet(node, "/", left, right)
        if kind is BOOL:
            self.source.type(node, "'/' needs numbers, not truth values", "convert them: f32(flag)")
        real = join(kind, Weak.FLOAT)
        assert real is not None
        return Operation(real, "DIV", self._together((left, right), real, node), at=node.at)

    def _shift(self, node: tree.BinaryOp, left: Expr, right: Expr) -> Expr:
        kind = self.meet(node, SYMBOLS[node.op], left, right)
        if isinstance(kind, Weak):
            left = self.conversions.settle(left, node)
        else:
            left = self.conversions.widen(left, kind, node)
        amount = self.conversions.cast(right, Type.U32, node)
        return Operation(left.kind, _SHIFTS[node.op], (left, amount), at=node.at)

    def _logic(self, node: tree.BinaryOp) -> Expr:
        left, right = self.condition(node.left), self.condition(node.right)
        if isinstance(left, Const):
            return right if left.value == (node.op == "and") else left
        return Logic(BOOL, node.op, (left, right), at=node.at)

    def _unary(self, node: tree.UnaryOp) -> Expr:
        op = node.op
        if op not in ("neg", "pos", "invert", "not"):
            self.source.type(node, f"there is no unary operator '{op}'")
        if op == "not":
            return self._not(self.condition(node.operand), node.at)
        operand = self.typed(node.operand)
        shown = SYMBOLS[op]
        if op == "invert" and operand.kind is BOOL:
            return self._not(operand, node.at)
        if operand.kind is BOOL:
            self.source.type(node, f"'{shown}' needs a number, not a truth value", "convert it: i32(flag)")
        if op == "pos":
            return operand
        if op == "invert" and not is_integer(operand.kind):
            self.source.type(node, f"'~' needs an integer, not {spelled(operand.kind)}")
        if isinstance(operand, Const) and is_constant(operand):
            value = -operand.value if op == "neg" else ~int(operand.value)
            return replace(operand, value=value, at=node.at)
        if op == "neg" and isinstance(operand.kind, Type) and operand.kind.is_unsigned:
            return Operation(operand.kind, "SUB", (Const(operand.kind, 0), operand), at=node.at)
        return Operation(operand.kind, "NEG" if op == "neg" else "NOT", (operand,), at=node.at)

    def _not(self, operand: Expr, at: tree.Place | None) -> Expr:
        if isinstance(operand, Const):
            return Const(BOOL, not operand.value, at=at)
        return Logic(BOOL, "not", (operand,), at=at)

    # Comparisons

    def _comparison(self, node: tree.BinaryOp, left: Expr, right: Expr) -> Expr:
        shown = SYMBOLS[node.op]
        if left.kind is BOOL and right.kind is BOOL and node.op in ("eq", "ne"):
            differs = Logic(BOOL, "xor", (left, right), at=node.at)
            return differs if node.op == "ne" else Logic(BOOL, "not", (differs,), at=node.at)
        constant = fold_comparison(node.op, left, right)
        if constant is not None:
            return Const(BOOL, constant, at=node.at)
        condition = Condition(node.op)
        if {left.kind, right.kind} > {Type.U64} and all(is_integer(e.kind) for e in (left, right)):
            wide = [e if e.kind is Type.U64 else self.conversions.cast(e, Type.I64, node) for e in (left, right)]
            if not any(isinstance(e.kind, Weak) for e in (left, right)) and _signed(left) != _signed(right):
                return Compare(BOOL, condition, wide[0], wide[1], at=node.at)
        kind = self.meet(node, shown, left, right)
        if kind is BOOL:
            self.source.type(node, f"'{shown}' needs numbers, not truth values", "convert them: i32(flag)")
        if isinstance(kind, Weak) or kind in (Type.F16, Type.BF16):
            kind = Type.I32 if kind is Weak.INT else Type.F32
        assert isinstance(kind, Type)
        if kind.is_unsigned:
            condition = _UNSIGNED.get(condition, condition)
        both = self._together((left, right), kind, node)
        return Compare(BOOL, condition, both[0], both[1], at=node.at)


_CONDITIONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})


def _signed(expr: Expr) -> bool:
    return isinstance(expr.kind, Type) and expr.kind.is_signed
