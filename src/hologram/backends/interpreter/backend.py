"""The interpreter as a backend: checks that it has every instruction, then runs launches batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from functools import cached_property

import numpy as np

from hologram.backends import faults
from hologram.backends.base import Argument, Domain
from hologram.backends.executor_memory import ExecutorMemory
from hologram.backends.interpreter.coordinates import batches, blocks
from hologram.backends.interpreter.decode import REDUCTIONS, implements
from hologram.backends.interpreter.launch import Launch
from hologram.backends.interpreter.machine import decode_blocks, run
from hologram.backends.interpreter.moment import Hook
from hologram.backends.interpreter.races import Clock
from hologram.backends.interpreter.reduce import Reduction
from hologram.backends.interpreter.report import refuse
from hologram.backends.interpreter.state import State
from hologram.backends.interpreter.uniform import LanelessLaunch
from hologram.errors import DivisionByZeroError
from hologram.isa.cfg import Cfg, build_cfg
from hologram.isa.demands import EXCLUSIVE
from hologram.isa.instructions import Spec
from hologram.isa.program import Program, works_by_blocks
from hologram.isa.verify import Facts, verify
from hologram.isa.visible import Visible
from hologram.types import Type

DEFAULT_MAX_STEPS = 10_000_000


class InterpreterBackend:
    """Runs programs in lock-step over NumPy arrays, exactly as the ISA says, and checks every access.

    `max_steps` bounds the instructions a lane may run; with `races` data races are looked for; with `nan`, arithmetic
    that makes a NaN or an infinity of finite numbers is an error. `on_step` is called before each instruction with a
    `Moment`. Launches that bring no executor's memory share one, which may be given.
    """

    name = "interpreter"

    def __init__(
        self,
        max_steps: int = DEFAULT_MAX_STEPS,
        memory: ExecutorMemory | None = None,
        *,
        nan: bool = False,
        races: bool = True,
        on_step: Hook | None = None,
    ) -> None:
        self.max_steps, self.nan, self.races, self.on_step = max_steps, nan, races, on_step
        self._memory = memory

    @property
    def memory(self) -> ExecutorMemory:
        """The memory of launches that bring none."""
        if self._memory is None:
            self._memory = ExecutorMemory()
        return self._memory

    def implements(self, spec: Spec, type: Type | None) -> bool:
        """True when the interpreter can run an instruction of this type (None for an untyped one)."""
        return implements(spec, type)

    def compile(self, program: Program) -> InterpreterExecutable:
        """Make a program runnable.

        Raises `VerificationError` for an invalid program and `UnsupportedError` naming every instruction that is not
        implemented, with its source line.
        """
        facts = verify(program)
        refuse(program, self._refusals(program))
        cfg = build_cfg(facts.program)
        refuse(program, ((facts.original(index), why) for index, why in _repeated_reductions(cfg)))
        return InterpreterExecutable(self, program, facts, cfg)

    def _refusals(self, program: Program) -> Iterator[tuple[int, str]]:
        for index, instruction in enumerate(program.instructions):
            if not self.implements(instruction.spec, instruction.type):
                suffix = f" on {instruction.type.value}" if instruction.type else ""
                yield index, f"it does not have {instruction.op}{suffix}"
            elif instruction.op in REDUCTIONS and works_by_blocks(program):
                yield index, "launch reductions cannot be combined with shared memory and barriers"


def _repeated_reductions(cfg: Cfg) -> Iterator[tuple[int, str]]:
    for block in cfg.order:
        for index, instruction in cfg.code(block):
            if instruction.op in REDUCTIONS and cfg.loop_of(block) is not None:
                yield index, "a launch reduction is inside a loop, and a lane contributes to it once"


class InterpreterExecutable:
    """A program ready to run; `launch` may be called any number of times, from any thread."""

    def __init__(self, backend: InterpreterBackend, program: Program, facts: Facts, cfg: Cfg) -> None:
        self.program = program
        self._backend, self._facts, self._cfg = backend, facts, cfg
        self._works_by_blocks = works_by_blocks(self.program)
        self._stored = frozenset(s for i, s in facts.slot_of.items() if facts.program.instructions[i].op == "STG")
        self._code = decode_blocks(cfg, facts.slot_of, backend.nan, backend.on_step)

    @cached_property
    def _visible(self) -> Visible:
        return Visible(self.program, self._facts, self._cfg)

    def launch(self, arguments: Sequence[Argument], domain: Domain, memory: ExecutorMemory | None = None) -> None:
        """Run all lanes of a domain on host arrays and numbers, one argument a parameter.

        Raises `OutOfBoundsError`, `UninitializedReadError` and `StepLimitError` at the lane that caused them, and
        `DivisionByZeroError` when all lanes are done.
        """
        memory = memory or self._backend.memory
        with memory.lock if self.program.demands & EXCLUSIVE else nullcontext():
            self._launch(arguments, domain, memory)

    def _launch(self, arguments: Sequence[Argument], domain: Domain, memory: ExecutorMemory) -> None:
        launch = Launch(
            self._facts.program,
            domain,
            arguments,
            memory,
            written=self.program,
            original=self._facts.original,
            visible=lambda index: self._visible.at(index),
            clock=Clock() if self._backend.races else None,
            stored=self._stored,
        )
        launch.reductions = {
            index: Reduction(REDUCTIONS[instruction.op], instruction.type)
            for block in self._cfg.order
            for index, instruction in self._cfg.code(block)
            if instruction.op in REDUCTIONS and instruction.type
        }
        for batch in blocks(domain) if self._works_by_blocks else batches(domain):
            state = State(launch, batch)
            run(self._code, state, self._backend.max_steps)
            state.finish()
        self._store_reductions(launch)
        if launch.fault is not None:
            raise launch.failure(DivisionByZeroError, faults.division(), *launch.fault, launch.fault_variables)
        launch.resonance.add_to(memory.resonance)

    def _store_reductions(self, launch: Launch) -> None:
        for index, reduction in sorted(launch.reductions.items()):
            place = reduction.place
            if place is None:
                place = LanelessLaunch(self._cfg, launch).place(index, self._facts.slot_of.get(index))
            place.region.store(np.array([place.offset]), reduction.result())
