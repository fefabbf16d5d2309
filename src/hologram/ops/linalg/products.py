"""Launches that multiply matrices of any strides: where they are, or packed first where that is faster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product as places
from typing import Any

import numpy as np

from hologram.isa.templates.products import PACKED_ROWS, ROWS, Addend, Product, pack, pack_name, panel, summed_in
from hologram.ops.layout import merged
from hologram.ops.linalg.frame import Frame, Held
from hologram.ops.plan import Step, kernel_for
from hologram.runtime.host import HostArray
from hologram.types import HALVES, Type

FEW_ROWS = 16
"""Products of fewer rows read each element of b too rarely for packing it to pay."""
NEAR = 1 << 17
"""Bytes of b that stay in the nearer caches from one group of rows to the next."""
KEPT = 3 << 17
"""Bytes of packed rows of a that one launch goes over again and again, for each panel of b."""
GROUPS = (1, 2, 4, ROWS, PACKED_ROWS)
"""Rows of a product that are made together; more than the last are made `ROWS` at a time."""


@dataclass(frozen=True, slots=True)
class Scale:
    """`alpha · product + beta · addend`."""

    alpha: int | float = 1
    beta: int | float = 1


def multiply(frame: Frame, a: Held, b: Held, out: Held, added: Held | None = None, scale: Scale | None = None) -> None:
    """Launch out = alpha · a · b + beta · added, on matrices in the last two axes of views of equal or no batches.

    The output may share memory with any input.
    """
    scale = scale or Scale()
    if 0 in out.view.shape:
        return
    if out.view.shape[-1] == 1 < out.view.shape[-2] or _is_turned(out.view):
        a, b = _turned(b), _turned(a)
        out, added = _turned(out), None if added is None else _turned(added)
    a, b = frame.apart(a, out), frame.apart(b, out)
    in_place = added is not None and _same(added.view, out.view)
    if added is not None and not in_place:
        added = frame.apart(added, out)
    summed = summed_in(frame.joined(a, b))
    operands = [a, b, out] + ([] if added is None else [added])
    for views in _batches([h.view for h in operands], out.view.shape[:-2]):
        held = [h.seen(v) for h, v in zip(operands, views, strict=True)]
        other = held[3] if added is not None else None
        job = _Job(frame, held[0], held[1], held[2], other, in_place, scale, summed)
        (job.packed if job.is_large else job.direct)()


def _is_turned(view: HostArray) -> bool:
    """True where columns are contiguous and rows are not."""
    return view.strides[-1] != view.itemsize and view.strides[-2] == view.itemsize and view.shape[-1] > 1


def _turned(held: Held) -> Held:
    return held.seen(held.view.swapaxes(-1, -2))


def _same(a: HostArray, b: HostArray) -> bool:
    first, second = (v.__array_interface__["data"][0] for v in (a, b))
    return bool(first == second and a.shape == b.shape and a.strides == b.strides and a.dtype == b.dtype)


def _batches(views: Sequence[HostArray], batch: tuple[int, ...]) -> Iterator[list[HostArray]]:
    """Views of three axes that together are all matrices; a batch becomes more rows where only b has none."""
    spread = [v if v.shape[:-2] == batch else np.broadcast_to(v, (*batch, *v.shape[-2:])) for v in views]
    heads = [_strided(v, batch, v.strides[:-2]) for v in spread]
    lengths, strides = merged(heads)
    whole = [
        _strided(v, (*lengths, *v.shape[-2:]), (*s, *v.strides[-2:])) for v, s in zip(spread, strides, strict=True)
    ]
    for place in places(*map(range, lengths[:-1])):
        yield _as_rows([v[place] for v in whole])


def _as_rows(views: list[HostArray]) -> list[HostArray]:
    a, b, *results = views
    count, rows = results[0].shape[:2]
    if count == 1 or b.strides[0] or any(v.strides[0] != rows * v.strides[1] for v in (a, *results)):
        return views
    joined = [_strided(v, (1, count * rows, v.shape[2]), (0, *v.strides[1:])) for v in (a, *results)]
    return [joined[0], b[:1], *joined[1:]]


def _strided(view: HostArray, shape: Sequence[int], strides: Sequence[int]) -> HostArray:
    made: HostArray = np.lib.stride_tricks.as_strided(view, shape, strides, writeable=view.flags.writeable)
    return made


@dataclass(frozen=True, slots=True)
class _Job:
    """One product of matrices of three axes."""

    frame: Frame
    a: Held
    b: Held
    out: Held
    added: Held | None
    in_place: bool
    scale: Scale
    summed: Type

    @property
    def is_large(self) -> bool:
        """True where packing pays."""
        _, m, k = self.a.view.shape
        b = self.b.view
        if m < FEW_ROWS or not k:
            return False
        awkward = any(not _is_unit(h.view) for h in (self.b, self.out)) or self.a.type in HALVES
        return awkward or k * b.shape[2] * b.itemsize > NEAR

    @property
    def _addend(self) -> Addend:
        if self.added is None or not self.scale.beta:
            return Addend.NONE
        return Addend.RESULT if self.in_place else Addend.OTHER

    def _product(self, a: Type, b: Type, rows: int, packed: bool, turned: tuple[bool, bool]) -> Product:
        added = self.added.type if self.added is not None else Type.F32
        scaled = self.scale.alpha != 1
        return Product(a, b, self.summed, self.out.type, rows, packed, *turned, scaled, self._addend, added)

    def _launch(self, of: Product, a: Any, b: Any, out: Held, added: Held | None, blocks: int) -> None:
        kernel = kernel_for(of, of.name, of.program)
        other = () if added is None or of.addend is not Addend.OTHER else (added.argument,)
        arguments = (a, b, *other, out.argument, self.scale.alpha, self.scale.beta, blocks)
        self.frame.steps.append(Step(kernel, arguments))

    def direct(self) -> None:
        """One launch on the elements where they are."""
        m = self.out.view.shape[1]
        rows = next((g for g in GROUPS if g >= m), ROWS)
        turned = tuple(_is_turned(h.view) for h in (self.a, self.b))
        a, b = (_unit(_turned(h) if t else h) for h, t in zip((self.a, self.b), turned, strict=True))
        of = self._product(self.a.type, self.b.type, rows, False, (turned[0], turned[1]))
        added = None if self.added is None else _unit(self.added)
        self._launch(of, a.argument, b.argument, _unit(self.out), added, -(-m // rows))

    def packed(self) -> None:
        """Matrix by matrix: rows of a in groups, columns of b in panels, and the product of both."""
        count, m, n = self.out.view.shape
        k, width = self.a.view.shape[2], panel(self.summed)
        blocks, panels = -(-m // PACKED_ROWS), -(-n // width)
        left = self.frame.temporary((blocks, k, PACKED_ROWS), self.summed)
        right = self.frame.temporary((panels, k, width), self.summed)
        for number in range(count):
            if number == 0 or self.a.view.strides[0]:
                self._pack(_turned(_matrix(self.a, number)), left, PACKED_ROWS)
            if number == 0 or self.b.view.strides[0]:
                self._pack(_matrix(self.b, number), right, width)
            added = None if self.added is None else _matrix(self.added, number)
            self._multiply(left, right, _matrix(self.out, number), added)

    def _multiply(self, left: Held, right: Held, out: Held, added: Held | None) -> None:
        """Multiply packed matrices, as many rows in a launch as stay near."""
        of = self._product(self.summed, self.summed, PACKED_ROWS, True, (False, False))
        blocks, k, _ = left.view.shape
        together = max(1, KEPT // (k * PACKED_ROWS * self.summed.size))
        for first in range(0, blocks, together):
            rows = slice(first * PACKED_ROWS, (first + together) * PACKED_ROWS)
            part = left.seen(left.view[first : first + together])
            more = None if added is None else _unit(added.seen(added.view[rows]))
            self._launch(of, part.argument, right.argument, _unit(out.seen(out.view[rows])), more, len(part.view))

    def _pack(self, source: Held, target: Held, width: int) -> None:
        turned = not _is_unit(source.view)
        types = (source.type, self.summed, width, turned)
        kernel = kernel_for(("pack", *types), pack_name(*types), lambda: pack(*types))
        given = _unit(_turned(source) if turned else source)
        self.frame.steps.append(Step(kernel, (given.argument, target.argument)))


def _matrix(held: Held, number: int) -> Held:
    return held.seen(held.view[number])


def _is_unit(view: HostArray) -> bool:
    return view.strides[-1] == view.itemsize or view.shape[-1] == 1


def _unit(held: Held) -> Held:
    """The same elements; a last axis of one of them has the stride that programs are made for."""
    view = held.view
    if view.shape[-1] != 1 or view.strides[-1] == view.itemsize:
        return held
    return held.seen(_strided(view, view.shape, (*view.strides[:-1], view.itemsize)))
