"""The command line: `hologram` and `atlas-compile`."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one `hologram` command and give its exit status: 0 done, 1 refused, 2 misused."""
    from hologram.cli.app import run_app

    return run_app(arguments)
