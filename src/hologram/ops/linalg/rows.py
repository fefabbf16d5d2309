"""Launches that sum products along rows: a long row by a tree of additions, many rows one a lane."""

from __future__ import annotations

import numpy as np

from hologram.isa.templates.dots import dot, dot_name, dots, dots_name
from hologram.isa.templates.products import summed_in
from hologram.ops.layout import pieces
from hologram.ops.linalg.frame import Frame, Held
from hologram.ops.plan import Step, kernel_for
from hologram.types import Type


def row_products(frame: Frame, a: Held, b: Held, out: Held) -> None:
    """Launch out[…] = the sum over the last axis of a · b, whose other axes broadcast to those of the output."""
    if not out.view.ndim:
        cells = out.seen(out.view.reshape(1))
        total(frame, a, b, cells)
        return
    sums(frame, [a, b], out, summed_in(frame.joined(a, b)))


def sums(frame: Frame, inputs: list[Held], out: Held, summed: Type) -> None:
    """Launch the sums over the last axis of the product of one or two arrays, a row a lane."""
    if 0 in out.view.shape:
        return
    inputs = [frame.apart(held, out) for held in inputs]
    depth = inputs[0].view.shape[-1]
    spread = [np.broadcast_to(h.view, (*out.view.shape, depth)) for h in inputs]
    heads = [v[..., 0] if depth else np.empty(out.view.shape, v.dtype) for v in spread]
    for piece in pieces([*heads, out.view], out.view.shape):
        for index in np.ndindex(piece.arrays[-1].shape[:-1]):
            target = out.seen(piece.arrays[-1][index])
            rows = []
            for held, head, whole in zip(inputs, piece.arrays, spread, strict=False):
                start, step = head[index], whole.strides[-1] if depth else whole.itemsize
                view = np.lib.stride_tricks.as_strided(start, (*start.shape, depth), (*start.strides, step))
                rows.append(held.seen(view))
            _launch(frame, rows, target, summed)


def _launch(frame: Frame, rows: list[Held], target: Held, summed: Type) -> None:
    types = tuple(row.type for row in rows)
    place = target
    if target.view.strides[0] != target.view.itemsize and target.view.size > 1:
        place = frame.temporary(target.view.shape, target.type)
    key = (types, summed, place.type)
    kernel = kernel_for(("dots", *key), dots_name(*key), lambda: dots(*key))
    frame.steps.append(Step(kernel, (*(row.argument for row in rows), place.argument)))
    if place is not target:
        frame.copy(place, target)


def total(frame: Frame, a: Held, b: Held, cells: Held) -> None:
    """Launch cells[0] = the sum of a[i] · b[i], in the order of a launch's tree."""
    summed = summed_in(frame.joined(a, b))
    a, b = frame.apart(a, cells), frame.apart(b, cells)
    place = cells if cells.type is summed else frame.temporary((1,), summed)
    plain = all(h.view.strides[0] == h.view.itemsize or h.view.size < 2 for h in (a, b))
    key = (a.type, b.type, summed, 1 if plain else 2)
    kernel = kernel_for(("dot", *key), dot_name(*key), lambda: dot(*key))
    given = [h if plain else h.seen(h.view[np.newaxis]) for h in (a, b)]
    frame.steps.append(Step(kernel, (*(h.argument for h in given), place.argument, a.view.size)))
    if place is not cells:
        frame.copy(place, cells)
