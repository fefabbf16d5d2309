"""Executors: where programs run and buffers live."""

from __future__ import annotations

import importlib
import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hologram import events
from hologram.backends.base import Checks
from hologram.backends.executor_memory import ExecutorMemory
from hologram.errors import (
    ArgumentTypeError,
    ArgumentValueError,
    BackendUnavailableError,
    BufferFreedError,
    UnsupportedError,
)
from hologram.events import Category
from hologram.isa.cache import ProgramCache, ProgramKey
from hologram.isa.program import Program
from hologram.runtime.buffer import Buffer, Memory, aligned_zeros
from hologram.runtime.compiled import ABSENT, BUILT_IN, executable_for, interpreter, plugins, prepared
from hologram.runtime.counters import Counters
from hologram.runtime.host import HostArray, element_type, host_array, pin, type_name
from hologram.runtime.locks import fork_safe_lock
from hologram.runtime.pools import BoundaryPool, LinearPool
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.backends.base import Executable, LaunchConfig
    from hologram.backends.interpreter.moment import Hook
    from hologram.backends.objects import Making
    from hologram.circuit.circuit import CompiledCircuit
    from hologram.isa.binary import TargetSection
    from hologram.metrics import ExecutorMetrics
    from hologram.runtime.circuits import CircuitLaunch
    from hologram.runtime.graph import Graph


WATCHED = 64
"""Programs that an executor with a step hook keeps ready."""


class BackendType(StrEnum):
    """The names an Executor understands; `str()` gives the name."""

    AUTO = "auto"
    CPU = "cpu"
    INTERPRETER = "interpreter"
    CUDA = "cuda"
    METAL = "metal"
    VULKAN = "vulkan"


_lock = fork_safe_lock()


def backends() -> dict[str, str]:
    """Every backend by name, with "available" or the reason why it cannot be used."""
    found = dict.fromkeys([*BUILT_IN, *plugins()], "available")
    return {**ABSENT, **found}


def is_cuda_available() -> bool:
    """True where Executor("cuda") would run."""
    return backends().get("cuda") == "available"


def is_metal_available() -> bool:
    """True where Executor("metal") would run."""
    return backends().get("metal") == "available"


def get_default_backend() -> str:
    """The backend that "auto" takes: "cpu"."""
    return "cpu"


def resolve_backend(name: str) -> str:
    """The backend a name stands for; raises ArgumentValueError or BackendUnavailableError where there is none."""
    if not isinstance(name, str):
        raise ArgumentTypeError(f"a backend is named by text, not {type(name).__name__}")
    wanted = str(name).lower()
    if wanted == BackendType.AUTO:
        return get_default_backend()
    if wanted in BUILT_IN or wanted in plugins():
        return wanted
    if wanted in ABSENT:
        raise BackendUnavailableError(f"backend '{wanted}' is not available: {ABSENT[wanted]}")
    raise ArgumentValueError(f"Invalid backend '{name}'; known are {', '.join(['auto', *backends()])}")


