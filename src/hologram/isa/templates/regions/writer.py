"""Writes the program of a planned region: rows, passes over their elements, and what is stored."""

from __future__ import annotations

from collections.abc import Mapping

from hologram.isa.builder import Builder, Value
from hologram.isa.program import Program
from hologram.isa.region import REREAD, Fold, Let, Operand, Output
from hologram.isa.templates.folds import combine, neutral
from hologram.isa.templates.regions.lanes import Lanes, Places
from hologram.isa.templates.regions.plan import Pass, Plan, Step, Stored, last_reads, reads
from hologram.isa.templates.regions.values import Arrays, Scope
from hologram.types import Type


def summed_in(fold: Fold) -> Type:
    """The type of a total: sums and products of floats go on in f64."""
    return Type.F64 if fold.op in ("ADD", "MUL") and fold.type.is_float else fold.type


class Writer:
    """Writes one program."""

    def __init__(self, name: str, plan: Plan, form: type[Lanes]) -> None:
        self.plan, self.b = plan, Builder(name, form.flags)
        region = plan.region
        slots: dict[str, int] = {i.name: self.b.array(i.name, i.type) for i in region.inputs}
        self.reread = {s.at.name for one in plan.passes for s in one.steps if isinstance(s, Stored)}
        access = {o.to.name: "rw" if o.to.name in self.reread else "w" for o in region.outputs}
        slots |= {o.to.name: self.b.array(o.to.name, o.to.type, access=access[o.to.name]) for o in region.outputs}
        lengths = [self.b.scalar(f"n{axis}", Type.I64) for axis in range(len(region.axes))]
        slots |= {f"n{axis}": slot for axis, slot in enumerate(lengths)}
        slots |= {name: self.b.scalar(name, Type.I64) for name in region.stride_names}
        slots |= {name: self.b.scalar(name, type) for name, type in region.numbers}
        self.arrays = Arrays(self.b, slots)
        self.lanes = form(self.b, plan.kept, plan.reduced, lengths, plan.walked)

    def program(self) -> Program:
        """The program, which its maker verifies."""
        plan, region = self.plan, self.plan.region
        used = {name for step in plan.schedule for name in reads(step)}
        self.lanes.open()
        self.arrays.open([*(i for i in region.inputs if i.name in used), *(o.to for o in region.outputs)])
        for name in sorted(used & self.arrays.slots.keys() - plan.inputs.keys()):
            self.arrays.number(name)
        with self.lanes.rows() as places:
            row = Scope(self.arrays, plan.inputs, places, None)
            last = last_reads(plan.schedule)
            for number, step in enumerate(plan.schedule):
                if isinstance(step, Pass):
                    self._pass(step, row)
                elif isinstance(step, Output):
                    value, place = row.read(step.of, step.to.type), row.place(step.to)
                    with self.lanes.once():
                        self.b.stg(value, place)
                else:
                    self._step(step, row)
                self._release(row, step, number, last)
        reread = {REREAD: " ".join(sorted(self.reread))} if self.reread else {}
        return self.b.build(self.lanes.extent, {**self.lanes.metadata, **reread})

    def _release(self, scope: Scope, step: Step | Pass, number: int, last: Mapping[str, int]) -> None:
        for name in sorted(reads(step)):  # in one order whatever the hashes: the cache knows a program by its digest
            if last[name] == number:
                scope.release(name)

    def _step(self, step: Step, scope: Scope) -> None:
        if isinstance(step, Let):
            scope.define(step.name, scope.compute(step.formula, step.type))
        elif isinstance(step, Output):
            self.b.stg(scope.read(step.of, step.to.type), scope.place(step.to))
        elif isinstance(step, Stored):
            scope.define(step.name, self.b.ldg(scope.place(step.at)))
        else:
            part, term = self.parts[step.name], scope.number(step.of, step.type)
            if part.type is not term.type:
                narrow, term = term, self.b.cvt(term, type=part.type)
                self.b.release(narrow)
            combine(self.b, step.op, part, term)
            self.b.release(term)

    def _pass(self, step: Pass, row: Scope) -> None:
        """A walk over the elements of a row, with its folds."""
        operands = self._operands(step)
        for name in sorted(reads(step)):
            if self.plan.of_row(name):
                row.held(name)
        for operand in operands:
            row.prepare(operand)
        totals = {fold.name: self._start(fold, summed_in(fold)) for fold in step.folds}
        in_pieces = [fold for fold in step.folds if self._in_pieces(fold)]
        self.parts = {**totals, **{fold.name: self._start(fold, fold.type) for fold in in_pieces}}
        last = last_reads(step.steps)

        def visit(places: Places) -> None:
            scope = Scope(self.arrays, self.plan.inputs, places, row)
            for number, one in enumerate(step.steps):
                self._step(one, scope)
                self._release(scope, one, number, last)

        def pieces() -> None:
            for fold in in_pieces:
                self._add(fold, totals[fold.name])

        self.lanes.elements(visit, pieces if in_pieces else None)
        for fold in in_pieces:
            self.b.release(self.parts[fold.name])
        for fold in step.folds:
            total = self.lanes.together(fold.op, totals[fold.name])
            if total.type is not fold.type:
                wide, total = total, self.b.cvt(total, type=fold.type)
                self.b.release(wide)
            row.define(fold.name, total)

    def _operands(self, step: Pass) -> list[Operand]:
        """The arrays that a pass goes over."""
        inputs = [self.plan.inputs[name] for name in sorted(reads(step)) if name in self.plan.inputs]
        outputs = [s.to if isinstance(s, Output) else s.at for s in step.steps if isinstance(s, Output | Stored)]
        return [*inputs, *outputs]

    def _in_pieces(self, fold: Fold) -> bool:
        """Sums that go on in their own type and join a wider total now and then."""
        return fold.op == "ADD" and fold.type is Type.F32

    def _start(self, fold: Fold, type: Type) -> Value:
        total: Value = self.b.mov_imm(neutral(fold.op, type), type=type)
        return total

    def _add(self, fold: Fold, total: Value) -> None:
        """A part joins its total and begins anew."""
        b, part = self.b, self.parts[fold.name]
        with b.scratch():
            b.add(total, b.cvt(part, type=total.type), into=total)
        b.mov_imm(0, type=part.type, into=part)
