"""`python -m benchmarks.torch_models [--write] [--record FILE] [ONLY ...]`: models by us, by inductor, and eager.

Each model has a process: both compilers, loaded by a small function, compile it with empty caches, then the three take
turns at training steps. What the small function costs in a new process is measured apart. The header of inductor's C++,
which it compiles once a machine and keeps elsewhere, exists.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from benchmarks import machine
from benchmarks.timing import Contender, race
from benchmarks.torch_page import PAGE, Loading, Measured, markdown, table_lines
from tests.torch.architectures.case import Architecture, Case
from tests.torch.architectures.table import ARCHITECTURES, BY_NAME

OURS, INDUCTOR, EAGER = "hologram", "inductor", "eager"
ROUNDS = 40
ONE_THREAD = {"OMP_NUM_THREADS": "1", "HOLOGRAM_NUM_THREADS": "1"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the chosen models and print the tables; --write puts them into the manual."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torch_models", description=__doc__)
    parser.add_argument("only", nargs="*", help="run only the models whose name contains one of these words")
    parser.add_argument("--write", action="store_true", help="write docs/pytorch-models.md")
    parser.add_argument("--record", type=Path, help="keep results in this file and go on where it ends")
    parser.add_argument("--load", metavar="BACKEND", help=argparse.SUPPRESS)
    parser.add_argument("--model", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.load or options.model:
        sys.stdout.write(json.dumps(load(options.load) if options.load else measured(BY_NAME[options.model])))
        return 0
    if options.write and options.only:
        parser.error("--write needs all models")
    chosen = [a for a in ARCHITECTURES if not options.only or any(word in a.name for word in options.only)]
    missing = sorted({a.needs for a in chosen if a.needs and not find_spec(a.needs)})
    if missing:
        sys.exit(f"install {', '.join(missing)} first")
    loading = Loading(child("--load", OURS), child("--load", INDUCTOR))
    results = all_measured(chosen, options.record)
    Console().print("\n".join(table_lines(loading, results)), markup=False, soft_wrap=True)
    if options.write:
        PAGE.write_text(markdown(loading, results, machine.describe()), encoding="utf-8")
    return 0


def all_measured(chosen: Sequence[Architecture], record: Path | None) -> list[Measured]:
    """The measurements of each architecture, those in the record as they stand there."""
    known = json.loads(record.read_text("utf-8")) if record is not None and record.exists() else {}
    for architecture in track(chosen, "measuring", transient=True):
        if architecture.name not in known:
            known[architecture.name] = child("--model", architecture.name)
            if record is not None:
                record.write_text(json.dumps(known, indent=1), encoding="utf-8")
    return [Measured(a.name, **known[a.name]) for a in chosen]


def child(*arguments: str) -> Any:
    """What this program prints when run with the arguments in a new process with empty caches, on one thread."""
    command = [sys.executable, "-m", "benchmarks.torch_models", *arguments]
    with tempfile.TemporaryDirectory() as directory:
        places = {"TORCHINDUCTOR_CACHE_DIR": f"{directory}/inductor", "HOLOGRAM_CACHE_DIR": f"{directory}/hologram"}
        environment = {**os.environ, **ONE_THREAD, **places}
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def load(backend: str) -> float:
    """Seconds to import a backend and to compile and train something small, which leaves PyTorch's tracer warm."""
    import torch

    x = torch.ones(10, requires_grad=True)
    start = time.perf_counter()
    torch.compile(lambda x: (x * 2).tanh().sum(), backend=found(backend))(x).backward()
    return time.perf_counter() - start


def found(backend: str) -> Any:
    """What `torch.compile` takes for a backend: ours need not be installed."""
    if backend != OURS:
        return backend
    from hologram_torch.compiler import hologram

    return hologram


def step_of(case: Case, objective: Callable[..., Any]) -> Callable[[], None]:
    """A function that runs forward and backward once; gradients stand in the case's parameters."""

    def step() -> None:
        case.objective.zero_grad()
        objective(case.inputs, case.targets)[1].backward()

    return step


def measured(architecture: Architecture) -> Mapping[str, Any]:
    """Seconds of compiling by loaded compilers, best seconds of steps whose gradients agree, and what we fused."""
    import torch

    from hologram_torch.compiler import explain
    from tests.torch.compiler.training import assert_same

    cases = {name: architecture.build(large=True) for name in (EAGER, OURS, INDUCTOR)}
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
    return {**timings, **shares, "compile_ours": first[OURS], "compile_inductor": first[INDUCTOR]}


if __name__ == "__main__":
    sys.exit(main())
