"""The bundled file is what the kernel files give, and using it compiles nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hologram as hg
from hologram.backends.cpu.targets import BASELINES
from hologram.backends.llvm.jit import llvm_version
from hologram.errors import KernelNotFoundError
from hologram.isa.binary import decode
from hologram.isa.verify import verify
from hologram.stdlib import BUNDLE, bundled, names, shipped
from hologram.stdlib.build import build, operations, programs
from hologram.stdlib.bundle import OPERATIONS

KERNELS = (
    "vector_add",
    "vector_mul",
    "vector_dot",
    "vector_sum",
    "relu",
    "sigmoid",
    "tanh",
    "sin",
    "cos",
    "exp",
    "log",
    "gemv_f32",
    "gemm_f32",
    "quantum_search",
    "optimal_path",
    "constraint_solve",
    "minimize_energy",
)


FILES = {"kernels": (BUNDLE, programs), "operations": (OPERATIONS, operations)}


@pytest.mark.parametrize("held", FILES)
def test_the_bundle_is_current(held: str) -> None:
    path, made = FILES[held]
    current = {entry.program.name: entry.program.digest for entry in decode(path.read_bytes())}
    assert current == {p.name: p.digest for p in made()}, "run python -m hologram.stdlib.build"


@pytest.mark.parametrize("held", FILES)
def test_the_native_code_is_current(held: str) -> None:
    path, made = FILES[held]
    made_with = decode(path.read_bytes())[0].program.metadata["llvm"]
    if made_with != llvm_version():
        pytest.skip(f"the bundle was made with {made_with}, here is {llvm_version()}")
    assert build(made()) == path.read_bytes(), "run python -m hologram.stdlib.build"


def test_operations_use_what_is_shipped() -> None:
    assert hg.ops.add(np.ones(3, np.float32), np.ones(3, np.float32)).tolist() == [2, 2, 2]
    assert shipped("add_f32e_f32e_f32_1") is not None
    assert shipped("add_f64e_f64e_f64_1") is None


def test_all_are_there_with_code_for_every_baseline() -> None:
    assert names() == KERNELS
    for entry in decode(BUNDLE.read_bytes()):
        verify(entry.program)
        assert [s.target for s in entry.sections] == [f"cpu:{name}" for name in BASELINES]
        assert entry.program.metadata["doc"]


def test_kernels_by_name() -> None:
    add = bundled("vector_add")
    assert add is bundled("vector_add")
    out = np.zeros(3, np.float32)
    add(np.ones(3, np.float32), np.ones(3, np.float32), out, 3)
    assert (out == 2).all()
    assert add.__doc__ == "c[i] = a[i] + b[i] for i < n."
    with pytest.raises(KernelNotFoundError, match=r"no 'conv2d'.*gemm_f32"):
        bundled("conv2d")


def test_a_new_process_parses_and_compiles_nothing(tmp_path: Path) -> None:
    script = (
        "import sys, numpy as np, hologram as hg\n"
        "from hologram.backends.llvm import jit\n"
        "from hologram import frontend\n"
        "def never(*_, **__): raise SystemExit('compiled')\n"
        "jit.compile_object = frontend.compile_source = frontend.compile_function = never\n"
        "x = np.ones(100, np.float32)\n"
        "assert (hg.ops.vector_add(x, x) == 2).all() and hg.ops.vector_sum(x) == 100\n"
        "assert np.allclose(hg.ops.gemm_f32(x.reshape(10, 10), x.reshape(10, 10)), 10)\n"
    )
    environment = {**os.environ, "HOLOGRAM_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
