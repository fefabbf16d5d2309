"""The backends of this process and the programs they have made runnable, each made once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import hologram.backends.llvm.jit  # noqa: F401  # its lock must be older than ours, see `fork_safe_lock`
from hologram.backends.base import Checks
from hologram.backends.objects import Making
from hologram.isa.cache import ProgramCache, ProgramKey
from hologram.isa.program import Program
from hologram.runtime import debug
from hologram.runtime.locks import fork_safe_lock

if TYPE_CHECKING:
    from hologram.backends.base import Backend, Executable
    from hologram.backends.interpreter.moment import Hook
    from hologram.isa.binary import TargetSection

ENTRY_POINTS = "hologram.backends"
EXECUTABLES = 4096
"""Programs kept ready; a launch keeps its own beyond that."""

_lock = fork_safe_lock()
_backends: dict[tuple[str, Checks | None], Backend] = {}
_executables: ProgramCache[Executable] = ProgramCache(EXECUTABLES)


def _cpu(checks: Checks | None) -> Backend:
    from hologram.backends.cpu import CpuBackend
    from hologram.runtime.cache import DiskStore

    return CpuBackend(DiskStore(), checks)


def _interpreter(checks: Checks | None) -> Backend:
    return interpreter(checks)


def interpreter(checks: Checks | None, on_step: Hook | None = None) -> Backend:
    """A new interpreter; `on_step` is called before each instruction."""
    from hologram.backends.interpreter import InterpreterBackend
    from hologram.backends.interpreter.backend import DEFAULT_MAX_STEPS

    asked = checks or Checks()
    return InterpreterBackend(asked.max_steps or DEFAULT_MAX_STEPS, nan=asked.nan, races=asked.races, on_step=on_step)


BUILT_IN: Mapping[str, Callable[[Checks | None], Backend]] = {"cpu": _cpu, "interpreter": _interpreter}

ABSENT: Mapping[str, str] = dict.fromkeys(
    ("cuda", "metal", "vulkan"), "this version runs on the CPU only; use Executor('cpu')"
)
"""Backends that are known and not part of this version, each with the cure."""


def plugins() -> dict[str, Any]:
    """Backends of other packages, by name: their entry points in the group `hologram.backends`."""
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _nobody(making: Making) -> None:
    """Nobody asks how a program was made."""


def backend_named(name: str, checks: Checks | None = None) -> Backend:
    """The one backend of that name (and those checks) in this process; the name must be known."""
    with _lock:
        key = (name, checks)
        if key not in _backends:
            make = BUILT_IN.get(name)
            _backends[key] = make(checks) if make else plugins()[name].load()()
        return _backends[key]


def executable_for(
    backend: str,
    program: Program,
    sections: Sequence[TargetSection] = (),
    checks: Checks | None = None,
    made: Callable[[Making], None] = _nobody,
) -> Executable:
    """A verified program made runnable by a backend: from memory, else compiled (or taken from trusted `sections`).

    Where it was not there, `made` is told how it is made; code that is made later is added to that.
    """
    key = ProgramKey(program.digest, options=(backend, checks, program.debug_digest))
    return _executables.get_or_create(key, lambda: _compile(backend, program, sections, checks, made))


def _compile(
    backend: str,
    program: Program,
    sections: Sequence[TargetSection],
    checks: Checks | None,
    made: Callable[[Making], None],
) -> Executable:
    named: Any = backend_named(backend, checks)  # only the CPU's backend takes sections
    given = (program, sections) if sections and backend == "cpu" else (program,)
    executable = prepared(lambda: named.compile(*given), made)
    debug.show_executable(executable)
    return executable


def prepared(compile: Callable[[], Executable], made: Callable[[Making], None]) -> Executable:
    """An executable that `compile` gives; `made` is told how it is made: where it keeps no account, that was once."""
    begin = perf_counter()
    executable = compile()
    making = getattr(executable, "making", None) or Making(compiled=1)
    making.add({"prepare": perf_counter() - begin})
    made(making)
    return executable
