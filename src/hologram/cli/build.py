"""`hologram build`: compile a tree of kernel files, only what changed, on several processes."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hologram.cli import incremental
from hologram.cli.boundary import REFUSED, print_error
from hologram.cli.compile import Targets
from hologram.cli.forms import render
from hologram.cli.report import AsJson, Column, duration, show
from hologram.cli.sources import load, write
from hologram.errors import HologramError, KernelFileError
from hologram.language.program import Program

_COLUMNS = (
    Column("kernel", "kernel"),
    Column("source", "source"),
    Column("calls", "calls", lambda calls: f"{calls[0]} → {calls[1]}" if calls else "–", right=True),
    Column("instructions", "instructions", right=True),
    Column("seconds", "time", duration, right=True),
    Column("cached", "cache", lambda hit: "hit" if hit else "built"),
)


@dataclass(frozen=True)
class Job:
    """One source to compile, and where its program file goes."""

    name: str
    source: Path
    output: Path
    targets: tuple[str, ...]
    key: str


@dataclass(frozen=True)
class Outcome:
    """What became of a job: the program file's bytes and kernels, or the error that stopped it."""

    job: Job
    seconds: float
    data: bytes = b""
    kernels: tuple[incremental.Built, ...] = ()
    error: Exception | None = None


def build(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where kernel files are looked for, in subdirectories too.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUTDIR", help="Where program files go. Default: DIR/build."),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes to use; 0 is one a CPU.")] = 0,
    target: Targets = None,
    as_json: AsJson = False,
) -> None:
    """Compile every kernel file under a directory that changed since the last build."""
    if not directory.is_dir():
        raise KernelFileError(f"{directory} is not a directory")
    destination = output or directory / "build"
    manifest = incremental.read_manifest(destination)
    planned = list(_plan(directory, destination, tuple(target or ())))
    if not planned:
        raise KernelFileError(f"no kernel file under {directory}: kernel files import hologram.language")
    records = manifest.records
    stale = [job for job in planned if not incremental.is_current(records.get(job.name), job.key, job.output)]
    rows = {job.name: _rows(job.name, records[job.name].kernels, 0.0, True) for job in planned if job not in stale}
    failures = []
    for outcome in _run_all(stale, jobs or os.cpu_count() or 1, show_bar=not as_json):
        if outcome.error is not None:
            failures.append(outcome)
            continue
        job = outcome.job
        write(job.output, outcome.data)
        records[job.name] = incremental.Record(job.key, incremental.digest(outcome.data), outcome.kernels)
        rows[job.name] = _rows(job.name, outcome.kernels, outcome.seconds, False)
    incremental.write_manifest(destination, manifest)
    show(f"{directory} -> {destination}", _COLUMNS, [row for job in planned for row in rows.get(job.name, [])], as_json)
    _report(failures)


def _plan(directory: Path, destination: Path, targets: tuple[str, ...]) -> Iterator[Job]:
    for source in incremental.find_sources(directory, destination):
        name = source.relative_to(directory).as_posix()
        key = incremental.input_key(source, targets)
        yield Job(name, source, destination / Path(name).with_suffix(".atlas"), targets, key)


def compile_job(job: Job) -> Outcome:
    """Compile one source; errors come back as values, since this runs in another process."""
    start = time.perf_counter()
    try:
        programs = load(job.source)
        data = render("atlas", programs, job.targets)
    except HologramError as error:
        return Outcome(job, time.perf_counter() - start, error=error)
    built = tuple(incremental.Built(p.name, len(p.instructions), _calls(p)) for p in programs)
    return Outcome(job, time.perf_counter() - start, data, built)


def _calls(program: Program) -> tuple[int, int] | None:
    """The generator calls of a kernel's circuit before and after, whatever its scalars are; None without a circuit."""
    try:
        found = program.circuit_with(**{p.name: 2 for p in program.params if not p.is_array})
    except HologramError:
        return None
    return found.compiled.original_calls, found.compiled.canonical_calls


def _run_all(work: Sequence[Job], processes: int, show_bar: bool) -> Iterator[Outcome]:
    columns = (TextColumn("compiling"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not (show_bar and work), transient=True) as progress:
        task = progress.add_task("compiling", total=len(work))
        for outcome in _outcomes(work, min(processes, len(work))):
            progress.advance(task)
            yield outcome


def _outcomes(work: Sequence[Job], processes: int) -> Iterator[Outcome]:
    if processes <= 1:
        yield from map(compile_job, work)
        return
    # Fresh processes: a fork of one with LLVM's threads and state in it is not safe.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        yield from (done.result() for done in as_completed([pool.submit(compile_job, job) for job in work]))


def _rows(source: str, kernels: Sequence[incremental.Built], seconds: float, cached: bool) -> list[dict[str, Any]]:
    return [
        {
            "kernel": kernel.name,
            "source": source,
            "calls": kernel.calls,
            "instructions": kernel.instructions,
            "seconds": seconds / len(kernels),
            "cached": cached,
        }
        for kernel in kernels
    ]


def _report(failures: Sequence[Outcome]) -> None:
    for outcome in sorted(failures, key=lambda failed: failed.job.name):
        if outcome.error is not None:
            print_error(outcome.error)
    if failures:
        raise typer.Exit(REFUSED)
