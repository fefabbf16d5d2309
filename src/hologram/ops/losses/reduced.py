"""What becomes of the losses of all elements: each is given back, or their mean or sum."""

from __future__ import annotations

from typing import Any

from hologram.errors import ArgumentValueError
from hologram.frontend.promote import Bool, Kind
from hologram.isa import templates
from hologram.isa.templates.terms import summed, terms
from hologram.operators import Domain
from hologram.ops import dtypes
from hologram.ops.plan import kernel_for
from hologram.ops.work import Region, Work
from hologram.types import Type

REDUCTIONS = ("none", "mean", "sum")


def reduction_of(name: str, given: Any, known: tuple[str, ...] = REDUCTIONS) -> str:
    """One of the names; raises ArgumentValueError."""
    if given not in known:
        raise ArgumentValueError(f"{name}(): reduction is one of {', '.join(known)}, not {given!r}")
    return str(given)


def float_type(name: str, *elements: Kind) -> Type:
    """The type of a loss: the one that predictions and targets meet in, f32 for integers."""
    real = [e for e in elements if not isinstance(e, Bool)]
    found = dtypes.within(name, dtypes.promoted(name, real or elements), Domain.REALS)
    assert not isinstance(found, Bool)
    return found


def cell(work: Work, call_out: Region | None, element: Kind) -> Region:
    """Where one number goes: the first element of out, which may be a vector, or a new array without axes."""
    if call_out is None:
        return work.result((), element)
    if call_out.view.ndim > 1:
        raise ArgumentValueError(f"{work.name}(): out has shape {call_out.view.shape}, the result ()")
    if not call_out.view.size:
        raise ArgumentValueError(f"{work.name}(): out has no elements; one is needed")
    dtypes.check_out(work.name, element, call_out.element)
    return call_out.seen(call_out.view.reshape(-1)[:1])


def sum_of(work: Work, values: Region) -> Region:
    """The sum of packed elements, in a cell of their type."""
    total = work.new((1,), values.type)
    key = ("sum of terms", values.type)
    kernel = kernel_for(key, f"loss_sum_{values.type.value}", lambda: templates.reduction("ADD", values.type))
    work.launch(kernel, values, total, values.view.size)
    return total


def divide(work: Work, total: Region, by: Region | int, target: Region) -> None:
    """total / by, one number each, put into a cell."""
    arrays = {"x": total.type} if isinstance(by, int) else {"x": total.type, "y": total.type}
    numbers = ("y",) if isinstance(by, int) else ()
    key = ("mean of terms", total.type, target.type, numbers)
    name = f"loss_mean_{total.type.value}_{target.type.value}_{'n' if numbers else 'w'}"
    kernel = kernel_for(key, name, lambda: terms("mean", ("DIV", "x", "y"), arrays, numbers, total.type, target.type))
    work.launch(kernel, total, by, target.seen(target.view.reshape(1)), 1)


def put(work: Work, total: Region, target: Region) -> None:
    """A number as it is."""
    work.move(total, target.seen(target.view.reshape(1)))


__all__ = ["REDUCTIONS", "cell", "divide", "float_type", "put", "reduction_of", "sum_of", "summed", "terms"]
