"""Operators and methods of tensors that compute: each is one line that names the operation of `hologram.ops`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hologram import ops
from hologram.errors import ArgumentTypeError

if TYPE_CHECKING:
    from hologram.runtime.executor import Executor
    from hologram.tensors.array import Tensor

    Computed = Callable[..., Tensor]

REDUCED = ("axis", "dtype", "out", "keepdims")
SPREAD = ("axis", "dtype", "out", "ddof", "keepdims")
CHOSEN = ("axis", "out", "keepdims")
SCANNED = ("axis", "dtype", "out")
"""Positional arguments as NumPy's methods have them."""

RENAMED = {"ddof": "correction"}
"""NumPy's names of arguments that operations call otherwise."""


def operation(name: str, executor: Executor | None = None) -> Callable[..., Any]:
    """An operation of the library, on an executor if one is given."""
    found: Callable[..., Any] = getattr(ops if executor is None else executor.ops, name)
    return found


def binary(name: str) -> Computed:
    """`tensor ∘ other`."""

    def apply(self: Tensor, other: Any) -> Any:
        return operation(name)(self, _met(other, self)) if _is_operand(other) else NotImplemented

    return apply


def reflected(name: str) -> Computed:
    """`other ∘ tensor`."""

    def apply(self: Tensor, other: Any) -> Any:
        return operation(name)(_met(other, self), self) if _is_operand(other) else NotImplemented

    return apply


def in_place(name: str) -> Computed:
    """`tensor ∘= other`."""

    def apply(self: Tensor, other: Any) -> Any:
        return operation(name)(self, _met(other, self), out=self) if _is_operand(other) else NotImplemented

    return apply


def unary(name: str) -> Computed:
    """`∘ tensor`."""

    def apply(self: Tensor) -> Any:
        return operation(name)(self)

    return apply


def method(name: str, *names: str) -> Computed:
    """`tensor.name(…)` with positional arguments of these names; what is None is left out, as NumPy does."""

    def apply(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        if len(args) > len(names):
            raise ArgumentTypeError(f"{name}() takes at most {len(names)} arguments, got {len(args)}")
        given = dict(zip(names, args, strict=False))
        for key in kwargs:
            if key in given:
                raise ArgumentTypeError(f"{name}() got multiple values for argument '{key}'")
        given.update(kwargs)
        return operation(name)(self, **{RENAMED.get(k, k): v for k, v in given.items() if v is not None})

    return apply


def universal(ufunc: Any, form: str, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """NumPy's function of a tensor, `np.sin(tensor)`, as the operation of the same name."""
    name = ufunc.__name__
    if form != "__call__":
        raise ArgumentTypeError(f"np.{name}.{form} takes no tensors; use hologram.ops or tensor.numpy()")
    if name not in dir(ops):
        raise ArgumentTypeError(f"np.{name} has no operation here; use tensor.numpy()")
    given = dict(options)
    if isinstance(given.get("out"), tuple):
        (given["out"],) = given["out"]
    like: Any = next(value for value in (*inputs, given.get("out")) if isinstance(value, Arithmetic))
    return operation(name)(*(_met(value, like) for value in inputs), **given)


def _is_operand(value: Any) -> bool:
    """True for what an operation takes or refuses with a message; the rest is for the other operand to know."""
    arrays = any(hasattr(type(value), name) for name in ("__dlpack__", "__array_interface__", "__array__"))
    return arrays or isinstance(value, bool | int | float | list | tuple)


def _met(value: Any, tensor: Tensor) -> Any:
    """NumPy's numbers, which have a dtype of their own, as tensors (comparisons bring them as arrays without axes)."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim):
        from hologram.tensors.creation import tensor as made

        return made(value, executor=tensor.executor)
    return value


class Arithmetic:
    """What tensors compute, element by element or over axes, as NumPy's arrays do."""

    __slots__ = ()

    __add__, __radd__, __iadd__ = binary("add"), reflected("add"), in_place("add")
    __sub__, __rsub__, __isub__ = binary("subtract"), reflected("subtract"), in_place("subtract")
    __mul__, __rmul__, __imul__ = binary("multiply"), reflected("multiply"), in_place("multiply")
    __truediv__, __rtruediv__, __itruediv__ = binary("divide"), reflected("divide"), in_place("divide")
    __floordiv__, __rfloordiv__ = binary("floor_divide"), reflected("floor_divide")
    __ifloordiv__ = in_place("floor_divide")
    __mod__, __rmod__, __imod__ = binary("remainder"), reflected("remainder"), in_place("remainder")
    __pow__, __rpow__, __ipow__ = binary("power"), reflected("power"), in_place("power")
    __and__, __rand__, __iand__ = binary("bitwise_and"), reflected("bitwise_and"), in_place("bitwise_and")
    __or__, __ror__, __ior__ = binary("bitwise_or"), reflected("bitwise_or"), in_place("bitwise_or")
    __xor__, __rxor__, __ixor__ = binary("bitwise_xor"), reflected("bitwise_xor"), in_place("bitwise_xor")
    __lshift__, __rlshift__, __ilshift__ = binary("left_shift"), reflected("left_shift"), in_place("left_shift")
    __rshift__, __rrshift__, __irshift__ = binary("right_shift"), reflected("right_shift"), in_place("right_shift")

    __lt__, __le__, __gt__, __ge__ = binary("less"), binary("less_equal"), binary("greater"), binary("greater_equal")
    __eq__, __ne__ = binary("equal"), binary("not_equal")  # type: ignore[assignment]  # arrays compare element-wise
    __hash__ = object.__hash__

    __neg__, __pos__, __abs__, __invert__ = unary("negative"), unary("positive"), unary("absolute"), unary("invert")

    __matmul__, __rmatmul__ = binary("matmul"), reflected("matmul")
    dot, trace = method("dot", "b", "out"), method("trace", "offset", "axis1", "axis2")
    nonzero, repeat = unary("nonzero"), method("repeat", "repeats", "axis")
    sum, prod, mean = method("sum", *REDUCED), method("prod", *REDUCED), method("mean", *REDUCED)
    var, std, ptp = method("var", *SPREAD), method("std", *SPREAD), method("ptp", *CHOSEN)
    min, max, any, all = (method(name, *CHOSEN) for name in ("min", "max", "any", "all"))
    argmin, argmax, norm = method("argmin", *CHOSEN), method("argmax", *CHOSEN), method("norm", "ord", "axis")
    cumsum, cumprod = method("cumsum", *SCANNED), method("cumprod", *SCANNED)
    clip = method("clip", "min", "max", "out")
