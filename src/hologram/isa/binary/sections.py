"""The sections that make up a program's content: how each is written and read."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from hologram.errors import ProgramFormatError
from hologram.isa.affine import Poly
from hologram.isa.binary import layout
from hologram.isa.binary.operand_codec import CODECS, Pools, read_slot, write_slot
from hologram.isa.binary.stream import Sink, Source
from hologram.isa.instructions import BY_NAME, TABLE, Spec
from hologram.isa.names import is_dotted, is_identifier, is_title
from hologram.isa.operands import Slot
from hologram.isa.program import Instruction, Param, Program
from hologram.types import Type

TYPES = tuple(Type)
KINDS = ("scalar", "array")
ACCESSES = ("r", "w", "rw")
NO_DEFAULT, INTEGER_DEFAULT, FLOAT_DEFAULT = range(3)


def write_header(sink: Sink, program: Program) -> None:
    """Name, shared bytes, flags in order."""
    if not is_title(program.name):
        raise sink.refuse(f"{program.name!r} is no program name (printable, not empty)")
    sink.text(program.name)
    sink.number(program.shared_bytes)
    sink.number(len(program.flags), layout.MAX_FLAGS)
    for flag in sorted(program.flags):
        if not is_dotted(flag):
            raise sink.refuse(f"{flag!r} is no flag name")
        sink.text(flag)


def read_header(source: Source) -> tuple[str, int, frozenset[str]]:
    """Name, shared bytes, flags."""
    start, name = source.position, source.text("the program's name")
    if not is_title(name):
        raise ProgramFormatError(f"{name!r} is no program name", start)
    shared = source.number("the shared memory size")
    start = source.position
    flags = [source.text("a flag") for _ in range(source.count("the number of flags", layout.MAX_FLAGS))]
    if flags != sorted(set(flags)) or not all(map(is_dotted, flags)):
        raise ProgramFormatError("the flags are not names in ascending order", start)
    return name, shared, frozenset(flags)


def write_parameters(sink: Sink, params: tuple[Param, ...]) -> None:
    """Name, kind, type, dimensions, access and default of each parameter."""
    sink.number(len(params), layout.MAX_PARAMETERS)
    for p in params:
        if not is_identifier(p.name):
            raise sink.refuse(f"{p.name!r} is no parameter name")
        if p.kind not in KINDS or p.access not in ACCESSES:
            raise sink.refuse(f"parameter '{p.name}' is of kind {p.kind!r} with access {p.access!r}")
        sink.text(p.name)
        sink.data += bytes((KINDS.index(p.kind), TYPES.index(p.type), ACCESSES.index(p.access)))
        sink.number(p.ndim, 255)
        if p.default is None:
            sink.data.append(NO_DEFAULT)
        elif isinstance(p.default, float):
            sink.data.append(FLOAT_DEFAULT)
            sink.data += struct.pack("<d", p.default)
        else:
            sink.data.append(INTEGER_DEFAULT)
            sink.data.append(p.default < 0)
            sink.number(abs(p.default))


def read_parameters(source: Source) -> tuple[Param, ...]:
    """Name, kind, type, dimensions, access and default of each parameter."""
    params: list[Param] = []
    names: set[str] = set()
    for _ in range(source.count("the number of parameters", layout.MAX_PARAMETERS)):
        start, name = source.position, source.text("a parameter's name")
        if not is_identifier(name) or name in names:
            raise ProgramFormatError(f"{name!r} is no parameter name, or is used twice", start)
        names.add(name)
        kind = KINDS[source.choice("parameter kind", len(KINDS))]
        element = TYPES[source.choice("type", len(TYPES))]
        access = ACCESSES[source.choice("access", len(ACCESSES))]
        ndim = source.number("the number of dimensions", 255)
        params.append(Param(name, kind, element, ndim, access, _read_default(source)))
    return tuple(params)


def _read_default(source: Source) -> int | float | None:
    kind = source.choice("form of a default", 3)
    if kind == NO_DEFAULT:
        return None
    if kind == FLOAT_DEFAULT:
        return float(struct.unpack("<d", source.take(8, "a default"))[0])
    negative, start = source.choice("sign", 2), source.position
    magnitude = source.number("a default")
    if negative and not magnitude:
        raise ProgramFormatError("a default is a negative zero integer", start)
    return -magnitude if negative else magnitude


def write_labels(sink: Sink, labels: Mapping[str, int], end: int) -> dict[str, int]:
    """Names and targets, ordered by target then name; gives each label's number."""
    ordered = sorted(labels.items(), key=lambda item: (item[1], item[0]))
    sink.number(len(ordered), layout.MAX_LABELS)
    for name, target in ordered:
        if not is_dotted(name):
            raise sink.refuse(f"{name!r} is no label name")
        sink.text(name)
        sink.number(target, end)
    return {name: i for i, (name, _) in enumerate(ordered)}


