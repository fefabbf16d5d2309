"""The kernel language's compiler: source text or JSON to a verified program."""

from hologram.frontend.compiler import Unit, compile_function, compile_source, compile_tree

__all__ = ["Unit", "compile_function", "compile_source", "compile_tree"]
