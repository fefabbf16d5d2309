"""HOLOGRAM_DEBUG shows each stage on stderr, and nothing when it is off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import numpy as np
from hologram.language import kernel, DeviceArray, f32, get_global_id, u32

@kernel
def halve(x: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        x[i] = x[i] * 0.5

x = np.ones(4, np.float32)
halve(x, 4)
"""

MARKS = {
    1: ("hologram: halve: parse", "llvm "),
    2: ("halve: program", "mov_param"),
    3: ("halve: tree", '"binary_op"'),
    4: ("halve: llvm", "@hologram_run("),
    5: ("halve: asm", ".text"),
}


@pytest.mark.parametrize("level", ["x", "1", "3", "5"])
def test_levels_add_up(tmp_path: Path, level: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    shown = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "HOLOGRAM_DEBUG": level, "HOLOGRAM_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    wanted = int(level) if level.isdigit() else 0
    for needed, marks in MARKS.items():
        for mark in marks:
            assert (mark in shown) is (wanted >= needed), (mark, shown[:2000])
