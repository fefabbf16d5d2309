"""Programs as native CPU code: lowered, compiled or taken from the cache, loaded, launched."""

from __future__ import annotations

import ctypes
import struct
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from hologram import events
from hologram.backends.base import Argument, Checks, Domain, Executable, ObjectStore
from hologram.backends.cpu import pool, targets
from hologram.backends.cpu.environment import default_environment
from hologram.backends.cpu.faults import fault_error
from hologram.backends.executor_memory import ExecutorMemory
from hologram.backends.llvm import jit, layout
from hologram.backends.llvm.jit import Target
from hologram.backends.llvm.job import Watch
from hologram.backends.llvm.layout import CHECK, CUT, JOIN, RUN, Layout
from hologram.backends.objects import Compiled, Making, object_of
from hologram.errors import PrintIgnoredWarning
from hologram.isa import agreement
from hologram.isa.binary import TargetSection
from hologram.isa.demands import EXCLUSIVE, MEMORY
from hologram.isa.instructions import Spec
from hologram.isa.operands import Label
from hologram.isa.program import SHARED_ARRAYS, Program
from hologram.types import Type

CODE_FORMAT = 36
"""Part of every cache key: raised whenever the lowering or the arguments block changes."""
SECTION_PREFIX = "cpu:"
# Making code needs the whole compiler; launching shipped or cached code does not, so `cpu.source` is imported late.
RUN_TYPE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)
_DRIVE_TYPE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)

NANOSECONDS_PER_INSTRUCTION = 0.3
LONG_NANOSECONDS = 20_000
"""Launches that may last longer than this release the GIL (about 40 ns) and are looked at by the launch driver."""
LOOP_REPETITIONS = 16
"""How often a loop is taken to repeat when nothing is known about it."""


@dataclass(frozen=True, slots=True)
class Native:
    """Loaded code: addresses of `i64 run(block, piece)` and `i32 check(block)`, and what the launch driver needs."""

    run_address: int
    check_address: int
    recipe: ctypes.Array[ctypes.c_int64]

    @property
    def recipe_address(self) -> int:
        return ctypes.addressof(self.recipe)


@dataclass
class CpuExecutable:
    """A program on the CPU. Code is made when first asked for; `making` says how.

    With `watch` it is checked code, which only a `CheckedExecutable` can launch.
    """

    program: Program
    store: ObjectStore | None
    sections: tuple[TargetSection, ...] = ()
    making: Making = field(default_factory=Making)
    watch: Watch | None = None
    _variants: dict[bool, Native] = field(default_factory=dict)

    @property
    def stages(self) -> Mapping[str, float]:
        """Seconds each stage of making code took."""
        return self.making.stages

    @property
    def compiled(self) -> int:
        """How often code was made."""
        return self.making.compiled

    @property
    def layout(self) -> Layout:
        return Layout.of(self.program.params)

    @cached_property
    def cost(self) -> int:
        """An estimate of the instructions a lane runs."""
        return estimated_instructions(self.program)

    @property
    def long_lanes(self) -> int:
        """Lanes from which a launch is long: it releases the GIL and may run on several threads."""
        return int(LONG_NANOSECONDS / (NANOSECONDS_PER_INSTRUCTION * max(1, self.cost)))

    @property
    def run_address(self) -> int:
        return self.variant(True).run_address

    @property
    def check_address(self) -> int:
        return self.variant(True).check_address

    def native_for(self, arguments: Sequence[Argument]) -> Native:
        """The code that suits the arguments' memory layout."""
        arrays = [a for a, p in zip(arguments, self.program.params, strict=True) if p.is_array and p.ndim > 1]
        unit = all(isinstance(a, np.ndarray) and a.strides[-1] == a.itemsize for a in arrays)
        return self.variant(unit)

    def variant(self, contiguous: bool) -> Native:
        """The code for arrays whose last axis is contiguous, or for any strides (made on first use)."""
        contiguous = contiguous or not any(p.is_array and p.ndim > 1 for p in self.program.params)
        if contiguous not in self._variants:
            wanted = [RUN, JOIN, CUT] if self.watch is not None else [RUN, CHECK, JOIN, CUT]
            loaded = jit.load_object(self._object(contiguous), wanted)
            cut = ctypes.c_int64.from_address(loaded[CUT]).value
            recipe = (ctypes.c_int64 * 3)(loaded[RUN], loaded[JOIN], cut)
            self._variants[contiguous] = Native(loaded[RUN], 0 if self.watch else loaded[CHECK], recipe)
        return self._variants[contiguous]

    def _object(self, contiguous: bool) -> bytes:
        host = jit.host_target()
        shipped = {
            s.target.removeprefix(SECTION_PREFIX): s.data for s in self.sections if s.target.startswith(SECTION_PREFIX)
        }
        name = targets.best(list(shipped), host)
        if contiguous and name is not None:
            return shipped[name]
        machine = f"{jit.llvm_version()}/{host.triple}/{host.cpu}/{host.features}"
        agree = self.program.metadata.get(agreement.KEY, "")
        key = f"{CODE_FORMAT}/{self.program.digest}/{agree}/{contiguous}/{machine}"
        if self.watch is not None:
            key += f"/{self.watch}/{self.program.metadata.get(SHARED_ARRAYS, '')}"
        return object_of(self.store, key, self.program.name, lambda: self._compile(host, contiguous), self.making)

    def _compile(self, target: Target, contiguous: bool) -> Compiled:
        from hologram.backends.cpu.source import source

        start = time.perf_counter()
        module = source(self.program, target, contiguous, watch=self.watch)
        lowered = time.perf_counter()
        data = jit.compile_object(module.text, target, module.level, module.vectorize)
        return data, {"codegen": lowered - start, "llvm": time.perf_counter() - lowered}

    def inspect(self, form: str) -> str:
        """The code of this machine as "llvm" (optimised IR) or "asm"."""
        from hologram.backends.cpu.source import source

        host = jit.host_target()
        module = source(self.program, host, watch=self.watch)
        show = jit.optimize_ir if form == "llvm" else jit.assembly
        return show(module.text, host, module.level, module.vectorize)

    def launch(self, arguments: Sequence[Argument], domain: Domain, memory: ExecutorMemory | None = None) -> None:
        """Run once on checked arguments."""
        with self.turn(memory) as held:
            block = pack(self.program, arguments, domain, held)
            content = (ctypes.c_char * len(block)).from_buffer(block)
            native = self.native_for(arguments)
            with default_environment():
                status = self._run(native, ctypes.addressof(content), domain.total >= self.long_lanes)
        if status:
            raise fault_error(self.program, status)

    @contextmanager
    def turn(self, memory: ExecutorMemory | None) -> Iterator[ExecutorMemory | None]:
        """A launch's hold on the executor's memory, if its program asks for that; some must wait for each other."""
        demands = self.program.demands
        if memory is None and demands & MEMORY:
            memory = self.own_memory
        with memory.lock if memory is not None and demands & EXCLUSIVE else nullcontext():
            yield memory

    @cached_property
    def own_memory(self) -> ExecutorMemory:
        """The memory of launches that bring no executor's."""
        return ExecutorMemory()

    def _run(self, native: Native, block: int, long: bool) -> int:
        if not long or pool.refusal():
            run = RUN_TYPE(native.run_address)
            start = events.start()
            status = int(run(block, None))
            events.ran(start)
            return status
        threads = pool.pool()
        drive = _DRIVE_TYPE(threads.drive_address(self.store))
        start = events.start()
        status = int(drive(threads.address, native.recipe_address, block))
        events.ran(start)
        threads.attend(self.store)
        return status


