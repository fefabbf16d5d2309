"""Order: stable sorting by merging, each element finding its place by bisection; search, and distinct elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.ops import dtypes
from hologram.ops.memory.indexing import take_flat
from hologram.ops.memory.row import Row
from hologram.ops.memory.selecting import places
from hologram.ops.operation import Call
from hologram.ops.texts import kernel_from
from hologram.ops.work import Region, Work, axis_of
from hologram.types import Type

_BEFORE = """
@device
def before(u: T, v: T) -> bool:
    return BEFORE

@device
def left_of(a: DeviceArray[T, 2], row: i64, first: i64, end: i64, value: T) -> i64:
    low, high = first, end
    while low < high:
        middle = (low + high) // 2
        if before(a[row, middle], value):
            low = middle + 1
        else:
            high = middle
    return low

@device
def right_of(a: DeviceArray[T, 2], row: i64, first: i64, end: i64, value: T) -> i64:
    low, high = first, end
    while low < high:
        middle = (low + high) // 2
        if before(value, a[row, middle]):
            high = middle
        else:
            low = middle + 1
    return low

"""
_MERGE = """
@kernel
def merge(a: DeviceArray[T, 2], order: DeviceArray[i64, 2],
          b: DeviceArray[T, 2], moved: DeviceArray[i64, 2], width: i64):
    i, row = get_global_id(0), get_global_id(1)
    if i < a.shape[1] and row < a.shape[0]:
        start = i // (2 * width) * (2 * width)
        middle, end = min(start + width, a.shape[1]), min(start + 2 * width, a.shape[1])
        value = a[row, i]
        if i < middle:
            place = i + left_of(a, row, middle, end, value) - middle
        else:
            place = i - middle + right_of(a, row, start, middle, value)
        b[row, place] = value
        moved[row, place] = order[row, i]
"""
_SEARCH = """
@kernel
def search(a: DeviceArray[T, 2], values: DeviceArray[T], out: DeviceArray[i64], n: i64):
    i = get_global_id()
    if i < n:
        out[i] = SIDE(a, 0, 0, a.shape[1], values[i])
"""
_COUNT = """
@kernel
def count(order: DeviceArray[i64, 2]):
    i, row = get_global_id(0), get_global_id(1)
    if i < order.shape[1] and row < order.shape[0]:
        order[row, i] = i
"""
_CHANGES = """
@kernel
def changes(a: DeviceArray[T], out: DeviceArray[u8], n: i64):
    i = get_global_id()
    if i < n:
        out[i] = u8(1) if i == 0 or before(a[max(i - 1, 0)], a[i]) else u8(0)
"""


def _texts(type: Type) -> str:
    """The functions that compare: NaN is behind all numbers, as in NumPy."""
    order = "u < v or (u == u and v != v)" if type.is_float else "u < v"
    return _BEFORE.replace("BEFORE", order)


def _sorted(work: Work, source: Region, axis: int) -> tuple[Region, Region]:
    """Rows along an axis in order, and where each element was; both with that axis last."""
    moved = np.moveaxis(source.view, axis, -1)
    n = moved.shape[-1]
    rows = (moved.size // n if n else 0, n)
    keys = work.new(moved.shape, source.element)
    work.move(source.seen(moved), keys)
    values = [keys.seen(keys.view.reshape(rows)), work.new(rows, source.element)]
    orders = [work.new(rows, Type.I64), work.new(rows, Type.I64)]
    if not moved.size:
        return keys, orders[0].seen(orders[0].view.reshape(moved.shape))
    work.launch(kernel_from(_COUNT), orders[0])
    kernel = kernel_from(_texts(source.type) + _MERGE, T=source.type)
    width = 1
    while width < n:
        work.launch(kernel, values[0], orders[0], values[1], orders[1], width)
        values.reverse()
        orders.reverse()
        width *= 2
    first, second = (r.seen(r.view.reshape(moved.shape)) for r in (values[0], orders[0]))
    return first, second


def _ordered(work: Work, call: Call, index: bool) -> None:
    source, axis = work.region(call.inputs[0]), call.values["axis"]
    if axis is None:
        source, axis = work.flat(source), 0
    axis = axis_of(work.name, axis, source.view.ndim)
    made = _sorted(work, source, axis)[index]
    target = work.result(source.shape, Type.I64 if index else source.element)
    work.move(made.seen(np.moveaxis(made.view, -1, axis)), target)


def sort(work: Work, call: Call) -> None:
    """Elements in order along an axis."""
    _ordered(work, call, False)


def argsort(work: Work, call: Call) -> None:
    """The indices that put elements in order."""
    _ordered(work, call, True)


def searchsorted(work: Work, call: Call) -> None:
    """Where values belong in an array that is in order."""
    ordered, values = (work.region(v) for v in call.inputs)
    side = call.values["side"]
    if side not in ("left", "right"):
        raise ArgumentValueError(f"{work.name}(): side is left or right, not {side!r}")
    if ordered.view.ndim != 1:
        raise ArgumentValueError(f"{work.name}() searches an array of one axis, got shape {ordered.shape}")
    if ordered.element != values.element:
        cure = f"values.astype({dtypes.dtype_of(ordered.element).name!r})"
        raise ArgumentTypeError(f"{work.name}() got {ordered.element!r} and {values.element!r}; cure: {cure}")
    target = work.result(values.shape, Type.I64)
    if not target.view.size:
        return
    flat, out = work.flat(values), work.new((target.view.size,), Type.I64)
    a = ordered.seen(ordered.view[np.newaxis])
    kernel = kernel_from(_texts(ordered.type) + _SEARCH, T=ordered.type, SIDE=f"{side}_of")
    work.launch(kernel, a, flat, out, out.view.size)
    work.move(out.seen(out.view.reshape(target.shape)), target)


def unique(work: Work, call: Call) -> None:
    """The different elements, in order; NaN is one of them."""
    flat = work.flat(work.region(call.inputs[0]))
    values = _sorted(work, flat, 0)[0] if flat.view.size else flat
    changes = work.new(values.shape, Type.U8)
    if values.view.size:
        kernel = kernel_from(_texts(values.type) + _CHANGES, T=values.type)
        work.launch(kernel, values, changes, values.view.size)
    found = places(work, changes)
    take_flat(work, values, found, 0, work.result(found.shape, values.element), "clip")


def _row(name: str, inputs: tuple[str, ...], build: Any, meaning: str, numpy: str, **parameters: Any) -> Row:
    return Row(name, inputs, build, meaning, parameters, numpy=numpy, reads_values=name == "unique")


ROWS: tuple[Row, ...] = (
    _row("sort", ("x",), sort, "x in order along an axis, NaN last", "np.sort(x, axis)", axis=-1),
    _row(
        "argsort",
        ("x",),
        argsort,
        "the indices that put x in order, equal elements as they are",
        "np.argsort(x, axis, stable=True)",
        axis=-1,
    ),
    _row(
        "searchsorted",
        ("x", "values"),
        searchsorted,
        "where values belong in an array x that is in order",
        "np.searchsorted(x, values, side)",
        side="left",
    ),
    _row("unique", ("x",), unique, "the different elements of x in order", "np.unique(x)"),
)
