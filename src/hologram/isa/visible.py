"""Which variables of the source have their value in a register, instruction by instruction."""

from __future__ import annotations

from collections.abc import Collection

from hologram.isa.cfg import Cfg
from hologram.isa.optimise.flow import Facts, forward
from hologram.isa.optimise.registers import key, written
from hologram.isa.program import Program
from hologram.isa.variables import Variable
from hologram.isa.verify import Facts as Verified

CLEAN = 1
LARGEST = 1 << 18
"""Most variables times blocks; in larger programs (nobody writes them, but a file may hold one) none is visible."""


class Visible:
    """The variables of a program that can be looked at before each of its instructions.

    A register serves other purposes before its variable gets it. Where one of those values may still be there, on some
    path, the variable is not visible; where nothing was written at all it is (the lane's register is unwritten).
    """

    def __init__(self, written_as: Program, verified: Verified, cfg: Cfg) -> None:
        self._variables, self._verified, self._cfg = written_as.variables, verified, cfg
        self._of_place: dict[int, list[int]] = {}
        for number, variable in enumerate(self._variables):
            self._of_place.setdefault(key(variable.place), []).append(number)
        entry = dict.fromkeys(range(len(self._variables)), CLEAN)
        small = len(entry) * len(cfg.order) <= LARGEST
        self._known = forward(cfg, self._through, entry) if entry and small else {}
        self._seen: dict[int, tuple[Variable, ...]] = {}
        self._block_of = {i: block for block in cfg.order for i, _ in cfg.code(block)}

    def at(self, index: int) -> tuple[Variable, ...]:
        """What can be looked at before an instruction of the program without calls; of one name the latest."""
        if index not in self._seen:
            self._seen[index] = self._find(index)
        return self._seen[index]

    def _find(self, index: int) -> tuple[Variable, ...]:
        block = self._block_of.get(index)
        if block is None or block not in self._known:
            return ()
        facts, original = dict(self._known[block]), self._verified.original(index)
        for at, _ in self._cfg.code(block):
            if at == index:
                break
            self._step(at, facts)
        seen = {
            v.name: v for n, v in enumerate(self._variables) if v.start < original < v.end and facts.get(n) == CLEAN
        }
        return tuple(seen.values())

    def _through(self, block: int, facts: Facts) -> Collection[int]:
        for index, _ in self._cfg.code(block):
            self._step(index, facts)
        return self._cfg.blocks[block].succs

    def _step(self, index: int, facts: Facts) -> None:
        target = written(self._cfg.program.instructions[index])
        for number in self._of_place.get(-1 if target is None else target, ()):
            if self._variables[number].owns(self._verified.original(index)):
                facts[number] = CLEAN
            else:
                facts.pop(number, None)
