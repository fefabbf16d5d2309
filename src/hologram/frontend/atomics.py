"""Typing of atomics: array, index and value in, the old value of the element out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hologram.frontend import tree
from hologram.frontend.builtins import FUNCTIONS, Function
from hologram.frontend.typed import Atomic
from hologram.isa.instructions import BY_NAME

if TYPE_CHECKING:
    from hologram.frontend.expressions import Expressions

_NAMES = frozenset(
    name
    for name, function in FUNCTIONS.items()
    if function.rule in ("atomic", "together") or function.ops == ("PoolAlloc",)
)

TWICE = "an atomic or block reduction would run twice"
ONCE = "assign its value to a variable first"
"""The cure where an atomic or a block reduction stands in what is looked at more than once."""


def has_atomic(node: tree.Node) -> bool:
    """True for an expression in which an atomic or block reduction is called."""
    return any(isinstance(n, tree.Call) and n.function in _NAMES for n, _ in tree.nodes(node))


def atomic(expressions: Expressions, node: tree.Call, function: Function) -> Atomic:
    """The typed form of a call whose number of arguments fits; raises `KernelTypeError` where the types do not."""
    source, (op, *cell) = expressions.source, function.ops
    array, *rest = node.args
    count = 2 if op == "ATOM_CAS" else 1
    first, *others = rest[:-count] or (tree.Literal(0, at=node.at),)
    _, param = expressions.array(array, node)
    if cell and param.type.value != cell[0]:
        hint = f"write atomic_add({param.name}, 0, …)"
        source.type(array, f"{node.function} needs an array of {cell[0]}, '{param.name}' has {param.type.value}", hint)
    if param.type not in BY_NAME[op].types:
        kinds = "integers" if all(t.is_integer for t in BY_NAME[op].types) else "integers, f32 and f64"
        source.type(array, f"{node.function} works on {kinds}, '{param.name}' has {param.type.value}")
    target = expressions.element(tree.Index(array, first, tuple(others), at=node.at))
    widen = expressions.conversions.widen
    values = tuple(widen(expressions.typed(v), param.type, v) for v in rest[-count:])
    return Atomic(param.type, op, target, values, at=node.at)
