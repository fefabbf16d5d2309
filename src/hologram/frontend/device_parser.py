"""The statements of a device function, with `return` turned into an assignment of the result."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from hologram.frontend import tree
from hologram.frontend.devices import MAX_DEPTH, RESULT, DeviceCalls
from hologram.frontend.names import Device
from hologram.frontend.parse import Parser, check_depth, type_node


class DeviceParser(Parser):
    """Parses a device function for one call; its variables are named `prefix.variable`."""

    what = "a device function"

    def __init__(self, device: Device, calls: DeviceCalls, prefix: str) -> None:
        check_depth(device.function, device.source)
        self.prefix = prefix
        self.arrays = {}
        super().__init__(device.function, device.source, device.names, calls)
        self.result = f"{prefix}.{RESULT}"
        self.gives = any(isinstance(n, ast.Return) and not _is_none(n.value) for n in ast.walk(device.function))
        self.kind = self._declared()

    def spelled(self, name: str) -> str:
        """What a variable is called in the tree: an array goes by the name the kernel has for it."""
        return self.arrays[name][0] if name in self.arrays else f"{self.prefix}.{name}"

    def _declared(self) -> str | None:
        """The type that the function says it returns."""
        node, source = self.function.returns, self.source
        for decorator in self.function.decorator_list:
            if isinstance(decorator, ast.Call) or self.names.resolve(decorator) != "device":
                source.syntax(decorator, "a decorator on a device function", "use @device alone")
        if node is None or _is_none(node):
            if node is not None and self.gives:
                source.type(node, f"'{self.function.name}' is declared to return nothing and returns a value")
            return None
        kind = type_node(node, source, self.names)
        if not isinstance(kind, tree.Scalar):
            source.syntax(node, "a device function returns one number", "write the results into an array parameter")
        if not self.gives:
            source.type(node, f"'{self.function.name}' returns no value", "write -> None")
        return kind.type

    def inline(self, arguments: Sequence[tree.AnyStatement], at: tree.Place) -> tree.Inline:
        """The whole call."""
        body = self.function.body
        if self.gives and not _ends(body):
            message = f"'{self.function.name}' does not return a value on every path"
            self.source.type(self.function, message, "end it with a return")
        self.declared = {self.spelled(a.arg) for a in self.function.args.args}
        statements = (*arguments, *self._last(body, 0))
        value = tree.Var(self.result, at=at) if self.gives else None
        return tree.Inline(self.function.name, statements, value, at=at)

    def statement(self, node: ast.stmt) -> list[tree.AnyStatement]:
        """As in a kernel; a return sets the result and leaves the function."""
        if isinstance(node, ast.Return):
            return [*self._returned(node), tree.Return(None, at=self.source.place(node))]
        return super().statement(node)

    def _returned(self, node: ast.Return) -> list[tree.AnyStatement]:
        at = self.source.place(node)
        if node.value is None or _is_none(node.value):
            if self.gives:
                self.source.type(node, f"'{self.function.name}' returns a value elsewhere", "return one here, too")
            return []
        value = self.expressions.parse(node.value)
        return [tree.Let(self.result, value, self.kind, at=at)]

    def _last(self, body: Sequence[ast.stmt], depth: int) -> tuple[tree.AnyStatement, ...]:
        """Statements that end the function: their returns need no jump, what follows one goes into `else`."""
        out: list[tree.AnyStatement] = []
        for position, node in enumerate(body):
            rest = body[position + 1 :]
            if isinstance(node, ast.Return) and not rest:
                return (*out, *self._returned(node))
            if isinstance(node, ast.If) and depth < MAX_DEPTH and (not rest or _ends(node.body)):
                at, condition = self.source.place(node), self.expressions.parse(node.test)
                then_body = self._last(node.body, depth + 1)
                else_body = self._last([*node.orelse, *rest], depth + 1)
                return (*out, tree.If(condition, then_body, else_body or None, at=at))
            out += self.statement(node)
        return tuple(out)


def _ends(body: Sequence[ast.stmt]) -> bool:
    """True when statements surely end in a return."""
    return any(
        isinstance(s, ast.Return)
        or (isinstance(s, ast.If) and _ends(s.body) and _ends(s.orelse))
        or (isinstance(s, ast.While) and isinstance(s.test, ast.Constant) and s.test.value is True and _endless(s))
        for s in body
    )


def _endless(loop: ast.While) -> bool:
    return not any(isinstance(n, ast.Break) for n in ast.walk(loop))


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)
