"""Numeric constants of a module, folded without executing it."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping

from hologram.frontend.names import Device, Names, NotImported
from hologram.frontend.names import Number as Number

MAX_BITS = 64
MATH_CONSTANTS: dict[str, float] = {name: getattr(math, name) for name in ("pi", "e", "tau", "inf", "nan")}
_MATH_FUNCTIONS = ("sqrt", "exp", "log", "log2", "log10", "sin", "cos", "tan", "floor", "ceil", "radians", "degrees")

_BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_BITWISE: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.RShift: lambda a, b: a >> min(b, MAX_BITS),
    ast.LShift: lambda a, b: a << min(b, 2 * MAX_BITS),
}


class NotConstant(Exception):
    """The expression is no constant this module folds."""


def bounded(value: object) -> Number:
    """A number small enough for a kernel: integers fit 64 bits (signed or unsigned)."""
    if isinstance(value, int) and not isinstance(value, bool) and not -(1 << 63) <= value < 1 << 64:
        raise NotConstant
    if not isinstance(value, (bool, int, float)):
        raise NotConstant("the constant is no real number" if isinstance(value, complex) else "")
    return value


def power(base: Number, exponent: Number) -> Number:
    """`base ** exponent` with a bounded size."""
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0 and base.bit_length() * exponent > 4096:
        raise NotConstant
    value: object = base**exponent
    return bounded(value)


def fold(node: ast.expr, names: Names) -> Number:
    """The value of a constant expression; raises `NotConstant` for anything else."""
    try:
        return bounded(_fold(node, names))
    except (ArithmeticError, ValueError, TypeError) as error:
        raise NotConstant from error


def _fold(node: ast.expr, names: Names) -> Number:
    match node:
        case ast.Constant(value=value):
            return bounded(value)
        case ast.Name(id=name) if name in names.constants:
            return names.constants[name]
        case ast.Name(id=name) if name in names.foreign:
            return _number(lambda: names.imported(name))
        case ast.Attribute() if (names.resolve(node) or "").partition(".")[0] != "math":
            return _number(lambda: names.member(node))
        case ast.Name() | ast.Attribute():
            return MATH_CONSTANTS[_math_name(node, names, MATH_CONSTANTS)]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_fold(operand, names)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return +_fold(operand, names)
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return ~_integer(_fold(operand, names))
        case ast.BinOp(op=ast.Pow(), left=left, right=right):
            return power(_fold(left, names), _fold(right, names))
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _BINARY:
            return bounded(_BINARY[type(op)](_fold(left, names), _fold(right, names)))
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _BITWISE:
            return bounded(_BITWISE[type(op)](_integer(_fold(left, names)), _integer(_fold(right, names))))
        case ast.Call(func=function, args=[argument], keywords=[]):
            name = _math_name(function, names, _MATH_FUNCTIONS)
            return bounded(getattr(math, name)(_fold(argument, names)))
    raise NotConstant


def _number(look_up: Callable[[], Device | Number | None]) -> Number:
    try:
        found = look_up()
    except NotImported as error:
        raise NotConstant from error
    if found is None or isinstance(found, Device):
        raise NotConstant
    return found


def _math_name(node: ast.expr, names: Names, known: Mapping[str, float] | tuple[str, ...]) -> str:
    resolved = names.resolve(node) or ""
    name = resolved.removeprefix("math.")
    if name == resolved or name not in known:
        raise NotConstant
    return name


def _integer(value: Number) -> int:
    if isinstance(value, float):
        raise NotConstant
    return int(value)


def module_constants(tree: ast.Module, names: Names) -> None:
    """Adds the top-level names that are bound once, to a constant expression, to `names.constants`."""
    bound: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            bound.update(dict.fromkeys(node.names, 2))
    for statement in tree.body:
        for node in ast.walk(statement) if not isinstance(statement, _SCOPES) else ():
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                bound[node.id] = bound.get(node.id, 0) + 1
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case _:
                continue
        if bound.get(name) != 1:
            continue
        try:
            names.constants.setdefault(name, fold(value, names))
        except NotConstant:
            continue


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
