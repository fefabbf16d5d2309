"""Programs of fused regions: all steps of a `Region` in one launch, whatever it folds and stores."""

from __future__ import annotations

from hologram.isa.cache import ProgramKey
from hologram.isa.program import Program
from hologram.isa.region import REDUCED, Region
from hologram.isa.templates.made import made
from hologram.isa.templates.regions.blocks import Blocks, WholeBlocks
from hologram.isa.templates.regions.lanes import Lanes
from hologram.isa.templates.regions.plan import Plan, planned
from hologram.isa.templates.regions.writer import Writer

__all__ = ["program"]


def program(name: str, region: Region, whole: bool = False) -> Program:
    """The program of a region; its parameters are `region.parameters`, one program for arrays of all sizes.

    Where it works by blocks its metadata say of what size; `hologram.Program.of` launches it so. With `whole` there is
    code for blocks that are full beside that for others: less time for short rows, but lengths of arrays
    are not all checked before a launch.
    Raises BuildError, naming what, for a region that has no meaning: names that nothing makes, steps that read later
    ones, strides that do not fit.
    """

    def make() -> Program:
        plan = planned(region)
        return Writer(name, plan, _form(plan, whole)).program()

    return made(ProgramKey(name, options=("region", region, whole)), make)


def _form(plan: Plan, whole: bool) -> type[Lanes]:
    """Blocks share rows whose elements lie side by side; of other rows neighbours do, and each has a lane."""
    if not plan.passes or not plan.region.axes.endswith(REDUCED):
        return Lanes
    return WholeBlocks if whole else Blocks
