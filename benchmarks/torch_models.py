"""`python -m benchmarks.torch_models [--write] [ONLY ...]`: torch.compile with our backend, with inductor, and eager.

Each model is compiled by each backend in a new process, then by both in one process that has loaded them; after that
the three take turns at training steps. The caches are empty before each model. The header of inductor's C++, which it
compiles once a machine and keeps elsewhere, exists.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from benchmarks import machine
from benchmarks.timing import Contender, race
from benchmarks.torch_page import PAGE, Measured, markdown, table_lines
from tests.torch.architectures.case import Architecture, Case
from tests.torch.architectures.table import ARCHITECTURES, BY_NAME

OURS, INDUCTOR, EAGER = "hologram", "inductor", "eager"
ROUNDS = 40
ONE_THREAD = {"OMP_NUM_THREADS": "1", "HOLOGRAM_NUM_THREADS": "1"}
SMALLEST = "import torch; torch.compile(lambda x: x * 2 + 1)(torch.ones(100))"


@dataclass(frozen=True)
class Caches:
    """Directories of both compilers' caches, emptied before each measurement of compile times."""

    inductor: Path
    ours: Path

    def empty(self) -> None:
        """Forget all compiled code."""
        for directory in (self.inductor, self.ours):
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()

    def environment(self) -> dict[str, str]:
        """What a process needs to use these directories, on one thread."""
        places = {"TORCHINDUCTOR_CACHE_DIR": str(self.inductor), "HOLOGRAM_CACHE_DIR": str(self.ours)}
        return {**os.environ, **ONE_THREAD, **places}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the chosen models and print the table; --write puts it into the manual."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torch_models", description=__doc__)
    parser.add_argument("only", nargs="*", help="run only the models whose name contains one of these words")
    parser.add_argument("--write", action="store_true", help="write docs/pytorch-models.md")
    parser.add_argument("--cold", metavar="BACKEND", help=argparse.SUPPRESS)
    parser.add_argument("--loaded", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.cold or options.loaded:
        (name,) = options.only
        model = BY_NAME[name]
        sys.stdout.write(
            json.dumps(seconds_in_a_new_process(model, options.cold) if options.cold else in_one_process(model))
        )
        return 0
    if options.write and options.only:
        parser.error("--write needs all models")
    chosen = [a for a in ARCHITECTURES if not options.only or any(word in a.name for word in options.only)]
    missing = sorted({a.needs for a in chosen if a.needs and not find_spec(a.needs)})
    if missing:
        sys.exit(f"install {', '.join(missing)} first")
    results = measure(chosen)
    Console().print("\n".join(table_lines(results)), markup=False, soft_wrap=True)
    if options.write:
        PAGE.write_text(markdown(results, machine.describe()), encoding="utf-8")
    return 0


def measure(chosen: Sequence[Architecture]) -> list[Measured]:
    """Both cold compilations and the race of steps of each architecture."""
    results = []
    subprocess.run([sys.executable, "-c", SMALLEST], check=True)
    with tempfile.TemporaryDirectory() as directory:
        caches = Caches(Path(directory, INDUCTOR), Path(directory, OURS))
        for architecture in track(chosen, "measuring", transient=True):
            caches.empty()
            cold = {backend: child(caches, architecture.name, "--cold", backend) for backend in (OURS, INDUCTOR)}
            caches.empty()
            loaded = child(caches, architecture.name, "--loaded")
            results.append(Measured(architecture.name, cold[OURS], cold[INDUCTOR], **loaded))
    return results


def child(caches: Caches, *arguments: str) -> Any:
    """What this program prints when it is run with the arguments in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.torch_models", *arguments]
    done = subprocess.run(command, env=caches.environment(), check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def step_of(case: Case, objective: Callable[..., Any]) -> Callable[[], None]:
    """A function that runs forward and backward once; gradients stand in the case's parameters."""

    def step() -> None:
        case.objective.zero_grad()
        objective(case.inputs, case.targets)[1].backward()

    return step


def seconds_in_a_new_process(architecture: Architecture, backend: str) -> float:
    """From the call of torch.compile to the end of the first training step, imports of the compiler included."""
    import torch

    case = architecture.build(large=True)
    warm = case.copy()
    step_of(warm, warm.objective)()
    start = time.perf_counter()
    step_of(case, torch.compile(case.objective, backend=found(backend)))()
    return time.perf_counter() - start


def in_one_process(architecture: Architecture) -> Mapping[str, Any]:
    """Seconds of compiling by loaded compilers, best seconds of steps whose gradients agree, and what we fused."""
    import torch

    from hologram_torch.compiler import explain
    from tests.torch.compiler.training import assert_same

    cases = {name: architecture.build(large=True) for name in (EAGER, INDUCTOR, OURS)}
    contenders, gradients, first = [], {}, {}
    for name, case in cases.items():
        objective: Any = case.objective
        if name != EAGER:
            load(name)
            objective = torch.compile(objective, backend=found(name))
        step = step_of(case, objective)
        start = time.perf_counter()
        step()
        first[name] = time.perf_counter() - start
        gradients[name] = {key: p.grad.clone() for key, p in case.objective.named_parameters() if p.grad is not None}
        contenders.append(Contender(name, "step()", {"step": step}, None))
    for name in (INDUCTOR, OURS):
        assert_same(gradients[name], gradients[EAGER])
    timings = {t.name: t.seconds for t in race(contenders, ROUNDS)}
    case = architecture.build(large=True)
    explained = explain(case.objective, case.inputs, case.targets)
    regions = sum(len(graph.regions) for graph in explained.graphs)
    shares = {"fused": explained.fused, "operators": explained.fused + explained.kept, "regions": regions}
    return {**timings, **shares, "loaded_ours": first[OURS], "loaded_inductor": first[INDUCTOR]}


def found(backend: str) -> Any:
    """What `torch.compile` takes for a backend: ours need not be installed."""
    if backend != OURS:
        return backend
    from hologram_torch.compiler import hologram

    return hologram


def load(backend: str) -> None:
    """Compile and train something small, so that the backend and PyTorch's tracer are imported and warm."""
    import torch

    x = torch.ones(10, requires_grad=True)
    torch.compile(lambda x: (x * 2).tanh().sum(), backend=found(backend))(x).backward()


if __name__ == "__main__":
    sys.exit(main())
