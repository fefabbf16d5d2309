"""Whole `.atlas` files: many programs, each a run of sections, under one checksum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from hologram.errors import ProgramFormatError
from hologram.isa.binary import debug, layout, sections
from hologram.isa.binary.layout import Section
from hologram.isa.binary.operand_codec import Pools
from hologram.isa.binary.stream import Sink, Source
from hologram.isa.program import Program


@dataclass(frozen=True)
class TargetSection:
    """Code made for one target ("cpu:x86-64-v3", "ptx", "wgsl"); only trusted files' sections may be run."""

    target: str
    data: bytes


@dataclass(frozen=True)
class Entry:
    """One program of a file and the target sections stored with it."""

    program: Program
    sections: tuple[TargetSection, ...] = ()


def encode(entries: Sequence[Program | Entry], root: str = "") -> bytes:
    """The bytes of a `.atlas` file; the same input gives the same bytes.

    Debug paths below the folder `root` are stored relative to it, other absolute ones as their last part.
    Raises ProgramFormatError when a program cannot be written (an undefined label, a register that does not exist).
    """
    if len(entries) > layout.MAX_PROGRAMS:
        raise ProgramFormatError(f"a file holds at most {layout.MAX_PROGRAMS} programs, not {len(entries)}")
    out = bytearray(layout.FILE_HEADER.pack(layout.MAGIC, layout.VERSION, 0, len(entries)))
    for entry in entries:
        body = _program_body(entry if isinstance(entry, Entry) else Entry(entry), root)
        out += layout.PROGRAM_HEADER.pack(len(body)) + body
    return bytes(out + sha256(out).digest())


def encode_content(program: Program) -> bytes:
    """What makes a program the program it is: all sections but debug, messages, variables, metadata and targets."""
    header, params, labels, constants, code, extent = (Sink() for _ in layout.CONTENT)
    sections.write_header(header, program)
    sections.write_parameters(params, program.params)
    pools = Pools(slots=len(program.params))
    pools.labels = sections.write_labels(labels, program.labels, len(program.instructions))
    sections.write_instructions(code, program.instructions, pools)
    sections.write_constants(constants, pools.constants)
    sections.write_extent(extent, program.extent, pools)
    bodies = (header, params, labels, constants, code, extent)
    return b"".join(_section(kind, bytes(s.data)) for kind, s in zip(layout.CONTENT, bodies, strict=True))


def _section(kind: Section, body: bytes) -> bytes:
    return layout.SECTION_HEADER.pack(kind, len(body)) + body


def _program_body(entry: Entry, root: str) -> bytes:
    program, parts = entry.program, [encode_content(entry.program)]
    if program.debug:
        if len(program.debug) != len(program.instructions):
            raise ProgramFormatError(f"program '{program.name}' has debug data for another number of instructions")
        sink = Sink()
        debug.write_debug(sink, program.debug, root)
        parts.append(_section(Section.DEBUG, bytes(sink.data)))
    if program.messages:
        sink = Sink()
        debug.write_messages(sink, program.messages)
        parts.append(_section(Section.MESSAGES, bytes(sink.data)))
    if program.variables:
        sink = Sink()
        debug.write_variables(sink, program.variables, len(program.instructions))
        parts.append(_section(Section.VARIABLES, bytes(sink.data)))
    if program.metadata:
        sink = Sink()
        debug.write_metadata(sink, program.metadata)
        parts.append(_section(Section.METADATA, bytes(sink.data)))
    if len(entry.sections) > layout.MAX_TARGETS:
        raise ProgramFormatError(f"program '{program.name}' has more than {layout.MAX_TARGETS} target sections")
    for target in entry.sections:
        sink = Sink()
        sink.text(target.target)
        parts.append(_section(Section.TARGET, bytes(sink.data) + target.data))
    return b"".join(parts)


def decode(data: bytes | bytearray | memoryview) -> tuple[Entry, ...]:
    """The programs of a `.atlas` file; nothing in it is run.

    Raises ProgramFormatError with the reason and the offset for anything that is not such a file.
    """
    data = bytes(data)
    count = _check_frame(data)
    source = Source(data, layout.FILE_HEADER.size, len(data) - layout.HASH_BYTES)
    entries = []
    for number in range(count):
        (size,) = layout.PROGRAM_HEADER.unpack(source.take(layout.PROGRAM_HEADER.size, f"program {number}'s length"))
        start = source.position
        source.take(size, f"program {number}")
        entries.append(_decode_program(Source(data, start, source.position)))
    source.finish("the file")
    return tuple(entries)


