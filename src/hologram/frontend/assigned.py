"""Definite assignment: a variable is read only where every path has given it a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import and_

from hologram.frontend import tree
from hologram.frontend.source import Source

Known = int | None
"""Names that surely have a value, one bit each; None where control never comes."""


@dataclass
class _Loop:
    """What is known at each `break` of a loop."""

    breaks: list[Known] = field(default_factory=list)


def check_assigned(kernel: tree.Kernel, source: Source) -> None:
    """Raises `KernelTypeError` at the first read that may come before any assignment."""
    flow = _Flow(kernel, source)
    flow.body(kernel.body, sum(flow.bits.get(p.name, 0) for p in kernel.params))


class _Flow:
    def __init__(self, kernel: tree.Kernel, source: Source) -> None:
        self.source = source
        self.bits = {name: 1 << k for k, name in enumerate(sorted(local_names(kernel)))}
        self.loops: list[_Loop] = []
        self.finished: list[list[Known]] = []

    def body(self, statements: Iterable[tree.AnyStatement], known: Known) -> Known:
        for statement in statements:
            if known is None:
                return None
            known = self.statement(statement, known)
        return known

    def statement(self, node: tree.AnyStatement, known: int) -> Known:
        match node:
            case tree.Let(name=name, value=value):
                self.reads(value, known)
                return known | self.bits[name]
            case tree.Assign(target=tree.Var(name=name), value=value):
                self.reads(value, known)
                return known | self.bits[name]
            case tree.Assign(target=target, value=value):
                self.reads(value, known)
                self.reads(target, known)
            case tree.If(condition=condition, then_body=then_body, else_body=else_body):
                self.reads(condition, known)
                return _meet([self.body(then_body, known), self.body(else_body or (), known)])
            case tree.For(var=var, start=start, stop=stop, step=step, body=body):
                for expression in (start, stop, step):
                    self.reads(expression, known)
                return self.loop(body, known | self.bits[var], known)
            case tree.While(condition=condition, body=body):
                self.reads(condition, known)
                endless = isinstance(condition, tree.Literal) and condition.value is True
                return self.loop(body, known, None if endless else known)
            case tree.Break():
                if self.loops:
                    self.loops[-1].breaks.append(known)
                return None
            case tree.Return():
                if self.finished:
                    self.finished[-1].append(known)
                return None
            case tree.Continue():
                return None
            case tree.Assert(condition=condition):
                self.reads(condition, known)
            case tree.Print(values=values):
                for value in values:
                    self.reads(value, known)
            case tree.CallStatement(call=tree.Inline() as call):
                return self.inline(call, known)
            case tree.CallStatement(call=call):
                self.reads(call, known)
        return known

    def loop(self, body: Iterable[tree.AnyStatement], inside: int, after: Known) -> Known:
        self.loops.append(_Loop())
        self.body(body, inside)
        return _meet([after, *self.loops.pop().breaks])

    def reads(self, expression: tree.AnyExpression, known: int) -> None:
        for node in _reads(expression):
            if isinstance(node, tree.Inline):
                self.inline(node, known)
            elif node.name in self.bits and not known & self.bits[node.name]:
                name = node.name.rpartition(".")[2]
                hint = f"write {name} = 0 before the branch or loop"
                self.source.type(node, f"'{name}' may be read before it has a value", hint)

    def inline(self, node: tree.Inline, known: int) -> Known:
        """What is known after the statements of a device function, whose loops are its own."""
        loops, self.loops = self.loops, []
        self.finished.append([])
        end = self.body(node.body, known)
        after = _meet([end, *self.finished.pop()])
        self.loops = loops
        if node.value is not None and after is not None:
            self.reads(node.value, after)
        return after


def _meet(states: Iterable[Known]) -> Known:
    known = [s for s in states if s is not None]
    return reduce(and_, known) if known else None


def variables(expression: tree.Node) -> list[tree.Var]:
    """Every variable the value of an expression depends on directly, in source order."""
    found: list[tree.Var] = []
    for node in _reads(expression):
        found += [node] if isinstance(node, tree.Var) else variables(node.value) if node.value is not None else []
    return found


def _reads(expression: tree.Node) -> list[tree.Var | tree.Inline]:
    """Every variable an expression reads and every device function it calls, in source order."""
    found: list[tree.Var | tree.Inline] = []
    stack = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, (tree.Var, tree.Inline)):
            found.append(node)
            continue
        children: list[tree.Node] = []
        for name in node.__struct_fields__:
            value = getattr(node, name)
            children += [v for v in (value if isinstance(value, tuple) else (value,)) if isinstance(v, tree.Expression)]
        stack.extend(reversed(children))
    return found


def local_names(kernel: tree.Kernel) -> frozenset[str]:
    """Names a kernel assigns."""
    names = set()
    for node, _ in tree.nodes(kernel):
        match node:
            case tree.Let(name=name) | tree.For(var=name) | tree.Assign(target=tree.Var(name=name)):
                names.add(name)
    return frozenset(names)
