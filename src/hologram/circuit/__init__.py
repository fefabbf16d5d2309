"""Circuits: computations over the 96 classes of the Atlas."""
