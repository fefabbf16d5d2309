"""The file form: round trips, canonical bytes, and nothing but ProgramFormatError for anything malformed."""

from __future__ import annotations

import pickle
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.errors import Location, ProgramFormatError
from hologram.isa.affine import Poly
from hologram.isa.binary import Entry, TargetSection, decode, decode_one, encode, encode_content
from hologram.isa.binary.debug import relative_file
from hologram.isa.binary.layout import FILE_HEADER, HASH_BYTES, MAGIC, PROGRAM_HEADER, SECTION_HEADER
from hologram.isa.builder import Builder, immediate
from hologram.isa.instructions import TABLE
from hologram.isa.operands import Imm, Label, Operand, Pred, Reg, RegisterIndirectComputed, Slot, Special
from hologram.isa.program import Instruction, Program
from hologram.types import Type
from tests.isa.strategies import parts, programs

GOLDEN = Path(__file__).parent / "golden"


def scale() -> Program:
    """y[i] = 2.5 * x[i], with everything a file can hold."""
    b = Builder("scale", flags=["fast"])
    x, y, n = b.array("x", Type.F32), b.array("y", Type.F32, access="w"), b.scalar("n", Type.I64, default=16)
    i, hx, hy, v = (b.reg() for _ in range(4))
    b.location = Location("scale.py", 4, 5, 9)
    b.emit("MOV_SREG", Type.I64, i, Special.GLOBAL_X)
    b.emit("MUL", Type.I64, i, i, immediate(Type.I64, 4))
    b.emit("MOV_PARAM", Type.U64, hx, Slot(x))
    b.emit("MOV_PARAM", Type.U64, hy, Slot(y))
    b.location = Location("scale.py", 5, 5, 20)
    b.emit("LDG", Type.F32, v, RegisterIndirectComputed(hx, i))
    b.emit("MUL", Type.F32, v, v, immediate(Type.F32, 2.5))
    b.emit("STG", Type.F32, v, RegisterIndirectComputed(hy, i))
    b.place(b.label("end"))
    return replace(b.build([Poly.slot(Slot(n))]), metadata={"compiler": "1"})


SCALE = scale()
FILE = encode([Entry(SCALE, (TargetSection("cpu:x86-64-v3", b"\x7fELF"),)), replace(SCALE, name="again")])


def sealed(body: bytes) -> bytes:
    """A body with a checksum that matches, so that the decoder proper is reached."""
    return body + sha256(body).digest()


@settings(max_examples=50, deadline=None)
@given(programs())
def test_a_program_survives_the_file(program: Program) -> None:
    assert parts(decode_one(encode([program]))) == parts(program)


@settings(max_examples=50, deadline=None)
@given(st.lists(programs(), max_size=2))
def test_files_are_canonical(several: list[Program]) -> None:
    data = encode(several)
    entries = decode(data)
    assert encode(entries) == data
    assert [e.program for e in entries] == several


def test_target_sections_travel_with_their_program() -> None:
    first, second = decode(FILE)
    assert first.sections == (TargetSection("cpu:x86-64-v3", b"\x7fELF"),)
    assert second.sections == ()
    assert second.program.name == "again"


def test_digest_ignores_debug_and_metadata_and_nothing_else() -> None:
    assert replace(SCALE, debug=(), metadata={}).digest == SCALE.digest
    changes = {
        "name": "other",
        "flags": frozenset[str](),
        "shared_bytes": 4,
        "extent": (),
        "labels": {},
        "params": SCALE.params[::-1],
        "instructions": SCALE.instructions[:-1],
    }
    for field, value in changes.items():
        labels = {} if field == "instructions" else SCALE.labels
        changed = replace(replace(SCALE, labels=labels), **{field: value})
        assert changed.digest != SCALE.digest, field


def test_label_order_does_not_matter() -> None:
    code = (Instruction("EXIT"),)
    one, two = (Program("p", (), code, labels) for labels in ({"a": 1, "b": 0}, {"b": 0, "a": 1}))
    assert encode_content(one) == encode_content(two)