def read_labels(source: Source, end: int) -> dict[str, int]:
    """Names and targets in the order of their numbers."""
    labels: dict[str, int] = {}
    last = (0, "")
    for _ in range(source.count("the number of labels", layout.MAX_LABELS)):
        start, name = source.position, source.text("a label")
        target = source.number("a label's target", end)
        if name in labels or not is_dotted(name) or (target, name) < last:
            raise ProgramFormatError(f"label {name!r} is no name, is used twice or stands out of order", start)
        labels[name] = target
        last = target, name
    return labels


def write_constants(sink: Sink, constants: Mapping[int, int]) -> None:
    """The 64-bit patterns in order of first use."""
    sink.number(len(constants), layout.MAX_CONSTANTS)
    for bits in constants:
        sink.raw64(bits)


def read_constants(source: Source) -> tuple[int, ...]:
    """The 64-bit patterns."""
    count = source.count("the number of constants", layout.MAX_CONSTANTS)
    return tuple([source.raw64("a constant") for _ in range(count)])


def has_source_type(spec: Spec) -> bool:
    """True for the row whose source has a type of its own (CVT)."""
    return any(o.type == "S" for o in spec.operands)


def write_instructions(sink: Sink, code: tuple[Instruction, ...], pools: Pools) -> None:
    """Code number, type, source type and operands of each instruction."""
    sink.number(len(code), layout.MAX_INSTRUCTIONS)
    for ins in code:
        spec = BY_NAME.get(ins.op)
        if spec is None:
            raise sink.refuse(f"there is no instruction {ins.op!r}")
        present = (ins.type is not None, ins.source_type is not None, len(ins.args))
        if present != (spec.typed, has_source_type(spec), len(spec.operands)):
            raise sink.refuse(f"{ins.op} has the wrong number of types or operands")
        sink.number(spec.code)
        sink.data += bytes(TYPES.index(t) for t in (ins.type, ins.source_type) if t is not None)
        for operand, value in zip(spec.operands, ins.args, strict=True):
            CODECS[operand.kind].write(sink, value, pools)


def read_instructions(source: Source, pools: Pools) -> tuple[Instruction, ...]:
    """Code number, type, source type and operands of each instruction."""
    code = []
    for _ in range(instruction_count(source)):
        start, number = source.position, source.number("an instruction's code")
        if number >= len(TABLE):
            raise ProgramFormatError(f"instruction {number} is unknown to this version", start)
        spec = TABLE[number]
        first = TYPES[source.choice("type", len(TYPES))] if spec.typed else None
        second = TYPES[source.choice("type", len(TYPES))] if has_source_type(spec) else None
        args = tuple([CODECS[o.kind].read(source, pools) for o in spec.operands])
        code.append(Instruction(spec.name, first, args, second))
    return tuple(code)


def instruction_count(source: Source) -> int:
    """How many instructions follow."""
    return source.count("the number of instructions", layout.MAX_INSTRUCTIONS)


def write_extent(sink: Sink, extent: tuple[Poly, ...], pools: Pools) -> None:
    """One polynomial an axis."""
    sink.number(len(extent), layout.AXES)
    for poly in extent:
        sink.number(len(poly.terms), layout.MAX_EXTENT_TERMS)
        for monomial, coefficient in poly.terms:
            sink.number(len(monomial), layout.MAX_DEGREE)
            for slot in monomial:
                write_slot(sink, slot, pools)
            sink.signed(coefficient)


def read_extent(source: Source, pools: Pools) -> tuple[Poly, ...]:
    """One polynomial an axis, in canonical form."""
    return tuple(_read_poly(source, pools) for _ in range(source.number("the number of axes", layout.AXES)))


def _read_poly(source: Source, pools: Pools) -> Poly:
    start, terms = source.position, []
    for _ in range(source.count("the number of terms", layout.MAX_EXTENT_TERMS)):
        degree = source.count("the degree of a term", layout.MAX_DEGREE)
        monomial: tuple[Slot, ...] = tuple(read_slot(source, pools) for _ in range(degree))
        terms.append((monomial, source.signed("a coefficient")))
    poly = Poly(tuple(terms))
    if poly * 1 != poly:
        raise ProgramFormatError("an extent is not in canonical form", start)
    return poly
