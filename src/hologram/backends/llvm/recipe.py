"""How a program's launches may be cut into pieces: what compiled code tells the launch driver about itself."""

from __future__ import annotations

from hologram.backends.llvm.job import Lowering, uses_blocks
from hologram.backends.llvm.pieces import Cut
from hologram.backends.llvm.rules import LAUNCH_REDUCTIONS
from hologram.isa.program import Program, runs_on_one_thread, works_by_blocks

PLAIN_GRAIN_LOG, LOOP_GRAIN_LOG = 13, 6
"""Lanes of the smallest piece as a power of two: of a program without loops, and of one whose lanes may work long."""
MAX_REDUCTIONS = 64


def cut_of(program: Program, watched: bool = False) -> Cut | None:
    """How a program may be cut into pieces that run at the same time; None where it must run in one.

    Checked code (`watched`) runs in one: it reports the fault that comes first.
    """
    if watched or runs_on_one_thread(program):
        return None
    reductions = sum(i.op in LAUNCH_REDUCTIONS for i in program.instructions)
    if reductions:
        return Cut.CHUNKS if reductions <= MAX_REDUCTIONS else None
    return Cut.BLOCKS if uses_blocks(program) else Cut.LANES


def recipe(job: Lowering) -> int:
    """How the launch driver cuts a program, a byte each.

    Its Cut (0: not at all), the smallest piece, the reductions, and 1 where each run goes the other way.

    Compiled code carries this number with it, under the name `layout.CUT`.
    """
    cut = cut_of(job.program, job.watch is not None) or 0
    heavy = works_by_blocks(job.program) or bool(job.cfg.loops)
    reductions = sum(i.op in LAUNCH_REDUCTIONS for i in job.program.instructions)
    turns = bool(job.elementwise and job.lanes)
    return cut | (LOOP_GRAIN_LOG if heavy else PLAIN_GRAIN_LOG) << 8 | min(reductions, 255) << 16 | turns << 24
