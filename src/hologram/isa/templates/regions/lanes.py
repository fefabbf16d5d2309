"""A lane a row: lanes along the kept axes, and in each of them loops over the reduced ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from hologram.isa.affine import Poly
from hologram.isa.builder import Builder, Value
from hologram.isa.operands import Pred, Slot
from hologram.isa.program import FLAG_QUICK
from hologram.isa.templates.folds import PIECE

Places = Mapping[int, Value]


class Lanes:
    """Where a lane works. The last kept axes are those of the launch; further and walked ones are loops in it."""

    axes = "xyz"
    before: Sequence[Poly] = ()
    """The launch's extents before those of kept axes."""
    flags: Sequence[str] = (FLAG_QUICK,)
    metadata: Mapping[str, str] = {}

    def __init__(
        self,
        b: Builder,
        kept: Sequence[int],
        reduced: Sequence[int],
        lengths: Sequence[int],
        walked: Sequence[int] = (),
    ) -> None:
        self.b, self.reduced = b, reduced
        self.looped, self.launched = [*kept[: -len(self.axes)], *walked], kept[-len(self.axes) :]
        self.slots = lengths
        self.extent: list[Poly | Slot] = [*self.before, *(Slot(lengths[axis]) for axis in reversed(self.launched))]
        self.extent = self.extent or [Poly.const(1)]

    def open(self) -> None:
        """Read the lengths of the axes, where all uses come later."""
        self.lengths = [self.b.mov_param(Slot(slot)) for slot in self.slots]

    @contextmanager
    def rows(self) -> Iterator[Places]:
        """What every row does, at its place."""
        b = self.b
        lanes = {axis: b.global_id(name) for axis, name in zip(reversed(self.launched), self.axes, strict=False)}
        inside: list[Pred] = [b.set("lt", lane, self.lengths[axis]) for axis, lane in lanes.items()]
        while len(inside) > 1:
            inside.append(b.pand(inside.pop(), inside.pop()))
        with ExitStack() as stack:
            for condition in inside:
                stack.enter_context(b.if_(condition))
                b.release(condition)
            loops = {axis: stack.enter_context(b.for_range(0, self.lengths[axis])) for axis in self.looped}
            yield {**loops, **lanes}

    @contextmanager
    def once(self) -> Iterator[None]:
        """What is done once a row."""
        yield

    def elements(self, visit: Callable[[Places], None], pieces: Callable[[], None] | None) -> None:
        """Visit all elements of the row; behind at most 128 of them `pieces` is told."""
        b, (*outer, last) = self.b, self.reduced
        with ExitStack() as stack:
            index = {axis: stack.enter_context(b.for_range(0, self.lengths[axis])) for axis in outer}
            if pieces is None:
                with b.for_range(0, self.lengths[last]) as place, b.scratch():
                    visit({**index, last: place})
                return
            start = stack.enter_context(b.for_range(0, self.lengths[last], PIECE))
            stop = b.min(b.add(start, PIECE), self.lengths[last])
            with b.for_range(start, stop) as place, b.scratch():
                visit({**index, last: place})
            b.release(stop)
            pieces()

    def together(self, op: str, total: Value) -> Value:
        """What all lanes of a row have folded, as one."""
        return total
