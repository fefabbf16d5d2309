"""An oracle for the kernel language: Python itself runs the kernel's text, once a lane, on numbers that carry a type.

Nothing of the compiler is used: promotion is a table of its own, arithmetic is NumPy's.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

INTEGERS = ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"]
DTYPES = {n: np.dtype(f"{'int' if n[0] == 'i' else 'uint'}{n[1:]}") for n in INTEGERS}
DTYPES |= {"f32": np.dtype(np.float32), "f64": np.dtype(np.float64)}
NAMES = {d: n for n, d in DTYPES.items()}
MIXED = {  # signed with unsigned: the rows and columns where neither contains the other
    ("i8", "u8"): "i16", ("i8", "u16"): "i32", ("i8", "u32"): "i64", ("i16", "u16"): "i32",
    ("i16", "u32"): "i64", ("i32", "u32"): "i64",
}  # fmt: skip


class Refused(Exception):
    """The oracle meets something that only a cast can settle."""


def promote(a: str, b: str) -> str:
    if a == b:
        return a
    if "f" in a + b:
        return "f64" if "f64" in (a, b) else "f32"
    if a[0] == b[0]:
        return max(a, b, key=lambda n: int(n[1:]))
    signed, unsigned = (a, b) if a[0] == "i" else (b, a)
    if unsigned == "u64":
        raise Refused
    return signed if int(signed[1:]) > int(unsigned[1:]) else MIXED[signed, unsigned]


def convert(value: Any, name: str) -> np.ndarray:
    """Saturating from floats, wrapping from integers."""
    dtype = DTYPES[name]
    if name[0] != "f" and isinstance(value, (float, np.floating)):
        if math.isnan(value):
            return np.zeros((), dtype)
        info = np.iinfo(dtype)
        if math.isinf(value):
            return np.asarray(info.max if value > 0 else info.min, dtype)
        return np.asarray(min(max(int(value), info.min), info.max), dtype)
    if name[0] != "f":
        return np.asarray(int(value) & ((1 << 64) - 1), np.uint64).astype(dtype)
    if isinstance(value, np.floating):
        with np.errstate(all="ignore"):
            return value.astype(dtype)
    exact = int(value) if not isinstance(value, float) else value
    return np.asarray(exact, np.int64 if isinstance(exact, int) and exact < 1 << 63 else None).astype(dtype)


class Num:
    """A number with a type."""

    def __init__(self, name: str, value: Any) -> None:
        self.name, self.value = name, DTYPES[name].type(convert(value, name))

    def _meet(self, other: Any) -> tuple[str, Num, Num]:
        if isinstance(other, bool):
            raise Refused
        if isinstance(other, Num):
            name = promote(self.name, other.name)
            return name, Num(name, self.value), Num(name, other.value)
        if isinstance(other, float) and self.name[0] != "f":
            return "f32", Num("f32", self.value), Num("f32", other)
        if isinstance(other, int) and self.name[0] != "f":
            info = np.iinfo(DTYPES[self.name])
            if not info.min <= other <= info.max:
                raise Refused
        return self.name, self, Num(self.name, other)

    def _apply(self, function: Callable[..., Any], other: Any, swap: bool = False) -> Num:
        name, a, b = self._meet(other)
        if swap:
            a, b = b, a
        with np.errstate(all="ignore"):
            return Num(name, DTYPES[name].type(function(a.value, b.value)))

    def _divide(self, other: Any, swap: bool = False) -> Num:
        name, a, b = self._meet(other)
        name = name if name[0] == "f" else "f32"
        a, b = (Num(name, x.value) for x in ((b, a) if swap else (a, b)))
        with np.errstate(all="ignore"):
            return Num(name, a.value / b.value)

    def _shift(self, function: Callable[..., Any], other: Any) -> Num:
        name, a, b = self._meet(other)
        bits = 8 * DTYPES[name].itemsize
        return Num(name, function(a.value, DTYPES[name].type(int(b.value) % bits)))

    def _compare(self, function: Callable[[Any, Any], bool], other: Any) -> bool:
        a, b = self.value, other.value if isinstance(other, Num) else other
        if isinstance(a, np.integer) and isinstance(b, (int, np.integer)):
            return function(int(a), int(b))
        _, x, y = self._meet(other)
        return bool(function(x.value, y.value))

    def __neg__(self) -> Num:
        with np.errstate(all="ignore"):
            return Num(self.name, -self.value)

    def __invert__(self) -> Num:
        return Num(self.name, ~self.value)

    def __pos__(self) -> Num:
        return self

    def __abs__(self) -> Num:
        with np.errstate(all="ignore"):
            return Num(self.name, np.abs(self.value))

    def __index__(self) -> int:
        return int(self.value)

    def __bool__(self) -> bool:
        raise Refused

    def __hash__(self) -> int:
        return hash(self.value)


def _binary(name: str, function: Callable[..., Any]) -> None:
    setattr(Num, f"__{name}__", lambda a, b: a._apply(function, b))
    setattr(Num, f"__r{name}__", lambda a, b: a._apply(function, b, swap=True))


for _name, _function in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "floordiv": np.floor_divide, "mod": np.remainder,
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
}.items():  # fmt: skip
    _binary(_name, _function)


def _comparison(name: str, function: Callable[[Any, Any], bool]) -> None:
    setattr(Num, f"__{name}__", lambda a, b: a._compare(function, b))


for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    _comparison(_name, getattr(operator, _name))
Num.__truediv__ = Num._divide  # type: ignore[attr-defined]
Num.__rtruediv__ = lambda a, b: a._divide(b, swap=True)  # type: ignore[attr-defined]
Num.__lshift__ = lambda a, b: a._shift(np.left_shift, b)  # type: ignore[attr-defined]
Num.__rshift__ = lambda a, b: a._shift(np.right_shift, b)  # type: ignore[attr-defined]


class Cells:
    """An array parameter."""

    def __init__(self, data: np.ndarray) -> None:
        self.data, self.shape = data, tuple(Num("i64", n) for n in data.shape)

    def _at(self, index: Any) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        at = tuple(int(p) for p in parts)
        assert all(0 <= p < n for p, n in zip(at, self.data.shape, strict=True)), f"out of bounds: {at}"
        return at

    def __getitem__(self, index: Any) -> Num:
        return Num(NAMES[self.data.dtype], self.data[self._at(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        name = NAMES[self.data.dtype]
        if isinstance(value, Num) and promote(value.name, name) != name:
            raise Refused
        self.data[self._at(index)] = Num(name, value.value if isinstance(value, Num) else value).value


def smaller(a: Any, b: Any) -> Any:
    """NumPy's minimum, but -0 lies below +0."""
    return (a if np.signbit(a) else b) if a == b else np.minimum(a, b)


