"""Expressions of a kernel as tree nodes."""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import Protocol

from hologram.frontend import tree
from hologram.frontend.atomics import ONCE, TWICE, has_atomic
from hologram.frontend.builtins import FUNCTIONS, MATH_SPELLINGS
from hologram.frontend.constants import MATH_CONSTANTS, NotConstant, bounded
from hologram.frontend.names import Device, Names, NotImported, Number, dotted
from hologram.frontend.promote import SCALARS
from hologram.frontend.source import Source

BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floor_div",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.BitAnd: "bit_and",
    ast.BitOr: "bit_or",
    ast.BitXor: "bit_xor",
    ast.LShift: "shl",
    ast.RShift: "shr",
}
NO_MATMUL = "matrix multiplication '@' is not an operator of kernels"
_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert", ast.Not: "not"}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}
_REFUSED: dict[type[ast.expr], tuple[str, str]] = {
    ast.Lambda: ("lambda", ""),
    ast.List: ("lists", "a kernel has numbers and array parameters only"),
    ast.Tuple: ("tuples", "a kernel has numbers and array parameters only"),
    ast.Dict: ("dictionaries", ""),
    ast.Set: ("sets", ""),
    ast.ListComp: ("comprehensions", "write a for loop"),
    ast.SetComp: ("comprehensions", "write a for loop"),
    ast.DictComp: ("comprehensions", "write a for loop"),
    ast.GeneratorExp: ("generator expressions", "write a for loop"),
    ast.JoinedStr: ("f-strings", "only print takes them"),
    ast.NamedExpr: ("':='", "assign in a statement of its own"),
    ast.Await: ("'await'", ""),
    ast.Yield: ("'yield'", ""),
    ast.YieldFrom: ("'yield from'", ""),
    ast.Starred: ("'*' in an expression", ""),
    ast.Slice: ("slices", "index one element: a[i]"),
}


class Inlining(Protocol):
    """What the parser of the function around knows: its variables' names, and how to inline a call."""

    def spelled(self, name: str) -> str: ...

    def call(self, caller: Expressions, node: ast.Call, device: Device) -> tree.Inline: ...


