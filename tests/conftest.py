"""What every test gets: a cache directory of its own session, never the user's."""

from __future__ import annotations

import os
import shutil
import tempfile

import hypothesis
import pytest

hypothesis.settings.register_profile("project", deadline=None)  # a loaded machine is no failure
hypothesis.settings.load_profile("project")

_CACHE = "HOLOGRAM_CACHE_DIR"
STATED = {"largest error": "largest errors", "operators fused": "operators fused"}
"""Properties recorded by tests that are printed below everything else, and the headings they stand under."""


def pytest_configure(config: pytest.Config) -> None:
    """Point the native-code cache at a fresh directory; workers inherit the one of the process that starts them."""
    if not hasattr(config, "workerinput"):
        os.environ[_CACHE] = tempfile.mkdtemp(prefix="hologram-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the session's cache directory."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(_CACHE), ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured, below everything else."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.getreports(kind)]
    for name, title in STATED.items():
        found = sorted(str(text) for r in reports for key, text in r.user_properties if key == name)
        if found:
            terminalreporter.section(title)
            for text in found:
                terminalreporter.write_line(text)
