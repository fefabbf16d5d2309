"""The slow path of every launch: Python arguments become checked host arrays and numbers, one a parameter.

What is legal is accepted in whatever form it comes; what is not is refused with the kernel's name, the argument's
name, what was wanted, what was given, and the cure. Nothing is changed before everything has been checked.
"""

from __future__ import annotations

import numbers
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hologram.backends.base import Argument
from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Param, Program
from hologram.runtime.buffer import Buffer, as_buffer
from hologram.runtime.host import HostArray, host_array
from hologram.runtime.tensors import is_tensor, trouble
from hologram.types import Type


def marshal(program: Program, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Argument, ...]:
    """The arguments of a call as host arrays and numbers, in the order of the parameters.

    Raises ArgumentTypeError for a wrong kind, dtype or layout and for missing or surplus arguments,
    ArgumentValueError for a number out of range, BufferFreedError for a freed buffer.
    """
    given = bind_names(program, args, kwargs)
    return tuple(convert(program.name, p, value) for p, value in zip(program.params, given, strict=True))


def bind_names(program: Program, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
    """One value a parameter, by Python's rules for arguments and defaults; tensors as Buffers."""
    params, call = program.params, f"{program.name}()"
    if len(args) > len(params):
        takes = f"{len(params)} positional argument{'s' * (len(params) != 1)}"
        raise ArgumentTypeError(f"{call} takes {takes} but {len(args)} {'was' if len(args) == 1 else 'were'} given")
    found = dict(zip((p.name for p in params), args, strict=False))
    known = {p.name for p in params}
    for name, value in kwargs.items():
        if name not in known:
            raise ArgumentTypeError(
                f"{call} got an unexpected keyword argument '{name}'; it takes {_listed(known, params)}"
            )
        if name in found:
            raise ArgumentTypeError(f"{call} got multiple values for argument '{name}'")
        found[name] = value
    missing = [f"'{p.name}'" for p in params if p.name not in found and p.default is None]
    if missing:
        names = missing[0] if len(missing) == 1 else f"{', '.join(missing[:-1])} and {missing[-1]}"
        plural = "s" * (len(missing) > 1)
        raise ArgumentTypeError(f"{call} missing {len(missing)} required positional argument{plural}: {names}")
    return tuple(as_buffer(found.get(p.name, p.default)) for p in params)


def _listed(known: set[str], params: Sequence[Param]) -> str:
    return ", ".join(p.name for p in params) if known else "no arguments"


def convert(kernel: str, param: Param, value: Any, any_layout: bool = False) -> Argument:
    """One argument as its parameter wants it; with `any_layout` an array of any rank and strides."""
    if param.is_array:
        return _array(kernel, param, value, any_layout)
    if isinstance(value, np.ndarray | Buffer | list | tuple):
        raise _wrong(kernel, param, f"is a number, got {_described(value)}", "pass a number, of an array x.item()")
    return _real(kernel, param, value) if param.type.is_float else _integer(kernel, param, value)


def slot_values(program: Program, arguments: Sequence[Argument]) -> dict[Slot, int]:
    """What polynomials over slots may ask of a launch: integer scalars, shapes, and byte strides of arrays."""
    values: dict[Slot, int] = {}
    for index, (param, argument) in enumerate(zip(program.params, arguments, strict=True)):
        if isinstance(argument, np.ndarray):
            for axis in range(param.ndim):
                values[Slot(index, Field.SHAPE, axis)] = argument.shape[axis]
                values[Slot(index, Field.STRIDE, axis)] = argument.strides[axis]
        elif param.type.is_integer:
            values[Slot(index)] = int(argument)
    return values


# Arrays.


def _array(kernel: str, param: Param, value: Any, any_layout: bool) -> HostArray:
    array = value.elements() if isinstance(value, Buffer) else host_array(value)
    name = param.type.dtype.name
    theirs = is_tensor(value)
    if array is None:
        if theirs:
            wants = f"wants dtype {name}, got {value.dtype}", f"{param.name}.to(torch.{name})"
            raise _wrong(kernel, param, *(trouble(value, param.name) or wants))
        raise _wrong(kernel, param, f"is an array of {name}, got {_described(value)}", _array_cure(param, value))
    if any_layout and array.dtype.kind == "b" and param.type is Type.U8:
        array = array.view(np.uint8)
    if Type.of_dtype(array.dtype) is not param.type:
        raise _wrong(kernel, param, f"wants dtype {name}, got {_dtype_name(array)}", _dtype_cure(param, array, theirs))
    if not any_layout:
        _check_layout(kernel, param, array, theirs)
    elif any(s < 0 or s % array.itemsize for s in array.strides) and array.size > 1:
        layout = f"must have strides of whole elements that are not negative, got {array.strides} bytes"
        raise _wrong(kernel, param, layout, f"np.ascontiguousarray({param.name})")
    if not array.flags.aligned:
        raise _wrong(kernel, param, "is not aligned for its dtype", f"{param.name}.copy()")
    if param.is_written and not array.flags.writeable:
        raise ArgumentValueError(
            f"{kernel}(): array '{param.name}' is written by the kernel and given read-only; pass {param.name}.copy()"
        )
    return array


def _check_layout(kernel: str, param: Param, array: HostArray, of_torch: bool) -> None:
    if array.ndim != param.ndim:
        wanted = f"has {param.ndim} dimension{'s' * (param.ndim != 1)}"
        cure = f"{param.name}.ravel()" if param.ndim == 1 and array.flags.c_contiguous else f"{param.name}.reshape(…)"
        raise _wrong(kernel, param, f"{wanted}, got an array of shape {array.shape}", cure)
    if param.ndim == 1 and not array.flags.c_contiguous:
        cure = f"{param.name}.contiguous()" if of_torch else f"np.ascontiguousarray({param.name})"
        raise _wrong(kernel, param, f"must be contiguous, got a stride of {array.strides[0]} bytes", cure)


def _dtype_name(array: HostArray) -> str:
    order = "" if array.dtype.isnative else " in foreign byte order"
    return f"{array.dtype.name}{order}"


def _dtype_cure(param: Param, array: HostArray, of_torch: bool) -> str:
    if array.dtype.kind == "b" and param.type is Type.U8:
        return f"{param.name}.view({'torch' if of_torch else 'np'}.uint8)"
    if of_torch:
        return f"{param.name}.to(torch.{param.type.dtype.name})"
    if param.type is Type.BF16:
        return f"{param.name}.astype(ml_dtypes.bfloat16)"
    return f"{param.name}.astype(np.{param.type.dtype.name})"


def _array_cure(param: Param, value: Any) -> str:
    if hasattr(value, "__dlpack_device__") or hasattr(value, "__cuda_array_interface__"):
        return "copy it to host memory first"
    if param.type is Type.BF16:
        return f"np.asarray({param.name}, dtype=ml_dtypes.bfloat16)"
    return f"np.asarray({param.name}, dtype=np.{param.type.dtype.name})"


# Numbers.


def _integer(kernel: str, param: Param, value: Any) -> int:
    try:
        number = operator.index(bool(value) if isinstance(value, np.bool_) else value)
    except TypeError as error:
        cure = f"int({param.name})" if isinstance(value, numbers.Real) else "pass an int"
        raise _wrong(kernel, param, f"is an integer ({param.type.value}), got {_described(value)}", cure) from error
    low, high = param.type.minimum, param.type.maximum
    if not low <= number <= high:
        raise ArgumentValueError(
            f"{kernel}(): argument '{param.name}' must be from {low} to {high} ({param.type.value}), got {number}"
        )
    return number


def _real(kernel: str, param: Param, value: Any) -> float:
    if not isinstance(value, numbers.Real | np.floating | np.bool_):
        cure = f"float({param.name})"
        raise _wrong(kernel, param, f"is a number ({param.type.value}), got {_described(value)}", cure)
    return round_float(param.type, value)


def round_float(type: Type, value: Any) -> float:
    """A number rounded once to a float type; what is too large becomes infinite, as in NumPy.

    >>> round_float(Type.F32, 0.1)
    0.10000000149011612
    """
    with np.errstate(over="ignore"):
        if isinstance(value, np.generic):
            return float(value.astype(type.dtype))
        try:
            # An int goes through NumPy's integers where it can: int -> f64 -> f32 would round twice.
            exact = np.int64(value) if isinstance(value, int) else float(value)
        except OverflowError:
            try:
                exact = float(value)
            except OverflowError:
                exact = float("inf") if value > 0 else float("-inf")
        return float(np.asarray(exact).astype(type.dtype))


# Messages.


def _wrong(kernel: str, param: Param, trouble: str, cure: str) -> ArgumentTypeError:
    kind = "array" if param.is_array else "argument"
    return ArgumentTypeError(f"{kernel}(): {kind} '{param.name}' {trouble}; cure: {cure}")


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, int | float):
        return f"{type(value).__name__} {value!r}"
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
