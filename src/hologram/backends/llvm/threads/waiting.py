"""The clock, the pause of a spinning thread, and how a thread sleeps until a word of memory changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hologram.errors import UnsupportedError

MONOTONIC = 1
_PAUSES: Mapping[str, tuple[str, str]] = {
    "x86_64": ("declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"),
    "aarch64": ("declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"),
}
_FUTEX_CALLS: Mapping[str, int] = {"x86_64": 202, "aarch64": 98}
_FUTEX_WAIT, _FUTEX_WAKE = 128, 129  # of this process only


def clock(arch: str) -> str:
    """`i64 now()` in nanoseconds and `void rest()`, one step of a spinning wait."""
    if arch not in _PAUSES:
        raise UnsupportedError(f"no thread pool for {arch}: known are {', '.join(_PAUSES)}")
    declaration, pause = _PAUSES[arch]
    return f"""
declare i32 @clock_gettime(i32, ptr)
{declaration}

define internal i64 @now() #0 {{
  %time = alloca [2 x i64]
  %ignored = call i32 @clock_gettime(i32 {MONOTONIC}, ptr %time)
  %seconds = load i64, ptr %time
  %fraction.at = getelementptr i64, ptr %time, i64 1
  %fraction = load i64, ptr %fraction.at
  %whole = mul i64 %seconds, 1000000000
  %all = add i64 %whole, %fraction
  ret i64 %all
}}

define internal void @rest() alwaysinline #0 {{
  {pause}
  ret void
}}
"""


def waiting(system: str, arch: str) -> str:
    """`void sleep_while(ptr word, i32 value)` and `void wake_some(ptr word, i64 count)` of an operating system."""
    if system not in WAITING:
        raise UnsupportedError(
            f"no thread pool on {system}: threads sleep by {', '.join(WAITING)} calls only "
            f"(elsewhere it would be {_SIBLINGS.get(system, 'a condition variable')})"
        )
    return WAITING[system](arch)


def _futex(arch: str) -> str:
    number = _FUTEX_CALLS[arch]
    return f"""
declare i64 @syscall(i64, ...)

define internal void @sleep_while(ptr %word, i32 %value) #0 {{
  %ignored = call i64 (i64, ...) @syscall(i64 {number}, ptr %word, i64 {_FUTEX_WAIT}, i32 %value, ptr null)
  ret void
}}

define internal void @wake_some(ptr %word, i64 %count) #0 {{
  %ignored = call i64 (i64, ...) @syscall(i64 {number}, ptr %word, i64 {_FUTEX_WAKE}, i64 %count)
  ret void
}}
"""


WAITING: Mapping[str, Callable[[str], str]] = {"linux": _futex}
"""The systems on which a thread can sleep, by `sys.platform`."""
_SIBLINGS: Mapping[str, str] = {"darwin": "os_sync_wait_on_address", "win32": "WaitOnAddress"}
