"""Elements by index: take, put, scatter. Indices that do not exist are found before anything is written.

Programs never leave their arrays: an index is brought into range, whatever it is when they run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hologram.errors import ArgumentRangeError, ArgumentTypeError, ArgumentValueError
from hologram.frontend.promote import Bool
from hologram.ops import kinds
from hologram.ops.memory.row import REQUIRED, Row
from hologram.ops.operation import Call
from hologram.ops.texts import kernel_from
from hologram.ops.work import Region, Work, axis_of, element_named, fitting, integer
from hologram.types import Type

PLACES = {
    "raise": "min(max(k + size if k < 0 else k, 0), size - 1)",
    "clip": "min(max(k, 0), size - 1)",
    "wrap": "k % size",
}
"""Where an index points to, by mode; one that does not exist was refused before where mode is raise."""
_PLACE = """
@device
def place(k: i64, size: i64) -> i64:
    return PLACE

"""
_BOUNDS = """
@kernel
def index_bounds(indices: DeviceArray[INDEX], found: DeviceArray[i64], n: i64):
    i = get_global_id()
    if i < n:
        grid_min(i64(indices[i]), found, 0)
        grid_max(i64(indices[i]), found, 1)
"""
_TAKE = """
@kernel
def take(x: DeviceArray[T, 3], indices: DeviceArray[INDEX], out: DeviceArray[T, 3]):
    a, j, b = get_global_id(INNER), get_global_id(ALONG), get_global_id(2)
    if a < out.shape[2] and j < out.shape[1] and b < out.shape[0]:
        out[b, j, a] = x[b, place(i64(indices[j]), x.shape[1]), a]
"""
_TAKE_ALONG = """
@kernel
def take_along_axis(x: DeviceArray[T, 3], indices: DeviceArray[INDEX, 3], out: DeviceArray[T, 3]):
    a, j, b = get_global_id(INNER), get_global_id(ALONG), get_global_id(2)
    if a < out.shape[2] and j < out.shape[1] and b < out.shape[0]:
        out[b, j, a] = x[b, place(i64(indices[b, j, a]), x.shape[1]), a]
"""
_SCATTER = """
@kernel
def scatter(out: DeviceArray[T, 3], indices: DeviceArray[INDEX, 3], values: DeviceArray[T, 3]):
    a, b = get_global_id(INNER), get_global_id(OUTER)
    if a < indices.shape[2] and b < indices.shape[0]:
        for j in range(indices.shape[1]):
            k = place(i64(indices[b, j, a]), out.shape[1])
            out[b, k, a] ASSIGN values[b, j, a]
