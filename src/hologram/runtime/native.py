"""Native entries of launches and kernels: whether this process has them, and how they are attached."""

from __future__ import annotations

import ctypes
import sysconfig
import weakref
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

from hologram.errors import HologramError
from hologram.isa.demands import EXCLUSIVE, MEMORY
from hologram.runtime import detour
from hologram.runtime.entry.types import set_entry, vectorcall_type

if TYPE_CHECKING:
    from hologram.backends.base import Executable
    from hologram.backends.cpu.backend import CpuExecutable, Native
    from hologram.runtime.entry.context import EntryContext, Team
    from hologram.runtime.entry.stubs import Remembering, Stubs
    from hologram.runtime.executor import Executor
    from hologram.runtime.graph.replay import BoundStep
    from hologram.runtime.launcher import Launcher, Prepared
    from hologram.runtime.pins import Pins

T = TypeVar("T")
SHORT_BYTES = 32 * 1024
"""Repeated launches on less than this keep the GIL and the caller's thread: they last some µs."""


def callable_type(base: type[T], name: str) -> type[T]:
    """`base` with room for a native entry, or `base` itself where this Python has no such types."""
    try:
        made = vectorcall_type(base, name)
    except (TypeError, AttributeError):
        return base
    return made


_entries: weakref.WeakKeyDictionary[Any, tuple[int, int]] = weakref.WeakKeyDictionary()


def clear_entry(instance: Any) -> None:
    """Send calls of an object to its `__call__` again."""
    if "__vectorcalloffset__" in type(instance).__dict__:
        with detour.lock:
            _entries.pop(instance, None)
            set_entry(instance, 0, 0)


def _send(instance: Any, function: int, context: int) -> None:
    """Send calls of an object to machine code: at once, or as soon as they need not go through Python."""
    with detour.lock:
        _entries[instance] = function, context
        set_entry(instance, *((0, 0) if detour.is_active() else (function, context)))


def _suspend(active: bool) -> None:
    """While somebody must see them, all calls go through `__call__`, which knows what to do with them."""
    with detour.lock:
        for instance, entry in list(_entries.items()):
            set_entry(instance, *((0, 0) if active else entry))


detour.on_change(_suspend)


def native_entries() -> tuple[bool, str]:
    """Whether calls go straight to machine code in this process, and why not where they do not."""
    stubs, reason = _checked_stubs()
    return stubs is not None, reason


def _stubs() -> Stubs | None:
    return _checked_stubs()[0]


@cache
def _checked_stubs() -> tuple[Stubs | None, str]:
    """The entry functions once they have passed their trial, or why there are none."""
    from hologram.runtime.entry.selfcheck import available
    from hologram.runtime.entry.stubs import load_stubs

    try:
        stubs = load_stubs(_stub_object())
    except HologramError as error:
        return None, str(error)
    works, reason = available()
    return (stubs if works else None), reason


def _stub_object(remembering: bool = False) -> bytes:
    """The object of the entry functions, which depends on this Python and this LLVM only."""
    from hologram.backends.llvm.jit import host_target, llvm_version
    from hologram.backends.objects import object_of
    from hologram.runtime.cache import DiskStore
    from hologram.runtime.entry.abi import running_abi
    from hologram.runtime.entry.stub_ir import stub_ir
    from hologram.runtime.entry.stub_ir.remembering import remembering_ir
    from hologram.runtime.entry.stubs import compile_remembering, compile_stubs

    abi, host, store = running_abi(), host_target(), DiskStore()
    text = (remembering_ir if remembering else stub_ir)(abi, host.arch)
    make = compile_remembering if remembering else compile_stubs
    key = f"entry/{abi!r}/{llvm_version()}/{host.triple}/{text}"
    return object_of(store, key, "entry functions", lambda: (make(), {}))


@cache
def remembering() -> Remembering | None:
    """The entry functions of remembered calls; None where this process has no native entries, or no GIL."""
    from hologram.runtime.entry.stubs import load_remembering

    if _stubs() is None or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return None
    try:
        return load_remembering(_stub_object(remembering=True))
    except HologramError:
        return None


def send_remembered(instance: Any, context: EntryContext) -> None:
    """Send calls of an object to its remembered calls."""
    found = remembering()
    assert found is not None, "whoever has a context knows the entries"
    _send(instance, found.remembered, context.address)


def repeatable(
    launcher: Launcher, executor: Executor, prepared: Prepared, translate: Callable[[Exception], Exception]
) -> tuple[EntryContext, bytes] | None:
    """The context of a launch that is repeated with arrays elsewhere, and its arguments block.

    `translate` gives the error to raise for a fault. None where calls do not go straight to machine code.
    """
    from hologram.backends.cpu.backend import pack
    from hologram.runtime.entry.context import NEVER_RELEASE, bound_context
    from hologram.runtime.rules import rules_of

    executable: Any = launcher.executable(executor)
    program = launcher.program
    known = launcher.trusted or rules_of(program).proven
    if not known or executor.backend != "cpu" or not hasattr(executable, "native_for") or program.demands:
        return None
    fault = _fault_of(executable)

    def tell(code: int, information: int) -> None:
        try:
            fault(code, information)
        except HologramError as error:
            raise translate(error) from None

    code = executable.native_for(prepared.arguments)
    block = bytes(pack(program, prepared.arguments, prepared.domain, None))
    is_short = sum(a.nbytes for a in prepared.arguments if hasattr(a, "nbytes")) <= SHORT_BYTES
    context = bound_context(
        code.run_address,
        block,
        slow=_no_arguments(program.name),
        fault=tell,
        release_lanes=NEVER_RELEASE if is_short else executable.long_lanes,
        team=team_of(executable, code),
    )
    return context, block


