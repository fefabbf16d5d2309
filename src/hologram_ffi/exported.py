"""`@exported`: a flat function converts its arguments by their annotations, and every failure is an InternalError."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar, get_type_hints

from hologram.errors import ArgumentTypeError, HologramError
from hologram_ffi.arguments import Kind
from hologram_ffi.errors import InternalError

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Signature:
    """A flat function: its family (the module it is in), parameters with their types, the type of its result."""

    name: str
    family: str
    parameters: tuple[tuple[str, str], ...]
    result: str
    summary: str

    def __str__(self) -> str:
        listed = ", ".join(f"{kind} {name}" for name, kind in self.parameters)
        return f"{self.name}({listed})" + (f" -> {self.result}" if self.result else "")


SIGNATURES: dict[str, Signature] = {}
"""Every flat function by its name, family by family."""


def exported(function: Callable[P, R]) -> Callable[P, R]:
    """The function as users call it; its parameters and result are annotated with types of `hologram_ffi.arguments`.

    It raises ArgumentTypeError and ArgumentValueError (a TypeError and a ValueError) for arguments that cannot be
    converted, InternalError for whatever goes wrong after that.
    """
    hints = get_type_hints(function, include_extras=True)
    result = hints.pop("return")
    kinds: tuple[Kind, ...] = tuple(hint.__metadata__[0] for hint in hints.values())
    name = function.__name__
    takers = tuple((kind.take, f"{name}(): {parameter}") for parameter, kind in zip(hints, kinds, strict=True))
    signature = inspect.signature(function)
    SIGNATURES[name] = Signature(
        name,
        function.__module__.rpartition(".")[2],
        tuple((parameter, kind.name) for parameter, kind in zip(hints, kinds, strict=True)),
        result.__metadata__[0].name if result is not type(None) else "",
        (function.__doc__ or "").partition("\n")[0],
    )
    body: Callable[..., R] = function

    @wraps(function)
    def call(*args: Any, **named: Any) -> R:
        if named or len(args) != len(takers):
            args = _positional(name, signature, args, named)
        values = [take(what, value) for (take, what), value in zip(takers, args, strict=True)]
        try:
            return body(*values)
        except InternalError:
            raise
        except HologramError as error:
            raise InternalError(str(error)) from error
        except Exception as error:
            raise InternalError(f"{type(error).__name__}: {error}") from error

    return call


def _positional(name: str, signature: inspect.Signature, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    try:
        return signature.bind(*args, **named).args
    except TypeError as error:
        raise ArgumentTypeError(f"{name}(): {error}; it is called as {SIGNATURES[name]}") from None
