"""Shared arrays of a kernel: their names, sizes and places in the memory of a block."""

from __future__ import annotations

from collections.abc import Iterator

from hologram.frontend import tree
from hologram.frontend.promote import SCALARS
from hologram.frontend.source import Source
from hologram.frontend.typed import SharedArray
from hologram.isa.program import Param
from hologram.isa.shared_arrays import SharedArray as Named
from hologram.types import Type

MAX_BYTES = 1 << 15
"""Shared memory of one block."""
ALIGNMENT = 64


def shared_arrays(kernel: tree.Kernel, source: Source) -> tuple[SharedArray, ...]:
    """The shared arrays in source order; raises `KernelTypeError` for what cannot be one."""
    out: list[SharedArray] = []
    end = 0
    taken = {p.name for p in kernel.params}
    for node in [n for n, _ in tree.nodes(kernel) if isinstance(n, tree.Shared)][::-1]:
        kind = SCALARS.get(node.element_type)
        if not isinstance(kind, Type) or not 1 <= node.size <= tree.MAX_SHARED:
            source.type(node, f"there is no shared array of {node.size} elements of '{node.element_type}'")
        if node.name in taken:
            source.type(node, f"'{node.name}' has another meaning already", "use another name")
        taken.add(node.name)
        offset = -(-end // ALIGNMENT) * ALIGNMENT
        end = offset + node.size * kind.size
        if end > MAX_BYTES:
            source.type(node, f"the shared arrays take {end} bytes; a block has {MAX_BYTES}", "share fewer elements")
        out.append(SharedArray(Param(node.name, "array", kind, 1, "rw"), node.size, offset))
    return tuple(out)


def bytes_of(arrays: tuple[SharedArray, ...]) -> int:
    """Bytes of shared memory that arrays take."""
    return arrays[-1].offset + arrays[-1].size * arrays[-1].param.type.size if arrays else 0


def named(arrays: tuple[SharedArray, ...]) -> Iterator[Named]:
    """What a program says about its shared arrays."""
    for array in arrays:
        yield Named(array.param.name, array.offset, array.size * array.param.type.size)
