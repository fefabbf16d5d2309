"""The data of fused regions, beside the templates that make their programs: see `hologram.isa.region`."""

from hologram.isa.region import KEPT, REDUCED, WALKED, Fold, Let, Operand, Output, Region, Stride

__all__ = ["KEPT", "REDUCED", "WALKED", "Fold", "Let", "Operand", "Output", "Region", "Stride"]
