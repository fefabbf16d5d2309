"""Where the result of a launch reduction goes when no lane reached it: its address, computed without lanes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from hologram.backends import faults
from hologram.backends.base import Domain
from hologram.backends.interpreter.coordinates import batches
from hologram.backends.interpreter.decode import Site, make_step
from hologram.backends.interpreter.lanes import Array
from hologram.backends.interpreter.launch import Launch
from hologram.backends.interpreter.memory import Place
from hologram.backends.interpreter.registers import ALL
from hologram.backends.interpreter.state import State
from hologram.errors import ExecutionError, OutOfBoundsError
from hologram.isa.cfg import Cfg
from hologram.isa.instructions import Category
from hologram.isa.operands import Address, Pred, Reg, RegisterIndirectComputed, Special
from hologram.isa.program import Instruction


@dataclass(frozen=True)
class LanelessLaunch:
    """Evaluates registers that have one value in all lanes, whether or not a lane runs."""

    cfg: Cfg
    launch: Launch

    def place(self, index: int, slot: int | None) -> Place:
        """The cell a launch reduction stores to; raises `ExecutionError` where it depends on lanes."""
        instruction = self.cfg.program.instructions[index]
        region = self.launch.boundary if slot is None else self.launch.regions[slot]
        offset = self._offset(cast(Address, instruction.args[1]), index)
        ty = instruction.type
        assert ty is not None
        if region.outside(np.array([offset]), ty.size).any():
            message = faults.out_of_bounds("store", ty, offset, region.name, len(region.bytes))
            raise self.launch.failure(OutOfBoundsError, message, index)
        return Place(region, offset)

    def _offset(self, address: Address, use: int) -> int:
        if isinstance(address, RegisterIndirectComputed):
            return int(self.value(address.offset.index, use).view(np.int64)[0])
        return address.offset

    def value(self, register: int, use: int) -> Array:
        """The value a register has at an instruction, shape (1,)."""
        definitions = self._definitions(register, use)
        if len(definitions) != 1:
            raise self._varies(register, use)
        index = definitions.pop()
        instruction = self.cfg.program.instructions[index]
        if not _is_uniform(instruction):
            raise self.launch.failure(
                ExecutionError, f"r{register}, an address no lane computed, is not uniform", index
            )
        site = Site(index, instruction, None)
        state = State(self.launch, next(batches(Domain((1, 1, 1), self.launch.domain.grid, self.launch.domain.block))))
        state.index = index
        for position, operand in enumerate(instruction.args):
            if isinstance(operand, Reg) and position > 0:
                number, ty = site.register(position)
                state.write(number, ty, ALL, self.value(number, index))
        with np.errstate(all="ignore"):
            make_step(site)(state, ALL)
        return state.read(*site.register(0), ALL)

    def _definitions(self, register: int, use: int) -> set[int]:
        """The instructions whose value of a register can arrive at another."""
        found: set[int] = set()
        work = [(block.id, use) for block in self.cfg.blocks.values() if block.start <= use < block.end]
        seen: set[int] = set()
        while work:
            block, end = work.pop()
            start = self.cfg.blocks[block].start
            writer = next((i for i in range(end - 1, start - 1, -1) if self._writes(i, register)), None)
            if writer is not None:
                found.add(writer)
                continue
            for pred in self.cfg.blocks[block].preds:
                if pred not in seen:
                    seen.add(pred)
                    work.append((pred, self.cfg.blocks[pred].end))
        return found

    def _writes(self, index: int, register: int) -> bool:
        instruction = self.cfg.program.instructions[index]
        operands = zip(instruction.args, instruction.spec.operands, strict=True)
        return any(spec.written and isinstance(a, Reg) and a.index == register for a, spec in operands)

    def _varies(self, register: int, index: int) -> ExecutionError:
        message = f"r{register}, an address no lane computed, is not uniform"
        return self.launch.failure(ExecutionError, message, index)


def _is_uniform(instruction: Instruction) -> bool:
    """True when an instruction's result depends on its register operands only, and on nothing of a lane."""
    spec = instruction.spec
    if instruction.op == "MOV_SREG":
        special = instruction.args[1]
        return isinstance(special, Special) and special.value.startswith(("block_dim", "grid_dim"))
    predicated = any(isinstance(a, Pred) for a in instruction.args)
    return spec.typed and not (spec.is_memory or predicated or spec.category is Category.REDUCE)