class Executor:
    """Compiles and launches programs on one backend, and owns buffers.

    `backend` is "cpu", "interpreter" (slow; checks every access), "auto", or the name of an installed backend.
    `checked=True` has every access watched on the CPU, too. Where accesses are watched, `nan="raise"` looks for NaN and
    infinity made of finite numbers, and `max_steps` bounds the instructions a lane may run. On the interpreter alone,
    `races=False` no longer looks for data races, and `on_step` is called with a `Moment` before each instruction.
    Executors may be shared by threads, and work in a forked child. Raises ArgumentValueError for an unknown backend,
    BackendUnavailableError for one that cannot run here.
    """

    __slots__ = (
        "__weakref__",
        "_buffers",
        "_closed",
        "_memory",
        "_ops",
        "_pool",
        "_watched",
        "backend",
        "checks",
        "counters",
        "on_step",
    )

    def __init__(
        self,
        backend: str = "auto",
        *,
        checked: bool = False,
        nan: str | None = None,
        max_steps: int | None = None,
        races: bool = True,
        on_step: Hook | None = None,
    ) -> None:
        self.backend = resolve_backend(backend)
        if self.backend != "interpreter" and (on_step is not None or not races):
            option = "on_step" if on_step is not None else "races"
            raise UnsupportedError(f"{option}= is for Executor('interpreter'), which runs lanes step by step")
        self.checks = _checks(self.backend, checked, nan, max_steps, races)
        self.on_step = on_step
        self._watched: ProgramCache[Executable] = ProgramCache(WATCHED)
        self._closed = False
        self.counters = Counters()
        self._ops: Any = None
        self._memory: ExecutorMemory | None = None
        self._pool: BoundaryPool | None = None
        self._buffers: weakref.WeakSet[Buffer] = weakref.WeakSet()

    @property
    def is_checked(self) -> bool:
        """True where every access of a launch is watched."""
        return self.backend == "interpreter" or self.checks is not None

    @property
    def device(self) -> str:
        """Where this executor's buffers are: "cpu" (host memory)."""
        return "cpu"

    @property
    def ops(self) -> Any:
        """The operations of `hologram.ops`, run on this executor."""
        # The op library lies above the runtime, so it is found by name when it is asked for.
        if self._ops is None:
            self._ops = importlib.import_module("hologram.ops").Operations(self)
        return self._ops

    # Memory.

    def allocate(self, shape: int | Sequence[int], dtype: Any = "f32") -> Buffer:
        """A new buffer of zeros; `shape` is a length or a sequence of lengths, 0 is fine.

        Raises ArgumentValueError for a negative length or unknown dtype, CapacityError where memory is short.
        """
        self._check_open()
        lengths = _lengths(shape)
        start = events.start() if events.listeners else 0
        array = _zeros(_product(lengths), dtype)
        self.counters.allocations.add(array.nbytes)
        if start:
            facts = {"bytes": array.nbytes, "dtype": type_name(array.dtype), "shape": list(lengths)}
            events.tell(Category.ALLOCATION, "allocate", start, **facts)
        return self._own(Buffer(self, array if len(lengths) == 1 else array.reshape(lengths)))

    def array(self, source: Any) -> Buffer:
        """A new buffer with a copy of a host array: its dtype, its shape."""
        given = self._host(source)
        buffer, start = self.allocate(given.shape, given.dtype), events.start()
        buffer.elements()[...] = given
        self.counters.copied("array", start, given.nbytes)
        return buffer

    def wrap(self, source: Any) -> Buffer:
        """A buffer over a host array's own memory, without a copy; the array is kept alive and in place."""
        given = self._host(source)
        if given.dtype != np.bool_:
            element_type(given.dtype)
        return self._own(Buffer(self, given, Memory((source, pin(given)))))

    def allocate_boundary(self, class_index: int, width: int, height: int, dtype: Any = "f32") -> Buffer:
        """The first width·height bytes of a class of the boundary pool (48 × 256 is the whole class).

        The content is what the class held before, zeros at first. Raises ArgumentValueError outside class 0 … 95,
        width 1 … 48, height 1 … 256, and CapacityError while another buffer holds the class.
        """
        self._check_open()
        element = element_type(dtype)
        array, memory = self._boundary_pool().take(class_index, width, height, element)
        return self._own(Buffer(self, array, memory, class_index))

    def boundary(self, class_index: int, dtype: Any = "f32") -> HostArray:
        """The memory of a class of the boundary pool, whoever holds it: all its elements of a type, without a copy."""
        self._check_open()
        return self._boundary_pool().view(class_index, element_type(dtype))

    def _boundary_pool(self) -> BoundaryPool:
        with _lock:
            if self._pool is None:
                self._pool = BoundaryPool(self.memory.boundary)
            return self._pool

    def allocate_pool(self, size: int) -> LinearPool:
        """A linear pool of so many zero bytes, which programs reach by its `handle`.

        Raises ArgumentValueError for a negative size, CapacityError where memory is short.
        """
        self._check_open()
        (size,) = _lengths(size)
        start = events.start()
        with self.memory.lock:
            pool = LinearPool(self, self.memory.pools.allocate(size), size)
        self.counters.allocations.add(size)
        events.tell(Category.ALLOCATION, "allocate_pool", start, bytes=size)
        return pool

    @property
    def memory(self) -> ExecutorMemory:
        """What programs see of this executor: the boundary pool, the resonance accumulators, the linear pools."""
        with _lock:
            if self._memory is None:
                self._memory = ExecutorMemory()
            return self._memory

    @property
    def resonance(self) -> HostArray:
        """A copy of the 96 resonance accumulators (f64), by class index: what finished launches have added."""
        with self.memory.lock:
            return self.memory.resonance.copy()

    def reset_resonance(self) -> None:
        """Set all resonance accumulators to 0."""
        with self.memory.lock:
            self.memory.resonance[:] = 0

    def _own(self, buffer: Buffer) -> Buffer:
        with _lock:
            self._buffers.add(buffer)
        return buffer

    def _host(self, source: Any) -> HostArray:
        self._check_open()
        if isinstance(source, Buffer):
            return source.numpy()
        given = host_array(source)
        if given is None:
            raise ArgumentTypeError(f"an array in host memory is needed, not {type(source).__name__}")
        return given

    # Programs.

    def compile(self, program: Program, sections: Sequence[TargetSection] = ()) -> Executable:
        """Make a verified program runnable; done once a process for each program and backend.

        `sections` are trusted native objects of the program that the CPU may use in place of compiling.
        """
        start = events.start()
        made: list[Making] = []
        executable = self.executable(program, sections, made.append)
        self.counters.looked_up(program.name, start, made[0] if made else None)
        return executable

    def executable(
        self, program: Program, sections: Sequence[TargetSection], made: Callable[[Making], None]
    ) -> Executable:
        """What `compile` gives, for a call, which does not count that it is there; `made` is told where it is not."""
        self._check_open()
        if self.on_step is None:
            return executable_for(self.backend, program, sections, self.checks, made)
        key = ProgramKey(program.digest, options=(program.debug_digest,))
        backend = partial(interpreter(self.checks, self.on_step).compile, program)
        return self._watched.get_or_create(key, lambda: prepared(backend, made))

    def bind_circuit(self, circuit: CompiledCircuit, buffers: Mapping[int, Any] | None = None) -> CircuitLaunch:
        """Bind a compiled circuit to memory: calling what this gives runs it.

        `buffers` says which buffer stands for a class; the others are those of the boundary pool.
        """
        from hologram.runtime.circuits import bind_circuit

        self._check_open()
        return bind_circuit(self, circuit, buffers)

    def launch(self, kernel: Any, *args: Any, config: LaunchConfig | None = None, **kwargs: Any) -> None:
        """Launch a kernel or program once on this executor; arguments and options are those of a call of the kernel."""
        from hologram.runtime.launcher import Launcher

        self._check_open()
        call = kernel if callable(kernel) else Launcher(kernel).call
        call(*args, config=config, executor=self, **kwargs)

    def record(self) -> Graph:
        """A graph that takes the launches of this thread inside `with executor.record() as g:`; nothing runs there."""
        from hologram.runtime.graph import Graph

        self._check_open()
        return Graph(self)

    def metrics(self) -> ExecutorMetrics:
        """Totals since this executor was made; launches are counted while a trace is on (`hologram.trace`)."""
        return self.counters.metrics(self._live_buffers())

    # The end.

    def cleanup(self) -> None:
        """Free every buffer and refuse further use; once is enough. Bound launches keep the memory they hold."""
        with _lock:
            self._closed = True
            for buffer in list(self._buffers):
                buffer.expire()
            self._buffers.clear()

    close = cleanup

    @property
    def is_closed(self) -> bool:
        """True after `cleanup`."""
        return self._closed

    def __enter__(self) -> Executor:
        self._check_open()
        return self

    def __exit__(self, *_: object) -> None:
        self.cleanup()

    def __repr__(self) -> str:
        live = self._live_buffers()
        checked = ", checked" * (self.checks is not None)
        return f"Executor('{self.backend}'{checked}, {'closed' if self._closed else f'{live} buffers'})"

    def _live_buffers(self) -> int:
        with _lock:
            return sum(not buffer.is_freed for buffer in list(self._buffers))

    def __reduce__(self) -> Any:
        raise ArgumentTypeError(f"an Executor cannot be pickled; make another with Executor('{self.backend}')")

    def _check_open(self) -> None:
        if self._closed:
            raise BufferFreedError("Executor has been freed")


