"""Operations that only say where elements go: each is copies between parts of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.ops import dtypes
from hologram.ops.elementwise import flat
from hologram.ops.memory.row import REQUIRED, Row
from hologram.ops.operation import Call
from hologram.ops.texts import kernel_from
from hologram.ops.work import Region, Work, axis_of, element_named, fitting, integer, lengths

_TRIANGLE = """
@kernel
def triangle(x: DeviceArray[T, 3], out: DeviceArray[T, 3], k: i64):
    column, row, matrix = get_global_id(0), get_global_id(1), get_global_id(2)
    if column < out.shape[2] and row < out.shape[1] and matrix < out.shape[0]:
        out[matrix, row, column] = x[matrix, row, column] if column - row KEEPS k else 0
"""
PAD_MODES = ("constant", "edge", "reflect", "wrap")


def copy(work: Work, call: Call) -> None:
    """The elements in new memory, or converted into out."""
    source = work.region(call.inputs[0])
    if not call.original:
        work.move(source, work.result(source.shape, source.element, converts=True))
        return
    target = work.region(call.out)
    n = call.sizes.get("n")
    if n is None and source.view.size != target.view.size:
        raise ArgumentValueError(
            f"{work.name}(): the arrays have {source.view.size} and {target.view.size} elements; give n= for less"
        )
    count = source.view.size if n is None else integer(work.name, "n", n, 0)
    if count > min(source.view.size, target.view.size):
        raise ArgumentValueError(
            f"{work.name}(): n is {count}, the arrays have {source.view.size} and {target.view.size} elements"
        )
    first, second = (r.seen(flat(work.name, r.view)[:count]) for r in (source, target))
    work.move(first, second)


def astype(work: Work, call: Call) -> None:
    """The elements as another type."""
    source = work.region(call.inputs[0])
    work.move(source, work.result(source.shape, element_named(work.name, call.values["dtype"])))


def seen(work: Work, source: Region, view: Any) -> None:
    """The result is a copy of what a view shows."""
    work.move(source.seen(view), work.result(view.shape, source.element))


def transpose(work: Work, call: Call) -> None:
    """Axes in another order."""
    source, axes = work.region(call.inputs[0]), call.values["axes"]
    ndim = source.view.ndim
    if axes is not None:
        axes = [axis_of(work.name, a, ndim) for a in (axes if isinstance(axes, list | tuple) else (axes,))]
        if sorted(axes) != list(range(ndim)):
            raise ArgumentValueError(f"{work.name}(): axes {tuple(axes)} are not each of the {ndim} axes once")
    seen(work, source, source.view.transpose(axes))


def flip(work: Work, call: Call) -> None:
    """Backwards along axes."""
    source = work.region(call.inputs[0])
    turned = _axes(work.name, call.values["axis"], source.view.ndim)
    steps = tuple(slice(None, None, -1 if k in turned else 1) for k in range(source.view.ndim))
    seen(work, source, source.view[steps])


def _axes(name: str, axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, list | tuple) else (axis,)
    return tuple(axis_of(name, a, ndim) for a in given)


def broadcast_to(work: Work, call: Call) -> None:
    """Repeated along axes until it has a shape."""
    source, shape = work.region(call.inputs[0]), lengths(work.name, call.values["shape"])
    try:
        view = np.broadcast_to(source.view, shape)
    except ValueError:
        raise ArgumentValueError(f"{work.name}(): shape {source.shape} does not broadcast to {shape}") from None
    seen(work, source, view)


def roll(work: Work, call: Call) -> None:
    """Shifted along axes, what leaves at one end coming in at the other."""
    source, shift, axis = work.region(call.inputs[0]), call.values["shift"], call.values["axis"]
    target = work.result(source.shape, source.element)
    if axis is None:
        whole = work.flat(source)
        made = target if target.view.flags.c_contiguous else work.new(target.shape, target.element)
        _rolled(work, whole, made.seen(made.view.reshape(-1)), {0: integer(work.name, "shift", shift)})
        if made is not target:
            work.move(made, target)
        return
    axes = axis if isinstance(axis, list | tuple) else (axis,)
    shifts = shift if isinstance(shift, list | tuple) else (shift,) * len(axes)
    if len(shifts) != len(axes):
        raise ArgumentValueError(f"{work.name}(): {len(shifts)} shifts for {len(axes)} axes")
    by: dict[int, int] = {}
    for one, s in zip(axes, shifts, strict=True):
        place = axis_of(work.name, one, source.view.ndim)
        by[place] = by.get(place, 0) + integer(work.name, "shift", s)
    _rolled(work, source, target, by)


def _rolled(work: Work, source: Region, target: Region, by: dict[int, int]) -> None:
    """Each axis falls into two parts that change places."""
    parts = []
    for axis, length in enumerate(source.shape):
        s = by.get(axis, 0) % max(length, 1)
        here = [(slice(0, length - s), slice(s, length))]
        parts.append([*here, (slice(length - s, length), slice(0, s))] if s else here)
    for chosen in product(*parts):
        old, new = tuple(o for o, _ in chosen), tuple(n for _, n in chosen)
        work.move(source.seen(source.view[old]), target.seen(target.view[new]))


def concatenate(work: Work, call: Call) -> None:
    """Arrays one behind the other along an axis."""
    regions = _regions(work, call.inputs[0])
    if call.values["axis"] is None:
        regions = [work.flat(r) for r in regions]
    ndim = regions[0].view.ndim
    if ndim == 0:
        raise ArgumentValueError(f"{work.name}(): arrays without axes cannot be put together; cure: stack")
    axis = 0 if call.values["axis"] is None else axis_of(work.name, call.values["axis"], ndim)
    rest = [r.shape[:axis] + r.shape[axis + 1 :] for r in regions]
    if len({r.view.ndim for r in regions}) > 1 or len(set(rest)) > 1:
        listed = ", ".join(str(r.shape) for r in regions)
        raise ArgumentValueError(f"{work.name}(): the shapes {listed} differ on more than axis {axis}")
    shape = (*regions[0].shape[:axis], sum(r.shape[axis] for r in regions), *regions[0].shape[axis + 1 :])
    target = work.result(shape, dtypes.promoted(work.name, [r.element for r in regions]))
    start = 0
    for region in regions:
        end = start + region.shape[axis]
        work.move(region, target.seen(target.view[(slice(None),) * axis + (slice(start, end),)]))
        start = end


def stack(work: Work, call: Call) -> None:
    """Arrays of one shape along a new axis."""
    regions = _regions(work, call.inputs[0])
    if len({r.shape for r in regions}) > 1:
        listed = ", ".join(str(r.shape) for r in regions)
        raise ArgumentValueError(f"{work.name}(): the shapes {listed} are not one")
    axis = axis_of(work.name, call.values["axis"], regions[0].view.ndim + 1)
    shape = (*regions[0].shape[:axis], len(regions), *regions[0].shape[axis:])
    target = work.result(shape, dtypes.promoted(work.name, [r.element for r in regions]))
    for k, region in enumerate(regions):
        place = (slice(None),) * axis + (slice(k, k + 1),)
        work.move(region, target.seen(target.view[place].reshape(region.shape)))


def _regions(work: Work, arrays: Any) -> list[Region]:
    if not isinstance(arrays, list | tuple) or not arrays:
        raise ArgumentTypeError(f"{work.name}() takes a list or tuple of arrays, at least one")
    return [work.region(a) for a in arrays]


def repeat(work: Work, call: Call) -> None:
    """Each element several times in a row."""
    source, axis = work.region(call.inputs[0]), call.values["axis"]
    times = integer(work.name, "repeats", call.values["repeats"], 0)
    if axis is None:
        source, axis = work.flat(source), 0
    axis = axis_of(work.name, axis, source.view.ndim)
    shape = source.shape
    target = work.result((*shape[:axis], shape[axis] * times, *shape[axis + 1 :]), source.element)
    if target.view.size:
        apart = _split(target.view, axis, (shape[axis], times))
        work.move(source.seen(np.expand_dims(source.view, axis + 1)), target.seen(apart))


def tile(work: Work, call: Call) -> None:
    """The array several times along each axis."""
    source, reps = work.region(call.inputs[0]), call.values["reps"]
    times = lengths(work.name, reps)
    ndim = max(source.view.ndim, len(times))
    times = (1,) * (ndim - len(times)) + times
    shape = (1,) * (ndim - source.view.ndim) + source.shape
    target = work.result(tuple(t * n for t, n in zip(times, shape, strict=True)), source.element)
    if not target.view.size:
        return
    apart, view = target.view, source.view.reshape(shape)
    for axis in reversed(range(ndim)):
        apart = _split(apart, axis, (times[axis], shape[axis]))
        view = np.expand_dims(view, axis)
    work.move(source.seen(view), target.seen(apart))


def _split(view: Any, axis: int, parts: tuple[int, int]) -> Any:
    """An axis seen as two."""
    stride = view.strides[axis]
    return np.lib.stride_tricks.as_strided(
        view,
        (*view.shape[:axis], *parts, *view.shape[axis + 1 :]),
        (*view.strides[:axis], stride * parts[1], stride, *view.strides[axis + 1 :]),
        writeable=view.flags.writeable,
    )


def pad(work: Work, call: Call) -> None:
    """Wider on all sides: filled with a number, or with what mode makes of the array's own elements."""
    source, mode = work.region(call.inputs[0]), call.values["mode"]
    if mode not in PAD_MODES:
        raise ArgumentValueError(f"{work.name}(): mode is one of {', '.join(PAD_MODES)}, not {mode!r}")
    widths = _widths(work.name, call.values["pad_width"], source.view.ndim)
    shape = tuple(n + before + after for n, (before, after) in zip(source.shape, widths, strict=True))
    target = work.result(shape, source.element)
    value = fitting(work.name, call.values["constant_values"], source.element)
    parts = [_padded(work.name, mode, n, *w) for n, w in zip(source.shape, widths, strict=True)]
    for chosen in product(*parts):
        place = target.seen(target.view[tuple(new for _, new in chosen)])
        if any(old is None for old, _ in chosen):
            work.fill(place, value)
        else:
            work.move(source.seen(source.view[tuple(old for old, _ in chosen)]), place)


