"""The loops around the strips: ``i64 run(ptr block, ptr piece)``.

It reads the arguments block (see `layout`), runs all lanes of the launch domain or those of one of its `pieces`, x
innermost, and returns 0 or what went wrong first (see `faults.Fault`). Full strips and the rest of a row are two
copies of the same code; the second runs under a mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from hologram.backends.llvm import layout, together, watch
from hologram.backends.llvm.barriers import Plan
from hologram.backends.llvm.clamps import LANE_X
from hologram.backends.llvm.executor_state import ExecutorState
from hologram.backends.llvm.ir import Module, Value, Writer
from hologram.backends.llvm.job import GLOBALS, Lowering, uses_blocks
from hologram.backends.llvm.meeting import DONE, Agreement
from hologram.backends.llvm.pieces import Bounds, number_and_results
from hologram.backends.llvm.reduction import Reduction
from hologram.backends.llvm.slots import load_field, load_slots, polynomial, widened
from hologram.isa.affine import Affine
from hologram.isa.operands import Slot, Special
from hologram.isa.reductions import CHUNK, SECTION

LINE_BYTES = 64
LONG_ROW = 8
"""Strips a row must have for aligning its stores to pay."""
_AXES = "xyz"


class Nest:
    """Builds the run function of a kernel."""

    def __init__(
        self,
        job: Lowering,
        module: Module,
        slots: Sequence[Slot],
        reductions: Sequence[Reduction],
        plan: Plan | None = None,
    ) -> None:
        self.plan, self.part = plan, ""
        self.job, self.slots, self.reductions = job, slots, reductions
        self.w = Writer(module)
        self.values = load_slots(self.w, job.program, "%block")
        self.fault = self.w.alloca("i64")
        self.state = ExecutorState(self.w, job.program)

    def run(self) -> str:
        """The function `i64 run(ptr block, ptr piece)`."""
        w = self.w
        w.line(f"store i64 0, ptr {self.fault}")
        lanes = [load_field(w, "%block", o) for o in layout.LANES]
        if self.job.watch is not None:
            self._open_record(self.job, lanes)
        zero = Value("0", "i64")
        where = dict.fromkeys(Special, zero)
        for r in self.reductions:
            r.begin(w)
        if self.job.by_rows:
            self._blocks_of_a_strip(where)
        elif uses_blocks(self.job.program):
            grid = [load_field(w, "%block", o) for o in layout.GRID]
            block = [load_field(w, "%block", o) for o in layout.BLOCK]
            for axis in range(3):
                where[Special[f"GRID_DIM_{_AXES[axis].upper()}"]] = grid[axis]
                where[Special[f"BLOCK_DIM_{_AXES[axis].upper()}"]] = block[axis]
            if self.plan is not None:
                self._open_blocks(self.plan, block)
            self._block_loops(where, lanes, Bounds(w, grid), block)
        elif self.reductions:
            self._chunk_loop(where, lanes)
        else:
            bounds = Bounds(w, lanes, len(self.job.program.extent) or 3)
            count = [w.value(f"sub {e}, {b.ref}", "i64") for b, e in zip(bounds.begin, bounds.end, strict=True)]
            self._lane_loops(where, bounds.begin, count)
            if self.job.elementwise and self.job.lanes:
                self._turn_round(bounds.whole)
        result = w.value(f"load i64, ptr {self.fault}", "i64")
        self.state.finish(watch.any_fault(w, result) if self.job.watch is not None else result)
        w.line(f"ret {result}")
        if self.job.watch is not None:
            w.open = False
            w.label(watch.STOPPED)
            w.line("ret i64 0")
        return w.text(f"define i64 @{layout.RUN}(ptr noalias %block, ptr %piece) nounwind")

    @contextmanager
    def _counted(self, bound: Value, step: Value | int = 1, start: str = "0") -> Iterator[Value]:
        """A loop `for i in range(start, bound, step)` around the code written inside."""
        w = self.w
        cell, top, body, done = w.alloca("i64"), w.name("top"), w.name("body"), w.name("done")
        w.line(f"store i64 {start}, ptr {cell}")
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
        self, where: dict[Special, Value], lanes: Sequence[Value], grid: Bounds, block: Sequence[Value]
    ) -> None:
        w = self.w
        x, y, z = (self._counted(e, 1, b.ref) for b, e in zip(grid.begin, grid.end, strict=True))
        with z as bz, y as by, x as bx:
            first, inside = [], []
            for axis, index in enumerate((bx, by, bz)):
                where[Special[f"BLOCK_{_AXES[axis].upper()}"]] = index
                start = w.value(f"mul {index}, {block[axis].ref}", "i64")
                left = w.value(f"sub {lanes[axis]}, {start.ref}", "i64")
                first.append(start)
                # A grid may go on beyond the extent: blocks out there have no lanes, not a negative number of them.
                some = w.call("llvm.smax.i64", "i64", 0, left, Value("0", "i64"))
                inside.append(w.call("llvm.smin.i64", "i64", 0, some, block[axis]))
            if self.plan is not None:
                self._parts(self.plan, where, first, inside)
            else:
                self._lane_loops(where, first, inside)

    def _blocks_of_a_strip(self, where: dict[Special, Value]) -> None:
        """Blocks that are a strip each, one along x."""
        zero = Value("0", "i64")
        grid = Bounds(self.w, [load_field(self.w, "%block", o) for o in layout.GRID])
        y, z = (self._counted(grid.end[axis], 1, grid.begin[axis].ref) for axis in (1, 2))
        with z as bz, y as by:
            where = {**where, Special.GLOBAL_Y: by, Special.GLOBAL_Z: bz}
            self._call("full", where, zero, zero)

    def _open_blocks(self, plan: Plan, block: Sequence[Value]) -> None:
        """Shared memory of a block, and what each of its strips keeps at a barrier."""
        w, width = self.w, max(self.job.lanes, 1)
        self.shared = w.alloca(f"[{max(self.job.program.shared_bytes, 1)} x i8], align {LINE_BYTES}")
        self.next, self.number, self.current = w.alloca("i64"), w.alloca("i64"), w.alloca("i64")
        if not plan.proved:
            stops = self.job.watch is not None
            self.agreement = Agreement(w, self.next, self.fault, plan.status(self.job), stops)
        row = w.value(f"udiv {w.value(f'add {block[0]}, {width - 1}', 'i64')}, {width}", "i64")
        rows = w.value(f"mul {block[1]}, {block[2].ref}", "i64")
        size = w.value(f"mul {w.value(f'mul {row}, {rows.ref}', 'i64')}, {plan.size}", "i64")
        self.kept = w.value(f"alloca i8, {size}, align {LINE_BYTES}", "ptr")
        if plan.reduces:
            self.together = together.memory(w, block)

    def _parts(self, plan: Plan, where: dict[Special, Value], first: Sequence[Value], lanes: Sequence[Value]) -> None:
        """One block: part after part, each for all strips, as the barriers say."""
        w = self.w
        top, done = w.name("part"), w.name("parts")
        labels = [w.name("part") for _ in plan.parts]
        w.line(f"store i64 0, ptr {self.current}")
        w.label(top)
        cases = " ".join(f"i64 {k}, label {label}" for k, label in enumerate(labels))
        w.line(f"switch {w.value(f'load i64, ptr {self.current}', 'i64')}, label {done} [ {cases} ]")
        w.open = False
        for part, label in zip(plan.parts, labels, strict=True):
            w.label(label)
            if part.reduction is not None:
                rows = w.value(f"mul {lanes[1]}, {lanes[2].ref}", "i64")
                count = w.value(f"mul {lanes[0]}, {rows.ref}", "i64")
                w.line(f"call void @{together.name(part.reduction)}({self.together}, {count})")
            w.line(f"store i64 {DONE}, ptr {self.next}")
            w.line(f"store i64 0, ptr {self.number}")
            self.part = str(part.number)
            if not plan.proved:
                self.agreement.begin()
            self._lane_loops(dict(where), first, lanes)
            following = w.value(f"load i64, ptr {self.next}", "i64") if plan.proved else self.agreement.result()
            w.line(f"store {following}, ptr {self.current}")
            w.jump(top)
        w.label(done)

    def _kept_by_strip(self, plan: Plan) -> str:
        """The memory of the next strip."""
        w = self.w
        number = w.value(f"load i64, ptr {self.number}", "i64")
        w.line(f"store {w.value(f'add {number}, 1', 'i64')}, ptr {self.number}")
        return str(w.value(f"getelementptr i8, {self.kept}, {w.value(f'mul {number}, {plan.size}', 'i64')}", "ptr"))

    def _lane_loops(self, where: dict[Special, Value], first: Sequence[Value], lanes: Sequence[Value]) -> None:
        w = self.w
        with self._counted(lanes[2]) as z, self._counted(lanes[1]) as y:
            for axis, index in ((1, y), (2, z)):
                where[Special[f"LANE_{_AXES[axis].upper()}"]] = index
                where[GLOBALS[axis]] = w.value(f"add {first[axis]}, {index.ref}", "i64")
            if self.plan is not None and self.plan.reduces:
                row = w.value(f"add {w.value(f'mul {z}, {lanes[1].ref}', 'i64')}, {y.ref}", "i64")
                self.row = w.value(f"mul {row}, {lanes[0].ref}", "i64")
            self._row(where, first[0], lanes[0])

    def _chunk_loop(self, where: dict[Special, Value], lanes: Sequence[Value]) -> None:
        """Chunks of the reduction tree, row after row; then the result, or what a piece leaves for `join`."""
        w, log = self.w, CHUNK.bit_length() - 1
        in_row = w.value(f"lshr {w.value(f'add {lanes[0]}, {CHUNK - 1}', 'i64')}, {log}", "i64")
        rows = w.value(f"mul {lanes[1]}, {lanes[2].ref}", "i64")
        chunks = Bounds(w, [w.value(f"mul {in_row}, {rows.ref}", "i64")], 1)
        place = self._first_chunk(chunks, in_row, lanes[1])
        with self._counted(chunks.end[0], 1, chunks.begin[0].ref):
            k, y, z = (w.value(f"load i64, ptr {cell}", "i64") for cell in place)
            where[Special.GLOBAL_Y], where[Special.GLOBAL_Z] = y, z
            start = w.value(f"shl {k}, {log}", "i64")
            left = w.value(f"sub {lanes[0]}, {start.ref}", "i64")
            count = w.call("llvm.smin.i64", "i64", 0, left, Value(str(CHUNK), "i64"))
            with self._counted(count, SECTION) as inside:
                first = w.value(f"add {start}, {inside.ref}", "i64")
                rest = w.value(f"sub {count}, {inside.ref}", "i64")
                for r in self.reductions:
                    r.sections.open(w)
                self._row(where, first, w.call("llvm.smin.i64", "i64", 0, rest, Value(str(SECTION), "i64")))
                for r in self.reductions:
                    r.sections.close(w, inside)
            for r in self.reductions:
                r.close_chunk(w, count)
            self._carry(place, (in_row, lanes[1]))
        whole, part, done = w.name("whole"), w.name("part"), w.name("done")
        w.branch(chunks.whole, whole, part)
        w.label(part)
        number, results = number_and_results(w)
        for position, r in enumerate(self.reductions):
            r.deliver(w, position, number, results)
        w.jump(done)
        w.label(whole)
        for r in self.reductions:
            wide = widened(w, self.job.program, self.values)
            if self.job.watch is not None:
                watch.result_in_bounds(w, r.index, self.extents[r.slot], r.type, polynomial(w, r.offset, wide))
            r.finish(w, self.values, wide)
        w.label(done)

    def _first_chunk(self, chunks: Bounds, in_row: Value, rows: Value) -> list[str]:
        """Cells for a chunk's number in its row, for y and z, set to the first chunk."""
        w = self.w
        cells = [w.alloca("i64") for _ in range(3)]
        for cell in cells:
            w.line(f"store i64 0, ptr {cell}")
        find, ready = w.name("find"), w.name("found")
        w.branch(chunks.whole, ready, find)
        w.label(find)
        row = w.value(f"udiv {chunks.begin[0]}, {in_row.ref}", "i64")
        w.line(f"store {w.value(f'urem {chunks.begin[0]}, {in_row.ref}', 'i64')}, ptr {cells[0]}")
        w.line(f"store {w.value(f'urem {row}, {rows.ref}', 'i64')}, ptr {cells[1]}")
        w.line(f"store {w.value(f'udiv {row}, {rows.ref}', 'i64')}, ptr {cells[2]}")
        w.label(ready)
        return cells

    def _carry(self, cells: Sequence[str], bounds: Sequence[Value]) -> None:
        """Count on by one: a cell that comes to its bound becomes 0 and the next one counts."""
        w, one = self.w, Value("1", "i64")
        for cell, bound in zip(cells, [*bounds, None], strict=True):
            following = w.value(f"add {w.value(f'load i64, ptr {cell}', 'i64')}, {one.ref}", "i64")
            if bound is None:
                w.line(f"store {following}, ptr {cell}")
                break
            full = w.value(f"icmp eq {following}, {bound.ref}", "i1")
            w.line(f"store {w.value(f'select {full}, i64 0, {following}', 'i64')}, ptr {cell}")
            one = w.value(f"zext {full} to i64", "i64")

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
        if self.job.elementwise:
            self._back_and_forth(where, first, x, left, at)
        else:
            self._call("full", where, first, x)
            w.line(f"store {w.value(f'add {x}, {width}', 'i64')}, ptr {at}")
        w.jump(whole)
        w.label(last)
        w.branch(w.value(f"icmp sgt {left}, 0", "i1"), masked, done)
        w.label(done)

    def _back_and_forth(self, where: dict[Special, Value], first: Value, x: Value, left: Value, at: str) -> None:
        """All whole strips of a row, upwards or downwards: each run of a launch goes the other way.

        A launch that is repeated finds in the cache what the last one touched last. Going the same way every time,
        arrays a little larger than the cache would push each element out just before it is needed again.
        """
        w, width = self.w, self.job.lanes
        direction = load_field(w, "%block", layout.DIRECTION)
        down = w.value(f"trunc {direction} to i1", "i1")
        span = w.value(f"and {left}, {-width}", "i64")
        top = w.value(f"add {x}, {w.value(f'sub {span}, {width}', 'i64').ref}", "i64")
        start = w.value(f"select {down}, {top}, {x}", "i64")
        step = w.value(f"select {down}, i64 {-width}, i64 {width}", "i64")
        place = w.alloca("i64")
        w.line(f"store {start}, ptr {place}")
        with self._counted(span, width):
            here = w.value(f"load i64, ptr {place}", "i64")
            self._call("full", where, first, here)
            w.line(f"store {w.value(f'add {here}, {step.ref}', 'i64')}, ptr {place}")
        w.line(f"store {w.value(f'add {x}, {span.ref}', 'i64')}, ptr {at}")

    def _turn_round(self, whole: Value) -> None:
        """After a whole run: the next one goes the other way. Of a run in pieces the launch driver says so."""
        w = self.w
        turn, done = w.name("turn"), w.name("turned")
        w.branch(whole, turn, done)
        w.label(turn)
        cell = w.value(f"getelementptr i8, ptr %block, i64 {layout.DIRECTION}", "ptr")
        direction = w.value(f"load i64, {cell}, align 8", "i64")
        w.line(f"store {w.value(f'xor {direction}, 1', 'i64')}, {cell}, align 8")
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
        placed = uses_blocks(self.job.program) and not self.job.by_rows
        linear = self._linear(where) if placed else where[Special.GLOBAL_X]
        arguments = [f"ptr {self.fault}", *(str(self.values[s]) for s in self.slots)]
        arguments += [str(where[s]) for s in Special] + [str(linear)]
        for r in self.reductions:
            arguments += [f"ptr {r.sections.accumulators}", f"ptr {r.any}"]
        if self.plan is not None:
            arguments += [f"ptr {self.shared}", self._kept_by_strip(self.plan), f"ptr {self.next}"]
            if self.plan.reduces:
                arguments += [str(self.together), str(w.value(f"add {self.row}, {x.ref}", "i64"))]
        arguments += self.state.arguments(where)
        if self.job.watch is not None:
            arguments += ["ptr %record", str(self._number(where))]
            arguments += [str(part) for slot in self.job.arrays for part in watch.parts(self.extents[slot])]
        if count is not None:
            arguments.append(str(count))
        unsure = self.plan is not None and not self.plan.proved
        if unsure:
            self.agreement.before_strip()
        call = f"@strip_{name}{self.part}({', '.join(arguments)})"
        if self.job.watch is None:
            w.line(f"call void {call}")
        else:
            go_on = w.name("fine")
            w.branch(w.value(f"call i1 {call}", "i1"), watch.STOPPED, go_on)
            w.label(go_on)
        if unsure:
            self.agreement.after_strip()

    def _open_record(self, job: Lowering, lanes: Sequence[Value]) -> None:
        """Where checked code notes what it finds, and what it compares addresses with."""
        offset = layout.Layout.of(job.program.params).size + layout.state_bytes(job.program)
        self.w.line(f"%record = getelementptr i8, ptr %block, i64 {offset}")
        self.extents = watch.extents_of(self.w, job.program, job.arrays, self.values)
        self.total = lanes

    def _number(self, where: Mapping[Special, Value]) -> Value:
        """The number of a lane in the launch, x fastest."""
        w, (x, y, z) = self.w, (where[g] for g in GLOBALS)
        row = w.value(f"add {w.value(f'mul {z}, {self.total[1].ref}', 'i64')}, {y.ref}", "i64")
        return w.value(f"add {w.value(f'mul {row}, {self.total[0].ref}', 'i64')}, {x.ref}", "i64")

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
