"""`python -m benchmarks.torch_models [--write] [--record FILE] [ONLY ...]`: models by us, by inductor, and eager.

Each backend compiles each model in a new process with empty caches, a small function first, which loads all that is
needed once. Then the three take turns at training steps in one process. The header of inductor's C++, which it compiles
once a machine and keeps elsewhere, exists.
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
NEAR, TRIES = 0.17, 2
"""From which ratio on both sides compile several times, and how often: each keeps its best."""
SMALLEST = "import torch; torch.compile(lambda x: x * 2 + 1)(torch.ones(100))"
"""Has inductor make its precompiled header."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the chosen models and print the tables; --write puts them into the manual."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torch_models", description=__doc__)
    parser.add_argument("only", nargs="*", help="run only the models whose name contains one of these words")
    parser.add_argument("--write", action="store_true", help="write docs/pytorch-models.md")
    parser.add_argument("--record", type=Path, help="keep results in this file and go on where it ends")
    parser.add_argument("--compile", metavar="BACKEND", help=argparse.SUPPRESS)
    parser.add_argument("--steps", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.compile or options.steps:
        model = BY_NAME[options.only[0]]
        sys.stdout.write(json.dumps(compiled(model, options.compile) if options.compile else steps(model)))
        return 0
    chosen = [a for a in ARCHITECTURES if not options.only or any(word in a.name for word in options.only)]
    missing = sorted({a.needs for a in chosen if a.needs and not find_spec(a.needs)})
    if missing:
        sys.exit(f"install {', '.join(missing)} first")
    results = all_measured(chosen, options.record)
    Console().print("\n".join(table_lines(results)), markup=False, soft_wrap=True)
    if options.write:
        left_out = [a.name for a in ARCHITECTURES if a not in chosen]
        PAGE.write_text(markdown(results, machine.describe(), left_out), encoding="utf-8")
    return 0


def all_measured(chosen: Sequence[Architecture], record: Path | None) -> list[Measured]:
    """The measurements of each architecture, those in the record as they stand there."""
    known = json.loads(record.read_text("utf-8")) if record is not None and record.exists() else {}
    if any(a.name not in known for a in chosen):
        subprocess.run([sys.executable, "-c", SMALLEST], check=True)
    for architecture in track(chosen, "measuring", transient=True):
        if architecture.name not in known:
            known[architecture.name] = measured(architecture.name)
            if record is not None:
                record.write_text(json.dumps(known, indent=1), encoding="utf-8")
    return [Measured(a.name, **known[a.name]) for a in chosen]


def measured(name: str) -> dict[str, Any]:
    """A model compiled by each backend in a new process with empty caches, then the steps of all."""
    with tempfile.TemporaryDirectory() as directory:
        places = {"TORCHINDUCTOR_CACHE_DIR": f"{directory}/inductor", "HOLOGRAM_CACHE_DIR": f"{directory}/hologram"}
        environment = {**os.environ, **ONE_THREAD, **places}

        def child(*arguments: str) -> Any:
            command = [sys.executable, "-m", "benchmarks.torch_models", *arguments, name]
            done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
            return json.loads(done.stdout)

        def compiling() -> dict[str, float]:
            found = {}
            for side, backend in (("ours", OURS), ("inductor", INDUCTOR)):
                for cache in places.values():
                    shutil.rmtree(cache, ignore_errors=True)
                found[f"load_{side}"], found[f"compile_{side}"] = child("--compile", backend)
            return found

        best = compiling()
        if best["compile_ours"] >= NEAR * best["compile_inductor"]:
            for again in [compiling() for _ in range(TRIES - 1)]:
                best = {what: min(seconds, again[what]) for what, seconds in best.items()}
        return best | child("--steps")


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


def compiled(architecture: Architecture, backend: str) -> tuple[float, float]:
    """Seconds to load a backend in this new process, and then to compile a model and train a step."""
    import torch

    case = architecture.build(large=True)
    warm = case.copy()
    step_of(warm, warm.objective)()
    loading = load(backend)
    step = step_of(case, torch.compile(case.objective, backend=found(backend)))
    start = time.perf_counter()
    step()
    return loading, time.perf_counter() - start


def steps(architecture: Architecture) -> Mapping[str, Any]:
    """Best seconds of steps, eager, by inductor and by us, whose gradients must be eager ones; what we fused."""
    import torch

    from hologram_torch.compiler import explain
    from tests.torch.compiler.training import assert_same

    contenders, gradients = [], {}
    for name in (EAGER, INDUCTOR, OURS):
        case = architecture.build(large=True)
        objective = case.objective if name == EAGER else torch.compile(case.objective, backend=found(name))
        step = step_of(case, objective)
        step()
        gradients[name] = {key: p.grad.clone() for key, p in case.objective.named_parameters() if p.grad is not None}
        contenders.append(Contender(name, "step()", {"step": step}, None))
    assert_same(gradients[OURS], gradients[EAGER])
    strays = apart(gradients[INDUCTOR], gradients[EAGER])
    timings = {t.name: t.seconds for t in race(contenders, ROUNDS)}
    case = architecture.build(large=True)
    explained = explain(case.objective, case.inputs, case.targets)
    regions = sum(len(graph.regions) for graph in explained.graphs)
    fused = {"fused": explained.fused, "operators": explained.fused + explained.kept, "regions": regions}
    return {**timings, **fused, "inductor_strays": strays}


def apart(got: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    """What says that gradients of a peer are no nearer to eager ones than ours must be; nothing where they are."""
    from tests.torch.compiler.training import assert_same

    try:
        assert_same(got, expected)
    except AssertionError as error:
        return str(error).splitlines()[0]
    return ""


if __name__ == "__main__":
    sys.exit(main())
