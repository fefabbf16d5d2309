"""Kernel functions as trees: signatures and statements (expressions are in `parse_expressions`)."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

import msgspec

from hologram.frontend import tree
from hologram.frontend.atomics import ONCE, TWICE, has_atomic
from hologram.frontend.constants import NotConstant, fold
from hologram.frontend.devices import DeviceCalls
from hologram.frontend.names import DECORATORS, Device, Names, dotted
from hologram.frontend.parse_expressions import BINARY, NO_MATMUL, Expressions
from hologram.frontend.printing import parse_print
from hologram.frontend.promote import BOOL, SCALARS
from hologram.frontend.source import Source
from hologram.isa.messages import MAX_MESSAGE

_REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.With: ("'with' blocks", ""),
    ast.Try: ("'try'", "a kernel cannot raise or catch exceptions"),
    ast.Raise: ("'raise'", "a kernel cannot raise; use assert for checked mode"),
    ast.Delete: ("'del'", ""),
    ast.FunctionDef: ("nested functions", "define the function at the top level of the file"),
    ast.AsyncFunctionDef: ("nested functions", ""),
    ast.ClassDef: ("classes", ""),
    ast.Import: ("imports", "import at the top of the file"),
    ast.ImportFrom: ("imports", "import at the top of the file"),
    ast.Global: ("'global'", "pass the value as a parameter"),
    ast.Nonlocal: ("'nonlocal'", "pass the value as a parameter"),
    ast.Match: ("'match'", "use if/elif"),
    ast.AsyncFor: ("'async for'", ""),
    ast.AsyncWith: ("'async with'", ""),
}


@dataclass(frozen=True, slots=True)
class _Options:
    """What a kernel's decorator asks for."""

    block: tuple[int, ...] = ()
    flags: tuple[Literal["fast"], ...] = ()


def parse_kernel(function: ast.FunctionDef, source: Source, names: Names) -> tree.Kernel:
    """The tree of one kernel function; raises `KernelSyntaxError` for what the language does not have."""
    check_depth(function, source)
    return Parser(function, source, names, DeviceCalls()).kernel()


def check_depth(function: ast.AST, source: Source) -> None:
    """Refuses code that is nested deeper than `MAX_DEPTH`."""
    stack: list[tuple[ast.AST, int]] = [(function, 0)]
    place = function
    while stack:
        node, depth = stack.pop()
        place = node if hasattr(node, "lineno") else place
        if depth > 2 * tree.MAX_DEPTH:
            source.syntax(place, "the code is nested too deeply", "split the expression")
        stack.extend((child, depth + 1) for child in ast.iter_child_nodes(node))


