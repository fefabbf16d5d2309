"""A whole kernel as LLVM IR: the function that runs a launch strip by strip.

``i64 run(ptr block)`` reads the arguments block (see `layout`), runs all lanes of the launch domain, x innermost,
and returns 0 or 1 + the index of the first instruction that divided an integer by zero. Full strips and the rest
of a row are two copies of the same code; the second runs under a mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from hologram.backends.llvm import flow, layout, shape
from hologram.backends.llvm.clamps import LANE_X, Clamp
from hologram.backends.llvm.ir import LLVM_TYPE, Module, Value, Writer
from hologram.backends.llvm.reduction import Reduction
from hologram.backends.llvm.regions import Walker
from hologram.backends.llvm.slots import load_field, load_slots, polynomial, slots_of, widened
from hologram.backends.llvm.strip import Inputs, Mask, Strip
from hologram.backends.llvm.structure import Structure
from hologram.backends.llvm.tiles import TiledLoop
from hologram.isa.affine import Affine, Poly
from hologram.isa.cfg import Cfg
from hologram.isa.operands import Field, Slot, Special
from hologram.isa.program import Program
from hologram.types import Type

LINE_BYTES = 64
LONG_ROW = 8
"""Strips a row must have for aligning its stores to pay."""
GLOBALS = (Special.GLOBAL_X, Special.GLOBAL_Y, Special.GLOBAL_Z)
_AXES = "xyz"


@dataclass(frozen=True)
class Stream:
    """A store of consecutive lanes to consecutive elements: byte `offset` (affine in the lanes) into array `slot`."""

    slot: int
    offset: Affine
    size: int


@dataclass(frozen=True)
class Lowering:
    """A program analysed for one way of being called: strip width and what is known when compiling."""

    program: Program
    cfg: Cfg
    slot_of: Mapping[int, int]
    lanes: int
    unit_strides: frozenset[Slot] = frozenset()
    decided: Mapping[int, bool] = field(default_factory=dict)
    offsets: Mapping[int, Poly] = field(default_factory=dict)
    tiles: Mapping[int, TiledLoop] = field(default_factory=dict)
    aligned: Stream | None = None
    clamps: Mapping[int, Clamp] = field(default_factory=dict)


def uses_blocks(program: Program) -> bool:
    """True when a program asks for its place inside a block, so lanes must be run block by block."""
    for ins in program.instructions:
        if ins.op == "MOV_SREG" and ins.args[1] not in GLOBALS:
            return True
        if any(place[0] == "r" and place[1] >= 252 for _, place, _ in flow.reads(ins)):
            return True
    return False


def lower(job: Lowering) -> Module:
    """The module with the run function."""
    module = Module()
    values = flow.analyse(job.cfg)
    shapes = {name: _shapes(job, values, name) for name in ("full", "rest")}
    driver = _Driver(job, module, values, shapes)
    strips = [driver.function("full", masked=False)]
    if job.lanes:
        strips.append(driver.function("rest", masked=True))
    module.functions += [*strips, driver.run()]
    return module


def _assumed(job: Lowering, name: str) -> dict[int, str]:
    """In whole strips a clamp gives its plain operand: those at a border run under a mask."""
    return {i: clamp.part for i, clamp in job.clamps.items()} if name == "full" else {}


def _shapes(job: Lowering, values: flow.Flow, name: str) -> shape.Shapes:
    return shape.analyse(job.cfg, values, job.unit_strides, job.decided, _assumed(job, name))


class _Driver:
    """Builds the strip functions and the loop nest around them."""

    def __init__(self, job: Lowering, module: Module, values: flow.Flow, shapes: Mapping[str, shape.Shapes]) -> None:
        self.job, self.module, self.flow, self.shapes = job, module, values, shapes
        self.blocks = uses_blocks(job.program)
        self.structure = Structure(job.cfg)
        self.slots = slots_of(job.program)
        self.reductions = [
            Reduction(module, i, ins, job)
            for i, ins in enumerate(job.program.instructions)
            if ins.op.startswith("GRED")
        ]

    def _signature(self) -> list[tuple[str, str]]:
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
        return out

    def function(self, name: str, masked: bool) -> str:
        """One strip function: all lanes active, or those of a mask."""
        signature = self._signature()
        named = {n: t for t, n in signature}
        inputs = Inputs(
            {slot: Value(f"%slot{k}", named[f"%slot{k}"]) for k, slot in enumerate(self.slots)},
            {s: Value(f"%{s.name.lower()}", "i64") for s in Special},
            "%fault",
            {r.index: f"%sum{r.index}" for r in self.reductions},
            {r.index: f"%any{r.index}" for r in self.reductions},
            Value("%linear", "i64"),
        )
        job = self.job
        strip = Strip(
            self.module,
            job.cfg,
            self.flow,
            self.shapes[name],
            job.slot_of,
            job.lanes,
            inputs,
            job.unit_strides,
            job.decided,
            _assumed(job, name),
        )
        if masked:
            count = strip.w.value("trunc i64 %count to i8", "i8")
            steps = Value("<" + ", ".join(f"i8 {k}" for k in range(job.lanes)) + ">", "i8", job.lanes)
            strip.mask = Mask(strip.vector.compare("lt", Type.U8, steps, count), entry=True)
            signature = [*signature, ("i64", "%count")]
        Walker(strip, self.structure, {} if masked else job.tiles).run()
        strip.w.line("ret void")
        parameters = ", ".join(f"{t} {n}" for t, n in signature)
        return strip.w.text(f"define internal void @strip_{name}({parameters}) alwaysinline nounwind")

    # The loop nest ----------------------------------------------------------------------------------------

    def run(self) -> str:
        w = self.w = Writer(self.module)
        self.values = load_slots(w, self.job.program, "%block")
        self.fault = w.alloca("i64")
        w.line(f"store i64 0, ptr {self.fault}")
        lanes = [load_field(w, "%block", o) for o in layout.LANES]
        zero = Value("0", "i64")
        where = dict.fromkeys(Special, zero)
        for r in self.reductions:
            r.begin(w)
        if self.blocks:
            grid = [load_field(w, "%block", o) for o in layout.GRID]
            block = [load_field(w, "%block", o) for o in layout.BLOCK]
            for axis in range(3):
                where[Special[f"GRID_DIM_{_AXES[axis].upper()}"]] = grid[axis]
                where[Special[f"BLOCK_DIM_{_AXES[axis].upper()}"]] = block[axis]
            self._block_loops(where, lanes, grid, block)
        else:
            self._lane_loops(where, [zero, zero, zero], lanes)
        for r in self.reductions:
            r.finish(w, self.values, widened(w, self.job.program, self.values))
        result = w.value(f"load i64, ptr {self.fault}", "i64")
        w.line(f"ret {result}")
        return w.text(f"define i64 @{layout.RUN}(ptr noalias %block) nounwind")

    @contextmanager
    def _counted(self, bound: Value, step: Value | int = 1) -> Iterator[Value]:
        """A loop `for i in range(0, bound, step)` around the code written inside."""
        w = self.w
        cell, top, body, done = w.alloca("i64"), w.name("top"), w.name("body"), w.name("done")
        w.line(f"store i64 0, ptr {cell}")
        w.label(top)
        i = w.value(f"load i64, ptr {cell}", "i64")
        w.branch(w.value(f"icmp slt {i}, {bound.ref}", "i1"), body, done)
        w.label(body)
        yield i
        following = w.value(f"add {i}, {step if isinstance(step, int) else step.ref}", "i64")
        w.line(f"store {following}, ptr {cell}")
        w.jump(top)
        w.label(done)

    def _block_loops(
        self, where: dict[Special, Value], lanes: Sequence[Value], grid: Sequence[Value], block: Sequence[Value]
    ) -> None:
        w = self.w
        with self._counted(grid[2]) as bz, self._counted(grid[1]) as by, self._counted(grid[0]) as bx:
            first, inside = [], []
            for axis, index in enumerate((bx, by, bz)):
                where[Special[f"BLOCK_{_AXES[axis].upper()}"]] = index
                start = w.value(f"mul {index}, {block[axis].ref}", "i64")
                left = w.value(f"sub {lanes[axis]}, {start.ref}", "i64")
                first.append(start)
                inside.append(w.call("llvm.smin.i64", "i64", 0, left, block[axis]))
            self._lane_loops(where, first, inside)

    def _lane_loops(self, where: dict[Special, Value], first: Sequence[Value], lanes: Sequence[Value]) -> None:
        w = self.w
        with self._counted(lanes[2]) as z, self._counted(lanes[1]) as y:
            for axis, index in ((1, y), (2, z)):
                where[Special[f"LANE_{_AXES[axis].upper()}"]] = index
                where[GLOBALS[axis]] = w.value(f"add {first[axis]}, {index.ref}", "i64")
            if self.reductions:
                self._chunks(where, lanes[0])
            else:
                self._row(where, first[0], lanes[0])

    def _chunks(self, where: dict[Special, Value], count: Value) -> None:
        """A row in chunks of the reduction tree."""
        w = self.w
        with self._counted(count, Reduction.CHUNK) as start:
            left = w.value(f"sub {count}, {start.ref}", "i64")
            for r in self.reductions:
                r.open_chunk(w)
            self._row(where, start, w.call("llvm.smin.i64", "i64", 0, left, Value(str(Reduction.CHUNK), "i64")))
            for r in self.reductions:
                r.close_chunk(w)

    def _row(self, where: dict[Special, Value], first: Value, count: Value) -> None:
        """The lanes of one row, strip by strip.

        Whole strips run without a mask. What is left at the end runs under one, and so do the lanes before the first
        cache line that the row stores to, and strips at a border where something is clamped. The masked code is there
        once; control goes round to it.
        """
        w, width = self.w, self.job.lanes
        if not width:
            with self._counted(count) as x:
                self._call("full", where, first, x)
            return
        at, lanes = w.alloca("i64"), w.alloca("i64")
        w.line(f"store i64 0, ptr {at}")
        w.line(f"store {self._until_aligned(where, first, count)}, ptr {lanes}")
        masked, some, whole, body, last, done = (w.name(n) for n in ("masked", "some", "whole", "body", "last", "done"))
        w.label(masked)
        x, part = w.value(f"load i64, ptr {at}", "i64"), w.value(f"load i64, ptr {lanes}", "i64")
        w.branch(w.value(f"icmp sgt {part}, 0", "i1"), some, whole)
        w.label(some)
        self._call("rest", where, first, x, part)
        w.line(f"store {w.value(f'add {x}, {part.ref}', 'i64')}, ptr {at}")
        w.label(whole)
        x = w.value(f"load i64, ptr {at}", "i64")
        left = w.value(f"sub {count}, {x.ref}", "i64")
        w.line(f"store {w.call('llvm.smin.i64', 'i64', 0, left, Value(str(width), 'i64'))}, ptr {lanes}")
        w.branch(w.value(f"icmp sge {left}, {width}", "i1"), body, last)
        w.label(body)
        if self.job.clamps:
            plain = w.name("plain")
            w.branch(self._inside(where, first, x), plain, masked)
            w.label(plain)
        self._call("full", where, first, x)
        w.line(f"store {w.value(f'add {x}, {width}', 'i64')}, ptr {at}")
        w.jump(whole)
        w.label(last)
        w.branch(w.value(f"icmp sgt {left}, 0", "i1"), masked, done)
        w.label(done)

    def _inside(self, where: dict[Special, Value], first: Value, x: Value) -> Value:
        """True for a whole strip in which nothing is clamped."""
        w, wide, last = self.w, widened(self.w, self.job.program, self.values), self.job.lanes - 1
        start, inside = w.value(f"add {first}, {x.ref}", "i64"), Value("true", "i1")
        for clamp in self.job.clamps.values():
            step = clamp.margin.coefficient(LANE_X).constant or 0
            tightest = w.value(f"add {start}, {last if step < 0 else 0}", "i64")
            margin = self._affine({**where, Special.GLOBAL_X: tightest}, clamp.margin, wide)
            inside = w.value(f"and {inside}, {w.value(f'icmp sge {margin}, 0', 'i1').ref}", "i1")
        return inside

    def _affine(self, where: Mapping[Special, Value], value: Affine, wide: Mapping[Slot, Value]) -> Value:
        """An expression affine in the lanes at a place."""
        w = self.w
        total = polynomial(w, value.base, wide)
        for variable, coefficient in value.terms:
            step = w.value(f"mul {where[GLOBALS[variable.id]]}, {polynomial(w, coefficient, wide).ref}", "i64")
            total = w.value(f"add {total}, {step.ref}", "i64")
        return total

    def _until_aligned(self, where: dict[Special, Value], first: Value, count: Value) -> Value:
        """Lanes before the first that stores to the start of a cache line; 0 in short rows and in reductions."""
        stream = self.job.aligned
        if stream is None or self.reductions:
            return Value("0", "i64")
        w, wide = self.w, widened(self.w, self.job.program, self.values)
        offset = self._affine({**where, Special.GLOBAL_X: first}, stream.offset, wide)
        cell = w.value(f"getelementptr i8, {self.values[Slot(stream.slot)]}, {offset}", "ptr")
        gap = w.value(f"sub i64 0, {w.value(f'ptrtoint {cell} to i64', 'i64').ref}", "i64")
        lanes = w.value(f"udiv {w.value(f'and {gap}, {LINE_BYTES - 1}', 'i64')}, {stream.size}", "i64")
        long = w.value(f"icmp sge {count}, {LONG_ROW * self.job.lanes}", "i1")
        return w.value(f"select {long}, {lanes}, i64 0", "i64")

    def _call(self, name: str, where: dict[Special, Value], first: Value, x: Value, count: Value | None = None) -> None:
        w = self.w
        where = {**where, Special.LANE_X: x, Special.GLOBAL_X: w.value(f"add {first}, {x.ref}", "i64")}
        linear = self._linear(where) if self.blocks else where[Special.GLOBAL_X]
        arguments = [f"ptr {self.fault}", *(str(self.values[s]) for s in self.slots)]
        arguments += [str(where[s]) for s in Special] + [str(linear)]
        for r in self.reductions:
            arguments += [f"ptr {r.accumulators}", f"ptr {r.any}"]
        if count is not None:
            arguments.append(str(count))
        w.line(f"call void @strip_{name}({', '.join(arguments)})")

    def _linear(self, where: dict[Special, Value]) -> Value:
        """r255: the number of a lane when blocks are numbered, then the lanes inside, x fastest."""
        w = self.w

        def flat(kind: str, dim: str) -> Value:
            x, y, z = (where[Special[f"{kind}_{a}"]] for a in "XYZ")
            dx, dy = where[Special[f"{dim}_X"]], where[Special[f"{dim}_Y"]]
            row = w.value(f"add {w.value(f'mul {z}, {dy.ref}', 'i64')}, {y.ref}", "i64")
            return w.value(f"add {w.value(f'mul {row}, {dx.ref}', 'i64')}, {x.ref}", "i64")

        size = where[Special.BLOCK_DIM_X]
        for axis in "YZ":
            size = w.value(f"mul {size}, {where[Special[f'BLOCK_DIM_{axis}']].ref}", "i64")
        blocks = w.value(f"mul {flat('BLOCK', 'GRID_DIM')}, {size.ref}", "i64")
        return w.value(f"add {blocks}, {flat('LANE', 'BLOCK_DIM').ref}", "i64")
