"""What registers and predicates hold, as far as it is affine in lane coordinates and loop counters.

An abstract interpretation over the control-flow graph with the values of `transfer`. A loop's variable counts its
rounds: 0 in the first. A register that changes by the same uniform amount in every round is `start + step * rounds`;
this is found by running the loop with a symbol for the value at its header.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hologram.isa.affine import Affine, Poly, Variable
from hologram.isa.cfg import Cfg, Loop, build_cfg
from hologram.isa.operands import Condition, Imm, Pred, Reg
from hologram.isa.program import Instruction, Program
from hologram.isa.transfer import (
    MAX_CHOICES,
    UNKNOWN,
    Choice,
    Combined,
    Compare,
    Opaque,
    Origin,
    Predicate,
    Value,
    bounded,
    combine,
    constant,
    origin_of,
    predicate,
    result,
    union,
    wrapped,
)
from hologram.types import Type

MAX_ROUNDS = 12
NOTHING = Value(None, Origin.NONE)


@dataclass(frozen=True)
class Symbolic:
    """Results: `values` by (instruction, register read); `branches`: on what a block's first successor is taken.

    `choices` by the number of their variable; `described` is False for programs that are not analysed: those with calls
    or irreducible loops.
    """

    cfg: Cfg
    values: Mapping[tuple[int, int], Value]
    branches: Mapping[int, Predicate]
    choices: Mapping[int, Choice]
    described: bool = True

    def affine(self, index: int, register: int) -> Affine | None:
        """What instruction `index` reads from a register, or None where that is not known."""
        return self.values.get((index, register), UNKNOWN).affine

    def rounds(self, affine: Affine) -> frozenset[int]:
        """Headers of the loops whose counters a value depends on."""
        return _rounds(affine, self.choices)


@dataclass
class _State:
    regs: dict[int, Value] = field(default_factory=dict)
    preds: dict[int, Predicate] = field(default_factory=dict)


def analyze(program: Program) -> Symbolic:
    """Describe every register read of a program; programs with calls or irreducible loops get no descriptions."""
    cfg = build_cfg(program)
    if cfg.irreducible or any(i.op in ("CALL", "RET") for i in program.instructions):
        return Symbolic(cfg, {}, {}, {}, False)
    return _Interpreter(cfg).run()


class _Interpreter:
    """Runs all blocks in order until the steps of loop-carried registers are settled, then once more for the record."""

    def __init__(self, cfg: Cfg) -> None:
        self.cfg = cfg
        self.written = {h: _written(cfg, loop) for h, loop in cfg.loops.items()}
        self.around = {b: frozenset(h for h, loop in cfg.loops.items() if b in loop.body) for b in cfg.order}
        self.steps: dict[tuple[int, int], Poly] = {}
        self.carried: dict[tuple[int, int], Origin] = {}
        self.final = False
        self.values: dict[tuple[int, int], Value] = {}
        self.branches: dict[int, Predicate] = {}
        self.code = {b: [(i, ins, *_places(ins)) for i, ins in cfg.code(b)] for b in cfg.order}
        self.choices: dict[int, Choice] = {}
        self.results: dict[int, tuple[list[Value], Value]] = {}

    def run(self) -> Symbolic:
        for _ in range(MAX_ROUNDS):
            if not self.cfg.loops or not self._settle(self._round()):
                break
        else:
            self.carried = {(h, r): ~Origin.NONE for h, regs in self.written.items() for r in regs[0]}
        self.final = True
        self._round()
        return Symbolic(self.cfg, self.values, self.branches, self.choices)

    def _round(self) -> dict[int, _State]:
        """States after every block."""
        after: dict[int, _State] = {}
        for block in self.cfg.order:
            loop = self.cfg.loops.get(block)
            incoming = [
                self._edge(after[p], p, block)
                for p in dict.fromkeys(self.cfg.blocks[block].preds)
                if loop is None or p not in loop.body
            ]
            state = _join(incoming) if incoming else _State()
            if loop is not None:
                self._enter(loop, state)
            for index, instruction, sources, targets in self.code[block]:
                self._step(index, instruction, sources, targets, state, block)
            after[block] = state
        return after

    def _edge(self, state: _State, source: int, target: int) -> _State:
        """The state on an edge: counters of loops that the edge leaves mean nothing beyond it."""
        left = self.around[source] - self.around[target]
        if not left:
            return state
        regs = {r: self._without(v, left) for r, v in state.regs.items()}
        return _State(regs, {p: self._predicate_without(v, left) for p, v in state.preds.items()})

    def _without(self, value: Value, headers: frozenset[int]) -> Value:
        """The value beyond the end of some loops, whose counters (and symbols) mean nothing there."""
        inside = value.affine is not None and _rounds(value.affine, self.choices) & headers
        return Value(None, value.origin) if inside else value

    def _predicate_without(self, predicate: Predicate, headers: frozenset[int]) -> Predicate:
        if isinstance(predicate, Compare):
            left, right = self._without(predicate.left, headers), self._without(predicate.right, headers)
            return Compare(predicate.condition, predicate.type, left, right)
        if isinstance(predicate, Combined):
            parts = tuple(self._predicate_without(p, headers) for p in predicate.parts)
            return Combined(predicate.op, parts, predicate.size)
        return predicate

    def _enter(self, loop: Loop, state: _State) -> None:
        regs, preds = self.written[loop.header]
        counter = Variable("loop", loop.header)
        for r in regs:
            key = loop.header, r
            start, step = state.regs.get(r, UNKNOWN), self.steps.get(key)
            origin = start.origin | self.carried.get(key, Origin.NONE)
            affine: Affine | None = None
            if step is None and not self.final:
                affine = Affine(Poly(), ((_symbol(loop.header, r), Poly.const(1)),))
            elif step is not None and start.affine is not None:
                affine = bounded(start.affine + Affine.of(Poly(), [(counter, step)]))
                origin |= Origin.PLACE if step.terms else Origin.NONE
            state.regs[r] = Value(affine, origin)
        for p in preds:
            state.preds[p] = Opaque()

    def _settle(self, after: Mapping[int, _State]) -> bool:
        """Learn from the values that come round; True when that may change anything."""
        changed = False
        for header, loop in self.cfg.loops.items():
            for r in self.written[header][0]:
                key = header, r
                values = [self._edge(after[b], b, header).regs.get(r, UNKNOWN) for b in loop.latches]
                origin = union(v.origin for v in values) | self.carried.get(key, Origin.NONE)
                if origin != self.carried.get(key):
                    self.carried[key], changed = origin, True
                if key in self.steps:
                    continue
                steps = {_step_from(_symbol(header, r), v.affine) for v in values}
                step = steps.pop() if len(steps) == 1 else None
                if step is not None:
                    self.steps[key], changed = step, True
        return changed

    def _step(
        self,
        index: int,
        instruction: Instruction,
        sources: Sequence[int | Value],
        targets: Sequence[Reg | Pred],
        state: _State,
        block: int,
    ) -> None:
        regs = state.regs
        reads = [s if isinstance(s, Value) else regs.get(s, UNKNOWN) for s in sources]
        if self.final:
            for source, value in zip(sources, reads, strict=True):
                if not isinstance(source, Value):
                    self.values[index, source] = value
            for register in _address_registers(instruction):
                self.values[index, register] = regs.get(register, UNKNOWN)
        if instruction.op in ("BRA", "LOOP"):
            self._branch(instruction, state, reads, block)
            return
        for target in targets:
            if isinstance(target, Reg):
                regs[target.index] = self._result(index, instruction, reads, state)
            else:
                state.preds[target.index] = predicate(instruction, reads, state.preds)

    def _result(self, index: int, instruction: Instruction, reads: list[Value], state: _State) -> Value:
        """The value written; what an instruction made of the same values in the last round is not made again."""
        before = self.results.get(index)
        if before is not None and before[0] == reads and instruction.op != "SEL" and not _chooses(reads):
            return before[1]
        value = result(self.cfg.program, instruction, reads, state.preds)
        if value.affine is None:
            value = Value(self._variable(index, instruction, reads), value.origin)
        self.results[index] = reads, value
        return value

    def _variable(self, index: int, instruction: Instruction, reads: Sequence[Value]) -> Affine | None:
        """A variable of its own for a minimum, a maximum, or the result of narrow arithmetic."""
        type_ = instruction.type
        if type_ is None or type_.is_float:
            return None
        if instruction.op in ("MIN", "MAX"):
            first, second = reads[1].affine, reads[2].affine
        else:
            first = second = self._unwrapped(wrapped(instruction, reads), type_)
        if first is None or second is None:
            return None
        value = first.uniform.constant if first.uniform is not None else None
        if first == second and (instruction.op in ("MIN", "MAX") or _holds(type_, value)):
            return first
        inner = [self.choices[v.id].depth for a in (first, second) for v, _ in a.terms if v.kind == "choice"]
        depth = 1 + max(inner, default=0)
        if depth > MAX_CHOICES:
            return None
        op = instruction.op if instruction.op in ("MIN", "MAX") else "WRAP"
        self.choices[index] = Choice(op, type_, first, second, depth)
        return Affine.of(Poly(), [(Variable("choice", index), Poly.const(1))])

    def _unwrapped(self, affine: Affine | None, type: Type) -> Affine | None:
        """The value with wrapped parts replaced by what they were: it is wrapped (at least as much) again."""
        out = affine
        for variable, coefficient in affine.terms if affine is not None else ():
            choice = self.choices[variable.id] if variable.kind == "choice" else None
            if out is not None and choice is not None and choice.op == "WRAP" and choice.type.bits >= type.bits:
                itself = Affine.of(Poly(), [(variable, coefficient)])
                out = out - itself + choice.first.scale(coefficient)
        return bounded(out)

    def _branch(self, instruction: Instruction, state: _State, reads: Sequence[Value], block: int) -> None:
        if instruction.op == "LOOP":
            # Going round, the count is one less and cannot wrap; its value after the loop is not described.
            count, zero = reads[0], Value(Affine(), Origin.NONE)
            taken: Predicate = Compare(Condition.GT, Type.U32, count, zero)
            self.branches[block] = taken
            register = instruction.args[0]
            assert isinstance(register, Reg)
            one = Affine(Poly.const(1))
            target, *following = self.cfg.blocks[block].succs
            closes = target in self.around[block] and not set(following) & self.cfg.loops[target].body and following
            affine = count.affine - one if count.affine is not None and closes else None
            state.regs[register.index] = Value(affine, count.origin | Origin.PLACE)
        elif isinstance(guard := instruction.args[1], Pred):
            known = state.preds.get(guard.index, Opaque())
            self.branches[block] = combine("PNOT", [known]) if guard.negated else known


def _written(cfg: Cfg, loop: Loop) -> tuple[frozenset[int], frozenset[int]]:
    """Registers and predicates written in a loop."""
    regs, preds = set(), set()
    for block in loop.body:
        for _, instruction in cfg.code(block):
            for spec, argument in zip(instruction.spec.operands, instruction.args, strict=True):
                if spec.written and isinstance(argument, Reg):
                    regs.add(argument.index)
                elif spec.written and isinstance(argument, Pred):
                    preds.add(argument.index)
    return frozenset(regs), frozenset(preds)


def _symbol(header: int, register: int) -> Variable:
    """Stands for what a register holds when a round starts, while its step is being found."""
    return Variable("register", header << 8 | register)


def _chooses(reads: Sequence[Value]) -> bool:
    """True when values contain variables whose meaning may have changed since the last round."""
    return any(v.kind == "choice" for value in reads if value.affine is not None for v, _ in value.affine.terms)


def _holds(type: Type, value: int | None) -> bool:
    return value is not None and type.minimum <= value <= type.maximum


def _step_from(symbol: Variable, affine: Affine | None) -> Poly | None:
    """What was added to a symbol, if it is uniform."""
    alone = affine is not None and len(affine.terms) == 1 and affine.terms[0] == (symbol, Poly.const(1))
    return affine.base if affine is not None and alone else None


def _join(states: Sequence[_State]) -> _State:
    """What holds whichever way control came."""
    first, rest = states[0], states[1:]
    regs, preds = dict(first.regs), dict(first.preds)
    for state in rest:
        for r in regs.keys() | state.regs.keys():
            a, b = regs.get(r, UNKNOWN), state.regs.get(r, UNKNOWN)
            regs[r] = a if a is b else Value(a.affine if a.affine == b.affine else None, a.origin | b.origin)
        for p in preds.keys() | state.preds.keys():
            x, y = preds.get(p, Opaque()), state.preds.get(p, Opaque())
            preds[p] = x if x == y else Opaque(origin_of(x) | origin_of(y) | Origin.PLACE)
    return _State(regs, preds)


def _rounds(affine: Affine, choices: Mapping[int, Choice]) -> frozenset[int]:
    """Headers of loops that the counters and symbols in a description belong to."""
    out: set[int] = set()
    for variable, _ in affine.terms:
        if variable.kind == "choice":
            choice = choices[variable.id]
            out |= _rounds(choice.first, choices) | _rounds(choice.second, choices)
        elif variable.kind != "lane":
            out.add(variable.id if variable.kind == "loop" else variable.id >> 8)
    return frozenset(out)


def _places(instruction: Instruction) -> tuple[list[int | Value], list[Reg | Pred]]:
    """For each operand the register that is read or what is known of it, and what is written."""
    sources: list[int | Value] = []
    targets: list[Reg | Pred] = []
    for position, (operand, argument) in enumerate(zip(instruction.spec.operands, instruction.args, strict=True)):
        # LOOP reads the count that it writes.
        reads = not operand.written or operand.kind != "reg" or operand.name == "count"
        if isinstance(argument, Reg) and reads:
            sources.append(argument.index)
        elif isinstance(argument, Imm) and reads:
            sources.append(_number(argument, instruction.operand_type(position)))
        else:
            sources.append(NOTHING)
        if operand.written and isinstance(argument, Reg | Pred):
            targets.append(argument)
    return sources, targets


def _number(argument: Imm, type: Type | None) -> Value:
    known = type is not None and type.is_integer
    return Value(Affine(Poly.const(constant(type, argument))) if known and type else None, Origin.NONE)


def _address_registers(instruction: Instruction) -> list[int]:
    """Registers inside an address operand."""
    parts = [getattr(a, name, None) for a in instruction.args for name in ("handle", "offset")]
    return [p.index for p in parts if isinstance(p, Reg)]
