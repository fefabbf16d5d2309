"""Regions made runnable: one kernel for each structure, whatever the sizes; kept in memory, and native code on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

from hologram.isa.cache import ProgramCache
from hologram.isa.region import Region
from hologram.isa.templates.regions import program
from hologram.language.kernel import Kernel, kernel_type
from hologram.language.program import Program

MOST = 2048
THREADS = 3
"""One is in LLVM, one runs Python, and one waits for its turn with either."""
_kernels: ProgramCache[Kernel] = ProgramCache(MOST)


def name_of(region: Region) -> str:
    """The name of a region's program: what it goes over, and a number that stands for what it computes."""
    return f"region_{region.axes}_{sha256(repr(region).encode()).hexdigest()[:10]}"


def kernel_of(region: Region) -> Kernel:
    """The kernel of a region, made at the first use in this process."""
    return _kernels.get_or_create(region, lambda: _made(region))


def _made(region: Region) -> Kernel:
    made = program(name_of(region), region)
    return kernel_type()(program=Program.of(made), spans=True)


def _compile(executable: Any) -> None:
    """Have the native code of launches on the CPU; other executables are ready as they are."""
    if hasattr(executable, "variant"):
        executable.variant(True)


def prepared(regions: Iterable[Region]) -> dict[Region, Callable[..., Any]]:
    """The kernels of several regions, compiled side by side."""
    from hologram.runtime.executor import default_executor

    executor = default_executor()

    def made(region: Region) -> Kernel:
        kernel = kernel_of(region)
        _compile(kernel.launcher.executable(executor))
        return kernel

    different = list(dict.fromkeys(regions))
    with ThreadPoolExecutor(THREADS) as pool:
        kernels = dict(zip(different, pool.map(made, different), strict=True))
    for kernel in kernels.values():
        kernel.ready()
    return kernels  # type: ignore[return-value]
