"""LLVM at work: text IR to machine code, machine code into this process.

This is the only module that touches `llvmlite.binding`, because two of its rules must not be broken anywhere else:
LLVM aborts the process on modules and objects it does not like (its wheel has assertions on), so every module is
verified first and every object's symbols are read by our own code first; and code once loaded stays loaded, because
a thread may be in it.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from hologram.backends.llvm import one_call
from hologram.backends.llvm.elf import machine_of, undefined_symbols
from hologram.errors import CodeLoadError

if TYPE_CHECKING:
    import llvmlite.binding as llvm

T = TypeVar("T")

# Code generation may call these for copies and fills of unknown size; nothing else without being passed by name.
MEMORY_FUNCTIONS = ("memcpy", "memmove", "memset")

_NO_IMPORTS: Mapping[str, int] = MappingProxyType({})
_library_numbers = itertools.count()

# LLVM's own locks must not be held by another thread at the moment of a fork: the child could never take them.
_lock, _linking = threading.RLock(), threading.RLock()
for _each in (_linking, _lock):  # one thread compiles while another one loads; who needs both takes `_lock` first
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_each.acquire, after_in_parent=_each.release, after_in_child=_each.release)


@dataclass(frozen=True, slots=True)
class Target:
    """What machine code is made for: LLVM triple, CPU name and feature string (`+avx2,-avx512f` …)."""

    triple: str
    cpu: str = ""
    features: str = ""

    @property
    def arch(self) -> str:
        """First part of the triple: `x86_64`, `aarch64` …"""
        return self.triple.split("-", 1)[0]


@dataclass(frozen=True, slots=True)
class Loaded:
    """An object loaded into this process for good: addresses of its exported functions by name."""

    addresses: Mapping[str, int]

    def __getitem__(self, name: str) -> int:
        return self.addresses[name]


@cache
def host_target() -> Target:
    """The machine this process runs on, with every feature its CPU has."""
    with _lock:
        llvm = _llvm()
        features = llvm.get_host_cpu_features().flatten(sort=True)
        return Target(llvm.get_process_triple(), llvm.get_host_cpu_name(), features)


def llvm_version() -> str:
    """Version of llvmlite and of the LLVM inside it: part of every cache key.

    >>> llvm_version().startswith("llvmlite-")
    True
    """
    import llvmlite

    return f"llvmlite-{llvmlite.__version__}/llvm-{'.'.join(map(str, _llvm().llvm_version_info))}"


def compile_object(ir_text: str, target: Target, opt: int = 3, vectorize: bool = False) -> bytes:
    """Optimise a module and return its relocatable object file.

    `opt` is the level 0–3, where 0 keeps values in registers and 1 makes equal ones once besides. `vectorize` turns
    LLVM's loop and SLP vectorisers on (code that is already written in vectors does not want them). The same text and
    target give the same bytes in every process.
    Raises CodeLoadError where LLVM does not accept the text.
    """
    with _lock:
        llvm, lib = _llvm(), _llvm().ffi.lib
        setup = _setup(target, opt, vectorize)
        buffer, message = _compiler()(_with_target(ir_text, setup).encode(), *setup.pointers, opt)
        if not buffer:
            raise CodeLoadError(f"LLVM refuses the generated module: {message}")
        held = ctypes.cast(buffer, llvm.ffi.LLVMMemoryBufferRef)
        try:
            return ctypes.string_at(lib.LLVMPY_GetBufferStart(held), lib.LLVMPY_GetBufferSize(held))
        finally:
            lib.LLVMPY_DisposeMemoryBuffer(held)


def optimize_ir(ir_text: str, target: Target, opt: int = 3, vectorize: bool = False) -> str:
    """The module after LLVM's optimisation pipeline, as text, for inspection."""
    with _lock:
        return _emit(ir_text, target, opt, vectorize, lambda machine, module: str(module))


def assembly(ir_text: str, target: Target, opt: int = 3, vectorize: bool = False) -> str:
    """The module's machine code in assembly language, for inspection (and PTX for an NVPTX target)."""
    with _lock:
        return _emit(ir_text, target, opt, vectorize, lambda machine, module: str(machine.emit_assembly(module)))


def load_object(data: bytes, exports: Sequence[str], imports: Mapping[str, int] = _NO_IMPORTS) -> Loaded:
    """Load an object file into this process for good and return the addresses of `exports`.

    `data` must come from `compile_object`, directly or through a cache that checked its digest. `imports` are the
    addresses of the symbols the object may use besides the C memory functions.
    Raises CodeLoadError for an object of a foreign format or machine, one that needs other symbols, a missing export.
    """
    if machine_of(data) != host_target().arch:
        raise CodeLoadError(f"the object is for {machine_of(data)}, this process runs on {host_target().arch}")
    known = {**_memory_functions(), **imports}
    needed = undefined_symbols(data)
    if foreign := sorted(needed - known.keys()):
        raise CodeLoadError(f"the object uses symbols it may not use: {', '.join(foreign)}; rebuild it")
    with _linking:
        return Loaded(MappingProxyType(_link(data, exports, {name: known[name] for name in sorted(needed)})))


