"""The wording of what goes wrong in a launch, the same on every backend."""

from __future__ import annotations

from hologram.isa.program import Program


def assertion(program: Program, message: int) -> str:
    """What an Assert that fails says: the text given to it, or its number where the program has no texts."""
    known = message < len(program.messages)
    text = program.messages[message] if known else f"message {message}"
    return f"assertion failed: {text}" if text else "assertion failed"
