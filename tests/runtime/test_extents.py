"""Lengths are checked when a launch is bound or called, by every backend: random kernels against what they touch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hologram.errors import ExtentError
from hologram.language.program import Program
from hologram.runtime.executor import Executor
from tests.isa.affine_kernels import Launchable
from tests.isa.test_extents_random import Random

EXECUTORS: dict[str, Callable[[], Executor]] = {
    "interpreter": lambda: Executor("interpreter"),
    "cpu": lambda: Executor("cpu"),
    "checked": lambda: Executor("cpu", checked=True),
}
KERNELS = {"interpreter": 30, "cpu": 10, "checked": 5}


def refuses(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except ExtentError:
        return True
    return False


@pytest.mark.parametrize("name", EXECUTORS)
def test_random_kernels_are_bound_and_called_just_where_they_stay_inside_their_arrays(name: str) -> None:
    passed = refused = needless = 0
    with EXECUTORS[name]() as executor:
        for seed in range(KERNELS[name]):
            case = Random(seed)
            width, height, _ = case.lanes
            if not width:
                continue
            program = Program.of(case.kernel.program())
            proven = Launchable(program)
            touched = {slot: set().union(*uses) for slot, uses in case.touched().items()}
            tight = {slot: max(elements, default=-1) + 1 for slot, elements in touched.items()}
            for shorter in (None, *case.slots):
                lengths = {slot: max(tight[slot] - (slot == shorter), 0) for slot in case.slots}
                arrays = [np.zeros(lengths[slot], np.float32) for slot in case.slots]
                values = *arrays, case.sizes["n"], case.sizes["m"]
                shape = {"grid": (1, 1, 1), "block": (width, height, 1), "executor": executor}
                no = refuses(lambda: program.bind(*values, **shape))  # noqa: B023  # called before the next round
                assert refuses(lambda: program(*values, **shape)) == no, (seed, shorter)  # noqa: B023
                inside = all(not e or 0 <= min(e) <= max(e) < lengths[slot] for slot, e in touched.items())
                given = {f"a{k}": lengths[slot] for k, slot in enumerate(case.slots)}
                assert no != proven.fits(case.lanes, **case.sizes, **given), (seed, shorter)
                assert no or inside, (seed, shorter)
                passed, refused, needless = passed + (not no), refused + no, needless + (no and inside)
    assert passed > KERNELS[name] / 5
    assert refused > KERNELS[name] / 5
    assert needless <= refused / 10