def decode_one(data: bytes | bytearray | memoryview) -> Program:
    """The only program of a `.atlas` file; ProgramFormatError when it holds none or several."""
    entries = decode(data)
    if len(entries) != 1:
        raise ProgramFormatError(f"the file holds {len(entries)} programs, one was asked for", 12)
    return entries[0].program


def _check_frame(data: bytes) -> int:
    """Magic, version, flags and checksum; gives the number of programs."""
    if not data.startswith(layout.MAGIC):
        raise ProgramFormatError("it does not start with the Atlas signature")
    smallest = layout.FILE_HEADER.size + layout.HASH_BYTES
    if len(data) < smallest:
        raise ProgramFormatError(f"it has {len(data)} bytes, the smallest file has {smallest}", len(data))
    _, version, flags, count = layout.FILE_HEADER.unpack_from(data)
    if not 1 <= version <= layout.VERSION:
        raise ProgramFormatError(f"format version {version}; this version reads 1 to {layout.VERSION}", 8)
    if flags:
        raise ProgramFormatError(f"file flags {flags:#x} are unknown", 10)
    body = len(data) - layout.HASH_BYTES
    if sha256(memoryview(data)[:body]).digest() != data[body:]:
        raise ProgramFormatError("the checksum does not match: the file is damaged or cut off", body)
    if count > layout.MAX_PROGRAMS:
        raise ProgramFormatError(f"{count} programs, more than {layout.MAX_PROGRAMS}", 12)
    return int(count)


def _split(source: Source) -> tuple[dict[Section, Source], list[Source]]:
    """The known sections by kind, and the target sections; unknown ones are skipped."""
    known: dict[Section, Source] = {}
    targets = []
    numbers = {int(s) for s in Section}
    while source.left:
        start = source.position
        kind, size = layout.SECTION_HEADER.unpack(source.take(layout.SECTION_HEADER.size, "a section's header"))
        body = source.position
        source.take(size, f"section {kind}")
        part = Source(source.data, body, source.position)
        if kind == Section.TARGET:
            targets.append(part)
        elif kind in known:
            raise ProgramFormatError(f"a second {Section(kind).name.lower()} section", start)
        elif kind in numbers:
            known[Section(kind)] = part
    for section in layout.CONTENT:
        if section not in known:
            raise source.refuse(f"the {section.name.lower()} section is missing")
    if len(targets) > layout.MAX_TARGETS:
        raise source.refuse(f"more than {layout.MAX_TARGETS} target sections")
    return known, targets


def _decode_program(source: Source) -> Entry:
    parts, targets = _split(source)
    name, shared, flags = sections.read_header(parts[Section.HEADER])
    params = sections.read_parameters(parts[Section.PARAMETERS])
    pools = Pools(slots=len(params))
    pools.constant_bits = sections.read_constants(parts[Section.CONSTANTS])
    code = parts[Section.INSTRUCTIONS]
    count = sections.instruction_count(Source(code.data, code.position, code.end))
    labels = sections.read_labels(parts[Section.LABELS], count)
    pools.label_names = tuple(labels)
    instructions = sections.read_instructions(code, pools)
    extent = sections.read_extent(parts[Section.EXTENT], pools)
    places = debug.read_debug(parts[Section.DEBUG], count) if Section.DEBUG in parts else ()
    messages = debug.read_messages(parts[Section.MESSAGES]) if Section.MESSAGES in parts else ()
    variables = debug.read_variables(parts[Section.VARIABLES], count) if Section.VARIABLES in parts else ()
    metadata = debug.read_metadata(parts[Section.METADATA]) if Section.METADATA in parts else {}
    for section, part in parts.items():
        part.finish(f"the {section.name.lower()} section")
    debugging = (places, metadata, messages, variables)
    program = Program(name, params, instructions, labels, extent, shared, flags, *debugging)
    return Entry(program, tuple(_read_target(part) for part in targets))


def _read_target(source: Source) -> TargetSection:
    target = source.text("a target's name")
    return TargetSection(target, source.take(source.left, "a target section"))
