"""Typing of kernels: tree in, typed tree out."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hologram.frontend import tree
from hologram.frontend.assigned import check_assigned
from hologram.frontend.effects import has_effect
from hologram.frontend.expressions import Expressions, Signature
from hologram.frontend.inference import infer
from hologram.frontend.parameters import with_access
from hologram.frontend.printing import printed
from hologram.frontend.promote import Kind, is_integer
from hologram.frontend.shared import shared_arrays
from hologram.frontend.signature import signature_of
from hologram.frontend.source import Source
from hologram.frontend.typed import (
    Branch,
    Claim,
    ConditionLoop,
    Const,
    CountedLoop,
    Enclosed,
    Expr,
    Leave,
    SetLocal,
    Show,
    SlotValue,
    Step,
    Store,
    TypedKernel,
    number_type,
)
from hologram.isa.operands import Slot
from hologram.types import Type


def check(kernel: tree.Kernel, source: Source) -> TypedKernel:
    """The typed form of a kernel; raises `KernelTypeError` or `KernelSyntaxError` at the first thing wrong."""
    for node, depth in tree.nodes(kernel):
        if depth > tree.MAX_DEPTH:
            source.syntax(node, "the code is nested too deeply", "split the expression")
    signature, params = signature_of(kernel, source)
    check_assigned(kernel, source)
    shared = shared_arrays(kernel, source)
    slots = {a.param.name: (len(params) + k, a.param) for k, a in enumerate(shared)}
    sizes = {slot: a.size for (slot, _), a in zip(slots.values(), shared, strict=True)}
    signature = Signature({**signature.slots, **slots}, signature.bools, sizes)
    variables = infer(kernel, source, signature)
    checker = _Checker(source, signature, variables)
    start = [
        SetLocal(name, SlotValue(kind, Slot(signature.slots[name][0])), at=kernel.at)
        for name, kind in variables.items()
        if name in signature.slots
    ]
    body = (*start, *checker.body(kernel.body))
    return TypedKernel(kernel.name, with_access(params, body), variables, body, kernel.at, shared)


class _Checker:
    def __init__(self, source: Source, signature: Signature, variables: dict[str, Kind]) -> None:
        self.source, self.variables = source, variables
        self.expressions = Expressions(source, signature, variables)
        self.widen = self.expressions.conversions.widen
        self.loops = 0
        self.breakable = False
        self.inlining = 0
        self.expressions.inlined = self._inlined
        self._rules: dict[type[tree.Node], Callable[..., Step]] = {
            tree.Let: lambda n: self._set(n, n.name, n.value),
            tree.Assign: self._assign,
            tree.If: self._if,
            tree.For: self._for,
            tree.While: self._while,
            tree.Return: self._return,
            tree.Break: lambda n: self._leave(n, "break"),
            tree.Continue: lambda n: self._leave(n, "continue"),
            tree.Assert: self._assert,
            tree.Print: self._print,
            tree.CallStatement: self._call,
        }

    def body(self, statements: Iterable[tree.AnyStatement]) -> tuple[Step, ...]:
        return tuple(self._rules[type(s)](s) for s in statements if not isinstance(s, tree.Shared))

    def _set(self, node: tree.Node, name: str, value: tree.AnyExpression) -> Step:
        typed = self.expressions.typed(value)
        return SetLocal(name, self.widen(typed, self.variables[name], value), at=node.at)

    def _assign(self, node: tree.Assign) -> Step:
        if isinstance(node.target, tree.Var):
            return self._set(node, node.target.name, node.value)
        target = self.expressions.element(node.target)
        value = self.expressions.typed(node.value)
        return Store(target, self.widen(value, number_type(target), node.value), at=node.at)

    def _if(self, node: tree.If) -> Step:
        condition = self.expressions.condition(node.condition)
        return Branch(condition, self.body(node.then_body), self.body(node.else_body or ()), at=node.at)

    def _bound(self, node: tree.AnyExpression) -> Expr:
        typed = self.expressions.typed(node)
        if not is_integer(typed.kind):
            self.source.type(node, "range needs integers", "write i64(x)")
        return self.expressions.conversions.cast(typed, Type.I64, node)

    def _for(self, node: tree.For) -> Step:
        start, stop, step = (self._bound(e) for e in (node.start, node.stop, node.step))
        if isinstance(step, Const) and step.value == 0:
            self.source.type(node.step, "the step of range must not be zero")
        body = self._looped(node.body)
        return CountedLoop(node.var, start, stop, step, body, at=node.at)

    def _while(self, node: tree.While) -> Step:
        self.loops += 1
        condition = self.expressions.condition(node.condition)
        self.loops -= 1
        return ConditionLoop(condition, self._looped(node.body), at=node.at)

    def _looped(self, statements: Iterable[tree.AnyStatement]) -> tuple[Step, ...]:
        around, self.breakable = self.breakable, True
        self.loops += 1
        body = self.body(statements)
        self.loops -= 1
        self.breakable = around
        return body

    def _inlined(self, node: tree.Inline) -> tuple[Step, ...]:
        """The statements of a device function; no `break` leaves them."""
        around, self.breakable = self.breakable, False
        self.inlining += 1
        body = self.body(node.body)
        self.inlining -= 1
        self.breakable = around
        return body

    def _leave(self, node: tree.Node, how: str) -> Step:
        if not self.breakable:
            self.source.syntax(node, f"'{how}' outside a loop")
        return Leave(how, at=node.at)

    def _return(self, node: tree.Return) -> Step:
        if node.value is not None:
            self.source.type(node, "a kernel returns nothing", "store results in an array parameter")
        return Leave("finish" if self.inlining else "return", at=node.at)

    def _call(self, node: tree.CallStatement) -> Step:
        if isinstance(node.call, tree.Inline):
            return Enclosed(self._inlined(node.call), at=node.at)
        return self.expressions.calls.statement(node.call, node.at, bool(self.loops))

    def _assert(self, node: tree.Assert) -> Step:
        condition = self.expressions.condition(node.condition)
        if has_effect([condition]):
            hint = "assign its value to a variable and assert that"
            self.source.type(node, "an atomic in an assert, which is for checking and has no effect", hint)
        return Claim(condition, node.message or self._shown(node.condition), at=node.at)

    def _shown(self, node: tree.AnyExpression) -> str:
        """The text of an expression where the source is known and it is on one line."""
        if node.at is None:
            return ""
        line, column, end = node.at[:3]
        return self.source.of(node.at).line(line)[column - 1 : end - 1]

    def _print(self, node: tree.Print) -> Step:
        settle = self.expressions.conversions.settle
        values = tuple(settle(self.expressions.typed(v), v) for v in node.values)
        return Show(printed(node, values, self.source), values, at=node.at)
