"""Random functions are compiled right: a few here, many in the long run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.torch.compiler.random_functions import agrees

MANY = 300


@pytest.mark.parametrize("seed", range(4))
def test_a_few_random_functions_give_what_eager_ones_give(seed: int) -> None:
    assert agrees(seed)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_many_random_functions_give_what_eager_ones_give(
    part: int, record_property: Callable[[str, object], None]
) -> None:
    ran = sum(bool(agrees(1000 + MANY // 10 * part + k)) for k in range(MANY // 10))
    record_property("random functions", f"{ran} compiled, none differs")
    assert ran > MANY // 20
