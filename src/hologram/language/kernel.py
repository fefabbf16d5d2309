"""Kernels: a decorated function (or a loaded program) that compiles at first use and is then called or bound."""

from __future__ import annotations

import importlib
import inspect
import weakref
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import TYPE_CHECKING, Any, overload

from hologram.errors import ArgumentTypeError
from hologram.language.program import Path_, Program
from hologram.runtime import native, recording
from hologram.runtime.executor import default_executor, on_default_change
from hologram.runtime.launcher import Launcher
from hologram.runtime.locks import fork_safe_lock
from hologram.runtime.rules import rules_of
from hologram.runtime.spans import check_spans

if TYPE_CHECKING:
    from hologram.backends.base import LaunchConfig
    from hologram.frontend.tree import Kernel as Tree
    from hologram.language.kernel_circuit import KernelCircuit
    from hologram.runtime.entry.context import EntryContext
    from hologram.runtime.executor import Executor
    from hologram.runtime.launch import Launch
    from hologram.runtime.shape import Dimensions

LAUNCH_OPTIONS = ("grid", "block", "executor")


class Kernel:
    """A kernel. Calling it launches it on the arguments; `bind` gives a launch that is called many times.

    Both take the keyword-only `grid` (blocks), `block` (lanes) and `executor`. A kernel made from a function is
    compiled at its first use, from the function's source, which is never executed.
    """

    __slots__ = (
        "__weakref__",
        "_block",
        "_context",
        "_function",
        "_launcher",
        "_program",
        "_spans",
        "_strided",
        "_used",
    )

    def __init__(
        self,
        function: Callable[..., Any] | None = None,
        *,
        program: Program | None = None,
        block: Dimensions | None = None,
        strided: bool = False,
        spans: bool = False,
    ) -> None:
        """`strided` kernels are quickly called with arrays whose last axis is not contiguous, too.

        Kernels on `spans` take arrays of any rank and strides: see `spanning`.
        """
        self._function = function
        self._program = program
        self._block = block
        self._launcher: Launcher | None = None
        self._context: EntryContext | None = None
        self._used = False
        self._strided = strided
        self._spans = spans

    # Running.

    def __call__(
        self,
        *args: Any,
        grid: Dimensions | None = None,
        block: Dimensions | None = None,
        executor: Executor | None = None,
        **kwargs: Any,
    ) -> None:
        """Launch once on host arrays or Buffers, and numbers."""
        self.launcher.call(*args, grid=grid, block=block, executor=executor, **kwargs)
        if self._context is None and executor is None:
            self._attach()

    def bind(
        self,
        *args: Any,
        grid: Dimensions | None = None,
        block: Dimensions | None = None,
        executor: Executor | None = None,
        **kwargs: Any,
    ) -> Launch:
        """Check and hold the arguments once; calling the launch that this gives runs the kernel on them."""
        return self.launcher.bind(*args, grid=grid, block=block, executor=executor, **kwargs)

    def launch_config(
        self, *args: Any, grid: Dimensions | None = None, block: Dimensions | None = None, **kwargs: Any
    ) -> LaunchConfig:
        """Grid and block that a call with these arguments would run with."""
        return self.launcher.launch_config(*args, grid=grid, block=block, **kwargs)

    def _attach(self) -> None:
        """Send calls straight to machine code from the second one on (a kernel called once need not pay for it)."""
        first, self._used = not self._used, True
        if not first and not recording.is_active():
            self.ready()

    def ready(self) -> None:
        """Compile now, and have calls on host memory go straight to machine code from the first on."""
        with _lock:
            chosen, launcher = default_executor(), self.launcher
            proven = launcher.trusted or rules_of(self.program).proven
            if self._context is None and chosen.backend == "cpu" and proven:
                self._context = native.attach_unbound(
                    self, launcher.executable(chosen), launcher, contiguous=not self._strided
                )
                _attached.add(self)

    def _detach(self) -> None:
        """Forget the way to machine code, because another executor may be meant from now on."""
        native.clear_entry(self)
        self._context, self._used = None, False

    # What it is.

    @property
    def name(self) -> str:
        """The kernel's name."""
        return self._function.__name__ if self._function is not None else self.program.name

    @property
    def program(self) -> Program:
        """The verified program (compiled now where it was not)."""
        if self._program is None:
            self._program = _compiled(self._function)
        return self._program

    @property
    def launcher(self) -> Launcher:
        """What checks the arguments and chooses the executor."""
        if self._launcher is None:
            program = self.program
            block = self._block or program.block
            trusted = program.trusted
            self._launcher = Launcher(program, program.sections, trusted=trusted, block=block, spans=self._spans)
        return self._launcher

    def spanning(self) -> Kernel:
        """The same kernel for arrays of any rank and strides, each taken as the span of memory that it lies in.

        All arrays of the kernel have one axis: element k is the k-th of the memory from the array's first element on.
        The kernel finds its elements there by strides that it gets as numbers. Raises ArgumentValueError for kernels
        of arrays with several axes.
        """
        check_spans(self.program)
        return type(self)(program=self.program, block=self._block, spans=True)

    @property
    def tree(self) -> Tree | None:
        """The typed tree of the source, where it is known."""
        return self.program.tree

    @property
    def circuit(self) -> KernelCircuit:
        """The circuit of an element-wise or reduction kernel; raises NoCircuitError with the reason where none is."""
        return self.program.circuit

    def circuit_with(self, **scalars: int | float) -> KernelCircuit:
        """The circuit with values for the kernel's scalars, which become numbers of the circuit."""
        return self.program.circuit_with(**scalars)

    def disassemble(self) -> str:
        """The program as `.atlasm` text."""
        return self.program.disassemble()

    def inspect(self, form: str) -> str:
        """The kernel as text: "tree" (JSON), "atlasm", or for this machine "llvm" or "asm"."""
        return self.program.inspect(form)

    def save(self, path: Path_) -> None:
        """Write the program to a `.atlas` file."""
        self.program.save(path)

    # How Python sees it.

    @property
    def __name__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        names = [p.name for p in _of_kernel_signature(self).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
        return f"<kernel {self.name}({', '.join(names)})>"

    def __reduce__(self) -> tuple[Any, ...]:
        if self._function is not None and _find(*_place(self._function)) is self:
            return _find, _place(self._function)
        return _restore, (self.program, self._block, self._spans)


class _PerKernel:
    """A special attribute that each kernel has for itself; its class has another or (None) none."""

    def __init__(self, of_kernel: Callable[[Kernel], Any], of_class: str | None = None) -> None:
        self._of_kernel, self._of_class = of_kernel, of_class

    def __get__(self, instance: Kernel | None, owner: type) -> Any:
        found = self._of_class if instance is None else self._of_kernel(instance)
        if found is None:
            raise AttributeError("there is none")
        return found


def _of_kernel_doc(kernel: Kernel) -> str:
    return (inspect.getdoc(kernel._function) if kernel._function else kernel.program.metadata.get("doc")) or ""


def _of_kernel_function(kernel: Kernel) -> Callable[..., Any] | None:
    return kernel._function


def _of_kernel_signature(kernel: Kernel) -> inspect.Signature:
    if kernel._function is not None:
        parameters = list(inspect.signature(kernel._function).parameters.values())
    else:
        kind, none = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
        parameters = [
            inspect.Parameter(
                p.name, kind, default=none if p.default is None else p.default, annotation=str(p).split(": ", 1)[1]
            )
            for p in kernel.program.params
        ]
    taken = {p.name for p in parameters}
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None)
        for name in LAUNCH_OPTIONS
        if name not in taken
    ]
    return inspect.Signature([*parameters, *options])


