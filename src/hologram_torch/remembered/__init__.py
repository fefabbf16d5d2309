"""Calls that came before: what they came to, and what they must have been, so that machine code alone does them."""
