"""Random programs whose lanes work together: shared memory, barriers, block reductions, atomics on shared memory.

A program is a row of phases. Inside a phase lanes go their own ways; between phases all lanes of a block meet. Whole
blocks are launched. Loops around phases go as many rounds in every lane.
"""

from __future__ import annotations

from collections.abc import Callable

from hologram.isa.affine import Poly
from hologram.isa.builder import immediate
from hologram.isa.operands import Condition, Imm, Reg, RegisterIndirectComputed, Slot, Special
from hologram.isa.program import Program
from hologram.types import Type
from tests.differential.generate import Generator, Scope, both_have
from tests.differential.inputs import Triple
from tests.differential.launches import Launch

BLOCKS: dict[int, list[Triple]] = {
    1: [(n, 1, 1) for n in (1, 2, 7, 16, 31, 32, 33, 64, 100, 256)],
    2: [(4, 4, 1), (16, 2, 1), (5, 7, 1), (17, 3, 1), (1, 9, 1)],
    3: [(2, 3, 4), (16, 1, 2), (3, 3, 3)],
}
GRIDS: dict[int, list[Triple]] = {
    1: [(1, 1, 1), (2, 1, 1), (5, 1, 1)],
    2: [(1, 1, 1), (3, 2, 1)],
    3: [(1, 1, 1), (2, 1, 2)],
}
ORDERLESS = ("ADD", "MIN", "MAX", "AND", "OR", "XOR")


