"""Kernels to drive the entry functions with: a real f32 addition, and Python functions that record their arguments."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from hologram.backends.llvm.jit import Loaded, compile_object, host_target, load_object
from hologram.backends.llvm.layout import FAULT, LANES, TOTAL_LANES, Layout
from hologram.isa.program import Param
from hologram.runtime.entry.context import EntryContext, unbound_context
from hologram.runtime.entry.selfcheck import available
from hologram.runtime.entry.stubs import Stubs, load_stubs
from hologram.runtime.entry.types import set_entry, vectorcall_type
from hologram.types import Type

ADD_PARAMS = tuple(Param(name, "array", Type.F32, 1, access) for name, access in (("a", "r"), ("b", "r"), ("c", "w")))


def _slot(name: str, offset: int, kind: str = "i64") -> str:
    return f"  %{name}.at = getelementptr i8, ptr %block, i64 {offset}\n  %{name} = load {kind}, ptr %{name}.at\n"


def _add_ir() -> str:
    a, b, c = Layout.of(ADD_PARAMS).places
    return f"""
define i32 @check(ptr %block) {{
{_slot("na", a.shape(0))}{_slot("nb", b.shape(0))}{_slot("nc", c.shape(0))}
  %lanes = getelementptr i8, ptr %block, i64 {LANES[0]}
  store i64 %na, ptr %lanes
  %total = getelementptr i8, ptr %block, i64 {TOTAL_LANES}
  store i64 %na, ptr %total
  %ab = icmp ne i64 %na, %nb
  %ac = icmp ne i64 %na, %nc
  %wrong = or i1 %ab, %ac
  %result = zext i1 %wrong to i32
  ret i32 %result
}}

define i64 @run(ptr %block) {{
entry:
{_slot("n", LANES[0])}
{_slot("a", a.value, "ptr")}{_slot("b", b.value, "ptr")}{_slot("c", c.value, "ptr")}
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %next, %body ]
  %more = icmp slt i64 %i, %n
  br i1 %more, label %body, label %done
body:
  %pa = getelementptr float, ptr %a, i64 %i
  %pb = getelementptr float, ptr %b, i64 %i
  %pc = getelementptr float, ptr %c, i64 %i
  %va = load float, ptr %pa
  %vb = load float, ptr %pb
  %vc = fadd float %va, %vb
  store float %vc, ptr %pc
  %next = add i64 %i, 1
  br label %head
done:
  ret i64 0
}}
"""


CONTROL_WORD_IR = f"""
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
define void @set(i32 %word) {{
  %cell = alloca i32
  store i32 %word, ptr %cell
  call void @llvm.x86.sse.ldmxcsr(ptr %cell)
  ret void
}}
define i32 @get() {{
  %cell = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %cell)
  %word = load i32, ptr %cell
  ret i32 %word
}}
define i64 @run(ptr %block) {{
  %cell = getelementptr i8, ptr %block, i64 {FAULT}
  call void @llvm.x86.sse.stmxcsr(ptr %cell)
  ret i64 1
}}
"""


class Callee:
    """A callable with a native entry.

    Its `__call__` is what an object without one does.
    """

    __slots__ = ("__weakref__", "context", "extra")

    def __init__(self, function: int = 0, context: EntryContext | None = None) -> None:
        self.context = context
        if context is not None:
            set_entry(self, function, context.address)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return "python", args, kwargs

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()

    @property
    def double(self) -> Any:
        return self.extra * 2


Native = vectorcall_type(Callee, f"{__name__}.Native")


@dataclass
class Recorder:
    """Python functions in the place of machine code: they note every call and answer as told."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    blocks: list[bytes] = field(default_factory=list)
    code: int = 0
    trouble: int = 0
    size: int = 96

    def __post_init__(self) -> None:
        self._functions = (
            ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(self._run),
            ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(lambda block: self.trouble),
        )
        self.run, self.check = (ctypes.cast(f, ctypes.c_void_p).value or 0 for f in self._functions)

    def _run(self, block: int) -> int:
        self.blocks.append(ctypes.string_at(block, self.size))
        return self.code

    def slow(self, *args: Any, **kwargs: Any) -> Any:
        self.calls.append(("slow", args, kwargs))
        return "slow"

    def fault(self, code: int, information: int) -> Any:
        self.calls.append(("fault", code, information))
        return "fault"

    @property
    def handlers(self) -> dict[str, Callable[..., Any]]:
        return {"slow": self.slow, "fault": self.fault}


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="session")
def make_recorder() -> Callable[[], Recorder]:
    return Recorder


@pytest.fixture(scope="session")
def add() -> Loaded:
    """`run` and `check` of c = a + b over `a`'s length."""
    return load_object(compile_object(_add_ir(), host_target()), ["run", "check"])


@dataclass(frozen=True)
class ControlWord:
    """The SSE control word of this thread, and a kernel whose fault information is the word it runs under."""

    read: Callable[[], int]
    write: Callable[[int], None]
    run: int


@pytest.fixture(scope="session")
def control_word() -> ControlWord:
    if host_target().arch != "x86_64":
        pytest.skip("reads the SSE control word")
    code = load_object(compile_object(CONTROL_WORD_IR, host_target()), ["run", "set", "get"])
    read = ctypes.PYFUNCTYPE(ctypes.c_uint32)(code["get"])
    return ControlWord(read, ctypes.PYFUNCTYPE(None, ctypes.c_uint32)(code["set"]), code["run"])


@pytest.fixture(scope="session")
def stubs() -> Stubs:
    works, reason = available()
    if not works:
        pytest.skip(reason)
    return load_stubs()


@pytest.fixture(scope="session")
def add_params() -> tuple[Param, ...]:
    return ADD_PARAMS


@pytest.fixture(scope="session")
def native() -> type[Callee]:
    return Native


class Call:
    """An object whose calls come to a recorder."""

    def __init__(self, recorder: Any, native: Any, stubs: Stubs, params: tuple[Param, ...], **options: Any) -> None:
        self.recorder, self.layout = recorder, Layout.of(params)
        recorder.size = self.layout.size
        options = {**recorder.handlers, **options}
        self.call = native(stubs.unbound, unbound_context(recorder.run, recorder.check, params, **options))

    def taken(self, *args: Any, **kwargs: Any) -> bool:
        """Whether the entry takes a call itself; if not, the slow path must get the very same arguments."""
        self.recorder.blocks.clear()
        self.recorder.calls.clear()
        result = self.call(*args, **kwargs)
        if result is None:
            assert (len(self.recorder.blocks), self.recorder.calls) == (1, [])
            return True
        assert result == "slow"
        assert self.recorder.blocks == []
        ((_, given_args, given_kwargs),) = self.recorder.calls
        assert len(given_args) == len(args)
        assert all(x is y for x, y in zip(given_args, args, strict=True))
        assert given_kwargs.keys() == kwargs.keys()
        assert all(given_kwargs[k] is v for k, v in kwargs.items())
        return False

    def slots(self, index: int) -> tuple[int, ...]:
        """The 8-byte slots of one parameter in the block last run."""
        place = self.layout.places[index]
        return struct.unpack_from(f"<{place.size // 8}q", self.recorder.blocks[-1], place.offset)


@pytest.fixture(scope="session")
def make_call(stubs: Stubs) -> Callable[..., Call]:
    """An object whose calls come to a recorder, of parameters and options of the context."""
    return lambda *params, **options: Call(Recorder(), Native, stubs, params, **options)
