"""Regions made runnable: one kernel for each structure, whatever the sizes; kept in memory, and native code on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from weakref import ref

from hologram.isa.cache import ProgramCache
from hologram.isa.region import Region
from hologram.isa.templates.regions import program
from hologram.language.kernel import Kernel, kernel_type
from hologram.language.program import Program

if TYPE_CHECKING:
    from hologram.runtime.executor import Executor

MOST = 2048
THREADS = 3
"""One is in LLVM, one runs Python, and one waits for its turn with either."""
_kernels: ProgramCache[Kernel] = ProgramCache(MOST)
_with_code: ProgramCache[Kernel] = ProgramCache(MOST)


def name_of(region: Region) -> str:
    """The name of a region's program: what it goes over, and a number that stands for what it computes."""
    return f"region_{region.axes}_{sha256(repr(region).encode()).hexdigest()[:10]}"


def kernel_of(region: Region) -> Kernel:
    """The kernel of a region, made at the first use in this process."""
    return _kernels.get_or_create(region, lambda: _made(region))


def _made(region: Region) -> Kernel:
    made = program(name_of(region), region)
    return kernel_type()(program=Program.of(made), spans=True)


def _prepared(region: Region, executor: Executor) -> Kernel:
    """The kernel of a region with its native code for launches on the CPU; other executables are ready as they are."""

    def make() -> Kernel:
        kernel = kernel_of(region)
        executable: Any = kernel.launcher.executable(executor)
        if hasattr(executable, "variant"):
            executable.variant(True)
        return kernel

    return _with_code.get_or_create((region, ref(executor)), make)


def begin(regions: Iterable[Region]) -> None:
    """Have regions compiled side by side, while the caller goes on; errors are for whoever asks for `prepared`."""
    from hologram.runtime.executor import default_executor

    executor = default_executor()
    pool = ThreadPoolExecutor(THREADS)
    for region in dict.fromkeys(regions):
        pool.submit(_prepared, region, executor)
    pool.shutdown(wait=False)


def prepared(regions: Iterable[Region]) -> dict[Region, Callable[..., Any]]:
    """The compiled kernels of regions: those that nobody has begun are made here, for others it waits."""
    from hologram.runtime.executor import default_executor

    executor = default_executor()
    kernels = {region: _prepared(region, executor) for region in dict.fromkeys(regions)}
    for kernel in kernels.values():
        kernel.ready()
    return kernels  # type: ignore[return-value]


class Awaited:
    """Stands for the kernels of a compiled graph until its first call, which waits for all of them.

    `values` is where the graph's function finds them by name: from then on it calls them without a way round.
    """

    def __init__(self, regions: Mapping[str, Region], values: dict[str, Any]) -> None:
        self.regions, self.values = regions, values

    def under(self, name: str) -> Callable[..., Any]:
        """What stands for the kernel of a name."""

        def first(*arguments: Any) -> Any:
            kernels = prepared(self.regions.values())
            self.values.update({name: kernels[region] for name, region in self.regions.items()})
            return self.values[name](*arguments)

        return first
