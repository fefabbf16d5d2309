"""Kernels of operations that are written in the kernel language, with words that stand for types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hologram.ops.plan import kernel_for
from hologram.types import Type

if TYPE_CHECKING:
    from hologram.isa.program import Program
    from hologram.language.kernel import Kernel


def kernel_from(text: str, **words: Type | str) -> Kernel:
    """The kernel of a text in which words stand for types or for expressions; it is compiled once for each choice."""
    chosen = tuple(sorted((word, meant.value if isinstance(meant, Type) else meant) for word, meant in words.items()))
    name = "_".join([*re.findall(r"@kernel\ndef (\w+)", text), *(meant for _, meant in chosen)])
    return kernel_for((text, chosen), name, lambda: _compiled(text, dict(chosen)))


def _compiled(text: str, words: dict[str, str]) -> Program:
    from hologram.frontend.compiler import compile_source

    written = text
    for _ in words:  # what stands for a word may have words itself
        written = re.sub(r"\b[A-Z][A-Z_]*\b", lambda found: words.get(found[0], found[0]), written)
    (unit,) = compile_source(written, "<hologram.ops>")
    return unit.program
