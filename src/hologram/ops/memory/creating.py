"""New arrays: filled, counted, with a diagonal; NumPy's unless `like` or `executor` say where."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.frontend.promote import Bool, Kind
from hologram.ops import kinds
from hologram.ops.elementwise import flat
from hologram.ops.memory.arranging import on_diagonal
from hologram.ops.operation import REQUIRED, Call, Form, Operation
from hologram.ops.plan import Plan
from hologram.ops.texts import kernel_from
from hologram.ops.work import Region, Work, element_named, fitting, integer, lengths
from hologram.runtime.executor import Executor
from hologram.types import Type

_RAMP = """
@kernel
def ramp(out: DeviceArray[T], start: WIDE, step: WIDE, n: i64):
    i = get_global_id()
    if i < n:
        out[i] = T(start + WIDE(i) * step)
"""
_LINSPACE = """
@kernel
def linspace(out: DeviceArray[T], start: f64, step: f64, stop: f64, last: i64, n: i64):
    i = get_global_id()
    if i < n:
        out[i] = T(ROUNDED(stop if i == last else start + f64(i) * step))
"""
PLACES: Mapping[str, Any] = {"executor": None, "like": None}


@dataclass(frozen=True, slots=True)
class Maker:
    """An operation that makes an array: its parameters, and what adds the steps to the work."""

    name: str
    build: Callable[[Work, Call], None]
    meaning: str
    parameters: Mapping[str, Any]
    numpy: str
    aliases: tuple[str, ...] = ()


class Creation(Operation):
    """An operation that makes an array.

    The array is NumPy's; `like=` makes one of another kind, `executor=` (or a leading executor) a Buffer.
    """

    keywords: Mapping[str, Any] = PLACES

    def __init__(self, row: Maker, name: str = "", executor: Executor | None = None) -> None:
        meaning = f"{row.meaning[0].upper()}{row.meaning[1:]}."
        super().__init__(name or row.name, Form((), row.parameters, self.keywords, sizes=()), meaning, executor)
        self.row = row

    def on(self, executor: Executor) -> Creation:
        return Creation(self.row, self.__name__, executor)

    def _take_apart(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        if args and isinstance(args[0], Executor):
            args, kwargs = args[1:], {"executor": args[0], **kwargs}
        call = super()._take_apart(args, kwargs)
        return replace(call, executor=call.values["executor"] or self.executor)

    def plan(self, call: Call) -> Plan:
        work = Work(self.__name__, call, [], call.values["like"])
        if call.executor is not None and work.like is None:
            work.kind = kinds.BUFFER
        self.row.build(work, call)
        return work.plan()


class Fill(Operation):
    """`fill(x, value)` and `fill(executor, x, value, n=None)`: x itself is written."""

    def __init__(self, name: str = "fill", executor: Executor | None = None) -> None:
        super().__init__(name, Form(("x",), {"value": REQUIRED}), "Sets all elements of x to a number.", executor)

    def on(self, executor: Executor) -> Fill:
        return Fill(self.__name__, executor)

    def _take_apart(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        if len(args) > 1 and isinstance(args[0], Executor):
            args = (*args[:2], *args[1:])  # what is written stands for what is read
        elif "out" not in kwargs and args:
            kwargs = {**kwargs, "out": args[0]}
        return super()._take_apart(args, kwargs)

    def plan(self, call: Call) -> Plan:
        work = Work(self.__name__, call, call.inputs)
        target = work.region(call.out)
        if call.out is not call.inputs[0]:
            raise ArgumentTypeError(f"{self.__name__}() writes into its first argument; leave out= away")
        n = call.sizes.get("n")
        if n is not None:
            count = integer(self.__name__, "n", n, 0)
            if count > target.view.size:
                raise ArgumentValueError(f"{self.__name__}(): n is {count}, the array has {target.view.size} elements")
            target = target.seen(flat(self.__name__, target.view)[:count])
        work.fill(target, call.values["value"])
        return work.plan()


def _filled(value: Any) -> Callable[[Work, Call], None]:
    def build(work: Work, call: Call) -> None:
        element = element_named(work.name, call.values["dtype"])
        work.fill(work.result(lengths(work.name, call.values["shape"]), element), value)

    return build


def full(work: Work, call: Call) -> None:
    """A number everywhere; its type is that of the number unless it is named."""
    value, dtype = call.values["value"], call.values["dtype"]
    element = _weak(work.name, [value]) if dtype is None else element_named(work.name, dtype)
    work.fill(work.result(lengths(work.name, call.values["shape"]), element), value)


def _weak(name: str, values: list[Any]) -> Kind:
    """The type that numbers have here when nothing else tells it: bool, i32 or f32, or NumPy's own."""
    typed = [v for v in values if isinstance(v, np.generic)]
    if typed:
        return element_named(name, np.result_type(*typed))
    if values and all(isinstance(v, bool) for v in values):
        return element_named(name, bool)
    return Type.F32 if any(isinstance(v, float) for v in values) else Type.I32


def _like(value: Any) -> Callable[[Work, Call], None]:
    def build(work: Work, call: Call) -> None:
        given = work.region(call.values["x"])
        dtype = call.values["dtype"]
        element = given.element if dtype is None else element_named(work.name, dtype)
        work.fill(work.result(given.shape, element), call.values["value"] if value is None else value)

    return build


