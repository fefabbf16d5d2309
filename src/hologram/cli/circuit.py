"""`hologram circuit`: what a circuit says, what the optimiser makes of it, its picture, and running it."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from hologram.circuit import CompiledCircuit, compile_circuit
from hologram.circuit.drawing import draw
from hologram.circuit.generators import ReduceMax, ReduceMin, ReduceSum, singles, writes
from hologram.circuit.parse import parse
from hologram.circuit.tree import operations
from hologram.cli.arrays import parse_assignment, parse_output, read_array, write_array
from hologram.cli.circuit_report import SECTIONS, CircuitReport
from hologram.cli.report import AsJson, Column, print_json, show
from hologram.errors import ArgumentTypeError, ArgumentValueError, KernelFileError

_RAN = (
    Column("class", "class"),
    Column("value", "first elements"),
    Column("output", "written to"),
)


def circuit(
    text: Annotated[str, typer.Argument(metavar="CIRCUIT", help="Circuit text, or - for stdin.")],
    dtype: Annotated[str, typer.Option(help="Element type of the classes.")] = "f32",
    live: Annotated[
        str | None, typer.Option(metavar="c06,c07", help="The classes read afterwards; all where it is missing.")
    ] = None,
    sections: Annotated[
        list[str] | None, typer.Option("--show", help=f"Only this part; may be repeated: {', '.join(SECTIONS)}.")
    ] = None,
    svg: Annotated[Path | None, typer.Option(help="Draw it to this file, as written and as optimised.")] = None,
    do_run: Annotated[bool, typer.Option("--run", help="Run it on the boundary pool.")] = False,
    given: Annotated[
        list[str] | None,
        typer.Option("--in", metavar="cNN=VALUE", help="A number for every element, or x.npy, x.npz:member, x.png."),
    ] = None,
    wanted: Annotated[
        list[str] | None, typer.Option("--out", metavar="cNN=PATH", help="Write a class to a file after the run.")
    ] = None,
    backend: Annotated[str, typer.Option(help="cpu, interpreter (checks every access) or auto.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Show a circuit: tree, classes, bytes, words, calls before and after optimising, programs, costs."""
    for name in sections or ():
        if name not in SECTIONS:
            raise ArgumentValueError(f"--show {name}: choose from {', '.join(SECTIONS)}")
    if (given or wanted) and not do_run:
        raise ArgumentValueError("--in and --out go with --run")
    text = sys.stdin.read() if text == "-" else text
    phrase = parse(text)
    has_calls = all(operation.target is not None for operation, _ in operations(phrase))
    compiled = None
    if has_calls or do_run or svg:
        compiled = compile_circuit(text, dtype, None if live is None else _classes("--live", live))
        if svg:
            _draw(svg, compiled)
    rows = run_on_pool(compiled, backend, given or (), wanted or ()) if do_run and compiled else []
    report = CircuitReport(text, phrase, compiled)
    if as_json:
        facts = report.facts(sections or SECTIONS)
        print_json(facts | {"ran": rows} if do_run else facts)
        return
    report.show(sections or SECTIONS, shortened=not sections)
    if do_run:
        show("after one run", _RAN, rows, as_json=False)


def run_on_pool(
    compiled: CompiledCircuit, backend: str, given: Sequence[str], wanted: Sequence[str]
) -> list[dict[str, Any]]:
    """Fill classes of the boundary pool, run once, and tell what the written classes hold.

    Classes that nothing is given for are zero.
    """
    from hologram.runtime.executor import Executor

    inputs = dict(parse_assignment(text, "--in") for text in given)
    outputs = dict(parse_assignment(text, "--out") for text in wanted)
    with Executor(backend) as executor:
        for name, value in inputs.items():
            place = _one_class("--in", name)
            _fill(executor.boundary(place, compiled.type), name, value)
        executor.bind_circuit(compiled)()
        changed = {c for call in compiled.written for one in singles(call) for c in writes(one)}
        cells = changed - {
            c
            for call in compiled.written
            for one in singles(call)
            if not isinstance(one, ReduceSum | ReduceMin | ReduceMax)
            for c in writes(one)
        }
        named = {_one_class("--out", name): path for name, path in outputs.items()}
        rows = []
        for place in sorted(changed | set(named)):
            held = executor.boundary(place, compiled.type)
            if place in named:
                _store(named[place], held)
            told = np.array2string(
                held[:1] if place in cells else held[:6], precision=6, separator=", ", max_line_width=10_000
            )
            rows.append({"class": f"c{place:02}", "value": told, "output": named.get(place, "")})
        return rows


def _fill(memory: Any, name: str, value: str) -> None:
    """Put a number into every element, or an array into the first ones."""
    try:
        memory[:] = float(value) if memory.dtype.kind not in "iu" else int(value, 0)
        return
    except OverflowError:
        raise ArgumentValueError(f"--in {name}={value}: does not fit into {memory.dtype}") from None
    except ValueError:
        pass  # no number: a file
    path, _, key = value.partition(".npz:")
    array = read_array(Path(path + ".npz" if key else value), key)
    if array.dtype != memory.dtype:
        raise ArgumentTypeError(f"--in {name}: {value} holds {array.dtype}, and the classes are {memory.dtype}")
    if array.size > memory.size:
        raise ArgumentValueError(
            f"--in {name}: {value} has {array.size} elements, and a class of {memory.dtype} has {memory.size}"
        )
    memory[: array.size] = array.reshape(-1)


def _store(wanted: str, memory: Any) -> None:
    """Write all elements of a class, or as many as the shape says."""
    output = parse_output(wanted)
    if output.dtype is not None and output.dtype != memory.dtype:
        raise ArgumentTypeError(f"--out {wanted}: the classes are {memory.dtype}")
    shape = output.shape or memory.shape
    count = math.prod(shape)
    if count > memory.size:
        raise ArgumentValueError(f"--out {wanted}: a class of {memory.dtype} has {memory.size} elements, not {count}")
    write_array(output.path, memory[:count].reshape(shape).copy())


def _draw(path: Path, compiled: CompiledCircuit) -> None:
    before, after = compiled.original_calls, compiled.canonical_calls
    picture = draw(
        [
            (f"as written: {before} call{'s' * (before != 1)}", compiled.written),
            (f"optimised: {after} call{'s' * (after != 1)}", compiled.calls),
        ]
    )
    try:
        path.write_text(picture, "utf-8")
    except OSError as error:
        raise KernelFileError(f"cannot write {path}: {error}") from error
    sys.stderr.write(f"Drawn to {path}\n")


def _classes(option: str, text: str) -> list[int]:
    return [_one_class(option, name.strip()) for name in text.split(",") if name.strip()]


def _one_class(option: str, name: str) -> int:
    if not re.fullmatch(r"c[0-9]{1,2}", name) or int(name[1:]) > 95:
        raise ArgumentValueError(f"{option} {name}: name a class, c00 to c95")
    return int(name[1:])
