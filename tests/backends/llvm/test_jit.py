"""Compiling text IR and loading objects: what works, what is refused, and that refusing never ends the process."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
from hashlib import sha256

import pytest

from hologram.backends.llvm import jit
from hologram.backends.llvm.jit import (
    Target,
    assembly,
    compile_object,
    host_target,
    llvm_version,
    load_object,
    optimize_ir,
)
from hologram.errors import CodeLoadError

IR = """
@table = internal constant [3 x double] [double 1.5, double 2.5, double 4.0]
@calls = internal global i64 0

declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define double @pick(i64 %i) {
  %at = getelementptr [3 x double], ptr @table, i64 0, i64 %i
  %value = load double, ptr %at
  ret double %value
}

define i64 @count() {
  %old = load i64, ptr @calls
  %new = add i64 %old, 1
  store i64 %new, ptr @calls
  ret i64 %new
}

define void @copy(ptr %to, ptr %from, i64 %n) {
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %n, i1 false)
  ret void
}
"""

SUM_IR = """
define void @scale(ptr noalias %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %at = getelementptr float, ptr %x, i64 %i
  %old = load float, ptr %at
  %new = fmul float %old, 2.0
  store float %new, ptr %at
  %next = add nuw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}
"""

FOREIGN_IR = """
declare i64 @getpid()
declare double @exp(double)
define i64 @f(double %x) {
  %y = call double @exp(double %x)
  %z = fptosi double %y to i64
  %p = call i64 @getpid()
  %s = add i64 %z, %p
  ret i64 %s
}
"""


def test_loaded_code_runs() -> None:
    code = load_object(compile_object(IR, host_target()), ["pick", "copy"])
    pick = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int64)(code["pick"])
    assert [pick(i) for i in range(3)] == [1.5, 2.5, 4.0]
    to, source = ctypes.create_string_buffer(6), b"hello\0"
    ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int64)(code["copy"])(to, source, 6)
    assert to.raw == source


def test_every_load_has_its_own_memory() -> None:
    data = compile_object(IR, host_target())
    first, second = (ctypes.CFUNCTYPE(ctypes.c_int64)(load_object(data, ["count"])["count"]) for _ in range(2))
    assert [first(), first(), second()] == [1, 2, 1]


def test_another_process_compiles_the_same_bytes() -> None:
    script = (
        "import sys; from hashlib import sha256; from hologram.backends.llvm.jit import compile_object, host_target;"
        "print(sha256(compile_object(sys.stdin.read(), host_target())).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", script], input=IR, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == sha256(compile_object(IR, host_target())).hexdigest()


def test_symbols_outside_the_allow_list_are_refused_by_name() -> None:
    data = compile_object(FOREIGN_IR, host_target())
    with pytest.raises(CodeLoadError, match="may not use: exp, getpid"):
        load_object(data, ["f"])
    with pytest.raises(CodeLoadError, match="may not use: exp"):
        load_object(data, ["f"], {"getpid": 1})


def test_symbols_passed_by_the_caller_are_used() -> None:
    exp = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(lambda x: x + 1)
    getpid = ctypes.CFUNCTYPE(ctypes.c_int64)(lambda: 40)
    imports = {name: ctypes.cast(f, ctypes.c_void_p).value or 0 for name, f in (("exp", exp), ("getpid", getpid))}
    code = load_object(compile_object(FOREIGN_IR, host_target()), ["f"], imports)
    assert ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_double)(code["f"])(1.0) == 42


def test_a_missing_export_is_an_error() -> None:
    with pytest.raises(CodeLoadError, match="nothing"):
        load_object(compile_object(IR, host_target()), ["nothing"])


@pytest.mark.parametrize(
    ("triple", "reason"),
    [
        ("x86_64-apple-darwin", "Mach-O"),
        ("x86_64-pc-windows-msvc", "COFF"),
        ("aarch64-unknown-linux-gnu", "aarch64|this process runs on"),
        ("i686-unknown-linux-gnu", "32-bit ELF"),
    ],
)
def test_objects_for_elsewhere_are_made_but_not_loaded(triple: str, reason: str) -> None:
    if triple.startswith(host_target().arch + "-unknown-linux"):
        pytest.skip("this is that machine")
    data = compile_object(IR, Target(triple))
    with pytest.raises(CodeLoadError, match=reason):
        load_object(data, ["pick"])


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"#!/bin/sh\n" * 20, bytes(4096)])
def test_bytes_that_are_no_object_are_refused(data: bytes) -> None:
    with pytest.raises(CodeLoadError, match="unknown format"):
        load_object(data, ["f"])


@pytest.mark.parametrize(
    "text",
    [
        "define i64 @f() {",
        "define i64 @f() {\n ret i64 %x\n}",
        "define i64 @f() {\n ret i32 0\n}",
        # parses, but the use comes before the definition: only the verifier sees it
        "define i64 @f() {\n %a = add i64 %b, 1\n %b = add i64 1, 1\n ret i64 %a\n}",
    ],
)
def test_a_module_that_is_not_valid_is_refused(text: str) -> None:
    for use in (compile_object, optimize_ir, assembly):
        with pytest.raises(CodeLoadError, match="LLVM refuses the generated module"):
            use(text, host_target())


@pytest.mark.parametrize("vectorize", [False, True])
@pytest.mark.parametrize("opt", range(4))
def test_one_foreign_call_does_what_llvmlite_does_in_many(opt: int, vectorize: bool) -> None:
    for text in (IR, SUM_IR):
        made = jit._emit(
            text, host_target(), opt, vectorize, lambda machine, module: bytes(machine.emit_object(module))
        )
        assert compile_object(text, host_target(), opt, vectorize) == bytes(made)


def test_code_is_loaded_while_another_thread_is_in_llvm() -> None:
    data = compile_object(IR, host_target())
    loaded = threading.Event()

    def load() -> None:
        load_object(data, ["pick"])
        loaded.set()

    with jit._lock:
        thread = threading.Thread(target=load)
        thread.start()
        assert loaded.wait(30)
    thread.join()


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(CodeLoadError, match="no target 'moon-base-1'"):
        compile_object(IR, Target("moon-base-1"))


@pytest.mark.skipif(host_target().arch != "x86_64", reason="reads x86 assembly")
def test_vectorisers_are_off_unless_asked_for() -> None:
    target = Target(host_target().triple, "x86-64-v3")
    assert "ymm" not in assembly(SUM_IR, target)
    assert "ymm" in assembly(SUM_IR, target, vectorize=True)
    assert "<8 x float>" in optimize_ir(SUM_IR, target, vectorize=True)


def test_other_targets_give_assembly() -> None:
    assert ".target sm_80" in assembly(SUM_IR, Target("nvptx64-nvidia-cuda", "sm_80"))


def test_the_host_and_the_version_are_known() -> None:
    assert host_target() is host_target()
    assert host_target().arch == host_target().triple.split("-")[0]
    assert llvm_version().startswith("llvmlite-0.")


def test_threads_compile_and_load_at_once() -> None:
    results: list[float] = []

    def work() -> None:
        for _ in range(5):
            code = load_object(compile_object(IR, host_target()), ["pick"])
            results.append(ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int64)(code["pick"])(2))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [4.0] * 20


FORK_WHILE_COMPILING = """
import os, threading
from hologram.backends.llvm.jit import compile_object, host_target, load_object

stop = threading.Event()
def busy():
    while not stop.wait(0.001):
        compile_object(IR, host_target())
thread = threading.Thread(target=busy)
thread.start()
for _ in range(5):
    child = os.fork()
    if child == 0:
        load_object(compile_object(IR, host_target()), ["pick"])
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_forked_while_another_thread_compiles_can_compile() -> None:
    script = f"IR = {IR!r}\n{FORK_WHILE_COMPILING}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_level_0_keeps_values_in_registers() -> None:
    cell = (
        "define i64 @f(i64 %x) {\n  %c = alloca i64\n  store i64 %x, ptr %c\n  %y = load i64, ptr %c\n  ret i64 %y\n}\n"
    )
    assert "alloca" not in optimize_ir(cell, host_target(), opt=0)