def test_pickle_goes_through_the_file_form() -> None:
    assert parts(pickle.loads(pickle.dumps(SCALE))) == parts(SCALE)


def test_debug_paths_are_relative() -> None:
    places = tuple(Location("/home/someone/kernels/scale.py", i + 1) for i in range(7))
    absolute = replace(SCALE, debug=places)
    assert decode_one(encode([absolute])).location(0) == Location("scale.py", 1)
    assert decode_one(encode([absolute], root="/home/someone")).location(6) == Location("kernels/scale.py", 7)
    assert b"someone" not in encode([absolute], root="/home/someone")


@pytest.mark.parametrize(
    ("file", "root", "stored"),
    [
        ("C:\\k\\a.py", "", "a.py"),
        ("C:\\k\\a.py", "C:\\k", "a.py"),
        ("k/a.py", "/x", "k/a.py"),
        ("<stdin>", "", "<stdin>"),
        ("/root2/a.py", "/root", "a.py"),
    ],
)
def test_relative_file(file: str, root: str, stored: str) -> None:
    assert relative_file(file, root) == stored


def test_every_truncation_is_refused() -> None:
    for size in range(len(FILE)):
        with pytest.raises(ProgramFormatError):
            decode(FILE[:size])


def test_every_bit_flip_is_refused() -> None:
    for position in range(len(FILE)):
        for bit in range(8):
            damaged = bytearray(FILE)
            damaged[position] ^= 1 << bit
            with pytest.raises(ProgramFormatError):
                decode(damaged)


def refused_or_equal(data: bytes) -> None:
    """The decoder gives programs that can be written again, or ProgramFormatError inside the file."""
    refusal = None
    try:
        entries = decode(data)
    except ProgramFormatError as error:
        refusal = error
    if refusal is not None:
        assert refusal.reason
        assert 0 <= refusal.offset <= len(data)
    else:
        assert [e.program for e in decode(encode(entries))] == [e.program for e in entries]


def test_every_changed_byte_under_a_right_checksum() -> None:
    body = encode([SCALE])[:-HASH_BYTES]
    for position in range(len(body)):
        for value in (0, 1, 0x7F, 0x80, 0xFF, body[position] ^ 1, body[position] ^ 0x10):
            refused_or_equal(sealed(body[:position] + bytes([value]) + body[position + 1 :]))


@settings(max_examples=50, deadline=None)
@given(st.data(), programs())
def test_mutations_under_a_right_checksum(data: st.DataObject, program: Program) -> None:
    body = bytearray(encode([program])[:-HASH_BYTES])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(FILE_HEADER.size, len(body)))
        body[start : start + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    refused_or_equal(sealed(bytes(body)))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes(data: bytes) -> None:
    refused_or_equal(data)
    refused_or_equal(MAGIC + data)
    refused_or_equal(sealed(FILE_HEADER.pack(MAGIC, 1, 0, 1) + PROGRAM_HEADER.pack(len(data)) + data))


def with_section(kind: int, payload: bytes) -> bytes:
    """The file of SCALE with one more section at the end of its program."""
    program = encode([SCALE])[FILE_HEADER.size + PROGRAM_HEADER.size : -HASH_BYTES]
    program += SECTION_HEADER.pack(kind, len(payload)) + payload
    return sealed(FILE_HEADER.pack(MAGIC, 1, 0, 1) + PROGRAM_HEADER.pack(len(program)) + program)


def test_unknown_sections_are_skipped() -> None:
    assert parts(decode_one(with_section(0x7777, b"from the future"))) == parts(SCALE)


def test_a_section_given_twice_is_refused() -> None:
    with pytest.raises(ProgramFormatError, match="second metadata section"):
        decode(with_section(8, b"\x00"))


def one_exit(code: bytes) -> bytes:
    """A minimal file whose instruction section is `code`."""
    sections = {1: b"\x01p\x00\x00", 2: b"\x00", 3: b"\x00", 4: b"\x00", 5: code, 6: b"\x00"}
    program = b"".join(SECTION_HEADER.pack(k, len(v)) + v for k, v in sections.items())
    return sealed(FILE_HEADER.pack(MAGIC, 1, 0, 1) + PROGRAM_HEADER.pack(len(program)) + program)


def test_unknown_instructions_are_refused() -> None:
    assert decode_one(one_exit(b"\x01\x1d")).instructions == (Instruction("EXIT"),)
    with pytest.raises(ProgramFormatError, match="instruction 127 is unknown") as refused:
        decode(one_exit(b"\x01\x7f"))
    data = one_exit(b"\x01\x7f")
    assert data[refused.value.offset] == 0x7F


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (b"\xff\xff\x3f", "more than 1000000"),
        (b"\xc0\x84\x3d", "only 0 bytes follow"),
        (b"\x01\x9d\x00", "shortest form"),
        (b"\x01" + b"\xff" * 9 + b"\x7f", "more than 18446744073709551615"),
        (b"\x01" + b"\xff" * 11, "longer than 64 bits"),
        (b"\x01\x1d\x00", "1 bytes too many"),
        (b"\x01\x19\x00\xff", "label 0 does not exist"),
        (b"\x01\x05\x0a\x00\x00", "constant 0 does not exist"),
    ],
)
def test_malformed_instructions(code: bytes, reason: str) -> None:
    with pytest.raises(ProgramFormatError, match=reason):
        decode(one_exit(code))