class BlockGenerator(Generator):
    """Writes one random program of phases; the same seed gives the same program and launch."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.blocks, self.rows = True, False
        self.block, self.grid = self.rng.choice(BLOCKS[self.dims]), self.rng.choice(GRIDS[self.dims])
        lanes = self.block[0] * self.block[1] * self.block[2]
        self.places = 1 << (lanes.bit_length() - 1)
        """The shared elements that lanes may read: so many have been written by lanes of their own."""
        self.lanes = lanes

    def make(self) -> tuple[Program, Launch]:
        b = self.b
        self._declare()
        end = b.label("end")
        guard = self._coordinates(end)
        self._variables()
        self._number()
        self.bases = {type: self._shared(type) for type in self.types}
        for _ in range(self.rng.randint(1, 3)):
            self._separately(self._loop_of_phases if self.chance(0.3) else self._phase, 0)
        self.budget = self.rng.randint(1, 4)
        self._alone()
        self._observe()
        if guard:
            b.place(end)
        self._subroutines()
        extent = [Poly.slot(self.sizes[f"n{a}"]) for a in "xyz"[: self.dims]] if guard else []
        x, y, z = (n * size for n, size in zip(self.grid, self.block, strict=True))
        return b.build(extent), Launch((x, y, z), self.grid, self.block, self.seed, self.chance(0.3))

    def _number(self) -> None:
        """The number of a lane in its block."""
        b = self.b
        self.mine, part = b.reg(), b.reg()
        b.emit("MOV_SREG", Type.I64, self.mine, Special.LANE_Z)
        for lane, size in ((Special.LANE_Y, Special.BLOCK_DIM_Y), (Special.LANE_X, Special.BLOCK_DIM_X)):
            b.emit("MOV_SREG", Type.I64, part, size)
            b.emit("MUL", Type.I64, self.mine, self.mine, part)
            b.emit("MOV_SREG", Type.I64, part, lane)
            b.emit("ADD", Type.I64, self.mine, self.mine, part)
        b.release(part)
        self.readable[Type.I64].append(self.mine)

    def _shared(self, type: Type) -> Reg:
        """An element a lane: the register with its first byte."""
        base, r = -(-self.b.shared_bytes // type.size) * type.size, self.b.reg()
        self.b.shared_bytes = base + self.lanes * type.size
        self.b.emit("MOV_IMM", Type.I64, r, Imm(base))
        return r

    # Phases -----------------------------------------------------------------------------------------------

    def _alone(self) -> None:
        """Statements without a way out of the phase."""
        scope, ahead = self.scope, self.ahead
        self.scope, self.ahead = Scope([], scope.loops), []
        self.statements(1)
        for label, _ in self.ahead:
            self.b.place(label)
        self.scope, self.ahead = scope, ahead

    def leave(self) -> None:
        """No lane may miss a barrier."""

    def _phase(self, depth: int) -> None:
        self.budget = self.rng.randint(1, 5)
        self._alone()
        meetings = (self._exchange, self._exchange, self._together, self._tally, self._barrier)
        self._separately(lambda _: self.rng.choice(meetings)(), depth)

    def _loop_of_phases(self, depth: int) -> None:
        b = self.b
        counter, bound, p = b.reg(), b.reg(), b.pred()
        b.emit("MOV_IMM", Type.U32, counter, Imm(0))
        b.emit("MOV_PARAM", Type.U32, bound, Slot(self.few))
        with self._inside() as (header, again, out):
            self.scope.targets = []
            b.emit("SETcc", Type.U32, Condition.GE, p, counter, bound)
            b.emit("BRA", None, out, p)
            self._phase(depth + 1)
            b.place(again)
            b.emit("ADD", Type.U32, counter, counter, Imm(self.rng.choice((1, 2))))
            b.emit("BRA", None, header)
        b.release(counter, bound, p)

    # Where lanes meet -------------------------------------------------------------------------------------

    def _barrier(self) -> None:
        self.b.emit("BarSync", None, 0)

    def _element(self, type: Type, index: Reg) -> RegisterIndirectComputed:
        offset = self.temporary()
        self.b.emit("MUL", Type.I64, offset, index, immediate(Type.I64, type.size))
        return RegisterIndirectComputed(self.bases[type], offset)

    def _somewhere(self, type: Type) -> RegisterIndirectComputed:
        return self._element(type, self._small_index(self.places))

    def _perhaps(self, write: Callable[[], None]) -> None:
        """In all lanes, or in some."""
        over = self.b.label("over")
        if self.chance(0.5):
            self.b.emit("BRA", None, over, self.guard())
        write()
        self.b.place(over)

    def _exchange(self) -> None:
        """Each lane leaves a value and takes another lane's."""
        type = self.rng.choice(self.types)
        own = self._element(type, self.mine)
        self.b.emit("STS", type, self.value(type), own)
        self._barrier()
        if self.chance(0.3):
            self._perhaps(lambda: self.b.emit("STS", type, self.value(type), own))
            self._barrier()
        self._perhaps(lambda: self.b.emit("LDS", type, self.rng.choice(self.vars[type]), self._somewhere(type)))
        self._barrier()

    def _together(self) -> None:
        op = f"BRED_{self.rng.choice(('ADD', 'MIN', 'MAX', 'MUL'))}"
        type = self.rng.choice([t for t in self.types if both_have(op, t)])
        self.b.emit(op, type, self.rng.choice(self.vars[type]), self.value(type))

    def _tally(self) -> None:
        """Atomics of all lanes on the same elements, in which the order does not show."""
        op = f"ATOM_{self.rng.choice(ORDERLESS)}"
        kinds = [t for t in self.types if t.is_integer and both_have(op, t)]
        if not kinds:
            return self._exchange()
        type, b = self.rng.choice(kinds), self.b
        own = self._element(type, self.mine)
        first = self.temporary()
        b.emit("MOV_IMM", type, first, self.constant(type))
        b.emit("STS", type, first, own)
        self._barrier()
        self._perhaps(lambda: b.emit(op, type, self.temporary(), self._somewhere(type), self.value(type)))
        self._barrier()
        b.emit("LDS", type, self.rng.choice(self.vars[type]), self._somewhere(type) if self.chance(0.5) else own)
        self._barrier()


def program(seed: int) -> tuple[Program, Launch]:
    """A random program whose lanes work together, and a launch for it."""
    return BlockGenerator(seed).make()