def larger(a: Any, b: Any) -> Any:
    return (b if np.signbit(a) else a) if a == b else np.maximum(a, b)


def _fold(pick: Callable[..., Any]) -> Callable[..., Any]:
    def fold(first: Any, *rest: Any) -> Any:
        for other in rest:
            if isinstance(first, Num):
                first = first._apply(pick, other)
            else:
                first = other._apply(pick, first, swap=True) if isinstance(other, Num) else pick(first, other).item()
        return first

    return fold


def _cast(name: str) -> Callable[[Any], Num]:
    return lambda x: Num(name, x.value if isinstance(x, Num) else x)


def _range(*bounds: Any) -> Iterator[Num]:
    return (Num("i64", k) for k in range(*(int(b) for b in bounds)))


def run(text: str, name: str, arguments: Sequence[Any], lanes: Sequence[int]) -> None:
    """Run a kernel's text for every lane, x fastest; arrays are changed in place, scalars are `Num`."""
    where: dict[str, int] = {}
    space: dict[str, Any] = {
        "kernel": lambda f: f, "range": _range, "min": _fold(smaller), "max": _fold(larger), "math": math,
        "get_global_id": lambda axis=0: Num("i64", where[axis]), "DeviceArray": {},
        **{n: _cast(n) for n in DTYPES},
    }  # fmt: skip
    body = "\n".join(line for line in text.splitlines() if not line.startswith(("from ", "import ")))
    exec(compile("from __future__ import annotations\n" + body, "<oracle>", "exec"), space)
    function, bound = space[name], [Cells(a) if isinstance(a, np.ndarray) else a for a in arguments]
    full = [*lanes, 1, 1][:3]
    for z in range(full[2]):
        for y in range(full[1]):
            for x in range(full[0]):
                where.update({0: x, 1: y, 2: z})  # type: ignore[dict-item]
                function(*bound)
