"""The standard library: kernels written in the kernel language, one file a family, shipped compiled.

`bundled.atlas` holds their programs with native code for the usual CPUs, `operations.atlas` those of the most used
operations of `hologram.ops`, both made by `python -m hologram.stdlib.build`.
"""

from hologram.stdlib.bundle import BUNDLE, FAMILIES, bundled, names, shipped

__all__ = ["BUNDLE", "FAMILIES", "bundled", "names", "shipped"]
