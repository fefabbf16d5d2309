"""Give each value a register of its own, so that no pass takes two values for one.

May assume: a valid program. Keeps: what each instruction reads. A value is a web: definitions that reach a common use.
The first web of a register keeps it, the others get free ones while there are any. Runs of registers that a register
reduction reads, and the special registers, stay.
"""

from __future__ import annotations

from collections.abc import Iterator

from hologram.isa.cfg import EXIT
from hologram.isa.instructions import UPDATED
from hologram.isa.operands import PREDICATES
from hologram.isa.optimise.code import Code, Edits
from hologram.isa.optimise.flow import live_after
from hologram.isa.optimise.registers import (
    FIRST_PREDICATE,
    FIRST_SPECIAL,
    reads,
    runs,
    with_reads,
    with_target,
    written,
)
from hologram.isa.program import Instruction

Reaching = dict[int, frozenset[int]]
"""By register, the definitions (instruction indices) whose value it may hold."""


def rename(code: Code) -> Edits:
    """The pass; see above."""
    webs = _Webs(code)
    register_of = _assigned(code, webs)
    edits: dict[int, Instruction | None] = {}
    for index, ins in enumerate(code.instructions):
        if index not in webs.reachable:
            continue
        target = written(ins)
        renamed = {k: register_of[webs.read[index, k]] for k in reads(ins) if (index, k) in webs.read}
        made = with_reads(ins, lambda k, renamed=renamed: renamed.get(k, k))  # type: ignore[misc]
        if target is not None and register_of[webs.root(index)] != target:
            made = with_target(made, register_of[webs.root(index)])
        if made != ins:
            edits[index] = made
    return edits


def _assigned(code: Code, webs: _Webs) -> dict[int, int]:
    """A register for each web, by the web's root."""
    used = {k for ins in code.instructions for k in (*reads(ins), written(ins))}
    fixed = {k for ins in code.instructions for k in runs(ins)}
    free = {
        False: iter(k for k in range(FIRST_SPECIAL) if k not in used),
        True: iter(k for k in range(FIRST_PREDICATE, FIRST_PREDICATE + PREDICATES) if k not in used),
    }
    out: dict[int, int] = {}
    taken: set[int] = set()
    for index in sorted(webs.reachable):
        key = written(code.instructions[index])
        if key is None or (root := webs.root(index)) in out:
            continue
        out[root] = key
        if key in taken and key not in fixed:
            out[root] = next(free[key >= FIRST_PREDICATE], key)
        taken.add(key)
    return out


class _Webs:
    """Joins the definitions that reach a common use."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.reachable = {i for b in code.cfg.order for i, _ in code.cfg.code(b)}
        self._parent = {i: i for i in self.reachable}
        self.read: dict[tuple[int, int], int] = {}
        at = self._reaching()
        for block in code.cfg.order:
            state = dict(at[block])
            for index, ins in code.cfg.code(block):
                for key in reads(ins):
                    self._use(index, key, state.get(key, frozenset()))
                target = written(ins)
                if target is not None:
                    if ins.op in UPDATED:
                        self._join(self.read[index, target], index)
                    state[target] = frozenset({index})
        self.read = {use: self.root(definition) for use, definition in self.read.items()}

    def root(self, definition: int) -> int:
        """The definition that stands for a web."""
        while self._parent[definition] != definition:
            self._parent[definition] = self._parent[self._parent[definition]]
            definition = self._parent[definition]
        return definition

    def _join(self, a: int, b: int) -> None:
        self._parent[self.root(b)] = self.root(a)

    def _use(self, index: int, key: int, sources: frozenset[int]) -> None:
        first, *others = sorted(sources) or [-1]
        if first < 0:
            return  # a special register, written before the program starts
        self.read[index, key] = first
        for other in others:
            self._join(first, other)

    def _reaching(self) -> dict[int, Reaching]:
        """The definitions of live registers at the start of each block."""
        cfg = self.code.cfg
        after = live_after(cfg)
        writes = {b: dict(self._writes(b)) for b in cfg.order}
        at: dict[int, Reaching] = {b: {} for b in cfg.order}
        pending = set(cfg.order)
        while pending:
            for block in cfg.order:
                if block not in pending:
                    continue
                pending.discard(block)
                out = {**at[block], **{k: frozenset({i}) for k, i in writes[block].items()}}
                for successor in cfg.blocks[block].succs:
                    if successor == EXIT:
                        continue
                    state = at[successor]
                    for key in after[block] & out.keys():
                        joined = state.get(key, frozenset()) | out[key]
                        if joined != state.get(key):
                            state[key] = joined
                            pending.add(successor)
        return at

    def _writes(self, block: int) -> Iterator[tuple[int, int]]:
        for index, ins in self.code.cfg.code(block):
            target = written(ins)
            if target is not None:
                yield target, index
