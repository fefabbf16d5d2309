"""From text to verified programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from hologram import events
from hologram.errors import KernelSyntaxError, Location
from hologram.events import Category
from hologram.frontend import tree
from hologram.frontend.check import check
from hologram.frontend.discover import DeviceText, kernel_named, kernels_of
from hologram.frontend.lower import lower
from hologram.frontend.names import Number
from hologram.frontend.source import Source
from hologram.isa.cfg import build_cfg
from hologram.isa.divergence import CURE, missed_barriers
from hologram.isa.program import Program
from hologram.isa.verify import verify


@dataclass(frozen=True)
class Unit:
    """One compiled kernel: its tree, its verified program and the seconds each stage took."""

    name: str
    tree: tree.Kernel
    program: Program
    timings: Mapping[str, float]
    doc: str = ""


def compile_source(text: str, file: str, constants: Mapping[str, Number] | None = None) -> tuple[Unit, ...]:
    """Compile every kernel of a file, in source order; the text is parsed, never executed.

    Raises `KernelSyntaxError` or `KernelTypeError`, pointing into the text.
    """
    begin = perf_counter()
    with _bounded_recursion(file):
        kernels, source = kernels_of(text, file, constants)
        share = (perf_counter() - begin) / len(kernels)
        return tuple(_compile(kernel, source, share, events.start()) for kernel in kernels)


def compile_function(
    text: str,
    file: str,
    name: str,
    first_line: int = 1,
    constants: Mapping[str, Number] | None = None,
    devices: Mapping[str, DeviceText] | None = None,
) -> Unit:
    """Compile one function of a text; `first_line` is the number of the text's first line in its file.

    `devices` are the live device functions that it calls by the names it has for them.

    Raises `KernelNotFoundError` where the text has no such function, and what `compile_source` raises.
    """
    begin, start = perf_counter(), events.start()
    with _bounded_recursion(file, first_line):
        kernel, source = kernel_named(text, file, name, first_line, constants, devices)
        return _compile(kernel, source, perf_counter() - begin, start)


def compile_tree(kernel: tree.Kernel, file: str = "<json>") -> Unit:
    """Compile a tree, for instance one that came as JSON; errors carry the places the tree has."""
    with _bounded_recursion(file):
        source = Source(file)
        for name in kernel.files:
            source.add(name)
        return _compile(kernel, source, 0.0, events.start())


@contextmanager
def _bounded_recursion(file: str, first_line: int = 1) -> Iterator[None]:
    """A caller that is itself deep in a recursion leaves less room than the depth limit counts on."""
    try:
        yield
    except RecursionError as error:
        message = "the code is nested too deeply for the stack that is left"
        raise KernelSyntaxError(message, Location(file, first_line), hint="split the expression") from error


def _compile(kernel: tree.Kernel, source: Source, parsing: float, start: int) -> Unit:
    timings, clock = {"parse": parsing}, perf_counter()
    typed = check(kernel, source)
    timings["check"] = perf_counter() - clock
    clock = perf_counter()
    metadata = {"doc": kernel.doc, "block": ",".join(str(b) for b in kernel.block)}
    program = lower(typed, source, {k: v for k, v in metadata.items() if v}, kernel.flags)
    _check_barriers(program, source)
    timings["lower"] = perf_counter() - clock
    clock = perf_counter()
    verify(program)
    timings["verify"] = perf_counter() - clock
    events.tell(Category.COMPILE, kernel.name, start, to="program", stages_us=events.microseconds(timings))
    return Unit(kernel.name, kernel, program, timings, kernel.doc)


def _check_barriers(program: Program, source: Source) -> None:
    """Refuse a barrier that some lanes of a block never come to."""
    if not any(ins.spec.is_barrier for ins in program.instructions):
        return
    for missed in missed_barriers(build_cfg(program)):
        where = program.location(missed.barrier)
        at = (where.line, where.column, where.end_column) if where else None
        source.type(at, missed.explained(program), CURE)