def attach_bound(
    launch: Any, executable: Executable, prepared: Prepared, pins: Pins, executor: Executor
) -> EntryContext | None:
    """Send calls of a launch to its kernel's code; gives the context, to be kept beside the launch.

    None where the executable is not native code, launches must take turns on the executor's memory, or this process has
    no native entries.
    """
    native: Any = executable
    demands = executable.program.demands
    stubs = _native_stubs(native, launch) if not demands & EXCLUSIVE else None
    if stubs is None:
        return None
    memory = executor.memory if demands & MEMORY else None
    from hologram.backends.cpu.backend import pack
    from hologram.runtime.entry.context import bound_context

    code = native.native_for(prepared.arguments)
    context = bound_context(
        code.run_address,
        pack(executable.program, prepared.arguments, prepared.domain, memory),
        slow=_no_arguments(executable.program.name),
        fault=_fault_of(executable),
        release_lanes=native.long_lanes,
        team=team_of(native, code),
        keep=(pins, memory),
    )
    _send(launch, stubs.bound, context.address)
    return context


def attach_unbound(
    kernel: Any, executable: Executable, launcher: Launcher, contiguous: bool = True
) -> EntryContext | None:
    """Send calls of a kernel on host arrays to its code; whatever is not plainly right goes to `launcher.call`.

    Unless `contiguous`, the code is that for any strides.
    """
    native: Any = executable
    stubs = _native_stubs(native, kernel) if not executable.program.demands else None
    if stubs is None:
        return None
    from hologram.runtime.entry.context import unbound_context
    from hologram.runtime.rules import rules_of

    code = native.variant(contiguous)
    try:
        context = unbound_context(
            code.run_address,
            code.check_address,
            executable.program.params,
            slow=launcher.call,
            fault=_fault_of(executable),
            same_allowed=rules_of(executable.program).same_allowed,
            release_lanes=native.long_lanes,
            team=team_of(native, code),
            spans=launcher.spans,
        )
    except HologramError:  # more parameters than a native call takes
        return None
    _send(kernel, stubs.unbound, context.address)
    return context


def attach_replay(replay: Any, steps: Sequence[BoundStep], keep: Any) -> EntryContext | None:
    """Send calls of a graph's replay to the native walker; None where a step is not native code."""
    executables: list[Any] = [step.executable for step in steps]
    if not steps or any(_native_stubs(e, replay) is None or e.program.demands & EXCLUSIVE for e in executables):
        return None
    from hologram.backends.cpu import pool
    from hologram.backends.cpu.backend import LONG_NANOSECONDS, pack
    from hologram.runtime.entry.context import NEVER_RELEASE, bound_context
    from hologram.runtime.graph import walker
    from hologram.runtime.graph.replay import buffer_of

    shares = not pool.refusal() and any(step.is_long for step in steps)
    if shares:
        pool.pool().drive_address(executables[0].store)
    codes = [e.native_for(step.prepared.arguments) for e, step in zip(executables, steps, strict=True)]
    memories = [s.executor.memory if s.executable.program.demands & MEMORY else None for s in steps]
    blocks = [
        buffer_of(pack(s.executable.program, s.prepared.arguments, s.prepared.domain, memory))
        for s, memory in zip(steps, memories, strict=True)
    ]
    rows = [
        walker.Row(code.run_address, ctypes.addressof(block), code.recipe_address if shares and step.is_long else 0)
        for code, block, step in zip(codes, blocks, steps, strict=True)
    ]
    table = buffer_of(walker.table(rows))
    is_long = shares or sum(step.nanoseconds for step in steps) > LONG_NANOSECONDS
    faults = [_fault_of(step.executable) for step in steps]
    context = bound_context(
        walker.walker_address(),
        walker.block(len(rows), ctypes.addressof(table), pool.pool().address if shares else 0),
        slow=_no_arguments("a graph"),
        fault=lambda code, step: faults[step](code, 0),
        release_lanes=0 if is_long else NEVER_RELEASE,
        keep=(keep, table, blocks, codes, memories),
    )
    stubs = _stubs()
    assert stubs is not None, "every step has them"
    _send(replay, stubs.bound, context.address)
    return context


def team_of(executable: CpuExecutable, code: Native) -> Team | None:
    """What a context needs to run long launches on several threads; None where this system has no pool."""
    from hologram.backends.cpu.pool import pool, refusal
    from hologram.runtime.entry.context import Team

    if refusal():
        return None
    threads = pool()
    return Team(threads.address, code.recipe_address, partial(threads.attend, executable.store), code)


def _native_stubs(executable: Any, instance: Any) -> Stubs | None:
    if not hasattr(executable, "native_for") or "__vectorcalloffset__" not in type(instance).__dict__:
        return None
    return _stubs()


def _fault_of(executable: Executable) -> Callable[[int, int], Any]:
    program = executable.program

    def fault(code: int, information: int) -> None:
        from hologram.backends.cpu.faults import fault_error

        raise fault_error(program, code)

    return fault


def _no_arguments(name: str) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> None:
        from hologram.errors import ArgumentTypeError

        raise ArgumentTypeError(
            f"a bound launch of '{name}' takes no arguments; change them with launch.set(…) and launch.rebind(…)"
        )

    return refuse
