"""Uniformity: which values are equal in all lanes of a strip, which advance by a constant from lane to lane.

A web's *stride* is 0 when the lanes that are active together hold one value (*uniform*), another integer when
lane l holds ``first + l * stride`` (*linear*; both live in scalar registers), and None when it *varies* (a vector).
Lanes that diverged and meet again may disagree, so a value defined between a divergent branch and the place
where its sides meet, and still needed there, varies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from hologram.backends.llvm.flow import ENTRY, PHASE, Flow, Place, Web
from hologram.isa.builder import value_of
from hologram.isa.cfg import EXIT, Cfg, dominators, reverse_postorder
from hologram.isa.instructions import Category
from hologram.isa.operands import Imm, Reg, Slot, Special
from hologram.isa.program import Instruction
from hologram.types import Type

UNKNOWN = object()
Stride = int | None
LINEAR_SPECIALS = {Special.GLOBAL_X, Special.LANE_X}


@dataclass(frozen=True)
class Shapes:
    """Strides by web id, constants by web id, the divergent branches and what they control."""

    stride: Mapping[int, Stride]
    constant: Mapping[int, int]
    regions: Mapping[int, frozenset[int]]
    flow: Flow

    def of(self, web: Web) -> Stride:
        return self.stride[web.id]

    def is_varying_branch(self, block: int) -> bool:
        return block in self.regions

    def controlled(self, within: frozenset[int]) -> frozenset[int]:
        """Blocks under a divergent branch of the given blocks."""
        return frozenset().union(*(r for b, r in self.regions.items() if b in within))


def analyse(
    cfg: Cfg,
    flow: Flow,
    unit_strides: frozenset[Slot] = frozenset(),
    decided: Mapping[int, bool] | None = None,
    assumed: Mapping[int, str] | None = None,
    entry: Mapping[Place, Stride] | None = None,
    varying: frozenset[int] | None = None,
    constants: Mapping[Place, int] | None = None,
) -> Shapes:
    """Strides of all webs.

    `unit_strides` are array stride slots known to equal the element size; `decided` are comparisons whose outcome
    is known (a guard that the launch's extent already ensures), `assumed` are instructions that give the named operand.
    `entry` are the strides of registers that hold something at the start, `constants` the numbers that are known of
    them. Instructions in `varying` give each lane of a
    block something else; where it is given, uniform means equal in all lanes of a block, not only of a strip.
    """
    solver = _Solver(cfg, flow, unit_strides, decided or {}, assumed or {}, entry or {}, varying, constants or {})
    solver.run()
    stride = {w.id: 0 if solver.stride[w.id] is UNKNOWN else solver.stride[w.id] for w in flow.webs}
    return Shapes(stride, solver.constant, solver.regions, flow)  # type: ignore[arg-type]


class _Solver:
    def __init__(
        self,
        cfg: Cfg,
        flow: Flow,
        unit_strides: frozenset[Slot],
        decided: Mapping[int, bool],
        assumed: Mapping[int, str],
        entry: Mapping[Place, Stride],
        varying: frozenset[int] | None,
        constants: Mapping[Place, int],
    ) -> None:
        self.cfg, self.flow, self.unit, self.decided, self.assumed = cfg, flow, unit_strides, decided, assumed
        self.stride: dict[int, object] = {w.id: UNKNOWN for w in flow.webs}
        self.constant = self._constants()
        self.constant |= {w.id: constants[w.place] for w in flow.webs if w.defs == [ENTRY] and w.place in constants}
        self.regions: dict[int, frozenset[int]] = {}
        self.varying = varying or frozenset()
        for web in flow.webs:
            if web.place in entry and ENTRY in web.defs:
                self.stride[web.id] = entry[web.place]
            elif web.place == PHASE and ENTRY in web.defs:
                self.stride[web.id] = 0
            elif ENTRY in web.defs:
                own = {252: 1, 255: 1}.get(web.place[1], 0)
                self.stride[web.id] = None if len(web.defs) > 1 or (own and varying is not None) else own

    def _constants(self) -> dict[int, int]:
        out = {}
        for web in self.flow.webs:
            if len(web.defs) != 1 or web.defs[0] == ENTRY or web.type is None or web.type.is_float:
                continue
            ins = self.cfg.program.instructions[web.defs[0]]
            if ins.op == "MOV_IMM" and isinstance(ins.args[1], Imm):
                out[web.id] = int(value_of(web.type, ins.args[1]))
            elif ins.op == "MOV_PARAM" and ins.args[1] in self.unit:
                slot = ins.args[1]
                assert isinstance(slot, Slot)
                out[web.id] = self.cfg.program.params[slot.index].type.size
        return out

    def run(self) -> None:
        changed = True
        while changed:
            changed = False
            for block in self.cfg.order:
                for i, ins in self.cfg.code(block):
                    web = self.flow.written.get(i)
                    if web is not None and self.stride[web.id] is not None:
                        changed |= self._lower(web, self._result(i, ins))
            changed |= self._branches()

    def _lower(self, web: Web, new: object) -> bool:
        old = self.stride[web.id]
        if new is UNKNOWN or old == new or old is None:
            return False
        self.stride[web.id] = new if old is UNKNOWN else None
        return True

    def _result(self, i: int, ins: Instruction) -> object:
        if i in self.decided:
            return 0
        if i in self.varying:
            return None
        if self.cfg.program.instructions[i].spec.is_barrier:
            return 0
        strides = {part: self.stride[web] for part, web in self._reads.get(i, ())}
        if any(s is UNKNOWN for s in strides.values()):
            return UNKNOWN
        if i in self.assumed:
            return strides[self.assumed[i]]
        return transfer(ins, strides, lambda part: self._constant(i, ins, part))  # type: ignore[arg-type]

    @cached_property
    def _reads(self) -> Mapping[int, Sequence[tuple[str, int]]]:
        """What each instruction reads: the operand's part and the number of the web."""
        found: dict[int, list[tuple[str, int]]] = {}
        for (index, part), web in self.flow.read.items():
            found.setdefault(index, []).append((part, web.id))
        return found

    def _constant(self, i: int, ins: Instruction, part: str) -> int | None:
        return constant_operand(ins, part, i, self.flow, self.constant)

    def _branches(self) -> bool:
        changed = False
        for b in self.cfg.order:
            if b in self.regions or not self._varies(b):
                continue
            region, joins = influence(self.cfg, b)
            self.regions[b] = region
            for web in self.flow.webs:
                inside = any(d != ENTRY and self.flow.block_of[d] in region for d in web.defs)
                if inside and any(web.id in self.flow.live_in[j] for j in joins):
                    self.stride[web.id] = None
            changed = True
        return changed

    def _varies(self, block: int) -> bool:
        last = self.cfg.blocks[block].end - 1
        ins = self.cfg.program.instructions[last]
        if len(self.cfg.blocks[block].succs) < 2:
            return False
        part = "guard" if ins.op == "BRA" else "count"
        return self.stride[self.flow.read[last, part].id] is None


def constant_operand(ins: Instruction, part: str, i: int, flow: Flow, constant: Mapping[int, int]) -> int | None:
    """The integer value of an operand where it is known when compiling."""
    arg = next(a for o, a in zip(ins.spec.operands, ins.args, strict=True) if o.name == part)
    if isinstance(arg, Imm) and ins.type is not None and ins.type.is_integer:
        return int(value_of(Type.U32 if part == "amount" else ins.type, arg))
    return constant.get(flow.read[i, part].id) if isinstance(arg, Reg) else None


def influence(cfg: Cfg, branch: int) -> tuple[frozenset[int], frozenset[int]]:
    """(blocks between a divergent branch and its post-dominator, blocks where its sides can meet)."""
    stop = postdominators(cfg).get(branch, EXIT)
    sides = [_reachable(cfg, s, stop) for s in cfg.blocks[branch].succs]
    meet = frozenset(sides[0] & sides[1])
    region = frozenset(sides[0] | sides[1]) - {stop}
    return region, frozenset(b for b in meet if b != EXIT)


def _reachable(cfg: Cfg, start: int, stop: int) -> set[int]:
    seen, work = {start}, [start]
    while work:
        b = work.pop()
        if b in (stop, EXIT):
            continue
        for s in cfg.blocks[b].succs:
            if s not in seen:
                seen.add(s)
                work.append(s)
    return seen


def postdominators(cfg: Cfg) -> dict[int, int]:
    """Immediate post-dominators; blocks that cannot reach the end are absent."""
    back: dict[int, list[int]] = {EXIT: [], **{b: [] for b in cfg.order}}
    for b in cfg.order:
        for s in cfg.blocks[b].succs:
            back[s].append(b)
    order = reverse_postorder(EXIT, back)
    kept = set(order)
    return dominators(order, {b: [s for s in cfg.blocks[b].succs if s in kept] if b != EXIT else [] for b in order})


def transfer(ins: Instruction, strides: Mapping[str, Stride], constant: Callable[[str], int | None]) -> Stride:
    """Stride of an instruction's result from those of its operands."""
    if ins.op == "MOV_SREG":
        return 1 if ins.args[1] in LINEAR_SPECIALS else 0
    if ins.spec.category is Category.ATOMIC:
        return None  # each lane finds what the one before it left
    if ins.spec.is_barrier:
        return 0  # a block reduction gives all lanes the same
    if None not in strides.values() and not any(strides.values()):
        return 0
    rule = _LINEAR.get(ins.op)
    known = {part: s for part, s in strides.items() if s is not None}
    if rule is None or len(known) < len(strides) or ins.type is None or ins.type.is_float:
        return None
    return rule(ins, {"a": 0, "b": 0, "c": 0, **known}, constant)


def _times(a: int, b: int, ca: int | None, cb: int | None) -> Stride:
    if not a and not b:
        return 0
    if not b and cb is not None:
        return a * cb
    return b * ca if not a and ca is not None else None


def _product(ins: Instruction, s: Mapping[str, int], c: Callable[[str], int | None]) -> Stride:
    return _times(s["a"], s["b"], c("a"), c("b"))


def _mad(ins: Instruction, s: Mapping[str, int], c: Callable[[str], int | None]) -> Stride:
    product = _product(ins, s, c)
    return None if product is None else product + s["c"]


def _shift(ins: Instruction, s: Mapping[str, int], c: Callable[[str], int | None]) -> Stride:
    amount = c("amount")
    assert ins.type is not None
    return None if amount is None else s["a"] << (amount % ins.type.bits)


def _narrowing(ins: Instruction, s: Mapping[str, int], c: Callable[[str], int | None]) -> Stride:
    """Keeping the low bits keeps the distance between lanes; widening a value that may wrap does not."""
    source, target = ins.source_type, ins.type
    assert source is not None and target is not None
    return s["a"] if source.is_integer and target.bits <= source.bits else None


_LINEAR: dict[str, Callable[[Instruction, Mapping[str, int], Callable[[str], int | None]], Stride]] = {
    "MOV": lambda ins, s, c: s["a"],
    "ADD": lambda ins, s, c: s["a"] + s["b"],
    "SUB": lambda ins, s, c: s["a"] - s["b"],
    "NEG": lambda ins, s, c: -s["a"],
    "MUL": _product,
    "MAD": _mad,
    "SHL": _shift,
    "CVT": _narrowing,
}
