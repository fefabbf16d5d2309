"""The gradient of an operator made of a kernel: what computes it, by the names of what it reads and gives."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hologram.isa.program import Param
from hologram_torch.kernels.signatures import DTYPES, GRADIENT, SHAPE, Signature, Values
from hologram_torch.rows.operator import sum_to


@dataclass(frozen=True)
class Gradient:
    """What computes the gradients of an operator.

    `call` takes the values of `names` in order: the operator's arguments, sizes and outputs by their own names,
    gradients of outputs as `grad_…`. It gives the gradients along `results`.
    """

    call: Callable[..., Any]
    names: tuple[str, ...]
    results: tuple[str, ...]

    def __call__(self, values: Values) -> dict[str, Tensor | None]:
        found = self.call(*(values[name] for name in self.names))
        if isinstance(found, Mapping):
            unknown = [name for name in found if name not in self.results]
            if unknown:
                raise RuntimeError(
                    f"the backward function gave a gradient along '{unknown[0]}', which is none of "
                    f"{', '.join(self.results)}"
                )
            return dict(found)
        several = tuple(found) if isinstance(found, tuple | list) else (found,)
        if len(several) != len(self.results):
            raise RuntimeError(
                f"the backward function gave {len(several)} gradients for {len(self.results)} inputs: "
                f"{', '.join(self.results)}"
            )
        return dict(zip(self.results, several, strict=True))


def of_function(forward: Signature, function: Callable[..., Any]) -> Gradient:
    """The gradient that a Python function computes, which returns one for each input of floating type."""
    names = tuple(inspect.signature(function).parameters)
    known = _known(forward)
    for name in names:
        if name not in known:
            raise _unknown(forward, name, known)
    return Gradient(function, names, tuple(p.name for p in forward.arrays if p.type.is_float))


def of_operator(forward: Signature, backward: Signature, call: Callable[..., Any]) -> Gradient:
    """The gradient that another operator computes; raises ValueError where their parameters do not fit."""
    known = _known(forward)
    for p in backward.inputs:
        if p.name not in known:
            raise _unknown(forward, p.name, known)
        _check_same(forward, backward, p, known[p.name])
        if p.is_written:
            raise ValueError(f"{backward.name}() writes to '{p.name}': a backward kernel leaves what it reads as it is")
    if forward.elementwise != backward.elementwise:
        raise ValueError(f"{forward.name}() and {backward.name}(): either both are elementwise or none is")
    inputs = {p.name: p for p in forward.arrays}
    results = []
    for p in backward.outputs:
        name = p.name.removeprefix(GRADIENT)
        if not p.name.startswith(GRADIENT) or name not in inputs:
            wanted = ", ".join(GRADIENT + p.name for p in inputs.values() if p.type.is_float)
            raise ValueError(f"{backward.name}() gives '{p.name}', where {forward.name}() wants {wanted}")
        _check_same(forward, backward, p, inputs[name])
        results.append(name)
    if not results:
        raise ValueError(f"{backward.name}() gives no gradient: it writes no array called {GRADIENT}…")
    return Gradient(call, backward.names, tuple(results))


def given_by(forward: Signature, program: Sequence[Param]) -> tuple[str, ...]:
    """The parameters of a backward kernel that are gradients of inputs."""
    names = {GRADIENT + p.name for p in forward.arrays}
    return tuple(p.name for p in program if p.is_array and p.is_written and p.name in names)


def _known(forward: Signature) -> dict[str, Param]:
    """Whatever a backward may read, by name."""
    known = {p.name: p for p in forward.inputs}
    known |= {name: p for p in forward.kernel.program.params if (name := p.name) in forward.sizes}
    for p in forward.outputs:
        known |= {p.name: p, GRADIENT + p.name: p}
    return known


def _unknown(forward: Signature, name: str, known: Mapping[str, Param]) -> ValueError:
    return ValueError(f"the backward of {forward.name}() asks for '{name}', which is none of {', '.join(known)}")


def _check_same(forward: Signature, backward: Signature, given: Param, wanted: Param) -> None:
    if given.is_array and wanted.is_array:
        same = (given.type, given.ndim) == (wanted.type, wanted.ndim)
    else:
        same = given.kind == wanted.kind and given.type.is_float == wanted.type.is_float
    if not same:
        raise ValueError(f"{backward.name}() has '{given}', where {forward.name}() has '{wanted}'")


def save(ctx: Any, forward: Signature, gradient: Gradient, args: Sequence[Any], output: Any) -> None:
    """Keep what the gradient reads."""
    values = forward.values(args)
    values |= {name: rule(values) for name, rule in forward.sizes.items()}
    made = output if isinstance(output, tuple) else (output,)
    values |= dict(zip((p.name for p in forward.outputs), made, strict=True))
    values |= {SHAPE + GRADIENT + p.name: tuple(values[p.name].shape) for p in forward.arrays}
    tensors = [name for name in gradient.names if isinstance(values.get(name), Tensor)]
    ctx.save_for_backward(*(values[name] for name in tensors))
    ctx.tensors = tensors
    ctx.others = {name: values[name] for name in gradient.names if name in values and name not in tensors}
    ctx.shapes = {p.name: values[p.name].shape for p in forward.arrays}


def backward(
    ctx: Any, forward: Signature, gradient: Gradient, needed: Sequence[bool], grads: Sequence[Tensor]
) -> list[Tensor | None]:
    """The gradient along each input of the operator."""
    values = {**ctx.others, **dict(zip(ctx.tensors, ctx.saved_tensors, strict=True))}
    values |= {GRADIENT + p.name: grad for p, grad in zip(forward.outputs, grads, strict=True)}
    found = gradient(values)
    for p, wanted in zip(forward.inputs, needed, strict=False):
        if wanted and p.name not in found:
            raise RuntimeError(
                f"{forward.name}() has no gradient along '{p.name}'; cure: give its backward a parameter "
                f"{GRADIENT}{p.name}, or pass {p.name}.detach()"
            )
    return [_fitting(forward, p, found.get(p.name), ctx.shapes) for p in forward.inputs[: len(needed)]]


def _fitting(forward: Signature, p: Param, grad: Tensor | None, shapes: Mapping[str, torch.Size]) -> Tensor | None:
    if grad is None or not p.is_array or not DTYPES[p.type].is_floating_point:
        return None
    return sum_to(grad, shapes[p.name]) if forward.elementwise else grad
