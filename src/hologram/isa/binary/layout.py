"""The layout of a `.atlas` file: magic, version, section numbers and the limits every reader holds to.

    file     magic[8] version:u16 flags:u16 programs:u32 program* sha256[32]     (the hash covers all bytes before it)
    program  length:u64 section*
    section  kind:u16 length:u64 payload

Inside a payload numbers are LEB128 in their shortest form, signed ones zigzag; text is a length and UTF-8.
"""

from __future__ import annotations

import struct
from enum import IntEnum

MAGIC = b"\x89ATLAS\r\n"
VERSION = 1
HASH_BYTES = 32

FILE_HEADER = struct.Struct("<8sHHI")
PROGRAM_HEADER = struct.Struct("<Q")
SECTION_HEADER = struct.Struct("<HQ")


class Section(IntEnum):
    """Section numbers; they never change, and a reader skips those it does not know."""

    HEADER = 1
    PARAMETERS = 2
    LABELS = 3
    CONSTANTS = 4
    INSTRUCTIONS = 5
    EXTENT = 6
    DEBUG = 7
    METADATA = 8
    MESSAGES = 9
    VARIABLES = 10
    TARGET = 16


CONTENT = (
    Section.HEADER,
    Section.PARAMETERS,
    Section.LABELS,
    Section.CONSTANTS,
    Section.INSTRUCTIONS,
    Section.EXTENT,
)

MAX_PROGRAMS = 65_536
MAX_INSTRUCTIONS = 1_000_000
MAX_PARAMETERS = 1_024
MAX_LABELS = 1_000_000
MAX_CONSTANTS = 1_000_000
MAX_FLAGS = 64
MAX_TEXT = 65_535
MAX_METADATA = 4_096
MAX_MESSAGES = 65_536
MAX_VARIABLES = 65_536
MAX_FILES = 65_536
MAX_LINE = 1 << 31
MAX_EXTENT_TERMS = 256
MAX_DEGREE = 16
MAX_TARGETS = 64
AXES = 3
