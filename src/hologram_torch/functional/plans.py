"""Plans of functions: arguments in, a row of the operators and its operands out; and what all functions share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from hologram_torch import outputs
from hologram_torch.elementwise import apply
from hologram_torch.formulas import Operand, on_executor
from hologram_torch.operators import ROWS
from hologram_torch.remembered.calls import remembering
from hologram_torch.roads import ORDINARY, asked, stands_in

Planned = tuple[str, tuple[Operand, ...]]
"""The name of a row, and its operands."""
Planner = Callable[..., Planned]
Function = Callable[..., Tensor]
NUMBERS = (bool, int, float, torch.SymInt, torch.SymFloat, torch.SymBool)


@dataclass(frozen=True, slots=True)
class Plan:
    """A function: what it computes for arguments, and whether it has `out=` and a name with an underscore.

    A planner with an argument `inplace` leaves it to the function. With `itself` the function gives its tensor back,
    unless that is one of truth values; the operator of its name makes a copy.
    """

    name: str
    planner: Planner
    out: bool = True
    underscore: bool = True
    itself: bool = False
    aliases: tuple[str, ...] = ()


def tensor(name: str, value: Any, argument: str = "input", position: int = 1) -> Tensor:
    """The value, if it is a tensor; raises TypeError as PyTorch does."""
    if isinstance(value, Tensor):
        return value
    found = type(value).__name__
    raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {found}")


def operand(name: str, value: Any, argument: str, position: int) -> Any:
    """The value, if it is a tensor or a real number; raises TypeError as PyTorch does."""
    if isinstance(value, (Tensor, *NUMBERS)):
        return value
    if hasattr(value, "item") and hasattr(value, "dtype"):  # NumPy's numbers
        return operand(name, value.item(), argument, position)
    found = type(value).__name__
    raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be Tensor or Number, not {found}")


def number(name: str, value: Any, argument: str) -> Any:
    """The value, if it is a real number; raises TypeError as PyTorch does."""
    if isinstance(value, NUMBERS):
        return value
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return number(name, value.item(), argument)
    raise TypeError(f"{name}(): argument '{argument}' must be Number, not {type(value).__name__}")


def unary(name: str, row: str = "", floats: bool = False) -> Planner:
    """A planner of one tensor; of `floats` alone where PyTorch does not make integers floats."""

    def plan(input: Any) -> Planned:
        given = tensor(name, input)
        if floats:
            check_floats(name, given)
        return row or name, (given,)

    return described(plan, name, row)


def binary(name: str, row: str = "", first: bool = False, second: bool = True) -> Planner:
    """A planner of two tensors, of which the `first` or `second` may be a number (not both)."""

    def plan(input: Any, other: Any) -> Planned:
        left = operand(name, input, "input", 1) if first else tensor(name, input)
        right = operand(name, other, "other", 2) if second else tensor(name, other, "other", 2)
        if not isinstance(left, Tensor):
            tensor(name, right, "other", 2)
        return row or name, (left, right)

    return described(plan, name, row)


def check_floats(name: str, given: Tensor) -> None:
    """Raise RuntimeError for a tensor of integers or truth values."""
    if not given.dtype.is_floating_point:
        from hologram_torch.formulas import TITLES

        raise RuntimeError(f"\"{name}\" not implemented for '{TITLES.get(given.dtype, given.dtype)}'")


@cache
def signature_of(planner: Planner) -> inspect.Signature:
    """The signature of a planner, which takes long to find."""
    return inspect.signature(planner)


def callable_of(plan: Plan) -> Function:
    """The function of a plan, which remembers calls."""
    given = signature_of(plan.planner)
    whole = _whole(plan, [*given.parameters].index("inplace") if "inplace" in given.parameters else None)
    signature = _signature(given, plan.out)
    known = _described(whole, plan.name, plan, signature)
    return _described(_itself(known), plan.name, plan, signature) if plan.itself else remembering(known, signature)


def _itself(whole: Function) -> Function:
    """A function that gives back its tensor, and has `whole` for all that is no plain tensor of numbers.

    `given` is the tensor where an executor is in front.
    """
    (plain, parameter), truths = ORDINARY, torch.bool

    def same(input: Any, given: Any = None) -> Any:
        kind = type(input)
        if (kind is plain or kind is parameter) and input.dtype is not truths:
            return input
        return whole(input) if given is None else whole(input, given)

    same.__wrapped__ = whole  # type: ignore[attr-defined]
    return same


def _whole(plan: Plan, place: int | None) -> Function:
    """The function of a plan, for all that it may be given; `place` is that of the argument `inplace`."""
    name, planner = plan.name, plan.planner

    def whole(*args: Any, out: Tensor | None = None, **named: Any) -> Tensor:
        if args and not isinstance(args[0], Tensor):
            from hologram.runtime.executor import Executor

            if isinstance(args[0], Executor):
                with on_executor(args[0]):
                    return whole(*args[1:], out=out, **named)
        if any(map(stands_in, args)) or any(map(stands_in, named.values())):
            known = {} if out is None else {"out": out}
            found: Tensor = asked(_public(name), args, {**named, **known})
            return found
        text, operands = planner(*args, **named)
        if place is not None and (named.get("inplace") or (len(args) > place and args[place])):
            return outputs.in_place(name, text, operands)
        if out is not None:
            if not plan.out:
                raise TypeError(f"{name}() got an unexpected keyword argument 'out'")
            return outputs.into(name, text, operands, out)
        return apply(text, *operands)

    return whole


def in_place_of(plan: Plan) -> Function:
    """The function of a plan that writes into its first argument."""
    name, planner = f"{plan.name}_", plan.planner
    given = signature_of(planner)

    def function(*args: Any, **named: Any) -> Tensor:
        if any(map(stands_in, args)) or any(map(stands_in, named.values())):
            found: Tensor = asked(_public(name), args, named)
            return found
        text, operands = planner(*args, **named)
        return outputs.in_place(name, text, operands)

    kept = [p for p in given.parameters.values() if p.name != "inplace"]
    described = _described(function, name, plan, inspect.Signature(kept, return_annotation=Tensor))
    described.__doc__ = f"{described.__doc__} The result takes the place of `input`."
    return described


def _public(name: str) -> Function:
    """The function of a name, as whoever records it has to call it later."""
    from hologram_torch import functional

    found: Function = getattr(functional, name)
    return found


def _described(function: Function, name: str, plan: Plan, signature: inspect.Signature) -> Function:
    function.__name__ = function.__qualname__ = name
    function.__module__ = "hologram_torch.functional"
    function.__doc__ = plan.planner.__doc__
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def _signature(planned: inspect.Signature, out: bool) -> inspect.Signature:
    parameters = [*planned.parameters.values()]
    if out:
        parameters.append(inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None))
    return inspect.Signature(parameters, return_annotation=Tensor)


def described(planner: Planner, name: str, row: str = "") -> Planner:
    """A planner by the name that Python's own messages give it, which says what its row computes."""
    meaning = ROWS[row or name].meaning
    planner.__name__ = planner.__qualname__ = name
    planner.__doc__ = f"{meaning[0].upper()}{meaning[1:]}, element by element."
    return planner
