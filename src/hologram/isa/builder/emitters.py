"""An emitter for every row of the instruction table: `b.add(x, y)` takes values and gives the value it computes."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache
from inspect import Parameter, Signature
from typing import Any

from hologram.errors import BuildError
from hologram.isa.builder.core import Core, Value
from hologram.isa.builder.immediates import immediate
from hologram.isa.builder.places import Place
from hologram.isa.instructions import TABLE, UPDATED, OperandSpec, Spec
from hologram.isa.operands import (
    Condition,
    Imm,
    Label,
    Operand,
    PhiCoordinate,
    Pred,
    RegisterIndirect,
    RegisterIndirectComputed,
    Scope,
    Slot,
    SlotOffset,
    Special,
)
from hologram.types import Type

ADDRESSES = (SlotOffset, PhiCoordinate, RegisterIndirect, RegisterIndirectComputed)
_WORDS: Mapping[str, type[Enum]] = {"cond": Condition, "sreg": Special, "scope": Scope}
_PLAIN: Mapping[str, tuple[type, ...]] = {
    "pred": (Pred,),
    "guard": (Pred, type(None)),
    "label": (Label,),
    "imm": (Imm,),
    "u8": (int,),
    "u16": (int,),
    "u32": (int,),
    "u64": (int,),
    "f64": (float, int),
}


def method_name(spec: Spec) -> str:
    """The name of a row's emitter: `add`, `mov_imm`, `bar_sync`, and `and_` where Python has the word itself."""
    name = spec.text.replace(".", "_")
    return f"{name}_" if keyword.iskeyword(name) else name


_GIVEN: dict[str, list[OperandSpec]] = {}


def given(spec: Spec) -> list[OperandSpec]:
    """The operands that an emitter takes: all but the one it writes."""
    found = _GIVEN.get(spec.name)
    return [o for o in spec.operands if not o.written or spec.name in UPDATED] if found is None else found


@cache
def signature(spec: Spec) -> Signature:
    """What an emitter takes, as `help` shows it."""
    optional = Parameter.empty
    parameters = [
        Parameter(
            f"{o.name}_" if keyword.iskeyword(o.name) else o.name,
            Parameter.POSITIONAL_ONLY,
            default=None if o.kind == "guard" else optional,
        )
        for o in given(spec)
    ]
    named = ["type"] if spec.typed else []
    named += ["into"] if len(given(spec)) < len(spec.operands) else []
    parameters += [Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in named]
    return Signature(parameters)


