"""What a call of an operation comes to: launches in order, and what is given back."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hologram.errors import DivisionByZeroError
from hologram.isa.cache import ProgramCache
from hologram.ops.kinds import Kind
from hologram.runtime import notes, recording, tensors
from hologram.runtime.executor import Executor, default_executor
from hologram.stdlib import shipped

if TYPE_CHECKING:
    from hologram.isa.program import Program
    from hologram.language.kernel import Kernel
    from hologram.runtime.shape import Dimensions

_kernels: ProgramCache[Kernel] = ProgramCache(2048)


def kernel_for(key: Hashable, name: str, make: Callable[[], Program], strided: bool = False) -> Kernel:
    """The kernel of a program when its key is first asked for: the one shipped compiled by that name, else made.

    `strided` says that it is for arrays with gaps along the last axis.
    """
    return _kernels.get_or_create(key, lambda: shipped(name) or _made(make(), strided))


def _made(program: Program, strided: bool) -> Kernel:
    from hologram.language.kernel import kernel_type
    from hologram.language.program import Program as Callable_

    return kernel_type()(program=Callable_.of(program), strided=strided)


@dataclass(frozen=True, slots=True)
class Step:
    """One launch."""

    kernel: Kernel
    arguments: tuple[Any, ...]
    grid: Dimensions | None = None
    block: Dimensions | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The launches of a call on an executor; `out` holds the result, `kind` and `like` say how it is given back."""

    steps: Sequence[Step]
    executor: Executor
    out: Any
    kind: Kind
    like: Any
    is_new: bool

    def run(self) -> None:
        """Launch everything; integers divided by zero give 0 and a RuntimeWarning, as in NumPy."""
        chosen = None if is_usual(self.executor) else self.executor
        for step in self.steps:
            launch(step, chosen)
        if not self.is_new:
            tensors.tell(self.out)

    def number(self) -> float:
        """The first element of the output."""
        return float(self.kind.array(self.out).reshape(-1)[0])

    def result(self) -> Any:
        """The output, as its library gives it."""
        return self.kind.result(self.out, self.like) if self.is_new else self.out


def is_usual(executor: Executor) -> bool:
    """True for executors that run a program of host arrays as a call that names none does: straight to its code."""
    default = default_executor()
    if executor is default:
        return True
    alike = executor.backend == default.backend == "cpu" and executor.checks is default.checks is None
    return alike and not executor.is_closed and not recording.is_active()


def launch(step: Step, executor: Executor | None = None) -> None:
    """Launch once, on the executor of the arguments if none is named."""
    try:
        if executor is None and step.grid is None and step.block is None:
            step.kernel(*step.arguments)
            notes.launched(step.kernel, step.arguments)
        else:
            notes.unrepeatable()
            step.kernel(*step.arguments, executor=executor, grid=step.grid, block=step.block)
    except DivisionByZeroError as error:
        name = str(error.kernel).partition("_")[0]
        warnings.warn(f"{name}: an integer is divided by zero, which gives 0", RuntimeWarning, stacklevel=5)
