"""The small-launches example runs, and its two loops end in the same bits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "examples" / "small_launches" / "run.py"


def test_both_loops_agree() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "2000"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "same bits in every state: yes" in done.stdout
    assert "2,000 steps on 256 floats" in done.stdout
