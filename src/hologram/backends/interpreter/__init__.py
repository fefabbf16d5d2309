"""The reference interpreter: the oracle every other backend is compared with, and the user's debugger."""

from hologram.backends.interpreter.backend import InterpreterBackend, InterpreterExecutable

__all__ = ["InterpreterBackend", "InterpreterExecutable"]
