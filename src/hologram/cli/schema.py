"""`hologram schema`: what a kernel in JSON looks like, for other tools."""

from __future__ import annotations

import sys


def schema() -> None:
    """Print the JSON Schema (2020-12) of kernels in JSON."""
    from hologram.frontend import published

    sys.stdout.write(published.text())
