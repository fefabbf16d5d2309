"""Elements that fulfil a condition: their places, counted chunk by chunk and then written, in order."""

from __future__ import annotations

from typing import Any

from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.isa.templates.formula import Mode, Source
from hologram.ops.elementwise import Meaning, kernel_of
from hologram.ops.memory.indexing import take_flat
from hologram.ops.memory.row import Moved, Row
from hologram.ops.operation import Call
from hologram.ops.texts import kernel_from
from hologram.ops.work import Region, Work, axis_of
from hologram.types import Type

CHUNK = 1024
"""Elements that one lane counts."""
_COUNT = """
@kernel
def count_chunks(x: DeviceArray[T], counts: DeviceArray[i64], n: i64, chunks: i64):
    c = get_global_id()
    if c < chunks:
        found = i64(0)
        for k in range(c * CHUNK, min(c * CHUNK + CHUNK, n)):
            if x[k] != 0:
                found += 1
        counts[c] = found
"""
_STARTS = """
@kernel
def starts(counts: DeviceArray[i64], chunks: i64, lanes: i64):
    i = get_global_id()
    if i < lanes:
        before = i64(0)
        for c in range(chunks):
            found = counts[c]
            counts[c] = before
            before += found
        counts[chunks] = before
"""
_PLACES = """
@kernel
def places(x: DeviceArray[T], starts: DeviceArray[i64], out: DeviceArray[i64], n: i64, chunks: i64):
    c = get_global_id()
    if c < chunks:
        at = starts[c]
        for k in range(c * CHUNK, min(c * CHUNK + CHUNK, n)):
            if x[k] != 0:
                out[at] = k
                at += 1
"""


def places(work: Work, condition: Region) -> Region:
    """The places in C order at which elements are not 0; how many there are is read by the host."""
    flat = work.flat(condition)
    n = flat.view.size
    chunks = -(-n // CHUNK)
    counts = work.new((chunks + 1,), Type.I64)
    if chunks:
        words: dict[str, Type | str] = {"T": flat.type, "CHUNK": str(CHUNK)}
        work.launch(kernel_from(_COUNT, **words), flat, counts, n, chunks)
        work.launch(kernel_from(_STARTS), counts, chunks, 1)
    else:
        work.fill(counts, 0)
    work.now()
    out = work.new((int(counts.view[chunks]),), Type.I64)
    if out.view.size:
        work.launch(kernel_from(_PLACES, **words), flat, counts, out, n, chunks)
    return out


def flatnonzero(work: Work, call: Call) -> None:
    """Places counted through x."""
    found = places(work, work.region(call.inputs[0]))
    work.move(found, work.result(found.shape, Type.I64))


def argwhere(work: Work, call: Call) -> None:
    """A row of indices for each element."""
    _indices(work, work.region(call.inputs[0]), across=True)


def nonzero(work: Work, call: Call) -> None:
    """A row of indices for each axis."""
    _indices(work, work.region(call.inputs[0]), across=False)


def _indices(work: Work, condition: Region, across: bool) -> None:
    found = places(work, condition)
    n, ndim = found.view.size, condition.view.ndim
    target = work.result((n, ndim) if across else (ndim, n), Type.I64)
    step = condition.view.size
    for axis, length in enumerate(condition.shape):
        if not n:
            return
        step //= length
        row = target.seen(target.view[:, axis] if across else target.view[axis])
        _index(work, found, row, step, length)


def _index(work: Work, places: Region, row: Region, step: int, length: int) -> None:
    """The index on one axis: places divided by what the axis steps over, modulo its length."""
    meaning = Meaning(("REM", ("DIV", "x", "y"), "z"), Type.I64, Type.I64, Type.I64)
    packed = row if row.view.flags.c_contiguous else work.new(row.shape, Type.I64)
    numbers = (Source(Type.I64, Mode.NUMBER),) * 2
    kernel = kernel_of("index", meaning, (Source(Type.I64), *numbers), Type.I64, 1)
    work.launch(kernel, places, step, length, packed, packed.view.size)
    if packed is not row:
        work.move(packed, row)


class NonZero(Moved):
    """`nonzero`, which gives an array for each axis."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        found = super().__call__(*args, **kwargs)
        return None if found is None else tuple(found[k] for k in range(found.shape[0]))


def compress(work: Work, call: Call) -> None:
    """What a one-dimensional condition keeps along an axis."""
    condition, source = (work.region(v) for v in call.inputs)
    axis = call.values["axis"]
    if condition.view.ndim != 1:
        raise ArgumentValueError(f"{work.name}(): condition has one axis, not shape {condition.shape}; cure: select")
    if axis is None:
        source, axis = work.flat(source), 0
    axis = axis_of(work.name, axis, source.view.ndim)
    if condition.view.size > source.shape[axis]:
        raise ArgumentValueError(
            f"{work.name}(): condition has {condition.view.size} elements, axis {axis} only {source.shape[axis]}"
        )
    _kept(work, condition, source, axis)


def select(work: Work, call: Call) -> None:
    """What a mask keeps, as `x[mask]`."""
    source, mask = (work.region(v) for v in call.inputs)
    if mask.view.dtype.kind != "b":
        raise ArgumentTypeError(f"{work.name}(): mask holds truth values, not {mask.element!r}; cure: mask != 0")
    ndim = mask.view.ndim
    if source.shape[:ndim] != mask.shape or not ndim:
        raise ArgumentValueError(f"{work.name}(): mask has shape {mask.shape}, x {source.shape}; cure: broadcast_to")
    packed = source if ndim == 1 else work.packed(source)
    rows = packed.seen(packed.view.reshape(mask.view.size, *source.shape[ndim:]))
    _kept(work, mask, rows, 0)


def _kept(work: Work, condition: Region, source: Region, axis: int) -> None:
    found = places(work, condition)
    shape = (*source.shape[:axis], found.view.size, *source.shape[axis + 1 :])
    take_flat(work, source, found, axis, work.result(shape, source.element), "clip")


ROWS: tuple[Row, ...] = (
    Row(
        "flatnonzero",
        ("x",),
        flatnonzero,
        "the places of elements that are not 0, counted through x",
        {},
        numpy="np.flatnonzero(x)",
        reads_values=True,
    ),
    Row(
        "argwhere",
        ("x",),
        argwhere,
        "the indices of elements that are not 0, a row for each",
        {},
        numpy="np.argwhere(x)",
        reads_values=True,
    ),
    Row(
        "compress",
        ("condition", "x"),
        compress,
        "what a condition keeps along an axis",
        {"axis": None},
        numpy="np.compress(condition, x, axis)",
        reads_values=True,
    ),
    Row(
        "select",
        ("x", "mask"),
        select,
        "the elements, or the rows, for which a mask is true",
        {},
        ("masked_select",),
        numpy="x[mask]",
        reads_values=True,
    ),
)
NON_ZERO = Row(
    "nonzero",
    ("x",),
    nonzero,
    "the indices of elements that are not 0, an array for each axis",
    {},
    numpy="np.nonzero(x)",
    reads_values=True,
)
