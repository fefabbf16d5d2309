"""Builds a program: parameters, registers, labels and one emitter driven by the instruction table."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hologram.errors import CapacityError, Location
from hologram.isa.affine import Poly
from hologram.isa.instructions import BY_NAME
from hologram.isa.operands import PREDICATES, Imm, Label, Operand, Pred, Reg
from hologram.isa.program import Instruction, Param, Program
from hologram.types import Type

if TYPE_CHECKING:
    import numpy as np

GENERAL_REGISTERS = 252


def immediate(type: Type, value: int | float) -> Imm:
    """The bit pattern of a number in a type (floats are rounded to nearest-even, integers wrap).

    >>> hex(immediate(Type.F32, 1.0).bits)
    '0x3f800000'
    """
    if type is Type.F64:
        return Imm(int.from_bytes(struct.pack("<d", value), "little"))
    if type.is_float:
        import numpy as np

        with np.errstate(over="ignore"):
            near = _to_odd(value) if type is Type.BF16 else np.asarray(value)
            return Imm(int.from_bytes(near.astype(type.dtype).tobytes(), "little"))
    return Imm(int(value) & ((1 << type.bits) - 1))


def _to_odd(value: int | float) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The f32 from which rounding to bf16 gives what rounding the number itself would: ml_dtypes rounds twice."""
    import numpy as np

    near = np.asarray(value, np.float32)
    if value != value or float(near) == value:
        return near
    bits = near.view(np.uint32) - np.uint32(abs(float(near)) > abs(value))
    return np.asarray(bits | np.uint32(1)).view(np.float32)


def value_of(type: Type, imm: Imm) -> int | float:
    """The number an immediate stands for in a type."""
    raw = (imm.bits & ((1 << type.bits) - 1)).to_bytes(type.size, "little")
    if type.is_integer:
        return int.from_bytes(raw, "little", signed=type.is_signed)
    import numpy as np

    return float(np.frombuffer(raw, type.dtype)[0])


class Builder:
    """Collects a program's parts.

    >>> b = Builder("double")
    >>> x = b.array("x", Type.F32, access="rw")
    >>> r = b.reg()
    >>> b.emit("MOV_IMM", Type.F32, r, immediate(Type.F32, 2.0))
    >>> len(b.build().instructions)
    1
    """

    def __init__(self, name: str, flags: Sequence[str] = ()) -> None:
        self.name = name
        self.flags = frozenset(flags)
        self.params: list[Param] = []
        self.shared_bytes = 0
        self._code: list[Instruction] = []
        self._debug: list[Location | None] = []
        self._messages: dict[str, int] = {}
        self._labels: dict[str, int] = {}
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

    def release(self, *items: Reg | Pred) -> None:
        """Give registers or predicates back for reuse."""
        for item in items:
            (self._free_regs if isinstance(item, Reg) else self._free_preds).append(item.index)

    def pred(self) -> Pred:
        """Take a free predicate register."""
        if not self._free_preds:
            raise CapacityError(f"kernel '{self.name}' needs more than {PREDICATES} live predicates")
        return Pred(self._free_preds.pop())

    def label(self, prefix: str) -> Label:
        """A fresh label; `place` puts it."""
        number = self._prefixes[prefix] = self._prefixes.get(prefix, -1) + 1
        return Label(f"{prefix}{number}" if number else prefix)

    def place(self, label: Label) -> None:
        """Bind a label to the next instruction."""
        if label.name in self._labels:
            raise ValueError(f"label {label} is placed twice")
        self._labels[label.name] = len(self._code)

    def message(self, text: str) -> int:
        """The number of a message for Print or Assert; the same text gives the same number."""
        return self._messages.setdefault(text, len(self._messages))

    def emit(self, op: str, type: Type | None = None, *args: Operand, source_type: Type | None = None) -> None:
        """Append an instruction; operands follow the instruction table (BRA may leave its guard out)."""
        spec = BY_NAME[op]
        if op == "BRA" and len(args) == 1:
            args = (*args, None)
        if len(args) != len(spec.operands):
            raise ValueError(f"{op} takes {len(spec.operands)} operands, got {len(args)}")
        self._code.append(Instruction(op, type, args, source_type))
        self._debug.append(self.location)

    def build(self, extent: Sequence[Poly] = ()) -> Program:
        """The finished program."""
        debug = tuple(self._debug) if any(self._debug) else ()
        return Program(
            self.name,
            tuple(self.params),
            tuple(self._code),
            dict(self._labels),
            tuple(extent),
            self.shared_bytes,
            self.flags,
            debug,
            messages=tuple(self._messages),
        )
