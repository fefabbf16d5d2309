"""The backend as `torch.compile` sees it: its name, its options, what it says, what it keeps."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import hologram_torch
from hologram_torch import compiler
from hologram_torch.compiler import Report, backend

ROOT = Path(__file__).parents[3]


def test_entry_point_is_the_backend() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, name = project["entry-points"]["torch_dynamo_backends"]["hologram"].partition(":")
    assert module == compiler.__name__
    assert getattr(compiler, name) is compiler.hologram
    assert "hologram" in torch._dynamo.list_backends()


def test_unknown_options_are_refused_by_name() -> None:
    with pytest.raises(Exception, match="has no option 'speed'; it has check, fuse"):
        torch.compile(torch.exp, backend="hologram", options={"speed": 3})(torch.ones(3))
    with pytest.raises(Exception, match="option 'check' of backend 'hologram' is True or False, not 2"):
        torch.compile(torch.exp, backend="hologram", options={"check": 2})(torch.ones(3))
    torch._dynamo.reset()


def test_explain_lists_regions_calls_and_breaks() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.GELU())

    def fn(x: Tensor) -> Tensor:
        y = model(x)
        torch._dynamo.graph_break()
        return y.softmax(-1)

    report = hologram_torch.explain(fn, torch.randn(3, 4, requires_grad=True))
    kinds = [g.kind for g in report.graphs]
    assert sorted(kinds) == ["backward", "backward", "forward", "forward"]
    text = str(report)
    assert "over 3 × 8 folded; 3 read" in text
    assert "ATen addmm.default: products and convolutions are left to its libraries" in text
    assert "break: " in text
    assert report.fused / (report.fused + report.kept) == report.share > 0.8
    assert all(p.grad is None for p in model.parameters())


def test_without_fusing_all_stays() -> None:
    torch._dynamo.reset()
    backend.last_report = Report()
    x = torch.randn(3)
    found = torch.compile(lambda x: x.exp() * 2, backend="hologram", options={"fuse": False})(x)
    assert torch.equal(found, x.exp() * 2)
    report = compiler.last_report()
    assert report.fused == 0
    assert "nothing is fused" in str(report)


def test_wrong_region_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from hologram_torch.compiler import lowering

    torch._dynamo.reset()
    aten = torch.ops.aten
    monkeypatch.setitem(lowering._MEANINGS, aten.exp.default, lowering._MEANINGS[aten.expm1.default])
    with pytest.raises(AssertionError, match="a region differs from ATen in exp: 3 of 3 elements"):
        torch.compile(lambda x: x.exp(), backend="hologram", options={"check": True})(torch.randn(3))


SCRIPT = """
import torch
from hologram.backends.llvm import jit
import hologram, hologram_torch.compiler
from hologram.runtime.executor import default_executor
def fn(x):
    return torch.softmax(x * 3.25 - 1, -1).sum(0)
torch.compile(fn, backend="hologram")(torch.ones(4, 6))
print("compiled", default_executor().metrics().compiles)
"""


@pytest.mark.slow
def test_second_process_compiles_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "HOLOGRAM_CACHE_DIR": str(tmp_path)}
    counts = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        )
        counts.append(int(done.stdout.split()[-1]))
    assert counts[0] > 0
    assert counts[1] == 0
