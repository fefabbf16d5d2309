"""A block a row: its lanes share the elements of the last reduced axis, and fold what each has folded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from hologram.isa.affine import Poly
from hologram.isa.builder import Value
from hologram.isa.builder.emitters import method_name
from hologram.isa.instructions import BY_NAME
from hologram.isa.program import FLAG_QUICK, FLAG_ROWS, ROW
from hologram.isa.templates.folds import PIECE
from hologram.isa.templates.regions.lanes import Lanes, Places


class Blocks(Lanes):
    """Where a lane works. Blocks are rows of lanes along x; the last kept axes are the launch's y and z."""

    axes = "yz"
    before = (Poly.const(ROW),)
    flags: Sequence[str] = (FLAG_QUICK, FLAG_ROWS)
    metadata: Mapping[str, str] = {"block": f"{ROW},1,1"}

    @contextmanager
    def rows(self) -> Iterator[Places]:
        """What every row does, at its place. Blocks have one lane along y and z, so all of them are inside."""
        b = self.b
        self.lane = b.global_id()
        blocks = {axis: b.global_id(name) for axis, name in zip(reversed(self.launched), self.axes, strict=False)}
        with ExitStack() as stack:
            loops = {axis: stack.enter_context(b.for_range(0, self.lengths[axis])) for axis in self.looped}
            yield {**loops, **blocks}

    @contextmanager
    def once(self) -> Iterator[None]:
        """What is done once a row, by its first lane."""
        with self.b.if_(self.b.set("eq", self.lane, 0)), self.b.scratch():
            yield

    def elements(self, visit: Callable[[Places], None], pieces: Callable[[], None] | None) -> None:
        """Visit all elements of the row; behind at most 128 of a lane `pieces` is told."""
        b, (*outer, last) = self.b, self.reduced
        length = self.lengths[last]
        with ExitStack() as stack:
            index = {axis: stack.enter_context(b.for_range(0, self.lengths[axis])) for axis in outer}
            start: Value | int = 0
            stop = length
            if pieces is not None:
                start = stack.enter_context(b.for_range(0, length, PIECE * ROW))
                stop = b.min(b.add(start, PIECE * ROW), length)
            self.walk(start, stop, lambda place: visit({**index, last: place}))
            if pieces is not None:
                b.release(stop)
                pieces()

    def walk(self, start: Value | int, stop: Value, visit: Callable[[Value], None]) -> None:
        """Visit the places from `start`, a multiple of a row's lanes, up to `stop`."""
        b = self.b
        with b.for_range(start, stop, ROW) as base, b.scratch():
            place = b.add(base, self.lane)
            with b.if_(b.set("lt", place, stop)):
                visit(place)

    def together(self, op: str, total: Value) -> Value:
        """What all lanes of a row have folded, as one."""
        word = BY_NAME[f"BRED_{op.removesuffix('P')}"]
        found: Value = getattr(self.b, method_name(word))(total)
        self.b.release(total)
        return found


class WholeBlocks(Blocks):
    """The same with the code for elements twice: where all lanes have one, none asks whether it has one.

    So lengths are not proved: whoever launches it must know that arrays are as long as the axes say.
    """

    def walk(self, start: Value | int, stop: Value, visit: Callable[[Value], None]) -> None:
        """Visit the places from `start`, a multiple of a row's lanes, up to `stop`."""
        b = self.b
        with b.for_range(start, b.sub(stop, ROW - 1), ROW) as base, b.scratch():
            visit(b.add(base, self.lane))
        super().walk(b.and_(stop, -ROW), stop, visit)