class Parser:
    """Parses one function; `calls` puts device functions in the place of their calls."""

    what = "a kernel"

    def __init__(self, function: ast.FunctionDef, source: Source, names: Names, calls: DeviceCalls) -> None:
        self.function, self.source, self.names, self.calls = function, source, names, calls
        self.locals = {a.arg for a in _arguments(function)} | assigned_names(function.body)
        self.declared = {self.spelled(a.arg) for a in _arguments(function)}
        self.arrays: dict[str, tuple[str, tree.Array]] = {}
        self.expressions = Expressions(source, names, self.locals, self)
        self._temporaries = (name for i in count() if (name := f"_t{i}") not in self.locals)

    def spelled(self, name: str) -> str:
        """What a variable is called in the tree."""
        return name

    def call(self, caller: Expressions, node: ast.Call, device: Device) -> tree.Inline:
        """A device function in the place of a call."""
        return self.calls.inline(self, node, device)

    def kernel(self) -> tree.Kernel:
        function, source = self.function, self.source
        if function.returns is not None and not _is_none(function.returns):
            source.syntax(function.returns, "a kernel returns nothing", "store results in an array parameter")
        body = function.body
        doc = ast.get_docstring(function) or ""
        if doc or _is_docstring(body[0]):
            body = body[1:]
        options = self._decorators()
        at = source.place(function)
        params = self.parameters()
        self.arrays = {p.name: (p.name, p.type) for p in params if isinstance(p.type, tree.Array)}
        out = tree.Kernel(function.name, params, self.body(body), doc, options.block, options.flags, at=at)
        if any(len(node.at or ()) > 3 for node, _ in tree.nodes(out)):
            out = msgspec.structs.replace(out, files=tuple(s.file for _, s in sorted(source.others.items())))
        return out

    def _decorators(self) -> _Options:
        options = _Options()
        for decorator in self.function.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            name = (dotted(call.func if call else decorator) or "").rpartition(".")[2]
            if self.names.language.get(name, name) not in DECORATORS:
                shown = self.source.text(decorator)
                self.source.syntax(decorator, f"decorator '{shown}' on a kernel", "use @kernel alone")
            for keyword in call.keywords if call else ():
                if keyword.arg == "block":
                    options = replace(options, block=self._block(keyword.value))
                elif keyword.arg == "fast":
                    options = replace(options, flags=self._fast(keyword.value))
                else:
                    self.source.syntax(keyword, f"@kernel has no option '{keyword.arg}'", "options: block, fast")
            if call and call.args:
                self.source.syntax(call, "@kernel takes keyword arguments only", "write @kernel(block=256)")
        return options

    def _fast(self, node: ast.expr) -> tuple[Literal["fast"], ...]:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, bool):
            self.source.syntax(node, "fast must be True or False")
            return ()
        return ("fast",) if node.value else ()

    def _block(self, node: ast.expr) -> tuple[int, ...]:
        parts = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
        try:
            sizes = tuple(fold(p, self.names) for p in parts)
        except NotConstant:
            sizes = ()
        out = tuple(s for s in sizes if isinstance(s, int) and not isinstance(s, bool) and 1 <= s <= 1024)
        if not 1 <= len(out) <= 3 or len(out) != len(parts):
            self.source.syntax(node, "block must be one to three constant integers from 1 to 1024, x first")
        return out

    def parameters(self) -> tuple[tree.Parameter, ...]:
        arguments = self.function.args
        for odd, what in ((arguments.vararg, "*args"), (arguments.kwarg, "**kwargs")):
            if odd:
                self.source.syntax(odd, f"{self.what} cannot take {what}", "name every parameter")
        if generic := getattr(self.function, "type_params", ()):
            self.source.syntax(generic[0], f"{self.what} cannot have type parameters", "write one kernel for each type")
        if arguments.kwonlyargs:
            self.source.syntax(arguments.kwonlyargs[0], f"{self.what} cannot have keyword-only parameters")
        if arguments.posonlyargs:
            self.source.syntax(arguments.posonlyargs[0], f"{self.what} cannot have positional-only parameters")
        missing = len(arguments.args) - len(arguments.defaults)
        defaults: list[ast.expr | None] = [*[None] * missing, *arguments.defaults]
        return tuple(self._parameter(a, d) for a, d in zip(arguments.args, defaults, strict=True))

    def _parameter(self, argument: ast.arg, default: ast.expr | None) -> tree.Parameter:
        if argument.annotation is None:
            self.source.syntax(
                argument, f"parameter '{argument.arg}' has no type", f"write {argument.arg}: f32 or DeviceArray[f32]"
            )
        node = type_node(argument.annotation, self.source, self.names)
        if default is None:
            return tree.Parameter(argument.arg, node, at=self.source.place(argument))
        if not isinstance(node, tree.Scalar):
            self.source.syntax(default, "only scalar parameters can have defaults")
        try:
            value = fold(default, self.names)
        except NotConstant:
            self.source.syntax(default, "a default must be a constant number")
        return tree.Parameter(argument.arg, node, value, at=self.source.place(argument))

    # Statements

    def body(self, statements: Sequence[ast.stmt]) -> tuple[tree.AnyStatement, ...]:
        return tuple(s for statement in statements for s in self.statement(statement))

    def statement(self, node: ast.stmt) -> list[tree.AnyStatement]:
        at, source, expression = self.source.place(node), self.source, self.expressions.parse
        match node:
            case ast.Assign():
                return self._assign(node)
            case ast.AnnAssign():
                return [self._annotated(node)]
            case ast.AugAssign():
                return [self._augmented(node)]
            case ast.If(test=test, body=body, orelse=orelse):
                condition, then_body = expression(test), self.body(body)
                return [tree.If(condition, then_body, self.body(orelse) if orelse else None, at=at)]
            case ast.For():
                return [self._for(node)]
            case ast.While():
                if node.orelse:
                    source.syntax(node.orelse[0], "'else' after a loop", "use a variable that says how the loop ended")
                return [tree.While(expression(node.test), self.body(node.body), at=at)]
            case ast.Return(value=value):
                if value is not None and not _is_none(value):
                    source.syntax(node, "a kernel returns nothing", "store results in an array parameter")
                return [tree.Return(None, at=at)]
            case ast.Break():
                return [tree.Break(at=at)]
            case ast.Continue():
                return [tree.Continue(at=at)]
            case ast.Pass():
                return []
            case ast.Assert(test=test, msg=message):
                return [tree.Assert(expression(test), self._message(message), at=at)]
            case ast.Expr(value=ast.Call() as call) if self._prints(call):
                return [parse_print(call, source, self.expressions, at)]
            case ast.Expr(value=ast.Call() as call):
                parsed = expression(call)
                if not isinstance(parsed, (tree.Call, tree.Inline)):
                    source.syntax(node, "the value of this expression is not used", "assign it to a variable")
                return [tree.CallStatement(parsed, at=at)]
            case ast.Expr(value=ast.Constant(value=str())):
                return []
            case ast.Expr():
                source.syntax(node, "the value of this expression is not used", "assign it to a variable")
        what, hint = _REFUSED.get(type(node), (f"'{type(node).__name__}' statements", ""))
        source.syntax(node, f"{what} cannot be used in a kernel", hint)

    def _prints(self, call: ast.Call) -> bool:
        local = isinstance(call.func, ast.Name) and call.func.id in self.locals
        return not local and self.names.resolve(call.func) == "print"

    def _message(self, node: ast.expr | None) -> str:
        if node is None:
            return ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if len(node.value) > MAX_MESSAGE:
                self.source.syntax(node, f"the message of an assert has at most {MAX_MESSAGE} characters")
            return node.value
        self.source.syntax(node, "the message of an assert must be a plain string")

    def _set(self, target: ast.expr, value: tree.AnyExpression, at: tree.Place) -> tree.AnyStatement:
        parsed = self._target(target)
        if isinstance(parsed, tree.Index):
            return tree.Assign(parsed, value, at=at)
        return self._set_name(parsed.name, value, at)

    def _set_name(self, name: str, value: tree.AnyExpression, at: tree.Place) -> tree.AnyStatement:
        if name in self.declared:
            return tree.Assign(tree.Var(name, at=at), value, at=at)
        self.declared.add(name)
        return tree.Let(name, value, at=at)

    def _target(self, node: ast.expr) -> tree.Var | tree.Index:
        if isinstance(node, ast.Name):
            return tree.Var(self.spelled(node.id), at=self.source.place(node))
        if isinstance(node, ast.Subscript):
            parsed = self.expressions.parse(node)
            if isinstance(parsed, tree.Index):
                return parsed
        self.source.syntax(
            node, f"cannot assign to '{self.source.text(node)}'", "assign to a variable or an array element"
        )

    def _shared(self, target: ast.expr, call: ast.Call) -> tree.Shared:
        """`name = shared(T, n)`."""
        source = self.source
        if not isinstance(target, ast.Name):
            source.syntax(target, "a shared array needs a plain name", "write tile = shared(f32, 256)")
        name = self.spelled(target.id)
        if name in self.declared:
            source.syntax(call, f"'{target.id}' has another meaning already", "use another name")
        if len(call.args) != 2 or call.keywords:
            source.syntax(call, "shared takes a type and a number of elements", "write tile = shared(f32, 256)")
        kind = type_node(call.args[0], source, self.names)
        if not isinstance(kind, tree.Scalar) or kind.type == "bool":
            source.syntax(call.args[0], "the elements of a shared array are numbers", "write shared(f32, 256)")
        try:
            size = fold(call.args[1], self.names)
        except NotConstant:
            size = 0
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= tree.MAX_SHARED:
            source.syntax(call.args[1], f"the number of elements must be a constant from 1 to {tree.MAX_SHARED}")
        self.declared.add(name)
        self.arrays[target.id] = name, tree.Array(kind)
        return tree.Shared(name, kind.type, int(size), at=source.place(call))

    def _assign(self, node: ast.Assign) -> list[tree.AnyStatement]:
        at = self.source.place(node)
        call = node.value
        if len(node.targets) == 1 and isinstance(call, ast.Call) and self.names.resolve(call.func) == "shared":
            return [self._shared(node.targets[0], call)]
        if len(node.targets) == 1 and not isinstance(node.targets[0], (ast.Tuple, ast.List)):
            return [self._set(node.targets[0], self.expressions.parse(node.value), at)]
        out: list[tree.AnyStatement] = []
        if all(not isinstance(t, (ast.Tuple, ast.List)) for t in node.targets):
            value = self._once(node.value, out, at)
            return out + [self._set(t, value, at) for t in node.targets]
        for target in node.targets:
            if not isinstance(target, (ast.Tuple, ast.List)) or not isinstance(node.value, (ast.Tuple, ast.List)):
                self.source.syntax(node, "a tuple can only be assigned from a tuple written out", "write a, b = x, y")
            if len(target.elts) != len(node.value.elts):
                left, right = len(target.elts), len(node.value.elts)
                self.source.syntax(node, f"{left} targets for {right} values")
        values = [self._once(v, out, at) for v in node.value.elts]  # type: ignore[attr-defined]
        for target in node.targets:
            assert isinstance(target, (ast.Tuple, ast.List))
            out += [self._set(t, v, at) for t, v in zip(target.elts, values, strict=True)]
        return out

    def _once(self, node: ast.expr, out: list[tree.AnyStatement], at: tree.Place) -> tree.AnyExpression:
        """The value held in a temporary, so that it is computed before any target changes."""
        value = self.expressions.parse(node)
        if isinstance(value, (tree.Literal, tree.Constant)):
            return value
        name = self.spelled(next(self._temporaries))
        out.append(tree.Let(name, value, at=at))
        return tree.Var(name, at=value.at)

    def _annotated(self, node: ast.AnnAssign) -> tree.AnyStatement:
        kind = type_node(node.annotation, self.source, self.names)
        if not isinstance(kind, tree.Scalar):
            self.source.syntax(node.annotation, "a variable cannot be an array", "arrays are parameters")
        if node.value is None:
            self.source.syntax(
                node, "a declaration needs a value", f"write {self.source.text(node.target)}: {kind.type} = 0"
            )
        if not isinstance(node.target, ast.Name):
            self.source.syntax(node, "only variables can be annotated")
        name = self.spelled(node.target.id)
        self.declared.add(name)
        value = self.expressions.parse(node.value)
        return tree.Let(name, value, kind.type, at=self.source.place(node))

    def _augmented(self, node: ast.AugAssign) -> tree.AnyStatement:
        at = self.source.place(node)
        op = BINARY.get(type(node.op))
        if op is None:
            self.source.syntax(node, NO_MATMUL, "write the loops")
        target = self._target(node.target)
        if has_atomic(target):
            self.source.syntax(
                node.target,
                f"{TWICE} in the index of an augmented assignment",
                ONCE,
            )
        self.expressions.once(target, node.target)
        value = tree.BinaryOp(op, target, self.expressions.parse(node.value), at=at)
        if isinstance(target, tree.Index):
            return tree.Assign(target, value, at=at)
        return self._set_name(target.name, value, at)

    def _for(self, node: ast.For) -> tree.AnyStatement:
        source = self.source
        if node.orelse:
            source.syntax(node.orelse[0], "'else' after a loop", "use a variable that says how the loop ended")
        if not isinstance(node.target, ast.Name):
            source.syntax(node.target, "a loop variable must be a plain name")
        call = node.iter
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"):
            source.syntax(call, "a for loop must run over range(…)", "write: for k in range(n):")
        if call.keywords or not 1 <= len(call.args) <= 3:
            source.syntax(call, f"range takes one to three arguments, got {len(call.args) + len(call.keywords)}")
        args = [self.expressions.parse(a) for a in call.args]
        at = source.place(call)
        start = args[0] if len(args) > 1 else tree.Literal(0, at=at)
        step = args[2] if len(args) == 3 else tree.Literal(1, at=at)
        name = self.spelled(node.target.id)
        self.declared.add(name)
        stop = args[min(len(args) - 1, 1)]
        return tree.For(name, start, stop, step, self.body(node.body), at=source.place(node))