def estimated_instructions(program: Program) -> int:
    """Instructions a lane runs, with loops taken to repeat `LOOP_REPETITIONS` times."""
    weights = [1] * len(program.instructions)
    for last, ins in enumerate(program.instructions):
        for label in (a for a in ins.args if isinstance(a, Label) and ins.op in ("BRA", "LOOP")):
            for inside in range(program.labels[label.name], last + 1):
                weights[inside] *= LOOP_REPETITIONS
    return sum(weights)


def pack(
    program: Program, arguments: Sequence[Argument], domain: Domain, memory: ExecutorMemory | None = None
) -> bytearray:
    """The arguments block of a launch; it holds addresses in the executor's memory where the program needs them."""
    plan = Layout.of(program.params)
    block = bytearray(plan.size + layout.state_bytes(program))
    block[: layout.HEADER_BYTES] = layout.header(domain.lanes, domain.grid, domain.block)
    for param, place, value in zip(program.params, plan.places, arguments, strict=True):
        if isinstance(value, np.ndarray):
            layout.store_array(block, place, value.__array_interface__["data"][0], value.shape, value.strides)
        else:
            layout.store_scalar(block, place, param.type, value)
    if program.demands:
        chosen = -1 if domain.resonance_class is None else domain.resonance_class
        address = 0
        if memory is not None:
            address = memory.prepared(program.demands)
        struct.pack_into("<Qq", block, plan.size, address, chosen)
    return block


def _warn_of_print(program: Program) -> None:
    """Say, at the line of the program that asked for the kernel, that nothing will be shown."""
    message = f"kernel '{program.name}' prints nothing on the CPU; launch it with Executor('interpreter') to see it"
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("hologram."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, PrintIgnoredWarning, stacklevel=level)


class CpuBackend:
    """Compiles programs for this machine's CPU (and objects for others)."""

    name = "cpu"

    def __init__(self, store: ObjectStore | None = None, checks: Checks | None = None) -> None:
        """With `checks` all code is checked."""
        self.store, self.checks = store, checks

    def implements(self, spec: Spec, type: Type | None) -> bool:
        from hologram.backends.llvm.rules import implements

        return implements(spec, type)

    def compile(self, program: Program, sections: Sequence[TargetSection] = ()) -> Executable:
        """Make a program runnable.

        `sections` must come from a trusted place: such a program has been verified where its code was made.
        """
        if not sections or self.checks is not None:
            from hologram.backends.cpu.source import accept

            accept(program)
        if any(ins.op == "Print" for ins in program.instructions):
            _warn_of_print(program)
        if self.checks is None:
            return CpuExecutable(program, self.store, tuple(sections))
        from hologram.backends.cpu.checked import CheckedExecutable

        watch = Watch(self.checks.nan, self.checks.max_steps is not None)
        return CheckedExecutable(program, CpuExecutable(program, self.store, watch=watch), self.checks)

    def object_for(self, program: Program, target_name: str = "host") -> bytes:
        """Relocatable native code for a named target."""
        from hologram.backends.cpu.source import source

        target = targets.target(target_name)
        module = source(program, target)
        return jit.compile_object(module.text, target, module.level, module.vectorize)
