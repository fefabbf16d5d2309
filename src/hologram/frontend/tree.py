"""The kernel tree: what parsing gives, and exactly what a kernel's JSON says.

Version 1.0 of the JSON has scalars and 1-D arrays, let/assign/if/for/while/return and
var/literal/binary_op/index/call; everything else here is version 1.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, TypeAlias
from typing import Literal as OneOf

import msgspec

from hologram.types import Type

MAX_SHARED = 1 << 15
"""Most elements of a shared array."""
MAX_DEPTH = 150
"""Deepest nesting of a tree, counted in nodes."""

BINARY_OPERATORS = (
    "add", "sub", "mul", "div", "floor_div", "mod", "pow", "bit_and", "bit_or", "bit_xor", "shl", "shr",
    "lt", "le", "gt", "ge", "eq", "ne", "and", "or",
)  # fmt: skip
UNARY_OPERATORS = ("neg", "pos", "invert", "not")


def _one_of(*words: str) -> msgspec.Meta:
    return msgspec.Meta(pattern=rf"^(?:{'|'.join(words)})\Z", extra_json_schema={"enum": list(words)})


NumberName: TypeAlias = Annotated[str, _one_of(*(t.value for t in Type))]
"""One of the twelve ISA types."""
ScalarName: TypeAlias = Annotated[str, _one_of(*(t.value for t in Type), "bool", "usize")]
"""One of the twelve ISA types, `bool` or `usize` (= u64)."""

Place: TypeAlias = Annotated[
    tuple[Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)], ...], msgspec.Meta(min_length=3, max_length=4)
]
"""Line, column and exclusive end column, counted from 1 (the end column may be 0: unknown).

In code that was inlined from elsewhere a fourth number says which of `Kernel.files` that is, counted from 1.
"""


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Base of all nodes; `at` is where the node stands in its source."""

    at: Place | None = None


# Types


class Scalar(Node, tag_field="kind", tag="scalar", frozen=True, kw_only=False):
    """One number: one of the twelve ISA types, `bool` or `usize` (= u64)."""

    type: ScalarName


class DevicePtr(Node, tag_field="kind", tag="device_ptr", frozen=True):
    """An opaque pointer: readable, but no kernel can use it."""


class Array(Node, tag_field="kind", tag="device_array", frozen=True, kw_only=False):
    """An array of scalars with one to three dimensions."""

    element_type: Scalar
    ndim: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1


TypeNode: TypeAlias = Scalar | DevicePtr | Array


# Expressions


class Expression(Node, tag_field="type", frozen=True):
    """Base of expressions."""


class Var(Expression, tag="var", frozen=True, kw_only=False):
    """A parameter or local variable."""

    name: str


class Literal(Expression, tag="literal", frozen=True, kw_only=False):
    """A number without a type of its own (weak), or True/False."""

    value: bool | int | float


class Constant(Expression, tag="constant", frozen=True, kw_only=False):
    """A weak float that JSON cannot write: `inf` or `nan`."""

    name: Annotated[str, _one_of("inf", "nan")]


class BinaryOp(Expression, tag="binary_op", frozen=True, kw_only=False):
    """Arithmetic, comparison or boolean operator with two operands."""

    op: Annotated[str, _one_of(*BINARY_OPERATORS)]
    left: AnyExpression
    right: AnyExpression


class UnaryOp(Expression, tag="unary_op", frozen=True, kw_only=False):
    """`neg`, `pos`, `invert` or `not`."""

    op: Annotated[str, _one_of(*UNARY_OPERATORS)]
    operand: AnyExpression


class Cast(Expression, tag="cast", frozen=True, kw_only=False):
    """Conversion to a scalar type."""

    to: ScalarName
    value: AnyExpression


class Conditional(Expression, tag="conditional", frozen=True, kw_only=False):
    """`then_value if condition else else_value`."""

    condition: AnyExpression
    then_value: AnyExpression
    else_value: AnyExpression


class Index(Expression, tag="index", frozen=True, kw_only=False):
    """An array element; `rest` holds the indices after the first."""

    array: AnyExpression
    index: AnyExpression
    rest: tuple[AnyExpression, ...] = ()


class Shape(Expression, tag="shape", frozen=True, kw_only=False):
    """`array.shape[axis]`."""

    array: AnyExpression
    axis: Annotated[int, msgspec.Meta(ge=0, le=2)]