def _checks(backend: str, checked: bool, nan: str | None, max_steps: int | None, races: bool) -> Checks | None:
    """What an executor's arguments ask for."""
    if nan not in (None, "raise"):
        raise ArgumentValueError(f"nan is 'raise' or None, got {nan!r}")
    if max_steps is not None and (not isinstance(max_steps, int) or not 0 < max_steps < 1 << 63):
        raise ArgumentValueError(f"max_steps is a number of instructions above zero, got {max_steps!r}")
    wanted = checked or nan is not None or max_steps is not None
    if wanted and backend not in ("cpu", "interpreter"):
        raise UnsupportedError(f"backend '{backend}' has no checked mode; use Executor('cpu', checked=True)")
    if wanted and not checked and backend == "cpu":
        raise ArgumentValueError("the CPU watches nan and max_steps in checked mode alone; add checked=True")
    return Checks(nan is not None, max_steps, races) if wanted or not races else None


def _lengths(shape: int | Sequence[int]) -> tuple[int, ...]:
    given = shape if isinstance(shape, Sequence) else (shape,)
    if not all(isinstance(n, int | np.integer) for n in given):
        raise ArgumentTypeError(f"a shape is an integer or a sequence of integers, got {shape!r}")
    if any(n < 0 for n in given):
        raise ArgumentValueError(f"a length cannot be negative, got {shape!r}")
    return tuple(int(n) for n in given)


def _zeros(count: int, dtype: Any) -> HostArray:
    """Zeros of a type; truth values take a byte each."""
    if dtype is bool or dtype == "bool" or (isinstance(dtype, np.dtype) and dtype.kind == "b"):
        return aligned_zeros(count, Type.U8).view(np.bool_)
    return aligned_zeros(count, element_type(dtype))


def _product(lengths: Sequence[int]) -> int:
    count = 1
    for length in lengths:
        count *= length
    return min(count, sys.maxsize)


# The default executor.

_default: Executor | None = None
_watchers: list[Callable[[], None]] = []


def default_executor() -> Executor:
    """The executor of calls that name none and whose arrays name none: the CPU's, unless another was set."""
    global _default
    chosen = _default
    if chosen is None or chosen.is_closed:
        with _lock:
            if _default is None or _default.is_closed:
                _default = Executor("cpu")
            chosen = _default
    return chosen


def set_default_executor(executor: Executor | None) -> None:
    """Use another executor by default; None means the CPU's again."""
    global _default
    if executor is not None and not isinstance(executor, Executor):
        raise ArgumentTypeError(f"set_default_executor takes an Executor, not {type(executor).__name__}")
    _default = executor
    for changed in _watchers:
        changed()


def on_default_change(changed: Callable[[], None]) -> None:
    """Have a function called whenever another default executor is set."""
    _watchers.append(changed)
