"""The C header of a kernel: a C program links the object file and gets the interpreter's results."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from hologram.backends.cpu import CpuBackend
from hologram.backends.llvm.c_header import c_header, c_name
from hologram.errors import UnsupportedError
from hologram.isa.builder import Builder
from hologram.language import DeviceArray, f32, get_global_id, kernel, u32
from hologram.stdlib import bundled

COMPILER = shutil.which("cc") or shutil.which("gcc")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="needs a C compiler on the PATH")


@kernel
def blend(a: DeviceArray[f32], b: DeviceArray[f32], out: DeviceArray[f32], n: u32, long: f32):
    i = get_global_id()
    if i < n:
        out[i] = a[i] * long + b[i]


PROGRAM = """
#include <stdio.h>
#include "blend.h"

int main(void) {
  float a[5] = {1, 2, 3, 4, 5}, b[5] = {10, 20, 30, 40, 50}, out[5] = {0};
  blend_arguments given = {
    .a = a, .a_shape = {5}, .a_stride = {4}, .b = b, .b_shape = {5}, .b_stride = {4},
    .out = out, .out_shape = {5}, .out_stride = {4}, .n = COUNT, .long_ = 0.5f,
  };
  printf("%d", (int)blend(&given));
  for (int i = 0; i < 5; i++) printf(" %g", out[i]);
  return 0;
}
"""


@needs_compiler
@pytest.mark.parametrize(
    ("count", "said"), [(5, "0 10.5 21 31.5 42 52.5"), (3, "0 10.5 21 31.5 0 0"), (6, "-1 0 0 0 0 0")]
)
def test_a_c_program_runs_the_kernel(tmp_path: Path, count: int, said: str) -> None:
    assert COMPILER is not None
    (tmp_path / "blend.h").write_text(c_header(blend.program))
    (tmp_path / "blend.o").write_bytes(CpuBackend().object_for(blend.program, "host"))
    (tmp_path / "main.c").write_text(PROGRAM)
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", f"-DCOUNT={count}"]
    subprocess.run([COMPILER, *flags, "main.c", "blend.o", "-o", "main", "-lm"], cwd=tmp_path, check=True)
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True)
    assert done.stdout == said


@needs_compiler
@pytest.mark.parametrize("name", ["gemv_f32", "vector_sum", "vector_add"])
def test_headers_of_shipped_kernels_are_good_c(tmp_path: Path, name: str) -> None:
    assert COMPILER is not None
    (tmp_path / "kernel.c").write_text(c_header(bundled(name).program))
    subprocess.run([COMPILER, "-std=c11", "-Wall", "-Werror", "-fsyntax-only", "kernel.c"], cwd=tmp_path, check=True)


def test_a_kernel_that_needs_an_executor_is_refused() -> None:
    b = Builder("held")
    b.pool_alloc(16)
    program = b.build()
    with pytest.raises(UnsupportedError, match="'held' uses an executor's pools"):
        c_header(program)


def test_names_that_c_keeps_for_itself_get_another_letter() -> None:
    assert (c_name("long"), c_name("n")) == ("long_", "n")
