"""How a program is called: arguments checked, executor chosen, launched; or bound for many launches."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hologram import events
from hologram.backends.base import Argument, Domain, Executable, LaunchConfig
from hologram.errors import ArgumentTypeError, ArgumentValueError, LaunchError
from hologram.isa import agreement
from hologram.isa.demands import MEMORY
from hologram.isa.program import Program
from hologram.runtime import recording, watched
from hologram.runtime.arguments import bind_names, convert, slot_values
from hologram.runtime.buffer import Buffer
from hologram.runtime.executor import Executor, default_executor
from hologram.runtime.overlap import check_overlap
from hologram.runtime.pins import pins_of
from hologram.runtime.rules import rules_of
from hologram.runtime.shape import Dimensions, launch_config, launch_domain
from hologram.runtime.spans import check_spans, span_of
from hologram.runtime.tensors import tell_written

if TYPE_CHECKING:
    from hologram.backends.objects import Making
    from hologram.isa.binary import TargetSection
    from hologram.runtime.launch import Launch

UNTRUSTED_STEPS = 10**9
"""Instructions that a lane of a program may run that is not trusted: a second or so."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that passed every check: what was given, what will be used, and the lanes that will run."""

    given: tuple[Any, ...]
    arguments: tuple[Argument, ...]
    domain: Domain


@dataclass(frozen=True, slots=True)
class Shape:
    """Launch shape as the caller gave it; None is inferred."""

    grid: Dimensions | None = None
    block: Dimensions | None = None
    resonance_class: int | None = None


def run(executable: Executable, prepared: Prepared, executor: Executor) -> None:
    """Launch once, and tell of it where somebody listens."""
    if events.listeners:
        watched.run(_run, executable, prepared, executor)
    else:
        _run(executable, prepared, executor)


def _run(executable: Executable, prepared: Prepared, executor: Executor) -> None:
    """Launch once, with the executor's memory where the program asks for it."""
    if executable.program.demands & MEMORY:
        executable.launch(prepared.arguments, prepared.domain, executor.memory)
    else:
        executable.launch(prepared.arguments, prepared.domain)


