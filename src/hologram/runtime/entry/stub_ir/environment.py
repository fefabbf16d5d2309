"""Launches run in the default floating-point environment, or results would depend on which thread runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def _environment_x86_64() -> str:
    """SSE control word: rounding, flush-to-zero and masks are default at 0x1F80; the low six bits are only status."""
    default, control_bits = 0x1F80, -64
    return f"""
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)

define internal i32 @enter_environment() alwaysinline #0 {{
  %word = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %word)
  %saved = load i32, ptr %word
  %control = and i32 %saved, {control_bits}
  %usual = icmp eq i32 %control, {default}
  br i1 %usual, label %done, label %set
set:
  store i32 {default}, ptr %word
  call void @llvm.x86.sse.ldmxcsr(ptr %word)
  br label %done
done:
  ret i32 %saved
}}

define internal void @leave_environment(i32 %saved) alwaysinline #0 {{
  %word = alloca i32
  %control = and i32 %saved, {control_bits}
  %usual = icmp eq i32 %control, {default}
  br i1 %usual, label %done, label %restore
restore:
  store i32 %saved, ptr %word
  call void @llvm.x86.sse.ldmxcsr(ptr %word)
  br label %done
done:
  ret void
}}
"""


def _environment_aarch64() -> str:
    """FPCR: all zero is the default; status lives in another register."""
    return """
declare i64 @llvm.aarch64.get.fpcr()
declare void @llvm.aarch64.set.fpcr(i64)

define internal i32 @enter_environment() alwaysinline #0 {
  %word = call i64 @llvm.aarch64.get.fpcr()
  %saved = trunc i64 %word to i32
  %usual = icmp eq i32 %saved, 0
  br i1 %usual, label %done, label %set
set:
  call void @llvm.aarch64.set.fpcr(i64 0)
  br label %done
done:
  ret i32 %saved
}

define internal void @leave_environment(i32 %saved) alwaysinline #0 {
  %usual = icmp eq i32 %saved, 0
  br i1 %usual, label %done, label %restore
restore:
  %word = zext i32 %saved to i64
  call void @llvm.aarch64.set.fpcr(i64 %word)
  br label %done
done:
  ret void
}
"""


ENVIRONMENTS: Mapping[str, Callable[[], str]] = {"x86_64": _environment_x86_64, "aarch64": _environment_aarch64}
"""`enter_environment`, which returns what was before, and `leave_environment`, by architecture."""
