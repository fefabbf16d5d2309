"""What operators of ATen mean: one table from overloads to rows of the operator table, folds, numbers and places.

The formulas are those of the operator table, so there is one source of them. What is not in the table here, or is
asked for types whose results would differ from PyTorch's, stays in ATen; `Stays` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch._prims_common import ELEMENTWISE_TYPE_PROMOTION_KIND, elementwise_dtypes
from torch.fx import Node

from hologram.operators import TABLE, Form, Formula
from hologram.operators.calculus import substituted
from hologram.types import Type
from hologram_torch.compiler.meanings import (
    STORED,
    Constant,
    Lowered,
    Places,
    Pointwise,
    Reduced,
    Stays,
    computed_in,
    number,
    option,
    pointwise,
    values,
)

aten, prims = torch.ops.aten, torch.ops.prims


def lowered(node: Node) -> Lowered:
    """The meaning of a node; raises Stays with the reason where it stays in ATen."""
    make = _MEANINGS.get(node.target)
    if make is None:
        raise Stays(_why(node))
    value = node.meta.get("val")
    if not isinstance(value, torch.Tensor):
        raise Stays("it gives several tensors")
    for part in (value, *(a.meta["val"] for a in node.all_input_nodes if isinstance(a.meta.get("val"), torch.Tensor))):
        if part.device.type != "cpu":
            raise Stays(f"a tensor is on {part.device}")
        if part.layout is not torch.strided:
            raise Stays(f"a tensor is {part.layout}")
        if part.dtype not in STORED:
            raise Stays(f"there are no formulas for {part.dtype}")
    return make(node)


_KINDS: Mapping[str, tuple[str, ...]] = {
    "products and convolutions are left to its libraries": (
        "mm", "addmm", "bmm", "baddbmm", "mv", "dot", "addmv", "convolution", "convolution_backward",
    ),
    "attention as a whole is left to it": ("_scaled_dot",),
    "it takes elements from places, or brings them there": (
        "embedding", "gather", "index", "scatter", "_unsafe_index", "select_scatter", "slice_scatter", "take",
    ),
    "it moves elements": ("cat", "constant_pad", "roll", "flip", "stack", "repeat", "copy_", "as_strided_scatter"),
    "it takes random numbers, in the order of eager mode": ("bernoulli", "rand", "normal", "uniform", "exponential"),
    "it orders or searches": ("sort", "topk", "arg", "max.dim", "min.dim", "median", "nonzero", "unique", "cum"),
    "its windows overlap": ("max_pool", "avg_pool", "_adaptive", "upsample", "im2col", "col2im", "unfold"),
    "it only makes room": ("empty", "new_empty"),
}  # fmt: skip


def _why(node: Node) -> str:
    """Why an operator stays in ATen for which there is no meaning here."""
    name = str(node.target).removeprefix("aten.")
    for reason, beginnings in _KINDS.items():
        if any(name.startswith(b) if len(b) > 4 else name.partition(".")[0] == b for b in beginnings):
            return reason
    if not name.startswith("hologram.") and not str(node.target).startswith("aten."):
        return "it is no operator of ATen"
    return "there is no formula for it"


def _meta(argument: Any) -> Any:
    return argument.meta["val"] if isinstance(argument, Node) else argument


def _common(arguments: tuple[Any, ...]) -> torch.dtype:
    given = [_meta(a) for a in arguments if a is not None]
    computed, _ = elementwise_dtypes(*given, type_promotion_kind=ELEMENTWISE_TYPE_PROMOTION_KIND.DEFAULT)
    return computed


def _row(name: str, count: int | None = None, *, integers: bool = False) -> Callable[[Node], Pointwise]:
    """The meaning that a row of the operator table has, on the first arguments."""
    row = TABLE[name]
    taken = count or row.arity

    def make(node: Node) -> Pointwise:
        return of_row(name, node, values(node, taken), integers)

    return make


def of_row(name: str, node: Node, arguments: tuple[Any, ...], integers: bool = False) -> Pointwise:
    """A row of the operator table on arguments, in the type that PyTorch computes it in."""
    row = TABLE[name]
    result = node.meta["val"].dtype
    deciding = tuple(a for letter, a in zip(row.operands, arguments, strict=False) if letter not in row.tested)
    dtype = _common(deciding) if row.gives_truth else result
    if dtype is torch.bool:
        if Form.BOOL not in row.forms:
            raise Stays("truth values are no numbers here")
        form = row.forms[Form.BOOL]
        assert not callable(form)
        return pointwise(form, arguments, Type.U8)
    computed = computed_in(dtype)
    if computed.is_integer and not integers:
        raise Stays(f"of {dtype} it stays in ATen")
    return pointwise(row.form(computed), arguments, computed)


def _equality(name: str) -> Callable[[Node], Pointwise]:
    """Whether tensors are equal: halves are so when they are rounded, which between the steps of a region they are not.

    The gradient of a maximum looks in this way for where it was.
    """
    row = _row(name, integers=True)

    def make(node: Node) -> Pointwise:
        if any(a.meta["val"].dtype in (torch.float16, torch.bfloat16) for a in node.all_input_nodes):
            raise Stays("halves are equal as they are rounded")
        return row(node)

    return make


def _scaled(name: str) -> Callable[[Node], Pointwise]:
    """add and sub, whose second operand may be scaled."""

    def make(node: Node) -> Pointwise:
        x, y = values(node, 2)
        scale = option(node, "alpha")
        if scale in (None, 1):
            return of_row(name, node, (x, y), True)
        if not isinstance(scale, int | float):
            raise Stays("a scale is symbolic")
        computed = computed_in(node.meta["val"].dtype)
        formula = substituted(TABLE[name].formula, {"y": ("MUL", "y", number(scale))})
        return pointwise(formula, (x, y), computed)

    return make


def _reversed_sub(node: Node) -> Pointwise:
    x, y = values(node, 2)
    if option(node, "alpha") not in (None, 1):
        raise Stays("rsub is scaled")
    return of_row("sub", node, (y, x), True)


def _divided(node: Node) -> Pointwise:
    mode = option(node, "rounding_mode")
    names = {None: "div", "floor": "floor_divide", "trunc": "div"}
    made = of_row(names[mode], node, values(node, 2))
    return Pointwise(("TRUNC", made.formula), made.arguments, made.type) if mode == "trunc" else made


_POWERS: Mapping[float, Formula] = {
    1.0: "x",
    2.0: ("MUL", "x", "x"),
    3.0: ("MUL", ("MUL", "x", "x"), "x"),
    -1.0: ("DIV", 1.0, "x"),
    -2.0: ("DIV", 1.0, ("MUL", "x", "x")),
    0.5: ("SQRT", "x"),
    -0.5: ("DIV", 1.0, ("SQRT", "x")),
}


def _power(node: Node) -> Pointwise:
    x, y = values(node, 2)
    if isinstance(y, int | float) and float(y) in _POWERS:
        computed = computed_in(node.meta["val"].dtype)
        if computed.is_float or float(y) in (1.0, 2.0, 3.0):
            return pointwise(_POWERS[float(y)], (x,), computed)
    return of_row("pow", node, (x, y))


def _converted(node: Node) -> Pointwise:
    if option(node, "non_blocking"):
        raise Stays("it copies without waiting")
    (x,) = values(node, 1)
    source, result = x.meta["val"].dtype, node.meta["val"].dtype
    if result is torch.bool:
        return pointwise("x" if source is torch.bool else ("!=", "x", 0.0), (x,), computed_in(source))
    computed = computed_in(result)
    if computed.is_integer and source.is_floating_point and result is not torch.int64:
        raise Stays("floats that are no number of the type become what the machine makes of them")
    if computed is Type.I32 and source is torch.int64:
        raise Stays("integers may wrap")
    return pointwise("x", (x,), computed)


def _same(node: Node) -> Pointwise:
    (x,) = values(node, 1)
    return pointwise("x", (x,), computed_in(node.meta["val"].dtype))


def _where(node: Node) -> Pointwise:
    return of_row("where", node, values(node, 3), True)


def _masked(node: Node) -> Pointwise:
    x, mask, value = values(node, 3)
    return of_row("where", node, (mask, value, x), True)


def _clamped(node: Node) -> Pointwise:
    x, low, high = values(node, 3)
    formula: Formula = "x"
    if low is not None:
        formula = ("MAXP", formula, "y")
    if high is not None:
        formula = ("MINP", formula, "z")
    computed = computed_in(node.meta["val"].dtype)
    made = [x, low, high]
    if low is None:  # letters go by place
        formula, made = substituted(formula, {"z": "y"}), [x, high]
    return pointwise(formula, tuple(made[:2] if high is None else made), computed)


def _at_least(node: Node) -> Pointwise:
    return pointwise(("MAXP", "x", "y"), values(node, 2), computed_in(node.meta["val"].dtype))


def _at_most(node: Node) -> Pointwise:
    return pointwise(("MINP", "x", "y"), values(node, 2), computed_in(node.meta["val"].dtype))


def _gelu(node: Node) -> Pointwise:
    tanh = option(node, "approximate") == "tanh"
    return of_row("gelu_tanh" if tanh else "gelu", node, values(node, 1))


def _elu(node: Node) -> Pointwise:
    if option(node, "scale") not in (1, None) or option(node, "input_scale") not in (1, None):
        x, alpha, scale, given = values(node, 4)
        grown: Formula = ("MUL", ("EXPM1", ("MUL", "x", number(given))), number(alpha) * number(scale))
        return pointwise(
            ("SEL", (">", "x", 0.0), ("MUL", "x", number(scale)), grown), (x,), computed_in(node.meta["val"].dtype)
        )
    return of_row("elu", node, values(node, 2))


def _constant(node: Node) -> Constant:
    """full, full_like, scalar_tensor, zeros and ones of all kinds."""
    name = node.target._schema.name.partition("::")[2]  # type: ignore[union-attr]
    known = {"zeros": 0.0, "zeros_like": 0.0, "new_zeros": 0.0, "ones": 1.0, "ones_like": 1.0, "new_ones": 1.0}
    if name in known:
        return Constant(known[name])
    value = option(node, "s" if name == "scalar_tensor" else "fill_value")
    if not isinstance(value, bool | int | float):
        raise Stays("its number comes with the call")
    dtype = node.meta["val"].dtype
    computed_in(dtype)
    return Constant(number(bool(value) if dtype is torch.bool else value if dtype.is_floating_point else int(value)))


def _iota(node: Node) -> Places:
    dtype = node.meta["val"].dtype
    computed = computed_in(dtype)
    if not computed.is_integer:
        raise Stays("places of floats stay in ATen")
    start, step = option(node, "start") or 0, option(node, "step")
    step = 1 if step is None else step
    if not isinstance(start, int) or not isinstance(step, int):
        raise Stays("it begins or steps by a symbol")
    return Places(number(start), number(step), computed)


def _fold(op: str, formula: Formula = "x", *, mean: bool = False, truth: bool = False) -> Callable[[Node], Reduced]:
    def make(node: Node) -> Reduced:
        argument = node.args[0]
        assert isinstance(argument, Node)
        value, result = argument.meta["val"], node.meta["val"]
        rank = value.dim()
        asked = option(node, "dim")
        dims = range(rank) if asked is None or asked == [] else [asked] if isinstance(asked, int) else asked
        computed = Type.I32 if truth else computed_in(result.dtype)
        if not truth and result.dtype is torch.bool:
            raise Stays("truth values are no numbers here")
        taken = tuple(sorted(d % rank for d in dims)) if rank else ()
        asked_in = computed_in(value.dtype) if truth else None
        return Reduced(op, formula, argument, taken, bool(option(node, "keepdim")), computed, mean, asked_in)

    return make


_UNARY = (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "sin", "cos", "tan", "asin", "acos",
    "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "reciprocal", "sigmoid", "floor", "ceil",
    "round", "trunc", "sign", "silu", "mish", "hardswish", "hardsigmoid", "relu6", "softsign", "sinc", "deg2rad",
    "rad2deg",
)  # fmt: skip
_MEANINGS: dict[Any, Callable[[Node], Any]] = {
    **{getattr(aten, name).default: _row(name) for name in _UNARY if hasattr(getattr(aten, name, None), "default")},
    **{getattr(aten, name).default: _row(name, integers=True) for name in ("abs", "neg", "square", "relu")},
    **{
        getattr(aten, name).default: _row(name)
        for name in ("isnan", "isinf", "logical_not", "logical_and", "logical_or", "logical_xor")
    },
    **{
        getattr(getattr(aten, short), form): _row(name, integers=True)
        for short, name in (
            ("lt", "less"),
            ("le", "less_equal"),
            ("gt", "greater"),
            ("ge", "greater_equal"),
            ("bitwise_and", "bitwise_and"),
            ("bitwise_or", "bitwise_or"),
            ("bitwise_xor", "bitwise_xor"),
            ("mul", "mul"),
        )
        for form in ("Tensor", "Scalar")
    },
    **{
        getattr(getattr(aten, short), form): make(name)
        for short, name in (("eq", "equal"), ("ne", "not_equal"))
        for form, make in (("Tensor", _equality), ("Scalar", lambda name: _row(name, integers=True)))
    },
    aten.sgn.default: _row("sign"),
    aten.add.Tensor: _scaled("add"),
    aten.add.Scalar: _scaled("add"),
    aten.sub.Tensor: _scaled("sub"),
    aten.sub.Scalar: _scaled("sub"),
    aten.rsub.Scalar: _reversed_sub,
    aten.rsub.Tensor: _reversed_sub,
    aten.div.Tensor: _divided,
    aten.div.Scalar: _divided,
    aten.div.Tensor_mode: _divided,
    aten.div.Scalar_mode: _divided,
    aten.remainder.Tensor: _row("remainder"),
    aten.remainder.Scalar: _row("remainder"),
    aten.fmod.Tensor: _row("fmod"),
    aten.fmod.Scalar: _row("fmod"),
    aten.maximum.default: _row("max", integers=True),
    aten.minimum.default: _row("min", integers=True),
    aten.fmax.default: _row("fmax"),
    aten.fmin.default: _row("fmin"),
    aten.atan2.default: _row("atan2"),
    aten.hypot.default: _row("hypot"),
    aten.pow.Tensor_Scalar: _power,
    aten.pow.Tensor_Tensor: _power,
    aten.pow.Scalar: _power,
    aten.bitwise_not.default: _row("bitwise_not", integers=True),
    aten.where.self: _where,
    aten.masked_fill.Scalar: _masked,
    aten.masked_fill.Tensor: _masked,
    aten.clamp.default: _clamped,
    aten.clamp.Tensor: _clamped,
    aten.clamp_min.default: _at_least,
    aten.clamp_min.Tensor: _at_least,
    aten.clamp_max.default: _at_most,
    aten.clamp_max.Tensor: _at_most,
    aten.gelu.default: _gelu,
    aten.elu.default: _elu,
    aten.leaky_relu.default: _row("leaky_relu"),
    aten.hardtanh.default: _row("hardtanh"),
    aten._to_copy.default: _converted,
    prims.convert_element_type.default: _converted,
    aten.clone.default: _same,
    aten.full.default: _constant,
    aten.full_like.default: _constant,
    aten.scalar_tensor.default: _constant,
    **{getattr(aten, name).default: _constant for name in ("zeros", "zeros_like", "ones", "ones_like")},
    aten.arange.start_step: _iota,
    aten.arange.start: _iota,
    aten.arange.default: _iota,
    aten.sum.default: _fold("ADD"),
    aten.sum.dim_IntList: _fold("ADD"),
    aten.mean.default: _fold("ADD", mean=True),
    aten.mean.dim: _fold("ADD", mean=True),
    aten.amax.default: _fold("MAXP"),
    aten.amin.default: _fold("MINP"),
    aten.max.default: _fold("MAXP"),
    aten.min.default: _fold("MINP"),
    aten.prod.default: _fold("MUL"),
    aten.prod.dim_int: _fold("MUL"),
    **{
        getattr(getattr(aten, name), form): _fold(op, ("SEL", "x", 1.0, 0.0), truth=True)
        for name, op in (("any", "MAXP"), ("all", "MINP"))
        for form in ("default", "dim", "dims")
    },
}
"""What each operator means."""