class Launcher:
    """Calls of one program.

    `sections` are native objects from a trusted place. A program that is not trusted and has accesses that no length
    check covers runs checked: each of them is watched, and a lane that does not end is stopped.
    `block` is the default block size. With `spans` arrays of any rank and strides are taken as the spans of memory they
    lie in: see `hologram.runtime.spans`.
    """

    __slots__ = ("__weakref__", "_warned", "block", "program", "sections", "spans", "trusted")

    def __init__(
        self,
        program: Program,
        sections: Sequence[TargetSection] = (),
        *,
        trusted: bool = True,
        block: Dimensions | None = None,
        spans: bool = False,
    ) -> None:
        if spans:
            check_spans(program)
        self.spans = spans
        self.program = program
        self.sections = tuple(sections) if trusted else ()
        self.trusted = trusted
        self.block = block
        self._warned = False

    def call(
        self,
        *args: Any,
        grid: Dimensions | None = None,
        block: Dimensions | None = None,
        config: LaunchConfig | None = None,
        executor: Executor | None = None,
        **kwargs: Any,
    ) -> None:
        """Launch once; raises an error of `hologram.errors` before anything is changed where a check fails."""
        shape = self._shape(grid, block, config, kwargs)
        given = bind_names(self.program, args, kwargs)
        recorder = recording.current()
        if recorder is not None:
            recorder.take(self, given, shape, executor)
            return
        chosen = self.executor_for(given, executor)
        prepared = self.prepare(given, shape)
        pins = pins_of(given, prepared.arguments)
        tell_written(self.program, given)
        try:
            run(self._executable(chosen), prepared, chosen)
        finally:
            pins.release()

    def bind(
        self,
        *args: Any,
        grid: Dimensions | None = None,
        block: Dimensions | None = None,
        config: LaunchConfig | None = None,
        executor: Executor | None = None,
        **kwargs: Any,
    ) -> Launch:
        """Check and hold the arguments once, for many launches."""
        from hologram.runtime.launch import launch_type

        shape = self._shape(grid, block, config, kwargs)
        given = bind_names(self.program, args, kwargs)
        chosen = self.executor_for(given, executor)
        return launch_type()(self, chosen, given, shape)

    def _shape(self, grid: Dimensions | None, block: Dimensions | None, config: Any, kwargs: dict[str, Any]) -> Shape:
        """The shape a caller asks for; a kernel's own parameter may be called `config`, too."""
        if config is not None and not isinstance(config, LaunchConfig):
            if all(p.name != "config" for p in self.program.params):
                raise ArgumentTypeError(f"config must be a LaunchConfig, not {type(config).__name__}")
            kwargs["config"], config = config, None
        if config is None:
            return Shape(grid, block)
        if grid is not None or block is not None:
            raise ArgumentTypeError("give either config= or grid= and block=")
        if config.shared_memory not in (0, self.program.shared_bytes):
            declared = f"kernel '{self.program.name}' declares {self.program.shared_bytes} bytes of shared memory"
            raise LaunchError(f"{declared}, the LaunchConfig says {config.shared_memory}; leave it 0")
        return Shape(config.grid, config.block, config.resonance_class)

    def launch_config(
        self, *args: Any, grid: Dimensions | None = None, block: Dimensions | None = None, **kwargs: Any
    ) -> LaunchConfig:
        """Grid and block that a call with these arguments would run with."""
        arguments = self._laid(self._convert(bind_names(self.program, args, kwargs)))
        return launch_config(
            self.program, slot_values(self.program, arguments), grid, self.block if block is None else block
        )

    def prepare(self, given: tuple[Any, ...], shape: Shape) -> Prepared:
        """All checks of a call whose values stand in the order of the parameters."""
        from hologram.isa import extents  # a launch that machine code checks does not need it

        program, rules = self.program, rules_of(self.program)
        seen = self._convert(given)
        arguments = self._laid(seen)
        values = slot_values(program, arguments)
        domain = launch_domain(program, values, shape.grid, self.block if shape.block is None else shape.block)
        if shape.resonance_class is not None:
            domain = replace(domain, resonance_class=shape.resonance_class)
        agreement.check(program, values)
        check_overlap(program, seen, rules.same_allowed, arguments)
        extents.check(rules.extents, program, values, domain.lanes)
        return Prepared(given, arguments, domain)

    def _convert(self, given: Sequence[Any]) -> tuple[Argument, ...]:
        name, params = self.program.name, self.program.params
        return tuple(convert(name, p, v, self.spans) for p, v in zip(params, given, strict=True))

    def _laid(self, arguments: tuple[Argument, ...]) -> tuple[Argument, ...]:
        """Arrays as the program takes them."""
        return tuple(map(span_of, arguments)) if self.spans else arguments

    def executor_for(self, given: Sequence[Any], executor: Executor | None = None) -> Executor:
        """The executor of a call: the one named, else that of its Buffers, else the default one."""
        if executor is None:
            executor = _executor_of_buffers(self.program.name, given) or default_executor()
        elif not isinstance(executor, Executor):
            raise ArgumentTypeError(f"executor must be an Executor, not {type(executor).__name__}")
        if self.trusted or executor.is_checked or rules_of(self.program).proven:
            return executor
        self._warn()
        return _checked_executor()

    def executable(self, executor: Executor) -> Executable:
        """The program made runnable on an executor."""
        return executor.compile(self.program, self.sections)

    def _executable(self, executor: Executor) -> Executable:
        made: list[Making] = []
        start = events.start()
        executable = executor.executable(self.program, self.sections, made.append)
        if made:
            executor.counters.looked_up(self.program.name, start, made[0])
        return executable

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"program '{self.program.name}' is not trusted and has accesses that cannot be checked before a "
                "launch: it runs checked, which is slower; load it with trust=True for full speed",
                RuntimeWarning,
                stacklevel=4,
            )

    def __reduce__(self) -> tuple[Any, ...]:
        return _launcher, (self.program, self.trusted, self.block, self.spans)


def _launcher(program: Program, trusted: bool, block: Dimensions | None, spans: bool) -> Launcher:
    return Launcher(program, trusted=trusted, block=block, spans=spans)


def _executor_of_buffers(kernel: str, given: Sequence[Any]) -> Executor | None:
    owners = [value.executor for value in given if isinstance(value, Buffer)]
    if len({owner.backend for owner in owners}) > 1:
        names = " and ".join(sorted({owner.backend for owner in owners}))
        raise ArgumentValueError(f"{kernel}(): the Buffers belong to executors of {names}; name one with executor=")
    return next((owner for owner in owners if not owner.is_closed), None)


_checked: list[Executor] = []


def _checked_executor() -> Executor:
    if not _checked:
        _checked.append(Executor("cpu", checked=True, max_steps=UNTRUSTED_STEPS))
    return _checked[0]


def check_kind(names: Mapping[str, Any], program: Program, wanted: str) -> None:
    """Refuse names that are no parameters of a program, or none of the wanted kind ("scalar" or "array")."""
    kinds = {p.name: p.kind for p in program.params}
    for name in names:
        if name not in kinds:
            raise ArgumentTypeError(f"kernel '{program.name}' has no parameter '{name}'; it has {', '.join(kinds)}")
        if kinds[name] != wanted:
            other = "rebind" if kinds[name] == "array" else "set"
            raise ArgumentTypeError(
                f"parameter '{name}' of '{program.name}' is an {kinds[name]}; use {other}({name}=…)"
            )
