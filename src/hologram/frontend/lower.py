"""Typed tree to program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hologram.errors import CapacityError
from hologram.frontend.control import Control
from hologram.frontend.extent import extent_of
from hologram.frontend.frame import Frame
from hologram.frontend.shared import bytes_of, named
from hologram.frontend.source import Source
from hologram.frontend.typed import TypedKernel
from hologram.isa.builder import Builder
from hologram.isa.program import Program
from hologram.isa.shared_arrays import described


def lower(kernel: TypedKernel, source: Source, metadata: Mapping[str, str], flags: Sequence[str] = ()) -> Program:
    """The program of a kernel, with its extent and a source place for every instruction.

    Raises `KernelTypeError` where the kernel needs more registers than the machine has.
    """
    builder = Builder(kernel.name, flags)
    builder.params = list(kernel.params)
    builder.shared_bytes = bytes_of(kernel.shared)
    builder.location = source.location(kernel.at) if kernel.at else None
    try:
        control = Control(Frame(builder, kernel, source))
        control.body(kernel.body)
        control.finish()
    except CapacityError as error:
        where = builder.location
        at = (where.line, where.column, where.end_column) if where else None
        source.type(at, str(error), "split the kernel, or reuse variables")
    extent = extent_of(kernel)
    program = builder.build(extent.lanes)
    return replace(program, metadata={**metadata, **extent.metadata(kernel), **described(named(kernel.shared))})
