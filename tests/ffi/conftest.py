"""A world for every test, and nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import hologram_ffi as ffi
from tests.ffi.world import World


@pytest.fixture
def world() -> Iterator[World]:
    """An executor with a few buffers and tensors."""
    yield World()
    ffi.clear_all_registries()
