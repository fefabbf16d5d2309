"""Plans of arithmetic, comparisons, logic, bits, and functions of one number."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hologram_torch.formulas import TITLES, Operand, common_dtype
from hologram_torch.functional.plans import (
    Plan,
    Planned,
    Planner,
    binary,
    check_floats,
    described,
    number,
    operand,
    tensor,
    unary,
)
from hologram_torch.operators import ROWS

_ONE_BOOL = (
    "Subtraction, the `-` operator, with a bool tensor is not supported. "
    "If you are trying to invert a mask, use the `~` or `logical_not()` operator instead."
)
_TWO_BOOLS = (
    "Subtraction, the `-` operator, with two bool tensors is not supported. "
    "Use the `^` or `logical_xor()` operator instead."
)


def _pair(name: str, input: Any, other: Any) -> tuple[Operand, Operand]:
    """Two tensors, or numbers; a number for a tensor without axes where both are numbers."""
    left, right = operand(name, input, "input", 1), operand(name, other, "other", 2)
    return (left, right) if isinstance(left, Tensor) or isinstance(right, Tensor) else (torch.tensor(left), right)


def _of_any(name: str) -> Planner:
    """A planner of two operands, each a tensor or a number."""

    def plan(input: Any, other: Any) -> Planned:
        return name, _pair(name, input, other)

    return described(plan, name)


def _is_one(alpha: Any) -> bool:
    return isinstance(alpha, int | float) and alpha == 1 and not isinstance(alpha, bool)


def _check_alpha(row: str, left: Operand, right: Operand, alpha: float) -> None:
    dtype = common_dtype(ROWS[row], (left, right))
    if isinstance(alpha, bool) and dtype is not torch.bool:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and not dtype.is_floating_point:
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")


def add(input: Any, other: Any, *, alpha: Any = 1) -> Planned:
    """Input + alpha · other, element by element."""
    left, right = _pair("add", input, other)
    if _is_one(alpha):
        return "add", (left, right)
    _check_alpha("add", left, right, alpha)
    return "add_scaled", (left, right, number("add", alpha, "alpha"))


def _check_no_bools(*given: Operand) -> None:
    bools = [g.dtype is torch.bool if isinstance(g, Tensor) else isinstance(g, bool) for g in given]
    if any(bools):
        raise RuntimeError(_TWO_BOOLS if all(bools) else _ONE_BOOL)


def sub(input: Any, other: Any, *, alpha: Any = 1) -> Planned:
    """Input − alpha · other, element by element."""
    left, right = _pair("sub", input, other)
    _check_no_bools(left, right)
    if _is_one(alpha):
        return "sub", (left, right)
    _check_alpha("sub", left, right, alpha)
    return "sub_scaled", (left, right, number("sub", alpha, "alpha"))


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Planned:
    """Other − alpha · input, element by element."""
    left, right = tensor("rsub", input), operand("rsub", other, "other", 2)
    _check_no_bools(left, right)
    if _is_one(alpha):
        return "sub", (right, left)
    _check_alpha("sub", left, right, alpha)
    return "sub_from_scaled", (left, right, number("rsub", alpha, "alpha"))


_ROUNDED = {None: "div", "trunc": "div_trunc", "floor": "floor_divide"}


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Planned:
    """Input / other, as it is or rounded to zero or down, element by element."""
    if rounding_mode not in _ROUNDED:
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    return _ROUNDED[rounding_mode], _pair("div", input, other)


def pow(input: Any, exponent: Any) -> Planned:
    """X to the power y; integers to a negative power are rounded to zero, element by element."""
    base, power = operand("pow", input, "input", 1), operand("pow", exponent, "exponent", 2)
    if not isinstance(base, Tensor):
        tensor("pow", power, "exponent", 2)
    elif isinstance(power, int) and power < 0 and not base.dtype.is_floating_point:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    if type(power) in (int, float) and power == 2 and isinstance(base, Tensor) and base.dtype.is_floating_point:
        return "square", (base,)
    return "pow", (base, power)


def lerp(input: Any, end: Any, weight: Any) -> Planned:
    """Input + weight · (end − input), element by element."""
    start, end = tensor("lerp", input), tensor("lerp", end, "end", 2)
    share = operand("lerp", weight, "weight", 3)
    check_floats("lerp", start)
    for name, other in (("end", end), ("weight", share)):
        if isinstance(other, Tensor) and other.dtype != start.dtype and (name == "end" or other.dim()):
            raise RuntimeError(f"expected dtype {start.dtype} for `{name}` but got dtype {other.dtype}")
    return "lerp", (start, end, share)


def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Planned:
    """Input + value · tensor1 · tensor2, element by element."""
    given = tensor("addcmul", input), tensor("addcmul", tensor1, "tensor1", 2), tensor("addcmul", tensor2, "tensor2", 3)
    if _is_one(value):
        return "addcmul", given
    dtype = common_dtype(ROWS["addcmul"], given)
    if isinstance(value, float) and not dtype.is_floating_point:
        raise RuntimeError("For integral input tensors, argument value must not be a floating point number.")
    return "addcmul_scaled", (*given, number("addcmul", value, "value"))


def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Planned:
    """Input + value · tensor1 / tensor2, element by element."""
    given = tensor("addcdiv", input), tensor("addcdiv", tensor1, "tensor1", 2), tensor("addcdiv", tensor2, "tensor2", 3)
    if not any(g.dtype.is_floating_point for g in given):
        raise RuntimeError("Integer division with addcdiv is not supported; cure: input + value * (tensor1 / tensor2)")
    return "addcdiv", (*given, number("addcdiv", value, "value"))


def where(condition: Any, input: Any, other: Any) -> Planned:
    """Input where the condition holds, else other, element by element."""
    chosen = tensor("where", condition, "condition", 1)
    if chosen.dtype not in (torch.bool, torch.uint8):
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {TITLES[chosen.dtype]}"
        )
    return "where", (chosen, operand("where", input, "input", 2), operand("where", other, "other", 3))


def clamp(input: Any, min: Any = None, max: Any = None) -> Planned:
    """Input, at least min and at most max, element by element."""
    given = tensor("clamp", input)
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if min is None:
        return "clamp_max", (given, operand("clamp", max, "max", 3))
    if max is None:
        return "clamp_min", (given, operand("clamp", min, "min", 2))
    if isinstance(min, Tensor) != isinstance(max, Tensor):
        raise TypeError("clamp(): 'min' and 'max' must both be Tensors or both be Numbers")
    return "clamp", (given, operand("clamp", min, "min", 2), operand("clamp", max, "max", 3))


def clamp_min(input: Any, min: Any) -> Planned:
    """Input, at least min, element by element."""
    return "clamp_min", (tensor("clamp_min", input), operand("clamp_min", min, "min", 2))


def clamp_max(input: Any, max: Any) -> Planned:
    """Input, at most max, element by element."""
    return "clamp_max", (tensor("clamp_max", input), operand("clamp_max", max, "max", 2))


def nan_to_num(input: Any, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Planned:
    """Input, with numbers for NaN and the infinities, element by element."""
    given = tensor("nan_to_num", input)
    if not given.dtype.is_floating_point:
        return "nan_to_num", (given, *(3 * [False if given.dtype is torch.bool else 0]))
    range = torch.finfo(given.dtype)
    chosen = {"nan": (nan, 0.0), "posinf": (posinf, range.max), "neginf": (neginf, range.min)}
    return "nan_to_num", (
        given,
        *(usual if value is None else number("nan_to_num", value, k) for k, (value, usual) in chosen.items()),
    )


def round(input: Any, *, decimals: int = 0) -> Planned:
    """Input rounded to so many decimals, ties to even, element by element."""
    given = tensor("round", input)
    if not isinstance(decimals, int | torch.SymInt):
        raise TypeError(f"round(): argument 'decimals' must be int, not {type(decimals).__name__}")
    if decimals == 0:
        return "round", (given,)
    check_floats("round", given)
    return ("round_finer" if decimals > 0 else "round_coarser"), (given, 10.0 ** abs(decimals))


def logit(input: Any, eps: float | None = None) -> Planned:
    """Ln (x / (1 − x)) of input between eps and 1 − eps, element by element."""
    given = tensor("logit", input)
    return ("logit", (given,)) if eps is None else ("logit_within", (given, number("logit", eps, "eps")))


def neg(input: Any) -> Planned:
    """−x, element by element."""
    given = tensor("neg", input)
    if given.dtype is torch.bool:
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. "
            "If you are trying to invert a mask, use the `~` or `logical_not()` operator instead."
        )
    return "neg", (given,)


def positive(input: Any) -> Planned:
    """Input as it is: the tensor itself."""
    given = tensor("positive", input)
    if given.dtype is torch.bool:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return "positive", (given,)


def heaviside(input: Any, values: Any) -> Planned:
    """0 below 0, 1 above, values at 0, element by element."""
    given, at_zero = tensor("heaviside", input), tensor("heaviside", values, "values", 2)
    if given.dtype is not at_zero.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    return "heaviside", (given, at_zero)


def square(input: Any) -> Planned:
    """X², element by element."""
    given = tensor("square", input)
    return ("pow", (given, 2)) if given.dtype is torch.bool else ("square", (given,))


_FUNCTIONS = {
    "abs": ("absolute",), "acos": ("arccos",), "acosh": ("arccosh",), "asin": ("arcsin",), "asinh": ("arcsinh",),
    "atan": ("arctan",), "atanh": ("arctanh",), "ceil": (), "cos": (), "cosh": (), "deg2rad": (), "erf": (), "exp": (),
    "exp2": (), "expm1": (), "floor": (), "frac": (), "log": (), "log10": (), "log1p": (), "log2": (), "rad2deg": (),
    "reciprocal": (), "rsqrt": (), "sigmoid": ("expit",), "sign": (), "sin": (), "sinc": (), "sinh": (), "sqrt": (),
    "tan": (), "tanh": (), "trunc": ("fix",), "logical_not": (), "bitwise_not": (),
}  # fmt: skip
"""Functions of one tensor that are rows of the same name, and their other names."""
_QUESTIONS = ("isnan", "isinf", "isfinite")
_PAIRS = {
    "remainder": ("remainder", True, True, ()),
    "fmod": ("fmod", False, True, ()),
    "bitwise_and": ("bitwise_and", True, True, ()),
    "bitwise_or": ("bitwise_or", True, True, ()),
    "bitwise_xor": ("bitwise_xor", True, True, ()),
    "bitwise_left_shift": ("left_shift", True, True, ()),
    "bitwise_right_shift": ("right_shift", True, True, ()),
    "xlogy": ("xlogy", True, True, ()),
    "lt": ("less", False, True, ("less",)),
    "le": ("less_equal", False, True, ("less_equal",)),
    "gt": ("greater", False, True, ("greater",)),
    "ge": ("greater_equal", False, True, ("greater_equal",)),
    "eq": ("equal", False, True, ()),
    "ne": ("not_equal", False, True, ("not_equal",)),
    "atan2": ("atan2", False, False, ("arctan2",)),
    "hypot": ("hypot", False, False, ()),
    "logical_and": ("logical_and", False, False, ()),
    "logical_or": ("logical_or", False, False, ()),
    "logical_xor": ("logical_xor", False, False, ()),
    "maximum": ("max", False, False, ()),
    "minimum": ("min", False, False, ()),
    "fmax": ("fmax", False, False, ()),
    "fmin": ("fmin", False, False, ()),
    "logaddexp": ("logaddexp", False, False, ()),
}
"""Functions of two tensors: the row, whether the first and the second may be numbers, other names."""
_NEVER_IN_PLACE = frozenset({"maximum", "minimum", "fmax", "fmin", "logaddexp"})

PLANS: tuple[Plan, ...] = (
    Plan("add", add),
    Plan("sub", sub, aliases=("subtract",)),
    Plan("rsub", rsub, out=False, underscore=False),
    Plan("div", div, aliases=("divide", "true_divide")),
    Plan("mul", _of_any("mul"), aliases=("multiply",)),
    Plan("floor_divide", _of_any("floor_divide")),
    Plan("pow", pow),
    Plan("lerp", lerp),
    Plan("addcmul", addcmul),
    Plan("addcdiv", addcdiv),
    Plan("where", where, underscore=False),
    Plan("clamp", clamp, aliases=("clip",)),
    Plan("clamp_min", clamp_min),
    Plan("clamp_max", clamp_max),
    Plan("nan_to_num", nan_to_num),
    Plan("round", round),
    Plan("logit", logit),
    Plan("neg", neg, aliases=("negative",)),
    Plan("positive", positive, out=False, underscore=False, itself=True),
    Plan("square", square),
    Plan("heaviside", heaviside),
    *(Plan(name, unary(name), aliases=aliases) for name, aliases in _FUNCTIONS.items()),
    *(Plan(name, unary(name), out=False, underscore=False) for name in _QUESTIONS),
    *(Plan(name, unary(name), underscore=False) for name in ("isposinf", "isneginf")),
    *(
        Plan(name, binary(name, row, first, second), underscore=name not in _NEVER_IN_PLACE, aliases=aliases)
        for name, (row, first, second, aliases) in _PAIRS.items()
    ),
)
