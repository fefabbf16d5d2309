"""A module's way through LLVM as one foreign call.

Each call of llvmlite gives the GIL up and must win it back, which takes up to 5 ms where another thread runs Python. A
module needs some thirty of them. So a function in machine code makes those calls one after the other: while a thread is
in LLVM, another one prepares the next program.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping

CELLS = ("text", "machine", "tuning", "passes", "level", "buffer", "error")
"""What the function is given and leaves behind, 8 bytes each, in front of the addresses of `FUNCTIONS`.

`passes` is a module pass manager, or null for LLVM's own pipeline of a level.
"""
FUNCTIONS = {
    "ContextCreate": "ptr ()",
    "ParseAssembly": "ptr (ptr, ptr, ptr)",
    "VerifyModule": "i1 (ptr, ptr)",
    "CreatePassBuilder": "ptr (ptr, ptr)",
    "buildPerModuleDefaultPipeline": "ptr (ptr, i32)",
    "RunNewModulePassManager": "void (ptr, ptr, ptr)",
    "DisposeNewModulePassManger": "void (ptr)",
    "TargetMachineEmitToMemory": "ptr (ptr, ptr, i32, ptr)",
    "DisposePassBuilder": "void (ptr)",
    "DisposeModule": "void (ptr)",
    "ContextDispose": "void (ptr)",
}
"""The functions of llvmlite's library, without the prefix of their names, with their types."""
PREFIX = "LLVMPY_"
RUN = "run"
REFUSED = 1
"""What the function returns where a module does not parse or is not valid; 0 where it was compiled."""

Job = ctypes.c_void_p * (len(CELLS) + len(FUNCTIONS))


def compile_ir() -> str:
    """The function `i32 run(job)` as LLVM IR."""
    cells = [f"  %{c}.at = getelementptr ptr, ptr %job, i64 {k}" for k, c in enumerate(CELLS)]
    cells += [
        f"  %{f}.at = getelementptr ptr, ptr %job, i64 {k}\n  %{f} = load ptr, ptr %{f}.at"
        for k, f in enumerate(FUNCTIONS, len(CELLS))
    ]
    return "\n".join([f"define i32 @{RUN}(ptr %job) {{", *cells, *_body(), "}", ""])


def _call(name: str, *arguments: str) -> str:
    result, _, given = FUNCTIONS[name].partition(" ")
    types = given.strip("()").split(", ")
    shown = ", ".join(f"{t} {a}" for t, a in zip(types, arguments, strict=False))
    return f"call {result} %{name}({shown})"


def _body() -> list[str]:
    return [
        *(f"  %{c} = load ptr, ptr %{c}.at" for c in ("text", "machine", "tuning", "passes")),
        "  %level64 = load i64, ptr %level.at",
        "  %level = trunc i64 %level64 to i32",
        f"  %context = {_call('ContextCreate')}",
        f"  %module = {_call('ParseAssembly', '%context', '%text', '%error.at')}",
        "  %parsed = icmp ne ptr %module, null",
        "  br i1 %parsed, label %verify, label %refused",
        "verify:",
        f"  %wrong = {_call('VerifyModule', '%module', '%error.at')}",
        "  br i1 %wrong, label %invalid, label %work",
        "work:",
        f"  %builder = {_call('CreatePassBuilder', '%machine', '%tuning')}",
        "  %given = icmp ne ptr %passes, null",
        "  br i1 %given, label %chosen, label %usual",
        "chosen:",
        f"  {_call('RunNewModulePassManager', '%passes', '%module', '%builder')}",
        "  br label %emit",
        "usual:",
        f"  %pipeline = {_call('buildPerModuleDefaultPipeline', '%builder', '%level')}",
        f"  {_call('RunNewModulePassManager', '%pipeline', '%module', '%builder')}",
        f"  {_call('DisposeNewModulePassManger', '%pipeline')}",
        "  br label %emit",
        "emit:",
        f"  %buffer = {_call('TargetMachineEmitToMemory', '%machine', '%module', '1', '%error.at')}",
        "  store ptr %buffer, ptr %buffer.at",
        f"  {_call('DisposePassBuilder', '%builder')}",
        f"  {_call('DisposeModule', '%module')}",
        f"  {_call('ContextDispose', '%context')}",
        "  ret i32 0",
        "invalid:",
        f"  {_call('DisposeModule', '%module')}",
        "  br label %refused",
        "refused:",
        f"  {_call('ContextDispose', '%context')}",
        f"  ret i32 {REFUSED}",
    ]


class Compiler:
    """Calls the function at an address with the functions of llvmlite's library; `strings` frees their messages."""

    def __init__(self, address: int, functions: Mapping[str, int], strings: Callable[[int], None]) -> None:
        self._run = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p)(address)
        self._functions = [functions[PREFIX + name] for name in FUNCTIONS]
        self._strings = strings

    def __call__(self, text: bytes, machine: int, tuning: int, passes: int, level: int) -> tuple[int, str]:
        """The memory buffer with a module's object, or 0 and what LLVM says; the pointers are llvmlite's."""
        job = Job(None, machine, tuning, passes, level, None, None, *self._functions)
        held = ctypes.c_char_p(text)
        job[0] = ctypes.cast(held, ctypes.c_void_p).value
        refused = self._run(ctypes.addressof(job))
        message = ""
        if job[6]:
            message = ctypes.string_at(job[6]).decode(errors="replace")
            self._strings(job[6])
        return (0 if refused else job[5] or 0), message