class Expressions:
    """Parses the expressions of one function; `locals` are the names that are variables there.

    `inlining` says what the variables are called in the tree, and puts device functions in the place of their calls.
    """

    def __init__(self, source: Source, names: Names, locals: Collection[str], inlining: Inlining) -> None:
        self.source, self.names, self.locals, self.inlining = source, names, locals, inlining

    def parse(self, node: ast.expr) -> tree.AnyExpression:
        """The tree of an expression; raises `KernelSyntaxError` for what the language does not have."""
        at = self.source.place(node)
        match node:
            case ast.Constant(value=value):
                return self._literal(node, value)
            case ast.Name():
                return self._name(node)
            case ast.BinOp(left=left, op=op, right=right):
                if type(op) not in BINARY:
                    self.source.syntax(
                        node, "matrix multiplication '@' is not an operator of kernels", "write the loops"
                    )
                return tree.BinaryOp(BINARY[type(op)], self.parse(left), self.parse(right), at=at)
            case ast.UnaryOp(op=op, operand=operand):
                return tree.UnaryOp(_UNARY[type(op)], self.parse(operand), at=at)
            case ast.BoolOp(op=op, values=values):
                word = "and" if isinstance(op, ast.And) else "or"
                return self._chain(word, [self.parse(v) for v in values], at)
            case ast.Compare():
                return self._comparison(node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return tree.Conditional(self.parse(test), self.parse(body), self.parse(orelse), at=at)
            case ast.Call():
                return self._call(node)
            case ast.Subscript():
                return self._subscript(node)
            case ast.Attribute():
                return self._attribute(node)
        what, hint = _REFUSED.get(type(node), (f"'{type(node).__name__}' expressions", ""))
        self.source.syntax(node, f"{what} cannot be used in a kernel", hint)

    def _literal(self, node: ast.Constant, value: object) -> tree.AnyExpression:
        if not isinstance(value, (bool, int, float)):
            what = "strings" if isinstance(value, (str, bytes)) else f"'{value!r}'"
            self.source.syntax(node, f"{what} cannot be used in a kernel")
        try:
            return weak_number(bounded(value), self.source.place(node))
        except NotConstant:
            self.source.syntax(node, "the number does not fit in 64 bits")

    def _name(self, node: ast.Name) -> tree.AnyExpression:
        at, name, names = self.source.place(node), node.id, self.names
        if name in self.locals:
            return tree.Var(self.inlining.spelled(name), at=at)
        if name in names.constants:
            return weak_number(names.constants[name], at)
        module, _, constant = names.language.get(name, "").rpartition(".")
        if module == "math" and constant in MATH_CONSTANTS:
            return weak_number(MATH_CONSTANTS[constant], at)
        if name in names.foreign:
            return weak_number(self._imported(node), at)
        if names.resolve(node):
            self.source.syntax(node, f"'{name}' is a function or type, not a value")
        self.source.syntax(
            node,
            f"'{name}' is not defined",
            "a kernel sees its parameters, its variables and numeric constants of the module",
        )

    def _imported(self, node: ast.Name) -> Number:
        try:
            found = self.names.imported(node.id)
        except NotImported as error:
            self.source.syntax(node, str(error), "pass it as a parameter")
        if isinstance(found, Device):
            self.source.syntax(node, f"'{node.id}' is a function, not a value", f"call it: {node.id}(…)")
        return found

    def _chain(self, op: str, values: list[tree.AnyExpression], at: tree.Place) -> tree.AnyExpression:
        out = values[0]
        for value in values[1:]:
            out = tree.BinaryOp(op, out, value, at=at)
        return out

    def _comparison(self, node: ast.Compare) -> tree.AnyExpression:
        at = self.source.place(node)
        operands = [self.parse(e) for e in (node.left, *node.comparators)]
        if any(has_atomic(e) for e in operands[1:-1]):
            self.source.syntax(node, f"{TWICE} in the middle of a chained comparison", ONCE)
        for operand, written in zip(operands[1:-1], node.comparators, strict=False):
            self.once(operand, written)
        links: list[tree.AnyExpression] = []
        for op, left, right in zip(node.ops, operands, operands[1:], strict=False):
            if type(op) not in _COMPARE:
                word = self.source.text(node)
                self.source.syntax(node, f"'is' and 'in' cannot be used in a kernel: {word}", "compare with == or !=")
            links.append(tree.BinaryOp(_COMPARE[type(op)], left, right, at=at))
        return self._chain("and", links, at)

    def once(self, parsed: tree.AnyExpression, node: ast.expr) -> None:
        """Refuses a device function where the tree has the operand twice."""
        if any(isinstance(inner, tree.Inline) for inner, _ in tree.nodes(parsed)):
            message = "a device function called here would run twice"
            self.source.syntax(node, message, "assign its value to a variable before")

    def _call(self, node: ast.Call) -> tree.AnyExpression:
        source, at = self.source, self.source.place(node)
        shown = self.source.text(node.func)
        if isinstance(node.func, ast.Name) and node.func.id in self.locals:
            source.syntax(node, f"'{shown}' is a variable, not a function")
        device = self._device(node)
        if device is not None:
            return self.inlining.call(self, node, device)
        name = self.names.resolve(node.func) or ""
        if name.startswith("math."):
            name = MATH_SPELLINGS.get(name.removeprefix("math."), "")
        if name in SCALARS:
            if len(node.args) != 1 or node.keywords:
                source.syntax(node, f"{name}(…) converts one value")
            return tree.Cast({"int": "i32", "float": "f32"}.get(name, name), self.parse(node.args[0]), at=at)
        if name == "print":
            source.syntax(node, "print(…) has no value", "write it as a statement of its own")
        if name == "shared":
            source.syntax(node, "shared(…) declares an array", "write it alone: tile = shared(f32, 256)")
        if name not in FUNCTIONS:
            source.syntax(node, f"'{shown}' is no function of the kernel language", self._call_hint(shown))
        args = list(node.args)
        for keyword in node.keywords:
            if keyword.arg != "axis" or FUNCTIONS[name].rule != "coordinate" or args:
                source.syntax(node, f"{name} takes no keyword argument '{keyword.arg}'")
            args.append(keyword.value)
        return tree.Call(name, tuple(self.parse(a) for a in args), at=at)

    def _device(self, node: ast.Call) -> Device | None:
        if self._root(node.func) in self.locals:
            return None
        try:
            return self.names.device(node.func)
        except NotImported as error:
            hint = "functions of Python packages cannot be called in a kernel; kernel files are found beside this one"
            self.source.syntax(node, str(error), hint)

    def _root(self, node: ast.expr) -> str:
        """The name that a dotted name starts with."""
        return (dotted(node) or "").partition(".")[0]

    def _call_hint(self, shown: str) -> str:
        if shown in self.names.foreign:
            return f"functions of '{self.names.foreign[shown]}' cannot be called in a kernel"
        if shown in self.names.functions:
            return f"kernels call functions decorated with @device: decorate '{shown}'"
        return "see the list of built-in functions in the kernel language's manual"

    def _subscript(self, node: ast.Subscript) -> tree.AnyExpression:
        at = self.source.place(node)
        if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            axis = node.slice.value if isinstance(node.slice, ast.Constant) else None
            if type(axis) is not int:
                self.source.syntax(node, "the axis of .shape must be a literal integer", "write a.shape[0]")
            return tree.Shape(self.parse(node.value.value), axis, at=at)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if not parts:
            self.source.syntax(node, "an index is missing")
        first, *rest = [self.parse(p) for p in parts]
        return tree.Index(self.parse(node.value), first, tuple(rest), at=at)

    def _attribute(self, node: ast.Attribute) -> tree.AnyExpression:
        name = (self.names.resolve(node) or "").removeprefix("math.")
        if name in MATH_CONSTANTS:
            return weak_number(MATH_CONSTANTS[name], self.source.place(node))
        found: Device | Number | None = None
        try:
            found = self.names.member(node) if self._root(node) not in self.locals else None
        except NotImported as error:
            self.source.syntax(node, str(error), "pass it as a parameter")
        if isinstance(found, Device):
            self.source.syntax(node, f"'{node.attr}' is a function, not a value", f"call it: {node.attr}(…)")
        if found is not None:
            return weak_number(found, self.source.place(node))
        hint = "write a.shape[0]" if node.attr in ("shape", "size") else ""
        self.source.syntax(node, f"attribute '.{node.attr}' cannot be used in a kernel", hint)


def weak_number(value: Number, at: tree.Place) -> tree.AnyExpression:
    """A number as a literal; what JSON cannot write becomes a named constant."""
    if isinstance(value, float) and value != value:
        return tree.Constant("nan", at=at)
    if value in (float("inf"), float("-inf")):
        infinity = tree.Constant("inf", at=at)
        return infinity if value > 0 else tree.UnaryOp("neg", infinity, at=at)
    return tree.Literal(value, at=at)
