"""Every read against what the register holds there, and every memory access against its parameter."""

from __future__ import annotations

from functools import cached_property

from hologram.isa.cfg import Cfg
from hologram.isa.instructions import Category
from hologram.isa.operands import Pred, Reg, RegisterIndirect, RegisterIndirectComputed, SlotOffset
from hologram.isa.program import Instruction, Program
from hologram.isa.verify.dataflow import Content, Handle, Mark, State, entry_states, key, step
from hologram.isa.verify.operand_rules import SHARED
from hologram.isa.verify.report import Report
from hologram.types import Type

OFFSETS = (Type.I64, Type.U64)
HANDLE_MOVES = frozenset({"MOV", "SEL"})


def check_reads(cfg: Cfg, report: Report) -> dict[int, int]:
    """Check all reachable instructions; gives the slot of each memory access."""
    checker = _Checker(cfg, report)
    for block in cfg.order:
        state = dict(checker.states[block])
        for index, ins in cfg.code(block):
            checker.instruction(index, ins, state)
            step(state, ins, cfg.program.params)
    return checker.slot_of


class _Checker:
    def __init__(self, cfg: Cfg, report: Report) -> None:
        self.cfg = cfg
        self.program: Program = cfg.program
        self.report = report
        self.states = entry_states(cfg)
        self.slot_of: dict[int, int] = {}

    def instruction(self, index: int, ins: Instruction, state: State) -> None:
        """All reads of one instruction."""
        for position, operand in enumerate(ins.spec.operands):
            value = ins.args[position]
            read = not operand.written or ins.op == "LOOP"
            if operand.kind == "addr":
                self._address(index, ins, value, state)
            elif ins.spec.category is Category.REDUCE and operand.name == "base":
                self._fold(index, ins, state)
            elif isinstance(value, Pred) and read:
                self._holds(index, value, state)
            elif isinstance(value, Reg) and read:
                self._typed(index, ins, value, ins.operand_type(position), state)
        if ins.op == "SEL" and ins.type is Type.U64:
            self._select(index, ins, state)

    def _holds(self, index: int, item: Reg | Pred, state: State) -> Content | None:
        """What a register holds; reports one that is not written on every path or holds different things."""
        content = state.get(key(item))
        name = f"{'r' if isinstance(item, Reg) else 'p'}{item.index}"
        if content is None:
            self.report.add(index, f"{name} is read, but not every path to here has written it")
        elif content is Mark.MIXED:
            found = {end[key(item)] for end in self._ends if key(item) in end} - {Mark.MIXED}
            words = " or ".join(sorted(self._words(c) for c in found))
            self.report.add(index, f"{name} does not hold the same on every path to here: {words}")
            return None
        return content

    @cached_property
    def _ends(self) -> list[State]:
        """The states at the end of all blocks, for a message."""
        ends = []
        for block in self.cfg.order:
            state = dict(self.states[block])
            for _, ins in self.cfg.code(block):
                step(state, ins, self.program.params)
            ends.append(state)
        return ends

    def _words(self, content: Content) -> str:
        if isinstance(content, Handle):
            return f"the handle of '{self.program.params[content.slot].name}'"
        return str(content.value)

    def _typed(self, index: int, ins: Instruction, reg: Reg, needed: Type | None, state: State) -> None:
        content = self._holds(index, reg, state)
        if content is None or content == needed:
            return
        if not isinstance(content, Handle):
            wanted = needed.value if needed else "nothing"
            self.report.add(index, f"{reg} holds {self._words(content)}, {wanted} is needed")
        elif ins.op not in HANDLE_MOVES or needed is not Type.U64:
            words = "a handle is only moved, selected and used in addresses"
            self.report.add(index, f"{reg} holds {self._words(content)}; {words}")

    def _select(self, index: int, ins: Instruction, state: State) -> None:
        contents = [state.get(a.index) for a in ins.args[2:] if isinstance(a, Reg)]
        handles = [c for c in contents if isinstance(c, Handle)]
        if handles and contents[0] != contents[1] and None not in contents and Mark.MIXED not in contents:
            words = " and ".join(self._words(c) for c in contents if c is not None)
            self.report.add(index, f"selects between {words}; a handle must stay that of one parameter")

    def _fold(self, index: int, ins: Instruction, state: State) -> None:
        _, base, count = ins.args
        assert isinstance(base, Reg)
        assert isinstance(count, int)
        for number in range(base.index, min(base.index + count, 256)):
            self._typed(index, ins, Reg(number), ins.type, state)

    def _address(self, index: int, ins: Instruction, value: object, state: State) -> None:
        if isinstance(value, SlotOffset):
            if 0 <= value.slot < len(self.program.params):
                self._access(index, ins, value.slot)
            return
        if not isinstance(value, (RegisterIndirect, RegisterIndirectComputed)):
            return
        if isinstance(value.offset, Reg):
            self._offset(index, value.offset, state)
        if ins.op in SHARED or self._is_shared(ins, state.get(value.handle.index)):
            self._offset(index, value.handle, state)
            return
        content = self._holds(index, value.handle, state)
        if isinstance(content, Handle):
            self._access(index, ins, content.slot)
        elif content is not None:
            self.report.add(index, f"{value.handle} holds {self._words(content)}, an address needs an array's handle")

    def _is_shared(self, ins: Instruction, content: Content | None) -> bool:
        """True for an atomic on a number in place of a handle."""
        return ins.spec.category is Category.ATOMIC and content in OFFSETS and self.program.shared_bytes > 0

    def _offset(self, index: int, reg: Reg, state: State) -> None:
        content = self._holds(index, reg, state)
        if content is not None and content not in OFFSETS:
            self.report.add(index, f"{reg} holds {self._words(content)}, a byte offset is i64 or u64")

    def _access(self, index: int, ins: Instruction, slot: int) -> None:
        """One access to a known parameter: it must be an array of that type that may be read or written so."""
        self.slot_of[index] = slot
        param = self.program.params[slot]
        if not param.is_array:
            self.report.add(index, f"'{param.name}' is a scalar; only arrays are addressed")
            return
        moves_bits = ins.op in ("LDG", "STG") and ins.type is param.type.pattern
        if param.type is not ins.type and not moves_bits:
            found = ins.type.value if ins.type else "untyped"
            self.report.add(index, f"'{param.name}' has elements of {param.type.value}, the access is {found}")
        category = ins.spec.category
        writes = category in (Category.ATOMIC, Category.CROSS) or ins.op == "STG"
        reads = category is Category.ATOMIC or ins.op == "LDG"
        if writes and "w" not in param.access:
            self.report.add(index, f"'{param.name}' is read-only in the signature and is written here")
        if reads and "r" not in param.access:
            self.report.add(index, f"'{param.name}' is write-only in the signature and is read here")
