"""Types of results: the kernel language's promotion, with truth values as a thirteenth type of elements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError
from hologram.frontend.promote import BOOL as TRUTH
from hologram.frontend.promote import AnyKind, Bool, Kind, Weak, join
from hologram.operators import Domain
from hologram.types import Type

DType = np.dtype[Any]


def element(name: str, dtype: DType) -> Kind:
    """The element type of a dtype; raises ArgumentTypeError where there is none."""
    if dtype.kind == "b":
        return TRUTH
    found = Type.of_dtype(dtype)
    if found is None:
        order = "" if dtype.isnative else " in foreign byte order"
        cure = "x.astype(x.dtype.newbyteorder('='))" if not dtype.isnative else "x.astype(np.float32)"
        raise ArgumentTypeError(f"{name}() has no elements of dtype {dtype.name}{order}; cure: {cure}")
    return found


def weak(value: bool | int | float) -> AnyKind:
    """The type of one of Python's own numbers: it fits in with what it meets."""
    return TRUTH if isinstance(value, bool) else Weak.INT if isinstance(value, int) else Weak.FLOAT


def promoted(name: str, kinds: Iterable[AnyKind]) -> Kind:
    """The type that all meet in; raises ArgumentTypeError where only a cast can say what is meant."""
    found: AnyKind | None = None
    for kind in sorted(kinds, key=lambda k: isinstance(k, Weak)):
        if found is None:
            found = kind
            continue
        if isinstance(found, Bool) or isinstance(kind, Bool):
            met: AnyKind | None = kind if isinstance(found, Bool) else found
        else:
            met = join(found, kind)
        if met is None:
            raise ArgumentTypeError(f"{name}() has no type for {found!r} with {kind!r}; cure: x.astype(...) of one")
        found = met
    if found is None or isinstance(found, Weak):
        return Type.F32 if found is Weak.FLOAT else Type.I32
    return found


def within(name: str, kind: Kind, domain: Domain) -> Kind:
    """The type that a domain computes elements of a type in; raises ArgumentTypeError where it has none."""
    if domain is Domain.REALS and (isinstance(kind, Bool) or kind.is_integer):
        return Type.F32
    if domain is Domain.BITS and isinstance(kind, Type) and kind.is_float:
        raise ArgumentTypeError(f"{name}() works on bits of integers and truth values, not of {kind.value}")
    return kind


def dtype_of(kind: Kind) -> DType:
    """The NumPy dtype of an element type."""
    return np.dtype(np.bool_) if isinstance(kind, Bool) else kind.dtype


def stored(kind: Kind) -> Type:
    """The type of the ISA that elements are stored as."""
    return Type.U8 if isinstance(kind, Bool) else kind


def check_out(name: str, result: Kind, out: Kind) -> None:
    """Refuse an output that would lose the kind of number: floats in integers, numbers in truth values."""
    if result == out or isinstance(result, Bool):
        return
    fits = isinstance(out, Type) and (out.is_float or (result.is_integer and (out.is_signed or not result.is_signed)))
    if not fits:
        raise ArgumentTypeError(f"{name}() gives {result!r}, which out= of {out!r} cannot hold; cure: another out=")