"""


def take(work: Work, call: Call) -> None:
    """Elements at indices along an axis."""
    source, indices = work.region(call.inputs[0]), _indices(work, call.inputs[1])
    mode, axis = _mode(work, call), call.values["axis"]
    if axis is None:
        source, axis = work.flat(source), 0
    axis = axis_of(work.name, axis, source.view.ndim)
    shape = (*source.shape[:axis], *indices.shape, *source.shape[axis + 1 :])
    chosen = work.flat(indices)
    check(work, indices, source.shape[axis], axis, mode)
    take_flat(work, source, chosen, axis, work.result(shape, source.element), mode)


def take_flat(work: Work, source: Region, indices: Region, axis: int, target: Region, mode: str) -> None:
    """Elements of the source at packed indices, put into a target in which those have their axis or axes."""
    if not target.view.size:
        return
    n = indices.view.size
    x = work.around(source, axis)
    shape = (x.shape[0], n, x.shape[2])
    out = target if target.view.flags.c_contiguous else work.new(target.shape, target.element)
    same = out if out.element == source.element else work.new(target.shape, source.element)
    work.launch(_gather(_TAKE, source, indices, mode, shape[2]), x, indices, same.seen(same.view.reshape(shape)))
    if same is not out:
        work.move(same, out)
    if out is not target:
        work.move(out, target)


def _gather(text: str, source: Region, indices: Region, mode: str, inner: int) -> Any:
    """Lanes go along the inner axis, along the indices where that has one element."""
    inside, along = ("0", "1") if inner > 1 else ("1", "0")
    return kernel_from(_PLACE + text, T=source.type, INDEX=indices.type, INNER=inside, ALONG=along, PLACE=PLACES[mode])


def take_along_axis(work: Work, call: Call) -> None:
    """Elements at indices of their own for each row along an axis."""
    source, indices = work.region(call.inputs[0]), _indices(work, call.inputs[1])
    mode, axis = _mode(work, call), call.values["axis"]
    if axis is None:
        source, indices, axis = work.flat(source), work.flat(indices), 0
    axis = axis_of(work.name, axis, source.view.ndim)
    source, indices = _aligned(work, source, indices, axis)
    check(work, indices, source.shape[axis], axis, mode)
    target = work.result(indices.shape, source.element)
    if not target.view.size:
        return
    x, chosen, out = (
        work.around(source, axis),
        work.around(indices, axis),
        work.around_out(target, axis, source.element),
    )
    work.launch(_gather(_TAKE_ALONG, source, indices, mode, out.shape[2]), x, chosen, out)
    work.back(out, target)


def _aligned(work: Work, source: Region, indices: Region, axis: int) -> tuple[Region, Region]:
    """Both with the same lengths on all axes but one."""
    if source.view.ndim != indices.view.ndim:
        raise ArgumentValueError(f"{work.name}(): x has {source.view.ndim} axes, indices {indices.view.ndim}")
    try:
        rest = np.broadcast_shapes(_without(source.shape, axis), _without(indices.shape, axis))
    except ValueError:
        raise ArgumentValueError(
            f"{work.name}(): the shapes {source.shape} and {indices.shape} do not broadcast beside axis {axis}"
        ) from None
    both = [(*rest[:axis], r.shape[axis], *rest[axis:]) for r in (source, indices)]
    first, second = (r.seen(np.broadcast_to(r.view, s)) for r, s in zip((source, indices), both, strict=True))
    return first, second


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def scatter(work: Work, call: Call) -> None:
    """A copy of x (or x itself, where it is out) with values put at indices along an axis."""
    _scatter(work, call, "=")


def scatter_add(work: Work, call: Call) -> None:
    """The same with values added, in the order of the indices."""
    _scatter(work, call, "+=")


def put_along_axis(work: Work, call: Call) -> None:
    """Values put into x itself."""
    _into(work, call)
    _scatter(work, call, "=")


def _into(work: Work, call: Call) -> None:
    """The result is x."""
    if call.out is not None and call.out is not call.inputs[0]:
        raise ArgumentTypeError(f"{work.name}() writes into its first argument; leave out= away")
    work.writes(call.inputs[0])


def _scatter(work: Work, call: Call, assign: str) -> None:
    source, indices = work.region(call.inputs[0]), _indices(work, call.inputs[1])
    mode, axis = _mode(work, call), call.values["axis"]
    target = work.result(source.shape, source.element, in_place=True)
    values = _values(work, call.inputs[2], target)
    axis = axis_of(work.name, axis, source.view.ndim)
    if indices.view.ndim != source.view.ndim:
        raise ArgumentValueError(f"{work.name}(): x has {source.view.ndim} axes, indices {indices.view.ndim}")
    check(work, indices, source.shape[axis], axis, mode)
    rest = _without(source.shape, axis)
    shape = (*rest[:axis], indices.shape[axis], *rest[axis:])
    chosen, values = (_spread(work, r, shape) for r in (indices, values))
    if target.owner is not call.inputs[0]:
        work.move(source, target)
    scatter_into(work, target, chosen, values, axis, mode, assign)


def _spread(work: Work, region: Region, shape: tuple[int, ...]) -> Region:
    try:
        return region.seen(np.broadcast_to(region.view, shape))
    except ValueError:
        raise ArgumentValueError(f"{work.name}(): shape {region.shape} does not broadcast to {shape}") from None


def scatter_into(
    work: Work, target: Region, indices: Region, values: Region, axis: int, mode: str, assign: str
) -> None:
    """Write values at indices of a target; where indices meet, the order along the axis decides."""
    if not indices.view.size:
        return
    if values.element != target.element:
        converted = work.new(values.shape, target.element)
        work.move(values, converted)
        values = converted
    out = work.around(target, axis)
    chosen, given = work.around(indices, axis), work.around(values, axis)
    inside, outside = ("0", "1") if out.shape[2] > 1 else ("1", "0")
    if isinstance(target.element, Bool) and assign == "+=":
        assign = "|="
    axes = {"INNER": inside, "OUTER": outside}
    kernel = kernel_from(
        _PLACE + _SCATTER, T=target.type, INDEX=indices.type, PLACE=PLACES[mode], ASSIGN=assign, **axes
    )
    work.launch(kernel, out, chosen, given)
    work.back(out, target)


def put(work: Work, call: Call) -> None:
    """Values put into x itself at places counted through it in C order."""
    _into(work, call)
    target, indices = work.region(call.inputs[0]), _indices(work, call.inputs[1])
    mode = _mode(work, call)
    values = _values(work, call.inputs[2], target)
    check(work, indices, target.view.size, 0, mode)
    chosen, given = work.flat(indices), work.flat(values)
    n, have = chosen.view.size, given.view.size
    if n and not have:
        raise ArgumentValueError(f"{work.name}(): there are no values for {n} indices")
    flat = work.flat(target)
    for start in range(0, n, max(have, 1)):  # values are repeated, as in NumPy
        count = min(have, n - start)
        here = chosen.seen(chosen.view[start : start + count])
        scatter_into(work, flat, here, given.seen(given.view[:count]), 0, mode, "=")
    if flat.owner is not target.owner:
        work.move(flat.seen(flat.view.reshape(target.shape)), target)


def _values(work: Work, values: Any, target: Region) -> Region:
    """Values to put: an array, or a number as an array of one element."""
    if not kinds.is_scalar(values):
        return work.region(values)
    number = fitting(work.name, values, target.element)
    made = work.new((1,) * target.view.ndim, target.element)
    work.fill(made, bool(number) if isinstance(target.element, Bool) else number)
    return made


def _indices(work: Work, value: Any) -> Region:
    """Integers; a Python number or a list of numbers is none of the arrays that kinds know, so it becomes one."""
    if isinstance(value, int) and not isinstance(value, bool):
        region = work.new((), Type.I64)
        work.fill(region, value)
        return region
    region = work.region(value)
    if isinstance(region.element, Bool) or region.element.is_float:
        cure = "compress(mask, x)" if isinstance(region.element, Bool) else "indices.astype(np.int64)"
        raise ArgumentTypeError(f"{work.name}(): indices are integers, not {region.element!r}; cure: {cure}")
    return region


def _mode(work: Work, call: Call) -> str:
    mode = call.values["mode"]
    if mode not in PLACES:
        raise ArgumentValueError(f"{work.name}(): mode is one of {', '.join(PLACES)}, not {mode!r}")
    return str(mode)


def check(work: Work, indices: Region, size: int, axis: int, mode: str) -> None:
    """Refuse indices that do not exist; raises ArgumentRangeError, which is an IndexError."""
    if not indices.view.size:
        return
    if not size:
        raise ArgumentRangeError(f"{work.name}(): axis {axis} is empty, there is nothing to index")
    if mode != "raise":
        return
    packed = work.flat(indices)
    found = work.new((2,), Type.I64)
    work.launch(kernel_from(_BOUNDS, INDEX=indices.type), packed, found, packed.view.size)
    work.now()
    for index in found.view.tolist():
        if not -size <= index < size:
            raise ArgumentRangeError(f"{work.name}(): index {index} is out of bounds for axis {axis} with size {size}")


def one_hot(work: Work, call: Call) -> None:
    """1 at an index, 0 elsewhere, along a new last axis."""
    indices = _indices(work, call.inputs[0])
    classes = integer(work.name, "num_classes", call.values["num_classes"], 1)
    check(work, indices, classes, indices.view.ndim, "raise")
    element = element_named(work.name, call.values["dtype"])
    target = work.result((*indices.shape, classes), element)
    if not target.view.size:
        return
    work.fill(target, 0)
    ones = work.new((indices.view.size, 1), element)
    work.fill(ones, 1)
    flat = work.flat(indices)
    out = target if target.view.flags.c_contiguous else work.new(target.shape, element)
    if out is not target:
        work.fill(out, 0)
    rows = (indices.view.size, classes)
    scatter_into(work, out.seen(out.view.reshape(rows)), flat.seen(flat.view[:, np.newaxis]), ones, 1, "raise", "=")
    if out is not target:
        work.move(out, target)


_AXIS = {"axis": None, "mode": "raise"}
ROWS: tuple[Row, ...] = (
    Row(
        "take",
        ("x", "indices"),
        take,
        "elements at indices along an axis, or counted through x; negative ones count from the end; mode is raise, "
        "clip or wrap",
        _AXIS,
        ("index_select",),
        numpy="np.take(x, indices, axis, mode=mode)",
        reads_values=True,
    ),
    Row(
        "take_along_axis",
        ("x", "indices"),
        take_along_axis,
        "elements at indices that each row along an axis has of its own",
        {"axis": -1, "mode": "raise"},
        ("gather", "take_along_dim"),
        numpy="np.take_along_axis(x, indices, axis)",
        reads_values=True,
    ),
    Row(
        "scatter",
        ("x", "indices", "values"),
        scatter,
        "x with values put at indices along an axis; where indices meet, the last one stays",
        {"axis": -1, "mode": "raise"},
        numpy="np.put_along_axis(x, indices, values, axis)",
        reads_values=True,
    ),
    Row(
        "scatter_add",
        ("x", "indices", "values"),
        scatter_add,
        "x with values added at indices along an axis, in the order of the indices on every machine",
        {"axis": -1, "mode": "raise"},
        numpy="np.add.at(x, indices, values)",
        reads_values=True,
    ),
    Row(
        "put_along_axis",
        ("x", "indices", "values"),
        put_along_axis,
        "values put into x itself at indices along an axis",
        {"axis": REQUIRED, "mode": "raise"},
        numpy="np.put_along_axis(x, indices, values, axis)",
        reads_values=True,
    ),
    Row(
        "put",
        ("x", "indices", "values"),
        put,
        "values put into x itself at indices counted through it; they are repeated where there are fewer",
        {"mode": "raise"},
        numpy="np.put(x, indices, values, mode)",
        reads_values=True,
    ),
    Row(
        "one_hot",
        ("x",),
        one_hot,
        "1 at each index and 0 elsewhere, along a new last axis",
        {"num_classes": REQUIRED, "dtype": "f32"},
        numpy="np.eye(num_classes)[x]",
        reads_values=True,
    ),
)