def _link(data: bytes, exports: Sequence[str], imports: Mapping[str, int]) -> dict[str, int]:
    library = _llvm().JITLibraryBuilder().add_object_img(data)
    for name, address in imports.items():
        library.import_symbol(name, address)
    for name in exports:
        library.export_symbol(name)
    try:
        tracker = library.link(_jit(), f"hologram.{next(_library_numbers)}")
    except RuntimeError as error:
        raise CodeLoadError(f"the object could not be linked: {error}") from error
    addresses = {name: int(tracker[name]) for name in exports}
    tracker.detach()  # gives up the right to unload
    return addresses


@dataclass(frozen=True, slots=True)
class _Setup:
    """What modules for a target pass through: made once, and never freed. Without `passes` it is LLVM's pipeline."""

    machine: llvm.TargetMachine
    layout: str
    tuning: llvm.PipelineTuningOptions
    passes: llvm.ModulePassManager | None

    @property
    def pointers(self) -> tuple[int, int, int]:
        """The machine, the options and the passes as llvmlite's library knows them."""
        machine, tuning = _address(self.machine._ptr), _address(self.tuning._ptr)
        return machine, tuning, 0 if self.passes is None else _address(self.passes._ptr)


_PASSES: Mapping[int, tuple[str, ...]] = {
    0: ("sroa", "always_inliner"),
    1: ("always_inliner", "global_dead_code_eliminate", "sroa", "new_gvn", "simplify_cfg"),
}
"""Passes of the levels that ask for little effort.

`sroa` keeps values in registers: LLVM's own level 0 leaves it out, though it saves more than half of the time that
machine code takes to make. Level 1 is a fifth of the effort of level 2 for vector code that is nearly as fast.
"""


@cache
def _setup(target: Target, opt: int, vectorize: bool) -> _Setup:
    llvm, machine = _llvm(), _machine(target, opt)
    tuning = llvm.create_pipeline_tuning_options(speed_level=opt)
    tuning.loop_vectorization = tuning.slp_vectorization = vectorize
    passes = llvm.create_new_module_pass_manager() if opt in _PASSES else None
    for name in _PASSES.get(opt, ()):
        getattr(passes, f"add_{name}_pass")()
    return _Setup(machine, str(machine.target_data), tuning, passes)


def _with_target(ir_text: str, setup: _Setup) -> str:
    """A module that says what it is for; its lines keep their numbers."""
    return f'target datalayout = "{setup.layout}" target triple = "{setup.machine.triple}" {ir_text}'


def _emit(
    ir_text: str, target: Target, opt: int, vectorize: bool, form: Callable[[llvm.TargetMachine, llvm.ModuleRef], T]
) -> T:
    """One form of an optimised module. LLVM's objects die in here, while the lock is held: dying uses LLVM too."""
    llvm, setup = _llvm(), _setup(target, opt, vectorize)
    # One LLVM context a module: the global one would keep every module's types and constants for ever.
    try:
        module = llvm.parse_assembly(_with_target(ir_text, setup), llvm.create_context())
        module.verify()
    except RuntimeError as error:
        raise CodeLoadError(f"LLVM refuses the generated module: {error}") from error
    builder = llvm.create_pass_builder(setup.machine, setup.tuning)
    passes = builder.getModulePassManager() if setup.passes is None else setup.passes
    passes.run(module, builder)  # once for each builder: it keeps what a run leaves there
    return form(setup.machine, module)


@cache
def _compiler() -> one_call.Compiler:
    """The function that compiles in one foreign call; llvmlite compiles it."""
    lib = _llvm().ffi.lib
    data = _emit(one_call.compile_ir(), host_target(), 0, False, lambda machine, module: machine.emit_object(module))
    with _linking:
        addresses = _link(bytes(data), [one_call.RUN], {})
    library = ctypes.CDLL(lib._name)
    functions = {name: _address(getattr(library, name)) for name in map(one_call.PREFIX.__add__, one_call.FUNCTIONS)}
    return one_call.Compiler(addresses[one_call.RUN], functions, lambda s: lib.LLVMPY_DisposeString(ctypes.c_char_p(s)))


def _machine(target: Target, opt: int) -> llvm.TargetMachine:
    llvm = _llvm()
    if target.arch != host_target().arch:
        _initialize_every_target()
    try:
        found = llvm.Target.from_triple(target.triple)
    except RuntimeError as error:
        raise CodeLoadError(f"LLVM knows no target '{target.triple}': {error}") from error
    return found.create_target_machine(
        cpu=target.cpu, features=target.features, opt=2 if opt == 1 else opt, reloc="pic", codemodel="small"
    )


@cache
def _llvm() -> Any:
    """`llvmlite.binding` with the host's code generator ready: importing it costs 30 ms, so only here."""
    import llvmlite.binding

    llvmlite.binding.initialize_native_target()
    llvmlite.binding.initialize_native_asmprinter()
    return llvmlite.binding


@cache
def _initialize_every_target() -> None:
    _llvm().initialize_all_targets()
    _llvm().initialize_all_asmprinters()


@cache
def _jit() -> llvm.LLJIT:
    """The one linker of this process; an extra reference keeps it past interpreter exit: threads may run its code."""
    # JITLink lays an object out in one piece: relocations always reach, and a load costs two mappings, not three.
    jit = _llvm().create_lljit_compiler(_machine(host_target(), 3), use_jit_link=True)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(jit))
    return jit


@cache
def _memory_functions() -> Mapping[str, int]:
    library = ctypes.CDLL("msvcrt" if os.name == "nt" else None)
    return {name: _address(getattr(library, name)) for name in MEMORY_FUNCTIONS}


def _address(function: Any) -> int:
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)
