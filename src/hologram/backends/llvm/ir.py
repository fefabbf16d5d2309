"""A writer of LLVM IR text: values with their types, fresh names, labels and declarations."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from hologram.types import Type

LLVM_TYPE = {
    Type.I8: "i8", Type.I16: "i16", Type.I32: "i32", Type.I64: "i64",
    Type.U8: "i8", Type.U16: "i16", Type.U32: "i32", Type.U64: "i64",
    Type.F16: "i16", Type.BF16: "i16", Type.F32: "float", Type.F64: "double",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """An LLVM value: its name or constant, the element type, and how many lanes it has (0 for a scalar)."""

    ref: str
    element: str
    lanes: int = 0

    @property
    def type(self) -> str:
        return f"<{self.lanes} x {self.element}>" if self.lanes else self.element

    def __str__(self) -> str:
        return f"{self.type} {self.ref}"


def vector(element: str, lanes: int) -> str:
    """The LLVM type of `lanes` elements; 0 lanes is a scalar."""
    return f"<{lanes} x {element}>" if lanes else element


def float_constant(type: Type, value: float) -> str:
    """A float in LLVM's hexadecimal form (always the bits of a double)."""
    if type is Type.F32 and value == value and abs(value) != float("inf"):
        value = struct.unpack("<f", struct.pack("<f", value))[0]
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016x}"


class Writer:
    """Collects the lines of one function."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.lines: list[str] = []
        self.allocas: list[str] = []
        self._count = 0
        self.open = True

    def name(self, prefix: str = "v") -> str:
        self._count += 1
        return f"%{prefix}{self._count}"

    def line(self, text: str) -> None:
        """Add an instruction without a result; dropped when the current block already ended."""
        if self.open:
            self.lines.append(f"  {text}")

    def value(self, text: str, element: str, lanes: int = 0) -> Value:
        """Add an instruction with a result."""
        name = self.name()
        self.line(f"{name} = {text}")
        return Value(name, element, lanes)

    def alloca(self, type: str) -> str:
        """A stack cell, made once at the function's entry."""
        name = self.name("cell")
        self.allocas.append(f"  {name} = alloca {type}")
        return name

    def label(self, name: str) -> None:
        """Start a block; control falls into it from an open block."""
        if self.open:
            self.lines.append(f"  br label {name}")
        self.lines.append(f"{name[1:]}:")
        self.open = True

    def jump(self, target: str) -> None:
        self.line(f"br label {target}")
        self.open = False

    def branch(self, condition: Value, then: str, other: str) -> None:
        self.line(f"br i1 {condition.ref}, label {then}, label {other}")
        self.open = False

    def call(self, name: str, result: str, lanes: int, *args: Value | str, element: str | None = None) -> Value:
        """Call a function or intrinsic that gives a value of `result` type; its declaration is added."""
        text = self._call(name, result, args)
        return self.value(text, element or result, lanes)

    def call_void(self, name: str, *args: Value | str) -> None:
        self.line(self._call(name, "void", args))

    def _call(self, name: str, result: str, args: tuple[Value | str, ...]) -> str:
        types = [a.type if isinstance(a, Value) else a.split(" ", 1)[0] for a in args]
        self.module.declare(name, f"declare {result} @{name}({', '.join(types)})")
        return f"call {result} @{name}({', '.join(str(a) for a in args)})"

    def text(self, header: str) -> str:
        """The whole function; allocas stand first."""
        return "\n".join([f"{header} {{", "entry:", *self.allocas, "  br label %start", "start:", *self.lines, "}"])


class Module:
    """Declarations, constants and functions of one module."""

    def __init__(self) -> None:
        self._declarations: dict[str, str] = {}
        self._tables: dict[str, str] = {}
        self.functions: list[str] = []

    def declare(self, name: str, text: str) -> None:
        self._declarations[name] = text

    def table(self, type: Type, values: tuple[int | float, ...]) -> str:
        """A constant array; equal tables are shared."""
        element = LLVM_TYPE[type]
        items = ", ".join(f"{element} {float_constant(type, v) if type.is_float else int(v)}" for v in values)
        body = f"[{len(values)} x {element}] [{items}]"
        if body not in self._tables:
            self._tables[body] = f"@table{len(self._tables)}"
        return self._tables[body]

    def text(self) -> str:
        tables = [f"{name} = private unnamed_addr constant {body}" for body, name in self._tables.items()]
        return "\n\n".join(["\n".join(tables), *self.functions, "\n".join(self._declarations.values())]) + "\n"
