"""NumPy's names over tensors: `import hologram.numpy as np`.

Functions that make arrays make tensors on the default executor, views share memory, and every other name is the
operation of `hologram.ops`. The names are those of the array API standard where NumPy and the standard differ; the
module does not claim the whole standard.
"""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from hologram.errors import ArgumentTypeError
from hologram.tensors import Tensor, broadcast_shapes, from_dlpack, tensor

e, pi, inf, nan, newaxis = math.e, math.pi, math.inf, math.nan, None

bool = bool_ = numpy.bool_
int8, int16, int32, int64 = numpy.int8, numpy.int16, numpy.int32, numpy.int64
uint8, uint16, uint32, uint64 = numpy.uint8, numpy.uint16, numpy.uint32, numpy.uint64
float16, float32, float64 = numpy.float16, numpy.float32, numpy.float64
ndarray = Tensor

MADE = ("zeros", "ones", "full", "arange", "linspace", "eye", "identity", "uniform", "normal", "integers", "bernoulli")
"""Operations that make arrays."""
VIEWS = ("reshape", "ravel", "squeeze", "swapaxes", "diagonal", "broadcast_to")
"""Methods of tensors that are functions here."""

__all__ = [
    "MADE", "VIEWS", "Tensor", "array", "asarray", "bool", "bool_", "broadcast_arrays", "broadcast_shapes", "e",
    "empty", "expand_dims", "float16", "float32", "float64", "from_dlpack", "inf", "int16", "int32", "int64", "int8",
    "matrix_transpose", "meshgrid", "nan", "ndarray", "newaxis", "permute_dims", "pi", "uint16", "uint32", "uint64",
    "uint8",
]  # fmt: skip


def asarray(data: Any, dtype: Any = None, *, device: Any = None, copy: Any = None) -> Tensor:
    """A tensor of the data; a tensor is given back as it is unless its dtype has to change or a copy is asked for.

    Raises ArgumentTypeError for a device other than "cpu", and where copy=False cannot be had.
    """
    if device not in (None, "cpu"):
        raise ArgumentTypeError(f"asarray() makes arrays in host memory, device='cpu', not on {device!r}")
    if isinstance(data, Tensor) and (dtype is None or data.dtype == numpy.dtype(dtype)) and not copy:
        return data
    if copy is False:
        raise ArgumentTypeError("asarray() copies what is no tensor of that dtype; cure: from_dlpack(x)")
    return tensor(data, dtype)


def array(data: Any, dtype: Any = None) -> Tensor:
    """A copy of the data as a tensor."""
    return tensor(data, dtype)


def empty(shape: int | Sequence[int], dtype: Any = "f32") -> Tensor:
    """An array of a shape; its elements are 0."""
    made: Tensor = _operation("zeros")(shape, dtype, like=_somewhere())
    return made


def meshgrid(*axes: Tensor, indexing: str = "xy") -> list[Tensor]:
    """A view for each array of one axis, all of the shape that the arrays span together.

    With indexing="xy" the first two axes change places. Raises ArgumentTypeError for another indexing or other shapes.
    """
    if indexing not in ("xy", "ij") or {x.ndim for x in axes} - {1}:
        raise ArgumentTypeError("meshgrid() takes arrays of one axis and indexing 'xy' or 'ij'")
    order = [*range(len(axes))]
    if indexing == "xy" and len(axes) > 1:
        order[:2] = 1, 0
    shape = [axes[i].shape[0] for i in order]
    return [x.reshape([-1 if place == i else 1 for place in order]).broadcast_to(shape) for i, x in enumerate(axes)]


def broadcast_arrays(*arrays: Tensor) -> list[Tensor]:
    """Views of the shape that all arrays have together."""
    shape = broadcast_shapes(*(x.shape for x in arrays))
    return [x.broadcast_to(shape) for x in arrays]


def expand_dims(x: Tensor, axis: int | Sequence[int] = 0) -> Tensor:
    """A view with axes of length 1."""
    return x.expand_dims(axis)


def permute_dims(x: Tensor, axes: Sequence[int]) -> Tensor:
    """A view with axes in another order."""
    return x.permute(*axes)


def matrix_transpose(x: Tensor) -> Tensor:
    """A view with the last two axes in each other's place."""
    return x.mT


def _somewhere() -> Tensor:
    """A tensor on the default executor: what is made is where it is."""
    return tensor(0.0)


def _operation(name: str) -> Callable[..., Any]:
    """The operation of that name, which is no module of the package `hologram.ops`."""
    found: Callable[..., Any] = importlib.import_module("hologram.ops").__getattr__(name)
    return found


def _maker(name: str) -> Callable[..., Tensor]:
    operation = _operation(name)

    @functools.wraps(operation)
    def make(*args: Any, **kwargs: Any) -> Tensor:
        made: Tensor = operation(*args, like=_somewhere(), **kwargs)
        return made

    return make


def _view(name: str) -> Callable[..., Tensor]:
    method = getattr(Tensor, name)

    @functools.wraps(method)
    def apply(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        made: Tensor = method(x, *args, **kwargs)
        return made

    return apply


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        made = _maker(name) if name in MADE else _view(name) if name in VIEWS else _operation(name)
    except AttributeError as error:
        raise AttributeError(str(error).replace("hologram.ops", "hologram.numpy")) from None
    globals()[name] = made  # asked for once
    return made


def __dir__() -> list[str]:
    return sorted({*__all__, *MADE, *VIEWS, *importlib.import_module("hologram.ops").NAMES})
