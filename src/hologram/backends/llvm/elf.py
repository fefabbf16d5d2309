"""Reading just enough of an ELF object file to know, before a linker sees it, what it is for and what it needs."""

from __future__ import annotations

import struct

from hologram.errors import CodeLoadError

_MACHINES = {62: "x86_64", 183: "aarch64"}
_FOREIGN_FORMATS = {
    b"\xcf\xfa\xed\xfe": "a 64-bit Mach-O object",
    b"\xca\xfe\xba\xbe": "a universal Mach-O object",
    b"\x64\x86": "an x86-64 COFF object",
    b"\x64\xaa": "an AArch64 COFF object",
    b"\x7fELF\x01": "a 32-bit ELF object",
    b"\x7fELF\x02\x02": "a big-endian ELF object",
    b"BC\xc0\xde": "LLVM bitcode",
}
_RELOCATABLE = 1
_SYMBOL_TABLE = 2

# Field order of the ELF64 structures; the unused ones are skipped as padding.
_FILE_HEADER = struct.Struct("<16xHH4x8x8xQ4x2x2x2xHHH")  # type, machine, shoff, shentsize, shnum, shstrndx
_SECTION = struct.Struct("<4xI8x8xQQI4x8xQ")  # type, offset, size, link, entsize
_SYMBOL = struct.Struct("<IBBHQQ")  # name, info, other, shndx, value, size


def machine_of(data: bytes) -> str:
    """The architecture a relocatable ELF object is for, as LLVM names it; CodeLoadError for anything else."""
    return _header(data)[0]


def undefined_symbols(data: bytes) -> frozenset[str]:
    """Names that a relocatable ELF64 little-endian object expects from elsewhere.

    Raises CodeLoadError for another format, by name, and for tables that point outside the file.
    """
    _, table, entry_size, count = _header(data)
    if count and entry_size != _SECTION.size:
        raise CodeLoadError(f"malformed object: section headers of {entry_size} bytes")
    sections = [_unpack(_SECTION, data, table + i * entry_size) for i in range(count)]
    names = set()
    for kind, offset, size, link, _ in sections:
        if kind != _SYMBOL_TABLE:
            continue
        if link >= len(sections):
            raise CodeLoadError("malformed object: symbol table without names")
        strings = _slice(data, sections[link][1], sections[link][2])
        symbols = _SYMBOL.iter_unpack(_slice(data, offset, size - size % _SYMBOL.size))
        names |= {_name(strings, name) for name, _, _, section, _, _ in symbols if section == 0 and name != 0}
    return frozenset(names)


def _header(data: bytes) -> tuple[str, int, int, int]:
    if data[:6] != b"\x7fELF\x02\x01":
        found = next((text for magic, text in _FOREIGN_FORMATS.items() if data.startswith(magic)), "of unknown format")
        raise CodeLoadError(f"the object is {found}; only 64-bit little-endian ELF is loaded")
    kind, machine, table, entry_size, count, _ = _unpack(_FILE_HEADER, data, 0)
    if kind != _RELOCATABLE:
        raise CodeLoadError(f"the ELF file is not a relocatable object (type {kind})")
    if machine not in _MACHINES:
        raise CodeLoadError(f"the object is for ELF machine {machine}; known are {', '.join(_MACHINES.values())}")
    return _MACHINES[machine], table, entry_size, count


def _unpack(form: struct.Struct, data: bytes, offset: int) -> tuple[int, ...]:
    return form.unpack(_slice(data, offset, form.size))


def _slice(data: bytes, offset: int, size: int) -> bytes:
    if offset + size > len(data):
        raise CodeLoadError(f"malformed object: {size} bytes at {offset} of {len(data)}")
    return data[offset : offset + size]


def _name(strings: bytes, start: int) -> str:
    end = strings.find(b"\0", start)
    if start >= len(strings) or end < 0:
        raise CodeLoadError(f"malformed object: symbol name at {start} of {len(strings)}")
    return strings[start:end].decode("utf-8", "replace")
