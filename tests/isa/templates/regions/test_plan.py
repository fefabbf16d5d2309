"""Plans of regions: how often elements are visited, and what is not computed again."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import hologram
from hologram.errors import HologramError, LaunchError
from hologram.isa.region import Fold, Output
from hologram.isa.templates.regions import program
from hologram.isa.templates.regions.plan import Stored, planned
from hologram.runtime.rules import rules_of
from tests.isa.templates.regions import named


def test_folds_that_do_not_need_each_other_share_a_pass() -> None:
    passes = planned(named.LAYER_NORM_BACKWARD).passes
    assert [[f.name for f in one.folds] for one in passes] == [["a", "b"], []]
    assert [len(one.folds) for one in planned(named.LAYER_NORM).passes] == [1, 1, 0]


def test_exponentials_are_left_in_the_output_until_it_is_scaled() -> None:
    _, summed, scaled = planned(named.SOFTMAX).passes
    assert [s.of for s in summed.steps if isinstance(s, Output)] == ["e"]
    assert [s.name for s in scaled.steps if isinstance(s, Stored)] == ["e"]
    code = program("softmax", named.SOFTMAX).instructions
    assert sum(i.op == "EXP" for i in code) == 1


def test_each_place_has_values_that_are_needed_later_only_as_long_as_the_output_is_not_there() -> None:
    passes = planned(named.REUSED).passes
    for number, one in enumerate(passes):
        finals = [s.to.name for s in one.steps if isinstance(s, Output) and s.of != "e"]
        later = [s.at.name for other in passes[number + 1 :] for s in other.steps if isinstance(s, Stored)]
        assert not set(finals) & set(later)


def test_what_no_output_needs_is_left_out() -> None:
    steps = (*named.SOFTMAX.steps, Fold("unused", "MUL", "y", named.F32))
    region = named.Region("kr", named.SOFTMAX.inputs, steps, named.SOFTMAX.outputs)
    assert all(f.name != "unused" for one in planned(region).passes for f in one.folds)


@pytest.mark.parametrize("name", [n for n in dir(named) if isinstance(getattr(named, n), named.Region)])
def test_lengths_of_all_arrays_are_checked_before_a_launch(name: str) -> None:
    assert rules_of(program(name.lower(), getattr(named, name))).proven


@pytest.mark.parametrize("short", ["x", "out"])
def test_arrays_that_are_too_short_are_refused(short: str) -> None:
    softmax = hologram.Program.of(program("softmax", named.SOFTMAX))
    arrays = [np.ones(100 - (name == short), np.float32) for name in ("x", "out")]
    with pytest.raises(HologramError, match="99"):
        softmax(*arrays, 1, 100, *[100] * len(named.SOFTMAX.stride_names))
    softmax(*(np.ones(100, np.float32) for _ in arrays), 1, 100, *[100] * len(named.SOFTMAX.stride_names))


def test_the_number_of_threads_changes_no_bit() -> None:
    x = np.random.default_rng(3).standard_normal((3000, 40)).astype(np.float32)
    softmax = hologram.Program.of(program("softmax", named.SOFTMAX))
    before = hologram.get_num_threads()
    results = set()
    try:
        for threads in (1, 2, 3):
            hologram.set_num_threads(threads)
            out = np.zeros_like(x)
            softmax(x.reshape(-1), out.reshape(-1), 3000, 40, 40, 40)
            results.add(out.tobytes())
    finally:
        hologram.set_num_threads(before)
    assert len(results) == 1


def test_rows_have_blocks_of_their_own_size() -> None:
    softmax = hologram.Program.of(program("softmax", named.SOFTMAX))
    x = np.ones(64, np.float32)
    assert softmax.launch_config(x, np.zeros_like(x), 2, 32, 32, 32).block == (32, 1, 1)
    with pytest.raises(LaunchError, match="its blocks have 32 lanes"):
        softmax(x, np.zeros_like(x), 2, 32, 32, 32, block=128)


DIGESTS = """
from hologram.isa.templates.regions import program
from tests.isa.templates.regions import named
regions = [named.SOFTMAX, named.LAYER_NORM, named.LAYER_NORM_BACKWARD, named.BATCH_NORM, named.CROSS_ENTROPY]
print([program("one", region).digest for region in regions])
"""


def test_another_process_makes_the_same_programs() -> None:
    def digests(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", DIGESTS]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert digests("1") == digests("2") == digests("3")