def type_node(node: ast.expr, source: Source, names: Names) -> tree.Scalar | tree.Array:
    """The type an annotation names; raises `KernelSyntaxError` for anything else."""
    found = find_type(node, names)
    if found is None:
        source.syntax(
            node,
            f"'{source.text(node)}' is no type of the kernel language",
            "types: i8 … i64, u8 … u64, f16, bf16, f32, f64, bool, usize, int, float, DeviceArray[T, 2]",
        )
    if isinstance(found, tree.Array) and SCALARS[found.element_type.type] is BOOL:
        source.syntax(node, "arrays of bool are not part of the kernel language", "use DeviceArray[u8]")
    return found


def find_type(node: ast.expr, names: Names) -> tree.Scalar | tree.Array | None:
    """The type an annotation names, or None."""
    name = names.resolve(node)
    if name in SCALARS:
        return tree.Scalar({"int": "i32", "float": "f32"}.get(name, name))
    if not isinstance(node, ast.Subscript) or names.resolve(node.value) != "DeviceArray":
        return None
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    element = find_type(parts[0], names) if parts else None
    if not isinstance(element, tree.Scalar) or len(parts) > 2:
        return None
    if len(parts) == 1:
        return tree.Array(element)
    dims = parts[1].value if isinstance(parts[1], ast.Constant) else None
    return tree.Array(element, dims) if type(dims) is int and 1 <= dims <= 3 else None


def assigned_names(body: Sequence[ast.stmt]) -> set[str]:
    """Every name a body assigns anywhere: these are local, as in Python."""
    nodes = (node for statement in body for node in ast.walk(statement))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _arguments(function: ast.FunctionDef) -> list[ast.arg]:
    a = function.args
    return [*a.posonlyargs, *a.args, *a.kwonlyargs, *([a.vararg] if a.vararg else []), *([a.kwarg] if a.kwarg else [])]


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