def _give_own_attributes(kernels: type[Kernel]) -> type[Kernel]:
    """Docstring, signature and wrapped function are each kernel's own; the class keeps its docstring."""
    own: Any = kernels
    own.__doc__ = _PerKernel(_of_kernel_doc, Kernel.__doc__)
    own.__signature__ = _PerKernel(_of_kernel_signature)
    own.__wrapped__ = _PerKernel(_of_kernel_function)
    return kernels


@cache
def kernel_type() -> type[Kernel]:
    """`Kernel` with native entries where this Python can have them."""
    made = native.callable_type(Kernel, "hologram.language.kernel.Kernel")
    return _give_own_attributes(made)


_lock = fork_safe_lock()  # one thread at a time attaches a kernel, or its context could be dropped while in use
_attached: weakref.WeakSet[Kernel] = weakref.WeakSet()


def _detach_all() -> None:
    with _lock:
        for attached in list(_attached):
            attached._detach()
        _attached.clear()


on_default_change(_detach_all)


def _compiled(function: Callable[..., Any] | None) -> Program:
    from hologram.frontend import compile_function, schema
    from hologram.language.source import source_of
    from hologram.runtime import debug

    assert function is not None, "a kernel has a function or a program"
    source = source_of(function)
    unit = compile_function(source.text, source.file, source.name, source.first_line, source.constants, source.devices)
    if wanted := debug.level():
        debug.show(f"{unit.name}: {debug.times(unit.timings)}")
        if wanted >= debug.PROGRAM:
            debug.show(f"{unit.name}: program", unit.program.disassemble())
        if wanted >= debug.TREE:
            debug.show(f"{unit.name}: tree", schema.dumps([unit.tree]))
    metadata = {"doc": unit.doc} if unit.doc else {}
    if unit.tree.block:
        metadata["block"] = ",".join(map(str, unit.tree.block))
    return Program.of(unit.program, metadata=metadata, tree=unit.tree)


def _place(function: Callable[..., Any]) -> tuple[str, str]:
    return function.__module__, function.__qualname__


def _find(module: str, qualname: str) -> Any:
    """The object of that name in a module, or None."""
    try:
        found: Any = importlib.import_module(module)
    except ImportError:
        return None
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


def _restore(program: Program, block: Dimensions | None, spans: bool = False) -> Kernel:
    return kernel_type()(program=program, block=block, spans=spans)


@overload
def kernel(function: Callable[..., Any], /) -> Kernel: ...
@overload
def kernel(*, block: Dimensions | None = None, fast: bool = False) -> Callable[[Callable[..., Any]], Kernel]: ...
def kernel(
    function: Callable[..., Any] | None = None, /, *, block: Dimensions | None = None, fast: bool = False
) -> Any:
    """Make a kernel of a function: `@kernel`, or `@kernel(block=256)` for kernels that work by blocks.

    `@kernel(fast=True)` lets sums be reassociated and products be fused with additions; it is read from the source,
    where it must be a constant.
    """
    if function is None:
        return lambda decorated: _decorate(decorated, block)
    return _decorate(function, block)


def _decorate(function: Callable[..., Any], block: Dimensions | None) -> Kernel:
    if not isinstance(function, FunctionType):
        raise ArgumentTypeError(f"@kernel decorates a function, not {type(function).__name__}")
    return kernel_type()(function, block=block)


atlas_kernel = kernel
