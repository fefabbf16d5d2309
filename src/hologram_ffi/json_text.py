"""Arrays as JSON text: f32 numbers, where NaN, Infinity and -Infinity are tokens of their own, and lists of lengths."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from hologram.runtime.host import HostArray
from hologram_ffi.errors import InternalError

SHOWN = 40
"""Characters of a wrong value that an error shows."""
_TOKENS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _failed(reason: str) -> InternalError:
    return InternalError(f"Failed to parse JSON data: {reason}")


def _array(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except RecursionError:
        raise _failed("nested too deeply") from None
    except ValueError as error:
        raise _failed(str(error)) from None
    if not isinstance(found, list):
        raise _failed(f"an array is needed, not {_shown(found)}")
    return found


def _refuse_others(values: list[Any], allowed: set[type], wanted: str) -> None:
    if not set(map(type, values)) <= allowed:
        place, wrong = next((i, value) for i, value in enumerate(values) if type(value) not in allowed)
        raise _failed(f"element {place} is {_shown(wrong)}, and must be {wanted}")


def _shown(value: Any) -> str:
    if isinstance(value, list | dict):
        return "an array" if isinstance(value, list) else "an object"
    text = json.dumps(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def parse_numbers(text: str) -> HostArray:
    """An array of numbers, rounded to f32; raises InternalError for anything else, and for numbers beyond f32."""
    values = _array(text)
    _refuse_others(values, {int, float}, "a number (NaN, Infinity and -Infinity are)")
    try:
        wide = np.array(values, np.float64)
    except OverflowError:
        raise _failed("a number is too large for f32") from None
    with np.errstate(over="ignore"):
        narrow = wide.astype(np.float32)
    if np.isinf(narrow).sum() != text.count("Infinity"):  # 1e999 is read as infinity, too
        raise _failed("a number is too large for f32")
    return narrow


def parse_lengths(text: str) -> tuple[int, ...]:
    """An array of integers that are not negative: a shape, strides, dimensions."""
    values = _array(text)
    _refuse_others(values, {int}, "an integer")
    if any(value < 0 for value in values):
        raise _failed(f"element {next(i for i, value in enumerate(values) if value < 0)} is negative")
    if any(value >= 1 << 63 for value in values):
        raise _failed(f"element {next(i for i, value in enumerate(values) if value >= 1 << 63)} is too large")
    return tuple(values)


def write_numbers(values: HostArray) -> str:
    """f32 numbers, each with as few digits as tell it from its neighbours."""
    words: Iterable[str] = map(str, values)
    if not np.isfinite(values).all():
        words = (_TOKENS.get(word, word) for word in words)
    return f"[{','.join(words)}]"


def write_lengths(values: Iterable[int]) -> str:
    """Integers."""
    return f"[{','.join(map(str, values))}]"