class Like(Creation):
    """An operation that makes an array as another one is."""

    def on(self, executor: Executor) -> Like:
        return Like(self.row, self.__name__, executor)

    def _take_apart(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        call = super()._take_apart(args, kwargs)
        return (
            call if call.values["like"] is not None else replace(call, values={**call.values, "like": call.values["x"]})
        )


def arange(work: Work, call: Call) -> None:
    """start, start + step, … below stop."""
    name = work.name
    start, stop, step = (_number(name, call.values[k]) for k in ("start", "stop", "step"))
    if stop is None:
        start, stop = 0, start
    assert start is not None and stop is not None and step is not None
    if step == 0:
        raise ArgumentValueError(f"{name}(): step is 0")
    dtype = call.values["dtype"]
    element = _weak(name, [start, stop, step]) if dtype is None else element_named(name, dtype)
    if isinstance(element, Bool):
        raise ArgumentTypeError(f"{name}() counts in numbers, not in truth values; cure: dtype='i32'")
    whole = isinstance(start, int) and isinstance(stop, int) and isinstance(step, int)
    n = max(0, -((start - stop) // step) if whole else math.ceil((stop - start) / step))
    if n and element.is_integer:
        for end in (start, start + (int(n) - 1) * step):
            fitting(name, end, element)
    target = work.result((int(n),), element)
    ramp(work, target, start, step)


def ramp(work: Work, target: Region, start: int | float, step: int | float) -> None:
    """start + i · step at place i of one axis, computed in 64 bits."""
    wide = Type.F64 if target.type.is_float else Type.U64 if target.type is Type.U64 else Type.I64
    if wide is Type.U64:
        step = int(step) % (1 << 64)
    out = target if target.view.flags.c_contiguous else work.new(target.shape, target.element)
    if out.view.size:
        work.launch(kernel_from(_RAMP, T=target.type, WIDE=wide), out, start, step, out.view.size)
    if out is not target:
        work.move(out, target)


def linspace(work: Work, call: Call) -> None:
    """num numbers from start to stop, evenly."""
    name = work.name
    ends = [_number(name, call.values[k]) for k in ("start", "stop")]
    start, stop = (float(e) for e in ends if e is not None)
    num = integer(name, "num", call.values["num"], 0)
    element = element_named(name, call.values["dtype"])
    if isinstance(element, Bool):
        raise ArgumentTypeError(f"{name}() gives numbers, not truth values; cure: dtype='f32'")
    target = work.result((num,), element)
    if not num:
        return
    steps = num - 1 if call.values["endpoint"] else num
    step = (stop - start) / steps if steps else 0.0
    last = num - 1 if call.values["endpoint"] and num > 1 else -1
    out = target if target.view.flags.c_contiguous else work.new(target.shape, element)
    rounded = "floor" if element.is_integer else "f64"
    kernel = kernel_from(_LINSPACE, T=element, ROUNDED=rounded)
    work.launch(kernel, out, start, step, stop, last, num)
    if out is not target:
        work.move(out, target)


def _number(name: str, value: Any) -> int | float | None:
    if isinstance(value, np.generic):
        value = value.item()
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ArgumentTypeError(f"{name}() takes numbers, not {type(value).__name__}")
    return value


def eye(work: Work, call: Call) -> None:
    """1 on a diagonal, 0 elsewhere."""
    n = integer(work.name, "n", call.values["n"], 0)
    m = n if call.values["m"] is None else integer(work.name, "m", call.values["m"], 0)
    k = integer(work.name, "k", call.values["k"])
    target = work.result((n, m), element_named(work.name, call.values["dtype"]))
    work.fill(target, 0)
    if -n < k < m:
        work.fill(target.seen(on_diagonal(target.view, k)), 1)


_SHAPE = {"shape": REQUIRED, "dtype": "f32"}
_COUNT = {"start": REQUIRED, "stop": None, "step": 1, "dtype": None}
ROWS: tuple[Maker, ...] = (
    Maker("zeros", _filled(0), "an array of 0", _SHAPE, "np.zeros(shape, dtype)"),
    Maker("ones", _filled(1), "an array of 1", _SHAPE, "np.ones(shape, dtype)"),
    Maker(
        "full",
        full,
        "an array of one number",
        {"shape": REQUIRED, "value": REQUIRED, "dtype": None},
        "np.full(shape, value, dtype)",
    ),
    Maker("arange", arange, "numbers from start, step by step, below stop", _COUNT, "np.arange(start, stop, step)"),
    Maker(
        "linspace",
        linspace,
        "num numbers from start to stop at even distances",
        {"start": REQUIRED, "stop": REQUIRED, "num": 50, "endpoint": True, "dtype": "f32"},
        "np.linspace(start, stop, num, endpoint)",
    ),
    Maker(
        "eye",
        eye,
        "a matrix with 1 on its k-th diagonal",
        {"n": REQUIRED, "m": None, "k": 0, "dtype": "f32"},
        "np.eye(n, m, k)",
        ("identity",),
    ),
)
LIKE: tuple[Maker, ...] = (
    Maker("zeros_like", _like(0), "0 in the shape of x", {"x": REQUIRED, "dtype": None}, "np.zeros_like(x)"),
    Maker("ones_like", _like(1), "1 in the shape of x", {"x": REQUIRED, "dtype": None}, "np.ones_like(x)"),
    Maker(
        "full_like",
        _like(None),
        "a number in the shape of x",
        {"x": REQUIRED, "value": REQUIRED, "dtype": None},
        "np.full_like(x, value)",
    ),
)
