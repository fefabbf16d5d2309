"""Registers of a kernel being lowered: parameters read once at the top, variables, temporaries, byte offsets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from hologram.frontend.devices import RESULT
from hologram.frontend.promote import BOOL
from hologram.frontend.source import Source
from hologram.frontend.typed import (
    Convert,
    CountedLoop,
    Element,
    Expr,
    Inlined,
    Local,
    SetLocal,
    SlotValue,
    Step,
    TypedKernel,
    reads_machine,
)
from hologram.frontend.walk import walk
from hologram.isa.builder import Builder, immediate
from hologram.isa.operands import Field, Pred, Reg, Slot
from hologram.types import Type

MAX_OFFSETS = 16
MAX_OFFSET_NODES = 12


class Frame:
    """Where everything lives. A variable keeps one register for life; temporaries are given back by `free`."""

    def __init__(self, builder: Builder, kernel: TypedKernel, source: Source) -> None:
        self.builder, self.kernel, self.source = builder, kernel, source
        self.params: dict[tuple[Slot, Type], Reg] = {}
        self.handles: dict[int, Reg] = {}
        self.variables: dict[str, Reg | Pred] = {}
        self.offsets: dict[tuple[object, ...], Reg] = {}
        self._temporaries: set[Reg | Pred] = set()
        self._read_parameters()

    def _read_parameters(self) -> None:
        used: dict[tuple[Slot, Type], None] = {}
        handles: dict[int, None] = {}
        converted: set[int] = set()
        for item in walk(self.kernel.body):
            match item:
                case Convert(kind=Type() as kind, value=SlotValue(kind=Type(), slot=slot) as value):
                    used[slot, kind] = None
                    converted.add(id(value))
                case SlotValue(slot=slot) if id(item) not in converted:
                    used[slot, self.slot_type(slot)] = None
                case Element(slot=index):
                    handles[index] = None
                    dims = self.kernel.array(index).ndim
                    for axis in range(dims) if dims > 1 else ():
                        used[Slot(index, Field.STRIDE, axis), Type.I64] = None
        for index in sorted(handles):
            self.handles[index] = self.builder.reg()
            if self.kernel.is_shared(index):
                start = self.kernel.shared[index - len(self.kernel.params)].offset
                self.builder.emit("MOV_IMM", Type.I64, self.handles[index], immediate(Type.I64, start))
            else:
                self.builder.emit("MOV_PARAM", Type.U64, self.handles[index], Slot(index))
        for slot, kind in sorted(used, key=lambda u: (u[0].index, u[0].field.value, u[0].axis, u[1].value)):
            self._read_parameter(slot, kind)

    def _read_parameter(self, slot: Slot, kind: Type) -> None:
        own, register = self.slot_type(slot), self.builder.reg()
        self.builder.emit("MOV_PARAM", own, register, slot)
        if kind is not own:
            self.builder.emit("CVT", kind, register, register, source_type=own)
        self.params[slot, kind] = register

    def slot_type(self, slot: Slot) -> Type:
        """The type MOV_PARAM reads a slot in."""
        return self.kernel.params[slot.index].type if slot.field is Field.VALUE else Type.I64

    def variable(self, name: str) -> Reg | Pred:
        """The register a variable lives in, from its first assignment on."""
        if name not in self.variables:
            kind = self.kernel.variables[name]
            place = self.variables[name] = self.builder.pred() if kind is BOOL else self.builder.reg()
            if not name.endswith(f".{RESULT}"):
                self.builder.variable(place, name, kind if isinstance(kind, Type) else None)
        return self.variables[name]

    def own(self, expr: Inlined) -> Reg | Pred:
        """The result of inlined statements as a temporary; what else they assigned is nobody's any more."""
        result = self.variable(expr.name)
        self.drop(expr.body, result)
        self._temporaries.add(result)
        return result

    def drop(self, body: Iterable[Step], kept: Reg | Pred | None = None) -> None:
        """Gives back the registers of the variables that inlined statements assign."""
        mine = [i.name for i in walk(body) if isinstance(i, (SetLocal, CountedLoop))]
        self.forget(mine)
        for name in dict.fromkeys(mine):
            register = self.variables.pop(name, None)
            if register is not None and register != kept:
                self.builder.release(register)

    def temporary(self) -> Reg:
        """A register to be freed after use."""
        register = self.builder.reg()
        self._temporaries.add(register)
        return register

    def truth(self) -> Pred:
        """A predicate to be freed after use."""
        pred = self.builder.pred()
        self._temporaries.add(pred)
        return pred

    def free(self, *items: object) -> None:
        """Gives temporaries back; anything else is left alone."""
        for item in items:
            if isinstance(item, (Reg, Pred)) and item in self._temporaries:
                self._temporaries.discard(item)
                self.builder.release(item)

    # Byte offsets already computed in a place that dominates this one

    def keep_offset(self, key: tuple[object, ...], register: Reg) -> None:
        """Remembers a temporary as the offset of an index, where there is room."""
        if register in self._temporaries and len(self.offsets) < MAX_OFFSETS:
            self._temporaries.discard(register)
            self.offsets[key] = register

    def forget(self, names: Iterable[str]) -> None:
        """Drops offsets that depend on variables about to change."""
        changed = set(names)
        for key in list(self.offsets):
            if any(name in changed for name in _locals(key)):
                self.builder.release(self.offsets.pop(key))

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Code that may not run: the offsets it computes are forgotten after it."""
        before = set(self.offsets)
        yield
        for key in list(self.offsets):
            if key not in before:
                self.builder.release(self.offsets.pop(key))


def cacheable(index: tuple[Expr, ...]) -> bool:
    """True for small index expressions that read no memory."""
    items = list(walk(index))
    fixed = not any(reads_machine(i) for i in items)
    return fixed and len(items) <= MAX_OFFSET_NODES


def _locals(key: tuple[object, ...]) -> Iterator[str]:
    for item in walk(k for k in key if isinstance(k, (Expr, Step))):
        if isinstance(item, Local):
            yield item.name
