"""Programs as native CPU code: lowered, compiled or taken from the cache, loaded, launched."""

from __future__ import annotations

import ctypes
import struct
import sys
import time
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from hologram.backends.base import Argument, Domain, ObjectStore
from hologram.backends.cpu import targets
from hologram.backends.cpu.environment import default_environment
from hologram.backends.cpu.faults import fault_error
from hologram.backends.executor_memory import ExecutorMemory
from hologram.backends.llvm import jit, layout
from hologram.backends.llvm.jit import Target
from hologram.backends.llvm.layout import CHECK, RUN, Layout
from hologram.errors import PrintIgnoredWarning
from hologram.isa import agreement
from hologram.isa.binary import TargetSection
from hologram.isa.demands import EXCLUSIVE, MEMORY
from hologram.isa.instructions import Spec
from hologram.isa.program import Program
from hologram.types import Type

CODE_FORMAT = 18
"""Part of every cache key: raised whenever the lowering or the arguments block changes."""
SECTION_PREFIX = "cpu:"
# Making code needs the whole compiler; launching shipped or cached code does not, so `cpu.source` is imported late.
_RUN_TYPE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)


@dataclass(frozen=True, slots=True)
class Native:
    """Loaded code: addresses of `i64 run(block)` and `i32 check(block)`."""

    run_address: int
    check_address: int


@dataclass
class CpuExecutable:
    """A program on the CPU. Code is made when first asked for; `stages` has the seconds each stage took."""

    program: Program
    store: ObjectStore | None
    sections: tuple[TargetSection, ...] = ()
    stages: dict[str, float] = field(default_factory=dict)
    compiled: int = 0
    _variants: dict[bool, Native] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        return Layout.of(self.program.params)

    @property
    def cost(self) -> int:
        """Instructions a lane runs, not counting repetitions of loops."""
        return len(self.program.instructions)

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
            loaded = jit.load_object(self._object(contiguous), [RUN, CHECK])
            self._variants[contiguous] = Native(loaded[RUN], loaded[CHECK])
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
        found = self.store.get(key) if self.store else None
        if found is not None:
            return found
        data = self._compile(host, contiguous)
        if self.store:
            self.store.put(key, data)
        return data

    def _compile(self, target: Target, contiguous: bool) -> bytes:
        from hologram.backends.cpu.source import source

        start = time.perf_counter()
        module = source(self.program, target, contiguous)
        lowered = time.perf_counter()
        data = jit.compile_object(module.text, target, module.level, module.vectorize)
        self.stages["codegen"] = lowered - start
        self.stages["llvm"] = time.perf_counter() - lowered
        self.compiled += 1
        return data

    def inspect(self, form: str) -> str:
        """The code of this machine as "llvm" (optimised IR) or "asm"."""
        from hologram.backends.cpu.source import source

        host = jit.host_target()
        module = source(self.program, host)
        show = jit.optimize_ir if form == "llvm" else jit.assembly
        return show(module.text, host, module.level, module.vectorize)

    def launch(self, arguments: Sequence[Argument], domain: Domain, memory: ExecutorMemory | None = None) -> None:
        """Run once on checked arguments."""
        if self.program.demands & MEMORY and memory is None:
            memory = self.own_memory
        with memory.lock if memory is not None and self.program.demands & EXCLUSIVE else nullcontext():
            self._launch(pack(self.program, arguments, domain, memory), arguments)

    @cached_property
    def own_memory(self) -> ExecutorMemory:
        """The memory of launches that bring no executor's."""
        return ExecutorMemory()

    def _launch(self, block: bytearray, arguments: Sequence[Argument]) -> None:
        memory = (ctypes.c_char * len(block)).from_buffer(block)
        run = _RUN_TYPE(self.native_for(arguments).run_address)
        with default_environment():
            status = run(ctypes.addressof(memory))
        if status:
            raise fault_error(self.program, status)


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

    def __init__(self, store: ObjectStore | None = None) -> None:
        self.store = store

    def implements(self, spec: Spec, type: Type | None) -> bool:
        from hologram.backends.llvm.rules import implements

        return implements(spec, type)

    def compile(self, program: Program, sections: Sequence[TargetSection] = ()) -> CpuExecutable:
        """Make a program runnable.

        `sections` must come from a trusted place: such a program has been verified where its code was made.
        """
        if not sections:
            from hologram.backends.cpu.source import accept

            accept(program)
        if any(ins.op == "Print" for ins in program.instructions):
            _warn_of_print(program)
        return CpuExecutable(program, self.store, tuple(sections))

    def object_for(self, program: Program, target_name: str = "host") -> bytes:
        """Relocatable native code for a named target."""
        from hologram.backends.cpu.source import source

        target = targets.target(target_name)
        module = source(program, target)
        return jit.compile_object(module.text, target, module.level, module.vectorize)