class Call(Expression, tag="call", frozen=True, kw_only=False):
    """A call of a built-in function."""

    function: str
    args: tuple[AnyExpression, ...]


class Inline(Expression, tag="inline", frozen=True, kw_only=False):
    """A call of a device function: its statements, then the value it gives (none for a call for its effect).

    A `return` inside ends these statements only. The variables are named `function.variable`, each call's its own.
    """

    function: str
    body: tuple[AnyStatement, ...]
    value: AnyExpression | None = None


AnyExpression: TypeAlias = (
    Var | Literal | Constant | BinaryOp | UnaryOp | Cast | Conditional | Index | Shape | Call | Inline
)


# Statements


class Statement(Node, tag_field="type", frozen=True):
    """Base of statements."""


class Let(Statement, tag="let", frozen=True, kw_only=False):
    """The first assignment of a name in source order; `declared` is its annotation."""

    name: str
    value: AnyExpression
    declared: ScalarName | None = None


class Shared(Statement, tag="shared", frozen=True, kw_only=False):
    """An array of `size` elements that the lanes of a block share."""

    name: str
    element_type: NumberName
    size: Annotated[int, msgspec.Meta(ge=1, le=MAX_SHARED)]


class Assign(Statement, tag="assign", frozen=True, kw_only=False):
    """A later assignment of a name, or a store to an array element."""

    target: Var | Index
    value: AnyExpression


class If(Statement, tag="if", frozen=True, kw_only=False):
    """`elif` is an `if` alone in `else_body`."""

    condition: AnyExpression
    then_body: tuple[AnyStatement, ...]
    else_body: tuple[AnyStatement, ...] | None


class For(Statement, tag="for", frozen=True, kw_only=False):
    """`for var in range(start, stop, step)`."""

    var: str
    start: AnyExpression
    stop: AnyExpression
    step: AnyExpression
    body: tuple[AnyStatement, ...]


class While(Statement, tag="while", frozen=True, kw_only=False):
    """A loop that tests before every round."""

    condition: AnyExpression
    body: tuple[AnyStatement, ...]


class Return(Statement, tag="return", frozen=True, kw_only=False):
    """A kernel returns nothing; `value` exists because version 1.0 has it."""

    value: AnyExpression | None


class Break(Statement, tag="break", frozen=True):
    """Leave the innermost loop."""


class Continue(Statement, tag="continue", frozen=True):
    """Go on with the next round of the innermost loop."""


class Assert(Statement, tag="assert", frozen=True, kw_only=False):
    """A claim about the values, checked on the interpreter and in checked mode."""

    condition: AnyExpression
    message: str = ""


class Print(Statement, tag="print", frozen=True, kw_only=False):
    """Shows values to who looks for mistakes: `template` has a place (`{}`, `{:.3f}`) for each value."""

    template: str
    values: tuple[AnyExpression, ...] = ()


class CallStatement(Statement, tag="call", frozen=True, kw_only=False):
    """A call for its effect."""

    call: Call | Inline


AnyStatement: TypeAlias = (
    Let | Shared | Assign | If | For | While | Return | Break | Continue | Assert | Print | CallStatement
)


# Kernels


class Parameter(Node, frozen=True, kw_only=False):
    """A parameter; only scalars have defaults."""

    name: str
    type: TypeNode
    default: bool | int | float | None = None


class Kernel(Node, frozen=True, kw_only=False):
    """One kernel; `block` and `flags` are what its decorator asks for (block x first; empty: nothing).

    `files` names the files that device functions were inlined from.
    The flag "fast" allows sums to be reassociated and products to be fused with additions.
    """

    name: str
    params: tuple[Parameter, ...]
    body: tuple[AnyStatement, ...]
    doc: str = ""
    block: Annotated[tuple[Annotated[int, msgspec.Meta(ge=1, le=1024)], ...], msgspec.Meta(max_length=3)] = ()
    flags: tuple[OneOf["fast"], ...] = ()
    files: tuple[str, ...] = ()


def nodes(root: Node) -> Iterator[tuple[Node, int]]:
    """A node and every node under it with its depth, without recursion."""
    stack: list[tuple[Node, int]] = [(root, 0)]
    while stack:
        item, depth = stack.pop()
        yield item, depth
        for name in item.__struct_fields__:
            value = getattr(item, name)
            if isinstance(value, Node):
                stack.append((value, depth + 1))
            elif isinstance(value, tuple):
                stack.extend((child, depth + 1) for child in value if isinstance(child, Node))
