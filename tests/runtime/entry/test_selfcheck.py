"""The check that decides whether native entries are used at all."""

from __future__ import annotations

import sys

import pytest

from hologram.errors import CodeLoadError
from hologram.runtime.entry import selfcheck
from hologram.runtime.entry.abi import Abi, running_abi


@pytest.fixture(autouse=True)
def _fresh() -> None:
    selfcheck.available.cache_clear()


def test_native_entries_work_here() -> None:
    assert selfcheck.available() == (True, "")


def test_the_fields_of_an_array_are_where_they_are_read() -> None:
    assert selfcheck.misread_fields(running_abi()) == []


@pytest.mark.parametrize("header", [8, 24])
def test_other_offsets_are_noticed(header: int) -> None:
    assert "ndim" in selfcheck.misread_fields(Abi("", header))


def test_another_layout_of_arrays_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "running_abi", lambda: Abi("", 24))
    works, reason = selfcheck.available()
    assert not works
    assert "ndim" in reason


def test_a_failing_load_is_a_reason_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise CodeLoadError("the object is for the moon")

    monkeypatch.setattr(selfcheck, "load_stubs", refuse)
    assert selfcheck.available() == (False, "the object is for the moon")


def test_other_pythons_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.implementation, "name", "pypy")
    assert selfcheck.available() == (False, "pypy does not have CPython's object layout")
