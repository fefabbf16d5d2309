"""Whole models through our backend: inference and training steps as eager PyTorch and inductor do them."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from hologram_torch.compiler import explain
from tests.torch.architectures.case import Architecture, Objective
from tests.torch.architectures.table import ARCHITECTURES, BY_NAME
from tests.torch.compiler.training import assert_same, assert_trained_alike, infer, train

QUICK = ("MLP", "ResNet block with batch norm", "VAE loss", "graph attention, dense")
ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Nothing is compiled yet."""
    torch._dynamo.reset()


def compiled_by(backend: str) -> Callable[[Objective], Any]:
    """Compiles an objective in one piece: what Dynamo cannot trace is an error."""
    return functools.partial(torch.compile, backend=backend, fullgraph=True)


def needing(architecture: Architecture) -> None:
    """Skip a model whose package is missing."""
    if architecture.needs and not find_spec(architecture.needs):
        pytest.skip(f"{architecture.needs} is not installed: make conformance installs it")


@pytest.mark.parametrize("name", QUICK)
def test_a_model_trains_as_eager_does(name: str) -> None:
    case = BY_NAME[name].build()
    assert_trained_alike(train(case, compiled_by("hologram")), train(case))


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=str)
def test_every_model_trains_and_infers_as_eager_does(
    architecture: Architecture, record_property: Callable[[str, object], None]
) -> None:
    needing(architecture)
    case = architecture.build()
    assert_trained_alike(train(case, compiled_by("hologram")), train(case))
    assert_same(infer(case, compiled_by("hologram")), infer(case))
    explained = explain(case.copy().objective, case.inputs, case.targets)
    assert explained.fused > 0
    share = f"{explained.fused} of {explained.fused + explained.kept} operators run in our programs"
    record_property("operators fused", f"{architecture.name}: {share}")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which(os.environ.get("CXX", "g++")) is None, reason="inductor needs a C++ compiler")
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=str)
def test_every_model_trains_as_inductor_does(architecture: Architecture) -> None:
    needing(architecture)
    case = architecture.build()
    assert_trained_alike(train(case, compiled_by("hologram")), train(case, compiled_by("inductor")))


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=str)
def test_every_model_at_the_size_of_the_benchmarks_trains_as_eager_does(architecture: Architecture) -> None:
    needing(architecture)
    case = architecture.build(large=True)
    assert_trained_alike(train(case, compiled_by("hologram")), train(case))


def test_adam_takes_the_same_path() -> None:
    losses = []
    for compile in (lambda objective: objective, compiled_by("hologram")):
        case = BY_NAME["MLP"].build()
        objective, optimiser = compile(case.objective), torch.optim.Adam(case.objective.parameters(), lr=0.01)
        path = []
        for _ in range(8):
            optimiser.zero_grad()
            loss = objective(case.inputs, case.targets)[1]
            loss.backward()
            optimiser.step()
            path.append(loss.item())
        losses.append(path)
    assert losses[0][-1] < 0.8 * losses[0][0]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


def test_one_compilation_serves_all_batch_sizes() -> None:
    architecture = BY_NAME["MLP"]
    sizes = dict(architecture.small)
    case = architecture.builder(**sizes)
    objective = torch.compile(case.objective, backend="hologram", fullgraph=True, dynamic=True)
    torch._dynamo.utils.counters.clear()
    with torch._dynamo.config.patch(error_on_recompile=True):
        for batch in (5, 17, 64):
            x, labels = torch.randn(batch, sizes["width"]), torch.randint(10, (batch,))
            got, expected = {}, {}
            for found, function in ((got, objective), (expected, case.objective)):
                case.objective.zero_grad()
                output, loss = function((x,), (labels,))
                loss.backward()
                found |= {"output": output.detach(), "loss": loss.detach()}
                found |= {name: p.grad.clone() for name, p in case.objective.named_parameters()}
            assert_same(got, expected)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1


WITHOUT_COMPILER = """
import shutil, sys
started = []
PROCESSES = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"}
sys.addaudithook(lambda event, arguments: started.append((event, arguments)) if event in PROCESSES else None)
assert not any(map(shutil.which, ("c++", "g++", "clang++", "cc", "gcc", "clang", "icpx", "ld", "as")))
import torch
import hologram_torch.compiler
from tests.torch.architectures.table import BY_NAME
from tests.torch.compiler.training import assert_trained_alike, train
case = BY_NAME["MLP"].build()
assert_trained_alike(train(case, lambda o: torch.compile(o, backend="hologram", fullgraph=True)), train(case))
assert "torch._inductor.cpp_builder" not in sys.modules or not started, started
print("trained;", "processes started:", started)
"""


def test_no_compiler_is_needed_on_the_path(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("CC", "CXX", "CPP", "LD")}
    places = {"PATH": str(tmp_path), "HOLOGRAM_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": f"{ROOT}/src:{ROOT}"}
    done = subprocess.run([sys.executable, "-c", WITHOUT_COMPILER], env=kept | places, capture_output=True, text=True)
    assert done.stdout == "trained; processes started: []\n", done.stderr