class Emitters(Core):
    """Adds a method for every instruction, made from its row of the table.

    A method takes the operands that the instruction reads: values, predicates, labels, and numbers wherever a register
    or an immediate may stand. The type is that of the values; `type=` names it where there is none (`mov_imm`, `cvt`,
    loads from bare addresses). The result is a fresh `Value` or predicate, or goes `into=` one that exists.
    """

    def __getattr__(self, name: str) -> Any:
        spec = _BY_METHOD.get(name)
        if spec is None:
            raise AttributeError(f"{type(self).__name__} has no '{name}', and there is no instruction of that name")
        made = vars(self)[name] = _emitter(self, spec)
        return made

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_BY_METHOD})

    def instruction(
        self, spec: Spec, args: Sequence[Any], type: Type | None = None, into: Value | Pred | None = None
    ) -> Value | Pred | None:
        """Append an instruction given by what it reads; gives what it writes."""
        wanted = given(spec)
        if len(args) == len(wanted) - 1 and wanted[-1].kind == "guard":
            args = (*args, None)
        if len(args) != len(wanted):
            names = ", ".join(o.name for o in wanted)
            raise BuildError(f"{spec.name} takes ({names}): {len(wanted)} operands, got {len(args)}")
        of = self._type(spec, wanted, args, type)
        source = _source_type(spec, wanted, args)
        fresh: list[Value] = []
        operands = iter([self._operand(spec, o, a, of, source, fresh) for o, a in zip(wanted, args, strict=True)])
        self.release(*fresh)  # constants are read by this instruction alone, which may write over them
        target = None if len(wanted) == len(spec.operands) else self._target(spec, of, into)
        written = target.reg if isinstance(target, Value) else target
        self.emit(
            spec.name,
            of,
            *(next(operands) if not o.written or target is None else written for o in spec.operands),
            source_type=source,
        )
        return target

    def _type(self, spec: Spec, wanted: Sequence[OperandSpec], args: Sequence[Any], type: Type | None) -> Type | None:
        """The instruction's type: the one named, else that of the first operand that has it."""
        if not spec.typed:
            if type is not None:
                raise BuildError(f"{spec.name} has no type, got type={type.value}")
            return None
        if type is None:
            found = [self._type_of(o, a) for o, a in zip(wanted, args, strict=True)]
            type = next((t for t in found if t is not None), None)
        if type is None:
            raise BuildError(f"{spec.name}: no operand tells the type; give type=Type.F32 or another")
        if type not in spec.types:
            known = " ".join(t.value for t in Type if t in spec.types)
            raise BuildError(f"{spec.name} does not exist for {type.value}; it does for {known}")
        return type

    def _type_of(self, operand: OperandSpec, given: Any) -> Type | None:
        if isinstance(given, Place):
            return given.type
        if isinstance(given, Value):
            return given.type if operand.type == "T" else None
        if operand.kind == "sreg":
            return Type.I64
        if operand.kind == "slot":
            slot = given if isinstance(given, Slot) else Slot(given)
            return self.slot_type(slot)
        return None

    def slot_type(self, slot: Slot) -> Type:
        """What reading a slot gives: a scalar's type, u64 for a handle, i64 for a shape or stride."""
        if not 0 <= slot.index < len(self.params):
            raise BuildError(f"there is no parameter slot {slot.index}; there are {len(self.params)}")
        param = self.params[slot.index]
        if slot == Slot(slot.index):
            return Type.U64 if param.is_array else param.type
        return Type.I64

    def _operand(
        self, spec: Spec, o: OperandSpec, given: Any, of: Type | None, source: Type | None, fresh: list[Value]
    ) -> Operand:
        """An operand as the instruction holds it."""
        if o.kind in ("reg", "src"):
            type = of if o.type == "T" else source if o.type == "S" else Type[o.type]
            assert type is not None
            return self._register(spec, o, given, type, fresh)
        if o.kind in _WORDS:
            try:
                word: Any = _WORDS[o.kind](given)
            except ValueError:
                known = ", ".join(str(e.value) for e in _WORDS[o.kind])
                raise BuildError(f"{spec.name}: {o.name} is one of {known}, not {given!r}") from None
            return word  # type: ignore[no-any-return]
        if o.kind == "slot":
            return given if isinstance(given, Slot) else Slot(given)
        if o.kind == "addr":
            return self._address(spec, o, given, of)
        if o.kind == "imm" and isinstance(given, int | float) and of is not None:
            return immediate(of, given)
        if not isinstance(given, _PLAIN[o.kind]) or isinstance(given, bool):
            raise BuildError(f"{spec.name}: operand {o.name} cannot be {given!r}")
        plain: Any = given
        return plain  # type: ignore[no-any-return]

    def _register(self, spec: Spec, o: OperandSpec, given: Any, type: Type, fresh: list[Value]) -> Operand:
        if isinstance(given, Value):
            if given.type is not type:
                cure = f"convert it with cvt(value, type=Type.{type.name})"
                raise BuildError(f"{spec.name}: operand {o.name} is {given.type.value}, {type.value} is needed; {cure}")
            return given.reg
        if isinstance(given, Imm):
            number = given
        elif isinstance(given, int | float) and not isinstance(given, bool):
            if type.is_integer and given != int(given):
                raise BuildError(f"{spec.name}: operand {o.name} is {given}, which is no {type.value}")
            number = immediate(type, given)
        else:
            raise BuildError(f"{spec.name}: operand {o.name} is a value of {type.value} or a number, not {given!r}")
        if o.kind == "src":
            return number
        held = Value(self.reg(), type)
        self.emit("MOV_IMM", type, held, number)
        fresh.append(held)
        return held.reg

    def _address(self, spec: Spec, o: OperandSpec, given: Any, of: Type | None) -> Operand:
        if isinstance(given, Place):
            if given.type is not of:
                wanted = of.value if of else "nothing"
                raise BuildError(f"{spec.name}: the address holds {given.type.value}, {wanted} is needed")
            return given.address
        if not isinstance(given, ADDRESSES):
            raise BuildError(f"{spec.name}: operand {o.name} is an address, for instance b.at(view, i), not {given!r}")
        return given

    def _target(self, spec: Spec, of: Type | None, into: Value | Pred | None) -> Value | Pred:
        o = next(o for o in spec.operands if o.written)
        if o.kind == "pred":
            if into is not None and not isinstance(into, Pred):
                raise BuildError(f"{spec.name} writes a predicate, not {into}")
            return self.pred() if into is None else into
        type = of if o.type == "T" else Type[o.type]
        assert type is not None
        if into is None:
            return Value(self.reg(), type)
        if not isinstance(into, Value) or into.type is not type:
            raise BuildError(f"{spec.name} writes {type.value}, which cannot go into {into}")
        return into


def _source_type(spec: Spec, wanted: Sequence[OperandSpec], args: Sequence[Any]) -> Type | None:
    """The S of a conversion: the type of the value that is converted."""
    for o, given in zip(wanted, args, strict=True):
        if o.type == "S":
            if not isinstance(given, Value):
                raise BuildError(f"{spec.name}: operand {o.name} is a value, not {given!r}")
            return given.type
    return None


def _emitter(builder: Emitters, spec: Spec) -> Callable[..., Value | Pred | None]:
    def emit(*args: Any, type: Type | None = None, into: Value | Pred | None = None) -> Value | Pred | None:
        return builder.instruction(spec, args, type, into)

    emit.__name__ = emit.__qualname__ = method_name(spec)
    emit.__doc__ = f"{spec.name}: {spec.doc}."
    emit.__signature__ = signature(spec)  # type: ignore[attr-defined]  # read by `help` and `inspect.signature`
    return emit


METHODS: Mapping[str, str] = {spec.name: method_name(spec) for spec in TABLE}
"""The names of all emitters by those of their rows."""
_BY_METHOD: dict[str, Spec] = {METHODS[spec.name]: spec for spec in TABLE}
_GIVEN |= {spec.name: given(spec) for spec in TABLE}
