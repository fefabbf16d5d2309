"""Circuits: the Atlas Sigil Algebra, its compiler and optimisers."""
