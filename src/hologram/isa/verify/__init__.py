"""The verifier: a program that passes cannot read what was not written, mix types or touch the wrong array."""

from hologram.isa.verify.facts import Facts
from hologram.isa.verify.verifier import share, verify

__all__ = ["Facts", "share", "verify"]
