"""PyTorch's checks of the operators: a few here, all of them in the long run, and what their record says."""

from __future__ import annotations

import pytest

from tests.torch import checks


@pytest.mark.parametrize("name", ["product", "clamp", "huber_loss"])
def test_checks_find_nothing(name: str) -> None:
    assert set(checks.check(name).values()) <= set(checks.RIGHT)


@pytest.mark.slow
@pytest.mark.parametrize("name", checks.names())
def test_checks_of_all_find_nothing(name: str) -> None:
    assert set(checks.check(name).values()) <= set(checks.RIGHT)


def test_the_record_is_of_all_operators_and_has_no_failures() -> None:
    record = checks.read()
    assert set(record) == set(checks.names())
    assert not {name: found for name, found in record.items() if not set(found.values()) <= set(checks.RIGHT)}