@pytest.mark.parametrize(
    ("data", "reason", "offset"),
    [
        (b"", "signature", 0),
        (b"#!/bin/sh", "signature", 0),
        (MAGIC, "smallest file", 8),
        (sealed(FILE_HEADER.pack(MAGIC, 2, 0, 0)), "format version 2", 8),
        (sealed(FILE_HEADER.pack(MAGIC, 1, 4, 0)), "flags 0x4", 10),
        (sealed(FILE_HEADER.pack(MAGIC, 1, 0, 4_000_000_000)), "4000000000 programs", 12),
        (sealed(FILE_HEADER.pack(MAGIC, 1, 0, 1) + PROGRAM_HEADER.pack(1 << 60)), "program 0 needs", 24),
    ],
)
def test_bad_frames(data: bytes, reason: str, offset: int) -> None:
    with pytest.raises(ProgramFormatError, match=reason) as refused:
        decode(data)
    assert refused.value.offset == offset


def test_decode_one_wants_one_program() -> None:
    with pytest.raises(ProgramFormatError, match="holds 2 programs"):
        decode_one(FILE)


@pytest.mark.parametrize(
    ("op", "type", "args"),
    [
        ("NOP", None, ()),
        ("MOV", Type.F32, (Reg(256), Reg(0))),
        ("MOV", Type.F32, (Pred(0), Reg(0))),
        ("MOV", None, (Reg(0), Reg(0))),
        ("BRA", None, (Label("nowhere"), None)),
        ("PNOT", None, (Pred(64), Pred(0))),
        ("MOV_IMM", Type.F32, (Reg(0), Imm(1 << 64))),
        ("MOV_PARAM", Type.F32, (Reg(0), Slot(1))),
        ("PhaseAdv", None, (65536,)),
        ("UnityTest", None, (Pred(0), 10**400)),
    ],
)
def test_what_cannot_be_written_is_refused(op: str, type: Type | None, args: tuple[Operand, ...]) -> None:
    with pytest.raises(ProgramFormatError):
        encode([Program("p", (), (Instruction(op, type, args),))])


def test_golden_file_of_version_1_still_loads() -> None:
    data = (GOLDEN / "scale-v1.atlas").read_bytes()
    assert parts(decode_one(data)) == parts(SCALE)
    assert encode([SCALE]) == data


def test_every_row_of_the_table_has_a_codec() -> None:
    from hologram.isa.binary.operand_codec import CODECS

    assert {o.kind for spec in TABLE for o in spec.operands} <= set(CODECS)
