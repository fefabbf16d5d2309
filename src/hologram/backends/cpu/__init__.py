"""The CPU backend: native code through LLVM, kept on disk between processes."""

from hologram.backends.cpu.backend import CpuBackend, CpuExecutable, Native

__all__ = ["CpuBackend", "CpuExecutable", "Native"]
