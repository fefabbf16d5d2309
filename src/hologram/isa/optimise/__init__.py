"""Passes that make programs shorter and change nothing else; one file a pass, with its contract at the top."""

from hologram.isa.optimise.branches import branches
from hologram.isa.optimise.code import Code, Edits, Evaluate, Pass
from hologram.isa.optimise.constants import constants
from hologram.isa.optimise.copies import copies
from hologram.isa.optimise.dead import dead
from hologram.isa.optimise.listing import listing
from hologram.isa.optimise.pipeline import PASSES, Optimised, optimise, unknown
from hologram.isa.optimise.rename import rename
from hologram.isa.optimise.values import values

__all__ = [
    "PASSES",
    "Code",
    "Edits",
    "Evaluate",
    "Optimised",
    "Pass",
    "branches",
    "constants",
    "copies",
    "dead",
    "listing",
    "optimise",
    "rename",
    "unknown",
    "values",
]
