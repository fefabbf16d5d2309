"""`hologram run`: launch one kernel on arrays from files."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from hologram.cli.arrays import (
    Array,
    Output,
    new_array,
    parse_assignment,
    parse_lengths,
    parse_output,
    read_value,
    write_array,
)
from hologram.cli.report import AsJson, Column, duration, show
from hologram.cli.sources import load_one
from hologram.errors import ArgumentTypeError, ArgumentValueError, StoppedError
from hologram.isa.program import Program

if TYPE_CHECKING:
    from hologram.cli.debugger import Debugger
    from hologram.cli.line_trace import Tracer
    from hologram.runtime.launch import Launch

_COLUMNS = (
    Column("kernel", "kernel"),
    Column("backend", "backend"),
    Column("seconds", "time", duration, right=True),
    Column("output", "output"),
    Column("dtype", "dtype"),
    Column("shape", "shape", lambda shape: "×".join(map(str, shape))),
)


def run(
    file: Annotated[str, typer.Argument(metavar="FILE[:KERNEL]", help="A .py, .json, .atlasm or .atlas file.")],
    given: Annotated[
        list[str] | None,
        typer.Option("--in", metavar="NAME=VALUE", help="A number, or an array as x.npy, x.npz:member or x.png."),
    ] = None,
    wanted: Annotated[
        list[str] | None,
        typer.Option("--out", metavar="NAME=PATH[:DTYPE[:SHAPE]]", help="Array to write, as in c.npy:f32:344x403."),
    ] = None,
    grid: Annotated[str | None, typer.Option(help="Blocks to launch, as in 16 or 16x8; default: inferred.")] = None,
    block: Annotated[str | None, typer.Option(help="Lanes in a block, as in 256 or 32x8; default: inferred.")] = None,
    backend: Annotated[str, typer.Option(help="cpu, interpreter (checks every access) or auto.")] = "auto",
    checked: Annotated[bool, typer.Option("--checked", help="Watch every access, stop at a wrong one.")] = False,
    nan: Annotated[bool, typer.Option("--nan", help="With --checked: stop where NaN or infinity arises.")] = False,
    max_steps: Annotated[
        int | None, typer.Option(metavar="N", help="With --checked: instructions that a lane may run.")
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run the file's native code, and accesses no length check covers unwatched.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Follow one lane line by line; h lists the commands.")] = False,
    trace: Annotated[
        bool, typer.Option("--trace", help="Print each line that one lane runs, with its values.")
    ] = False,
    lane: Annotated[int, typer.Option(min=0, metavar="N", help="With --debug or --trace: the lane.")] = 0,
    breaks: Annotated[
        list[int] | None, typer.Option("--break", metavar="LINE", help="With --debug: stop there; --trace: print it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Launch one kernel: arguments by name from numbers and files, results to files."""
    from hologram.runtime.executor import Executor

    program = load_one(file, trust)
    inputs = dict(parse_assignment(text, "--in") for text in given or ())
    named = (parse_assignment(text, "--out") for text in wanted or ())
    outputs = {name: parse_output(text) for name, text in named}
    arguments = collect_arguments(program, inputs, outputs)
    write = partial(typer.echo, err=as_json)
    follow = _follower(debug, trace, lane, set(breaks or ()), backend, write)
    options: dict[str, Any] = {"checked": checked, "nan": "raise" if nan else None, "max_steps": max_steps}
    if follow is not None:
        backend, options["on_step"] = "interpreter", follow
    with Executor(backend, **options) as executor:
        shape = {"grid": _dimensions(grid, "--grid"), "block": _dimensions(block, "--block")}
        launch = program.bind(executor=executor, **arguments, **shape)
        if follow is not None and lane >= launch.domain.total:
            raise ArgumentValueError(f"--lane {lane}: the launch has the lanes 0 to {launch.domain.total - 1}")
        start = time.perf_counter()
        if not _completes(launch, follow):
            return
        seconds = time.perf_counter() - start
        common = {"kernel": program.name, "backend": launch.executor.backend, "seconds": seconds}
    for name, output in outputs.items():
        write_array(output.path, np.asarray(arguments[name]))
    rows = [{**common, **_described(name, output, arguments[name])} for name, output in outputs.items()]
    show(file, _COLUMNS, rows or [{**common, "output": "none", "dtype": "", "shape": ()}], as_json)


def _completes(launch: Launch, follow: Debugger | Tracer | None) -> bool:
    """Run a launch; False where the user stopped it."""
    completed = False
    try:
        launch()
        completed = True
    except StoppedError:
        typer.echo("the launch was stopped; nothing is written")
    finally:
        if follow is not None:
            follow.finish(completed)
    return completed


def _follower(
    debug: bool, trace: bool, lane: int, lines: set[int], backend: str, write: Callable[[str], None]
) -> Debugger | Tracer | None:
    """What --debug and --trace ask for."""
    from hologram.cli.debugger import Debugger
    from hologram.cli.line_trace import Tracer

    if not debug and not trace:
        if lines or lane:
            raise ArgumentValueError(f"{'--break' if lines else '--lane'} needs --debug or --trace")
        return None
    if backend not in ("auto", "interpreter"):
        raise ArgumentValueError(f"--debug and --trace run on the interpreter; leave --backend {backend} out")
    return Tracer(lane, lines, write) if trace else Debugger(lane, lines, write)


def collect_arguments(
    program: Program, inputs: Mapping[str, str], outputs: Mapping[str, Output]
) -> dict[str, Array | int | float]:
    """A value for every parameter that is given: read from files, or made for outputs that are not inputs too.

    Raises `ArgumentTypeError` or `ArgumentValueError` naming the option to mend.
    """
    params = {param.name: param for param in program.params}
    signature = f"kernel '{program.name}' has {', '.join(map(str, program.params))}"
    for name in (*inputs, *outputs):
        if name not in params:
            raise ArgumentValueError(f"there is no parameter '{name}': {signature}")
    for name in outputs:
        if not params[name].is_written:
            raise ArgumentValueError(f"--out {name}: the kernel does not write '{name}': {signature}")
    missing = [p for p in program.params if p.name not in inputs and p.name not in outputs and p.default is None]
    if missing:
        needed = ", ".join(f"--{'out' if p.access == 'w' else 'in'} {p.name}=…" for p in missing)
        raise ArgumentTypeError(f"missing arguments: give {needed} ({signature})")
    values = {name: read_value(text, params[name]) for name, text in inputs.items()}
    arrays = [value for value in values.values() if isinstance(value, np.ndarray)]
    made = {name: new_array(output, params[name], arrays) for name, output in outputs.items() if name not in values}
    return values | made


def _dimensions(text: str | None, option: str) -> Sequence[int] | None:
    return None if text is None else parse_lengths(text, option)


def _described(name: str, output: Output, value: Any) -> dict[str, Any]:
    return {"output": f"{name} -> {output.path}", "dtype": str(value.dtype), "shape": value.shape}
