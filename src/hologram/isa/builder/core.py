"""The parts of a program being written: parameters, registers, labels, and one emitter checked against the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from hologram.errors import BuildError, CapacityError, Location
from hologram.isa.affine import Poly
from hologram.isa.instructions import BY_NAME
from hologram.isa.operands import PREDICATES, Label, Operand, Pred, Reg, Slot
from hologram.isa.program import Instruction, Param, Program
from hologram.isa.variables import Variable
from hologram.types import Type

GENERAL_REGISTERS = 252


@dataclass(frozen=True, slots=True)
class Value:
    """A register and the type of what it holds."""

    reg: Reg
    type: Type

    def __str__(self) -> str:
        return f"{self.reg}: {self.type.value}"


class Core:
    """Collects a program's parts; registers and predicates are taken, and given back with `release`."""

    def __init__(self, name: str, flags: Sequence[str] = ()) -> None:
        self.name = name
        self.flags = frozenset(flags)
        self.params: list[Param] = []
        self.shared_bytes = 0
        self._code: list[Instruction] = []
        self._debug: list[Location | None] = []
        self._messages: dict[str, int] = {}
        self._labels: dict[str, int] = {}
        self._variables: list[Variable] = []
        self._named: dict[Reg | Pred, tuple[str, Type | None, int]] = {}
        self._prefixes: dict[str, int] = {}
        self._free_regs = list(range(GENERAL_REGISTERS - 1, -1, -1))
        self._free_preds = list(range(PREDICATES - 1, -1, -1))
        self.location: Location | None = None

    def array(self, name: str, type: Type, ndim: int = 1, access: str = "r") -> int:
        """Declare an array parameter and give its slot index."""
        self.params.append(Param(name, "array", type, ndim, access))
        return len(self.params) - 1

    def scalar(self, name: str, type: Type, default: int | float | None = None) -> int:
        """Declare a scalar parameter and give its slot index."""
        self.params.append(Param(name, "scalar", type, default=default))
        return len(self.params) - 1

    def reg(self) -> Reg:
        """Take a free general register."""
        if not self._free_regs:
            raise CapacityError(f"kernel '{self.name}' needs more than {GENERAL_REGISTERS} live registers")
        return Reg(self._free_regs.pop())

    def release(self, *items: Reg | Pred | Value) -> None:
        """Give registers or predicates back for reuse."""
        for item in items:
            place = item.reg if isinstance(item, Value) else item
            self._end_name(place)
            (self._free_regs if isinstance(place, Reg) else self._free_preds).append(place.index)

    @contextmanager
    def scratch(self) -> Iterator[None]:
        """Registers and predicates taken inside are free again behind it."""
        regs, preds = list(self._free_regs), list(self._free_preds)
        yield
        for place in list(self._named):
            if place.index in (regs if isinstance(place, Reg) else preds):
                self._end_name(place)
        self._free_regs, self._free_preds = regs, preds

    def pred(self) -> Pred:
        """Take a free predicate register."""
        if not self._free_preds:
            raise CapacityError(f"kernel '{self.name}' needs more than {PREDICATES} live predicates")
        return Pred(self._free_preds.pop())

    def variable(self, place: Reg | Pred | Value, name: str, type: Type | None = None) -> None:
        """Say which variable a register holds from now on until it is given back: for error messages and debuggers.

        `type` may be left out for a Value, and is None for a predicate.
        """
        register, held = (place.reg, place.type) if isinstance(place, Value) else (place, type)
        self._end_name(register)
        self._named[register] = name, held, len(self._code)

    def _end_name(self, place: Reg | Pred) -> None:
        if place in self._named:
            name, type, taken = self._named.pop(place)
            written = (i for i in range(taken, len(self._code)) if _writes(self._code[i], place))
            start = next(written, None)
            if start is not None:
                self._variables.append(Variable(name, place, type, start, len(self._code)))

    def label(self, prefix: str) -> Label:
        """A fresh label; `place` puts it."""
        number = self._prefixes[prefix] = self._prefixes.get(prefix, -1) + 1
        return Label(f"{prefix}{number}" if number else prefix)

    def place(self, label: Label) -> None:
        """Bind a label to the next instruction."""
        if label.name in self._labels:
            raise BuildError(f"label {label} is placed twice")
        self._labels[label.name] = len(self._code)

    def message(self, text: str) -> int:
        """The number of a message for Print or Assert; the same text gives the same number."""
        return self._messages.setdefault(text, len(self._messages))

    def emit(self, op: str, type: Type | None = None, *args: Operand | Value, source_type: Type | None = None) -> None:
        """Append an instruction; operands, written ones too, follow its row of the table (BRA may leave its guard out).

        Nothing is converted: registers and immediates stand as they are given. The emitters by name (`b.add`, …) choose
        type and target themselves.
        """
        spec = BY_NAME.get(op)
        if spec is None:
            raise BuildError(f"there is no instruction '{op}'")
        if op == "BRA" and len(args) == 1:
            args = (*args, None)
        if len(args) != len(spec.operands):
            raise BuildError(f"{op} takes {len(spec.operands)} operands, got {len(args)}")
        operands = tuple(a.reg if isinstance(a, Value) else a for a in args)
        self._code.append(Instruction(op, type, operands, source_type))
        self._debug.append(self.location)

    def build(self, extent: Sequence[Poly | Slot] = (), metadata: Mapping[str, str] | None = None) -> Program:
        """The finished program; `extent` says how many lanes are wanted on x, y, z. `isa.verify` proves it sound."""
        debug = tuple(self._debug) if any(self._debug) else ()
        for place in list(self._named):
            self._end_name(place)
        variables = sorted(self._variables, key=lambda v: (v.start, v.name))
        return Program(
            self.name,
            tuple(self.params),
            tuple(self._code),
            dict(self._labels),
            tuple(Poly.slot(e) if isinstance(e, Slot) else e for e in extent),
            self.shared_bytes,
            self.flags,
            debug,
            metadata or {},
            messages=tuple(self._messages),
            variables=tuple(variables),
        )


def _writes(ins: Instruction, place: Reg | Pred) -> bool:
    return any(spec.written and arg == place for spec, arg in zip(ins.spec.operands, ins.args, strict=True))
