"""Code for lesser CPUs than this one, run on this one: narrower vectors take other ways through the lowering."""

from __future__ import annotations

from dataclasses import dataclass

from hologram.backends.base import Backend, Executable
from hologram.backends.cpu import CpuBackend, targets
from hologram.backends.cpu.source import source
from hologram.backends.llvm import jit
from hologram.backends.llvm.jit import Target
from hologram.isa.binary import TargetSection
from hologram.isa.instructions import Spec
from hologram.isa.program import Program
from hologram.types import Type
from tests.differential.inputs import SHORT_FROM

SHIPPED_AS = "x86-64-v3"
LESSER_CPUS = (("x86-64-v3", ""), ("x86-64-v2", "+fma"))


@dataclass(frozen=True)
class LesserCpu:
    """The CPU backend with objects made for a named x86 CPU, which reach the loader as shipped code does."""

    cpu: str
    features: str
    effort: int | None = None
    name: str = "cpu"

    def implements(self, spec: Spec, type: Type | None) -> bool:
        return CpuBackend().implements(spec, type)

    def compile(self, program: Program) -> Executable:
        machine = Target(jit.host_target().triple, self.cpu, self.features)
        module = source(program, machine)
        level = module.level if self.effort is None else self.effort
        data = jit.compile_object(module.text, machine, level, module.vectorize)
        return CpuBackend().compile(program, [TargetSection(f"cpu:{SHIPPED_AS}", data)])


def machine(seed: int) -> Backend:
    """This CPU for every other seed, lesser ones in between where this one can stand in for them.

    Most short cases are compiled without optimising: that takes longer than all else of a case.
    """
    full = seed % 8 == 0 if seed >= SHORT_FROM else seed % 2 == 0
    if full or not targets.runnable(targets.BASELINES[SHIPPED_AS], jit.host_target()):
        return CpuBackend()
    if seed >= SHORT_FROM:
        return LesserCpu(*LESSER_CPUS[seed % len(LESSER_CPUS)], effort=0)
    return LesserCpu(*LESSER_CPUS[seed // 2 % len(LESSER_CPUS)])
