"""`print` in kernels: its arguments as one template with places, and the values that go there."""

from __future__ import annotations

import ast

from hologram.frontend import tree
from hologram.frontend.parse_expressions import Expressions
from hologram.frontend.promote import BOOL, is_integer, spelled
from hologram.frontend.source import Source
from hologram.frontend.typed import Expr
from hologram.isa.messages import MAX_MESSAGE, TRUTH, Place, escaped, is_format, pieces

HINT = 'write print("x =", x) or print(f"x = {x:.3f}")'


def parse_print(call: ast.Call, source: Source, expressions: Expressions, at: tree.Place) -> tree.Print:
    """`print("text", x, f"{y:.3f}")`: strings, f-strings and values with a blank between."""
    if call.keywords:
        source.syntax(call.keywords[0], f"print in a kernel has no option '{call.keywords[0].arg}'", HINT)
    values: list[tree.AnyExpression] = []
    words = [_word(a, source, expressions, values) for a in call.args]
    template = " ".join(words)
    if len(template) > MAX_MESSAGE:
        source.syntax(call, f"print shows at most {MAX_MESSAGE} characters of text")
    return tree.Print(template, tuple(values), at=at)


def _word(node: ast.expr, source: Source, expressions: Expressions, values: list[tree.AnyExpression]) -> str:
    """One argument as a template; the values it shows are appended."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return escaped(node.value)
    if not isinstance(node, ast.JoinedStr):
        values.append(expressions.parse(node))
        return "{}"
    return "".join(_part(p, node, source, expressions, values) for p in node.values)


def _part(
    node: ast.expr, whole: ast.expr, source: Source, expressions: Expressions, values: list[tree.AnyExpression]
) -> str:
    """One piece of an f-string; its errors point at the whole, because older Pythons do not say where a piece is."""
    if not isinstance(node, ast.FormattedValue):
        return _word(node, source, expressions, values)
    form = node.format_spec
    plain = form.values if isinstance(form, ast.JoinedStr) else []
    if not all(isinstance(p, ast.Constant) for p in plain):
        source.syntax(whole, "a format that is computed cannot be used in a kernel", "write {x:.3f}")
    spec = "".join(str(p.value) for p in plain if isinstance(p, ast.Constant))
    if node.conversion not in (-1, ord("r") if form is None else -1):
        source.syntax(whole, f"'!{chr(node.conversion)}' cannot be used in a kernel", "write {x}")
    if not is_format(spec):
        source.syntax(whole, f"the format '{spec}' cannot be used in a kernel", "write {x}, {x:.3f}, {x:8d} or {x:x}")
    values.append(expressions.parse(node.value))
    return f"{{:{spec}}}" if spec else "{}"


def printed(node: tree.Print, values: tuple[Expr, ...], source: Source) -> str:
    """The template for values of known types: those of truth values are marked; raises where they do not fit."""
    try:
        parts = pieces(node.template)
    except ValueError as error:
        source.syntax(node, f"this text cannot be printed: {error}", HINT)
    count = sum(isinstance(p, Place) for p in parts)
    if count != len(values):
        source.syntax(node, f"the text of print has places for {count} values, there are {len(values)}")
    waiting = iter(zip(values, node.values, strict=True))
    return "".join(escaped(p) if isinstance(p, str) else _place(p, *next(waiting), source) for p in parts)


def _place(place: Place, value: Expr, where: tree.Node, source: Source) -> str:
    if value.kind is BOOL:
        if place.spec not in ("", TRUTH):
            source.type(where, f"a truth value has no format '{place.spec}'", "write {flag}")
        return f"{{{TRUTH}}}"
    if place.spec == TRUTH or (place.wants_integer and not is_integer(value.kind)):
        source.type(where, f"{spelled(value.kind)} has no format '{place.spec}'", "write {x:.3f}")
    if place.wants_digits and is_integer(value.kind):
        source.type(where, f"{spelled(value.kind)} has no format '{place.spec}'", "write {x:d}")
    return f"{{:{place.spec}}}" if place.spec else "{}"