def _padded(name: str, mode: str, n: int, before: int, after: int) -> list[tuple[slice | None, slice]]:
    """The parts of an axis: where the elements come from (None: filled), and where they go."""
    reach = {"constant": before + after, "edge": 1 if n else 0, "reflect": n - 1, "wrap": n}[mode]
    if mode != "constant" and max(before, after) and (reach <= 0 or (mode != "edge" and max(before, after) > reach)):
        raise ArgumentValueError(
            f"{name}(): {max(before, after)} elements of padding; mode {mode!r} has {max(reach, 0)}"
        )
    low = {
        "constant": None,
        "edge": slice(0, 1),
        "reflect": slice(before, 0, -1),
        "wrap": slice(n - before, n),
    }[mode]
    high = {
        "constant": None,
        "edge": slice(n - 1, n),
        "reflect": slice(n - 2, n - 2 - after if n - 2 - after >= 0 else None, -1),
        "wrap": slice(0, after),
    }[mode]
    parts: list[tuple[slice | None, slice]] = [(slice(0, n), slice(before, before + n))]
    parts += [(low, slice(0, before))] if before else []
    parts += [(high, slice(before + n, before + n + after))] if after else []
    return parts


def _widths(name: str, given: Any, ndim: int) -> list[tuple[int, int]]:
    """Padding before and behind each axis: a number, a pair, or a pair for each axis."""
    if not isinstance(given, list | tuple):
        given = (given, given)
    if all(not isinstance(one, list | tuple) for one in given):
        if len(given) == 1:
            given = (given[0], given[0])
        given = (given,) * ndim
    if len(given) == 1:
        given = tuple(given) * ndim
    if len(given) != ndim or any(len(pair) != 2 for pair in given):
        raise ArgumentValueError(f"{name}(): pad_width is a number, a pair, or a pair for each of the {ndim} axes")
    return [(integer(name, "padding", b, 0), integer(name, "padding", a, 0)) for b, a in given]


