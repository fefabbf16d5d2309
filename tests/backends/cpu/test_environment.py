"""Launches round to nearest and keep subnormals even where their caller does neither."""

import ctypes
import sys
from collections.abc import Iterator

import numpy as np
import pytest

import hologram as hg
from hologram.backends.cpu.environment import default_environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sets the rounding mode through glibc")

UPWARD = {"x86_64": 0x800, "aarch64": 0x400000}


@pytest.fixture
def rounding_upward() -> Iterator[None]:
    import platform

    library = ctypes.CDLL("libm.so.6")
    before = library.fegetround()
    assert library.fesetround(UPWARD[platform.machine()]) == 0
    yield
    library.fesetround(before)


def _sum(x: float, y: float) -> float:
    return float(np.add(np.float64(x), np.float64(y)))


def test_the_environment_is_put_back(rounding_upward: None) -> None:
    tiny = 2.0**-60
    assert _sum(1.0, tiny) > 1.0
    with default_environment():
        assert _sum(1.0, tiny) == 1.0
    assert _sum(1.0, tiny) > 1.0


@pytest.mark.parametrize("path", ["call", "executor", "bound"])
def test_every_way_to_launch_rounds_to_nearest(rounding_upward: None, path: str) -> None:
    a, b, c = np.ones(70, np.float32), np.full(70, 2.0**-40, np.float32), np.zeros(70, np.float32)
    add = hg.ops.vector_add
    if path == "bound":
        add.bind(a, b, out=c)()
    elif path == "executor":
        add(hg.Executor("cpu"), a, b, c)
    else:
        for _ in range(3):
            add(a, b, out=c)
    assert (c == 1).all()
