"""Device functions: each call becomes an `Inline` node with a copy of the function's statements."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hologram.frontend import tree
from hologram.frontend.names import Device

if TYPE_CHECKING:
    from hologram.frontend.parse import Parser

MAX_NODES = 50_000
"""Most syntax nodes that the device functions of one kernel may have together, each counted once a call."""
MAX_DEPTH = 32
"""Most calls inside each other, and most returns that are turned into `else` branches."""
RESULT = "return"


class DeviceCalls:
    """The calls of one kernel: who is being inlined, how often each function was, and how much that makes."""

    def __init__(self) -> None:
        self.active: list[Device] = []
        self.copies: Counter[str] = Counter()
        self.nodes = 0

    def inline(self, caller: Parser, node: ast.Call, device: Device) -> tree.Inline:
        """The statements of a device function with its parameters set to the arguments of a call."""
        from hologram.frontend.device_parser import DeviceParser

        source, name = caller.source, device.function.name
        if any(d.function is device.function for d in self.active):
            chain = [d.function.name for d in self.active] + [name]
            source.syntax(node, f"recursion: {' calls '.join(chain[chain.index(name) :])}", "write a loop")
        if len(self.active) == MAX_DEPTH:
            source.syntax(node, f"device functions call each other more than {MAX_DEPTH} deep")
        self.nodes += sum(1 for _ in ast.walk(device.function))
        if self.nodes > MAX_NODES:
            source.syntax(node, "the device functions that this kernel calls make too much code", "use a loop")
        self.copies[name] += 1
        prefix = name if self.copies[name] == 1 else f"{name}{self.copies[name]}"
        parser = DeviceParser(device, self, prefix)
        arguments = self.arguments(parser, caller, node)  # before the function is active: f(f(x)) is no recursion
        self.active.append(device)
        out = parser.inline(arguments, source.place(node))
        self.active.pop()
        return out

    def arguments(self, parser: Parser, caller: Parser, node: ast.Call) -> tuple[tree.AnyStatement, ...]:
        """Assignments of the arguments, in the order they are written, then of the defaults; arrays get their names."""
        name, source = parser.function.name, caller.source
        params = {p.name: p for p in parser.parameters()}
        if len(node.args) > len(params):
            source.type(node, f"{name} takes {len(params)} argument(s), got {len(node.args)}")
        given = dict(zip(params, node.args, strict=False))
        for keyword in node.keywords:
            if keyword.arg is None or keyword.arg not in params:
                source.type(keyword, f"{name} has no parameter '{keyword.arg or '**'}'")
            if keyword.arg in given:
                source.type(keyword, f"{name} gets '{keyword.arg}' twice")
            given[keyword.arg] = keyword.value
        out: list[tree.AnyStatement] = []
        for key, argument in given.items():
            out += self._argument(parser, caller, params[key], argument)
        for key, parameter in params.items():
            if key not in given:
                if parameter.default is None:
                    source.type(node, f"{name} needs its argument '{key}'", f"it takes {', '.join(params)}")
                out.append(_set(parser, parameter, tree.Literal(parameter.default, at=source.place(node))))
        return tuple(out)

    def _argument(
        self, parser: Parser, caller: Parser, parameter: tree.Parameter, argument: ast.expr
    ) -> Sequence[tree.AnyStatement]:
        source, name = caller.source, parser.function.name
        if isinstance(argument, ast.Starred):
            source.syntax(argument, "'*' in a call", "write the arguments one by one")
        if not isinstance(parameter.type, tree.Array):
            return [_set(parser, parameter, caller.expressions.parse(argument))]
        found = caller.arrays.get(argument.id) if isinstance(argument, ast.Name) else None
        if found is None:
            source.type(argument, f"{name} takes an array for '{parameter.name}'", "pass an array by its name")
        wanted, got = _words(parameter.type), _words(found[1])
        if wanted != got:
            source.type(argument, f"{name} takes {wanted} for '{parameter.name}', this is {got}")
        parser.arrays[parameter.name] = found
        return []


def _set(parser: Parser, parameter: tree.Parameter, value: tree.AnyExpression) -> tree.AnyStatement:
    assert isinstance(parameter.type, tree.Scalar)
    return tree.Let(parser.spelled(parameter.name), value, parameter.type.type, at=value.at)


def _words(array: tree.Array) -> str:
    dims = f", {array.ndim}" if array.ndim > 1 else ""
    return f"DeviceArray[{array.element_type.type}{dims}]"
