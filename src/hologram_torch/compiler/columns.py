"""Regions that fold columns, as several launches: their folds go down columns, all the rest along rows.

Where lanes lie along the last axis and fold the ones before it, each lane visits elements that are a row apart. That is
well for folds, which read little; whatever else is computed an element at a time, and stored, is done where memory
lies in one piece: before the folds what they read, behind them what reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch.fx import Node

from hologram.isa.region import KEPT, REDUCED, Fold, Let, Operand, Output, Region, Stride
from hologram.isa.templates.regions.plan import names
from hologram.operators import is_truth
from hologram.types import Type
from hologram_torch.compiler.arrangement import LANES, hint
from hologram_torch.compiler.region_of import Launch, Row
from hologram_torch.compiler.sizes import times


def in_launches(launch: Launch) -> list[Launch]:
    """The launches of a region, in order; those after the first may read rows that the ones before make."""
    region = launch.region
    folds_columns = REDUCED in region.axes and region.axes[-1] == KEPT and hint(launch.lengths[-1]) >= LANES
    if not folds_columns or not any(_is_whole(o.to, region.axes) for o in region.outputs):
        return [launch]
    return _Split(launch).launches()


def _is_whole(operand: Operand, axes: str) -> bool:
    return any(s != 0 for s, letter in zip(operand.strides, axes, strict=True) if letter == REDUCED)


@dataclass(frozen=True)
class _Array:
    """An array of a launch: how it is read or written, the tensor it is, and its strides as sizes."""

    operand: Operand
    tensor: Node | Row
    strides: tuple[Any, ...]


class _Split:
    def __init__(self, launch: Launch) -> None:
        self.launch, self.region = launch, launch.region
        values: dict[Stride, Any] = dict(zip(self.region.stride_names, launch.strides, strict=True))
        tensors = [*launch.reads, *launch.makes]
        operands = [*self.region.inputs, *(o.to for o in self.region.outputs)]
        arrays = [
            _Array(o, t, tuple(values.get(s, s) for s in o.strides)) for o, t in zip(operands, tensors, strict=True)
        ]
        self.inputs = {a.operand.name: a for a in arrays[: len(launch.reads)]}
        self.makes = {o.to.name: a for o, a in zip(self.region.outputs, arrays[len(launch.reads) :], strict=True)}
        self.steps: Mapping[str, Let | Fold] = {s.name: s for s in self.region.steps}
        self.level: dict[str, int] = {}
        self.whole: set[str] = set()
        self._look()

    def _look(self) -> None:
        """How many folds each name comes of, and which differ along folded axes."""
        reduced = [n for n, letter in enumerate(self.region.axes) if letter == REDUCED]
        self.whole = {name for name, a in self.inputs.items() if any(a.operand.strides[n] != 0 for n in reduced)}
        self.whole |= {f"i{n}" for n in reduced}
        for step in self.region.steps:
            read = names(_formula(step))
            self.level[step.name] = max((self.level.get(n, 0) for n in read), default=0) + isinstance(step, Fold)
            if isinstance(step, Let) and read & self.whole:
                self.whole.add(step.name)

    def launches(self) -> list[Launch]:
        """At most three launches."""
        region = self.region
        elements = [o for o in region.outputs if _is_whole(o.to, region.axes)]
        first = [o for o in elements if self.level[o.of] == 0]
        behind = [o for o in elements if self.level[o.of] > 0]
        rows = [o for o in region.outputs if o not in elements]
        stored = {o.of: self.makes[o.to.name] for o in first if self._is_exact(o)}
        known = {name: replace(a, operand=replace(a.operand, name=name)) for name, a in stored.items()}
        between = {name: self._row(name, rows) for name in self._rows_read(behind)}
        further = {f"r{name}": a for name, a in between.items() if isinstance(a.tensor, Row)}
        made = [*rows, *(Output(name[1:], replace(a.operand, name=name)) for name, a in further.items())]
        found = [self._launch(first, {}, {})] if first else []
        found += [self._launch(made, known, further)] if made else []
        found += [self._launch(behind, {**known, **between}, {})] if behind else []
        return self._with_nodes(found)

    def _rows_read(self, outputs: Sequence[Output]) -> list[str]:
        """The values of rows that elements of outputs come of."""
        ends = {o.of for o in outputs}
        asked = self._behind(sorted(ends), {})
        read = set[str]().union(ends, *(names(_formula(self.steps[n])) for n in asked & self.whole & self.steps.keys()))
        return [name for name in self.steps if name in read and name not in self.whole]

    def _with_nodes(self, launches: Sequence[Launch]) -> list[Launch]:
        """Each node with the first launch that computes it."""
        left = dict(zip(self.launch.nodes, self.launch.names, strict=True))
        found = []
        for launch in launches:
            made = {s.name for s in launch.region.steps}
            nodes = [n for n, name in left.items() if name in made or launch is launches[-1]]
            found.append(replace(launch, nodes=tuple(nodes), names=tuple(left.pop(n) for n in nodes)))
        return found

    def _is_exact(self, output: Output) -> bool:
        step = self.steps.get(output.of)
        return isinstance(step, Let) and step.type is output.to.type and not is_truth(step.formula)

    def _row(self, name: str, rows: Sequence[Output]) -> _Array:
        """Where a value of the rows stands that elements read."""
        for output in rows:
            if output.of == name and output.to.type is self.steps[name].type:
                array = self.makes[output.to.name]
                return replace(array, operand=replace(array.operand, name=name))
        lengths = [n for n, letter in zip(self.launch.lengths, self.region.axes, strict=True) if letter != REDUCED]
        step = self.steps[name]
        row = Row(tuple(lengths), Type.U8 if is_truth(_formula(step)) else step.type)
        strides: list[Any] = []
        apart: Any = 1
        for length, letter in reversed(list(zip(self.launch.lengths, self.region.axes, strict=True))):
            strides.insert(0, 0 if letter == REDUCED else apart)
            apart = apart if letter == REDUCED else times(length, apart)
        return _Array(Operand(name, row.type, (0,) * len(strides)), row, tuple(strides))

    def _behind(self, wanted: Sequence[str], known: Mapping[str, _Array]) -> set[str]:
        """All names that some come of; not those behind a name that is known."""
        found, pending = set[str](), list(wanted)
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                if name in self.steps and name not in known:
                    pending += names(_formula(self.steps[name]))
        return found

    def _launch(self, outputs: Sequence[Output], known: Mapping[str, _Array], further: Mapping[str, _Array]) -> Launch:
        """A launch that makes some outputs, and reads some values that a launch before it made."""
        needed = self._behind([o.of for o in outputs], known)
        steps = tuple(s for s in self.region.steps if s.name in needed and s.name not in known)
        reads = [a for name, a in {**self.inputs, **known}.items() if name in needed]
        made = [{**self.makes, **further}[o.to.name] for o in outputs]
        folds = any(isinstance(s, Fold) for s in steps)
        strides: dict[Any, str] = {}

        def named(array: _Array, name: str) -> Operand:
            found: list[Stride] = []
            for stride in array.strides:
                plain = isinstance(stride, int) and stride in (0, 1)
                found.append(stride if plain else strides.setdefault(stride, f"s{len(strides)}"))
            return Operand(name, array.operand.type, tuple(found))

        axes = self.region.axes if folds else KEPT * len(self.region.axes)
        inputs = tuple(named(a, a.operand.name) for a in reads)
        ends = tuple(Output(o.of, named(a, o.to.name)) for o, a in zip(outputs, made, strict=True))
        numbers = [(n, v) for n, v in zip(self.region.numbers, self.launch.numbers, strict=True) if n[0] in needed]
        return Launch(
            Region(axes, inputs, steps, ends, tuple(n for n, _ in numbers)),
            tuple(a.tensor for a in reads),
            tuple(a.tensor for a in made),
            self.launch.lengths,
            tuple(strides),
            tuple(v for _, v in numbers),
            (),
            (),
        )


def _formula(step: Let | Fold) -> Any:
    return step.formula if isinstance(step, Let) else step.of
