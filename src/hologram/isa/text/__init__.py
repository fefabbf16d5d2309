"""The `.atlasm` text form: one instruction a line, spelled from the instruction table."""

from hologram.isa.text.assembler import assemble
from hologram.isa.text.printer import disassemble
from hologram.isa.text.spelling import form, format_instruction, spell

__all__ = ["assemble", "disassemble", "form", "format_instruction", "spell"]
