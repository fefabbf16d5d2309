"""Cold start: how long new processes take to import the package and to finish a first operation."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

IMPORT_NUMPY = "import numpy"
IMPORT_OURS = "import numpy, hologram"
_DATA = (
    "import numpy as np; a = np.ones(1000, np.float32); b = np.ones(1000, np.float32); c = np.empty(1000, np.float32); "
)
FIRST_OURS = _DATA + "import hologram; hologram.ops.vector_add(a, b, out=c); assert c[999] == 2"
FIRST_NUMBA = _DATA + "from warm import add; add(a, b, c); assert c[999] == 2"
_WARM = """
from numba import njit

@njit(cache=True, fastmath=True)
def add(a, b, c):
    for i in range(c.shape[0]):
        c[i] = a[i] + b[i]
"""


@dataclass(frozen=True)
class ColdStart:
    """Best seconds of whole processes (start of Python included)."""

    import_numpy: float
    import_ours: float
    first_ours: float
    first_numba: float

    @property
    def import_beyond_numpy(self) -> float:
        return self.import_ours - self.import_numpy

    @property
    def first_op_ratio(self) -> float:
        return self.first_ours / self.first_numba


def measure(rounds: int = 7) -> ColdStart:
    """Run the four processes in turn and keep the best of each; both caches are warm."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "warm.py").write_text(_WARM)
        extra = {
            "NUMBA_CACHE_DIR": directory,
            "PYTHONPATH": directory,
            "HOLOGRAM_CACHE_DIR": str(Path(directory, "atlas")),
        }
        programs = (IMPORT_NUMPY, IMPORT_OURS, FIRST_OURS, FIRST_NUMBA)
        for program in programs:
            _seconds(program, extra)
        best = [float("inf")] * len(programs)
        for _ in range(rounds):
            best = [min(old, _seconds(program, extra)) for old, program in zip(best, programs, strict=True)]
    return ColdStart(*best)


def _seconds(program: str, extra: Mapping[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **extra}, check=True)
    return time.perf_counter() - start
