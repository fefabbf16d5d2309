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


def pytest_configure(config: pytest.Config) -> None:
    """Point the native-code cache at a fresh directory; workers inherit the one of the process that starts them."""
    if not hasattr(config, "workerinput"):
        os.environ[_CACHE] = tempfile.mkdtemp(prefix="hologram-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the session's cache directory."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(_CACHE), ignore_errors=True)