def diagonal(work: Work, call: Call) -> None:
    """What lies on a diagonal of two axes."""
    source = work.region(call.inputs[0])
    if source.view.ndim < 2:
        raise ArgumentValueError(f"{work.name}() takes two axes or more, got shape {source.shape}")
    first, second = (axis_of(work.name, call.values[k], source.view.ndim) for k in ("axis1", "axis2"))
    if first == second:
        raise ArgumentValueError(f"{work.name}(): axis1 and axis2 are both {first}")
    seen(work, source, source.view.diagonal(integer(work.name, "offset", call.values["offset"]), first, second))


def diag(work: Work, call: Call) -> None:
    """The diagonal of a matrix, or a matrix with a diagonal."""
    source, k = work.region(call.inputs[0]), integer(work.name, "k", call.values["k"])
    if source.view.ndim not in (1, 2):
        raise ArgumentValueError(f"{work.name}() takes one or two axes, got shape {source.shape}")
    if source.view.ndim == 2:
        seen(work, source, source.view.diagonal(k))
        return
    n = source.shape[0] + abs(k)
    target = work.result((n, n), source.element)
    work.fill(target, 0)
    work.move(source, target.seen(on_diagonal(target.view, k)))


def tril(work: Work, call: Call) -> None:
    """What lies on and below a diagonal of matrices, 0 above."""
    _triangle(work, call, "<=")


