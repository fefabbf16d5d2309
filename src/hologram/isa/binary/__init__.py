"""The `.atlas` file form: canonical, versioned, checksummed; decoding never runs anything."""

from hologram.isa.binary.file import Entry, TargetSection, decode, decode_one, encode, encode_content

__all__ = ["Entry", "TargetSection", "decode", "decode_one", "encode", "encode_content"]
