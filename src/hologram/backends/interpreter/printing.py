"""What lanes print: lines that grow value by value and appear when they end, lower lanes first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hologram.backends.interpreter.convert import STORAGE, widen
from hologram.backends.interpreter.coordinates import Batch
from hologram.backends.interpreter.lanes import Array
from hologram.isa.messages import filled
from hologram.isa.program import Program
from hologram.types import HALVES, Type


@dataclass
class Printer:
    """The unfinished lines of a batch's lanes; a line is headed `kernel[index]`."""

    program: Program
    batch: Batch
    _lines: dict[int, str] = field(default_factory=dict)

    def show(self, lanes: Sequence[int], ty: Type, values: Array, message: int) -> None:
        """Add a value to the line of each lane (`values` has shape (lanes,) or (1,)), and print lines that end."""
        known = message < len(self.program.messages)
        template = self.program.messages[message] if known else f"message {message}: {{}}\n"
        texts = _texts(template, ty, values)
        for lane, text in zip(lanes, texts * len(lanes) if len(texts) == 1 else texts, strict=True):
            self._lines[lane] = self._lines.get(lane, "") + text
        if template.endswith("\n"):
            self._print(lanes)

    def finish(self) -> None:
        """Print what has no line feed at its end."""
        self._print(sorted(self._lines))

    def _print(self, lanes: Iterable[int]) -> None:
        for lane in lanes:
            text = f"{self._head(lane)}: {self._lines.pop(lane)}"
            print(text, end="" if text.endswith("\n") else "\n")  # noqa: T201  # its purpose

    def _head(self, lane: int) -> str:
        index = self.batch.coordinates(lane)
        axes = max((axis for axis in (1, 2) if self.batch.domain.lanes[axis] > 1), default=0) + 1
        return f"{self.program.name}[{', '.join(map(str, index[:axes]))}]"


def _texts(template: str, ty: Type, values: Array) -> list[str]:
    """A template filled with each value."""
    wide = widen(ty, values).astype(float) if ty in HALVES else values
    shortest = values.view(ty.dtype) if ty in HALVES else values
    assert shortest.dtype == ty.dtype or STORAGE[ty] == shortest.dtype
    return [filled(template, number, str(short)) for number, short in zip(wide.tolist(), shortest, strict=True)]
