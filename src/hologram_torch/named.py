"""The operators `torch.ops.hologram.<name>`, one for each element-wise function, with schemas from its arguments.

They are compositions of `hologram::elementwise`, from which they have fake kernels, gradients of any order, also in
forward mode, and rules for `vmap`. Where a function takes a number for its last tensor there is an overload `Scalar`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping

import torch

from hologram_torch.functional.elementwise import FUNCTIONS, PLANS
from hologram_torch.functional.plans import Plan, signature_of
from hologram_torch.registration import compose, written_to

NAMESPACE = "hologram"
_TENSORS = frozenset({"input", "other", "end", "tensor1", "tensor2", "condition", "exponent", "values"})
_TYPES: Mapping[str, str] = {
    "rounding_mode": "str?",
    "approximate": "str",
    "decimals": "int",
    "min": "Scalar?",
    "max": "Scalar?",
    "eps": "float?",
    "nan": "float?",
    "posinf": "float?",
    "neginf": "float?",
}
"""Types of arguments that are no tensors; the others are numbers."""
_TENSORS_OF: Mapping[str, frozenset[str]] = {
    "prelu": frozenset({"weight"}),
    "lerp": frozenset({"weight"}),
    "clamp_min": frozenset({"min"}),
    "clamp_max": frozenset({"max"}),
    "where": frozenset({"input", "other"}),
}
_WITH_NUMBER = frozenset(
    {
        *("add", "sub", "rsub", "mul", "div", "floor_divide", "remainder", "fmod", "pow", "xlogy", "lerp", "where"),
        *("lt", "le", "gt", "ge", "eq", "ne", "clamp_min", "clamp_max"),
        *("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"),
    }
)
"""Functions whose last tensor may be a number."""


def schemas(plan: Plan) -> Iterator[str]:
    """The schemas of a function: that of tensors first.

    >>> from hologram_torch.functional.elementwise import PLANS
    >>> list(schemas(PLANS["add"]))[1]
    'add.Scalar(Tensor input, Scalar other, *, Scalar alpha=1) -> Tensor'
    """
    parameters = [p for p in signature_of(plan.planner).parameters.values() if p.name != "inplace"]
    tensors = _TENSORS | _TENSORS_OF.get(plan.name, frozenset())
    held = [p.name for p in parameters if p.name in tensors]
    yield f"{plan.name}({_arguments(plan, parameters, held)}) -> Tensor"
    if plan.name in _WITH_NUMBER:
        yield f"{plan.name}.Scalar({_arguments(plan, parameters, held[:-1])}) -> Tensor"
    if plan.name == "clamp":
        yield "clamp.Tensor(Tensor input, Tensor? min=None, Tensor? max=None) -> Tensor"


def _arguments(plan: Plan, parameters: list[inspect.Parameter], tensors: list[str]) -> str:
    found: list[str] = []
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in found:
            found.append("*")
        kind = "Tensor" if parameter.name in tensors else _TYPES.get(parameter.name, "Scalar")
        if parameter.name in ("min", "max") and parameter.default is parameter.empty:
            kind = kind.removesuffix("?")
        default = "" if parameter.default is parameter.empty else f"={_written(parameter.default)}"
        found.append(f"{kind} {parameter.name}{default}")
    return ", ".join(found)


def _written(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def register() -> torch.library.Library:
    """Define the operators; they are there as long as what this gives."""
    library = torch.library.Library(NAMESPACE, "FRAGMENT")
    for plan in PLANS.values():
        for schema in schemas(plan):
            compose(library, schema, inspect.unwrap(FUNCTIONS[plan.name]))
            if plan.underscore:
                name, arguments, rest = schema.partition("(")
                written, dot, overload = name.partition(".")
                compose(library, f"{written}_{dot}{overload}{written_to(arguments + rest)}", FUNCTIONS[f"{written}_"])
    return library


LIBRARY = register()
"""What holds the operators."""
