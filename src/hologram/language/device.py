"""Device functions: called from kernels, into which they are compiled."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from types import FunctionType
from typing import Any, NoReturn

from hologram.errors import ArgumentTypeError, UnsupportedError


class DeviceFunction:
    """A function that kernels and other device functions call; Python cannot call it."""

    __wrapped__: FunctionType

    def __init__(self, function: FunctionType) -> None:
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise UnsupportedError(
            f"'{self.__wrapped__.__name__}' is a device function: it is compiled into the kernels that call it and "
            "cannot be called from Python; call it in a function decorated with @kernel"
        )

    def __repr__(self) -> str:
        return f"<device function {self.__wrapped__.__name__}>"

    def __reduce__(self) -> str:
        return self.__wrapped__.__qualname__


def device(function: Callable[..., Any]) -> Any:
    """Make a device function of a function: typed parameters (numbers and arrays), one number or nothing returned.

    >>> @device
    ... def square(x: float) -> float:
    ...     return x * x
    >>> square
    <device function square>
    """
    if not isinstance(function, FunctionType):
        raise ArgumentTypeError(f"@device decorates a function, not {type(function).__name__}")
    return DeviceFunction(function)