def triu(work: Work, call: Call) -> None:
    """What lies on and above a diagonal of matrices, 0 below."""
    _triangle(work, call, ">=")


def _triangle(work: Work, call: Call, keeps: str) -> None:
    source, k = work.region(call.inputs[0]), integer(work.name, "k", call.values["k"])
    if source.view.ndim < 2:
        raise ArgumentValueError(f"{work.name}() takes two axes or more, got shape {source.shape}")
    target = work.result(source.shape, source.element)
    if not target.view.size:
        return
    matrices, out = work.planes(source), work.planes_out(target, source.element)
    work.launch(kernel_from(_TRIANGLE, T=source.type, KEEPS=keeps), matrices, out, k)
    work.back(out, target)


def on_diagonal(view: Any, k: int) -> Any:
    """The k-th diagonal of a matrix, to be written."""
    start = view[:, k:] if k >= 0 else view[-k:]
    count = min(start.shape)
    return np.lib.stride_tricks.as_strided(start, (count,), (sum(start.strides),), writeable=view.flags.writeable)


def _row(name: str, build: Any, meaning: str, numpy: str, aliases: Sequence[str] = (), **parameters: Any) -> Row:
    return Row(name, ("x",), build, meaning, parameters, tuple(aliases), numpy=numpy)


ROWS: tuple[Row, ...] = (
    Row(
        "copy",
        ("x",),
        copy,
        "a copy, converted where out has another type",
        {},
        ("clone", "ascontiguousarray"),
        ("n",),
        numpy="np.array(x)",
    ),
    _row(
        "astype",
        astype,
        "x as another type; floats saturate in integers, NaN gives 0",
        "x.astype(dtype)",
        dtype=REQUIRED,
    ),
    _row(
        "transpose",
        transpose,
        "a copy with axes in another order",
        "np.transpose(x, axes)",
        ("permute", "permute_dims"),
        axes=None,
    ),
    _row("flip", flip, "x backwards along axes, along all if there is none", "np.flip(x, axis)", axis=None),
    _row(
        "broadcast_to",
        broadcast_to,
        "x repeated until it has a shape",
        "np.broadcast_to(x, shape)",
        ("expand",),
        shape=REQUIRED,
    ),
    _row(
        "roll",
        roll,
        "x shifted along axes, or as one row, end to end",
        "np.roll(x, shift, axis)",
        shift=REQUIRED,
        axis=None,
    ),
    Row(
        "concatenate",
        ("arrays",),
        concatenate,
        "arrays one behind the other",
        {"axis": 0},
        ("concat", "cat"),
        numpy="np.concatenate(arrays, axis)",
    ),
    Row("stack", ("arrays",), stack, "arrays along a new axis", {"axis": 0}, numpy="np.stack(arrays, axis)"),
    _row(
        "repeat",
        repeat,
        "each element several times in a row",
        "np.repeat(x, repeats, axis)",
        ("repeat_interleave",),
        repeats=REQUIRED,
        axis=None,
    ),
    _row("tile", tile, "x several times along each axis", "np.tile(x, reps)", reps=REQUIRED),
    _row(
        "pad",
        pad,
        "x made wider; mode is constant, edge, reflect or wrap",
        "np.pad(x, pad_width, mode)",
        pad_width=REQUIRED,
        mode="constant",
        constant_values=0,
    ),
    _row(
        "diagonal",
        diagonal,
        "what lies on a diagonal of two axes",
        "np.diagonal(x, offset, axis1, axis2)",
        offset=0,
        axis1=0,
        axis2=1,
    ),
    _row("diag", diag, "the diagonal of a matrix, or a matrix with x on its diagonal", "np.diag(x, k)", k=0),
    _row("tril", tril, "matrices with 0 above the k-th diagonal", "np.tril(x, k)", k=0),
    _row("triu", triu, "matrices with 0 below the k-th diagonal", "np.triu(x, k)", k=0),
)
