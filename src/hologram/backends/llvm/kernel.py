"""A whole kernel as LLVM IR: the functions that run a strip, and the nest of loops that calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hologram.backends.llvm import barriers, executor_state, flow, layout, shape, together, watch
from hologram.backends.llvm.barriers import Part, Plan
from hologram.backends.llvm.ir import LLVM_TYPE, Module, Value
from hologram.backends.llvm.job import Lowering
from hologram.backends.llvm.nest import Nest
from hologram.backends.llvm.recipe import recipe
from hologram.backends.llvm.reduction import Reduction, join_function
from hologram.backends.llvm.regions import Walker
from hologram.backends.llvm.rules import LAUNCH_REDUCTIONS
from hologram.backends.llvm.slots import slots_of
from hologram.backends.llvm.strip import Inputs, Mask, Strip
from hologram.backends.llvm.structure import Structure
from hologram.backends.llvm.watch import Checked, Extent
from hologram.isa.operands import Field, Special
from hologram.isa.shared_arrays import meant
from hologram.types import Type


def lower(job: Lowering) -> Module:
    """The module with the run function."""
    module = Module()
    values = flow.analyse(job.cfg)
    full = _shapes(job, values, "full")
    shapes = {"full": full, "rest": _shapes(job, values, "rest") if job.clamps else full}
    reductions = [
        Reduction(module, i, job.program.instructions[i], job)
        for i in sorted(job.slot_of)
        if job.program.instructions[i].op in LAUNCH_REDUCTIONS
    ]
    strips = StripFunctions(job, module, values, shapes, reductions)
    plan = barriers.plan(job) if job.by_parts else None
    for part in plan.parts if plan else (None,):
        module.functions.append(strips.function("full", False, plan, part))
        if job.lanes and not job.by_rows:
            module.functions.append(strips.function("rest", True, plan, part))
    for part in plan.parts if plan else ():
        if part.reduction is not None:
            module.functions.append(together.function(module, part.reduction, job.program.instructions[part.reduction]))
    module.functions.append(Nest(job, module, strips.slots, reductions, plan).run())
    module.functions.append(join_function(module, job, reductions))
    module.functions.append(f"@{layout.CUT} = constant i64 {recipe(job)}")
    return module


def _assumed(job: Lowering, name: str) -> dict[int, str]:
    """In whole strips a clamp gives its plain operand: those at a border run under a mask."""
    return {i: clamp.part for i, clamp in job.clamps.items()} if name == "full" else {}


def _shapes(job: Lowering, values: flow.Flow, name: str) -> shape.Shapes:
    return shape.analyse(job.cfg, values, job.unit_strides, job.decided, _assumed(job, name))


class StripFunctions:
    """Builds the functions that run one strip."""

    def __init__(
        self,
        job: Lowering,
        module: Module,
        values: flow.Flow,
        shapes: Mapping[str, shape.Shapes],
        reductions: Sequence[Reduction],
    ) -> None:
        self.job, self.module, self.flow, self.shapes, self.reductions = job, module, values, shapes, reductions
        self.structure = Structure(job.cfg)
        self.slots = slots_of(job.program)

    def _signature(self, plan: Plan | None) -> list[tuple[str, str]]:
        """(type, name) of a strip function's parameters but the mask."""
        out = [("ptr", "%fault")]
        for k, slot in enumerate(self.slots):
            param = self.job.program.params[slot.index]
            plain = slot.field is Field.VALUE
            kind = ("ptr" if param.is_array else LLVM_TYPE[param.type]) if plain else "i64"
            out.append((kind, f"%slot{k}"))
        out += [("i64", f"%{s.name.lower()}") for s in Special]
        out.append(("i64", "%linear"))
        for r in self.reductions:
            out += [("ptr", f"%sum{r.index}"), ("ptr", f"%any{r.index}")]
        if plan is not None:
            out += [("ptr", "%shared"), ("ptr", "%kept"), ("ptr", "%next")]
            out += together.PARAMETERS if plan.reduces else ()
        out += executor_state.parameters(self.job.program)
        if self.job.watch is not None:
            out += [("ptr", "%record"), ("i64", "%number")]
            out += [("i64", f"%{what}{slot}") for slot in self.job.arrays for what in ("low", "size")]
        return out

    def _checked(self, plan: Plan | None) -> Checked | None:
        """The inputs of checked code."""
        job = self.job
        if job.watch is None:
            return None
        zero = Value("0", "i64")
        plain = {slot for slot in job.arrays if job.program.params[slot].ndim == 1}
        extents = {
            slot: Extent(zero if slot in plain else Value(f"%low{slot}", "i64"), Value(f"%size{slot}", "i64"))
            for slot in job.arrays
        }
        shared = Extent(zero, Value(str(job.program.shared_bytes), "i64"))
        parts = {
            i: Extent(Value(str(array.start), "i64"), Value(str(array.size), "i64"))
            for i, array in meant(job.program, job.slot_of).items()
        }
        number, counts = Value("%number", "i64"), plan.counts if plan else 0
        return Checked(job.watch, number, extents, shared, parts, job.offsets, counts)

    def function(self, name: str, masked: bool, plan: Plan | None, part: Part | None) -> str:
        """One strip function: all lanes active, or those of a mask; of the whole program or one part of it."""
        signature = self._signature(plan)
        named = {n: t for t, n in signature}
        inputs = Inputs(
            {slot: Value(f"%slot{k}", named[f"%slot{k}"]) for k, slot in enumerate(self.slots)},
            {s: Value(f"%{s.name.lower()}", "i64") for s in Special},
            "%fault",
            {r.index: f"%sum{r.index}" for r in self.reductions},
            {r.index: f"%any{r.index}" for r in self.reductions},
            Value("%linear", "i64"),
            self._checked(plan),
        )
        job = self.job
        strip = Strip(
            self.module,
            part.cfg if part else job.cfg,
            part.flow if part else self.flow,
            part.shapes if part else self.shapes[name],
            job.slot_of,
            job.lanes,
            inputs,
            job.unit_strides,
            job.decided,
            _assumed(job, name),
            job.original,
            part.entry if part else None,
            plan.barriers if plan else None,
        )
        if masked:
            count = strip.w.value("trunc i64 %count to i8", "i8")
            steps = Value("<" + ", ".join(f"i8 {k}" for k in range(job.lanes)) + ">", "i8", job.lanes)
            strip.mask = Mask(strip.vector.compare("lt", Type.U8, steps, count), entry=True)
            strip.whole = strip.mask.ref
            signature = [*signature, ("i64", "%count")]
        watch.begin(strip, part is None or part.number == 0)
        Walker(strip, Structure(part.cfg) if part else self.structure, {} if masked else job.tiles).run()
        strip.w.line("ret void" if job.watch is None else "ret i1 false")
        if job.watch is not None:
            watch.end(strip.w)
        parameters = ", ".join(f"{t} {n}" for t, n in signature)
        full_name = f"strip_{name}{part.number if part else ''}"
        result = "void" if job.watch is None else "i1"
        return strip.w.text(f"define internal {result} @{full_name}({parameters}) alwaysinline nounwind")
