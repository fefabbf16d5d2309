"""Functions with PyTorch's signatures, and the operators `torch.ops.hologram.*` that are the same functions.

An operator registered here is made of `hologram::rows`, `hologram::elementwise` and the like, whose fake kernels,
gradients and batching rules are its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from hologram.runtime.executor import Executor
from hologram_torch.formulas import TITLES
from hologram_torch.outputs import check_cast, check_device
from hologram_torch.remembered.calls import remembering
from hologram_torch.roads import asked, stands_in
from hologram_torch.transforms import transformed

LIBRARY = torch.library.Library("hologram", "FRAGMENT")
F = TypeVar("F", bound=Callable[..., Any])
_OF_ONE_TYPE = ("amax", "amin")
"""Functions whose `out` has the type of the result."""
_STRICT = ("mm", "bmm", "addmm", "baddbmm")
"""Likewise, in other words."""
SCHEMAS: dict[str, tuple[str, ...]] = {}
"""The schemas of operators that are functions of this package."""


def function(*schemas: str, name: str = "") -> Callable[[F], F]:
    """A public function: an executor in front is accepted, `out=` takes the result where there is such a keyword.

    With `schemas` (of its arguments and results, each after the name of its overload) it becomes an operator, too, of
    its name or another one.
    """

    def made(body: F) -> F:
        expected = _expected(body)

        @wraps(body)
        def whole(*args: Any, **kwargs: Any) -> Any:
            if args and isinstance(args[0], Executor):
                args = args[1:]
            if any(map(stands_in, args)) or any(map(stands_in, kwargs.values())):
                return asked(call, args, kwargs)
            for place, argument, kinds in expected:
                value = args[place] if place < len(args) else kwargs.get(argument, _ABSENT)
                if not isinstance(value, kinds) and value is not _ABSENT:
                    raise TypeError(
                        f"{body.__name__}(): argument '{argument}' (position {place + 1}) must be {kinds[0].__name__}, "
                        f"not {type(value).__name__}"
                    )
            out = kwargs.pop("out", None)
            result = body(*args, **kwargs)
            return result if out is None else into(body.__name__, result, out)

        operator = name or body.__name__
        if schemas:
            SCHEMAS[operator] = schemas
        for schema in schemas:
            compose(LIBRARY, f"{operator}{schema}", whole)
        call = remembering(whole, inspect.signature(body))
        return cast(F, call)

    return made


_ABSENT = object()
_KINDS: dict[str, tuple[Any, ...]] = {
    "Tensor": (Tensor,),
    "Tensor | None": (Tensor, type(None)),
    "bool": (bool, torch.SymBool),
}
"""What arguments have to be that are annotated so."""


def _expected(body: Callable[..., Any]) -> list[tuple[int, str, tuple[Any, ...]]]:
    """The places of arguments that are tensors or truth values, with their names and what they may be."""
    names = body.__code__.co_varnames[: body.__code__.co_argcount]
    found = [(place, name, _KINDS.get(body.__annotations__.get(name, ""), ())) for place, name in enumerate(names)]
    return [each for each in found if each[2] and each[1] != "out"]


def in_place_of(body: F) -> F:
    """The same function with its result in its first argument, which is given back; gradients go on through it.

    Raises RuntimeError for leaves that require grad, for another shape, and where numbers would lose their kind.
    """
    name = f"{body.__name__}_"

    @wraps(body)
    def call(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        recorded = torch.is_grad_enabled() and input.requires_grad
        if recorded and input.is_leaf:
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
        result = body(input.clone() if recorded else input, *args, **kwargs)
        check_cast(result.dtype, input.dtype)
        if result.shape != input.shape:
            raise RuntimeError(
                f"output with shape {list(input.shape)} doesn't match the broadcast shape {list(result.shape)}"
            )
        return input.copy_(result)

    call.__name__ = call.__qualname__ = name
    if body.__name__ in SCHEMAS:
        SCHEMAS[name] = tuple(map(written_to, SCHEMAS[body.__name__]))
        for schema in SCHEMAS[name]:
            compose(LIBRARY, f"{name}{schema}", call)
    return cast(F, call)


def written_to(schema: str) -> str:
    """The schema of the same operator with its result in its first argument."""
    return schema.replace("(Tensor input", "(Tensor(a!) input", 1).replace("-> Tensor", "-> Tensor(a!)")


def compose(library: torch.library.Library, schema: str, function: Callable[..., Any]) -> None:
    """Define an operator that is a function of others, for autograd and transforms, too."""
    library.define(schema)
    name = schema.partition("(")[0]
    library.impl(name, function, "CompositeImplicitAutograd")
    transformed(name, function)


def into(name: str, result: Any, out: Any) -> Any:
    """A result in the tensor that was given for it, or each of several in its own.

    Raises RuntimeError where a gradient would be lost, or numbers would lose their kind.
    """
    if isinstance(result, tuple):
        if not isinstance(out, tuple | list) or len(out) != len(result):
            raise TypeError(f"{name}(): argument 'out' must be tuple of {len(result)} Tensors")
        for made, place in zip(result, out, strict=True):
            if isinstance(place, Tensor) and place.dtype is not made.dtype:
                raise RuntimeError(f"Expected out tensor to have dtype {made.dtype}, but got {place.dtype} instead")
        kind: Any = type(result)
        return kind([into(name, made, place) for made, place in zip(result, out, strict=True)])
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if torch.is_grad_enabled() and (result.requires_grad or out.requires_grad):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
    if name in _OF_ONE_TYPE and result.dtype != out.dtype:
        raise RuntimeError(
            f"Expected the dtype for input and out to match, but got {TITLES[result.dtype]} for input's dtype and "
            f"{TITLES[out.dtype]} for out's dtype."
        )
    if name in _STRICT and result.dtype is not out.dtype:
        found, given = (str(d).removeprefix("torch.") for d in (result.dtype, out.dtype))
        raise RuntimeError(f"Expected out tensor to have dtype {found}, but got {given} instead")
    check_cast(result.dtype, out.dtype)
    check_device(result, out)
    if result.shape != out.shape:
        out.resize_(result.shape)
    return out.copy_(result)
