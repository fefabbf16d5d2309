"""Bound launches: a program with its arguments checked once, called as often as wanted."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from hologram.errors import ArgumentTypeError
from hologram.runtime import native, recording, tensors
from hologram.runtime.arguments import convert
from hologram.runtime.buffer import as_buffer
from hologram.runtime.launcher import Launcher, Prepared, Shape, check_kind, run
from hologram.runtime.pins import Pins, pins_of

if TYPE_CHECKING:
    from hologram.backends.base import Argument, Domain, Executable, LaunchConfig
    from hologram.isa.program import Program
    from hologram.runtime.entry.context import EntryContext
    from hologram.runtime.executor import Executor


class Launch:
    """A bound launch: `launch()` runs it, with all checks already made.

    The arguments are held: Buffers cannot be freed and arrays cannot be resized while the launch lives, tensors of
    PyTorch never again. PyTorch is told that tensors are written when they are bound, not at every launch.
    `set` changes scalars, `rebind` changes arrays; a change that does not pass the checks changes nothing.
    Do not change a launch while another thread runs it.
    """

    __slots__ = ("__weakref__", "_context", "_executable", "_launcher", "_pins", "_prepared", "_shape", "executor")

    def __init__(self, launcher: Launcher, executor: Executor, given: tuple[Any, ...], shape: Shape) -> None:
        self._launcher = launcher
        self._shape = shape
        self.executor = executor
        prepared = launcher.prepare(given, shape)
        tensors.hold(given)
        self._executable: Executable = launcher.executable(executor)
        self._context: EntryContext | None = None
        self._take(prepared, pins_of(given, prepared.arguments))

    def _take(self, prepared: Prepared, pins: Pins) -> None:
        """Use other arguments from now on."""
        previous = self._context
        self._context = native.attach_bound(self, self._executable, prepared, pins, self.executor)
        self._prepared, self._pins = prepared, pins
        tensors.tell_written(self.program, prepared.given)
        del previous  # lived until no call can start with it

    def __call__(self) -> None:
        """Run once. Raises an `ExecutionError` for faults found while running."""
        recorder = recording.current()
        if recorder is not None:
            recorder.take(self._launcher, self._prepared.given, self._shape, self.executor)
            return
        run(self._executable, self._prepared, self.executor)

    def set(self, **scalars: int | float) -> None:
        """Change scalars by name, for instance `launch.set(alpha=0.1)`."""
        program = self.program
        check_kind(scalars, program, "scalar")
        if any(program.params[program.param(name)].type.is_integer for name in scalars):
            self._change(scalars)
            return
        # A float decides neither lanes nor lengths, so only its value changes.
        given, arguments = list(self._prepared.given), list(self._prepared.arguments)
        for name, value in scalars.items():
            slot = program.param(name)
            given[slot], arguments[slot] = value, convert(program.name, program.params[slot], value)
        self._prepared = Prepared(tuple(given), tuple(arguments), self._prepared.domain)
        if self._context is not None:
            for name in scalars:
                self._write(program.param(name), arguments[program.param(name)])

    def _write(self, slot: int, value: Argument) -> None:
        from hologram.backends.llvm.layout import SLOT

        assert self._context is not None
        layout: Any = self._executable.layout  # type: ignore[attr-defined]  # native executables have one
        raw = self.program.params[slot].type.dtype.type(value).tobytes()
        self._context.write(layout.places[slot].value, raw.ljust(SLOT, b"\0"))

    def rebind(self, **arrays: Any) -> None:
        """Change arrays by name, for instance `launch.rebind(x=other)`; all checks are made again."""
        check_kind(arrays, self.program, "array")
        self._change(arrays)

    def _change(self, changes: dict[str, Any]) -> None:
        given = list(self._prepared.given)
        for name, value in changes.items():
            given[self.program.param(name)] = as_buffer(value)
        prepared = self._launcher.prepare(tuple(given), self._shape)
        tensors.hold(given)
        self._take(prepared, pins_of(given, prepared.arguments))

    @property
    def program(self) -> Program:
        """The program that runs."""
        return self._launcher.program

    @property
    def name(self) -> str:
        """The kernel's name."""
        return self.program.name

    @property
    def domain(self) -> Domain:
        """The lanes that run, with grid and block."""
        return self._prepared.domain

    @property
    def config(self) -> LaunchConfig:
        """Grid and block."""
        from hologram.backends.base import LaunchConfig

        return LaunchConfig(self.domain.grid, self.domain.block, self.program.shared_bytes, self.domain.resonance_class)

    @property
    def arguments(self) -> dict[str, Any]:
        """The bound values by parameter name, as they were given."""
        return {p.name: v for p, v in zip(self.program.params, self._prepared.given, strict=True)}

    @property
    def is_native(self) -> bool:
        """True where a call goes straight to machine code."""
        return self._context is not None

    def __repr__(self) -> str:
        x, y, z = self.domain.lanes
        return f"Launch({self.name}, lanes={x}×{y}×{z}, backend='{self.executor.backend}')"

    def __reduce__(self) -> Any:
        raise ArgumentTypeError(
            f"a bound launch of '{self.name}' refers to memory of this process and cannot be pickled; "
            "pickle the kernel and bind it again"
        )


@cache
def launch_type() -> type[Launch]:
    """`Launch` with native entries where this Python can have them."""
    return native.callable_type(Launch, "hologram.runtime.launch.Launch")
