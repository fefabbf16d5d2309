"""Circuits: the Atlas Sigil Algebra, its compiler and its optimisers."""

from hologram.circuit.circuit import Circuit, CompiledCircuit, compile_calls, compile_circuit
from hologram.circuit.evaluate import canonical_byte, class_of, literal, words
from hologram.circuit.generators import Immediate
from hologram.circuit.optimize import optimize
from hologram.circuit.parse import parse
from hologram.circuit.printer import calls_text, to_text

__all__ = [
    "Circuit",
    "CompiledCircuit",
    "Immediate",
    "calls_text",
    "canonical_byte",
    "class_of",
    "compile_calls",
    "compile_circuit",
    "literal",
    "optimize",
    "parse",
    "to_text",
    "words",
]
